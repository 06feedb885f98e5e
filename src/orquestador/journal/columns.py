"""What stores keep beside a document, so that they can find it: derived at every save, never read back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from orquestador.model.orders import UNKNOWN_OWNER_HOLD_S, LineState, ManualMovement, Order, Owner, Units
from orquestador.model.stock import Listing
from orquestador.model.work import Work

UNITS_MAX = 2**53
"""A sum of units beyond any shop; whatever a hostile order says, columns stay far below 64 bits."""


@dataclass(frozen=True, slots=True)
class SkuUnits:
    """What one order does to the sums of one SKU (`Journal.units`); all zero still finds the order by SKU."""

    sku: str
    unproven: int
    held: int
    """Units of lines with an unknown owner, which count until `held_until`."""
    held_until: float
    reserved: int

    @property
    def counts(self) -> bool:
        return bool(self.unproven or self.held or self.reserved)


@dataclass(frozen=True, slots=True)
class Columns:
    sku: str | None = None
    number: str | None = None
    managed: bool = False
    job_id: str | None = None
    effect_open: bool = False
    began_at: float | None = None
    """Order that still has units out or open: when it was created (body-backed: first seen)."""
    read_at: float | None = None
    """Order of a channel's API that could still be cancelled: when it was last read."""
    units: tuple[SkuUnits, ...] = ()


def columns_of(work: Work) -> Columns:
    doc = work.doc
    if isinstance(doc, Order):
        return Columns(
            number=doc.number,
            effect_open=doc.open_effect is not None,
            began_at=_began_at(doc),
            read_at=read_at(doc),
            units=tuple(_units(doc)),
        )
    if isinstance(doc, Listing):
        return Columns(sku=doc.sku, managed=doc.managed, job_id=doc.job_id)
    if isinstance(doc, ManualMovement):
        return Columns(sku=doc.sku, effect_open=doc.effect is not None and doc.effect.is_open)
    return Columns()


def _began_at(order: Order) -> float | None:
    if order.history or order.adopted_by:
        return None
    for line in order.lines:
        unsettled = line.state is LineState.NOT_COMMITTED and line.owner is not Owner.MARKETPLACE
        if (
            line.should_be_out
            or unsettled
            or (line.owner is Owner.UNKNOWN and line.state is not LineState.CANCELLED)
        ):
            known = order.created_at is not None and not order.body_backed
            return order.created_at if known else order.first_seen_at
    return None


def read_at(order: Order) -> float | None:
    """When the newest read of an order that another read could still change for us was made."""
    if order.history or order.adopted_by or order.body_backed:
        return None
    may_change = (
        line.owner is not Owner.MARKETPLACE
        and line.state is not LineState.CANCELLED
        and line.furthest is not LineState.SHIPPED
        for line in order.lines
    )
    return order.as_of if any(may_change) else None


def _units(order: Order) -> list[SkuUnits]:
    certain = order.unproven(math.inf)
    while_held = order.unproven(order.first_seen_at)
    reserved = order.reserved_on_channel()
    held_until = order.first_seen_at + UNKNOWN_OWNER_HOLD_S
    return [
        SkuUnits(
            sku=sku,
            unproven=min(UNITS_MAX, certain.get(sku, 0)),
            held=min(UNITS_MAX, while_held.get(sku, 0) - certain.get(sku, 0)),
            held_until=held_until,
            reserved=min(UNITS_MAX, reserved.get(sku, 0)),
        )
        for sku in sorted({sku for line in order.lines for sku in (line.sku, line.seller_sku)})
    ]


class UnitSums:
    """`Journal.units` from the sums per (SKU, channel) that a store makes."""

    def __init__(self, skus: Iterable[str]) -> None:
        self._unproven: dict[str, dict[str, int]] = {sku: {} for sku in skus}
        self._reserved: dict[str, dict[str, int]] = {sku: {} for sku in self._unproven}

    def add(self, sku: str, channel: str, unproven: int, reserved: int) -> None:
        """What was not asked for is left out."""
        if sku in self._unproven:
            if unproven:
                self._unproven[sku][channel] = unproven
            if reserved:
                self._reserved[sku][channel] = reserved

    def units(self) -> dict[str, Units]:
        return {
            sku: Units(unproven=sum(of.values()), reserved=self._reserved[sku], unproven_of=of)
            for sku, of in self._unproven.items()
        }
