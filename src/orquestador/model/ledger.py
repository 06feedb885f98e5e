"""Which effect brings the ERP in line with an order, and what a proven one books (design §6.5-6.10). Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from orquestador.model.orders import Direction, Effect, EffectItem, EffectState, Line, Order, OrderMode

KEY_MAX_LENGTH = 60


def may_have_effects(order: Order) -> bool:
    """False for what was sold before go-live, for an order that lives on elsewhere, and while a person is
    asked."""
    return not (order.history or order.adopted_by or order.hold)


def wants_effect(order: Order) -> bool:
    """True when the ERP lane has something to do: an open effect, or a difference that may be mapped by
    now."""
    if order.open_effect:
        return True
    return may_have_effects(order) and any(line.difference for line in order.lines)


def lines_to_map(order: Order) -> tuple[str, ...]:
    """SKUs that must be resolved to an ERP product before the next effect can be planned."""
    if not may_have_effects(order):
        return ()
    return tuple(
        sorted({line.sku for line in order.lines if line.product_id is None and line.difference > 0})
    )


def map_lines(order: Order, products: Mapping[str, int], problems: Mapping[str, str]) -> Order:
    """Fix the ERP product of every line that has taken nothing yet, or say why it cannot be."""
    lines = []
    for line in order.lines:
        if line.product_id is None and line.difference > 0:
            if line.sku in products:
                line = replace(line, product_id=products[line.sku], problem=None)
            elif line.sku in problems:
                line = replace(line, problem=problems[line.sku])
        lines.append(line)
    return replace(order, lines=tuple(lines))


def plan_effect(order: Order, *, prefix: str, now: float, mode: OrderMode = OrderMode.DELIVER) -> Order:
    """Add the next missing effect, if any: what should be out minus the ledger, give-backs apart from takes.

    While an intent is open no other is made. Takes go first: they guard against overselling. `mode` is for
    lines that have taken nothing. What is only promised is not given back but given up (`reservations`).
    """
    if not may_have_effects(order) or order.open_effect:
        return order
    takes: dict[OrderMode, list[EffectItem]] = {}
    for line in order.lines:
        if line.difference > 0 and line.product_id:
            takes.setdefault(line.mode_of_next(mode), []).append(_take(line, line.difference))
    back = [
        _give_back(line, -line.difference)
        for line in order.lines
        if line.difference < 0 and line.recipe and not line.held
    ]
    unmapped = {
        line.mode_of_next(mode) for line in order.lines if line.difference > 0 and not line.product_id
    }
    for how, items in takes.items():
        if how.sells and how in unmapped:
            continue  # a sale order is worth what was paid, so it is written when all of it can be
        lines = {item.line_id for item in items}
        marked = tuple(replace(line, mode=how) if line.line_id in lines else line for line in order.lines)
        return _with_effect(replace(order, lines=marked), Direction.OUT, items, how, prefix, now)
    if back:
        return _with_effect(order, Direction.IN, back, OrderMode.DELIVER, prefix, now)
    return order


def _with_effect(
    order: Order, direction: Direction, items: Sequence[EffectItem], mode: OrderMode, prefix: str, now: float
) -> Order:
    n = len(order.effects) + 1
    key = effect_key(prefix, order.channel, order.order_id, n)
    effect = Effect(n=n, key=key, direction=direction, items=tuple(items), made_at=now, mode=mode)
    return replace(order, effects=(*order.effects, effect))


def _take(line: Line, units: int) -> EffectItem:
    assert line.product_id is not None
    return EffectItem(line.line_id, line.sku, units, line.product_id, ((line.product_id, float(units)),))


def _give_back(line: Line, units: int) -> EffectItem:
    assert line.product_id is not None
    moves = tuple((product, quantity * units) for product, quantity in line.recipe)
    return EffectItem(line.line_id, line.sku, units, line.product_id, moves)


def still_needed(order: Order, effect: Effect) -> bool:
    """False when doing this open effect would overshoot what the lines ask for now."""
    by_id = {line.line_id: line for line in order.lines}
    for item in effect.items:
        wanted = by_id[item.line_id].difference
        if item.units > (wanted if effect.direction is Direction.OUT else -wanted):
            return False
    return True


def settle_effect(
    order: Order,
    n: int,
    *,
    now: float,
    erp_id: int | None,
    units: Mapping[str, int],
    recipes: Mapping[str, tuple[tuple[int, float], ...]] = {},
    note: str | None = None,
) -> Order:
    """Close effect `n` with what was *found* done, per line id; nothing found means voided.

    What a key is found to contain is what the ledger takes, not what the intent said (design §6.8).
    """
    effect = next(e for e in order.effects if e.n == n)
    sign = 1 if effect.direction is Direction.OUT else -1
    lines = []
    for line in order.lines:
        moved = units.get(line.line_id, 0)
        if moved:
            recipe = line.recipe or recipes.get(line.line_id, ())
            line = replace(line, taken=line.taken + sign * moved, recipe=recipe)
        lines.append(line)
    state = EffectState.APPLIED if any(units.values()) else EffectState.VOIDED
    closed = replace(effect, state=state, done_at=now, erp_id=erp_id or effect.erp_id, note=note)
    return replace_effect(replace(order, lines=tuple(lines)), closed)


def allocate(effect: Effect, moved: Mapping[int, float]) -> dict[str, int]:
    """Whole units per line id that these moves (product id -> quantity) amount to, in the order of the items.

    What was found beyond the intent goes to the last line of that product: the ledger takes what is there.
    """
    pool = dict(moved)
    units: dict[str, int] = {}
    for item in effect.items:
        share = min((min(need, pool.get(product, 0.0)) / need for product, need in item.moves), default=0.0)
        got = min(math.floor(share * item.units + 1e-6), item.wanted)
        for product, need in item.moves:
            pool[product] = pool.get(product, 0.0) - got * need / item.units
        units[item.line_id] = got
    for item in reversed(effect.items):
        extra = math.floor(pool.get(item.product_id, 0.0) + 1e-6)
        if extra > 0 and len(item.moves) == 1 and item.moves[0][0] == item.product_id:
            units[item.line_id] += extra
            pool[item.product_id] = 0.0
    return units


def totals(effect: Effect) -> tuple[tuple[int, float], ...]:
    """The (product id, quantity) pairs of an effect, each product once."""
    sums: dict[int, float] = {}
    for item in effect.items:
        for product, quantity in item.moves:
            sums[product] = sums.get(product, 0.0) + quantity
    return tuple(sums.items())


def replace_effect(order: Order, effect: Effect) -> Order:
    """The order with this version of one of its effects."""
    return replace(order, effects=tuple(effect if e.n == effect.n else e for e in order.effects))


def effect_key(prefix: str, channel: str, order_id: str, n: int) -> str:
    """`<prefix><channel>/<order>/<n>`, at most 60 characters (design §6.6); a longer order id ends in a
    hash."""
    encoded = quote(order_id, safe="-._~")
    head, tail = f"{prefix}{channel}/", f"/{n}"
    room = KEY_MAX_LENGTH - len(head) - len(tail)
    if len(encoded) > room:
        digest = hashlib.sha256(order_id.encode()).hexdigest()[:16]
        encoded = encoded[: max(0, room - 17)] + "~" + digest
    return head + encoded + tail
