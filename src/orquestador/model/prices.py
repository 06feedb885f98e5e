"""Which price to write so that another system's total is the one that was paid (ADR 0018). Pure.

The marketplace's price includes tax. What the ERP adds to a price is measured, not looked up: a fiscal
position, a tax group or a rounding rule of theirs cannot be forgotten that way. `factor` is
total / (units * price) of a line: 1 where the price includes the tax, 1.19 where 19 % come on top.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class PricedLine:
    """`units` at `gross` each; the ERP multiplies by `factor`."""

    units: int
    gross: Decimal
    factor: Decimal = ONE


def price_for(line: PricedLine, digits: int) -> Decimal:
    """The price to write, at the ERP's price precision."""
    return _round(line.gross / line.factor, digits)


def factor_of(total: Decimal, units: Decimal, price: Decimal, step: Decimal) -> Decimal | None:
    """What the ERP made of this price; None when it cannot be told. `step` is the smallest unit of the
    currency: the total is rounded to it, so the plainest factor within that is meant."""
    net = units * price
    if net <= 0 or total <= 0:
        return None
    measured, tolerance = total / net, step / net
    for digits in (0, 2, 3, 4, 6):
        plain = _round(measured, digits)
        if plain > 0 and abs(plain - measured) <= tolerance:
            return plain
    return measured


def nudges(
    lines: Sequence[PricedLine], prices: Sequence[Decimal], missing: Decimal, digits: int
) -> Iterator[tuple[Decimal, ...]]:
    """Prices that should bring the total `missing` nearer, the finest change first: one line each."""
    step = Decimal(1).scaleb(-digits)
    for i in sorted(range(len(lines)), key=lambda i: lines[i].units * lines[i].factor):
        exact = missing / (lines[i].units * lines[i].factor)
        sign = step if missing > 0 else -step
        deltas = dict.fromkeys(
            (
                _round(exact, digits),
                exact.quantize(step, ROUND_FLOOR),
                exact.quantize(step, ROUND_CEILING),
                sign,
            )
        )
        for delta in deltas:
            if delta and prices[i] + delta >= 0:
                yield (*prices[:i], prices[i] + delta, *prices[i + 1 :])


def _round(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
