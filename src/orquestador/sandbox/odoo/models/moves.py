"""Stock moves: confirm, reserve, write quantities, cancel and do them (odoo.md 5; recorded answers)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from orquestador.sandbox.odoo.env import as_ids
from orquestador.sandbox.odoo.errors import UserError, ValidationError
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.models import kits, quants, uoms
from orquestador.sandbox.odoo.models.locations import is_tracked
from orquestador.sandbox.odoo.models.units import OWN, InOwnUnit
from orquestador.sandbox.odoo.orm import Values
from orquestador.sandbox.odoo.store import Row

CLOSED = ("done", "cancel")
TINY = 1e-6


class StockMove(InOwnUnit):
    """The movement of one product. `name` is required up to 18 and gone in 19 (odoo.md 5.1)."""

    name = "stock.move"
    first_id = 501
    unit = "product_uom"
    shown = ("product_uom_qty", "quantity")
    written = "product_uom_qty"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True, until=18),
        "picking_id": Field("many2one", "stock.picking", index=True),
        "product_id": Field("many2one", "product.product", required=True, index=True),
        "product_uom": Field("many2one", "uom.uom"),
        "product_uom_qty": Field("float", default=1.0),
        OWN: Field("float"),
        "product_qty": Field("float", compute="_demand"),
        "quantity": Field("float"),
        "picked": Field("boolean"),
        "has_tracking": Field("char", compute="_tracking"),
        "state": Field(
            "selection",
            default="draft",
            index=True,
            selection=("draft", "waiting", "confirmed", "partially_available", "assigned", "done", "cancel"),
        ),
        "location_id": Field("many2one", "stock.location", required=True),
        "location_dest_id": Field("many2one", "stock.location", required=True),
        "picking_type_id": Field("many2one", "stock.picking.type"),
        "company_id": Field("many2one", "res.company", default=1),
        "origin": Field("char"),
        "reference": Field("char", compute="_references"),
        "inventory_name": Field("char"),
        "description_picking": Field("text"),
        "is_inventory": Field("boolean"),
        "date": Field("datetime"),
        "bom_line_id": Field("many2one", "mrp.bom.line"),
        "move_line_ids": Field("one2many", "stock.move.line", inverse="move_id"),
    }

    # -- records -------------------------------------------------------------------------------------------

    def new(self, vals: Values) -> int:
        """A draft move; what it does not say comes from its picking."""
        if vals.get("product_id"):
            unit = uoms.of_product(self.env, int(vals["product_id"]))
            vals = {**vals, "product_uom": vals.get("product_uom") or unit}
            vals = self.inward(vals, vals)
        quantity = float(vals.pop("quantity", 0.0) or 0.0)
        if vals.get("picking_id"):
            picking = self.env.row("stock.picking", int(vals["picking_id"]))
            for name in ("location_id", "location_dest_id", "picking_type_id", "company_id"):
                vals.setdefault(name, picking[name])
        move_id = super().new({**vals, "date": self.env.now})
        if quantity:
            self.set_quantity(move_id, quantity)
        self._settle([move_id])
        return move_id

    def change(self, ids: list[int], vals: Values) -> None:
        """Writing `quantity` reserves more or less; on a done move it takes stock again (design.md 6.7)."""
        shown = {name: vals[name] for name in self.shown if name in vals}
        unit = {"product_uom": int(vals["product_uom"])} if vals.get("product_uom") else {}
        inward = {move_id: self.inward({**self._row(move_id), **unit}, shown) for move_id in ids}
        quantity = vals.get("quantity")
        vals = {name: value for name, value in vals.items() if name not in self.shown} | (
            {"product_uom_qty": vals["product_uom_qty"]} if "product_uom_qty" in vals else {}
        )
        for move_id in ids:
            demand = {name: v for name, v in inward[move_id].items() if name != "quantity"}
            if vals:
                super().change([move_id], {**vals, **demand})
        if "product_uom_qty" in vals:
            self._demand_written(ids)
        if quantity is not None:
            for move_id in ids:
                self.set_quantity(move_id, inward[move_id]["quantity"])
        self._settle(ids)

    def remove(self, ids: list[int]) -> None:
        """Only draft and cancelled moves can go."""
        if any(self._row(move_id)["state"] not in ("draft", "cancel") for move_id in ids):
            raise UserError("You can only delete draft or cancelled moves.")
        self._drop(ids)

    def of_pickings(self, picking_ids: Iterable[int]) -> list[int]:
        """The moves of pickings, in order."""
        return sorted(self.env.tx.matching(self.name, "picking_id", picking_ids))

    # -- what happens to them ------------------------------------------------------------------------------

    def confirm(self, ids: Iterable[int]) -> list[int]:
        """Draft moves become real: kits opened, equal lines merged, units reserved where the type says so."""
        confirmed: list[int] = []
        for move_id in ids:
            if self._row(move_id)["state"] == "draft":
                confirmed += self._open_kit(move_id)
        for move_id in confirmed:
            self.env.store(self.name, move_id, {"state": "confirmed"})
            for line in self._lines(move_id):  # quantities given at creation were not promised yet
                quants.reserve(
                    self.env, line["product_id"], line["location_id"], line["lot_id"] or 0, line["quantity"]
                )
            self._recompute(move_id)
        confirmed = self._merge(confirmed)
        self.assign([move_id for move_id in confirmed if self._reserves_itself(self._row(move_id))])
        self._settle(confirmed)
        return confirmed

    def assign(self, ids: Iterable[int]) -> None:
        """Reserve what is free; a place that is not counted gives everything at once."""
        for move_id in ids:
            move = self._row(move_id)
            if move["state"] not in ("confirmed", "waiting", "partially_available"):
                continue
            self._reserve(move, move["product_uom_qty"] - move["quantity"])
            self._recompute(move_id)
        self._settle(ids)

    def cancel(self, ids: Iterable[int]) -> None:
        """Give back what was reserved; a done move refuses."""
        listed = list(ids)
        if any(self._row(move_id)["state"] == "done" for move_id in listed):
            raise UserError(
                "You cannot cancel a stock move that has been set to 'Done'. Create a return instead."
            )
        for move_id in listed:
            self._set_lines(self._row(move_id), 0.0)
            self.env.store(self.name, move_id, {"state": "cancel", "picked": False})
        self._settle(listed)

    def set_quantity(self, move_id: int, quantity: float) -> None:
        """Make the quantity of a move what a person wrote, whatever is in stock."""
        move = self._row(move_id)
        if quantity > move["quantity"] + TINY:
            self._force(move, quantity - move["quantity"])
        else:
            self._set_lines(move, quantity)
        self._recompute(move_id)

    def count(self, move_id: int, lot: int, quantity: float) -> None:
        """An open move takes so much of one lot (0: of none), from its own place and no place below."""
        move = self._row(move_id)
        self._add_line(move, move["location_id"], lot, quantity)
        quants.reserve(self.env, move["product_id"], move["location_id"], lot, quantity)

    def finish(self, ids: Iterable[int]) -> list[int]:
        """Do the picked moves and return them; what one lacks becomes a new, confirmed move beside it."""
        todo = [
            move
            for move in map(self._row, ids)
            if move["state"] not in CLOSED and move["quantity"] > TINY and move["picked"]
        ]
        for move in todo:
            if move["quantity"] < move["product_uom_qty"] - TINY:
                self._split_rest(move)
        for move in todo:
            self._do(self._row(move["id"]))
        self._settle([move["id"] for move in todo])
        return [move["id"] for move in todo]

    def relevant_state(self, picking_id: int) -> str:
        """The state of a picking that follows from its moves; empty when it has none."""
        states = [self._row(move_id)["state"] for move_id in self.of_pickings([picking_id])]
        if not states:
            return ""
        if "draft" in states:
            return "draft"
        if all(state == "cancel" for state in states):
            return "cancel"
        if all(state in CLOSED for state in states):
            return "done"
        if any(state in ("assigned", "partially_available") for state in states):
            return "assigned"
        return "waiting" if "waiting" in states else "confirmed"

    # -- details -------------------------------------------------------------------------------------------

    def _demand_written(self, ids: list[int]) -> None:
        """An open move that had more reserved than it now asks for lets go of all of it, until the next
        `action_assign`."""
        for move_id in ids:
            move = self._row(move_id)
            if move["state"] in (*CLOSED, "draft"):
                continue
            if move["quantity"] > move["product_uom_qty"] + TINY:
                self._set_lines(move, 0.0)
            self._recompute(move_id)

    def _row(self, move_id: int) -> Row:
        return self.env.row(self.name, move_id)

    def _lines(self, move_id: int) -> list[Row]:
        ids = self.env.tx.matching("stock.move.line", "move_id", [move_id])
        return [self.env.row("stock.move.line", line_id) for line_id in sorted(ids)]

    def _bypasses(self, move: Row) -> bool:
        """Whether the units need not be reserved: not counted there, or not counted at all."""
        return not is_tracked(self.env, move["location_id"]) or not quants.is_storable(
            self.env, move["product_id"]
        )

    def _reserves_itself(self, move: Row) -> bool:
        if self._bypasses(move) or not move["picking_type_id"]:
            return True
        kind = self.env.row("stock.picking.type", move["picking_type_id"])
        return bool(kind["reservation_method"] == "at_confirm")

    def _open_kit(self, move_id: int) -> list[int]:
        move = self._row(move_id)
        unit = uoms.of_product(self.env, move["product_id"])
        parts = kits.explode(self.env, move["product_id"], move["product_uom_qty"], unit)
        if parts is None:
            return [move_id]
        if move["quantity"]:
            if self.env.version >= 18:
                raise UserError("The quantity of a kit cannot be set before its components are known.")
            return [move_id]  # 17: the kit moves itself and its components stay (odoo.md 5.4)
        self._drop([move_id])
        kit = self.env["product.product"].display_names([move["product_id"]])[move["product_id"]]
        shared = {
            name: value for name, value in move.items() if name not in ("id", "create_date", "write_date")
        } | {"description_picking": move["description_picking"] or kit}
        found = []
        for part in parts:
            own = {"product_id": part.product, "product_uom": part.unit, "product_uom_qty": part.quantity}
            stored = self.inward(own, own)
            if part.quantity > TINY >= stored["product_uom_qty"] and self.env.version <= 18:
                raise ValidationError("The quantity is too small for the unit of the product.")
            found.append(self.env.insert(self.name, {**shared, **stored, "bom_line_id": part.line}))
        return found

    def _merge(self, ids: list[int]) -> list[int]:
        """Lines of one picking that differ in the quantity only become one move, the first of them."""
        kept: list[int] = []
        first: dict[tuple[Any, ...], int] = {}
        pickings = {self._row(move_id)["picking_id"] for move_id in ids} - {False}
        for move_id in sorted({*ids, *self.of_pickings(pickings)}):
            move = self._row(move_id)
            if move["state"] in (*CLOSED, "draft"):
                continue
            names = (
                "picking_id",
                "product_id",
                "location_id",
                "location_dest_id",
                "product_uom",
                "bom_line_id",
            )
            key = tuple(move[name] for name in (*names, "description_picking"))
            if not move["picking_id"] or key not in first:
                first[key] = move_id
                if move_id in ids:
                    kept.append(move_id)
                continue
            target = self._row(first[key])
            for line in self._lines(move_id):
                self.env.store("stock.move.line", line["id"], {"move_id": target["id"]})
            self.env.store(
                self.name,
                target["id"],
                {
                    "product_uom_qty": target["product_uom_qty"] + move["product_uom_qty"],
                    "quantity": target["quantity"] + move["quantity"],
                    OWN: 0.0,
                },
            )
            self.env.delete(self.name, move_id)
            self._recompute(target["id"])
            if target["id"] not in kept:
                kept.append(target["id"])
        return kept

    def _reserve(self, move: Row, wanted: float) -> None:
        if wanted <= TINY:
            return
        if self._bypasses(move):
            self._add_line(move, move["location_id"], 0, wanted)
            return
        for location, lot, part in quants.pick(self.env, move["product_id"], move["location_id"], wanted):
            self._add_line(move, location, lot, part)
            quants.reserve(self.env, move["product_id"], location, lot, part)

    def _force(self, move: Row, more: float) -> None:
        """Add units whether they are there or not; on a done move they leave at once."""
        if move["state"] == "done":
            self._add_line(move, move["location_id"], 0, more)
            self._shift(move, move["location_id"], 0, more)
            return
        if move["state"] == "draft":
            self._add_line(move, move["location_id"], 0, more)
            return
        before = move["quantity"]
        self._reserve(move, more)
        rest = before + more - self._row(move["id"])["quantity"]
        if rest > TINY:
            self._add_line(move, move["location_id"], 0, rest)
            quants.reserve(self.env, move["product_id"], move["location_id"], 0, rest)

    def _add_line(self, move: Row, location: int, lot: int, quantity: float) -> None:
        for line in self._lines(move["id"]):
            if line["location_id"] == location and (line["lot_id"] or 0) == lot:
                self.env.store("stock.move.line", line["id"], {"quantity": line["quantity"] + quantity})
                break
        else:
            self.env.insert(
                "stock.move.line",
                {
                    "move_id": move["id"],
                    "picking_id": move["picking_id"],
                    "product_id": move["product_id"],
                    "product_uom_id": move["product_uom"],
                    "location_id": location,
                    "location_dest_id": move["location_dest_id"],
                    "lot_id": lot or False,
                    "quantity": quantity,
                },
            )
        self.env.store(self.name, move["id"], {"quantity": self._row(move["id"])["quantity"] + quantity})

    def _set_lines(self, move: Row, quantity: float) -> None:
        """Shrink the lines to `quantity`, the last ones first, and give back what they held."""
        excess = move["quantity"] - quantity
        for line in reversed(self._lines(move["id"])):
            part = min(excess, line["quantity"])
            if part <= TINY:
                break
            excess -= part
            if move["state"] == "done":
                self._shift(move, line["location_id"], line["lot_id"] or 0, -part)
            elif move["state"] != "draft":
                quants.reserve(self.env, move["product_id"], line["location_id"], line["lot_id"] or 0, -part)
            if line["quantity"] - part <= TINY:
                self.env.delete("stock.move.line", line["id"])
            else:
                self.env.store("stock.move.line", line["id"], {"quantity": line["quantity"] - part})
        self.env.store(self.name, move["id"], {"quantity": quantity})

    def _shift(self, move: Row, location: int, lot: int, quantity: float) -> None:
        quants.change(self.env, move["product_id"], location, lot, -quantity)
        quants.change(self.env, move["product_id"], move["location_dest_id"], lot, quantity)

    def _do(self, move: Row) -> None:
        """Per line: give the promise back, then move the units. Webhooks see both steps (odoo.md 8.1)."""
        for line in self._lines(move["id"]):
            lot = line["lot_id"] or 0
            quants.reserve(self.env, move["product_id"], line["location_id"], lot, -line["quantity"])
            self._shift(move, line["location_id"], lot, line["quantity"])
        demand = max(move["product_uom_qty"], move["quantity"])
        self.env.store(
            self.name, move["id"], {"state": "done", "product_uom_qty": demand, "date": self.env.now}
        )

    def _split_rest(self, move: Row) -> None:
        rest = move["product_uom_qty"] - move["quantity"]
        self.env.store(self.name, move["id"], {"product_uom_qty": move["quantity"], OWN: 0.0})
        shared = {
            name: value for name, value in move.items() if name not in ("id", "create_date", "write_date")
        }
        self.env.insert(
            self.name,
            {
                **shared,
                "product_uom_qty": rest,
                OWN: 0.0,
                "quantity": 0.0,
                "picked": False,
                "state": "confirmed",
            },
        )

    def _recompute(self, move_id: int) -> None:
        move = self._row(move_id)
        if move["state"] in (*CLOSED, "draft"):
            return
        if move["quantity"] >= move["product_uom_qty"] - TINY:
            state = "assigned"
        else:
            state = "partially_available" if move["quantity"] > TINY else "confirmed"
        self.env.store(self.name, move_id, {"state": state})

    def _drop(self, ids: list[int]) -> None:
        for move_id in ids:
            for line in self._lines(move_id):
                self.env.delete("stock.move.line", line["id"])
            self.env.delete(self.name, move_id)

    def _settle(self, ids: Iterable[int]) -> None:
        """Write the state of the pickings these moves belong to."""
        rows = [
            row for move_id in as_ids(list(ids)) if (row := self.env.tx.get(self.name, move_id)) is not None
        ]
        for picking_id in {row["picking_id"] for row in rows} - {False}:
            state = self.relevant_state(picking_id)
            if state and state != self.env.row("stock.picking", picking_id)["state"]:
                changes: Values = {"state": state}
                if state == "done":
                    changes["date_done"] = self.env.now
                self.env.store("stock.picking", picking_id, changes)

    def _demand(self, ids: list[int], name: str) -> dict[int, Any]:
        return {move_id: self._row(move_id)["product_uom_qty"] for move_id in ids}

    def _tracking(self, ids: list[int], name: str) -> dict[int, Any]:
        products = {move_id: self._row(move_id)["product_id"] for move_id in ids}
        return {move_id: self.env.row("product.product", p)["tracking"] for move_id, p in products.items()}

    def _references(self, ids: list[int], name: str) -> dict[int, Any]:
        found: dict[int, Any] = {}
        for move_id in ids:
            move = self._row(move_id)
            picking = self.env.tx.get("stock.picking", move["picking_id"]) if move["picking_id"] else None
            found[move_id] = picking["name"] if picking else move["inventory_name"]
        return found
