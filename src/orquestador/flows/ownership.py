"""Who runs what exists once: one ERP lane, one pusher per channel, whatever the number of processes."""

from __future__ import annotations

from orquestador.flows.context import Context


class Ownership:
    """Named leases of this process, prolonged well before they end. Alone in its store, it owns everything.

    A killed owner's lease lapses within `owner_lease_s`, then another process takes over.
    """

    def __init__(self, context: Context) -> None:
        self._x = context
        self._held_until: dict[str, float] = {}

    async def holds(self, name: str) -> bool:
        """True while this process may run `name`; asks the store only when the lease is a third old."""
        x = self._x
        if x.alone:
            return True
        now, ttl_s = x.clock.now(), x.settings.owner_lease_s
        if now < self._held_until.get(name, 0.0) - ttl_s * 2 / 3:
            return True
        if not await x.journal.acquire(name, x.owner, ttl_s):
            self._held_until.pop(name, None)
            return False
        # Counted from before the call: a slow store makes our belief shorter than its lease, never longer.
        self._held_until[name] = now + ttl_s
        return True

    async def prolong(self) -> None:
        """Keep what is held, also while a step takes longer than a lease (an ERP call may last a minute)."""
        x = self._x
        for name in list(self._held_until):
            began = x.clock.now()
            if await x.journal.acquire(name, x.owner, x.settings.owner_lease_s):
                self._held_until[name] = began + x.settings.owner_lease_s
            else:
                self._held_until.pop(name, None)

    async def give_up(self) -> None:
        """A graceful stop: the next process need not wait for the leases to lapse."""
        for name in list(self._held_until):
            await self._x.journal.yield_lease(name, self._x.owner)
        self._held_until.clear()
