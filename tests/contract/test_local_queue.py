"""The queue in the process keeps the contract of queues."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from orquestador.clock import ManualClock, SystemClock
from orquestador.queue.local import LocalQueue
from tests.contract.queue_contract import QueueContract


class TestLocalQueue(QueueContract):
    @pytest.fixture
    async def queue(self, clock: ManualClock) -> AsyncIterator[LocalQueue]:
        queue = LocalQueue(clock)
        yield queue
        await queue.close()

    async def test_closing_wakes_everyone(self, queue: LocalQueue, clock: ManualClock) -> None:
        waiting = asyncio.ensure_future(queue.wait("orders", 10, 60))
        while not clock.sleepers:
            await asyncio.sleep(0)
        await queue.close()
        assert await asyncio.wait_for(waiting, 5) == []
        await queue.wake("orders", ["a"])
        assert await queue.wait("orders", 10, 60) == []


async def test_an_idle_worker_wakes_at_once() -> None:
    queue = LocalQueue(SystemClock())
    spans = []
    for n in range(50):
        waiting = asyncio.ensure_future(queue.wait("orders", 10, 60))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        began = time.perf_counter()
        await queue.wake("orders", [str(n)])
        assert await waiting == [str(n)]
        spans.append(time.perf_counter() - began)
    assert sorted(spans)[25] < 0.005
    await queue.close()
