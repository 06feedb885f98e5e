"""Which product a SKU is, and what can still be promised of it."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from orquestador.erp.odoo.kits import Kits
from orquestador.erp.odoo.rpc import Row, Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.stock import Availability
from orquestador.ops.serving import serving
from orquestador.ports import Clock, Duplicate, ProductProblem

T = TypeVar("T")

PAGE = 500
"""Records a call; odoo.md §4.3: 45-120 ms."""
CODES_PAGE = 2000
"""Records a call where only SKUs are read."""
LOGGED_SKUS = 50
"""A call for more SKUs than this is not logged under each of them."""
REMEMBERED = 50_000
QUANTITIES = ["qty_available", "free_qty"]
TRACKED = ("lot", "serial")

Found = Row | ProductProblem


class Products:
    """Products by SKU (`default_code`, which Odoo does not keep unique: odoo.md §4.4), and quantities.

    By SKU Odoo is always asked: what a ledger freezes, and the numbers that are published, must not rest on
    what a SKU meant minutes ago. Only product -> SKU is remembered, up to `cache_s` seconds (0 = never used
    for an answer), for readers to whom a wrong SKU costs nothing but speed (docs/adr/0013).
    """

    def __init__(self, rpc: Transport, clock: Clock, cache_s: float, kits: Kits) -> None:
        self._rpc, self._clock, self._cache_s, self._kits = rpc, clock, cache_s, kits
        self._tracked: dict[int, bool] = {}
        self._known: OrderedDict[int, tuple[float, str]] = OrderedDict()

    def forget(self) -> None:
        self._known.clear()

    async def products(self, setup: SetUp, skus: Sequence[str]) -> dict[str, int | ProductProblem]:
        found: dict[str, Found] = {}
        for page in pages(list(dict.fromkeys(skus))):
            found |= await self._look_up(page, setup.product_fields, setup.company, setup)
        return {sku: row if isinstance(row, ProductProblem) else int(row["id"]) for sku, row in found.items()}

    async def availability(
        self, setup: SetUp, skus: Sequence[str]
    ) -> dict[str, Availability | ProductProblem]:
        """Which product a SKU is and what is left of it, in one answer: they cannot disagree."""
        answer: dict[str, Availability | ProductProblem] = {}
        for page in pages(list(dict.fromkeys(skus))):
            as_of = self._clock.now()
            with serving(skus=page if len(page) <= LOGGED_SKUS else ()):
                found = await self._look_up(page, [*setup.product_fields, *QUANTITIES], setup.scope, setup)
                takes = await self._takes(setup, found)
            for sku, row in found.items():
                if isinstance(row, ProductProblem):
                    answer[sku] = row
                    continue
                on_hand, free = float(row["qty_available"]), float(row["free_qty"])
                if (one := takes.get(int(row["id"]), 1.0)) != 1.0:
                    on_hand, free = (float(math.floor(q / one + 1e-6)) for q in (on_hand, free))
                answer[sku] = Availability(
                    sku=sku, available=free, on_hand=on_hand, reserved=on_hand - free, as_of=as_of
                )
        return answer

    async def _look_up(
        self, skus: list[str], fields: list[str], context: dict[str, object], setup: SetUp
    ) -> dict[str, Found]:
        # Archived products too, so that one can say why a SKU is not sold; the condition is in the domain,
        # because in the context it would also change what Odoo counts.
        answer = await self._rpc.call(
            "product.product",
            "search_read",
            kwargs={
                "domain": [["default_code", "in", skus], ["active", "in", [True, False]]],
                "fields": [*fields, "active", *(["company_id"] if setup.also else [])],
            },
            context=context,
        )
        hits: dict[str, list[Row]] = {sku: [] for sku in skus}
        for row in rows(answer):
            # Places of another company are counted too, but its products are not what we sell.
            if (sku := str(row["default_code"])) in hits and ref(row.get("company_id")) not in setup.also:
                hits[sku].append(row)
            self._remember(int(row["id"]), sku)
        found: dict[str, Found] = {}
        for sku, candidates in hits.items():
            found[sku] = _chosen(candidates, setup)
        await self._note_tracked(setup, [r for r in found.values() if not isinstance(r, ProductProblem)])
        return found

    async def _takes(self, setup: SetUp, found: Mapping[str, Found]) -> dict[int, float]:
        """How many of what Odoo counts one of a kit takes, for the kits among these products."""
        kits = [
            int(r["id"]) for r in found.values() if not isinstance(r, ProductProblem) and r.get("is_kits")
        ]
        if not kits:
            return {}
        recipes = await self._kits.recipes(setup)
        return {kit: recipes.takes(kit) for kit in kits}

    async def tracked(self, setup: SetUp, ids: Sequence[int]) -> frozenset[int]:
        """Those of these products that have lots or serial numbers, or kits with such a component, as they
        were when they were last looked up."""
        for page in pages([i for i in ids if i not in self._tracked]):
            read = await self._rpc.call(
                "product.product", "read", page, {"fields": setup.product_fields}, setup.company
            )
            await self._note_tracked(setup, rows(read))
        return frozenset(i for i in ids if self._tracked.get(i))

    async def _note_tracked(self, setup: SetUp, found: Sequence[Row]) -> None:
        kits = [int(row["id"]) for row in found if row.get("is_kits")]
        recipes = await self._kits.recipes(setup) if kits else None
        if len(self._tracked) > REMEMBERED:
            self._tracked.clear()
        for row in found:
            product = int(row["id"])
            inside = recipes is not None and product in kits and recipes.is_tracked(product)
            self._tracked[product] = inside or row.get("tracking") in TRACKED

    async def duplicates(self, setups: Sequence[SetUp]) -> list[Duplicate]:
        """SKUs of several active products, of which at least one is for sale, that one company sees.

        `setups`: one of each company. One product in each of two companies is no twin.
        """
        twins: dict[str, set[int]] = {}
        for setup in setups:
            for sku, same in (await self._coded(setup)).items():
                if len(same) > 1 and any(row["sale_ok"] for row in same):
                    twins.setdefault(sku, set()).update(int(row["id"]) for row in same)
        return [Duplicate(sku, tuple(sorted(ids))) for sku, ids in sorted(twins.items())]

    async def _coded(self, setup: SetUp) -> dict[str, list[Row]]:
        """Every active product with a SKU, by it."""
        found: dict[str, list[Row]] = {}
        last = 0
        while True:
            page = rows(
                await self._rpc.call(
                    "product.product",
                    "search_read",
                    kwargs={
                        "domain": [["id", ">", last], ["default_code", "!=", False]],
                        "fields": ["default_code", "sale_ok"],
                        "order": "id",
                        "limit": CODES_PAGE,
                    },
                    context=setup.company,
                )
            )
            for row in page:
                found.setdefault(str(row["default_code"]), []).append(row)
            if len(page) < CODES_PAGE:
                return found
            last = int(page[-1]["id"])

    async def kept(self, setup: SetUp, ids: Sequence[int]) -> frozenset[int]:
        """Those of these products that exist and are not archived; at most `PAGE`."""
        wanted = {"domain": [["id", "in", list(ids)], ["active", "=", True]], "fields": ["default_code"]}
        found = rows(
            await self._rpc.call("product.product", "search_read", kwargs=wanted, context=setup.company)
        )
        return frozenset(int(row["id"]) for row in found)

    def name_of(self, product: int) -> str:
        """Its SKU where we know it, and its id, for a person."""
        known = self._known.get(product)
        return f"{known[1]} (id {product})" if known else f"with id {product}"

    def known_skus(self, product_ids: Iterable[int]) -> list[str]:
        """The SKUs of those products that were seen before, for a log entry; asks nobody."""
        return [known[1] for i in product_ids if (known := self._known.get(i)) is not None]

    async def skus_of(
        self, setup: SetUp, product_ids: Sequence[int], *, fresh: bool = False
    ) -> dict[int, str]:
        """Products without a SKU, or that no longer exist, are absent. `fresh`: Odoo is asked for each."""
        since = self._clock.now() - self._cache_s
        wanted = list(dict.fromkeys(product_ids))
        answer = {
            i: known[1]
            for i in wanted
            if not fresh and (known := self._known.get(i)) is not None and known[0] > since
        }
        for page in pages([i for i in wanted if i not in answer]):
            read = rows(
                await self._rpc.call(
                    "product.product", "read", page, {"fields": ["default_code"]}, setup.company
                )
            )
            for i in page:
                self._known.pop(i, None)
            for row in read:
                if row.get("default_code"):
                    answer[int(row["id"])] = str(row["default_code"])
                    self._remember(int(row["id"]), str(row["default_code"]))
        return answer

    def _remember(self, product: int, sku: str) -> None:
        self._known[product] = (self._clock.now(), sku)
        self._known.move_to_end(product)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def quantities(self, setup: SetUp, ids: Sequence[int]) -> dict[int, tuple[float, float]]:
        """(on hand, free) of at most `PAGE` products, in the stock location of the warehouse only."""
        answer = await self._rpc.call("product.product", "read", ids, {"fields": QUANTITIES}, setup.scope)
        return {int(r["id"]): (float(r["qty_available"]), float(r["free_qty"])) for r in rows(answer)}


def _chosen(candidates: Sequence[Row], setup: SetUp) -> Found:
    """The product that a SKU means: the one that is not archived."""
    active = [row for row in candidates if row["active"]]
    if len(active) > 1:
        return ProductProblem.DUPLICATE
    if not active:
        return ProductProblem.ARCHIVED if candidates else ProductProblem.UNKNOWN
    return active[0] if setup.dialect.is_stocked(active[0]) else ProductProblem.NOT_STOCKED


def pages(items: Sequence[T]) -> Iterator[list[T]]:
    """The items in lists of at most `PAGE`."""
    for start in range(0, len(items), PAGE):
        yield list(items[start : start + PAGE])
