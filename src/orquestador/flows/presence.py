"""Who serves this store: every process tells, sees the others, and frees what a dead one held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import structlog

from orquestador.flows.context import Context
from orquestador.model.errors import StoreUnavailable
from orquestador.ports import Process, Standstill

LOOK_AGAIN_S = 0.5
_log = structlog.get_logger(__name__)


class Presence:
    """This process among the others. One that was silent for `owner_lease_s` is dead, and one of this machine
    as soon as its pid is gone: what it had in hand is free again long before its leases lapse.

    A mistake (a process that was only stopped for a while) costs a second look: it finds that its
    compare-and-sets are refused, and the ERP refuses its keys.
    """

    def __init__(self, context: Context, me: Process) -> None:
        self._x, self._me = context, me
        self._told_at: float | None = None

    @property
    def every_s(self) -> float:
        return self._x.settings.owner_lease_s / 3

    async def run_once(self) -> float:
        """Tell, look around, bury the dead; returns the seconds until the next time."""
        x, began = self._x, self._x.clock.now()
        standing = tuple(
            Standstill(loop, series.error, series.since, series.away)
            for loop, series in x.failures.lasting(began).items()
        )
        await x.journal.tell(replace(self._me, standing=standing))
        known = await x.journal.processes()
        lease_s = x.settings.owner_lease_s
        # After an outage of the store nobody could tell, which says nothing about anybody.
        steady = self._told_at is not None and began - self._told_at < lease_s
        self._told_at = began
        dead = [
            p for p in known if p.owner != x.owner and (x.died(p.owner) or (steady and p.silent_s > lease_s))
        ]
        for process in dead:
            freed = await x.journal.leave(process.owner)
            x.count("processes_lost")
            _log.warning(
                "process_lost",
                owner=process.owner,
                role=process.role.value,
                silent_s=round(process.silent_s),
                freed=freed,
            )
        if not steady:
            # The others get the time to tell that we had: as long as that, what was known of them holds.
            silent = {p.owner: p.silent_s for p in x.processes}
            known = [replace(p, silent_s=min(p.silent_s, silent.get(p.owner, p.silent_s))) for p in known]
        buried = {p.owner for p in dead}
        x.processes = [p for p in known if p.owner not in buried]
        # Whoever waits for a worker should not wait for the next round.
        return self.every_s if workers(x) else min(LOOK_AGAIN_S, self.every_s)

    async def leave(self) -> None:
        """A graceful end: whatever this process still held is free at once."""
        try:
            await self._x.journal.leave(self._x.owner)
        except StoreUnavailable as error:
            _log.warning("store_away", loop="leave", detail=error.detail)


def workers(context: Context) -> Sequence[Process]:
    """The processes that run the flows and were heard of lately."""
    return [p for p in context.processes if p.role.works and p.silent_s <= context.settings.owner_lease_s]
