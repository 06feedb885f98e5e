"""One physical stock sold in two shops, and a marketplace with Falabella's limits (falabella.md §3, §5)."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orquestador.model.budget import DAY_S, FALABELLA_FEEDS

FEED_S = (20.0, 120.0)
"""How long a feed takes until its numbers show: between these, evenly."""
OPEN_HOURS = (
    *(0.4, 0.2, 0.1, 0.1, 0.1, 0.2, 0.4, 0.7, 1.0, 1.2, 1.3, 1.4),
    *(1.5, 1.4, 1.2, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0, 1.9, 1.4, 0.9),
)
"""Weight of each hour of the day in what people buy."""


class What(StrEnum):
    BUYER = "buyer"
    """Somebody wants a unit on the marketplace, and gets it when it shows one."""
    ELSEWHERE = "elsewhere"
    """Somebody wants a unit in the seller's other shop, which shows the true stock."""
    RESTOCK = "restock"


@dataclass(frozen=True, slots=True)
class Event:
    at: float
    what: What
    sku: str
    units: int = 1


@dataclass(frozen=True, slots=True)
class Day:
    """What happens, the same for every scheduler: `stock` at midnight, and the events in order."""

    stock: Mapping[str, int]
    events: tuple[Event, ...]

    @classmethod
    def of(cls, seed: int, skus: int, buyers: int, elsewhere: int) -> Day:
        """Popularity falls with the rank; what there is covers a fifth to two and a half days of demand, so
        that much sells out; three SKUs in ten get new units at some hour."""
        rng = random.Random(seed)
        names = [f"SKU-{n:05}" for n in range(1, skus + 1)]
        weights = [1.0 / (rank + 20) ** 0.9 for rank in range(skus)]
        share = (buyers + elsewhere) / sum(weights)
        stock = {
            name: max(1, math.ceil(w * share * rng.uniform(0.2, 2.5)))
            for name, w in zip(names, weights, strict=True)
        }
        events = [
            Event(_instant(rng), what, sku)
            for what, count in ((What.BUYER, buyers), (What.ELSEWHERE, elsewhere))
            for sku in rng.choices(names, weights, k=count)
        ]
        events += [Event(_instant(rng), What.RESTOCK, n, stock[n]) for n in names if rng.random() < 0.3]
        return cls(stock, tuple(sorted(events, key=lambda e: e.at)))


def _instant(rng: random.Random) -> float:
    (hour,) = rng.choices(range(24), OPEN_HOURS)
    return hour * 3600.0 + rng.uniform(0.0, 3600.0)


class TooMany(Exception):
    """429: more feeds than the limits allow."""


@dataclass(slots=True)
class Feed:
    id: str
    quantities: dict[str, int]
    ends_at: float
    applied: bool = False


@dataclass(slots=True)
class Market:
    """`shelf` is what there really is, `shown` what a buyer sees. Seconds are of the day."""

    shelf: dict[str, int]
    shown: dict[str, int]
    rng: random.Random
    feeds: list[Feed] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    refused: int = 0
    rows: int = 0
    oversold: int = 0
    turned_away: int = 0
    exposed_s: float = 0.0
    """Seconds, summed over SKUs, in which something shows although the last unit is gone."""
    hidden_s: float = 0.0
    """The same for what is there and does not show."""
    _exposed: dict[str, float] = field(default_factory=dict)
    _hidden: dict[str, float] = field(default_factory=dict)
    _tokens: float = float(FALABELLA_FEEDS.burst)
    _refilled_at: float = 0.0
    _waiting: list[Feed] = field(default_factory=list)

    @classmethod
    def at_midnight(cls, day: Day, seed: int) -> Market:
        return cls(dict(day.stock), dict(day.stock), random.Random(seed))

    def buy(self, at: float, sku: str) -> bool:
        """False when it shows nothing."""
        if self.shown[sku] <= 0:
            self.turned_away += self.shelf[sku] > 0
            return False
        self.oversold += self.shelf[sku] <= 0
        self.shown[sku] -= 1
        self.move(at, sku, -1)
        return True

    def move(self, at: float, sku: str, units: int) -> None:
        self.shelf[sku] += units
        self._look(at, sku)

    def push(self, at: float, quantities: Mapping[str, int]) -> Feed:
        """Raises TooMany beyond 50 calls and one more each 120 s, or 770 a day."""
        spec = FALABELLA_FEEDS
        tokens = self._tokens + (at - self._refilled_at) / spec.interval_s
        self._tokens, self._refilled_at = min(float(spec.burst), tokens), at
        if self._tokens < 1.0 - 1e-6 or sum(c > at - DAY_S for c in self.calls) >= spec.per_day:
            self.refused += 1
            raise TooMany
        self._tokens -= 1.0
        self.calls.append(at)
        self.rows += len(quantities)
        feed = Feed(f"feed-{len(self.feeds)}", dict(quantities), at + self.rng.uniform(*FEED_S))
        self.feeds.append(feed)
        self._waiting.append(feed)
        return feed

    def run_feeds(self, until: float) -> None:
        """Numbers of feeds that have ended by then show, in the order in which they ended."""
        if not any(f.ends_at <= until for f in self._waiting):
            return
        for feed in sorted(self._waiting, key=lambda f: f.ends_at):
            if feed.ends_at <= until:
                feed.applied = True
                for sku, quantity in feed.quantities.items():
                    self.shown[sku] = quantity
                    self._look(feed.ends_at, sku)
        self._waiting = [f for f in self._waiting if not f.applied]

    def close(self, at: float) -> None:
        """Count what is exposed or hidden until now."""
        for sku in (*self._exposed, *self._hidden):
            self._look(at, sku)
            self.exposed_s += at - self._exposed.pop(sku, at)
            self.hidden_s += at - self._hidden.pop(sku, at)

    def over_the_limit(self) -> float:
        """By how many calls the published allowance was exceeded at the worst moment; at most 0 is well."""
        return max(
            (n + 1 - (FALABELLA_FEEDS.burst + at / FALABELLA_FEEDS.interval_s))
            for n, at in enumerate(self.calls or [0.0])
        )

    def _look(self, at: float, sku: str) -> None:
        there, shows = self.shelf[sku] > 0, self.shown[sku] > 0
        self.exposed_s += _watch(self._exposed, sku, at, shows and not there)
        self.hidden_s += _watch(self._hidden, sku, at, there and not shows)


def _watch(since: dict[str, float], sku: str, at: float, now: bool) -> float:
    """Seconds that just came to their end."""
    if now:
        since.setdefault(sku, at)
        return 0.0
    return at - since.pop(sku, at)


def steps(day: Day, every_s: float, until: float) -> Iterator[tuple[float, list[Event]]]:
    """The day in steps: the instant, and what happened since the last one."""
    pending = iter((*day.events, Event(math.inf, What.RESTOCK, "")))
    upcoming, at = next(pending), 0.0
    while at < until:
        at += every_s
        happened = []
        while upcoming.at <= at:
            happened.append(upcoming)
            upcoming = next(pending)
        yield at, happened
