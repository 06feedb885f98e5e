"""Sale orders, as far as the recorded cases go: load, lines, confirm, read, cancel (odoo.md 5.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from orquestador.sandbox.odoo.env import as_ids, public
from orquestador.sandbox.odoo.errors import UserError
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.models.base import load
from orquestador.sandbox.odoo.models.pickings import StockPicking
from orquestador.sandbox.odoo.orm import Model, Values

TAX = 0.15  # the recorded databases had the default sales tax of 15 %


class SaleOrderLine(Model):
    """What was sold, at which price."""

    name = "sale.order.line"
    fields: ClassVar[dict[str, Field]] = {
        "order_id": Field("many2one", "sale.order", required=True, index=True),
        "product_id": Field("many2one", "product.product", required=True),
        "product_uom_qty": Field("float", default=1.0),
        "price_unit": Field("float"),
        "name": Field("text"),
    }


class SaleOrder(Model):
    """Orders whose confirmation makes a delivery and reserves."""

    name = "sale.order"
    order = "id desc"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", index=True),
        "state": Field("selection", default="draft", selection=("draft", "sent", "sale", "cancel")),
        "partner_id": Field("many2one", "res.partner", required=True),
        "client_order_ref": Field("char", index=True),
        "company_id": Field("many2one", "res.company", default=1),
        "warehouse_id": Field("many2one", "stock.warehouse", default=1),
        "order_line": Field("one2many", "sale.order.line", inverse="order_id"),
        "picking_ids": Field("one2many", "stock.picking", inverse="sale_id"),
        "amount_untaxed": Field("float", compute="_amounts"),
        "amount_tax": Field("float", compute="_amounts"),
        "amount_total": Field("float", compute="_amounts"),
    }

    def new(self, vals: Values) -> int:
        """An order with a name of the sequence."""
        number = self.env.tx.database.next_number("sale.order")
        return super().new({"name": f"S{number:05d}", **vals})

    @public(writes=True)
    def load(self, fields: Sequence[str], data: Sequence[Sequence[Any]]) -> Values:
        """Import by external id; repeating it updates the same order."""
        return load(self, fields, data)

    @public(writes=True)
    def action_confirm(self, ids: Any) -> bool:
        """Make the delivery and reserve; a second time is a UserError (recorded)."""
        pickings = self.env.of(StockPicking)
        for order_id in as_ids(ids):
            order = self.env.row(self.name, order_id)
            if order["state"] not in ("draft", "sent"):
                raise UserError("The following orders are not in a state requiring confirmation.")
            self.env.store(self.name, order_id, {"state": "sale"})
            moves = [self._move(line) for line in sorted(self._lines(order_id))]
            if moves:
                kind = self.env.row("stock.warehouse", order["warehouse_id"])["out_type_id"]
                picking = {
                    "picking_type_id": kind,
                    "origin": self._origin(order),
                    "sale_id": order_id,
                    "move_ids": moves,
                }
                pickings.action_confirm([pickings.new(picking)])
        return True

    @public(writes=True)
    def action_cancel(self, ids: Any) -> Any:
        """Cancel orders and their open deliveries; up to 18 a wizard asks first (odoo.md 5.1)."""
        listed = as_ids(ids)
        confirmed = [one for one in listed if self.env.row(self.name, one)["state"] == "sale"]
        if confirmed and self.env.version <= 18 and not self.env.context.get("disable_cancel_warning"):
            return {
                "name": "Cancel Sales Order",
                "type": "ir.actions.act_window",
                "view_mode": "form",
                "res_model": "sale.order.cancel",
                "target": "new",
                "context": {"default_order_id": confirmed[0]},
            }
        pickings = self.env.of(StockPicking)
        for order_id in listed:
            open_pickings = pickings.select(
                [("sale_id", "=", order_id), ("state", "not in", ["done", "cancel"])]
            )
            pickings.action_cancel(sorted(open_pickings))
            self.env.store(self.name, order_id, {"state": "cancel"})
        return True

    def _lines(self, order_id: int) -> set[int]:
        return self.env.tx.matching("sale.order.line", "order_id", [order_id])

    def _move(self, line_id: int) -> list[Any]:
        line = self.env.row("sale.order.line", line_id)
        vals: Values = {"product_id": line["product_id"], "product_uom_qty": line["product_uom_qty"]}
        if self.env.version <= 18:
            vals["name"] = line["name"] or "sale"
        return [0, 0, vals]

    def _origin(self, order: Mapping[str, Any]) -> str:
        """The order's name; 18 added the customer's reference (odoo.md 5.9)."""
        if self.env.version == 18 and order["client_order_ref"]:
            return f"{order['name']} - {order['client_order_ref']}"
        return str(order["name"])

    def _amounts(self, ids: list[int], name: str) -> dict[int, Any]:
        factor = {"amount_untaxed": 1.0, "amount_tax": TAX, "amount_total": 1.0 + TAX}[name]
        found: dict[int, Any] = {}
        for order_id in ids:
            rows = [self.env.row("sale.order.line", line) for line in self._lines(order_id)]
            found[order_id] = round(
                sum(row["product_uom_qty"] * row["price_unit"] for row in rows) * factor, 2
            )
        return found
