"""The cache on a real Redis keeps the contract of caches, and is a miss whenever Redis fails."""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from redis.asyncio import Redis
from structlog.testing import capture_logs

from orquestador.cache import redis as module
from orquestador.cache.redis import RedisCache
from orquestador.clock import ManualClock
from orquestador.ports import CacheMiss, Remembered
from orquestador.redis_link import CHUNK_KEYS
from tests.contract.cache_contract import HISTORIES, TTL_S, CacheContract, Step, missed, play, remember
from tests.redis_server import RedisServer, free_port

_prefixes = (f"example-{n}" for n in itertools.count())
AWAY = CacheMiss(None)
PATIENCE_S = 2.0
"""For what must take about 0.2 s, on a busy machine."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def cache(server: RedisServer, prefix: str, clock: ManualClock) -> AsyncIterator[RedisCache]:
    cache = await RedisCache.open(server.url, clock, prefix=prefix)
    assert cache.problem is None
    yield cache
    assert cache.problem is None
    await cache.close()


@pytest.fixture
async def own(own_server: RedisServer, prefix: str, clock: ManualClock) -> AsyncIterator[RedisCache]:
    """On the server that the test breaks."""
    cache = await RedisCache.open(own_server.url, clock, prefix=prefix)
    assert cache.problem is None
    yield cache
    await cache.close()


class TestRedisCache(CacheContract):
    @pytest.fixture
    async def cache(self, server: RedisServer, prefix: str, clock: ManualClock) -> AsyncIterator[RedisCache]:
        cache = await RedisCache.open(server.url, clock, prefix=prefix)
        yield cache
        assert cache.problem is None
        await cache.close()


@given(history=HISTORIES)
@settings(max_examples=40, deadline=None)
def test_no_process_gives_an_answer_older_than_the_last_change(
    server: RedisServer, history: list[Step]
) -> None:
    async def run() -> None:
        clock, name = ManualClock(), next(_prefixes)
        caches = [await RedisCache.open(server.url, clock, prefix=name) for _ in range(2)]
        try:
            async with Redis.from_url(server.url) as admin:
                await play([*caches], clock, history, admin.flushall)
            assert [cache.problem for cache in caches] == [None, None]
        finally:
            for cache in caches:
                await cache.close()

    asyncio.run(run())


async def test_another_process_reads_and_forgets(server: RedisServer, cache: RedisCache, prefix: str) -> None:
    other = await RedisCache.open(server.url, ManualClock(), prefix=prefix)
    await remember(cache, "a", "1")
    assert isinstance(await other.get("a"), Remembered)
    await other.forget(["a"])
    await missed(cache, "a")
    await other.close()


async def test_a_flush_between_miss_and_answer_stores_nothing(cache: RedisCache, admin: Redis) -> None:
    miss = await missed(cache, "a")
    await admin.flushall()
    assert not await cache.set("a", "1", TTL_S, miss)
    await remember(cache, "a", "2")


async def test_everything_ends_by_itself(cache: RedisCache, admin: Redis, prefix: str) -> None:
    await remember(cache, "kept", "1")
    await missed(cache, "pending")
    assert 0 < await admin.pttl(f"{prefix}:cache:kept") <= TTL_S * 1000
    assert 0 < await admin.ttl(f"{prefix}:cache:pending") <= module.PENDING_S


async def test_what_is_none_of_ours_is_a_miss(cache: RedisCache, admin: Redis, prefix: str) -> None:
    for junk in ("", "null", "v", "v1", "v1 x y", "x" * 1000):
        await admin.set(f"{prefix}:cache:a", junk)
        await remember(cache, "a", "1")
        await cache.forget(["a"])


async def test_more_than_one_call_forgets(cache: RedisCache) -> None:
    keys = [f"k{n}" for n in range(2 * CHUNK_KEYS + 1)]
    await remember(cache, keys[0], "1")
    await remember(cache, keys[-1], "1")
    await cache.forget(keys)
    await missed(cache, keys[0])
    await missed(cache, keys[-1])


# --- Redis fails ------------------------------------------------------------------------------------


async def test_a_dead_redis_is_a_miss_and_not_asked_each_time(
    own: RedisCache, own_server: RedisServer, clock: ManualClock
) -> None:
    miss = await missed(own, "a")
    own_server.kill()
    with capture_logs() as logs:
        assert await own.get("a") == AWAY
        assert not await own.set("a", "1", TTL_S, miss)
        await own.forget(["a"])
        began = time.monotonic()
        for _ in range(1000):
            assert await own.get("a") == AWAY
        assert time.monotonic() - began < PATIENCE_S
    assert [entry["event"] for entry in logs] == ["cache degraded"]
    assert own.problem is not None
    assert "Redis at 127.0.0.1" in own.problem
    own_server.start()
    assert await own.get("a") == AWAY  # not asked again yet
    clock.advance(module.PROBE_MAX_S)
    await remember(own, "a", "2")
    assert own.problem is None


async def test_a_hanging_redis_costs_a_moment_once(
    own: RedisCache, own_server: RedisServer, clock: ManualClock
) -> None:
    await remember(own, "a", "1")
    own_server.signal(signal.SIGSTOP)
    began = time.monotonic()
    for _ in range(20):
        assert await own.get("a") == AWAY
    await own.forget(["b"])
    assert module.ANSWER_S <= time.monotonic() - began < PATIENCE_S
    own_server.signal(signal.SIGCONT)
    clock.advance(module.PROBE_MAX_S)
    assert isinstance(await own.get("a"), Remembered)


async def test_what_was_to_be_forgotten_meanwhile_is_forgotten_first(
    own: RedisCache, own_server: RedisServer, clock: ManualClock
) -> None:
    for key in "abc":
        await remember(own, key, "1")
    own_server.signal(signal.SIGSTOP)
    assert await own.get("a") == AWAY
    await own.forget(["a"])
    await own.forget(["b"])
    own_server.signal(signal.SIGCONT)
    clock.advance(module.PROBE_MAX_S)
    assert isinstance(await own.get("c"), Remembered)
    await missed(own, "a")
    await missed(own, "b")


async def test_a_process_that_asks_for_nothing_forgets_as_well(
    own: RedisCache, own_server: RedisServer, prefix: str, clock: ManualClock
) -> None:
    other = await RedisCache.open(own_server.url, ManualClock(), prefix=prefix)
    await remember(own, "a", "1")
    own_server.signal(signal.SIGSTOP)
    assert await own.get("a") == AWAY
    await own.forget(["a"])  # not even sent
    own_server.signal(signal.SIGCONT)
    assert isinstance(await other.get("a"), Remembered)
    async with asyncio.timeout(10):
        while isinstance(await other.get("a"), Remembered):
            clock.advance(module.OWED_AGAIN_S)
            await asyncio.sleep(0.01)
    await own.forget(["b"])
    assert own.problem is None
    await other.close()


async def test_more_than_can_be_remembered_makes_it_blind(
    own: RedisCache, own_server: RedisServer, clock: ManualClock
) -> None:
    await remember(own, "a", "1", ttl_s=600)
    own_server.signal(signal.SIGSTOP)
    await own.forget([f"k{n}" for n in range(module.OWED_MAX)] + ["a"])
    own_server.signal(signal.SIGCONT)
    clock.advance(module.PROBE_MAX_S)
    assert await own.get("a") == AWAY
    assert own.problem is None
    clock.advance(module.TTL_MAX_S)
    await remember(own, "a", "2")


async def test_a_restarted_redis_has_only_misses(
    own: RedisCache, own_server: RedisServer, clock: ManualClock
) -> None:
    await remember(own, "a", "1")
    miss = await missed(own, "b")
    own_server.kill()
    own_server.start()
    while (found := await own.get("a")) == AWAY:  # the old connection is found dead, once
        clock.advance(module.PROBE_MAX_S)
    assert isinstance(found, CacheMiss)
    assert not await own.set("b", "1", TTL_S, miss)


async def test_it_opens_without_redis(clock: ManualClock) -> None:
    cache = await RedisCache.open(f"redis://127.0.0.1:{free_port()}/0", clock, prefix="x")
    assert cache.problem is not None
    assert await cache.get("a") == AWAY
    await cache.close()


async def test_a_login_that_is_refused_is_told(binary: Path, tmp_path: Path, clock: ManualClock) -> None:
    server = RedisServer(binary, tmp_path, password="right")
    server.start()
    cache = await RedisCache.open(server.url.replace("right", "wrong"), clock, prefix="x")
    assert cache.problem is not None
    assert "REDIS_URL" in cache.problem
    assert "wrong" not in cache.problem
    await cache.close()
    server.kill()


async def test_a_caller_who_leaves_during_a_probe_does_not_close_the_door(
    own: RedisCache, own_server: RedisServer, clock: ManualClock
) -> None:
    own_server.signal(signal.SIGSTOP)
    assert await own.get("a") == AWAY
    clock.advance(module.PROBE_MAX_S)
    asking = asyncio.ensure_future(own.get("a"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    own_server.signal(signal.SIGCONT)
    await remember(own, "a", "1")


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        RedisCache("http://127.0.0.1", ManualClock(), "x")
