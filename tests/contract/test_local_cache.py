"""The cache in the process keeps the contract of caches."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given

from orquestador.cache.local import LocalCache
from orquestador.clock import ManualClock
from orquestador.ports import Remembered
from tests.contract.cache_contract import HISTORIES, TTL_S, CacheContract, Step, missed, play, remember


class TestLocalCache(CacheContract):
    @pytest.fixture
    async def cache(self, clock: ManualClock) -> LocalCache:
        return LocalCache(clock)


@given(HISTORIES)
def test_no_answer_is_older_than_the_last_change(history: list[Step]) -> None:
    clock = ManualClock()
    cache = LocalCache(clock)
    asyncio.run(play([cache], clock, history, cache.close))


async def test_the_least_used_give_way() -> None:
    cache = LocalCache(ManualClock(), size=2)
    await remember(cache, "a", "1")
    await remember(cache, "b", "2")
    await cache.get("a")
    await remember(cache, "c", "3")
    assert isinstance(await cache.get("a"), Remembered)
    await missed(cache, "b")


async def test_a_miss_that_gave_way_stores_nothing() -> None:
    cache = LocalCache(ManualClock(), size=2)
    miss = await missed(cache, "a")
    for key in "bcd":
        await missed(cache, key)
    assert not await cache.set("a", "1", TTL_S, miss)
