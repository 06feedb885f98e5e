"""Which SKUs' stock moved since a cursor: the safety net below Odoo's webhooks (odoo.md §8.2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from orquestador.erp.odoo.products import PAGE, Products
from orquestador.erp.odoo.rpc import Row, Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import AuthRefused, Rejected
from orquestador.ports import Changes, Clock

OVERLAP_S = 300.0
"""`write_date` is the start of a transaction: a long one appears behind the cursor (odoo.md §8.2)."""
KITS_TTL_S = 300.0
_FORMAT = "%Y-%m-%d %H:%M:%S"


class StockChanges:
    """The cursor is Odoo's own time: the newest `write_date` seen, so that no two clocks are compared.

    What was seen in the overlap before and has not changed is not reported again (forgotten at a restart).
    """

    def __init__(self, rpc: Transport, products: Products, clock: Clock) -> None:
        self._rpc, self._products, self._clock = rpc, products, clock
        self._seen: frozenset[tuple[object, ...]] = frozenset()
        self._kits: dict[int, frozenset[int]] = {}
        self._kits_until = 0.0

    async def since(self, setup: SetUp, cursor: str | None) -> Changes:
        if cursor is None:
            return Changes(frozenset(), await self._newest(setup))
        start = _text(_instant(cursor) - timedelta(seconds=OVERLAP_S))
        below = setup.counted
        quants = await self._changed(
            setup,
            "stock.quant",
            [["write_date", ">=", start], ["location_id", "child_of", below]],
            ["product_id", "quantity", "reserved_quantity", "write_date"],
        )
        moves = await self._changed(
            setup,
            "stock.move",
            [
                ["state", "=", "done"],
                ["write_date", ">=", start],
                "|",
                ["location_id", "child_of", below],
                ["location_dest_id", "child_of", below],
            ],
            ["product_id", setup.dialect.done_field, "write_date"],
        )
        marks = {("q", *_print(row)): row for row in quants} | {("m", *_print(row)): row for row in moves}
        new = [row for mark, row in marks.items() if mark not in self._seen]
        products = {p for row in new if (p := ref(row.get("product_id"))) is not None}
        # Fresh: a product marked under the SKU that it had before would be missed for good.
        moved = sorted(await self._with_kits(setup, products))
        skus = await self._products.skus_of(setup, moved, fresh=True)
        # Only now: had a call failed, the next sweep must find these rows new again.
        self._seen = frozenset(marks)
        newest = max([cursor, *(_text(_instant(str(row["write_date"]))) for row in marks.values())])
        return Changes(frozenset(skus.values()), newest)

    async def _changed(self, setup: SetUp, model: str, domain: list[object], fields: list[str]) -> list[Row]:
        found: list[Row] = []
        last = 0
        while True:
            # By id and not by offset: the list changes while it is being read.
            page = rows(
                await self._rpc.call(
                    model,
                    "search_read",
                    kwargs={
                        "domain": [["id", ">", last], *domain],
                        "fields": fields,
                        "order": "id",
                        "limit": PAGE,
                    },
                    context=setup.company,
                )
            )
            found += page
            if len(page) < PAGE:
                return found
            last = int(page[-1]["id"])

    async def _newest(self, setup: SetUp) -> str:
        dates = []
        for model in ("stock.move", "stock.quant"):
            found = rows(
                await self._rpc.call(
                    model,
                    "search_read",
                    kwargs={"domain": [], "fields": ["write_date"], "order": "write_date desc", "limit": 1},
                    context=setup.company,
                )
            )
            dates += [_text(_instant(str(row["write_date"]))) for row in found]
        # An empty database has no time of its own; ours, minus a day, cannot be ahead of it.
        return max(dates, default=_text(datetime.fromtimestamp(self._clock.now(), UTC) - timedelta(days=1)))

    async def _with_kits(self, setup: SetUp, products: set[int]) -> set[int]:
        """These products and every kit that contains one of them, kits of kits too (odoo.md §5.4)."""
        if products and self._clock.now() >= self._kits_until:
            self._kits = await self._read_kits(setup)
            self._kits_until = self._clock.now() + KITS_TTL_S
        known, todo = set(products), list(products)
        while todo:
            for kit in self._kits.get(todo.pop(), frozenset()) - known:
                known.add(kit)
                todo.append(kit)
        return known

    async def _read_kits(self, setup: SetUp) -> dict[int, frozenset[int]]:
        """Component -> kits. Without the `mrp` module, or the right to read it, there are none."""
        context = setup.company
        try:
            boms = rows(
                await self._rpc.call(
                    "mrp.bom",
                    "search_read",
                    kwargs={
                        "domain": [["type", "=", "phantom"]],
                        "fields": ["product_id", "product_tmpl_id"],
                    },
                    context=context,
                )
            )
            lines = rows(
                await self._rpc.call(
                    "mrp.bom.line",
                    "search_read",
                    kwargs={
                        "domain": [["bom_id", "in", [row["id"] for row in boms]]],
                        "fields": ["bom_id", "product_id"],
                    },
                    context=context,
                )
                if boms
                else []
            )
        except (Rejected, AuthRefused):
            return {}
        templates = sorted({t for row in boms if (t := ref(row.get("product_tmpl_id"))) is not None})
        variants = rows(
            await self._rpc.call(
                "product.product",
                "search_read",
                kwargs={"domain": [["product_tmpl_id", "in", templates]], "fields": ["product_tmpl_id"]},
                context=context,
            )
            if templates
            else []
        )
        kits_of_bom = {int(row["id"]): _kits(row, variants) for row in boms}
        kits: dict[int, set[int]] = {}
        for line in lines:
            component, bom = ref(line.get("product_id")), ref(line.get("bom_id"))
            if component is not None and bom is not None:
                kits.setdefault(component, set()).update(kits_of_bom.get(bom, ()))
        return {component: frozenset(found) for component, found in kits.items()}


def _kits(bom: Row, variants: Iterable[Row]) -> set[int]:
    """The products that a bill of materials makes: one variant, or all of a template."""
    variant = ref(bom.get("product_id"))
    if variant is not None:
        return {variant}
    template = ref(bom.get("product_tmpl_id"))
    return {int(row["id"]) for row in variants if ref(row.get("product_tmpl_id")) == template}


def _print(row: Row) -> tuple[object, ...]:
    # Dates are answered in whole seconds: two changes within one are told apart by their quantities.
    return tuple(str(row[name]) for name in sorted(row) if name != "product_id")


def _instant(text: str) -> datetime:
    """Odoo's UTC text; its webhooks and some versions add microseconds."""
    return datetime.strptime(text[:19], _FORMAT).replace(tzinfo=UTC)


def _text(instant: datetime) -> str:
    return instant.strftime(_FORMAT)
