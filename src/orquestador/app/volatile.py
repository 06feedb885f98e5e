"""Opens what may be lost at any moment: queue, cache and broadcast, in the process or on Redis."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from orquestador.broadcast.local import LocalBroadcast
from orquestador.cache.local import LocalCache
from orquestador.model.errors import InvalidSetting
from orquestador.ports import Broadcast, Cache, Clock, Queue
from orquestador.queue.local import LocalQueue
from orquestador.settings import Settings, redis_namespace, redis_url


@dataclass(frozen=True, slots=True)
class Volatile:
    queue: Queue
    cache: Cache
    broadcast: Broadcast


async def open_volatile(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Volatile:
    """On Redis where the settings name one; a Redis that does not answer is waited for by the adapters.

    Raises InvalidSetting for an address that the driver cannot use.
    """
    url = redis_url(settings)
    if url is None:
        return local_volatile(clock, stack)
    # Imported here: the embedded shape need not pay for the driver.
    from orquestador.broadcast.redis import RedisBroadcast
    from orquestador.cache.redis import RedisCache
    from orquestador.queue.redis import RedisQueue

    namespace = redis_namespace(settings)
    try:
        queue, cache, broadcast = await asyncio.gather(
            RedisQueue.open(url, clock, prefix=namespace),
            RedisCache.open(url, clock, prefix=namespace),
            RedisBroadcast.open(url, clock, prefix=namespace),
        )
    except ValueError as error:
        raise InvalidSetting("REDIS_URL", str(error), "redis://localhost:6379/0") from None
    return _closing(Volatile(queue, cache, broadcast), stack)


def local_volatile(clock: Clock, stack: AsyncExitStack) -> Volatile:
    """For one process."""
    return _closing(Volatile(LocalQueue(clock), LocalCache(clock), LocalBroadcast(clock)), stack)


def _closing(volatile: Volatile, stack: AsyncExitStack) -> Volatile:
    for part in (volatile.queue, volatile.cache, volatile.broadcast):
        stack.push_async_callback(part.close)
    return volatile
