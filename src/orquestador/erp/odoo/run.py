"""One batch of pickings on its way through Odoo: each step, and what it proved about each member."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from orquestador.erp.odoo.family import PICKING_FIELDS, Move, Picking, move_fields, requested
from orquestador.erp.odoo.kits import Kits, Recipes
from orquestador.erp.odoo.lots import lacking
from orquestador.erp.odoo.measures import weighed
from orquestador.erp.odoo.rpc import Row, Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import Ambiguous, Rejected
from orquestador.model.orders import Direction
from orquestador.ports import Movement

T = TypeVar("T")
Context = dict[str, object]
EXPIRED = "expiry.picking.confirmation"
"""What Odoo asks with the module `product_expiry` when a document holds lots that have expired."""


@dataclass(slots=True)
class Run:
    """The pickings by key, what Odoo refused (and why), what is doubtful, what had to be forced.

    A definitive refusal of a list is bisected, because a list is all or nothing (odoo.md §5.11); an ambiguous
    answer makes every member of that call doubtful, and nothing of it is sent again.
    """

    rpc: Transport
    setup: SetUp
    kits: Kits
    name_of: Callable[[int], str]
    """A product, for a person."""
    ids: dict[str, int] = field(default_factory=dict)
    families: dict[int, list[Move]] = field(default_factory=dict)
    parents: dict[int, int] = field(default_factory=dict)
    """Backorders found so far: picking id -> the picking it was split from."""
    problems: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    forced: dict[str, set[int]] = field(default_factory=dict)
    exists: list[Movement] = field(default_factory=list)
    """Movements whose key was already taken when we tried to create it."""
    withdrawn: set[str] = field(default_factory=set)
    """Movements undone before they were done: stock does not suffice and must not be forced."""
    recipes: Recipes | None = None
    """Read when moves of several kits are to be told apart."""
    lots: Mapping[str, Mapping[int, Sequence[tuple[int, float]]]] = field(default_factory=dict)
    """What is to be given back of tracked products: by key and product, (lot, units)."""
    touched: bool = False
    """Something may have been changed over there: from here on an outage makes doubts, not an exception."""

    # --- steps that write

    async def create(self, movements: Sequence[Movement]) -> None:
        """One draft for each movement, `name` = key: the database keeps that unique (odoo.md §6)."""
        if not movements:
            return
        values = [self.values(m) for m in movements]
        try:
            answer = await self._write(
                "stock.picking", "create", None, {"vals_list": values}, self.setup.company
            )
        except Ambiguous as error:
            self.doubts |= {m.key: error.detail for m in movements}
        except Rejected as error:
            # Texts cannot be trusted, so whether it was the unique key is found out by looking.
            taken = await self._names_taken(movements)
            if taken:
                self.exists += [m for m in movements if m.key in taken]
                await self.create([m for m in movements if m.key not in taken])
            elif len(movements) == 1:
                self.problems[movements[0].key] = error.detail
            else:
                for half in _halves(movements):
                    await self.create(half)
        else:
            ids = answer if isinstance(answer, list) else [answer]
            if len(ids) != len(movements):
                self.doubts |= {m.key: "odoo: not one id for each picking" for m in movements}
                return
            self.ids |= {m.key: int(i) for m, i in zip(movements, ids, strict=True)}

    async def validate(self, pickings: Sequence[int], *, split_short: bool = True) -> None:
        """Confirm, reserve and do; with `split_short` what lacks stock stays behind in a backorder."""
        context: Context = {**self.setup.company, "skip_sms": True}
        if split_short:
            context["skip_backorder"] = True
        if self.setup.dialect.major <= 16:
            context["skip_immediate"] = True
        await self._all_or_parts("stock.picking", "button_validate", list(pickings), context)

    async def reserve(self, pickings: Sequence[int]) -> None:
        """Confirm and reserve what there is; the rest of it is the warehouse's."""
        for method in ("action_confirm", "action_assign"):
            todo = [i for i in pickings if self._may_go_on(i)]
            if todo:
                await self._all_or_parts("stock.picking", method, todo, self.setup.company)

    async def lower(self, demands: Mapping[int, float]) -> None:
        """Write absolute demands (move id -> units) and reserve anew: Odoo lets go of the whole reservation
        of a move whose demand falls below it."""
        ready: dict[float, list[int]] = {}
        for move, demand in demands.items():
            ready.setdefault(demand, []).append(move)
        for demand, ids in ready.items():
            await self._all_or_parts(
                "stock.move", "write", ids, self.setup.company, {"vals": {"product_uom_qty": demand}}
            )
        moves = {m.id: m for family in self.families.values() for m in family}
        pickings = dict.fromkeys(moves[i].picking_id for i in demands)
        todo = [i for i in pickings if self._may_go_on(i)]
        if todo:
            await self._all_or_parts("stock.picking", "action_assign", todo, self.setup.company)

    async def force(self, keys: Iterable[str]) -> None:
        """Bring the open moves of these families to their full quantity, in stock or not, and do them.

        Never on a done move: there it would take stock a second time. Never on a draft: there it would break
        the explosion of kits (odoo.md §5.4), so drafts are validated first.
        """
        drafts: list[int] = []
        ready: dict[float, list[int]] = {}
        pickings: dict[int, None] = {}
        for key in keys:
            if self.stuck(key):
                continue
            for move in self.moves(key):
                if not move.is_open:
                    continue
                if move.state == "draft":
                    drafts.append(move.picking_id)
                    continue
                if move.is_short:
                    self.forced.setdefault(key, set()).add(move.product_id)
                ready.setdefault(move.demand, []).append(move.id)
                pickings[move.picking_id] = None
        for quantity, ids in ready.items():
            await self._all_or_parts(
                "stock.move", "write", ids, self.setup.company, {"vals": self.setup.dialect.forced(quantity)}
            )
        todo = [i for i in dict.fromkeys([*drafts, *pickings]) if self._may_go_on(i)]
        if todo:
            await self.validate(todo)

    async def cancel(self, keys: Iterable[str]) -> None:
        """Cancel every member of these families that is not done; without moves, the root."""
        pickings: dict[int, None] = {}
        for key in keys:
            moves = self.moves(key)
            members = [m.picking_id for m in moves if m.is_open] if moves else [self.ids[key]]
            pickings |= dict.fromkeys(members)
        if pickings:
            await self._all_or_parts("stock.picking", "action_cancel", list(pickings), self.setup.company)

    async def _all_or_parts(
        self, model: str, method: str, ids: list[int], context: Context, kwargs: Row | None = None
    ) -> None:
        try:
            answer = await self._write(model, method, ids, kwargs, context)
            if isinstance(answer, dict) and answer.get("res_model") == EXPIRED:
                # A question about one of them, and nothing of the whole list is done.
                raise Rejected("odoo: a lot of it has expired: choose another in Odoo, or validate it there")
        except Ambiguous as error:
            self.doubts |= dict.fromkeys(self._keys(model, ids), error.detail)
        except Rejected as error:
            if len(ids) > 1:
                for half in _halves(ids):
                    await self._all_or_parts(model, method, list(half), context, kwargs)
            else:
                self.problems |= dict.fromkeys(self._keys(model, ids), error.detail)

    async def _write(
        self, model: str, method: str, ids: list[int] | None, kwargs: Row | None, context: Context
    ) -> object:
        try:
            answer: object = await self.rpc.call(model, method, ids, kwargs, context, write=True)
        except Ambiguous:
            self.touched = True
            raise
        self.touched = True
        return answer

    def values(self, movement: Movement) -> dict[str, object]:
        """The draft of a movement, for `create`."""
        w, customer = self.setup.warehouse, self.setup.customer_id
        out = movement.direction is Direction.OUT
        places = {
            "location_id": w.stock_id if out else customer,
            "location_dest_id": customer if out else w.stock_id,
        }
        named = {"name": movement.key} if self.setup.dialect.move_has_name else {}
        lots = self.lots.get(movement.key, {})

        def of_lots(product: int) -> dict[str, object]:
            # Only of what comes back and is no kit, so that nothing is there to be exploded.
            lines = [
                [0, 0, {"product_id": product, "lot_id": lot, self.setup.dialect.line_field: units, **places}]
                for lot, units in lots.get(product, ())
            ]
            return {"move_line_ids": lines} if lines else {}

        moves = [
            # No unit of measure: the product's own is meant. No quantity: it would stop kits from being
            # exploded (odoo.md §5.4, §5.6).
            [
                0,
                0,
                {"product_id": product, "product_uom_qty": quantity, **places, **named, **of_lots(product)},
            ]
            for product, quantity in requested(movement).items()
        ]
        return {
            "name": movement.key,
            "origin": movement.key,
            "picking_type_id": w.out_type_id if out else w.in_type_id,
            **places,
            self.setup.dialect.moves_field: moves,
        }

    # --- steps that read

    async def read_families(self) -> None:
        """The moves of every picking in `ids` and all backorders below: one call, more for new backorders."""
        roots = set(self.ids.values())
        if not roots:
            return
        parents = self.parents
        known = sorted(roots | set(parents))
        found = await self._moves(
            ["|", ["picking_id", "in", known], ["picking_id.backorder_id", "in", known]]
        )
        new = {m.picking_id for m in found} - roots - set(parents)
        while new:
            level = rows(
                await self.rpc.call(
                    "stock.picking",
                    "search_read",
                    kwargs={
                        "domain": ["|", ["id", "in", sorted(new)], ["backorder_id", "in", sorted(new)]],
                        "fields": ["backorder_id"],
                    },
                    context=self.setup.company,
                )
            )
            parents |= {int(r["id"]): p for r in level if (p := ref(r.get("backorder_id"))) is not None}
            deeper = {int(r["id"]) for r in level} - new - roots
            found += await self._moves([["picking_id", "in", sorted(deeper)]]) if deeper else []
            new = deeper
        await self.take_in({m.id: m for m in found}.values())

    async def take_in(self, found: Iterable[Move]) -> None:
        """These moves, measured in the units of their products, each into its family."""
        self.sort_in(await weighed(self.rpc, self.setup, found))
        await self.read_recipes()

    async def read_recipes(self) -> None:
        """Only where moves were made by several lines, of several kits perhaps, the bills are asked for."""
        lines = [{m.bill_line for m in family} - {None} for family in self.families.values()]
        if any(len(of) > 1 for of in lines):
            wanted = {line for of in lines for line in of if line is not None}
            self.recipes = await self.kits.knowing(self.setup, wanted)

    def sort_in(self, found: Iterable[Move]) -> None:
        """Each of these moves into its family, by `ids` and `parents`."""
        roots = set(self.ids.values())
        self.families = {root: [] for root in roots}
        for move in found:
            root = _root(move.picking_id, self.parents, roots)
            if root is not None:
                self.families[root].append(move)

    async def _moves(self, domain: list[object]) -> list[Move]:
        dialect = self.setup.dialect
        answer = await self.rpc.call(
            "stock.move",
            "search_read",
            kwargs={"domain": domain, "fields": move_fields(dialect, kits=self.setup.knows_kits)},
            context=self.setup.company,
        )
        return [Move.of(row, dialect) for row in rows(answer)]

    async def find(self, movements: Sequence[Movement]) -> dict[int, Picking]:
        """Every picking that could be one of these movements, by id, name or origin: one call."""
        keys = [m.key for m in movements]
        ids = [m.erp_id for m in movements if m.erp_id is not None]
        company = ["company_id", "=", self.setup.warehouse.company_id]
        named: list[object] = ["&", company, "|", ["name", "in", keys], ["origin", "in", keys]]
        domain = ["|", ["id", "in", ids], *named] if ids else named
        found = rows(
            await self.rpc.call(
                "stock.picking",
                "search_read",
                kwargs={"domain": domain, "fields": PICKING_FIELDS, "order": "id"},
                context=self.setup.company,
            )
        )
        return {p.id: p for p in map(Picking.of, found)}

    async def _names_taken(self, movements: Sequence[Movement]) -> set[str]:
        keys = [m.key for m in movements]
        domain = [["company_id", "=", self.setup.warehouse.company_id], ["name", "in", keys]]
        found = await self.rpc.call(
            "stock.picking",
            "search_read",
            kwargs={"domain": domain, "fields": ["name"]},
            context=self.setup.company,
        )
        return {str(row["name"]) for row in rows(found)}

    # --- what is known

    def moves(self, key: str) -> list[Move]:
        return self.families.get(self.ids.get(key, 0), [])

    def stuck(self, key: str) -> bool:
        """Whether its open moves lack lots: then none of them is done, rather than some."""
        if (why := lacking(self.moves(key), self.name_of)) is not None:
            self.problems[key] = why
        return why is not None

    def unfinished(self) -> list[str]:
        """Keys whose family has open moves, and that nothing stands against."""
        return [
            key
            for key in self.ids
            if key not in self.doubts and key not in self.problems and any(m.is_open for m in self.moves(key))
        ]

    def _may_go_on(self, picking: int) -> bool:
        return not any(
            key in self.doubts or key in self.problems for key in self._keys("stock.picking", [picking])
        )

    def _keys(self, model: str, ids: Sequence[int]) -> list[str]:
        """The movements that these pickings or moves belong to."""
        wanted = set(ids)
        return [
            key
            for key, root in self.ids.items()
            if (root in wanted and model == "stock.picking")
            or any((m.id if model == "stock.move" else m.picking_id) in wanted for m in self.moves(key))
        ]


def _halves(items: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    middle = len(items) // 2
    return items[:middle], items[middle:]


def _root(picking: int, parents: dict[int, int], roots: set[int]) -> int | None:
    seen: set[int] = set()
    while picking not in roots:
        if picking in seen or picking not in parents:
            return None
        seen.add(picking)
        picking = parents[picking]
    return picking
