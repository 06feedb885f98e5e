"""Kits: what their bills of materials take, which products they are made of, and when a bill changed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orquestador.erp.odoo.rpc import Row, Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import AuthRefused, Rejected
from orquestador.ports import Clock

TTL_S = 300.0
"""The cursor sees bills that are written; a line that is deleted leaves no trace, so all are read anew."""
VARIANTS = "bom_product_template_attribute_value_ids"
BILL_FIELDS = ["product_id", "product_tmpl_id", "product_qty", "product_uom_id", "sequence"]
LINE_FIELDS = ["bom_id", "product_id", "product_qty", "product_uom_id", VARIANTS]
ANY = ["active", "in", [True, False]]


@dataclass(frozen=True, slots=True)
class BillLine:
    id: int
    product: int
    quantity: float
    unit: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What `makes` of a kit, counted in `unit`, takes."""

    id: int
    makes: float
    unit: int
    lines: tuple[BillLine, ...]
    simple: bool
    """False when a line is meant for some variants only: then it is not known what a kit takes."""


@dataclass(frozen=True, slots=True)
class Unit:
    """`size` in units of its reference, and what quantities in it are multiples of."""

    size: float
    step: float


@dataclass(frozen=True, slots=True)
class Recipes:
    """All kits at one moment."""

    bills: Mapping[int, Bill]
    """By the product that is a kit."""
    above: Mapping[int, frozenset[int]]
    """Component -> the kits that contain it."""
    units: Mapping[int, Unit]
    unit_of: Mapping[int, int]
    """Of kits: what they are sold in."""
    tracked: frozenset[int]
    """Components with lots or serial numbers."""
    lines: frozenset[int]

    def containing(self, products: Iterable[int]) -> set[int]:
        """These products and every kit that contains one of them, kits of kits too (odoo.md §5.4)."""
        known = set(products)
        todo = list(known)
        while todo:
            for kit in self.above.get(todo.pop(), frozenset()) - known:
                known.add(kit)
                todo.append(kit)
        return known

    def leaves(self, kit: int, units: float) -> dict[int, float] | None:
        """What so many of a kit take by each line, in the line's unit and before any rounding; None when that
        cannot be told."""
        bill = self.bills.get(kit)
        if bill is None:
            return None
        return self._leaves(bill, units * self._per(self.unit_of.get(kit), bill.unit) / bill.makes, ())

    def _leaves(self, bill: Bill, times: float, inside: tuple[int, ...]) -> dict[int, float] | None:
        if not bill.simple or bill.id in inside:
            return None
        found: dict[int, float] = {}
        for line in bill.lines:
            inner, quantity = self.bills.get(line.product), times * line.quantity
            if inner is None:
                found[line.id] = found.get(line.id, 0.0) + quantity
                continue
            part = quantity / inner.makes * self._per(line.unit, inner.unit)
            below = self._leaves(inner, part, (*inside, bill.id))
            if below is None:
                return None
            found |= {leaf: found.get(leaf, 0.0) + q for leaf, q in below.items()}
        return found

    def is_tracked(self, kit: int) -> bool:
        """Whether a component has lots or serial numbers."""
        todo, seen = [kit], {kit}
        while todo:
            bill = self.bills.get(todo.pop())
            for line in bill.lines if bill else ():
                if line.product in self.tracked:
                    return True
                if line.product not in seen:
                    seen.add(line.product)
                    todo.append(line.product)
        return False

    def takes(self, kit: int) -> float:
        """How many Odoo takes for one of this kit: it counts in the bill's unit, rounded up, and answers how
        many there are in that unit too, as if it were the kit's own (probed on 17, 18 and 19)."""
        bill, own = self.bills.get(kit), self.unit_of.get(kit)
        if bill is None or own is None or own == bill.unit:
            return 1.0
        step = self.units[bill.unit].step if bill.unit in self.units else 0.01
        return max(step, math.ceil(self._per(own, bill.unit) / step - 1e-9) * step)

    def _per(self, unit: int | None, other: int) -> float:
        """How many of `other` one of `unit` is."""
        one, two = self.units.get(unit or other), self.units.get(other)
        return one.size / two.size if one and two else 1.0


NONE = Recipes({}, {}, {}, {}, frozenset(), frozenset())


class Kits:
    """The recipes, as old as `TTL_S` at most; `forget` when a bill is known to have changed."""

    def __init__(self, rpc: Transport, clock: Clock) -> None:
        self._rpc, self._clock = rpc, clock
        self._known = NONE
        self._until = 0.0
        self._read_once = False
        self._gone: frozenset[int] = frozenset()
        """Lines that moves were made by, and that are no longer there."""
        self._changed: set[int] = set()

    def forget(self) -> None:
        self._until = 0.0

    async def recipes(self, setup: SetUp) -> Recipes:
        """Without the `mrp` module, or the right to read it, there are none."""
        if setup.knows_kits and self._clock.now() >= self._until:
            known = await self._read(setup)
            if self._read_once:
                self._changed |= _differing(self._known, known)
            self._known, self._read_once = known, True
            self._until = self._clock.now() + TTL_S
        return self._known

    async def knowing(self, setup: SetUp, lines: set[int]) -> Recipes:
        """Recipes that say of these lines what they are for, unless they are deleted."""
        known = await self.recipes(setup)
        if lines - known.lines - self._gone:
            self.forget()
            known = await self.recipes(setup)
            self._gone |= lines - known.lines
        return known

    def changed(self) -> frozenset[int]:
        """Kits that were found to be made of something else since `told`."""
        return frozenset(self._changed)

    def told(self, kits: Iterable[int]) -> None:
        """Those changes have reached who publishes them."""
        self._changed -= set(kits)

    async def products_of(self, setup: SetUp, bills: Sequence[int]) -> set[int]:
        """The products that these bills make, kits or not, archived bills too."""
        found = await self._all(setup, "mrp.bom", [["id", "in", list(bills)], ANY], BILL_FIELDS[:2])
        variants = await self._variants(setup, found)
        return {product for row in found for product in _made(row, variants)}

    async def _read(self, setup: SetUp) -> Recipes:
        try:
            bills = await self._all(setup, "mrp.bom", [["type", "=", "phantom"]], BILL_FIELDS)
            lines = (
                await self._all(
                    setup, "mrp.bom.line", [["bom_id", "in", [row["id"] for row in bills]]], LINE_FIELDS
                )
                if bills
                else []
            )
        except (Rejected, AuthRefused):
            return NONE
        if not bills:
            return NONE
        variants = await self._variants(setup, bills)
        parts = sorted({p for row in lines if (p := ref(row.get("product_id"))) is not None})
        tracked = await self._all(
            setup, "product.product", [["id", "in", parts], ["tracking", "!=", "none"], ANY], ["tracking"]
        )
        wanted = {ref(row.get("product_uom_id")) for row in (*bills, *lines)}
        wanted |= {ref(row.get("uom_id")) for row in variants}
        return _recipes(
            bills, lines, variants, await self._units(setup, wanted - {None}), [int(r["id"]) for r in tracked]
        )

    async def _variants(self, setup: SetUp, bills: Sequence[Row]) -> list[Row]:
        templates = sorted({t for row in bills if (t := ref(row.get("product_tmpl_id"))) is not None})
        fields = ["product_tmpl_id", "uom_id"]
        return (
            await self._all(setup, "product.product", [["product_tmpl_id", "in", templates]], fields)
            if templates
            else []
        )

    async def _units(self, setup: SetUp, ids: Iterable[int | None]) -> dict[int, Unit]:
        listed = sorted(i for i in ids if i is not None)
        answer = await self._rpc.call(
            "uom.uom", "read", listed, {"fields": ["factor", "rounding"]}, setup.company
        )
        return {
            int(r["id"]): Unit(setup.dialect.unit_size(float(r["factor"])), float(r["rounding"]))
            for r in rows(answer)
        }

    async def _all(self, setup: SetUp, model: str, domain: list[object], fields: list[str]) -> list[Row]:
        wanted = {"domain": domain, "fields": fields, "order": "id"}
        return rows(await self._rpc.call(model, "search_read", kwargs=wanted, context=setup.company))


def _recipes(
    bills: Sequence[Row],
    lines: Sequence[Row],
    variants: Sequence[Row],
    units: Mapping[int, Unit],
    tracked: Iterable[int],
) -> Recipes:
    of_bill: dict[int, list[Row]] = {}
    for row in lines:
        of_bill.setdefault(ref(row.get("bom_id")) or 0, []).append(row)
    made: dict[int, Bill] = {}
    above: dict[int, set[int]] = {}
    for row in sorted(bills, key=_rank):
        products = _made(row, variants)
        own = of_bill.get(int(row["id"]), [])
        bill = Bill(
            id=int(row["id"]),
            makes=float(row["product_qty"]) or 1.0,
            unit=ref(row.get("product_uom_id")) or 0,
            lines=tuple(_line(line) for line in own),
            simple=not any(line.get(VARIANTS) for line in own),
        )
        for product in products:
            made.setdefault(product, bill)
        for line in bill.lines:
            above.setdefault(line.product, set()).update(products)
    return Recipes(
        bills=made,
        above={component: frozenset(found) for component, found in above.items()},
        units=units,
        unit_of={int(row["id"]): unit for row in variants if (unit := ref(row.get("uom_id"))) is not None},
        tracked=frozenset(tracked),
        lines=frozenset(int(row["id"]) for row in lines),
    )


def _line(row: Row) -> BillLine:
    return BillLine(
        id=int(row["id"]),
        product=ref(row.get("product_id")) or 0,
        quantity=float(row["product_qty"]),
        unit=ref(row.get("product_uom_id")) or 0,
    )


def _rank(bill: Row) -> tuple[int, bool, int]:
    """Which bill Odoo takes where a product has several: by sequence, a variant's own first."""
    return int(bill.get("sequence") or 0), ref(bill.get("product_id")) is None, int(bill["id"])


def _made(bill: Row, variants: Iterable[Row]) -> set[int]:
    """The products that a bill of materials makes: one variant, or all of a template."""
    variant = ref(bill.get("product_id"))
    if variant is not None:
        return {variant}
    template = ref(bill.get("product_tmpl_id"))
    return {int(row["id"]) for row in variants if ref(row.get("product_tmpl_id")) == template}


def _differing(before: Recipes, after: Recipes) -> set[int]:
    return {
        kit
        for kit in before.bills.keys() | after.bills.keys()
        if before.bills.get(kit) != after.bills.get(kit)
    }
