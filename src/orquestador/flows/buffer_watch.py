"""Automatic buffers change with time, also when nobody sells or counts anything."""

from __future__ import annotations

from collections.abc import Sequence

from orquestador.flows.autobuffer import read_sales
from orquestador.flows.context import Context, stock_lane
from orquestador.flows.rules import rules_of
from orquestador.model.rules import Auto
from orquestador.model.work import State
from orquestador.ports import RuleQuery

LOOK_EVERY_S = 300.0
SKUS_A_TIME = 500


class AutoBuffers:
    """Listings whose buffer is another one by now are looked at again."""

    def __init__(self, context: Context) -> None:
        self._x = context

    async def run_once(self) -> float:
        """Mark them; returns the seconds until the next look."""
        x = self._x
        if x.sales.wanted is None:
            x.sales.wanted = await self._asked_for()
        if x.sales.wanted:
            await read_sales(x)
            skus = sorted(x.sales.skus)
            for start in range(0, len(skus), SKUS_A_TIME):
                await self._look(skus[start : start + SKUS_A_TIME])
        return LOOK_EVERY_S

    async def _asked_for(self) -> bool:
        after: str | None = None
        while True:
            page, after = await self._x.journal.find_rules(RuleQuery(limit=SKUS_A_TIME, after=after))
            if any(rule.fields.buffer is Auto.AUTO for rule in page):
                return True
            if after is None:
                return False

    async def _look(self, skus: Sequence[str]) -> None:
        x, changed = self._x, []
        works = await x.journal.listings_for(skus)
        for channel in sorted({w.channel for w in works} & set(x.channels)):
            mine = [w for w in works if w.channel == channel and w.state is State.SETTLED]
            rules = await rules_of(x, channel, [w.listing for w in mine])
            for work in mine:
                auto = rules[work.ref].auto
                if auto is not None and auto.units != work.listing.auto_buffer:
                    changed.append(work.id)
        if changed:
            await x.journal.touch(changed, "auto_buffer")
            for channel in x.channels:
                await x.queue.wake(stock_lane(channel), ["auto_buffer"])
