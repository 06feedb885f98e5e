"""Which price to write so that another system's total is the one that was paid (ADR 0018). Pure.

The marketplace's price includes tax. What the ERP adds to a price is measured, not looked up: a fiscal
position, a tax group or a rounding rule of theirs cannot be forgotten that way. `factor` is
total / (units * price) of a line: 1 where the price includes the tax, 1.19 where 19 % come on top.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

ONE = Decimal(1)
ROUNDED_TWICE = Decimal("1.1")
"""A total is the sum of a rounded price and a rounded tax: off by so many smallest amounts at most."""
MOST_TICKS = 400
"""How often a price is moved at most."""
FINE = 100
"""A line's worth is moved by no less than the smallest amount divided by this: finer changes nothing."""


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
    currency: price and tax are rounded to it, so the plainest factor within that is meant."""
    net = units * price
    if net <= 0 or total <= 0:
        return None
    measured, tolerance = total / net, ROUNDED_TWICE * step / net
    for digits in (0, 2, 3, 4, 6):
        plain = _round(measured, digits)
        if plain > 0 and abs(plain - measured) <= tolerance:
            return plain
    return measured


def candidates(
    lines: Sequence[PricedLine],
    prices: Sequence[Decimal],
    seen: Decimal,
    wanted: Decimal,
    digits: int,
    step: Decimal,
) -> Iterator[tuple[Decimal, ...]]:
    """Prices near these ones whose total should be `wanted`, the smallest change first. `seen` is the total
    of these ones: it tells which way the ERP rounds. `step` is the smallest amount of the currency."""
    rounds = [way for way in (_by_line, _as_a_whole) if way(lines, prices, step) == seen]
    ticks = [max(Decimal(1).scaleb(-digits), _round(step / (FINE * line.units), digits)) for line in lines]
    for k, i in _changes(lines, abs(wanted - seen) + 2 * step, ticks):
        move = k * ticks[i]
        for delta in (move, -move) if wanted > seen else (-move, move):
            if prices[i] + delta < 0:
                continue
            changed = (*prices[:i], prices[i] + delta, *prices[i + 1 :])
            if any(way(lines, changed, step) == wanted for way in rounds or (_by_line, _as_a_whole)):
                yield changed


def _changes(
    lines: Sequence[PricedLine], reach: Decimal, ticks: Sequence[Decimal]
) -> Iterator[tuple[int, int]]:
    """(ticks, line): as far as a line must move to change the total by `reach`."""
    farthest = [
        min(MOST_TICKS, int(reach / (line.units * line.factor * tick)) + 1)
        for line, tick in zip(lines, ticks, strict=True)
    ]
    for k in range(1, max(farthest, default=0) + 1):
        for i, far in enumerate(farthest):
            if k <= far:
                yield k, i


def _by_line(lines: Sequence[PricedLine], prices: Sequence[Decimal], step: Decimal) -> Decimal:
    total = Decimal(0)
    for line, price in zip(lines, prices, strict=True):
        base = _to(line.units * price, step)
        total += base + _to(base * (line.factor - 1), step)
    return total


def _as_a_whole(lines: Sequence[PricedLine], prices: Sequence[Decimal], step: Decimal) -> Decimal:
    nets = [line.units * price for line, price in zip(lines, prices, strict=True)]
    tax = sum((net * (line.factor - 1) for net, line in zip(nets, lines, strict=True)), Decimal(0))
    return _to(sum(nets, Decimal(0)), step) + _to(tax, step)


def _to(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).quantize(ONE, ROUND_HALF_UP) * step


def _round(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
