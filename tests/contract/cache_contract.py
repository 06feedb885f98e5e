"""What every cache promises. An adapter joins with a class that supplies `cache`, on the `clock` fixture, and
a test that plays `HISTORIES`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from hypothesis import strategies as st

from orquestador.clock import ManualClock
from orquestador.ports import Cache, CacheMiss, Remembered

TTL_S = 30.0


async def missed(cache: Cache, key: str) -> CacheMiss:
    found = await cache.get(key)
    assert isinstance(found, CacheMiss)
    return found


async def remember(cache: Cache, key: str, value: str, ttl_s: float = TTL_S) -> None:
    assert await cache.set(key, value, ttl_s, await missed(cache, key))


class CacheContract:
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def cache(self, clock: ManualClock) -> AsyncIterator[Cache]:
        raise NotImplementedError

    async def test_an_answer_is_remembered_with_its_instant(self, cache: Cache, clock: ManualClock) -> None:
        await remember(cache, "a", '{"n": 1}')
        stored_at = clock.now()
        clock.advance(TTL_S - 0.25)
        assert await cache.get("a") == Remembered('{"n": 1}', stored_at)

    async def test_its_time_to_live_ends(self, cache: Cache, clock: ManualClock) -> None:
        await remember(cache, "a", "old")
        clock.advance(TTL_S)
        await remember(cache, "a", "new")
        assert await cache.get("a") == Remembered("new", clock.now())

    async def test_nothing_lives_longer_than_ten_minutes(self, cache: Cache, clock: ManualClock) -> None:
        await remember(cache, "a", "1", ttl_s=86_400)
        clock.advance(599)
        assert isinstance(await cache.get("a"), Remembered)
        clock.advance(1)
        await missed(cache, "a")

    async def test_no_time_to_live_stores_nothing(self, cache: Cache) -> None:
        miss = await missed(cache, "a")
        assert not await cache.set("a", "1", 0, miss)
        assert not await cache.set("a", "1", -1, miss)
        await missed(cache, "a")

    async def test_what_is_forgotten_is_gone(self, cache: Cache) -> None:
        for key in "abc":
            await remember(cache, key, key)
        await cache.forget(["a", "c", "never seen"])
        await cache.forget([])
        await missed(cache, "a")
        await missed(cache, "c")
        assert isinstance(await cache.get("b"), Remembered)

    async def test_an_answer_from_before_the_change_comes_too_late(self, cache: Cache) -> None:
        miss = await missed(cache, "a")
        await cache.forget(["a"])
        assert not await cache.set("a", "stale", TTL_S, miss)
        await missed(cache, "a")

    async def test_nor_does_it_replace_one_from_after_the_change(self, cache: Cache) -> None:
        before = await missed(cache, "a")
        await cache.forget(["a"])
        after = await missed(cache, "a")
        assert before != after
        assert await cache.set("a", "new", TTL_S, after)
        assert not await cache.set("a", "stale", TTL_S, before)
        found = await cache.get("a")
        assert isinstance(found, Remembered)
        assert found.value == "new"

    async def test_readers_at_the_same_moment_share_their_miss(self, cache: Cache) -> None:
        first, second = await missed(cache, "a"), await missed(cache, "a")
        assert first == second
        assert await cache.set("a", "first", TTL_S, second)
        assert not await cache.set("a", "second", TTL_S, first)

    async def test_a_miss_is_of_its_own_key(self, cache: Cache) -> None:
        other = await missed(cache, "b")
        await missed(cache, "a")
        assert not await cache.set("a", "b's", TTL_S, other)

    async def test_hostile_keys_and_values_are_only_texts(self, cache: Cache) -> None:
        texts = ["", " ", "\x00", "\ud800", "{}:*?[", "ñandú €", "p", "v1 2 3", "x" * 10_000]
        for text in texts:
            await remember(cache, text, text)
        for text in texts:
            found = await cache.get(text)
            assert isinstance(found, Remembered)
            assert found.value == text


# A history: readers who begin or end a read of a key, changes of a key, time, and what an adapter adds. Few
# names and long lists, so that most histories have a change between the beginning and the end of a read.
HISTORIES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["begin", "end"]), st.integers(0, 1), st.sampled_from("ab")),
        st.tuples(st.sampled_from(["begin", "end", "change"]), st.integers(0, 1), st.just("a")),
        st.tuples(st.sampled_from(["wait", "lose"]), st.sampled_from([1, 40]), st.just("")),
    ),
    min_size=10,
    max_size=50,
)
Step = tuple[str, int, str]


async def play(
    caches: list[Cache], clock: ManualClock, history: list[Step], lose: Callable[[], Awaitable[object]]
) -> None:
    """Readers fetch the truth when they begin and store it when they end, each in the process `reader % n`; a
    change is made and then forgotten in one of them. Every answer of the cache must be the truth."""
    truth = dict.fromkeys("ab", 0)
    reading: dict[tuple[int, str], tuple[CacheMiss, int]] = {}
    for step, n, key in history:
        cache = caches[n % len(caches)]
        match step:
            case "begin":
                found = await cache.get(key)
                if isinstance(found, Remembered):
                    assert found.value == str(truth[key])
                else:
                    reading[n, key] = found, truth[key]
            case "end" if (n, key) in reading:
                miss, value = reading.pop((n, key))
                await cache.set(key, str(value), TTL_S, miss)
            case "change":
                truth[key] += 1
                await caches[truth[key] % len(caches)].forget([key])
            case "wait":
                clock.advance(n)
            case "lose":
                await lose()
    for cache in caches:
        for key, value in truth.items():
            found = await cache.get(key)
            assert isinstance(found, CacheMiss) or found.value == str(value)
