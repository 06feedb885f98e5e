"""Schedulers that one finds in the wild, each with the true stock at hand and a budget that it never
exceeds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from bench.day.market import Day, Event, Market, What, steps
from orquestador.model.budget import DAY_S, FALABELLA_FEEDS, Budget, take

HEARD_AFTER_S = 2.0
STEP_S = 2.0
BATCH = 500


class Simple(ABC):
    name: str
    key: str

    def __init__(self, market: Market) -> None:
        self.market = market
        self._budget = Budget.full(FALABELLA_FEEDS, 0.0)
        self._heard: list[tuple[float, str]] = []

    def run(self, day: Day) -> None:
        market = self.market
        for at, happened in steps(day, STEP_S, DAY_S):
            market.run_feeds(at)
            for event in happened:
                if self._happens(event):
                    self._heard.append((event.at + HEARD_AFTER_S, event.sku))
            self.changed(sku for due, sku in self._heard if due <= at)
            self._heard = [(due, sku) for due, sku in self._heard if due > at]
            self.send(at)
        market.close(DAY_S)

    def _happens(self, event: Event) -> bool:
        market = self.market
        if event.what is What.BUYER:
            return market.buy(event.at, event.sku)
        if event.what is What.ELSEWHERE and market.shelf[event.sku] <= 0:
            return False
        market.move(event.at, event.sku, event.units if event.what is What.MOVE else -1)
        return True

    def push(self, at: float, skus: list[str]) -> bool:
        self._budget, again = take(self._budget, FALABELLA_FEEDS, at)
        if again is None:
            self.market.push(at, {sku: max(0, self.market.shelf[sku]) for sku in skus})
        return again is None

    @abstractmethod
    def changed(self, skus: Iterable[str]) -> None: ...

    @abstractmethod
    def send(self, at: float) -> None: ...


class FirstInFirstOut(Simple):
    """As soon as a call is free, the 500 SKUs that wait longest."""

    name = "first in, first out"
    key = "fifo"

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._queue: dict[str, None] = {}

    def changed(self, skus: Iterable[str]) -> None:
        for sku in skus:
            self._queue.setdefault(sku)

    def send(self, at: float) -> None:
        batch = list(self._queue)[:BATCH]
        if batch and self.push(at, batch):
            for sku in batch:
                del self._queue[sku]


class OneCallPerChange(Simple):
    """Each change is a call of its own, in order."""

    name = "one call per change"
    key = "one_call_per_change"

    def __init__(self, market: Market) -> None:
        super().__init__(market)
        self._queue: list[str] = []
        self._next = 0

    def changed(self, skus: Iterable[str]) -> None:
        self._queue += skus

    def send(self, at: float) -> None:
        while self._next < len(self._queue) and self.push(at, [self._queue[self._next]]):
            self._next += 1


class FiftyEachFiveMinutes(FirstInFirstOut):
    """Every five minutes the 50 SKUs that wait longest."""

    name = "50 SKUs every 5 minutes"
    key = "fifty_each_5_min"

    def send(self, at: float) -> None:
        if at % 300.0 < STEP_S:
            batch = list(self._queue)[:50]
            if batch and self.push(at, batch):
                for sku in batch:
                    del self._queue[sku]


class Unlimited(FirstInFirstOut):
    """Each change at once, on a marketplace without limits: what feeds alone cost. Not for comparison."""

    name = "no limit at all"
    key = "no_limit"

    def push(self, at: float, skus: list[str]) -> bool:
        self.market.push(at, {sku: max(0, self.market.shelf[sku]) for sku in skus})
        return True


SIMPLE: tuple[type[Simple], ...] = (FirstInFirstOut, OneCallPerChange, FiftyEachFiveMinutes)
