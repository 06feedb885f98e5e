"""A second company with its warehouse, as a person makes one in Odoo."""

from __future__ import annotations

from dataclasses import dataclass

from tests.contract.erp.odoo_world import OdooWorld
from tests.contract.erp.world import RUN

CODE = f"{RUN[1:5]}C"


@dataclass(frozen=True)
class SecondHouse:
    world: OdooWorld
    company: int
    id: int
    code: str
    stock: int
    view_name: str

    async def put(self, sku: str, units: float, place: int | None = None) -> None:
        """From now on there are `units` of it."""
        product = await self.world.product(sku)
        await self.world._hand.set_quantity(product, place or self.stock, units)

    async def shelf(self, sku: str | None = None, units: float = 0) -> str:
        """The full name of a new shelf in its stock, with so many units of a SKU."""
        values = {
            "name": "Shelf 1",
            "usage": "internal",
            "location_id": self.stock,
            "company_id": self.company,
        }
        wanted = [["location_id", "=", self.stock], ["name", "=", "Shelf 1"]]
        found = await self.world.rpc("stock.location", "search", wanted)
        shelf = found[0] if found else await self.world.rpc("stock.location", "create", values)
        if sku is not None:
            await self.put(sku, units, int(shelf))
        row = await self.world.rpc("stock.location", "read", [shelf], ["complete_name"])
        return str(row[0]["complete_name"])

    async def delivery_steps(self, steps: str) -> None:
        await self.world.rpc("stock.warehouse", "write", [self.id], {"delivery_steps": steps})

    async def shut_out(self) -> None:
        """Our user may not enter this company any more."""
        await self._user([3, self.company])

    async def let_in(self) -> None:
        await self._user([4, self.company])

    async def _user(self, command: list[object]) -> None:
        await self.world.rpc("res.users", "write", [await self.world.user()], {"company_ids": [command]})


async def second_house(world: OdooWorld) -> SecondHouse:
    """Made once in a database."""
    found = await world.rpc("stock.warehouse", "search", [["code", "=", CODE]])
    if not found:
        company = await world.rpc("res.company", "create", {"name": f"{RUN}company"})
        values = {"code": CODE, "name": f"{RUN}second", "company_id": company}
        found = [await world.rpc("stock.warehouse", "create", values)]
    fields = ["company_id", "lot_stock_id", "view_location_id"]
    row = (await world.rpc("stock.warehouse", "read", found, fields))[0]
    stock, name = row["lot_stock_id"]
    house = SecondHouse(world, row["company_id"][0], found[0], CODE, stock, name)
    await house.let_in()
    return house
