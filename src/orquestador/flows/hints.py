"""The ERP's webhooks: early, repeated, sometimes phantom (odoo.md 8.1). Coalesced here, looked at three
times."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from orquestador.flows.context import HINTS_LANE, Context
from orquestador.model.errors import UpstreamError
from orquestador.ports import Erp, Mark

SAME_HINT_S = 1.0


class Hints:
    """In memory on purpose: the cursor is the promise, a hint is only speed.

    Odoo 17 and 18 call before they commit, so a look at once would read the old number: 2 s, 30 s and 150 s
    later.
    """

    def __init__(self, context: Context, erp: Erp | None) -> None:
        self._x, self._erp = context, erp
        self._heap: list[tuple[float, str]] = []
        self._last: dict[str, float] = {}

    def products(self, product_ids: Iterable[int]) -> None:
        """These products may have changed. Never blocks, never raises."""
        self._add(f"p{product_id}" for product_id in product_ids)

    def skus(self, skus: Iterable[str]) -> None:
        self._add(f"s{sku}" for sku in skus)

    def _add(self, keys: Iterable[str]) -> None:
        now = self._x.clock.now()
        for key in keys:
            if self._last.get(key, -SAME_HINT_S) > now - SAME_HINT_S:
                continue
            self._last[key] = now
            for delay in self._x.settings.hint_delays_s:
                heapq.heappush(self._heap, (now + delay, key))

    async def run_once(self) -> float | None:
        """Mark what is due; returns the seconds until the next look, None = there is none."""
        now, keys = self._x.clock.now(), set()
        while self._heap and self._heap[0][0] <= now:
            keys.add(heapq.heappop(self._heap)[1])
        if keys:
            await self._mark(keys)
        if not self._heap:
            self._last.clear()
            return None
        return max(0.0, self._heap[0][0] - self._x.clock.now())

    async def _mark(self, keys: set[str]) -> None:
        x, skus = self._x, {key[1:] for key in keys if key.startswith("s")}
        products = [int(key[1:]) for key in keys if key.startswith("p")]
        if products and self._erp is not None:
            try:
                skus |= set((await self._erp.skus_of(products)).values())
            except UpstreamError:
                # The cursor finds them when the ERP is back.
                x.count("hints_dropped")
        if skus:
            await x.stock_changed(skus)
            marks = [Mark(sku, "hint") for sku in sorted(skus)]
            await x.journal.mark(marks)
            await x.wake_stock(marks)

    async def wake(self) -> None:
        """Tell the runner that something was added."""
        await self._x.queue.wake(HINTS_LANE, ["hint"])
