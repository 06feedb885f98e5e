"""One physical stock sold in two shops, and a marketplace with Falabella's limits (falabella.md §3, §5)."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orquestador.model.budget import DAY_S, FALABELLA_FEEDS, BudgetSpec

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
    MOVE = "move"
    """Units come in, or leave, without a buyer."""
    OTHER_TOOL = "other tool"
    """Another program of the seller makes a call of the same budget."""


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
        events += [Event(_instant(rng), What.MOVE, n, stock[n]) for n in names if rng.random() < 0.3]
        return cls(stock, tuple(sorted(events, key=lambda e: e.at)))

    @classmethod
    def hot(cls, seed: int, skus: int, buyers: int, elsewhere: int) -> Day:
        """Little stock that sells out and comes back every two hours, from six in the morning on."""
        sold = [e for e in cls.of(seed, skus, buyers, elsewhere).events if e.what is not What.MOVE]
        names = [f"SKU-{n:05}" for n in range(1, skus + 1)]
        back = [
            Event(hour * 3600.0 + n * 37.0, What.MOVE, name, 25)
            for hour in range(6, 24, 2)
            for n, name in enumerate(names)
        ]
        return cls(dict.fromkeys(names, 15), tuple(sorted((*sold, *back), key=lambda e: e.at)))

    @classmethod
    def busy(cls, seed: int, skus: int, each_s: float, until: float = DAY_S) -> Day:
        """Every `each_s` seconds the stock of a random SKU becomes another random number; now and then
        nothing."""
        rng = random.Random(seed)
        names = [f"SKU-{n:05}" for n in range(1, skus + 1)]
        stock = {name: rng.randint(1, 500) for name in names}
        there, events, at = dict(stock), [], each_s
        while at < until:
            name = rng.choice(names)
            number = 0 if there[name] and rng.random() < 0.05 else rng.randint(1, 500)
            events.append(Event(at, What.MOVE, name, number - there[name]))
            there[name], at = number, at + each_s
        return cls(stock, tuple(events))


def _instant(rng: random.Random) -> float:
    (hour,) = rng.choices(range(24), OPEN_HOURS)
    return hour * 3600.0 + rng.uniform(0.0, 3600.0)


class TooMany(Exception):
    """429: more feeds than the limits allow."""


@dataclass(slots=True)
class Feed:
    id: str
    quantities: dict[str, int]
    sent_at: float
    ends_at: float
    applied: bool = False


@dataclass(slots=True)
class Market:
    """`shelf` is what there really is, `shown` what a buyer sees. Seconds are of the day."""

    shelf: dict[str, int]
    shown: dict[str, int]
    rng: random.Random
    limit: BudgetSpec | None = FALABELLA_FEEDS
    """None = a marketplace without limits."""
    feeds: list[Feed] = field(default_factory=list)
    calls: list[float] = field(default_factory=list)
    """When each was made, refused ones too."""
    refused: int = 0
    """Calls that were answered with a 429."""
    rows: int = 0
    oversold: int = 0
    turned_away: int = 0
    exposed_s: float = 0.0
    """Seconds, summed over SKUs, in which something shows although the last unit is gone."""
    hidden_s: float = 0.0
    """The same for what is there and does not show."""
    exposures: int = 0
    """How often something came to show that is gone."""
    returns: int = 0
    """How often something came to be there that does not show."""
    _exposed: dict[str, float] = field(default_factory=dict)
    _hidden: dict[str, float] = field(default_factory=dict)
    _tokens: float = math.inf
    _accepted: deque[float] = field(default_factory=deque)
    _refilled_at: float = 0.0
    _waiting: list[Feed] = field(default_factory=list)

    @classmethod
    def at_midnight(cls, day: Day, seed: int, limit: BudgetSpec | None = FALABELLA_FEEDS) -> Market:
        return cls(dict(day.stock), dict(day.stock), random.Random(seed), limit)

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
        """Raises TooMany beyond the limit."""
        self.calls.append(at)
        try:
            self.spend(at)
        except TooMany:
            self.refused += 1
            raise
        self.rows += len(quantities)
        feed = Feed(f"feed-{len(self.feeds)}", dict(quantities), at, at + self.rng.uniform(*FEED_S))
        self.feeds.append(feed)
        self._waiting.append(feed)
        return feed

    def spend(self, at: float) -> None:
        """A call of whatever tool. Raises TooMany beyond 50 and one more each 120 s, or 770 a day."""
        spec = self.limit
        if spec is None:
            return
        self._tokens = min(float(spec.burst), self._tokens + (at - self._refilled_at) / spec.interval_s)
        self._refilled_at = at
        while self._accepted and self._accepted[0] <= at - DAY_S:
            self._accepted.popleft()
        if self._tokens < 1.0 - 1e-6 or len(self._accepted) >= spec.per_day:
            raise TooMany
        self._tokens -= 1.0
        self._accepted.append(at)

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

    def calls_over_limit(self) -> int:
        """Calls beyond the published allowance at their moment, counted from midnight; refused ones too."""
        spec = FALABELLA_FEEDS
        over = sum(n > spec.burst + at / spec.interval_s for n, at in enumerate(self.calls, 1))
        return max(over, self.refused)

    def _look(self, at: float, sku: str) -> None:
        there, shows = self.shelf[sku] > 0, self.shown[sku] > 0
        exposed, hidden = shows and not there, there and not shows
        self.exposures += exposed and sku not in self._exposed
        self.returns += hidden and sku not in self._hidden
        self.exposed_s += _watch(self._exposed, sku, at, exposed)
        self.hidden_s += _watch(self._hidden, sku, at, hidden)


def _watch(since: dict[str, float], sku: str, at: float, now: bool) -> float:
    """Seconds that just came to their end."""
    if now:
        since.setdefault(sku, at)
        return 0.0
    return at - since.pop(sku, at)


def steps(day: Day, every_s: float, until: float) -> Iterator[tuple[float, list[Event]]]:
    """The day in steps: the instant, and what happened since the last one."""
    pending = iter((*day.events, Event(math.inf, What.MOVE, "")))
    upcoming, at = next(pending), 0.0
    while at < until:
        at += every_s
        happened = []
        while upcoming.at <= at:
            happened.append(upcoming)
            upcoming = next(pending)
        yield at, happened
