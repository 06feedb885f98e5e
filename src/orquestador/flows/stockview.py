"""`GET /odoo/stock/{sku}`: what the ERP has, from a short cache that says its age."""

from __future__ import annotations

from orquestador.flows.context import Context
from orquestador.model.errors import Unavailable
from orquestador.model.stock import Availability
from orquestador.ports import ProductProblem

REMEMBERED = 10_000


class StockView:
    """One SKU at a time for people; the flows never read from here."""

    def __init__(self, context: Context, cache_s: float) -> None:
        self._x, self._cache_s = context, cache_s
        self._known: dict[str, Availability] = {}

    async def read(self, sku: str) -> Availability | ProductProblem:
        """Raises Unavailable when the ERP does not answer."""
        known = self._known.get(sku)
        if known is not None and self._x.clock.now() < known.as_of + self._cache_s:
            return known
        if self._x.erp is None:
            raise Unavailable("no ERP is configured")
        answer = (await self._x.erp.availability([sku])).get(sku)
        if answer is None:
            raise Unavailable("the ERP did not answer for this SKU")
        if isinstance(answer, Availability):
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[sku] = answer
        return answer

    def forget(self, sku: str) -> None:
        """It was just changed."""
        self._known.pop(sku, None)
