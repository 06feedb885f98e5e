"""What an order is after another read of it (design §6.3). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orquestador.model.orders import (
    PROGRESS,
    Announcement,
    Line,
    LineState,
    Order,
    Owner,
    SeenLine,
    SeenOrder,
)

ANNOUNCED_MAX_S = 900.0
CANCELED = "canceled"
"""What a line that a cancellation did not name shows as the channel's word."""


def fold(order: Order, seen: SeenOrder) -> Order:
    """What the order is after this read: states only move forward, an older read or an unmapped state
    changes nothing.

    For a body-backed order only a later `as_of` counts; for a re-read the same instant may be folded again.
    """
    if order.lines and (seen.as_of < order.as_of or (seen.body_backed and seen.as_of == order.as_of)):
        return order
    known = {line.line_id: line for line in order.lines}
    lines: list[Line] = []
    for s in seen.lines:
        lines.append(_fold_line(known.pop(s.line_id, None), s))
    for left in known.values():
        # Lines that a newer answer does not show are not cancelled by their absence, except in a simple
        # body, which is the whole order; a cancellation without lines means all of them.
        if seen.cancels_all or (seen.body_backed and seen.lines):
            left = replace(left, state=LineState.CANCELLED, raw_state=CANCELED, reserved=False)
        lines.append(left)
    return replace(
        order,
        as_of=seen.as_of,
        lines=tuple(lines),
        number=seen.number or order.number,
        # The first read knows best: a local date in the hour that comes twice is plain only in that hour.
        created_at=_first(order.created_at if order.lines else None, seen.created_at, order.created_at),
        body_backed=order.body_backed and seen.body_backed if order.lines else seen.body_backed,
    )


def _first(*instants: float | None) -> float | None:
    return next((at for at in instants if at is not None), None)


def _fold_line(line: Line | None, seen: SeenLine) -> Line:
    if line is None:
        state = seen.state or LineState.NOT_COMMITTED
        furthest = state if state is not LineState.CANCELLED else LineState.NOT_COMMITTED
        return Line(
            line_id=seen.line_id,
            sku=seen.sku,
            quantity=seen.quantity,
            state=state,
            furthest=furthest,
            raw_state=seen.raw_state,
            owner=seen.owner,
            reserved=seen.reserved,
            unmapped=seen.state is None,
        )
    owner = seen.owner if line.owner is Owner.UNKNOWN or seen.owner is not Owner.UNKNOWN else line.owner
    line = replace(
        line, raw_state=seen.raw_state, reserved=seen.reserved, owner=owner, unmapped=seen.state is None
    )
    if line.taken == 0 and line.seller_sku != seen.sku:
        line = replace(line, sku=seen.sku, ref=None, problem=None, stockless=False)
    if line.state is LineState.CANCELLED or seen.state is None:
        return line
    line = replace(line, quantity=seen.quantity)
    if seen.state is LineState.CANCELLED:
        return replace(line, state=LineState.CANCELLED, reserved=False)
    if PROGRESS[seen.state] <= PROGRESS[line.furthest]:
        return line
    return replace(line, state=seen.state, furthest=seen.state)


def awaited_until(order: Order, announcements: Iterable[Announcement], now: float) -> float | None:
    """Until when to read again for an announced state that does not show yet; then the sweeps take over."""
    until = None
    for told in announcements:
        lines = [line for line in order.lines if not told.line_ids or line.line_id in told.line_ids]
        end = told.at + ANNOUNCED_MAX_S
        if now < end and not all(told.shows_in(line) for line in lines):
            until = max(until or end, end)
    return until


def affected_skus(before: Order | None, after: Order) -> set[str]:
    """SKUs whose committed units changed between two versions of an order: the ones to mark dirty.

    A body-backed order that became its API twin counts whole: now the channel itself has these units too.
    """

    def committed(lines: Iterable[Line]) -> dict[str, int]:
        sums: dict[str, int] = {}
        for line in lines:
            sums[line.sku] = sums.get(line.sku, 0) + line.should_be_out
        return sums

    if before is not None and before.body_backed and not after.body_backed:
        before = None
    old = committed(before.lines) if before else {}
    new = committed(after.lines)
    return {sku for sku in old.keys() | new.keys() if old.get(sku, 0) != new.get(sku, 0)}
