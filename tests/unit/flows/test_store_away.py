"""The journal goes away at any of its calls, having committed or not: nothing is lost, doubled, dead, or in
hand for ever, and the work goes on as soon as it is back (P2, P3, P5)."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from orquestador.clock import ManualClock
from orquestador.flows.context import FlowSettings
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import go_live
from orquestador.flows.jobs import JobFollower
from orquestador.flows.orders import OrderWorker
from orquestador.flows.poll import CataloguePoll, ErpPoll, OrdersPoll
from orquestador.flows.push import Pusher
from orquestador.flows.upkeep import Upkeep
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.errors import StoreUnavailable
from orquestador.model.work import State
from orquestador.ports import WorkQuery
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context
from tests.fakes.crash import Fuse, Mortal
from tests.fakes.erp import FakeErp

SKUS = {"A": 20, "B": 20, "C": 20}
ROUND = ("upkeep", "poll", "fold", "lane", "erp_poll", "push", "jobs")
CALLS = 45
"""More than the journal is asked in two rounds."""
WITHIN_S = 12.0
"""Of the clock, after the journal is back: far less than a lease."""
LOOKED_UP_S = 80.0
"""With a job of which nobody knows whether it was sent."""


class Away(StoreUnavailable):
    def __init__(self) -> None:
        super().__init__("away")


class World:
    """One process with its flows, whose journal can be taken away."""

    def __init__(self, journal: SqliteJournal, clock: ManualClock) -> None:
        self.clock, self.journal, self.store = clock, journal, Fuse(Away)
        self.erp, self.channel = FakeErp(clock.now, dict(SKUS)), FakeChannel(clock.now, dict(SKUS))
        x = flow_context(
            Mortal(journal, self.store),
            clock,
            erp=self.erp,
            channels={"shop": self.channel},
            settings=FlowSettings(feed_first_poll_s=1.0, feed_poll_s=1.0),
            owner="process-1",
        )
        x.gates.report("erp", [])
        x.gates.report("shop", [])
        self.context = x
        poll, follower = OrdersPoll(x, self.channel), JobFollower(x, self.channel)
        self.steps: dict[str, Callable[[], Awaitable[Any]]] = {
            "upkeep": Upkeep(x).run_once,
            "poll": poll.run_once,
            "fold": OrderWorker(x).run_once,
            "lane": ErpLane(x, self.erp).run_once,
            "erp_poll": ErpPoll(x, self.erp).run_once,
            "push": Pusher(x, self.erp, self.channel, poll, follower).run_once,
            "jobs": follower.run_once,
            "catalogue": CataloguePoll(x, self.channel).run_once,
        }

    async def round(self) -> int:
        """Every step once, as the runner does it: one that fails disturbs no other. How many failed."""
        failed = 0
        for name in ROUND:
            try:
                await self.steps[name]()
            except StoreUnavailable:
                failed += 1
        self.channel.feeds_run()
        self.clock.advance(1.0)
        return failed


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = ManualClock(1_000_000.0)
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
    world = World(journal, clock)
    await go_live(world.context, world.channel, ())
    await world.steps["erp_poll"]()
    await world.steps["catalogue"]()
    clock.advance(10.0)
    yield world
    await journal.close()


@pytest.mark.parametrize("committed", [False, True], ids=["before it commits", "after it committed"])
@pytest.mark.parametrize("calls", range(CALLS))
async def test_an_outage_at_any_call_leaves_nothing_behind(world: World, calls: int, committed: bool) -> None:
    world.channel.sell("o1", [("A", 1), ("B", 2)])
    world.channel.sell("o2", [("A", 2)])
    world.store.arm(calls, after=committed)
    for _ in range(3):
        if await world.round():
            break
    world.store.disarm()
    doubtful = any(job.external_id is None for job in await world.journal.open_jobs("shop"))
    end = world.clock.now() + (LOOKED_UP_S if doubtful else WITHIN_S)

    async def unfinished() -> list[str]:
        rows, _ = await world.journal.find(WorkQuery(limit=500))
        return [f"{r.id} {r.state} {r.reason}" for r in rows if r.state is not State.SETTLED]

    while await unfinished() or world.erp.stock != {"A": 17, "B": 18, "C": 20}:
        assert world.clock.now() < end, await unfinished()
        assert not await world.round()
    assert sorted(world.erp.documents) == ["shop/o1/1", "shop/o2/1"]
    assert {s: world.channel.shown[s] for s in SKUS} == {"A": 17, "B": 18, "C": 20}


class Twice(Fuse):
    """Breaks at two calls; the store is well before, between and after them."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(Away)
        self._numbers, self._at = itertools.count(), (first, second)

    def burns(self, *, after: bool) -> bool:
        return not after and next(self._numbers) in self._at


@pytest.mark.parametrize("calls", [*itertools.combinations(range(9), 2)], ids=str)
async def test_an_outage_is_no_error_of_the_row_at_which_it_showed(
    world: World, calls: tuple[int, int]
) -> None:
    world.channel.sell("o1", [("A", 1)])
    for step in ("poll", "fold"):
        await world.steps[step]()
    world.context.journal = Mortal(world.journal, Twice(*calls))
    for _ in range(3):
        with contextlib.suppress(StoreUnavailable):
            await world.steps["lane"]()
    rows, _ = await world.journal.find(WorkQuery(states=(State.DEAD,)))
    assert not rows
