"""Pickings: documents with a unique name, and what validating one really does (odoo.md 5.2-5.3)."""

from __future__ import annotations

from typing import Any, ClassVar

from orquestador.sandbox.odoo.env import as_ids, public
from orquestador.sandbox.odoo.errors import UserError, ValidationError
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.models import quants
from orquestador.sandbox.odoo.models.locations import StockPickingType, customer_location
from orquestador.sandbox.odoo.models.moves import CLOSED, TINY, StockMove
from orquestador.sandbox.odoo.orm import Model, Values
from orquestador.sandbox.odoo.store import Row


class StockPicking(Model):
    """Transfers; (name, company) is unique in the database."""

    name = "stock.picking"
    order = "id desc"
    unique = (("name", "company_id"),)
    first_id = 161
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", index=True),
        "origin": Field("char", index=True),
        "note": Field("text"),
        "state": Field(
            "selection",
            default="draft",
            index=True,
            selection=("draft", "waiting", "confirmed", "assigned", "done", "cancel"),
        ),
        "move_type": Field("selection", default="direct", selection=("direct", "one")),
        "picking_type_id": Field("many2one", "stock.picking.type", required=True),
        "picking_type_code": Field("char", compute="_codes"),
        "location_id": Field("many2one", "stock.location", required=True),
        "location_dest_id": Field("many2one", "stock.location", required=True),
        "partner_id": Field("many2one", "res.partner"),
        "company_id": Field("many2one", "res.company"),
        "backorder_id": Field("many2one", "stock.picking", index=True),
        "backorder_ids": Field("one2many", "stock.picking", inverse="backorder_id"),
        "move_ids": Field("one2many", "stock.move", inverse="picking_id"),
        "move_ids_without_package": Field("one2many", "stock.move", inverse="picking_id", until=18),
        "move_line_ids": Field("one2many", "stock.move.line", inverse="picking_id"),
        "scheduled_date": Field("datetime"),
        "date_done": Field("datetime"),
        "sale_id": Field("many2one", "sale.order", index=True),
    }

    # -- records -------------------------------------------------------------------------------------------

    def new(self, vals: Values) -> int:
        """A picking with its moves; without a name it takes the next one of its type's sequence."""
        type_id = vals.get("picking_type_id")
        if not type_id:
            raise ValidationError(
                "The operation cannot be completed: missing required field 'picking_type_id'."
            )
        kind = self.env.row("stock.picking.type", int(type_id))
        defaults = {
            "location_id": kind["default_location_src_id"],
            "location_dest_id": kind["default_location_dest_id"] or customer_location(self.env),
            "company_id": kind["company_id"],
            "scheduled_date": self.env.now,
        }
        if vals.get("name") in (None, False, "", "/"):
            defaults["name"] = self.env.of(StockPickingType).next_name(int(type_id))
            vals = {name: value for name, value in vals.items() if name != "name"}
        return super().new({**defaults, **vals})

    def change(self, ids: list[int], vals: Values) -> None:
        """Moves added to a picking that is already open are confirmed at once; a changed operation type gives
        it a new name, and from 18 on the places of that type."""
        vals = dict(vals)
        if vals.get("picking_type_id"):
            self._change_type(ids, vals)
        opened = [row_id for row_id in ids if self._row(row_id)["state"] not in ("draft", *CLOSED)]
        super().change(ids, vals)
        places = {name: vals[name] for name in ("location_id", "location_dest_id") if vals.get(name)}
        if places:
            self._moves.change(self._moves.of_pickings(ids), places)
        if opened:
            self._moves.confirm(self._moves_in(opened, "draft"))

    def remove(self, ids: list[int]) -> None:
        """Draft, open and cancelled pickings can be deleted; one with a done move refuses (recorded)."""
        self._moves.cancel(self._moves.of_pickings(ids))
        self._moves.remove(self._moves.of_pickings(ids))
        super().remove(ids)

    # -- buttons -------------------------------------------------------------------------------------------

    @public(writes=True)
    def action_confirm(self, ids: Any) -> bool:
        """Confirm the draft moves and reserve."""
        listed = self._existing(ids)
        self._moves.confirm(self._moves_in(listed, "draft"))
        return True

    @public(writes=True)
    def action_assign(self, ids: Any) -> bool:
        """Reserve what can be; UserError when nothing is open."""
        listed = self._existing(ids)
        self._moves.confirm(self._moves_in(listed, "draft"))
        todo = self._moves_in(listed, "confirmed", "waiting", "partially_available", "assigned")
        if not todo:
            raise UserError("Nothing to check the availability for.")
        self._moves.assign(todo)
        return True

    @public(writes=True)
    def action_cancel(self, ids: Any) -> bool:
        """Cancel what is open, release the reservation; repeatable; a done one refuses (recorded)."""
        listed = self._existing(ids)
        self._moves.cancel(self._moves.of_pickings(listed))
        for picking_id in listed:
            if not self._moves.of_pickings([picking_id]):
                self.env.store(self.name, picking_id, {"state": "cancel"})
        return True

    @public(writes=True)
    def do_unreserve(self, ids: Any) -> bool:
        """Give back the reservation of open moves."""
        for move_id in self._moves_in(self._existing(ids), "assigned", "partially_available", "confirmed"):
            self._moves.set_quantity(move_id, 0.0)
            self._moves.change([move_id], {"picked": False})
        return True

    @public(writes=True)
    def button_validate(self, ids: Any) -> Any:
        """Do the transfers, in the order of the real server's steps.

        Draft ones are confirmed, and lines that got nothing are filled up (hence silently negative); then the
        checks; then what was reserved is picked; what a line lacks asks for a backorder, or makes it with
        `skip_backorder`. Several at once skip the check for empty ones, so a cancelled one passes in silence.
        """
        listed = self._existing(ids)
        if self.env.version >= 18:  # 17 lets a done one run into the checks (recorded)
            listed = [picking_id for picking_id in listed if self._row(picking_id)["state"] != "done"]
        drafts = [picking_id for picking_id in listed if self._row(picking_id)["state"] == "draft"]
        self._moves.confirm(self._moves_in(drafts, "draft"))
        for move in self._open_moves(drafts):
            if move["quantity"] <= TINY < move["product_uom_qty"]:
                self._moves.set_quantity(move["id"], move["product_uom_qty"])
        self._check(listed)
        for picking_id in listed:
            self._pick_all(picking_id)
        if not self.env.context.get("skip_expired") and (expired := self._expired(listed)):
            return self._expiry_wizard(expired)
        ignores_context = "wizard" in self.env.quirks and bool(self._open_moves(listed))
        if ignores_context or not self.env.context.get("skip_backorder"):
            short = listed if ignores_context else [one for one in listed if self._lacks_something(one)]
            if short:
                return self._backorder_wizard(listed, short)
        self._do(listed)
        return True

    # -- details -------------------------------------------------------------------------------------------

    @property
    def _moves(self) -> StockMove:
        return self.env.of(StockMove)

    def _row(self, picking_id: int) -> Row:
        return self.env.row(self.name, picking_id)

    def _type_of(self, row: Row) -> Row:
        return self.env.row("stock.picking.type", row["picking_type_id"])

    def _change_type(self, ids: list[int], vals: Values) -> None:
        movable = ("draft",) if self.env.version <= 17 else ("draft", "waiting", "confirmed", "assigned")
        if any(self._row(picking_id)["state"] not in movable for picking_id in ids):
            raise UserError("Changing the operation type of this record is forbidden at this point.")
        kind = self.env.row("stock.picking.type", int(vals["picking_type_id"]))
        for picking_id in ids:
            if self._row(picking_id)["picking_type_id"] == kind["id"]:
                continue
            vals.pop("name", None)
            super().change([picking_id], {"name": self.env.of(StockPickingType).next_name(kind["id"])})
            if self.env.version >= 18:
                vals["location_id"] = kind["default_location_src_id"]
                vals["location_dest_id"] = kind["default_location_dest_id"]

    def _existing(self, ids: Any) -> list[int]:
        listed = as_ids(ids)
        for picking_id in listed:
            self._row(picking_id)
        return listed

    def _moves_in(self, ids: list[int], *states: str) -> list[int]:
        return [
            move_id
            for move_id in self._moves.of_pickings(ids)
            if self.env.row("stock.move", move_id)["state"] in states
        ]

    def _open_moves(self, ids: list[int]) -> list[Row]:
        rows = [self.env.row("stock.move", move_id) for move_id in self._moves.of_pickings(ids)]
        return [row for row in rows if row["state"] not in CLOSED]

    def _check(self, ids: list[int]) -> None:
        if any(not self._moves.of_pickings([picking_id]) for picking_id in ids):
            raise UserError(
                "You can't validate an empty transfer. Please add some products to move before proceeding."
            )
        alone = len(ids) == 1
        if alone and all(move["quantity"] <= TINY for move in self._open_moves(ids)):
            raise UserError("You cannot validate a transfer if no quantities are reserved.")
        for move in self._open_moves(ids):
            tracking = self.env.row("product.product", move["product_id"])["tracking"]
            lines = self.env.tx.matching("stock.move.line", "move_id", [move["id"]])
            lotless = [line for line in lines if not self.env.row("stock.move.line", line)["lot_id"]]
            if tracking != "none" and lotless:
                raise UserError("You need to supply a Lot/Serial number for the products.")

    def _pick_all(self, picking_id: int) -> None:
        moves = self._open_moves([picking_id])
        if any(move["quantity"] > TINY for move in moves) and not any(move["picked"] for move in moves):
            for move in moves:
                self.env.store("stock.move", move["id"], {"picked": True})

    def _lacks_something(self, picking_id: int) -> bool:
        if self._type_of(self._row(picking_id))["create_backorder"] != "ask":
            return False
        return any(
            not move["picked"] or move["quantity"] < move["product_uom_qty"] - TINY
            for move in self._open_moves([picking_id])
        )

    def _backorder_wizard(self, ids: list[int], short: list[int]) -> Values:
        return {
            "name": "Create Backorder?",
            "type": "ir.actions.act_window",
            "view_mode": "form",
            "res_model": "stock.backorder.confirmation",
            "views": [[897, "form"]],
            "view_id": 897,
            "target": "new",
            "context": {
                **self.env.context,
                "button_validate_picking_ids": ids,
                "default_show_transfers": len(ids) > 1,
                "default_pick_ids": [[4, picking_id] for picking_id in short],
            },
        }

    def _expired(self, ids: list[int]) -> list[int]:
        """Lots on the lines of these that have expired by now."""
        moves = [move["id"] for move in self._open_moves(ids)]
        lines = sorted(self.env.tx.matching("stock.move.line", "move_id", moves))
        lots = {self.env.row("stock.move.line", line)["lot_id"] for line in lines} - {False}
        return sorted(lot for lot in lots if quants.has_expired(self.env, lot))

    def _expiry_wizard(self, lots: list[int]) -> Values:
        """The question of `product_expiry`, about the whole list (read in public code)."""
        return {
            "name": "Confirmation",
            "type": "ir.actions.act_window",
            "view_mode": "form",
            "res_model": "expiry.picking.confirmation",
            "target": "new",
            "context": {**self.env.context, "default_lot_ids": [[6, 0, lots]]},
        }

    def _do(self, ids: list[int]) -> None:
        for picking_id in ids:
            finished = self._moves.finish(self._moves.of_pickings([picking_id]))
            if finished:  # what asks for nothing and got nothing is not left behind, but cancelled
                idle = [m["id"] for m in self._open_moves([picking_id]) if m["product_uom_qty"] <= TINY]
                self._moves.cancel(idle)
            rest = [move["id"] for move in self._open_moves([picking_id])]
            if not finished or not rest:
                continue
            if self._type_of(self._row(picking_id))["create_backorder"] == "never":
                self._moves.cancel(rest)
            else:
                self._backorder(picking_id, rest)

    def _backorder(self, picking_id: int, rest: list[int]) -> None:
        """A picking of its own for what did not leave: same origin, name from the sequence, reserved anew.

        The document's history says so in the user's name: UserError up to 18 when the user has no address.
        """
        if self.env.version <= 18 and not self.env.row("res.users", self.env.uid)["email"]:
            raise UserError("Unable to send message, please configure the sender's email address.")
        picking = self._row(picking_id)
        kept = (
            "origin",
            "note",
            "move_type",
            "picking_type_id",
            "location_id",
            "location_dest_id",
            "partner_id",
        )
        copied = {name: picking[name] for name in (*kept, "company_id", "scheduled_date", "sale_id")}
        backorder = self.new({**copied, "backorder_id": picking_id})
        for move_id in rest:
            self.env.store("stock.move", move_id, {"picking_id": backorder, "picked": False})
            for line in self.env.tx.matching("stock.move.line", "move_id", [move_id]):
                self.env.store("stock.move.line", line, {"picking_id": backorder})
        self._moves.change(rest, {})
        self.env.store(self.name, picking_id, {"state": "done", "date_done": self.env.now})
        if self._type_of(picking)["reservation_method"] == "at_confirm":
            self._moves.assign(rest)

    def _codes(self, ids: list[int], name: str) -> dict[int, Any]:
        return {picking_id: self._type_of(self._row(picking_id))["code"] for picking_id in ids}
