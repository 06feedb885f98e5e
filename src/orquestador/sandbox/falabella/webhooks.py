"""Webhooks: unsigned hints, delivered until the receiver answers exactly 200 (falabella.md 7)."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2

from orquestador.sandbox.falabella.clock import SandboxClock
from orquestador.sandbox.falabella.switches import Switches

#: Entities and their event aliases (falabella.md 7.2).
EVENTS: dict[str, tuple[str, ...]] = {
    "Order": ("onOrderCreated", "onOrderItemsStatusChanged"),
    "Feed": ("onFeedCreated", "onFeedCompleted"),
    "Product": ("onProductCreated", "onProductUpdated", "onProductQcStatusChanged"),
    "Return": ("onReturnStatusChanged",),
    "Statistics": ("onStatisticsUpdated",),
    "Metrics": ("onMetricsUpdated",),
}
ALL_EVENTS = tuple(event for events in EVENTS.values() for event in events)

#: Waits between attempts in minutes, the last one repeated (falabella.md 7.3).
RETRY_MIN = (1, 5, 10, 30, 60, 120, 300, 600, 1440)
GIVE_UP_S = 30 * 86_400.0
RECEIVER_TIMEOUT_S = 10.0  # real seconds; the real figure is not documented
KEPT_DELIVERIES = 500

DeliveryState = Literal["waiting", "delivered", "abandoned"]


@dataclass(frozen=True, slots=True)
class Callback:
    """A registered receiver."""

    webhook_id: str
    url: str
    events: tuple[str, ...]
    source: Literal["api", "web"]
    created_at: float


@dataclass(slots=True)
class Delivery:
    """One notice for one callback, and what happened to it; instants by the sandbox's clock."""

    webhook_id: str
    url: str
    event: str
    payload: dict[str, Any]
    lane: str
    due_at: float
    first_at: float
    state: DeliveryState = "waiting"
    answers: list[int] = field(default_factory=list)  # HTTP status, 0 = no answer


class Webhooks:
    """The callbacks and everything that is on its way to them.

    Notices of one order go out one after the other, different orders at the same time. A copy made by
    `webhook_duplicate` is a lane of its own, so that the copies race each other.
    """

    def __init__(self, clock: SandboxClock, switches: Callable[[], Switches], rng: random.Random) -> None:
        self._clock = clock
        self._switches = switches
        self._rng = rng
        self._waiting: list[Delivery] = []
        self._held: list[Delivery] = []
        self._release_at: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(16)
        self._client: httpx2.AsyncClient | None = None
        self._registered = 0
        self.callbacks: dict[str, Callback] = {}
        self.history: deque[Delivery] = deque(maxlen=KEPT_DELIVERIES)
        self.counts = {"sent": 0, "delivered": 0, "failed_attempts": 0, "dropped": 0, "abandoned": 0}

    def register(self, url: str, events: Sequence[str], source: Literal["api", "web"]) -> Callback:
        self._registered += 1
        callback = Callback(
            f"00000000-0000-4000-8000-{self._registered:012d}", url, tuple(events), source, self._clock.now()
        )
        self.callbacks[callback.webhook_id] = callback
        return callback

    def notify(self, event: str, payload: dict[str, Any], subject: object) -> None:
        """Plans the notice for every callback that listens; the switches may drop, copy, delay or hold it."""
        switches = self._switches()
        now = self._clock.now()
        for callback in self.callbacks.values():
            if event not in callback.events:
                continue
            if self._rng.random() < switches.webhook_drop:
                self.counts["dropped"] += 1
                continue
            for copy in range(1 + switches.webhook_duplicate):
                lane = f"{callback.url} {subject} {copy}"
                due_at = now + switches.webhook_delay_s
                delivery = Delivery(callback.webhook_id, callback.url, event, payload, lane, due_at, now)
                self.history.append(delivery)
                if switches.webhook_reorder:
                    self._hold(delivery, now + switches.webhook_reorder)
                else:
                    self._waiting.append(delivery)
        self._clock.poke()

    def next_due(self) -> float | None:
        due = [delivery.due_at for delivery in self._waiting]
        if self._release_at is not None:
            due.append(self._release_at)
        return min(due, default=None)

    def tick(self, now: float) -> None:
        """Starts every delivery that is due."""
        if self._release_at is not None and (self._release_at <= now or not self._switches().webhook_reorder):
            self._release(now)
        due = [delivery for delivery in self._waiting if delivery.due_at <= now]
        if due:
            self._waiting = [delivery for delivery in self._waiting if delivery.due_at > now]
        for delivery in due:
            task = asyncio.create_task(self._deliver(delivery, self._lanes.get(delivery.lane)))
            self._lanes[delivery.lane] = task
            self._tasks.add(task)
            task.add_done_callback(lambda done, lane=delivery.lane: self._forget(done, lane))  # type: ignore[misc]

    async def close(self) -> None:
        """Stops all deliveries that are under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def as_json(self) -> dict[str, Any]:
        return {
            "registered": [
                {"id": c.webhook_id, "url": c.url, "events": list(c.events)} for c in self.callbacks.values()
            ],
            "pending": len(self._waiting) + len(self._held) + len(self._tasks),
            **self.counts,
            "deliveries": [
                {
                    "event": d.event,
                    "payload": d.payload,
                    "url": d.url,
                    "state": d.state,
                    "answers": d.answers,
                    "due": d.due_at if d.state == "waiting" else None,
                }
                for d in self.history
            ],
        }

    def _hold(self, delivery: Delivery, release_at: float) -> None:
        self._held.append(delivery)
        if self._release_at is None:
            self._release_at = release_at

    def _release(self, now: float) -> None:
        """The held notices leave in reverse, one after the other, so that nothing puts them right again."""
        for delivery in reversed(self._held):
            delivery.lane = f"{delivery.url} reversed"
            delivery.due_at = max(now, delivery.due_at)
            self._waiting.append(delivery)
        self._held, self._release_at = [], None

    def _forget(self, task: asyncio.Task[None], lane: str) -> None:
        self._tasks.discard(task)
        if self._lanes.get(lane) is task:
            del self._lanes[lane]

    async def _deliver(self, delivery: Delivery, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait({before})
        async with self._slots:
            if delivery.webhook_id not in self.callbacks:  # deleted meanwhile
                self._end(delivery, "abandoned")
                return
            status = await self._post(delivery)
        delivery.answers.append(status)
        if status == 200:
            self._end(delivery, "delivered")
            return
        self.counts["failed_attempts"] += 1
        now = self._clock.now()
        wait_min = RETRY_MIN[min(len(delivery.answers), len(RETRY_MIN)) - 1]
        delivery.due_at = now + wait_min * 60
        if delivery.due_at - delivery.first_at > GIVE_UP_S:
            self._end(delivery, "abandoned")
            return
        self._waiting.append(delivery)
        self._clock.poke()

    async def _post(self, delivery: Delivery) -> int:
        if self._client is None:
            # A receiver under development has no proper certificate.
            self._client = httpx2.AsyncClient(timeout=RECEIVER_TIMEOUT_S, trust_env=False, verify=False)
        self.counts["sent"] += 1
        body = {"event": delivery.event, "payload": delivery.payload}
        try:
            response = await self._client.post(delivery.url, json=body)
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return 0
        return response.status_code

    def _end(self, delivery: Delivery, state: Literal["delivered", "abandoned"]) -> None:
        delivery.state = state
        self.counts[state] += 1
