"""What stock must be at the end, from what happened alone: plain sums that know nothing of our model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """How a sale ended."""

    SOLD = "sold"
    CANCELLED = "cancelled"
    """Before dispatch: the goods never left."""
    CANCELLED_LATE = "cancelled_late"
    """After dispatch: the goods are gone, and come back only by the warehouse's own receipt."""


@dataclass(frozen=True, slots=True)
class Line:
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Sale:
    """What customers ordered in one order, and how it ended."""

    lines: tuple[Line, ...]
    fate: Fate = Fate.SOLD
    from_marketplace_stock: bool = False
    """The marketplace sends it from its own warehouse: not our units."""

    @property
    def keeps_units(self) -> bool:
        """Whether its units have left our warehouse for good."""
        return self.fate is not Fate.CANCELLED and not self.from_marketplace_stock


@dataclass(frozen=True, slots=True)
class Movement:
    """Units that a person received (positive) or sold (negative) in the ERP by hand."""

    sku: str
    delta: int


def units_gone(sales: Iterable[Sale]) -> Counter[str]:
    """Units of each SKU that these sales took out."""
    gone: Counter[str] = Counter()
    for sale in sales:
        if sale.keeps_units:
            for line in sale.lines:
                gone[line.sku] += line.quantity
    return gone


def expected_stock(
    initial: Mapping[str, int], sales: Iterable[Sale], movements: Iterable[Movement]
) -> dict[str, int]:
    """Units in the ERP at the end, for every SKU that it had at the start; below 0 when more was sold."""
    gone = units_gone(sales)
    moved: Counter[str] = Counter()
    for movement in movements:
        moved[movement.sku] += movement.delta
    return {sku: units - gone[sku] + moved[sku] for sku, units in initial.items()}


def expected_listing(stock: int) -> int:
    """What a marketplace may show when the ERP has this much: never less than nothing."""
    return max(0, stock)


@dataclass(frozen=True, slots=True)
class Row:
    """One SKU: what must be, and what is; None where a system does not know the SKU."""

    sku: str
    expected: int
    erp: float | None
    listing: int | None

    @property
    def expected_listing(self) -> int:
        return expected_listing(self.expected)

    @property
    def erp_agrees(self) -> bool:
        return self.erp == self.expected

    @property
    def listing_agrees(self) -> bool:
        return self.listing == self.expected_listing

    @property
    def agrees(self) -> bool:
        return self.erp_agrees and self.listing_agrees


def compare(
    expected: Mapping[str, int], erp: Mapping[str, float], listings: Mapping[str, int]
) -> tuple[Row, ...]:
    """One row per expected SKU, in the order of their names."""
    return tuple(
        Row(sku, units, _whole(erp.get(sku)), listings.get(sku)) for sku, units in sorted(expected.items())
    )


def all_agree(rows: Sequence[Row]) -> bool:
    """True when there are rows and both pairs are equal on every one."""
    return bool(rows) and all(row.agrees for row in rows)


def _whole(units: float | None) -> float | None:
    return int(units) if units is not None and units == int(units) else units
