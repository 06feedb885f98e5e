"""Whether a scarce call is spent now or kept, and what goes along with it (design §7.6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from orquestador.flows.context import Context
from orquestador.model.budget import ordinary_wait
from orquestador.model.stock import RETURNS, URGENT
from orquestador.model.work import Work
from orquestador.ports import Channel


class Gathering:
    """The listings of one channel whose number should change and that wait for a call.

    Forgotten with this process, they wait a little longer or are looked at once more: each row has its own
    time.
    """

    def __init__(self, context: Context, channel: Channel) -> None:
        self._x, self._channel = context, channel
        self._last_push_at = 0.0
        self._waiting: dict[str, None] = {}
        """Those that wait longest first."""

    async def wait(self, works: Sequence[Work]) -> tuple[float, str] | None:
        """Until when these, whose numbers should change, wait, and the reason; None = they may go now."""
        top = max(w.urgency for w in works)
        if top >= URGENT:
            return None
        channel, now = self._channel, self._x.clock.now()
        budget = await self._x.journal.budget(channel.id, channel.budget)
        # A full batch gains nothing by waiting, and what is back in stock is not sold while it waits.
        together = len(self._waiting.keys() | {w.id for w in works})
        gathered = top >= RETURNS or together >= channel.max_batch
        since = 0.0 if gathered else self._last_push_at
        return ordinary_wait(budget, channel.budget, returns=top >= RETURNS, now=now, last_push_at=since)

    def hold(self, works: Sequence[Work], at: float) -> list[float]:
        """These wait for the call that is free `at`; returns until when each of them waits.

        One call takes a batch: who stands behind so many others waits for a later one.
        """
        self._waiting |= dict.fromkeys(w.id for w in works)
        batch, interval_s = self._channel.max_batch, self._channel.budget.interval_s
        place = {work_id: n // batch for n, work_id in enumerate(self._waiting)}
        return [at if w.urgency >= RETURNS else at + place[w.id] * interval_s for w in works]

    def forget(self, ids: Iterable[str]) -> None:
        """These do not wait any more."""
        for work_id in ids:
            self._waiting.pop(work_id, None)

    async def bring_along(self, works: Collection[Work], room: int) -> None:
        """Where these go now, as many as there is room for of the others that wait are due: a scarce call
        must not be spent on a part of them."""
        if room <= 0 or await self.wait(list(works)) is not None:
            return
        these = {w.id for w in works}
        ids = [work_id for work_id in self._waiting if work_id not in these][:room]
        if ids:
            await self._x.journal.touch(ids, "goes_along")

    def pushed(self, ids: Iterable[str], now: float) -> None:
        """These were sent."""
        self._last_push_at = now
        self.forget(ids)
