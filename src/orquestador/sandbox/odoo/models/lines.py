"""The lines of stock moves."""

from __future__ import annotations

from typing import Any, ClassVar

from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.orm import Model


class StockMoveLine(Model):
    """From where and of which lot a move takes its units; its quantity is the sum of its lines."""

    name = "stock.move.line"
    first_id = 701
    fields: ClassVar[dict[str, Field]] = {
        "move_id": Field("many2one", "stock.move", index=True),
        "picking_id": Field("many2one", "stock.picking", index=True),
        "product_id": Field("many2one", "product.product", required=True),
        "location_id": Field("many2one", "stock.location"),
        "location_dest_id": Field("many2one", "stock.location"),
        "lot_id": Field("many2one", "stock.lot"),
        "quantity": Field("float"),
        "picked": Field("boolean", compute="_of_move"),
        "state": Field("char", compute="_of_move"),
    }

    def _of_move(self, ids: list[int], name: str) -> dict[int, Any]:
        moves = {row_id: self.env.row(self.name, row_id)["move_id"] for row_id in ids}
        return {
            row_id: self.env.row("stock.move", move)[name] if move else False
            for row_id, move in moves.items()
        }
