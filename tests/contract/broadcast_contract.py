"""What every broadcast promises. An adapter joins with a class that supplies `broadcast`, on `clock`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from orquestador.broadcast.local import SIZE
from orquestador.clock import ManualClock
from orquestador.ports import MISSED, Broadcast, Event, Listener

PATIENCE_S = 10.0
LONG_S = 60.0


async def hear(listener: Listener, count: int) -> list[Event]:
    """So many events, whatever batches they come in."""
    heard: list[Event] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(heard) < count:
            heard += await listener.take(LONG_S)
    return heard


class BroadcastContract:
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def broadcast(self, clock: ManualClock) -> AsyncIterator[Broadcast]:
        raise NotImplementedError

    async def test_every_listener_hears_in_order(self, broadcast: Broadcast, clock: ManualClock) -> None:
        listeners = [await broadcast.listen() for _ in range(3)]
        for n in range(250):
            broadcast.publish("order", {"id": f"o{n}", "state": "settled"})
        expected = [Event("order", clock.now(), {"id": f"o{n}", "state": "settled"}) for n in range(250)]
        for listener in listeners:
            assert await hear(listener, 250) == expected

    async def test_one_who_waits_is_woken(self, broadcast: Broadcast) -> None:
        listener = await broadcast.listen()
        waiting = asyncio.ensure_future(hear(listener, 1))
        await asyncio.sleep(0)
        broadcast.publish("job", {})
        assert [e.topic for e in await waiting] == ["job"]

    async def test_what_was_before_is_not_heard(self, broadcast: Broadcast) -> None:
        first = await broadcast.listen()
        broadcast.publish("order", {"id": "before"})
        await hear(first, 1)
        second = await broadcast.listen()
        broadcast.publish("order", {"id": "after"})
        assert [e.facts["id"] for e in await hear(second, 1)] == ["after"]

    async def test_nothing_comes_after_the_timeout(self, broadcast: Broadcast, clock: ManualClock) -> None:
        listener = await broadcast.listen()
        waiting = asyncio.ensure_future(listener.take(LONG_S))
        while not clock.sleepers:
            await asyncio.sleep(0)
        clock.advance(LONG_S - 1)
        await asyncio.sleep(0)
        assert not waiting.done()
        clock.advance(1)
        assert await waiting == []
        assert await listener.take(0) == []

    async def test_the_oldest_give_way_and_that_is_told(self, broadcast: Broadcast) -> None:
        slow, quick = await broadcast.listen(), await broadcast.listen()
        # In portions, so that only the listener that takes nothing is too slow.
        for start in range(0, SIZE + 200, 100):
            for n in range(start, start + 100):
                broadcast.publish("order", {"n": n})
            heard = await hear(quick, 100)
            assert [e.facts["n"] for e in heard] == list(range(start, start + 100))
        events = await slow.take(0)
        assert (events[0].topic, events[0].facts) == (MISSED, {"count": 200})
        assert [e.facts["n"] for e in events[1:]] == list(range(200, SIZE + 200))
        assert await slow.take(0) == []

    async def test_one_who_left_hears_nothing(self, broadcast: Broadcast) -> None:
        gone, there = await broadcast.listen(), await broadcast.listen()
        gone.close()
        gone.close()
        assert gone.closed
        broadcast.publish("order", {})
        await hear(there, 1)
        assert await gone.take(LONG_S) == []

    async def test_the_end_wakes_everyone(self, broadcast: Broadcast) -> None:
        listener = await broadcast.listen()
        waiting = asyncio.ensure_future(listener.take(LONG_S))
        await asyncio.sleep(0)
        broadcast.end()
        assert await asyncio.wait_for(waiting, PATIENCE_S) == []
        assert listener.closed
        late = await broadcast.listen()
        assert late.closed
        assert await late.take(LONG_S) == []

    async def test_nobody_listens(self, broadcast: Broadcast) -> None:
        for _ in range(3 * SIZE):
            broadcast.publish("order", {"id": "\ud800 ñ", "odd": {1, 2}})
        await broadcast.close()
        broadcast.publish("order", {})
