"""One more line for a sale order whose total no price of its lines gives (ADR 0018).

Where taxes come on top and are rounded line by line, some amounts are the total of no line: at 19 %, 3 is the
total of neither 2 nor 3 before tax. Two lines together give any amount.
"""

from __future__ import annotations

from dataclasses import replace

from orquestador.erp.odoo.rpc import Transport, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.prices import PricedLine


class Rounding:
    """The service product that the seller named for differences of the smallest amount, if any."""

    def __init__(self, rpc: Transport, sku: str | None) -> None:
        self._rpc, self.sku = rpc, sku

    async def product(self, setup: SetUp) -> int | None:
        """None when none is named, or it is not exactly one service for sale."""
        if self.sku is None:
            return None
        found = rows(
            await self._rpc.call(
                "product.product",
                "search_read",
                kwargs={
                    "domain": [["default_code", "=", self.sku]],
                    "fields": ["type", "sale_ok"],
                    "limit": 2,
                },
                context=setup.company,
            )
        )
        if len(found) != 1 or found[0].get("type") != "service" or not found[0].get("sale_ok"):
            return None
        return int(found[0]["id"])


def parted(
    products: tuple[int, ...], lines: tuple[PricedLine, ...]
) -> tuple[tuple[int, ...], tuple[PricedLine, ...]] | None:
    """The same, with one unit of a line of several in a line of its own; None when there is no such line."""
    for i, line in enumerate(lines):
        if line.units > 1:
            rest, one = replace(line, units=line.units - 1), replace(line, units=1)
            return (*products, products[i]), (*lines[:i], rest, *lines[i + 1 :], one)
    return None
