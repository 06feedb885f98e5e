"""What `doctor` looks at of the stores: the data folder, or MongoDB and Redis. Nothing is written."""

from __future__ import annotations

from orquestador.cli.machine import look_at_data
from orquestador.model.errors import StoreUnavailable
from orquestador.ports import Finding
from orquestador.settings import Settings, redis_namespace, redis_url


async def look_at_stores(settings: Settings) -> list[Finding]:
    if settings.mongodb_uri is None:
        return look_at_data(settings.data_dir)
    return [*await _mongodb(settings.mongodb_uri.get_secret_value()), *await _redis(settings)]


async def _mongodb(uri: str) -> list[Finding]:
    from orquestador.journal.mongo.peek import peek

    try:
        seen = await peek(uri, ())
    except (StoreUnavailable, ValueError) as error:
        return [Finding("mongodb_away", "error", {"detail": str(error)}, stops="intake")]
    found = [Finding("mongodb_ok", "ok", {"server": seen.server, "database": seen.database})]
    if not seen.replicated:
        found.append(Finding("mongodb_standalone", "ok"))
    return found


async def _redis(settings: Settings) -> list[Finding]:
    url = redis_url(settings)
    if url is None:
        return []
    from orquestador.clock import SystemClock
    from orquestador.queue.redis import RedisQueue

    try:
        queue = await RedisQueue.open(url, SystemClock(), prefix=redis_namespace(settings))
    except ValueError as error:
        return [Finding("redis_away", "warning", {"detail": str(error)})]
    problem = queue.problem
    await queue.close()
    if problem is not None:
        return [Finding("redis_away", "warning", {"detail": problem})]
    return [Finding("redis_ok", "ok")]
