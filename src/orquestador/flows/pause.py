"""The emergency stop, kept in the journal: it survives a restart and holds in every process.

While paused nothing is written to the ERP or to a channel. Receipts, folds, polls and the reading of job
results go on, so that after `resume` everything catches up by itself. A call that is under way ends.
"""

from __future__ import annotations

from dataclasses import asdict, replace

from pydantic import TypeAdapter

from orquestador.flows.context import Context, stock_lane
from orquestador.flows.events import PAUSE
from orquestador.flows.places import lanes
from orquestador.flows.walk import all_listings
from orquestador.model.errors import OrquestadorError
from orquestador.model.logs import LogStatus
from orquestador.model.pause import Pause
from orquestador.model.work import State

PAUSED = "paused"
"""The name in the journal, and the reason of a listing that waits for `resume`."""
LOOK_AGAIN_S = 30.0


class Held(OrquestadorError):
    """Paused: this was not written, and is done after `resume`."""


async def load_pause(context: Context) -> None:
    """Read whether the installation is paused."""
    stored = await context.journal.get_meta(PAUSED)
    context.modes.paused = None if stored is None else TypeAdapter(Pause).validate_python(stored)


async def paused(context: Context) -> Pause | None:
    """The pause that holds now; where other processes may have paused, the journal is asked."""
    if not context.alone:
        await load_pause(context)
    return context.modes.paused


async def let_write(context: Context) -> None:
    """Asked before each write to another system. Raises Held while paused."""
    if await paused(context) is not None:
        raise Held


async def pause(context: Context, reason: str | None, by: str) -> Pause:
    """Stop every write from now on. Asked again, the first instant stays; a new reason replaces the old."""
    x = context
    await load_pause(x)
    held = x.modes.paused or Pause(x.clock.now(), by, reason)
    held = replace(held, reason=reason or held.reason)
    await x.journal.set_meta(PAUSED, asdict(held))
    x.modes.paused = held
    x.broadcast.publish(PAUSE, {"paused": True})
    x.log("pause", LogStatus.SUCCESS, request={"by": by, "reason": reason})
    return held


async def resume(context: Context, by: str) -> bool:
    """Write again, and look at once at what waited. False when it was not paused."""
    x = context
    await load_pause(x)
    if x.modes.paused is None:
        return False
    await x.journal.set_meta(PAUSED, None)
    x.modes.paused = None
    x.broadcast.publish(PAUSE, {"paused": False})
    x.log("resume", LogStatus.SUCCESS, request={"by": by})
    await _wake_listings(x)
    for lane in lanes(x):
        await x.queue.wake(lane.name, [PAUSED])
    for channel in x.channels:
        await x.queue.wake(stock_lane(channel), [PAUSED])
    return True


async def _wake_listings(context: Context) -> None:
    """Should this be cut off, they are looked at by themselves within LOOK_AGAIN_S."""
    async for works in all_listings(context.journal):
        paused = [w.id for w in works if w.state is State.WAITING and w.reason == PAUSED]
        await context.journal.touch(paused, "resume")
