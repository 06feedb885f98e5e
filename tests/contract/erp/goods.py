"""Products that are not simply units on a shelf, as a person makes them in Odoo: other units of measure,
kits, lots and serial numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.contract.erp.odoo_world import OdooWorld
from tests.contract.erp.world import own

NAMES = {"unit": ("Units",), "dozen": ("Dozens", "Dozen"), "kg": ("kg",), "g": ("g",)}
Component = tuple[str, float] | tuple[str, float, str]
"""A SKU, how much of it, and in which unit (default: unit)."""


class Goods:
    """A person's hand on the catalogue of one world."""

    def __init__(self, world: OdooWorld) -> None:
        self._world, self.rpc = world, world.rpc

    async def unit(self, name: str) -> int:
        found = await self.rpc("uom.uom", "search", [["name", "in", list(NAMES[name])]])
        if not found:  # 19 has no dozen until somebody makes it
            values = {"name": "Dozen", "relative_factor": 12, "relative_uom_id": await self.unit("unit")}
            found = [await self.rpc("uom.uom", "create", values)]
        return int(found[0])

    async def product(self, sku: str, units: float = 0, unit: str = "unit", **values: str | bool) -> int:
        """A stocked product that is counted in `unit`, with so many of them on hand."""
        vals = self._world.product_values(sku, **values) | {"uom_id": await self.unit(unit)}
        if self._world.version <= 18 and self._world.server.sandbox is None:
            vals["uom_po_id"] = vals["uom_id"]  # a real one wants both of one category
        product = int(await self.rpc("product.product", "create", vals))
        if units:
            await self.count(product, units)
        return product

    async def count(self, product: int, units: float, lot: int | None = None) -> None:
        count = {"product_id": product, "location_id": self._world.stock_location}
        named = {"lot_id": lot} if lot else {}
        quant = await self.rpc(
            "stock.quant", "create", {**count, **named, "inventory_quantity": units}, inventory_mode=True
        )
        await self.rpc("stock.quant", "action_apply_inventory", [quant])

    async def kit(
        self,
        sku: str,
        components: Sequence[Component],
        *,
        makes: float = 1.0,
        makes_in: str = "unit",
        unit: str = "unit",
    ) -> int:
        """A kit of which one bill makes `makes`; gives the bill."""
        product = await self.product(sku, unit=unit)
        template = (await self.rpc("product.product", "read", [product], ["product_tmpl_id"]))[0]
        bill = {
            "product_tmpl_id": template["product_tmpl_id"][0],
            "type": "phantom",
            "product_qty": makes,
            "product_uom_id": await self.unit(makes_in),
            "bom_line_ids": [[0, 0, await self.line(*component)] for component in components],
        }
        return int(await self.rpc("mrp.bom", "create", bill))

    async def line(self, sku: str, units: float, unit: str = "unit") -> dict[str, Any]:
        """What a bill says about one component."""
        product, counted_in = await self._world.product(sku), await self.unit(unit)
        return {"product_id": product, "product_qty": units, "product_uom_id": counted_in}

    async def lots(self, sku: str, units: Mapping[str, float], tracking: str = "lot") -> dict[str, int]:
        """A product that is tracked, with so many units of each lot; the ids of the lots."""
        product = await self.product(sku, tracking=tracking)
        return {name: await self.lot(product, name, count) for name, count in units.items()}

    async def lot(self, product: int, name: str, units: float) -> int:
        company = (await self.rpc("stock.location", "read", [self._world.stock_location], ["company_id"]))[0]
        values = {"name": own(name), "product_id": product, "company_id": company["company_id"][0]}
        lot = int(await self.rpc("stock.lot", "create", values))
        await self.count(product, units, lot)
        return lot

    async def on_hand_of(self, lots: Mapping[str, int]) -> dict[str, float]:
        """What of each lot is in our stock location."""
        domain = [["lot_id", "in", list(lots.values())], ["location_id", "=", self._world.stock_location]]
        rows = await self.rpc("stock.quant", "search_read", domain, ["lot_id", "quantity"])
        sums = dict.fromkeys(lots, 0.0)
        names = {lot: name for name, lot in lots.items()}
        for row in rows:
            sums[names[row["lot_id"][0]]] += row["quantity"]
        return sums

    async def reserved(self, sku: str) -> float:
        """Promised in our stock location, of whatever lot."""
        domain = [
            ["product_id", "=", await self._world.product(sku)],
            ["location_id", "=", self._world.stock_location],
        ]
        rows = await self.rpc("stock.quant", "search_read", domain, ["reserved_quantity"])
        return float(sum(row["reserved_quantity"] for row in rows))
