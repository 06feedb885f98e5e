"""What a picking and all backorders below it amount to. Pure: rows in, an Outcome out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from orquestador.erp.odoo.kits import Recipes
from orquestador.erp.odoo.rpc import Row, ref
from orquestador.erp.odoo.setup import Dialect
from orquestador.ports import Movement, MovementState, Outcome

TOLERANCE = 1e-6
"""Quantities arrive as floats (odoo.md §5.6)."""

PICKING_FIELDS = ["name", "origin", "state", "backorder_id", "picking_type_code"]


def move_fields(dialect: Dialect, *, kits: bool = False) -> list[str]:
    """`kits`: the `mrp` module is there, so a move says by which line of a bill it was made."""
    quantities = dict.fromkeys((dialect.done_field, dialect.reserved_field))
    fields = ["picking_id", "product_id", "product_uom_qty", "product_qty", *quantities, "state"]
    return [*fields, "has_tracking", *(["bom_line_id"] if kits else [])]


@dataclass(frozen=True, slots=True)
class Picking:
    id: int
    name: str
    origin: str
    state: str
    parent: int | None
    kind: str
    """What its operation type does: outgoing, incoming, internal."""

    @classmethod
    def of(cls, row: Row) -> Picking:
        return cls(
            id=int(row["id"]),
            name=str(row.get("name") or ""),
            origin=str(row.get("origin") or ""),
            state=str(row.get("state")),
            parent=ref(row.get("backorder_id")),
            kind=str(row.get("picking_type_code") or ""),
        )


@dataclass(frozen=True, slots=True)
class Move:
    """One stock move: `demand`, `quantity` and `reserved` in the move's own unit; times `units`, in the
    product's.

    `quantity` is what was moved when the move is done; while it is open, what is reserved (17 and later).
    """

    id: int
    picking_id: int
    product_id: int
    demand: float
    quantity: float
    units: float
    state: str
    reserved: float = 0.0
    held: float | None = None
    """Where its unit is another one: what its lines hold, in the product's and as Odoo rounded it."""
    bill_line: int | None = None
    """The line of a kit's bill that it was made by."""
    tracked: bool = False
    """Its product has lots or serial numbers."""

    @classmethod
    def of(cls, row: Row, dialect: Dialect) -> Move:
        demand = float(row["product_uom_qty"])
        # A kit's recipe may count components in dozens; moves that we write count in the product's unit.
        units = float(row["product_qty"]) / demand if demand and row.get("product_qty") else 1.0
        return cls(
            id=int(row["id"]),
            picking_id=ref(row.get("picking_id")) or 0,
            product_id=ref(row.get("product_id")) or 0,
            demand=demand,
            quantity=float(row[dialect.done_field]),
            units=units,
            state=str(row["state"]),
            reserved=float(row[dialect.reserved_field]),
            bill_line=ref(row.get("bom_line_id")),
            tracked=row.get("has_tracking") in ("lot", "serial"),
        )

    @property
    def is_open(self) -> bool:
        return self.state not in ("done", "cancel")

    @property
    def in_another_unit(self) -> bool:
        return abs(self.units - 1.0) > TOLERANCE or (not self.demand and self.quantity > TOLERANCE)

    @property
    def is_short(self) -> bool:
        if self.held is not None:
            return self.is_open and self.held < self.demand * self.units - TOLERANCE
        return self.is_open and self.quantity < self.demand - TOLERANCE

    @property
    def moved(self) -> float:
        """Units of the product that this move has really moved."""
        if self.state != "done":
            return 0.0
        return self.quantity * self.units if self.held is None else self.held

    @property
    def promised(self) -> float:
        """Units of the product that this move has moved, or will when the warehouse does it."""
        return self.demand * self.units if self.is_open else self.moved

    @property
    def backed(self) -> float:
        """The part of `promised` that has stock behind it."""
        if not self.is_open:
            return self.moved
        if self.held is not None:
            return min(self.held, self.demand * self.units)
        return min(self.reserved, self.demand) * self.units

    @property
    def asked(self) -> float:
        """Units of the product that this move is about, whatever became of it."""
        return self.moved if self.state == "done" else self.demand * self.units


def requested(movement: Movement) -> dict[int, float]:
    """Units per product; several rows of one product add up."""
    sums: dict[int, float] = {}
    for product, quantity in movement.items:
        sums[product] = sums.get(product, 0.0) + quantity
    return sums


@dataclass(frozen=True, slots=True)
class Attribution:
    """What the moves of a family mean in terms of the products that were requested."""

    moved: Mapping[int, float]
    recipes: Mapping[int, tuple[tuple[int, float], ...]]
    unclear: frozenset[int]
    """Requested products of which we cannot say how much moved."""
    parts: frozenset[int]
    """Products in the moves that nobody requested: components of kits."""


def _moved(move: Move) -> float:
    return move.moved


def attribute(
    wanted: Mapping[int, float],
    moves: Sequence[Move],
    of: Callable[[Move], float] = _moved,
    known: Recipes | None = None,
) -> Attribution:
    """A requested product that is in no move is a kit: Odoo moves its components instead (odoo.md §5.4).

    `of` is what counts as moved: what left, or also what is promised. `known` tells several kits apart.
    """
    moved = _sums((m.product_id, of(m)) for m in moves)
    asked = _sums((m.product_id, m.asked) for m in moves)
    found = {product: moved.get(product, 0.0) for product in wanted if product in asked}
    recipes = {product: ((product, 1.0),) for product, quantity in found.items() if quantity > TOLERANCE}
    parts = frozenset(asked) - frozenset(wanted)
    kits = [product for product in wanted if product not in asked] if moves else []
    if len(kits) == 1:
        kit = kits[0]
        # A component may also have been requested on its own: what is beyond that belongs to the kit.
        totals = {p: asked[p] - wanted.get(p, 0.0) for p in asked}
        recipe = tuple((p, total / wanted[kit]) for p, total in totals.items() if total > TOLERANCE)
        if recipe:
            share = min((moved[p] - min(found.get(p, 0.0), wanted.get(p, 0.0))) / need for p, need in recipe)
            count = float(max(0, math.floor(share + TOLERANCE)))
            found = {p: min(q, wanted[p]) if p in dict(recipe) else q for p, q in found.items()}
            return Attribution(
                {**found, kit: count},
                {**recipes, kit: recipe} if count else recipes,
                frozenset(),
                parts,
            )
    if kits and known and (apart := _apart(wanted, kits, moves, of, known)):
        return apart
    if kits and parts and all(of(m) >= m.asked - TOLERANCE for m in moves):
        # Several kits, and all of it moved: every one of them did. Which component is whose stays open.
        return Attribution({**found, **{kit: wanted[kit] for kit in kits}}, recipes, frozenset(), parts)
    anything = any(of(m) for m in moves)
    return Attribution(found, recipes, frozenset(kits) if anything and parts else frozenset(), parts)


def _shares(
    wanted: Mapping[int, float], kits: Sequence[int], known: Recipes
) -> dict[int, dict[int, float]] | None:
    """What each line of a bill gives to each of these kits; None when a bill does not say it."""
    shares: dict[int, dict[int, float]] = {}
    for kit in kits:
        leaves = known.leaves(kit, wanted[kit])
        if leaves is None:
            return None
        for line, quantity in leaves.items():
            shares.setdefault(line, {})[kit] = quantity
    return shares


def _apart(
    wanted: Mapping[int, float],
    kits: Sequence[int],
    moves: Sequence[Move],
    of: Callable[[Move], float],
    known: Recipes,
) -> Attribution | None:
    """Several kits told apart by the line of a bill that each move was made by; what a line gives to more
    than one of them (a kit within kits) is shared as the bills say. None when the bills do not say it."""
    if (shares := _shares(wanted, kits, known)) is None:
        return None
    moved: dict[int, dict[int, float]] = {product: {} for product in wanted}
    asked: dict[int, dict[int, float]] = {product: {} for product in wanted}
    for move in moves:
        if move.bill_line is None:
            owners = {move.product_id: 1.0} if move.product_id in wanted else {}
        else:
            owners = shares.get(move.bill_line, {})
        total = sum(owners.values())
        if total <= 0:
            return None
        for owner, share in owners.items():
            for sums, quantity in ((moved[owner], of(move)), (asked[owner], move.asked)):
                sums[move.product_id] = sums.get(move.product_id, 0.0) + quantity * share / total
    found: dict[int, float] = {}
    recipes: dict[int, tuple[tuple[int, float], ...]] = {}
    for product, units in wanted.items():
        if product in kits:
            need = {p: q for p, q in asked[product].items() if q > TOLERANCE}
            share = min((moved[product][p] / q for p, q in need.items()), default=0.0)
            found[product] = float(max(0, math.floor(share * units + TOLERANCE)))
            recipe = tuple((p, q / units) for p, q in need.items())
        else:
            found[product], recipe = moved[product].get(product, 0.0), ((product, 1.0),)
        if found[product] > TOLERANCE:
            recipes[product] = recipe
    parts = frozenset(m.product_id for m in moves) - frozenset(wanted)
    return Attribution(found, recipes, frozenset(), parts)


def outcome(
    movement: Movement,
    erp_id: int,
    moves: Sequence[Move],
    *,
    state: str = "",
    forced: Iterable[int] = (),
    problem: str | None = None,
    known: Recipes | None = None,
) -> Outcome:
    """What the family under `erp_id` amounts to.

    `state` is the root's own where it is known, `forced` the products whose moves were forced, `problem` why
    Odoo refused to go on, `known` the kits there are.
    """
    wanted = requested(movement)
    found = attribute(wanted, moves, known=known)
    done = any(m.moved for m in moves)
    open_states = sorted({m.state for m in moves if m.is_open})
    reason = problem
    if not moves:
        kind = {
            "cancel": MovementState.CANCELLED,
            "done": MovementState.DONE,
            "": MovementState.REFUSED,
        }.get(state, MovementState.OPEN)
        reason = problem or (None if kind is MovementState.CANCELLED else "the document has no moves")
    elif open_states:
        kind = MovementState.REFUSED if problem and not done else MovementState.OPEN
        reason = f"{problem or 'not done'}; left {', '.join(open_states)} in Odoo"
    elif not done:
        kind = MovementState.CANCELLED
    elif found.unclear:
        kind = MovementState.FOREIGN
        reason = "partly cancelled, and it holds several kits: which of them moved cannot be told"
    else:
        kind = MovementState.DONE
        missing = any(found.moved.get(p, 0.0) < q - TOLERANCE for p, q in wanted.items())
        reason = "a part of it was cancelled" if missing else None
    pressed = set(forced)
    short = {p for p in wanted if p in pressed}
    if pressed & found.parts:
        short |= {p for p in wanted if all(m.product_id != p for m in moves)}
    moved = {p: q for p, q in found.moved.items() if q > TOLERANCE}
    whole = Outcome(kind, erp_id, moved, found.recipes, short=frozenset(short), reason=reason)
    left_alone = kind is MovementState.OPEN and not problem and moves and "draft" not in open_states
    return _reserved(whole, wanted, moves, known) if movement.mode.reserves and left_alone else whole


def _reserved(
    found: Outcome, wanted: Mapping[int, float], moves: Sequence[Move], known: Recipes | None
) -> Outcome:
    """What confirmed documents promise: open, as they should be until the warehouse does them."""
    total = attribute(wanted, moves, lambda m: m.promised, known).moved
    backed = attribute(wanted, moves, lambda m: m.backed, known).moved
    held = {p: q for p in wanted if (q := total.get(p, 0.0) - found.moved.get(p, 0.0)) > TOLERANCE}
    waiting = {p: q for p in held if (q := total[p] - backed.get(p, 0.0)) > TOLERANCE}
    return replace(
        found,
        state=MovementState.RESERVED,
        held=held,
        waiting=waiting,
        short=frozenset(waiting),
        reason=None,
    )


def lower_demand(
    movement: Movement, found: Outcome, moves: Sequence[Move], to: Mapping[int, float]
) -> dict[int, float] | None:
    """The demand to write per open move id so that the family contains `to` in all; None: cancel what is
    open."""
    left = {p: max(0.0, to.get(p, 0.0) - found.moved.get(p, 0.0)) for p in requested(movement)}
    opened = [m for m in moves if m.is_open and m.product_id in left]
    if not any(q > TOLERANCE for q in left.values()):
        return None
    if not set(left) <= {m.product_id for m in moves}:
        # Kits: one component's demand alone says nothing, so a part is never given up by itself.
        enough = all(found.held.get(p, 0.0) <= q + TOLERANCE for p, q in left.items())
        return {} if enough else None
    demands: dict[int, float] = {}
    for move in sorted(opened, key=lambda m: m.id):
        keep = min(left[move.product_id], move.promised)
        left[move.product_id] -= keep
        if keep < move.promised - TOLERANCE:
            demands[move.id] = keep / move.units
    return demands


def _sums(pairs: Iterable[tuple[int, float]]) -> dict[int, float]:
    sums: dict[int, float] = {}
    for product, quantity in pairs:
        sums[product] = sums.get(product, 0.0) + quantity
    return sums
