"""What the warehouse still has to do: units that are promised in open documents of the ERP (ADR 0017).

The ledger of such a line counts units that are out and units that are promised; `book` brings it to what was
found, and `lowered` says what has to be given up because the channel asks for less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orquestador.model.ledger import allocate, may_have_effects, replace_effect
from orquestador.model.orders import Effect, EffectState, Order

LOOK_MIN_S = 60.0
LOOK_MAX_S = 900.0
"""People in the warehouse have no webhook: asked again after a tenth of the document's age, within these."""

WAITS = "waits_for_stock"
"""The note of an effect that promises more than the ERP has."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the documents under one key contain, in units per *requested* product id."""

    moved: Mapping[int, float]
    held: Mapping[int, float]
    waiting: Mapping[int, float]
    recipes: Mapping[int, tuple[tuple[int, float], ...]]
    erp_id: int | None = None
    missing: str = "cancelled_in_erp"
    """Why it contains less than before, if it does and we did not ask for it."""


def lowered(order: Order) -> Order:
    """The order with new targets for the documents that promise more than the channel asks for now.

    The newest gives up first. The same order when there is nothing to give up.
    """
    if not may_have_effects(order):
        return order
    excess = {line.line_id: min(line.taken - line.should_be_out, line.held) for line in order.lines}
    for effect in reversed(order.reserved):
        items, changed = [], False
        for item in effect.items:
            part = min(excess.get(item.line_id, 0), item.held)
            if part > 0:
                excess[item.line_id] -= part
                changed = True
            items.append(replace(item, target=item.found - part))
        if changed:
            order = replace_effect(order, replace(effect, items=tuple(items), lowering=True))
    return order


def must_lower(order: Order) -> bool:
    return any(line.held and line.taken > line.should_be_out for line in order.lines) and may_have_effects(
        order
    )


def to_attend(order: Order, now: float) -> bool:
    """True when its documents are to be asked for, or give something up."""
    at = order.look_at
    return must_lower(order) or (at is not None and at <= now)


def targets(effect: Effect) -> dict[int, float]:
    """Units per requested product id that the documents are to contain, done ones included."""
    sums: dict[int, float] = {}
    for item in effect.items:
        sums[item.product_id] = sums.get(item.product_id, 0.0) + item.wanted
    return sums


def book(order: Order, n: int, found: Found, now: float, *, ours: bool = False) -> Order:
    """The ledger after an answer about the reserving effect `n`: what was found counts, not what was meant.

    When people took something out of the documents that the order still asks for, the order is held for a
    person: nobody takes it a second time. `ours`: it was us who took it out.
    """
    effect = next(e for e in order.effects if e.n == n)
    both = _sum(found.moved, found.held)
    total = allocate(effect, both)
    done = allocate(effect, found.moved)
    backed = allocate(effect, _sum(both, {p: -q for p, q in found.waiting.items()}))
    lines = {line.line_id: line for line in order.lines}
    items, less = [], False
    for item in effect.items:
        id_, line = item.line_id, lines[item.line_id]
        new = replace(
            item,
            done=done[id_],
            held=max(0, total[id_] - done[id_]),
            waiting=max(0, total[id_] - backed[id_]),
        )
        expected = item.wanted if effect.is_open or effect.lowering else item.found
        line = replace(
            line,
            taken=line.taken + new.found - item.found,
            held=line.held + new.held - item.held,
            waiting=line.waiting + new.waiting - item.waiting,
            recipe=line.recipe or (found.recipes.get(item.product_id, ()) if new.done else ()),
        )
        less = less or (new.found < expected and line.taken < line.should_be_out)
        lines[id_] = line
        items.append(new)
    held = any(item.held for item in items)
    closed = EffectState.APPLIED if any(item.done for item in items) else EffectState.VOIDED
    ours = ours or effect.lowering
    after = replace(
        effect,
        items=tuple(items),
        state=EffectState.RESERVED if held else closed,
        erp_id=found.erp_id or effect.erp_id,
        look_at=next_look(effect, now) if held else None,
        lowering=False,
        done_at=None if held else now,
        note=_note(any(item.waiting for item in items), found.missing if less and not ours else effect.note),
    )
    order = replace_effect(replace(order, lines=tuple(lines[line.line_id] for line in order.lines)), after)
    return replace(order, hold=found.missing) if less and not ours else order


def next_look(effect: Effect, now: float) -> float:
    return now + min(LOOK_MAX_S, max(LOOK_MIN_S, (now - effect.made_at) / 10))


def _note(waiting: bool, other: str | None) -> str | None:
    return WAITS if waiting else (None if other == WAITS else other)


def _sum(one: Mapping[int, float], other: Mapping[int, float]) -> dict[int, float]:
    return {p: one.get(p, 0.0) + other.get(p, 0.0) for p in one.keys() | other.keys()}
