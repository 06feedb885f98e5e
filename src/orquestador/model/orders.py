"""Orders, their lines with ledgers, and the effects that bring the ERP in line with them (design §6).

Everything here is a pure function of what was read and what was proven: fold what the channel says, then
ask which effect is missing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import quote

KEY_MAX_LENGTH = 60
UNKNOWN_OWNER_HOLD_S = 3600.0
ANNOUNCED_MAX_S = 900.0
CANCELED = "canceled"
"""What a line that a cancellation did not name shows as the channel's word."""


class LineState(StrEnum):
    """What a channel's many states mean for stock; every adapter maps its own words to these four."""

    NOT_COMMITTED = "not_committed"
    COMMITTED = "committed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class Owner(StrEnum):
    """Whose stock a line is served from."""

    SELLER = "seller"
    MARKETPLACE = "marketplace"
    UNKNOWN = "unknown"


class OrderMode(StrEnum):
    """What becomes of sold units in the ERP; a line keeps the mode that it first took in."""

    DELIVER = "deliver"
    """Out at once."""
    RESERVE = "reserve"
    """Promised: the delivery is confirmed and reserved, and the warehouse validates it."""


_PROGRESS = {LineState.NOT_COMMITTED: 0, LineState.COMMITTED: 1, LineState.SHIPPED: 2}


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line as a channel shows it now. `state` is None when the channel's word is not in our table."""

    line_id: str
    sku: str
    quantity: int
    state: LineState | None
    raw_state: str
    owner: Owner = Owner.SELLER
    reserved: bool = False
    """The channel itself still holds these units back from the number it shows (Falabella: `pending`)."""


@dataclass(frozen=True, slots=True)
class SeenOrder:
    """An order as a channel shows it now, read (or, body-backed, dated) at `as_of`."""

    channel: str
    order_id: str
    as_of: float
    lines: tuple[SeenLine, ...]
    number: str | None = None
    created_at: float | None = None
    body_backed: bool = False
    cancels_all: bool = False
    """A cancellation that names no lines: every line that is known is cancelled."""


@dataclass(frozen=True, slots=True)
class Line:
    """One order line with its ledger: `taken` units are proven out of the ERP (or promised there, see
    `held`), and where they were taken from."""

    line_id: str
    sku: str
    quantity: int
    state: LineState
    furthest: LineState
    raw_state: str
    owner: Owner
    reserved: bool = False
    taken: int = 0
    held: int = 0
    """How many of `taken` are still in the ERP, promised in open documents of ours (mode reserve)."""
    waiting: int = 0
    """How many of `held` have no stock behind them yet."""
    mode: OrderMode | None = None
    """What its newest take asked for; it counts while something is taken."""
    product_id: int | None = None
    recipe: tuple[tuple[int, float], ...] = ()
    """Per unit of this line, the (product id, quantity) moves that were done: a kit's components, or the
    product."""
    problem: str | None = None
    """Why this line cannot be mapped to the ERP; the other lines go on."""
    unmapped: bool = False
    """The channel's word for its state is not in our table: nothing changes and a person is told."""

    @property
    def should_be_out(self) -> int:
        """Units that must be out of the ERP for this line."""
        if self.owner is not Owner.SELLER:
            return 0
        if self.state is LineState.CANCELLED and self.furthest is not LineState.SHIPPED:
            return 0
        return self.quantity if self.furthest is not LineState.NOT_COMMITTED else 0

    def mode_of_next(self, configured: OrderMode) -> OrderMode:
        """A setting applies only to lines that have taken nothing (design §6.5)."""
        return (self.mode or OrderMode.DELIVER) if self.taken else configured


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a webhook said of an order (a hint): these lines (none = all) reached this state, told at `at`."""

    line_ids: tuple[str, ...]
    state: LineState
    at: float

    def shows_in(self, line: Line) -> bool:
        """True when the line is at the announced state or beyond it."""
        if line.state is LineState.CANCELLED:
            return True
        if self.state is LineState.CANCELLED:
            return line.furthest is LineState.SHIPPED
        return _PROGRESS[line.furthest] >= _PROGRESS[self.state]


class Direction(StrEnum):
    OUT = "out"
    IN = "in"


class EffectState(StrEnum):
    INTENT = "intent"
    RESERVED = "reserved"
    """The ERP holds the units in open documents; what people do with them is asked for until none is open."""
    APPLIED = "applied"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class EffectItem:
    """`units` of one line; `moves` are the (product id, quantity) pairs to move in the ERP.

    `done`, `held` and `waiting` are what was last found under a reserving key (see `Line`).
    """

    line_id: str
    sku: str
    units: int
    product_id: int
    moves: tuple[tuple[int, float], ...]
    target: int | None = None
    """Since a part was given up: how many units the documents are to contain, done ones included."""
    done: int = 0
    held: int = 0
    waiting: int = 0

    @property
    def wanted(self) -> int:
        return self.units if self.target is None else self.target

    @property
    def found(self) -> int:
        """Units of the ledger that come from here."""
        return self.done + self.held


@dataclass(frozen=True, slots=True)
class Effect:
    """A keyed change of the ERP for one order: written down first, done under `key`, believed when read
    back."""

    n: int
    key: str
    direction: Direction
    items: tuple[EffectItem, ...]
    made_at: float
    state: EffectState = EffectState.INTENT
    doubt_at: float | None = None
    """Since when it is not known whether the ERP did it; polled until two answers agree, or 120 s."""
    asked: str | None = None
    """What the ERP answered about the key the last time."""
    done_at: float | None = None
    erp_id: int | None = None
    note: str | None = None
    mode: OrderMode = OrderMode.DELIVER
    look_at: float | None = None
    """When to ask next what people did with the documents of a reserving effect."""
    lowering: bool = False
    """We are about to give up a part of it: what is then missing was our doing."""

    @property
    def is_open(self) -> bool:
        return self.state is EffectState.INTENT


@dataclass(frozen=True, slots=True)
class Order:
    """An order, everything we know and everything we did for it."""

    channel: str
    order_id: str
    first_seen_at: float
    as_of: float = 0.0
    number: str | None = None
    created_at: float | None = None
    body_backed: bool = False
    history: bool = False
    """Sold before go-live: recorded, never an effect."""
    lines: tuple[Line, ...] = ()
    effects: tuple[Effect, ...] = ()
    adopted_by: str | None = None
    """This body-backed order's ledger moved to the API order with this id; nothing happens here any more."""
    adopted: tuple[str, ...] = ()
    take_anyway: bool = False
    """A person asked to take this order out although it is older than go-live."""
    hold: str | None = None
    """Why no further effect is made until a person retries (a picking cancelled or deleted by hand)."""
    awaits_until: float | None = None
    """A webhook announced a state that the channel does not show yet: read again until then."""
    trace_id: str | None = None
    discarded: str | None = None
    """The problem that a person settled; the same problem does not make it dead again."""

    @property
    def open_effect(self) -> Effect | None:
        return next((e for e in self.effects if e.is_open), None)

    @property
    def reserved(self) -> tuple[Effect, ...]:
        """Effects whose documents are open in the ERP for the warehouse, oldest first."""
        return tuple(e for e in self.effects if e.state is EffectState.RESERVED)

    @property
    def look_at(self) -> float | None:
        """When the first of them is to be asked for."""
        return min((e.look_at or 0.0 for e in self.reserved), default=None)

    def unproven(self, now: float) -> dict[str, int]:
        """Committed units per SKU that the ERP's number does not know of (design §7.3b): not proven out, or
        promised without stock behind them. Unknown owners count for 1 h."""
        units: dict[str, int] = {}
        if self.history or self.adopted_by:
            return units
        for line in self.lines:
            missing = line.should_be_out - line.taken + line.waiting
            if line.owner is Owner.UNKNOWN and now < self.first_seen_at + UNKNOWN_OWNER_HOLD_S:
                missing = replace(line, owner=Owner.SELLER).should_be_out
            if missing > 0:
                units[line.sku] = units.get(line.sku, 0) + missing
        return units

    def reserved_on_channel(self) -> dict[str, int]:
        """Units per SKU that the channel itself holds back at this moment (needed where a written number is
        gross)."""
        units: dict[str, int] = {}
        for line in self.lines:
            if line.reserved and line.owner is Owner.SELLER and line.should_be_out:
                units[line.sku] = units.get(line.sku, 0) + line.quantity
        return units

    @property
    def problem(self) -> str | None:
        """The first reason, if any, why a person is needed."""
        if self.history or self.adopted_by:
            return None
        if self.hold:
            return self.hold
        return next((why for line in self.lines if (why := _line_problem(line))), None)


def _line_problem(line: Line) -> str | None:
    if line.unmapped:
        return f"unknown_state:{line.raw_state}"
    if _difference(line) < 0 and not line.recipe and not line.held:
        return f"give_back_unclear:{line.sku}"
    return line.problem if _difference(line) else None


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
        created_at=seen.created_at if seen.created_at is not None else order.created_at,
        body_backed=order.body_backed and seen.body_backed if order.lines else seen.body_backed,
    )


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
    if line.taken == 0 and line.sku != seen.sku:
        line = replace(line, sku=seen.sku, problem=None)
    if line.state is LineState.CANCELLED or seen.state is None:
        return line
    line = replace(line, quantity=seen.quantity)
    if seen.state is LineState.CANCELLED:
        return replace(line, state=LineState.CANCELLED, reserved=False)
    if _PROGRESS[seen.state] <= _PROGRESS[line.furthest]:
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


def _difference(line: Line) -> int:
    return line.should_be_out - line.taken


def may_have_effects(order: Order) -> bool:
    """False for what was sold before go-live, for an order that lives on elsewhere, and while a person is
    asked."""
    return not (order.history or order.adopted_by or order.hold)


def wants_effect(order: Order) -> bool:
    """True when the ERP lane has something to do: an open effect, or a difference that may be mapped by
    now."""
    if order.open_effect:
        return True
    return may_have_effects(order) and any(_difference(line) for line in order.lines)


def lines_to_map(order: Order) -> tuple[str, ...]:
    """SKUs that must be resolved to an ERP product before the next effect can be planned."""
    if not may_have_effects(order):
        return ()
    return tuple(
        sorted({line.sku for line in order.lines if line.product_id is None and _difference(line) > 0})
    )


def map_lines(order: Order, products: Mapping[str, int], problems: Mapping[str, str]) -> Order:
    """Fix the ERP product of every line that has taken nothing yet, or say why it cannot be."""
    lines = []
    for line in order.lines:
        if line.product_id is None and _difference(line) > 0:
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
        if _difference(line) > 0 and line.product_id:
            takes.setdefault(line.mode_of_next(mode), []).append(_take(line, _difference(line)))
    back = [
        _give_back(line, -_difference(line))
        for line in order.lines
        if _difference(line) < 0 and line.recipe and not line.held
    ]
    for how, items in takes.items():
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
        wanted = _difference(by_id[item.line_id])
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


@dataclass(frozen=True, slots=True)
class ManualMovement:
    """A stock movement that a person asked for (`POST /odoo/stock/reduce|increase`), done once under its
    key."""

    key: str
    sku: str
    direction: Direction
    quantity: int
    reason: str
    request_hash: str
    allow_negative: bool = False
    reference: str | None = None
    effect: Effect | None = None
    previous_stock: float | None = None
    new_stock: float | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Units:
    """Sums over all orders for one SKU at one moment."""

    unproven: int = 0
    reserved: Mapping[str, int] = field(default_factory=dict)
    """Per channel id, the units that this channel still holds back itself."""


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
