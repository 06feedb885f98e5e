"""Which SKUs' stock moved since a cursor: the safety net below Odoo's webhooks (odoo.md §8.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from orquestador.erp.odoo.kits import ANY, Kits
from orquestador.erp.odoo.products import PAGE, Products
from orquestador.erp.odoo.rpc import Row, Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import AuthRefused, Rejected
from orquestador.ports import Changes, Clock

OVERLAP_S = 300.0
"""`write_date` is the start of a transaction: a long one appears behind the cursor (odoo.md §8.2)."""
BILL_MARKS = ["type", "active", "product_qty", "product_uom_id", "bom_line_ids", "write_date"]
LINE_MARKS = ["bom_id", "product_qty", "product_uom_id", "write_date"]
_FORMAT = "%Y-%m-%d %H:%M:%S"


class StockChanges:
    """The cursor is Odoo's own time: the newest `write_date` seen, so that no two clocks are compared.

    What was seen in the overlap before and has not changed is not reported again (forgotten at a restart).
    """

    def __init__(self, rpc: Transport, products: Products, kits: Kits, clock: Clock) -> None:
        self._rpc, self._products, self._kits, self._clock = rpc, products, kits, clock
        self._seen: frozenset[tuple[object, ...]] = frozenset()

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
        bills = await self._bills(setup, start)
        products |= await self._remade(
            setup, {bill for mark, bill in bills.items() if mark not in self._seen}
        )
        recipes = await self._kits.recipes(setup)
        remade = self._kits.changed()
        # Fresh: a product marked under the SKU that it had before would be missed for good.
        moved = sorted(recipes.containing(products | remade))
        skus = await self._products.skus_of(setup, moved, fresh=True)
        # Only now: had a call failed, the next sweep must find these rows new again.
        self._seen = frozenset({*marks, *bills})
        self._kits.told(remade)
        newest = max([cursor, *(_text(_instant(str(row["write_date"]))) for row in marks.values())])
        return Changes(frozenset(skus.values()), newest)

    async def _bills(self, setup: SetUp, start: str) -> dict[tuple[object, ...], int]:
        """Bills of materials that were made or changed, and those of their lines: mark -> bill. Of those that
        a user may not read nothing is known, and nothing is sold as a kit."""
        if not setup.knows_kits:
            return {}
        since = ["write_date", ">=", start]
        either: list[object] = [ANY, "|", since, ["bom_line_ids.write_date", ">=", start]]
        try:
            bills = await self._changed(setup, "mrp.bom", either, BILL_MARKS)
            theirs: list[object] = [["bom_id", "in", [row["id"] for row in bills]], since]
            lines = await self._changed(setup, "mrp.bom.line", theirs, LINE_MARKS) if bills else []
        except (Rejected, AuthRefused):
            return {}
        return {("b", *_print(row)): int(row["id"]) for row in bills} | {
            ("l", *_print(row)): bill for row in lines if (bill := ref(row.get("bom_id"))) is not None
        }

    async def _remade(self, setup: SetUp, bills: set[int]) -> set[int]:
        """What these bills make; from now on the recipes are those that they are now."""
        if not bills:
            return set()
        self._kits.forget()
        return await self._kits.products_of(setup, sorted(bills))

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


def _print(row: Row) -> tuple[object, ...]:
    # Dates are answered in whole seconds: two changes within one are told apart by their quantities.
    return tuple(str(row[name]) for name in sorted(row) if name != "product_id")


def _instant(text: str) -> datetime:
    """Odoo's UTC text; its webhooks and some versions add microseconds."""
    return datetime.strptime(text[:19], _FORMAT).replace(tzinfo=UTC)


def _text(instant: datetime) -> str:
    return instant.strftime(_FORMAT)
