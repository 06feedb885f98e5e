"""Warehouses, operation types and locations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from orquestador.sandbox.odoo import companies
from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.orm import Model, Values

TRACKED_USAGES = ("internal", "transit")  # the only places whose units are counted and reserved


class StockLocation(Model):
    """Places, in a tree; `complete_name` is what many2one fields show."""

    name = "stock.location"
    parent = "location_id"
    order = "complete_name, id"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "complete_name": Field("char", compute="_display_names"),
        "location_id": Field("many2one", "stock.location"),
        "usage": Field(
            "selection",
            default="internal",
            selection=("supplier", "view", "internal", "customer", "inventory", "production", "transit"),
        ),
        "active": Field("boolean", default=True),
        "company_id": Field("many2one", "res.company"),
        "warehouse_id": Field("many2one", "stock.warehouse"),
        "parent_path": Field("char", compute="_paths"),
    }

    def _paths(self, ids: list[int], name: str) -> dict[int, str]:
        """The ids from the top down to each, such as `1/7/8/`."""
        paths = {}
        for row_id in ids:
            row, path = self.env.row(self.name, row_id), f"{row_id}/"
            while row["location_id"]:
                path = f"{row['location_id']}/{path}"
                row = self.env.row(self.name, row["location_id"])
            paths[row_id] = path
        return paths

    def display_names(self, ids: Iterable[int]) -> dict[int, str]:
        """The path; a `view` parent at the root is shown, a real one without a parent too."""
        shown = {}
        for row_id in ids:
            row = self.env.tx.get(self.name, row_id)
            if row is None:
                continue
            parts = [str(row["name"])]
            while row["location_id"]:
                row = self.env.row(self.name, row["location_id"])
                parts.insert(0, str(row["name"]))
            shown[row_id] = "/".join(parts)
        return shown


class StockWarehouse(Model):
    """Warehouses."""

    name = "stock.warehouse"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True, index=True),
        "code": Field("char", required=True, index=True),
        "active": Field("boolean", default=True),
        "company_id": Field("many2one", "res.company", default=1),
        "view_location_id": Field("many2one", "stock.location"),
        "lot_stock_id": Field("many2one", "stock.location"),
        "in_type_id": Field("many2one", "stock.picking.type"),
        "out_type_id": Field("many2one", "stock.picking.type"),
        "int_type_id": Field("many2one", "stock.picking.type"),
        "delivery_steps": Field(
            "selection", default="ship_only", selection=("ship_only", "pick_ship", "pick_pack_ship")
        ),
        "reception_steps": Field(
            "selection", default="one_step", selection=("one_step", "two_steps", "three_steps")
        ),
    }
    unique = (("code", "company_id"), ("name", "company_id"))

    def new(self, vals: Values) -> int:
        """A warehouse with its places and operation types."""
        env = self.env
        company, code = vals.get("company_id") or companies.of_call(env)[0], str(vals["code"])
        places, types = env["stock.location"], env["stock.picking.type"]
        view = places.new({"name": code, "usage": "view", "company_id": company})
        stock = places.new({"name": "Stock", "location_id": view, "company_id": company})
        named = {"company_id": company, "view_location_id": view, "lot_stock_id": stock}
        house = super().new({**vals, **named})
        places.change([view, stock], {"warehouse_id": house})
        # 17 leaves the other side of deliveries empty (odoo.md 5.2).
        customers = customer_location(env) if env.version >= 18 else False
        made = {}
        for name, kind, sequence, source, dest in (
            ("Receipts", "incoming", "IN", False, stock),
            ("Delivery Orders", "outgoing", "OUT", stock, customers),
            ("Internal Transfers", "internal", "INT", stock, stock),
        ):
            made[kind] = types.new(
                {
                    "name": name,
                    "code": kind,
                    "sequence_code": sequence,
                    "warehouse_id": house,
                    "company_id": company,
                    "default_location_src_id": source,
                    "default_location_dest_id": dest,
                }
            )
        self.change(
            [house],
            {
                "in_type_id": made["incoming"],
                "out_type_id": made["outgoing"],
                "int_type_id": made["internal"],
            },
        )
        return house


class StockPickingType(Model):
    """Operation types: what a picking is (delivery, receipt, internal) and how it reserves and splits."""

    name = "stock.picking.type"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "code": Field(
            "selection", required=True, selection=("incoming", "outgoing", "internal", "mrp_operation")
        ),
        "active": Field("boolean", default=True),
        "sequence_code": Field("char", required=True),
        "warehouse_id": Field("many2one", "stock.warehouse"),
        "company_id": Field("many2one", "res.company", default=1),
        "reservation_method": Field(
            "selection", default="at_confirm", selection=("at_confirm", "manual", "by_date")
        ),
        "create_backorder": Field("selection", default="ask", selection=("ask", "always", "never")),
        "default_location_src_id": Field("many2one", "stock.location"),
        "default_location_dest_id": Field("many2one", "stock.location"),
        "use_create_lots": Field("boolean", default=True),
        "use_existing_lots": Field("boolean", default=True),
    }

    def display_names(self, ids: Iterable[int]) -> dict[int, str]:
        """`warehouse: type`, as recorded."""
        shown = {}
        for row_id in ids:
            row = self.env.tx.get(self.name, row_id)
            if row is None:
                continue
            warehouse = (
                self.env.tx.get("stock.warehouse", row["warehouse_id"]) if row["warehouse_id"] else None
            )
            shown[row_id] = f"{warehouse['name']}: {row['name']}" if warehouse else str(row["name"])
        return shown

    def next_name(self, type_id: int) -> str:
        """The next document name of this type, such as WH/OUT/00025."""
        row = self.env.row(self.name, type_id)
        warehouse = self.env.tx.get("stock.warehouse", row["warehouse_id"]) if row["warehouse_id"] else None
        prefix = f"{warehouse['code']}/{row['sequence_code']}/" if warehouse else f"{row['sequence_code']}/"
        return f"{prefix}{self.env.tx.database.next_number(prefix):05d}"


def is_tracked(env: Env, location_id: int) -> bool:
    """Whether stock here is counted and can be reserved; customers, suppliers and losses are bottomless."""
    return env.row("stock.location", location_id)["usage"] in TRACKED_USAGES


def customer_location(env: Env) -> int:
    """The place deliveries go to when the operation type names none (17, odoo.md 5.2)."""
    return min(env["stock.location"].select([("usage", "=", "customer")]))
