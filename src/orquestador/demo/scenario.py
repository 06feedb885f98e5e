"""What happens in the demo: orders as customers, a marketplace and a warehouse make them. Pure and seeded."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from orquestador.demo.arithmetic import Fate, Line, Movement, Sale, expected_stock, units_gone

CATALOG_SKUS = 5
FIRST_SKU = "PROD-001"
SKUS = (FIRST_SKU, *(f"SKU-{n:05d}" for n in range(1, CATALOG_SKUS + 1)))
"""What both sandboxes are seeded with; the first one also has units in the marketplace's own warehouse."""
RECEIVED_SKU, HAND_SOLD_SKU, SHORT_SKU = SKUS[2], SKUS[3], SKUS[4]
PLAIN_SKUS = tuple(sku for sku in SKUS if sku != SHORT_SKU)
UNKNOWN_SKU = "NOT-IN-ODOO"


class Notices(StrEnum):
    """How the marketplace's webhooks about an order arrive."""

    CALM = "calm"
    DOUBLED = "doubled"
    SHUFFLED = "shuffled"


@dataclass(frozen=True, slots=True)
class MarketOrder:
    """An order in the marketplace; its webhook is a hint. `steps` are its later statuses, one by one."""

    sale: Sale
    notices: Notices = Notices.CALM
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """A simple body as it is posted: the order's state at `minute`."""

    status: str
    minute: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class BodyOrder:
    """An order that is told by simple bodies alone, in the order in which they are posted."""

    order_id: str
    sale: Sale
    bodies: tuple[Body, ...]


Order = MarketOrder | BodyOrder


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that will happen, and the stock it starts from."""

    initial: dict[str, int]
    orders: tuple[Order, ...]
    movements: tuple[Movement, ...]

    @property
    def sales(self) -> tuple[Sale, ...]:
        return tuple(order.sale for order in self.orders)

    @property
    def expected(self) -> dict[str, int]:
        """Units in the ERP at the end, by the scenario's own sums."""
        return expected_stock(self.initial, self.sales, self.movements)

    @property
    def market_orders(self) -> tuple[MarketOrder, ...]:
        return tuple(order for order in self.orders if isinstance(order, MarketOrder))

    @property
    def body_orders(self) -> tuple[BodyOrder, ...]:
        return tuple(order for order in self.orders if isinstance(order, BodyOrder))


def build(orders: int, seed: int) -> Scenario:
    """The scenario of this seed with exactly so many orders: the special cases first, then everyday ones."""
    rng = random.Random(seed)
    cast = _cast(rng)
    chosen = tuple(next(cast)(n) for n in range(1, orders + 1))
    movements = (
        Movement(RECEIVED_SKU, rng.randint(10, 40)),
        Movement(HAND_SOLD_SKU, -rng.randint(2, 9)),
    )
    gone = units_gone(order.sale for order in chosen)
    initial = {sku: gone[sku] + rng.randint(20, 90) for sku in SKUS}
    # Short: more is sold than there is. The sale is recorded in full all the same.
    initial[SHORT_SKU] = max(0, gone[SHORT_SKU] - rng.randint(2, 5))
    return Scenario(initial, chosen, movements)


Maker = Callable[[int], Order]


def _cast(rng: random.Random) -> Iterator[Maker]:
    """The special cases, the most telling first, then everyday orders without end."""
    lines = _Lines(rng)
    yield lambda _: MarketOrder(Sale(lines.several()), Notices.DOUBLED, ("ready_to_ship", "shipped"))
    yield lambda _: MarketOrder(Sale(lines.several(), Fate.CANCELLED))
    yield lambda _: MarketOrder(Sale((Line(FIRST_SKU, rng.randint(2, 5)),), from_marketplace_stock=True))
    yield lambda _: MarketOrder(Sale((Line(UNKNOWN_SKU, rng.randint(1, 3)), lines.one())))
    yield lambda _: MarketOrder(Sale((Line(SHORT_SKU, rng.randint(6, 9)),)), steps=("ready_to_ship",))
    yield lambda _: MarketOrder(Sale(lines.several(), Fate.CANCELLED_LATE))
    yield lambda n: _told_twice(n, lines.several())
    yield lambda n: _told_backwards(n, lines.several(), rng)
    yield lambda n: _shipped_then_cancelled(n, lines.several())
    yield lambda n: _cancelled_backwards(n, lines.several())
    while True:
        yield lambda n: _everyday(n, rng, lines)


def _everyday(n: int, rng: random.Random, lines: _Lines) -> Order:
    sale = Sale(lines.any())
    if rng.random() < 0.35:
        return _told_twice(n, sale.lines) if rng.random() < 0.3 else _told_once(n, sale.lines)
    steps = rng.choice(((), (), ("ready_to_ship",), ("ready_to_ship", "shipped", "delivered")))
    return MarketOrder(sale, rng.choice(tuple(Notices)), steps)


def _told_once(n: int, lines: tuple[Line, ...]) -> BodyOrder:
    return BodyOrder(_body_id(n), Sale(lines), (Body("confirmed", 0, lines),))


def _told_twice(n: int, lines: tuple[Line, ...]) -> BodyOrder:
    body = Body("confirmed", 0, lines)
    return BodyOrder(_body_id(n), Sale(lines), (body, body))


def _told_backwards(n: int, lines: tuple[Line, ...], rng: random.Random) -> BodyOrder:
    """The newer body comes first; the older one, with other quantities, must change nothing."""
    older = tuple(Line(line.sku, line.quantity + rng.randint(1, 3)) for line in lines)
    bodies = (Body("shipped", 10, lines), Body("confirmed", 0, older))
    return BodyOrder(_body_id(n), Sale(lines), bodies)


def _shipped_then_cancelled(n: int, lines: tuple[Line, ...]) -> BodyOrder:
    bodies = (Body("confirmed", 0, lines), Body("shipped", 10, lines), Body("canceled", 20, lines))
    return BodyOrder(_body_id(n), Sale(lines, Fate.CANCELLED_LATE), bodies)


def _cancelled_backwards(n: int, lines: tuple[Line, ...]) -> BodyOrder:
    """The cancellation overtakes the order itself."""
    bodies = (Body("canceled", 10, lines), Body("confirmed", 0, lines))
    return BodyOrder(_body_id(n), Sale(lines, Fate.CANCELLED), bodies)


def _body_id(n: int) -> str:
    return f"FAL-DEMO-{n:04d}"


class _Lines:
    """Lines of orders: different SKUs, one to four units each."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def one(self) -> Line:
        return Line(self._rng.choice(PLAIN_SKUS), self._rng.randint(1, 4))

    def several(self) -> tuple[Line, ...]:
        """Two or three lines, at least one of several units."""
        skus = self._rng.sample(PLAIN_SKUS, self._rng.randint(2, 3))
        return tuple(Line(sku, self._rng.randint(2 if n == 0 else 1, 4)) for n, sku in enumerate(skus))

    def any(self) -> tuple[Line, ...]:
        """One to three lines; now and then one of the short SKU."""
        skus = self._rng.sample(SKUS, self._rng.choice((1, 1, 2, 3)))
        return tuple(Line(sku, self._rng.randint(1, 4)) for sku in skus)
