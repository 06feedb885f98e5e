"""Where this process counts how often callers ask: alone, or with those that answer beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orquestador.model.errors import InvalidSetting
from orquestador.ops.counters import MemoryCounters
from orquestador.ops.ratelimit import Counters
from orquestador.ports import Clock
from orquestador.settings import Settings, redis_namespace, redis_url


def redis_prefix(settings: Settings) -> str:
    """How every key of the counts begins, before a colon."""
    return f"{redis_namespace(settings)}:limits"


def counted_together(settings: Settings) -> bool:
    """Whether there may be other processes, and a place where they can count with this one."""
    return settings.mongodb_uri is not None and redis_url(settings) is not None


@asynccontextmanager
async def open_counters(settings: Settings, clock: Clock) -> AsyncIterator[Counters]:
    """In memory, or in Redis where several processes may answer. Raises InvalidSetting."""
    alone, url = MemoryCounters(clock.now), redis_url(settings)
    if url is None or not counted_together(settings):
        # On the embedded store there is no other process.
        yield alone
        return
    # Not at the top: the embedded shape does without the client of Redis.
    from orquestador.ops.sharedcounters import SharedCounters

    try:
        shared = SharedCounters(url, redis_prefix(settings), alone)
    except ValueError as error:
        raise InvalidSetting("REDIS_URL", str(error), "redis://localhost:6379/0") from None
    try:
        yield shared
    finally:
        await shared.close()
