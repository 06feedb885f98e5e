"""Sales and cancellations of the channel's own, other shops' sales, feeds that take minutes: when all is
quiet the channel shows the right number, and nothing was pushed that showed already (P3)."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

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
from orquestador.model.errors import UpstreamError
from orquestador.model.orders import LineState
from orquestador.model.stock import Rule, WriteMeans
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context
from tests.fakes.erp import FakeErp

SKUS = ("A", "B")
INITIAL = 12


class OwnSales(RuleBasedStateMachine):
    """Only the channel's own orders change anything: it lowers and raises its numbers by itself."""

    means = WriteMeans.NET
    number = Rule()

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock(1_000_000.0)
        self.journal: Any = None

    def run(self, work: Awaitable[Any]) -> Any:
        async def wrapped() -> Any:
            return await work

        return self.loop.run(wrapped())

    @initialize(reads=st.sampled_from(WriteMeans))
    def start(self, reads: WriteMeans) -> None:
        self.erp = FakeErp(self.clock.now, dict.fromkeys(SKUS, INITIAL))
        self.channel = FakeChannel(
            self.clock.now,
            dict.fromkeys(SKUS, self.right(INITIAL)),
            write_means=self.means,
            live_means=reads,
        )
        self.moved = dict.fromkeys(SKUS, 0)
        self.journal = self.run(SqliteJournal.open(Path(self.folder.name) / "journal.sqlite3", self.clock))
        x = flow_context(
            self.journal,
            self.clock,
            erp=self.erp,
            channels={"shop": self.channel},
            settings=FlowSettings(feed_first_poll_s=1.0, feed_poll_s=1.0, rules={"shop": self.number}),
        )
        x.gates.report("erp", [])
        x.gates.report("shop", [])
        poll, follower = OrdersPoll(x, self.channel), JobFollower(x, self.channel)
        self.steps: dict[str, Callable[[], Awaitable[Any]]] = {
            "fold": OrderWorker(x).run_once,
            "lane": ErpLane(x, self.erp).run_once,
            "push": Pusher(x, self.erp, self.channel, poll, follower).run_once,
            "jobs": follower.run_once,
            "poll": poll.run_once,
            "erp_poll": ErpPoll(x, self.erp).run_once,
            "catalogue": CataloguePoll(x, self.channel).run_once,
            "upkeep": Upkeep(x).run_once,
        }
        self.run(go_live(x, self.channel, ()))
        for step in ("erp_poll", "catalogue"):
            self.step(step)
        self.clock.advance(10.0)

    def right(self, free: float) -> int:
        """The number for so many free units, by this test's own arithmetic."""
        shown = int(free) - self.number.buffer
        return max(0, shown if self.number.cap is None else min(shown, self.number.cap))

    def step(self, name: str) -> None:
        self.run(self.steps[name]())

    @rule(sku=st.sampled_from(SKUS), units=st.integers(1, 2))
    def sale(self, sku: str, units: int) -> None:
        if self.channel.shown[sku] >= units:
            self.channel.sell(f"o{len(self.channel.orders)}", [(sku, units)])

    @precondition(lambda self: self.channel.orders)
    @rule(data=st.data(), state=st.sampled_from([LineState.CANCELLED, LineState.SHIPPED]))
    def order_moves_on(self, data: st.DataObject, state: LineState) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.channel.orders)))
        if self.channel.orders[order_id]["0"].state is LineState.COMMITTED:
            self.channel.set_state(order_id, "0", state)

    @rule(step=st.sampled_from(["fold", "lane", "push", "push", "jobs", "poll", "erp_poll", "catalogue"]))
    def work(self, step: str) -> None:
        self.step(step)

    @rule(seconds=st.sampled_from([0.5, 3.0, 21.0, 130.0]))
    def time_passes(self, seconds: float) -> None:
        """What is alive folds, and takes and gives back, within seconds."""
        for step in ("fold", "lane", "lane"):
            self.step(step)
        self.clock.advance(seconds)

    @invariant()
    def nothing_is_pushed_that_shows_already(self) -> None:
        if self.journal is not None:
            self.no_needless_push()

    def no_needless_push(self) -> None:
        assert self.channel.feeds == []

    def teardown(self) -> None:
        try:
            if self.journal is not None:
                self.quiet()
                self.no_needless_push()
                for sku in SKUS:
                    lines = [line for order in self.channel.orders.values() for line in order.values()]
                    sold = sum(
                        line.quantity
                        for line in lines
                        if line.sku == sku and line.state is not LineState.CANCELLED
                    )
                    assert self.channel.shown[sku] == self.right(INITIAL + self.moved[sku] - sold), sku
                self.run(self.journal.close())
        finally:
            self.loop.close()
            self.folder.cleanup()

    def quiet(self) -> None:
        self.channel.fault = ""
        for _ in range(8):
            for step in ("upkeep", "poll", "fold", "lane", "lane", "erp_poll", "push", "jobs"):
                self.step(step)
            self.channel.feeds_run()
            self.clock.advance(70.0)
            for step in ("fold", "lane", "push", "jobs"):
                self.step(step)


class OwnSalesGross(OwnSales):
    means = WriteMeans.GROSS


class AllShops(OwnSales):
    """Other shops sell too, so numbers have to be pushed; feeds take as long as they like, and reads fail."""

    @rule(sku=st.sampled_from(SKUS), delta=st.integers(-3, 4))
    def elsewhere(self, sku: str, delta: int) -> None:
        self.erp.move_by_hand(sku, delta)
        self.moved[sku] += delta

    @rule()
    def feeds_end(self) -> None:
        self.channel.feeds_run()

    @rule()
    def a_push_is_lost_sight_of(self) -> None:
        """It arrives, and its answer does not."""
        self.channel.fault = "cut"
        with contextlib.suppress(UpstreamError):
            self.step("push")
        self.channel.fault = ""

    def no_needless_push(self) -> None:
        assert self.channel.needless == []


class AllShopsGross(AllShops):
    means = WriteMeans.GROSS


class AllShopsByRule(AllShops):
    """A cap is shown in full however much is sold: there every own sale has to be made up for."""

    number = Rule(buffer=2, cap=7)


_SETTINGS = settings(
    max_examples=30, stateful_step_count=35, deadline=None, suppress_health_check=list(HealthCheck)
)
TestOwnSales = OwnSales.TestCase
TestOwnSales.settings = _SETTINGS
TestOwnSalesGross = OwnSalesGross.TestCase
TestOwnSalesGross.settings = _SETTINGS
TestAllShops = AllShops.TestCase
TestAllShops.settings = _SETTINGS
TestAllShopsGross = AllShopsGross.TestCase
TestAllShopsGross.settings = _SETTINGS
TestAllShopsByRule = AllShopsByRule.TestCase
TestAllShopsByRule.settings = _SETTINGS
