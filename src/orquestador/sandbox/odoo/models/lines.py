"""The lines of stock moves."""

from __future__ import annotations

from typing import Any, ClassVar

from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.models.units import InOwnUnit
from orquestador.sandbox.odoo.orm import Values


class StockMoveLine(InOwnUnit):
    """From where and of which lot a move takes its units; its quantity is the sum of its lines."""

    name = "stock.move.line"
    first_id = 701
    unit = "product_uom_id"
    shown = ("quantity",)
    fields: ClassVar[dict[str, Field]] = {
        "move_id": Field("many2one", "stock.move", index=True),
        "picking_id": Field("many2one", "stock.picking", index=True),
        "product_id": Field("many2one", "product.product", required=True),
        "product_uom_id": Field("many2one", "uom.uom"),
        "location_id": Field("many2one", "stock.location"),
        "location_dest_id": Field("many2one", "stock.location"),
        "lot_id": Field("many2one", "stock.lot"),
        "quantity": Field("float"),
        "quantity_product_uom": Field("float", compute="_in_product_unit"),
        "picked": Field("boolean", compute="_of_move"),
        "state": Field("char", compute="_of_move"),
    }

    def new(self, vals: Values) -> int:
        """A line of a draft move that names its lot: its units are the move's, its document stays unknown
        (probed on 17, 18 and 19)."""
        move = self.env.row("stock.move", int(vals["move_id"])) if vals.get("move_id") else None
        if move is None:
            return super().new(vals)
        for name in ("product_id", "location_id", "location_dest_id"):
            vals.setdefault(name, move[name])
        vals.setdefault("product_uom_id", move["product_uom"])
        vals = self.inward(vals, vals)
        line = super().new(vals)
        total = move["quantity"] + vals.get("quantity", 0.0)
        self.env.store("stock.move", move["id"], {"quantity": total})
        return line

    def _in_product_unit(self, ids: list[int], name: str) -> dict[int, Any]:
        return {row_id: self.env.row(self.name, row_id)["quantity"] for row_id in ids}

    def _of_move(self, ids: list[int], name: str) -> dict[int, Any]:
        moves = {row_id: self.env.row(self.name, row_id)["move_id"] for row_id in ids}
        return {
            row_id: self.env.row("stock.move", move)[name] if move else False
            for row_id, move in moves.items()
        }
