"""The queue inside one process: what the embedded shape uses."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Iterable

from orquestador.ports import Clock


class _Lane:
    """Ids with their highest urgency; urgent ones come out first, then in order of arrival."""

    def __init__(self) -> None:
        self.filled = asyncio.Event()
        self._entries: dict[str, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._arrival = itertools.count()

    def add(self, ids: Iterable[str], urgency: float) -> None:
        for name in ids:
            known = self._entries.get(name)
            if known is not None and known[0] <= -urgency:
                continue
            # An id that becomes more urgent leaves its old heap entry behind; `take` skips it.
            entry = (-urgency, known[1] if known else next(self._arrival))
            self._entries[name] = entry
            heapq.heappush(self._heap, (*entry, name))
        if self._entries:
            self.filled.set()

    def take(self, limit: int) -> list[str]:
        taken: list[str] = []
        while self._heap and len(taken) < limit:
            negated, arrival, name = heapq.heappop(self._heap)
            if self._entries.get(name) == (negated, arrival):
                del self._entries[name]
                taken.append(name)
        if not self._entries:
            self._heap.clear()
            self.filled.clear()
        return taken


class LocalQueue:
    """Implements `ports.Queue` for workers and flows of one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._closed = False

    def _lane(self, name: str) -> _Lane:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane()
        return lane

    async def wake(self, lane: str, ids: Iterable[str], urgency: float = 0.0) -> None:
        if not self._closed:
            self._lane(lane).add(ids, urgency)

    async def wait(self, lane: str, limit: int, timeout_s: float) -> list[str]:
        waiting_on = self._lane(lane)
        deadline = self._clock.now() + timeout_s
        while not self._closed:
            taken = waiting_on.take(limit)
            left_s = deadline - self._clock.now()
            if taken or left_s <= 0:
                return taken
            await self._clock.wait(waiting_on.filled, left_s)
        return []

    @property
    def problem(self) -> str | None:
        return None

    async def close(self) -> None:
        """Everyone who waits gets [] at once."""
        self._closed = True
        for lane in self._lanes.values():
            lane.filled.set()
