"""Which product a SKU is, and what can still be promised of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from orquestador.erp.odoo.rpc import Transport, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.stock import Availability
from orquestador.ops.serving import serving
from orquestador.ports import Clock, ProductProblem

T = TypeVar("T")

PAGE = 500
"""Records a call; odoo.md §4.3: 45-120 ms."""
LOGGED_SKUS = 50
"""A call for more SKUs than this is not logged under each of them."""
HIT_TTL_S = 300.0
MISS_TTL_S = 1.0
"""For products without a SKU. A SKU without a product is not remembered: whoever has just made it retries."""


class Products:
    """Products by SKU (`default_code`, which Odoo does not keep unique: odoo.md §4.4), and quantities."""

    def __init__(self, rpc: Transport, clock: Clock) -> None:
        self._rpc, self._clock = rpc, clock
        self._by_sku: dict[str, tuple[float, int | ProductProblem]] = {}
        self._by_id: dict[int, tuple[float, str]] = {}

    def forget(self) -> None:
        self._by_sku.clear()
        self._by_id.clear()

    async def products(self, setup: SetUp, skus: Sequence[str]) -> dict[str, int | ProductProblem]:
        now = self._clock.now()
        wanted = list(dict.fromkeys(skus))
        stale = [sku for sku in wanted if self._by_sku.get(sku, (0.0, 0))[0] <= now]
        for page in pages(stale):
            await self._look_up(setup, page)
        return {sku: self._by_sku[sku][1] for sku in wanted}

    async def _look_up(self, setup: SetUp, skus: list[str]) -> None:
        # Archived products are not found, on purpose: they are no longer sold.
        found = rows(
            await self._rpc.call(
                "product.product",
                "search_read",
                [[["default_code", "in", skus]]],
                {"fields": setup.product_fields, "context": setup.company},
            )
        )
        now = self._clock.now()
        hits: dict[str, list[int | ProductProblem]] = {sku: [] for sku in skus}
        for row in found:
            stocked = setup.dialect.is_stocked(row)
            hits.setdefault(str(row["default_code"]), []).append(
                int(row["id"]) if stocked else ProductProblem.NOT_STOCKED
            )
        for sku, ids in hits.items():
            value = ids[0] if len(ids) == 1 else ProductProblem.DUPLICATE if ids else ProductProblem.UNKNOWN
            known = not isinstance(value, ProductProblem)
            self._by_sku[sku] = (now + HIT_TTL_S if known else now, value)
            if not isinstance(value, ProductProblem):
                self._by_id[value] = (now + HIT_TTL_S, sku)

    def known_skus(self, product_ids: Iterable[int]) -> list[str]:
        """The SKUs of those products that were seen before; asks nobody."""
        return [known[1] for i in product_ids if (known := self._by_id.get(i)) is not None and known[1]]

    async def skus_of(self, setup: SetUp, product_ids: Sequence[int]) -> dict[int, str]:
        """Products without a SKU, or that no longer exist, are absent."""
        now = self._clock.now()
        wanted = list(dict.fromkeys(product_ids))
        for page in pages([i for i in wanted if self._by_id.get(i, (0.0, ""))[0] <= now]):
            answer = await self._rpc.call(
                "product.product", "read", [page], {"fields": ["default_code"], "context": setup.company}
            )
            for i in page:
                self._by_id[i] = (now + MISS_TTL_S, "")
            for row in rows(answer):
                if row.get("default_code"):
                    self._by_id[int(row["id"])] = (now + HIT_TTL_S, str(row["default_code"]))
        return {i: sku for i in wanted if (sku := self._by_id[i][1])}

    async def availability(
        self, setup: SetUp, skus: Sequence[str]
    ) -> dict[str, Availability | ProductProblem]:
        known = await self.products(setup, skus)
        answer: dict[str, Availability | ProductProblem] = {
            sku: value for sku, value in known.items() if isinstance(value, ProductProblem)
        }
        sku_of = {value: sku for sku, value in known.items() if not isinstance(value, ProductProblem)}
        for page in pages(list(sku_of)):
            as_of = self._clock.now()
            with serving(skus=[sku_of[i] for i in page] if len(page) <= LOGGED_SKUS else ()):
                quantities = await self.quantities(setup, page)
            for product, (on_hand, free) in quantities.items():
                sku = sku_of[product]
                answer[sku] = Availability(
                    sku=sku, available=free, on_hand=on_hand, reserved=on_hand - free, as_of=as_of
                )
        return answer

    async def quantities(self, setup: SetUp, ids: Sequence[int]) -> dict[int, tuple[float, float]]:
        """(on hand, free) of at most `PAGE` products, in the stock location of the warehouse only."""
        answer = await self._rpc.call(
            "product.product",
            "read",
            [list(ids)],
            {"fields": ["qty_available", "free_qty"], "context": setup.scope},
        )
        return {int(r["id"]): (float(r["qty_available"]), float(r["free_qty"])) for r in rows(answer)}


def pages(items: Sequence[T]) -> Iterator[list[T]]:
    """The items in lists of at most `PAGE`."""
    for start in range(0, len(items), PAGE):
        yield list(items[start : start + PAGE])
