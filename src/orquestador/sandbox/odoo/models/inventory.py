"""Quants as a client sees them, absolute counts (odoo.md 5.8) and lots."""

from __future__ import annotations

from typing import Any, ClassVar

from orquestador.sandbox.odoo.env import as_ids, public
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.models import quants
from orquestador.sandbox.odoo.models.moves import StockMove
from orquestador.sandbox.odoo.orm import Model, Values

COUNTED = "Product Quantity Updated (Administrator)"


class StockLot(Model):
    """Lots and serial numbers."""

    name = "stock.lot"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "product_id": Field("many2one", "product.product", required=True),
        "company_id": Field("many2one", "res.company", default=1),
        "expiration_date": Field("datetime"),
    }


class StockQuant(Model):
    """Units of a product in one place. A product can have several rows in the same place: sum them."""

    name = "stock.quant"
    first_id = 1401
    fields: ClassVar[dict[str, Field]] = {
        "product_id": Field("many2one", "product.product", required=True, index=True),
        "location_id": Field("many2one", "stock.location", required=True, index=True),
        "lot_id": Field("many2one", "stock.lot"),
        "company_id": Field("many2one", "res.company", default=1),
        "quantity": Field("float"),
        "reserved_quantity": Field("float"),
        "available_quantity": Field("float", compute="_free"),
        "inventory_quantity": Field("float"),
        "inventory_quantity_set": Field("boolean"),
        "inventory_diff_quantity": Field("float"),
        "inventory_quantity_auto_apply": Field("float", compute="_on_hand"),
        "in_date": Field("datetime"),
    }

    @public(writes=True)
    def create(self, vals_list: Any) -> Any:
        """With `inventory_mode` a count on the quant that is there; without, one more row that adds up."""
        if not self.env.context.get("inventory_mode"):
            return super().create(vals_list)
        if isinstance(vals_list, dict):
            return self._counted(dict(vals_list))
        return [self._counted(dict(vals)) for vals in vals_list]

    def change(self, ids: list[int], vals: Values) -> None:
        """A count is noted with the quantity it was made against; `auto_apply` applies it at once."""
        vals = dict(vals)
        applied = vals.pop("inventory_quantity_auto_apply", None)
        if "inventory_quantity" in vals:
            for quant_id in ids:
                on_hand = self.env.row(self.name, quant_id)["quantity"]
                counted = float(vals["inventory_quantity"] or 0.0)
                super().change(
                    [quant_id],
                    {**vals, "inventory_quantity_set": True, "inventory_diff_quantity": counted - on_hand},
                )
        elif vals:
            super().change(ids, vals)
        if applied is not None and self.env.context.get("inventory_mode"):
            self.change(ids, {"inventory_quantity": applied})
            self.action_apply_inventory(ids)

    @public(writes=True)
    def action_apply_inventory(self, ids: Any) -> Values | None:
        """Move the difference in or out; None on success, a wizard on conflict."""
        rows = [self.env.row(self.name, quant_id) for quant_id in as_ids(ids)]
        outdated = [
            row["id"]
            for row in rows
            if row["inventory_quantity_set"]
            and abs(row["inventory_quantity"] - row["inventory_diff_quantity"] - row["quantity"]) > 1e-6
        ]
        if outdated:
            return {
                "name": "Conflict in Inventory Adjustment",
                "type": "ir.actions.act_window",
                "view_mode": "form",
                "res_model": "stock.inventory.conflict",
                "target": "new",
                "context": {"default_quant_ids": as_ids(ids), "default_quant_to_fix_ids": outdated},
            }
        for row in rows:
            if row["inventory_quantity_set"]:
                self._apply(row["id"], row["inventory_quantity"] - row["quantity"])
        return None

    def _counted(self, vals: Values) -> int:
        counted = vals.pop("inventory_quantity", None)
        applied = vals.pop("inventory_quantity_auto_apply", None)
        product, place = int(vals["product_id"]), int(vals["location_id"])
        known = [
            quant_id
            for quant_id in quants.gather(self.env, product, place, int(vals.get("lot_id") or 0))
            if self.env.row(self.name, quant_id)["location_id"] == place
        ]
        quant_id = known[0] if known else self.new(vals)
        if counted is not None:
            self.change([quant_id], {"inventory_quantity": counted})
            if known:
                self.env.created_again(self.name, quant_id)
        if applied is not None:
            self.change([quant_id], {"inventory_quantity_auto_apply": applied})
        return quant_id

    def _apply(self, quant_id: int, difference: float) -> None:
        quant = self.env.row(self.name, quant_id)
        loss = min(self.env["stock.location"].select([("usage", "=", "inventory")]))
        inward = difference > 0
        values: Values = {
            "product_id": quant["product_id"],
            "product_uom_qty": abs(difference),
            "location_id": loss if inward else quant["location_id"],
            "location_dest_id": quant["location_id"] if inward else loss,
            "is_inventory": True,
            "inventory_name": COUNTED,
            "picked": True,
        }
        if self.env.version <= 18:
            values["name"] = "Product Quantity Updated"
        if abs(difference) > 1e-6:
            moves = self.env.of(StockMove)
            move_id = moves.new({**values, "state": "confirmed"})
            moves.count(move_id, quant["lot_id"] or 0, abs(difference))
            moves.finish([move_id])
        self.env.store(
            self.name,
            quant_id,
            {"inventory_quantity": 0.0, "inventory_quantity_set": False, "inventory_diff_quantity": 0.0},
        )

    def _free(self, ids: list[int], name: str) -> dict[int, Any]:
        rows = {quant_id: self.env.row(self.name, quant_id) for quant_id in ids}
        return {quant_id: row["quantity"] - row["reserved_quantity"] for quant_id, row in rows.items()}

    def _on_hand(self, ids: list[int], name: str) -> dict[int, Any]:
        return {quant_id: self.env.row(self.name, quant_id)["quantity"] for quant_id in ids}
