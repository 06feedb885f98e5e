"""Whether a scarce call is spent now or kept, and what goes along with it (design §7.6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orquestador.flows.context import Context
from orquestador.model.budget import ordinary_wait
from orquestador.model.stock import RETURNS, URGENT
from orquestador.model.work import Work
from orquestador.ports import Channel


class Gathering:
    """The changes of one channel that wait for company although a call is left.

    Forgotten with this process, they wait a little longer: each row has its own time.
    """

    def __init__(self, context: Context, channel: Channel) -> None:
        self._x, self._channel = context, channel
        self._last_push_at = 0.0
        self._waiting: dict[str, None] = {}

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
        return ordinary_wait(budget, channel.budget, now=now, last_push_at=since)

    def hold(self, works: Iterable[Work]) -> None:
        """These wait."""
        self._waiting |= dict.fromkeys(w.id for w in works)

    def forget(self, works: Iterable[Work]) -> None:
        """These were looked at again."""
        for work in works:
            self._waiting.pop(work.id, None)

    async def bring_along(self, works: Sequence[Work], room: int) -> None:
        """Where these go now, as many as there is room for of those that wait are due: a scarce call must not
        be spent on a part of them."""
        if self._waiting and room > 0 and await self.wait(works) is None:
            ids = list(self._waiting)[:room]
            await self._x.journal.touch(ids, "goes_along")
            for work_id in ids:
                del self._waiting[work_id]

    def pushed(self, now: float) -> None:
        self._last_push_at = now
