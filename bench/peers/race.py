"""Races: the same orders into each side, one fault, and a count of every unit at the far end.

Several run at once without threads: each is looked at in turn. What slows a race is the ERP, which sleeps as
long as a real one works, not this machine's processor.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from http.client import HTTPConnection
from typing import Any

from bench.peers.sides import Odoo, Side
from bench.processes import BenchFailed
from bench.world import AT, UNITS_EACH

HOT_SKUS = 20
_FAULT_AT = 0.25
"""Share of the units that has left when the fault comes."""
_STRIKE_S = (0.05, 0.5)
"""How long after that: units are seen leaving as an ERP call ends, when the least is in flight."""
_QUIET_S = 1.2
_PATIENCE_S = 150.0


class Fault(StrEnum):
    NONE = "none"
    TWICE = "every 10th webhook twice"
    HOT = "20 hot SKUs"
    FLUSH = "Redis flushed"
    KILL = "worker killed"


@dataclass(frozen=True, slots=True)
class Result:
    """What one race found. Units are counted in the ERP, SKU by SKU."""

    side: str
    setting: int
    label: str
    fault: Fault
    orders: int
    units: int
    per_second: float
    """Orders whose units have left, by the seconds from the first post until nothing moves any more."""
    calls_per_order: float
    lost: int
    doubled: int
    back_s: float | None = None

    @property
    def correct(self) -> bool:
        return not (self.lost or self.doubled)

    def as_json(self) -> dict[str, Any]:
        return {
            "side": self.side,
            "setting": self.setting,
            "fault": self.fault.value,
            "orders": self.orders,
            "units": self.units,
            "orders_per_s": round(self.per_second, 3),
            "erp_calls_per_order": round(self.calls_per_order, 3),
            "lost": self.lost,
            "doubled": self.doubled,
            "back_s": None if self.back_s is None else round(self.back_s, 2),
        }


class Race:
    """One side, one fault. `post`, then `look` until it says that it is over, then `result`."""

    def __init__(self, who: str, setting: int, side: Side, odoo: Odoo, fault: Fault, orders: int) -> None:
        self.who, self.setting, self.side, self._odoo, self._fault = who, setting, side, odoo, fault
        self._ids = [f"ORDER-{n}" for n in range(orders)]
        self._expected: Counter[str] = Counter()
        self._struck = fault not in (Fault.FLUSH, Fault.KILL)
        self._dice = random.Random(setting)
        self._strike_at: float | None = None
        self._killed_at = 0.0
        self._in_flight: list[str] = []
        self._calls = 0

    def post(self) -> None:
        """Every order, one after the other; each is acknowledged."""
        self._first_calls, _ = self._odoo.look()
        self._began = self._busy_at = time.monotonic()
        host = self.side.url.removeprefix("http://")
        connection = HTTPConnection(host, timeout=30)
        buyers = random.Random(3)  # the same sales on both sides
        bodies = []
        for n, order in enumerate(self._ids):
            bought = buyers.randrange(HOT_SKUS) if self._fault is Fault.HOT else n
            sku, quantity = f"SKU-{bought + 1:05d}", 1 + n % 3
            products = [{"sku": sku, "quantity": quantity, "price": 15990}]
            body = {"orderId": order, "products": products, "status": "confirmed", "timestamp": AT}
            bodies.append(json.dumps(body).encode())
            self._expected[sku] += quantity
        if self._fault is Fault.TWICE:
            bodies += bodies[::10]  # a marketplace repeats later, not at once
        for one in bodies:
            self.side.post(connection, one)
        connection.close()

    def look(self) -> bool:
        """Strike when it is time; True once nothing has moved for a while."""
        now = time.monotonic()
        if now - self._began > _PATIENCE_S:
            raise BenchFailed(f"{self.side.label}, {self._fault}: not over within {_PATIENCE_S:.0f} s")
        if not self._struck:
            self._busy_at = now
            if self._strike_at is None and self._taken().total() >= _FAULT_AT * self._expected.total():
                self._strike_at = now + self._dice.uniform(*_STRIKE_S)
            if self._strike_at is not None and now >= self._strike_at:
                self._strike()
            return False
        if not self.side.settled():
            self._busy_at = time.monotonic()
            return False
        calls, _ = self._odoo.look()
        if calls != self._calls:
            self._calls, self._busy_at = calls, now
        return now - self._busy_at > _QUIET_S

    def result(self) -> Result:
        taken = self._taken()
        lost = sum(max(0, units - taken[sku]) for sku, units in self._expected.items())
        doubled = sum(max(0, units - self._expected[sku]) for sku, units in taken.items())
        calls, _ = self._odoo.look()
        units, orders = self._expected.total(), len(self._ids)
        back = self.side.back_s(self._killed_at, self._in_flight, self._ids) if self._killed_at else None
        return Result(
            side=self.who,
            setting=self.setting,
            label=self.side.label,
            fault=self._fault,
            orders=orders,
            units=units,
            per_second=orders * (units - lost) / units / (self._busy_at - self._began),
            calls_per_order=(calls - self._first_calls) / orders,
            lost=lost,
            doubled=doubled,
            back_s=back,
        )

    def _taken(self) -> Counter[str]:
        _, on_hand = self._odoo.look()
        return Counter({sku: round(UNITS_EACH - left) for sku, left in on_hand.items()})

    def _strike(self) -> None:
        self._struck = True
        if self._fault is Fault.FLUSH:
            self.side.flush()
            return
        self._in_flight = self.side.in_flight()
        self.side.kill()
        self._killed_at = time.time()
        self.side.start()


def run_races(races: Iterable[Race]) -> list[Result]:
    """All of them at the same time."""
    racing = list(races)
    for race in racing:
        race.side.start()
    for race in racing:
        race.side.wait_ready()
    for race in racing:
        race.post()
    left, found = list(racing), []
    while left:
        for race in list(left):
            if race.look():
                left.remove(race)
                found.append(race.result())
                race.side.kill()
        time.sleep(0.03)
    return sorted(found, key=lambda r: (r.side, r.setting))
