"""What moves amount to where a number alone does not tell: in another unit than the product's, or of several
kits at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from orquestador.erp.odoo.family import TOLERANCE, Move
from orquestador.erp.odoo.rpc import Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.orders import Direction
from orquestador.ports import Movement, Outcome

FIRST_MERGED = 17
"""Up to 16 a line keeps what is reserved and what is done apart, and its own unit."""


async def weighed(rpc: Transport, setup: SetUp, moves: Iterable[Move]) -> list[Move]:
    """The moves, those in another unit with what their lines hold of the product.

    Odoo rounds in the product's unit: one unit of what is kept in dozens reserves 0.08 dozens and reads
    `quantity` 0.96 for a demand of 1 (probed on 17, 18 and 19). Neither number can be compared.
    """
    listed = list(moves)
    uneven = [m.id for m in listed if m.in_another_unit and m.state != "cancel"]
    if not uneven or setup.dialect.major < FIRST_MERGED:
        return listed
    lines = rows(
        await rpc.call(
            "stock.move.line",
            "search_read",
            kwargs={"domain": [["move_id", "in", uneven]], "fields": ["move_id", "quantity_product_uom"]},
            context=setup.company,
        )
    )
    held = dict.fromkeys(uneven, 0.0)
    for line in lines:
        move = ref(line.get("move_id"))
        if move in held:
            held[move] += float(line["quantity_product_uom"])
    return [replace(m, held=held[m.id]) if m.id in held else m for m in listed]


class Grains:
    """Gives back what the unit of a product can express: a third of ten units is 3.33 of them.

    The ledger asks for the exact share and is told what it was (`Outcome.recipes`), so that the last part
    brings what is missing.
    """

    def __init__(self, rpc: Transport) -> None:
        self._rpc = rpc
        self._steps: dict[int, float] = {}
        """By product; a product whose unit changes is another product to Odoo."""

    async def fitted(self, setup: SetUp, movements: Sequence[Movement]) -> list[Movement]:
        """The same movements in quantities that Odoo can keep."""
        uneven = {p for m in movements if m.direction is Direction.IN for p, q in m.items if not _whole(q)}
        await self._read(setup, sorted(uneven - self._steps.keys()))
        return [self._fit(m) if any(p in uneven for p, _ in m.items) else m for m in movements]

    def told(self, asked: Movement, fitted: Movement, found: Outcome) -> Outcome:
        """What was found, in terms of what was asked for."""
        if asked is fitted:
            return found
        moved, recipes = dict(found.moved), dict(found.recipes)
        kept = dict(fitted.items)
        for product, quantity in dict(asked.items).items():
            fit, there = kept.get(product, 0.0), found.moved.get(product, 0.0)
            if fit == quantity or not there or not quantity:
                continue
            moved[product] = quantity if there >= fit - TOLERANCE else there * quantity / fit
            recipes[product] = tuple((p, each * fit / quantity) for p, each in found.recipes.get(product, ()))
        return replace(found, moved=moved, recipes=recipes)

    def _fit(self, movement: Movement) -> Movement:
        sums: dict[int, float] = {}
        for product, quantity in movement.items:
            sums[product] = sums.get(product, 0.0) + quantity
        items = []
        for product, quantity in sums.items():
            step = self._steps.get(product)
            if step and not _whole(quantity):
                quantity = round(max(1, math.floor(quantity / step + 0.5 + TOLERANCE)) * step, 9)
            items.append((product, quantity))
        return replace(movement, items=tuple(items))

    async def _read(self, setup: SetUp, products: list[int]) -> None:
        if not products:
            return
        wanted = {"fields": ["uom_id"]}
        read = rows(await self._rpc.call("product.product", "read", products, wanted, setup.company))
        unit_of = {int(r["id"]): unit for r in read if (unit := ref(r.get("uom_id"))) is not None}
        if unit_of:
            units = await self._rpc.call(
                "uom.uom", "read", sorted(set(unit_of.values())), {"fields": ["rounding"]}, setup.company
            )
            step = {int(r["id"]): float(r["rounding"]) for r in rows(units)}
            self._steps |= {product: step[unit] for product, unit in unit_of.items() if unit in step}


def _whole(quantity: float) -> bool:
    return abs(quantity - round(quantity)) < TOLERANCE
