"""What every queue promises. An adapter joins with a class that supplies `queue`, on the `clock` fixture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from orquestador.clock import ManualClock
from orquestador.ports import Queue


class QueueContract:
    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def queue(self, clock: ManualClock) -> AsyncIterator[Queue]:
        raise NotImplementedError

    async def test_ids_come_out_in_order_once(self, queue: Queue) -> None:
        await queue.wake("orders", ["a", "b"])
        await queue.wake("orders", ["b", "a", "c"])
        assert await queue.wait("orders", 10, 5) == ["a", "b", "c"]

    async def test_an_id_taken_can_come_again(self, queue: Queue) -> None:
        for _ in range(3):
            await queue.wake("orders", ["a"])
            assert await queue.wait("orders", 10, 5) == ["a"]

    async def test_urgent_ids_come_first(self, queue: Queue) -> None:
        await queue.wake("stock", ["calm"])
        await queue.wake("stock", ["urgent"], 10)
        await queue.wake("stock", ["pressing", "other"], 5)
        assert await queue.wait("stock", 10, 5) == ["urgent", "pressing", "other", "calm"]

    async def test_the_higher_urgency_of_an_id_wins(self, queue: Queue) -> None:
        await queue.wake("stock", ["a", "b"], 1)
        await queue.wake("stock", ["b"], 9)
        await queue.wake("stock", ["b"], 0)
        assert await queue.wait("stock", 10, 5) == ["b", "a"]

    async def test_no_more_than_the_limit_is_taken(self, queue: Queue) -> None:
        await queue.wake("orders", [str(n) for n in range(5)])
        assert await queue.wait("orders", 2, 5) == ["0", "1"]
        assert await queue.wait("orders", 10, 5) == ["2", "3", "4"]

    async def test_lanes_do_not_mix(self, queue: Queue, clock: ManualClock) -> None:
        await queue.wake("orders", ["a"])
        waiting = asyncio.ensure_future(queue.wait("stock", 10, 5))
        while not clock.sleepers:
            await asyncio.sleep(0)
        clock.advance(5)
        assert await waiting == []
        assert await queue.wait("orders", 10, 5) == ["a"]

    async def test_one_who_waits_is_woken(self, queue: Queue, clock: ManualClock) -> None:
        waiting = asyncio.ensure_future(queue.wait("orders", 10, 60))
        while not clock.sleepers:
            await asyncio.sleep(0)
        await queue.wake("orders", ["a"])
        assert await asyncio.wait_for(waiting, 5) == ["a"]

    async def test_nothing_comes_after_the_timeout(self, queue: Queue, clock: ManualClock) -> None:
        waiting = asyncio.ensure_future(queue.wait("orders", 10, 60))
        while not clock.sleepers:
            await asyncio.sleep(0)
        clock.advance(59)
        await asyncio.sleep(0)
        assert not waiting.done()
        clock.advance(1)
        assert await asyncio.wait_for(waiting, 5) == []

    async def test_a_timeout_of_nothing_only_looks(self, queue: Queue) -> None:
        assert await queue.wait("orders", 10, 0) == []
        await queue.wake("orders", ["a"])
        assert await queue.wait("orders", 10, 0) == ["a"]

    async def test_several_workers_share_what_comes(self, queue: Queue, clock: ManualClock) -> None:
        workers = [asyncio.ensure_future(queue.wait("orders", 1, 60)) for _ in range(3)]
        while clock.sleepers < 3:
            await asyncio.sleep(0)
        await queue.wake("orders", ["a", "b", "c"])
        shares = await asyncio.wait_for(asyncio.gather(*workers), 5)
        assert sorted(name for share in shares for name in share) == ["a", "b", "c"]
