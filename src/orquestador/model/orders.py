"""Orders, their lines with ledgers, and the effects that bring the ERP in line with them (design §6).

Values only: `fold` says what an order is after a read, `ledger` which effect is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from orquestador.model.places import Place

UNKNOWN_OWNER_HOLD_S = 3600.0


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
    BACKORDER = "backorder"
    """What is there is out at once; what lacks stock is promised, for the warehouse to do (ADR 0020)."""
    SALE_DELIVER = "sale_deliver"
    """A sale order with buyer and prices; its delivery is out at once (ADR 0018)."""
    SALE_RESERVE = "sale_reserve"
    """A sale order with buyer and prices; its delivery is promised."""

    @property
    def reserves(self) -> bool:
        """Units may be promised in open documents, of which the warehouse does the rest."""
        return self in (OrderMode.RESERVE, OrderMode.BACKORDER, OrderMode.SALE_RESERVE)

    @property
    def sells(self) -> bool:
        """The document is a sale order."""
        return self in (OrderMode.SALE_DELIVER, OrderMode.SALE_RESERVE)


PROGRESS = {LineState.NOT_COMMITTED: 0, LineState.COMMITTED: 1, LineState.SHIPPED: 2}


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
    place: Place | None = None
    """Where its newest take was made; None on what was taken is the first place of all (`ledger.placed`)."""
    product_id: int | None = None
    recipe: tuple[tuple[int, float], ...] = ()
    """Per unit of this line, the (product id, quantity) moves that were done: a kit's components, or the
    product."""
    problem: str | None = None
    """Why this line cannot be mapped to the ERP; the other lines go on."""
    unmapped: bool = False
    """The channel's word for its state is not in our table: nothing changes and a person is told."""
    ref: str | None = None
    """The channel's own SKU where a mapping gave the line another one (`sku` is the ERP's)."""
    stockless: bool = False
    """Its product is a consumable or a service in the ERP: there is no stock that could leave."""

    @property
    def seller_sku(self) -> str:
        """The SKU by which the channel sold it."""
        return self.ref or self.sku

    @property
    def should_be_out(self) -> int:
        """Units that must be out of the ERP for this line."""
        if self.owner is not Owner.SELLER or (self.stockless and not self.taken):
            return 0
        if self.state is LineState.CANCELLED and self.furthest is not LineState.SHIPPED:
            return 0
        return self.quantity if self.furthest is not LineState.NOT_COMMITTED else 0

    @property
    def difference(self) -> int:
        """Units still to take from the ERP; negative: to give back or up."""
        return self.should_be_out - self.taken

    def mode_of_next(self, configured: OrderMode) -> OrderMode:
        """A setting applies only to lines that have taken nothing (design §6.5)."""
        return (self.mode or OrderMode.DELIVER) if self.taken else configured

    def place_of_next(self, configured: Place | None) -> Place | None:
        """As `mode_of_next`."""
        return self.place if self.taken else configured


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
        return PROGRESS[line.furthest] >= PROGRESS[self.state]


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
    place: Place | None = None
    """Where its units leave or come back; see `Line.place`."""
    look_at: float | None = None
    """When to ask next what people did with the documents of a reserving effect."""
    lowering: bool = False
    """We are about to give up a part of it, or to void it: what is then missing was our doing."""

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
        """Units per seller SKU that the channel itself holds back at this moment (needed where a written
        number is gross): of the offer that was bought, not of its twins."""
        units: dict[str, int] = {}
        for line in self.lines:
            if line.reserved and line.owner is Owner.SELLER and line.should_be_out:
                units[line.seller_sku] = units.get(line.seller_sku, 0) + line.quantity
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
    if line.difference < 0 and not line.recipe and not line.held:
        return f"give_back_unclear:{line.sku}"
    return line.problem if line.difference else None


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
    warehouse: str | None = None
    """Its code; None = the default one."""
    effect: Effect | None = None
    previous_stock: float | None = None
    new_stock: float | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Units:
    """Sums over all orders for one SKU at one moment: `unproven` by the ERP's SKU, `reserved` by the
    seller's."""

    unproven: int = 0
    reserved: Mapping[str, int] = field(default_factory=dict)
    """Per channel id, the units that this channel still holds back itself."""
    unproven_of: Mapping[str, int] = field(default_factory=dict)
    """`unproven` per channel id that the orders came from."""
