"""What may be lost at any moment: the cache of frequent reads and the broadcast; in the process, or Redis."""

from __future__ import annotations

from contextlib import AsyncExitStack

from orquestador.broadcast.local import LocalBroadcast
from orquestador.broadcast.redis import RedisBroadcast
from orquestador.cache.local import LocalCache
from orquestador.cache.redis import RedisCache
from orquestador.ports import Broadcast, Cache, Clock


async def open_cache(redis_url: str | None, namespace: str, clock: Clock, stack: AsyncExitStack) -> Cache:
    """Shared by the processes of one `namespace`, where there is a Redis; degraded while it does not answer.
    Raises ValueError for a URL that is none."""
    cache: Cache = (
        LocalCache(clock) if redis_url is None else await RedisCache.open(redis_url, clock, prefix=namespace)
    )
    stack.push_async_callback(cache.close)
    return cache


async def open_broadcast(
    redis_url: str | None, namespace: str, clock: Clock, stack: AsyncExitStack
) -> Broadcast:
    """Likewise."""
    broadcast: Broadcast = (
        LocalBroadcast(clock)
        if redis_url is None
        else await RedisBroadcast.open(redis_url, clock, prefix=namespace)
    )
    stack.push_async_callback(broadcast.close)
    return broadcast
