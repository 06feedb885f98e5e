"""Calls of one upstream: how far apart they begin, how many are under way, who goes first."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator

import pytest

from orquestador.clock import ManualClock
from orquestador.model.errors import RateLimited
from orquestador.pace import HELD_S, PASSED_OVER, PATIENCE_S, Pace, Rank, ranked
from tests.fakes.wait import eventually


class Calls:
    """Callers of one pace: who began when, and a way to let them end."""

    def __init__(self, pace: Pace, clock: ManualClock) -> None:
        self._pace, self._clock = pace, clock
        self.began: list[tuple[str, float]] = []
        self.endings: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.began]

    async def start(self, name: str, rank: Rank = Rank.HOUSE, *, ends: bool = True) -> None:
        """A caller, once it has begun or waits; without `ends` its call goes on until told in `endings`."""
        self.endings[name] = asyncio.Event()
        if ends:
            self.endings[name].set()
        before = self._pace.waiting
        with ranked(rank):
            task = self.tasks[name] = asyncio.create_task(self._call(name))
        await eventually(lambda: name in self.names or self._pace.waiting > before or task.done())

    async def _call(self, name: str) -> None:
        async with self._pace.turn():
            self.began.append((name, self._clock.now()))
            await self.endings[name].wait()

    async def tick(self, seconds: float, begun: int) -> None:
        """Move the clock, once somebody sleeps, and wait until so many have begun."""
        await eventually(lambda: self._clock.sleepers > 0)
        self._clock.advance(seconds)
        await eventually(lambda: len(self.began) >= begun)


async def a_few_turns() -> None:
    """Whoever could go on has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1000.0)


@pytest.fixture
async def online(clock: ManualClock) -> AsyncIterator[Pace]:
    pace = Pace("erp", clock, calls_per_s=1.0, in_flight=1)
    yield pace
    await pace.close()


@pytest.fixture
def calls(online: Pace, clock: ManualClock) -> Calls:
    return Calls(online, clock)


async def test_calls_begin_a_second_apart_even_after_a_rest(calls: Calls, clock: ManualClock) -> None:
    clock.advance(60)  # what was not used is not saved up: no bursts
    for name in "abc":
        await calls.start(name)
    assert calls.names == ["a"]
    await calls.tick(0.9, 1)
    await a_few_turns()
    assert calls.names == ["a"]
    await calls.tick(0.1, 2)
    await calls.tick(1.0, 3)
    assert calls.began == [("a", 1060.0), ("b", 1061.0), ("c", 1062.0)]


async def test_a_long_call_is_not_overtaken(calls: Calls, clock: ManualClock) -> None:
    await calls.start("long", ends=False)
    await calls.start("next")
    clock.advance(30)
    await a_few_turns()
    assert calls.names == ["long"]
    calls.endings["long"].set()
    await eventually(lambda: calls.names == ["long", "next"])


async def test_without_a_rate_only_their_number_counts(clock: ManualClock) -> None:
    pace = Pace("erp", clock, in_flight=2)
    calls = Calls(pace, clock)
    for name in "abc":
        await calls.start(name, ends=False)
    assert calls.names == ["a", "b"]
    calls.endings["b"].set()
    await eventually(lambda: calls.names == ["a", "b", "c"])
    assert clock.sleepers == 0
    for name in "ac":
        calls.endings[name].set()
    await asyncio.gather(*calls.tasks.values())
    await pace.close()


async def test_higher_ranks_go_first_and_do_not_starve_the_others(calls: Calls) -> None:
    await calls.start("now")
    for n in range(2):
        await calls.start(f"person-{n}", Rank.LAST)
        await calls.start(f"house-{n}")
    writes = [f"write-{n}" for n in range(PASSED_OVER + 3)]
    for name in writes:
        await calls.start(name, Rank.FIRST)
    for begun in range(2, 2 + 4 + len(writes)):
        await calls.tick(1.0, begun)
    assert calls.names == [
        *("now", *writes[:4], "person-0", "house-0"),
        *(*writes[4:], "person-1", "house-1"),
    ]


async def test_who_gives_up_waiting_leaves_no_hole(calls: Calls, online: Pace) -> None:
    for name in "abc":
        await calls.start(name)
    calls.tasks["b"].cancel()
    await asyncio.gather(calls.tasks["b"], return_exceptions=True)
    assert online.waiting == 1
    await calls.tick(1.0, 2)
    assert calls.began == [("a", 1000.0), ("c", 1001.0)]


@pytest.mark.parametrize("seed", range(40))
async def test_whoever_gives_up_at_whatever_moment_the_others_go_on(clock: ManualClock, seed: int) -> None:
    rng, pace = random.Random(seed), Pace("erp", clock, calls_per_s=1.0, in_flight=2)
    began: list[float] = []
    under_way: list[int] = [0]

    async def call(takes_s: float) -> None:
        async with pace.turn():
            began.append(clock.now())
            under_way.append(under_way[-1] + 1)
            try:
                await clock.sleep(takes_s)
            finally:
                under_way.append(under_way[-1] - 1)

    tasks = []
    for _ in range(25):
        with ranked(rng.choice(list(Rank))):
            tasks.append(asyncio.create_task(call(rng.choice((0.0, 0.5, 3.0)))))
    leaving = rng.sample(tasks, 15)
    kept = set(tasks) - set(leaving)
    for _ in range(10_000):
        if all(task.done() for task in tasks):
            break
        clock.advance(rng.choice((0.25, 0.5, 1.0)))
        moment = rng.randrange(8)
        for turn in range(8):
            if turn == moment and leaving:
                leaving.pop().cancel()
            await asyncio.sleep(0)
    assert all(task.done() and not task.cancelled() for task in kept)
    assert max(under_way) <= 2
    assert pace.waiting == under_way[-1] == 0
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(began))
    # Nobody took a place with him.
    both = [asyncio.create_task(call(60.0)) for _ in range(2)]
    for _ in range(3):
        clock.advance(1.0)
        await a_few_turns()
    assert under_way[-1] == 2
    clock.advance(60.0)
    await asyncio.gather(*both)
    await pace.close()


async def test_of_the_last_rank_more_than_can_go_in_time_is_refused_at_once(
    calls: Calls, online: Pace, clock: ManualClock
) -> None:
    await calls.start("first", ends=False)
    for n in range(int(PATIENCE_S) + 1):
        await calls.start(f"person-{n}", Rank.LAST)
    with pytest.raises(RateLimited) as caught, ranked(Rank.LAST):
        async with online.turn():
            pytest.fail("went before those who were there")
    assert caught.value.retry_at == clock.now() + PATIENCE_S + 1
    await calls.start("house")
    await calls.start("write", Rank.FIRST)
    calls.endings["first"].set()
    await calls.tick(1.0, 2)
    await calls.tick(1.0, 3)
    assert calls.names == ["first", "write", "house"]


async def test_a_429_holds_back_everybody_and_longer_each_time(online: Pace, clock: ManualClock) -> None:
    for held_s in (HELD_S, 2 * HELD_S):
        with pytest.raises(RateLimited):
            async with online.turn():
                raise RateLimited("erp: HTTP 429")
        until_then = clock.now() + held_s
        clock.advance(held_s - 1)
        with pytest.raises(RateLimited) as caught:
            async with online.turn():
                pytest.fail("a call was made while we were asked to wait")
        assert caught.value.retry_at == until_then
        clock.advance(1)
    async with online.turn():
        pass
    clock.advance(1)
    with pytest.raises(RateLimited):
        async with online.turn():
            raise RateLimited("erp: HTTP 429", retry_at=clock.now() + 3)
    clock.advance(3)
    async with online.turn():
        pass


async def test_a_clock_that_is_set_back_costs_one_interval(online: Pace, clock: ManualClock) -> None:
    async with online.turn():
        pass
    clock.advance(-3600)
    calls = Calls(online, clock)
    await calls.start("next")
    await calls.tick(1.0, 1)
    assert calls.names == ["next"]
