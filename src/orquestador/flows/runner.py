"""Runs the flows as supervised loops: woken by the queue, looking by themselves every second, alive until
told to stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import structlog

from orquestador.flows.buffer_watch import AutoBuffers
from orquestador.flows.context import (
    HINTS_LANE,
    ORDERS_LANE,
    Context,
    jobs_lane,
    stock_lane,
)
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import follow_modes, load_modes
from orquestador.flows.hints import Hints
from orquestador.flows.jobs import JobFollower
from orquestador.flows.orders import OrderWorker
from orquestador.flows.ownership import Ownership
from orquestador.flows.places import lanes
from orquestador.flows.poll import CataloguePoll, ErpPoll, OrdersPoll
from orquestador.flows.presence import Presence
from orquestador.flows.push import Pusher
from orquestador.flows.reconcile import Reconcile, Reconciles
from orquestador.flows.reread import EVERY_S as REREAD_EVERY_S
from orquestador.flows.reread import Reread
from orquestador.flows.rules import RuleTeller
from orquestador.flows.sweep import ErpSweep
from orquestador.flows.upkeep import Checks, Upkeep
from orquestador.model.errors import StoreUnavailable, UpstreamError
from orquestador.ports import Channel, Erp, Process

_log = structlog.get_logger(__name__)
AWAY_S = 1.0
SETTLE_S = 10.0
"""Longer than failed work is put off: a drain that finds nothing meanwhile has not recovered."""
MODES_EVERY_S = 2.0
FINISH_S = 10.0
"""A graceful stop lets the steps that are under way come to their end for so long."""
HOLDING = ("presence", "ownership")
"""These loops keep what is ours ours until the last step has ended."""

Step = Callable[[], Awaitable[int]]
Timed = Callable[[], Awaitable[float | None]]


class Runner:
    """Starts one task per loop and stops them together."""

    def __init__(self, context: Context, hints: Hints, me: Process) -> None:
        self._x, self._hints, self._me = context, hints, me
        self._ownership = Ownership(context)
        self._presence = Presence(context, me)
        self._polls = {c.id: OrdersPoll(context, c) for c in context.channels.values() if c.has_api}
        self.reconciles = Reconciles(context, self._polls)
        self._tasks: list[asyncio.Task[None]] = []
        self._busy: set[str] = set()
        self._stopping = False

    def start(self) -> None:
        """Start every loop that this configuration needs. A process that only answers HTTP looks after the
        hints that it received, and knows how the upstreams are."""
        x = self._x
        _log.info(
            "mode_in_force",
            mode=x.mode,
            paused=x.modes.paused is not None,
            to_stop_writing="orquestador pause",
        )
        channels = [channel for channel in x.channels.values() if channel.has_api]
        self._timed("hints", self._hints.run_once, HINTS_LANE)
        self._timed("modes", self._modes)
        self._timed("presence", self._presence.run_once)
        if x.erp is not None:
            self._timed("check:erp", Checks(x, "erp").run_once)
        for channel in channels:
            self._timed(f"check:{channel.id}", Checks(x, channel.id).run_once)
        if not self._me.role.works:
            return
        self._drain("orders", OrderWorker(x).run_once, ORDERS_LANE, gives_way=True)
        self._timed("upkeep", Upkeep(x).run_once)
        self._timed("rules", RuleTeller(x).run_once)
        self._timed("auto_buffers", AutoBuffers(x).run_once)
        if not x.alone:
            self._timed("ownership", self._prolong)
        if x.erp is not None:
            self._start_erp(x.erp)
        for channel in channels:
            self._start_channel(channel)

    async def _modes(self) -> float:
        """Another process, or a command, may have gone live, paused or resumed."""
        if self._me.role.works:
            await follow_modes(self._x)
        else:
            await load_modes(self._x)
        return MODES_EVERY_S

    async def _prolong(self) -> float:
        await self._ownership.prolong()
        return self._x.settings.owner_lease_s / 3

    def _start_erp(self, erp: Erp) -> None:
        x = self._x
        for lane in lanes(x):
            self._drain(lane.name, self._owned(lane.name, ErpLane(x, erp, lane).run_once), lane.name)
        self._timed("poll:erp", self._poll("erp", ErpPoll(x, erp).run_once, x.settings.erp_poll_s))
        self._timed("sweep:erp", self._poll("erp", ErpSweep(x, erp).run_once, x.settings.erp_sweep_s))

    def _start_channel(self, channel: Channel) -> None:
        x, name = self._x, channel.id
        poll = self._polls[name]
        follower = JobFollower(x, channel)
        self._timed(f"poll:{name}", self._poll(name, poll.run_once, x.settings.orders_poll_s))
        self._timed(f"reread:{name}", self._poll(name, Reread(x, channel).run_once, REREAD_EVERY_S))
        catalogue = CataloguePoll(x, channel)
        self._timed(f"catalogue:{name}", self._poll(name, catalogue.run_once, x.settings.catalogue_poll_s))
        self._timed(f"jobs:{name}", self._follow(name, follower), jobs_lane(name))
        if x.erp is not None:
            pusher = Pusher(x, x.erp, channel, poll, follower)
            self._drain(f"push:{name}", self._owned(name, pusher.run_once), stock_lane(name))
            self._timed(f"reconcile:{name}", self._reconcile(name, self.reconciles.of[name]))

    def _owned(self, owned: str, step: Step) -> Step:
        """The step, in the one process that owns the ERP lane or the channel."""

        async def run() -> int:
            return await step() if await self._ownership.holds(f"owner:{owned}") else 0

        return run

    def _poll(self, owned: str, step: Step, every_s: float) -> Timed:
        """Every `every_s` seconds while we own it and its flow may run, soon again while not."""

        async def run() -> float:
            if self._x.gates.stopped(owned) or not await self._ownership.holds(f"owner:{owned}"):
                return AWAY_S
            await step()
            return every_s

        return run

    def _reconcile(self, owned: str, reconcile: Reconcile) -> Timed:
        """Every `reconcile_s` seconds, in the process that owns the channel."""

        async def run() -> float:
            if not await self._ownership.holds(f"owner:{owned}"):
                return AWAY_S
            return await reconcile.run_when_due(self._x.settings.reconcile_s)

        return run

    def _follow(self, owned: str, follower: JobFollower) -> Timed:
        """Look at open jobs; then the seconds until the next look."""

        async def run() -> float | None:
            if not await self._ownership.holds(f"owner:{owned}"):
                return None
            at = await follower.run_once()
            return None if at is None else max(0.0, at - self._x.clock.now())

        return run

    def _drain(self, name: str, step: Step, lane: str, *, gives_way: bool = False) -> None:
        """Step after step while there is work; one that gives way rests while the intake is busy."""

        async def run() -> None:
            clock = self._x.clock
            while True:
                began = clock.now()
                done = await self._guard(name, step, SETTLE_S)
                if self._stopping:
                    return
                if done is None:
                    await self._x.queue.wait(lane, 1000, self._x.settings.tick_s)
                elif gives_way and (rest_s := self._x.pressure.rest_s(began, clock.now())):
                    await clock.sleep(rest_s)

        self._spawn(name, run)

    def _timed(self, name: str, step: Timed, lane: str | None = None) -> None:
        async def run() -> None:
            while True:
                wait_s = await self._guard(name, step)
                if self._stopping and name not in HOLDING:
                    return
                if lane is None:
                    await self._x.clock.sleep(self._x.settings.tick_s if wait_s is None else wait_s)
                else:
                    most = self._x.settings.tick_s
                    await self._x.queue.wait(lane, 1000, most if wait_s is None else min(most, wait_s))

        self._spawn(name, run)

    async def _guard(
        self, name: str, step: Callable[[], Awaitable[float | int | None]], settle_s: float = 0.0
    ) -> float | None:
        """Run a step. A failing upstream or store makes this loop wait, and no other; 0 and None mean
        nothing to do."""
        failures, clock = self._x.failures, self._x.clock
        self._busy.add(name)
        try:
            result = await step()
        except UpstreamError as error:
            failures.failed(name, error, clock.now(), away=True)
            self._x.count(f"{name}:upstream_away")
            _log.info("upstream_away", loop=name, detail=error.detail)
        except StoreUnavailable as error:
            failures.failed(name, error, clock.now(), away=False)
            self._x.count(f"{name}:store_away")
            _log.warning("store_away", loop=name, detail=error.detail)
        except Exception as error:  # noqa: BLE001 - the edge of a loop: counted, told, and the loop goes on
            failures.failed(name, error, clock.now(), away=False)
            self._x.count(f"{name}:internal_error")
            _log.exception("loop_failed", loop=name)
        else:
            failures.worked(name, clock.now(), settle_s)
            return result or None
        finally:
            self._busy.discard(name)
        if not self._stopping:
            await clock.sleep(AWAY_S)
        return None

    def _spawn(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        async def body() -> None:
            await run()

        self._tasks.append(asyncio.create_task(body(), name=name))

    async def stop(self) -> None:
        """End every loop, then give back what this process holds. Steps that are under way come to their end:
        a call that is cut off in the middle would be a doubt to ask about."""
        self._stopping = True
        _log.info("stopping", under_way=sorted(self._busy))
        ending = [task for task in self._tasks if task.get_name() not in HOLDING]
        for task in ending:
            # A step that ends sees by itself that it was the last.
            if task.get_name() not in self._busy:
                task.cancel()
        if ending:
            await asyncio.wait(ending, timeout=FINISH_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self.reconciles.stop()
        with contextlib.suppress(StoreUnavailable):
            await self._ownership.give_up()
        await self._presence.leave()

    @property
    def ended(self) -> Sequence[str]:
        """Loops that are no more though nobody stopped them."""
        return [task.get_name() for task in self._tasks if task.done()]

    @property
    def names(self) -> Sequence[str]:
        return [task.get_name() for task in self._tasks]
