"""Orders that could still be cancelled are read again every few hours, whatever the channel's list says.

Falabella's list follows the update time of the order, which may not move with its items (falabella.md 2.1): a
cancelled item whose webhook was missed would never show there.
"""

from __future__ import annotations

from orquestador.flows.context import ORDERS_LANE, Context
from orquestador.ports import Channel

PAGE = 500
EVERY_S = 600.0
"""Between two looks."""
AGAIN_S = 3600.0
"""An order that could not be read meanwhile (its channel is away, or knows it no more) is woken again."""


class Reread:
    """Wakes the orders of one channel that nobody has read for long; the fold reads them in batches."""

    def __init__(self, context: Context, channel: Channel) -> None:
        self._x, self._channel = context, channel
        self._woken: dict[str, float] = {}

    async def run_once(self) -> int:
        """Returns how many orders are to be read again."""
        x, name, now = self._x, self._channel.id, self._x.clock.now()
        self._woken = {work: at for work, at in self._woken.items() if now < at + AGAIN_S}
        before = now - max(0.0, x.settings.orders_reread_s - 2 * EVERY_S)
        woken, last = 0, (0.0, "")
        while page := await x.journal.orders_read_before(name, before, PAGE, last):
            last = page[-1]
            ids = [work for _, work in page if work not in self._woken]
            if ids:
                await x.journal.touch(ids, "reread")
                await x.queue.wake(ORDERS_LANE, ids)
                self._woken |= dict.fromkeys(ids, now)
                woken += len(ids)
        if woken:
            x.count("orders_reread", woken)
        return woken
