"""Reads every listed SKU's stock again, in pages: what neither a webhook nor the cursor told (odoo.md §8.2).

Some changes leave no trace that could be followed: another recipe of a kit, a product that was archived, got
another SKU or was made storable.
"""

from __future__ import annotations

from collections.abc import Sequence

from orquestador.flows.context import Context
from orquestador.flows.walk import all_listings
from orquestador.model.errors import PlaceRefused
from orquestador.model.logs import LogStatus
from orquestador.model.places import Scope
from orquestador.model.stock import Availability
from orquestador.model.work import State, Work
from orquestador.ports import Erp, Mark, ProductProblem

"""Listings a page, so at most as many SKUs a call."""
SAME = 1e-6
LOGGED = 50
_PROBLEMS = frozenset(problem.value for problem in ProductProblem)
Answer = Availability | ProductProblem


class ErpSweep:
    """Marks only the listings whose last decision rests on another answer than the ERP gives now."""

    def __init__(self, context: Context, erp: Erp) -> None:
        self._x, self._erp = context, erp
        self._after = ""
        """Where the sweep stands: one that was cut off by an outage goes on there."""
        self._looked = 0
        self._changed: list[str] = []

    async def run_once(self) -> int:
        """One sweep, or the rest of it; returns how many SKUs had changed. Raises Unavailable."""
        x = self._x
        async for works in all_listings(x.journal, after=self._after):
            await self._page([w for w in works if w.listing.managed and not w.listing.missing])
            self._after = works[-1].id
        self._after = ""
        changed, looked = self._changed, self._looked
        self._changed, self._looked = [], 0
        x.count("sweeps")
        if changed:
            x.count("sweep_changes", len(changed))
            x.log(
                "stock.sweep",
                LogStatus.SUCCESS,
                response={"looked": looked, "changed": len(changed), "skus": changed[:LOGGED]},
                skus=changed[:LOGGED],
            )
        return len(changed)

    async def _page(self, works: Sequence[Work]) -> None:
        by_scope: dict[Scope, list[Work]] = {}
        for work in works:
            by_scope.setdefault(self._x.settings.scope_of(work.channel), []).append(work)
        news: set[str] = set()
        for scope, some in by_scope.items():
            skus = sorted({w.listing.sku for w in some})
            try:
                answers = await self._erp.availability(skus, scope)
            except PlaceRefused:
                continue  # its pushes stand still, and all of them are looked at when they go on
            news |= {w.listing.sku for w in some if _is_news(w, answers.get(w.listing.sku))}
            self._looked += len(skus)
        found = sorted(news)
        self._changed += found
        if found:
            marks = [Mark(sku, "sweep") for sku in found]
            await self._x.stock_changed(found)
            await self._x.journal.mark(marks)
            await self._x.wake_stock(marks)


def _is_news(work: Work, answer: Answer | None) -> bool:
    """Whether a push would decide on something else than it did last."""
    listing = work.listing
    if answer is None:
        return False  # not answered is unknown, never a change
    if work.state in (State.DUE, State.WAITING) and listing.job_id is None:
        return False  # it is about to be looked at
    known = listing.available
    if answer is ProductProblem.ARCHIVED and listing.why is not None and known == 0.0:
        return False  # a listing of nothing that is not sent for a reason of its own
    if isinstance(answer, ProductProblem):
        return listing.why != answer.value
    return known is None or listing.why in _PROBLEMS or abs(known - answer.available) > SAME
