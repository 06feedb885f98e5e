"""Which effect brings the ERP in line with an order, and what a proven one books (design §6.5-6.10). Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from urllib.parse import quote

from orquestador.model.orders import Direction, Effect, EffectItem, EffectState, Line, Order, OrderMode
from orquestador.model.places import Place
from orquestador.model.recipes import blended, recipe_after, with_what_is_left

KEY_MAX_LENGTH = 60
PRODUCT_CHANGED = "product_changed"
"""The problem of a line that took from one product, and whose SKU is another one now."""


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
    return tuple(sorted({line.sku for line in order.lines if line.difference > 0}))


def map_lines(
    order: Order,
    products: Mapping[str, int],
    problems: Mapping[str, str],
    stockless: Collection[str] = (),
) -> Order:
    """Fix the ERP product of every line that has taken nothing yet, or say why it cannot be.

    `stockless`: SKUs of which the ERP keeps no stock (a service, say): for such a line nothing is to be done.

    A line that has taken something keeps its product; when its SKU is another product by now (two were
    merged, say), a person decides about the rest of it.
    """
    lines = []
    for line in order.lines:
        if line.difference > 0 and line.sku in products:
            product = products[line.sku]
            if not line.taken:
                line = replace(line, product_id=product, recipe=(), problem=None)
            else:
                changed = f"{PRODUCT_CHANGED}:{line.sku}" if product != line.product_id else None
                line = replace(line, problem=changed)
        elif line.difference > 0 and line.sku in stockless and not line.taken:
            line = replace(line, stockless=True, problem=None)
        elif line.difference > 0 and line.sku in problems:
            line = replace(line, problem=problems[line.sku])
        lines.append(line)
    return replace(order, lines=tuple(lines))


def lacks_place(order: Order) -> bool:
    """True for an order of which something was taken or intended before places were recorded."""
    return any(line.taken and line.place is None for line in order.lines) or any(
        e.place is None and (e.is_open or e.state is EffectState.RESERVED) for e in order.effects
    )


def placed(order: Order, first: Place) -> Order:
    """The order with `first`, the one place that there was then, wherever none is recorded."""
    lines = tuple(
        replace(line, place=first) if line.taken and line.place is None else line for line in order.lines
    )
    effects = tuple(replace(e, place=first) if e.place is None else e for e in order.effects)
    return replace(order, lines=lines, effects=effects)


def plan_effect(
    order: Order,
    *,
    prefix: str,
    now: float,
    mode: OrderMode = OrderMode.DELIVER,
    place: Place | None = None,
) -> Order:
    """Add the next missing effect, if any: what should be out minus the ledger, give-backs apart from takes.

    While an intent is open no other is made. Takes go first: they guard against overselling. `mode` and
    `place` are for lines that have taken nothing; one effect is about one place. What is only promised is not
    given back but given up (`reservations`).
    """
    if not may_have_effects(order) or order.open_effect:
        return order
    takes: dict[tuple[OrderMode, Place | None], list[EffectItem]] = {}
    for line in order.lines:
        if line.difference > 0 and line.product_id and not line.problem:
            how = line.mode_of_next(mode), line.place_of_next(place)
            takes.setdefault(how, []).append(_take(line, line.difference))
    back: dict[Place | None, list[EffectItem]] = {}
    for line in order.lines:
        if line.difference < 0 and line.recipe and not line.held:
            back.setdefault(line.place, []).append(_give_back(line, -line.difference))
    unmapped = {
        line.mode_of_next(mode) for line in order.lines if line.difference > 0 and not line.product_id
    }
    key = effect_key(prefix, order.channel, order.order_id, len(order.effects) + 1)
    blank = Effect(n=len(order.effects) + 1, key=key, direction=Direction.IN, items=(), made_at=now)
    for (asked, where), items in takes.items():
        if asked.sells and asked in unmapped:
            continue  # a sale order is worth what was paid, so it is written when all of it can be
        of = {item.line_id for item in items}
        lines = tuple(
            replace(line, mode=asked, place=where) if line.line_id in of else line for line in order.lines
        )
        effect = replace(blank, direction=Direction.OUT, items=tuple(items), mode=asked, place=where)
        return replace(order, lines=lines, effects=(*order.effects, effect))
    for where, items in back.items():
        effect = replace(blank, items=tuple(items), place=where)
        return replace(order, effects=(*order.effects, effect))
    return order


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
    weights: Mapping[int, float] = {},
    note: str | None = None,
) -> Order:
    """Close effect `n` with what was *found* done, per line id; nothing found means voided.

    What a key is found to contain is what the ledger takes, not what the intent said (design §6.8). Of a
    give-back, `weights` says how much of a product came back for each that was asked for, where the ERP had
    to round it.
    """
    effect = next(e for e in order.effects if e.n == n)
    sign = 1 if effect.direction is Direction.OUT else -1
    items = {item.line_id: item for item in effect.items}
    lines, left_over = [], []
    for line in order.lines:
        moved = units.get(line.line_id, 0)
        if moved and sign > 0:
            recipe = blended(line.recipe, line.taken, recipes.get(line.line_id, ()), moved)
            line = replace(line, taken=line.taken + moved, recipe=recipe)
        elif moved:
            item = items[line.line_id]
            came = {p: q * weights.get(p, 1.0) * moved / item.units for p, q in item.moves}
            if moved == line.taken:
                left_over.append((line, {p: q * moved - came.get(p, 0.0) for p, q in line.recipe}))
            recipe = recipe_after(line.recipe, line.taken, came, moved)
            line = replace(line, taken=line.taken - moved, recipe=recipe)
        lines.append(line)
    state = EffectState.APPLIED if any(units.values()) else EffectState.VOIDED
    closed = replace(
        effect, state=state, done_at=now, erp_id=erp_id or effect.erp_id, note=note, lowering=False
    )
    for line, over in left_over:
        lines = with_what_is_left(lines, line, over)
    return replace_effect(replace(order, lines=tuple(lines)), closed)


def left_undone(order: Order, effect: Effect, units: Mapping[str, int]) -> bool:
    """True when a settled effect moved less (`units` per line id) than it was made for, and the order still
    asks for that: a person took it out of the document, so nobody may do it anew without being told."""
    lines = {line.line_id: line for line in order.lines}
    sign = 1 if effect.direction is Direction.OUT else -1
    return any(
        units.get(item.line_id, 0) < item.units and sign * lines[item.line_id].difference > 0
        for item in effect.items
    )


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
