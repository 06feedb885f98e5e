"""Whatever is duplicated, reordered, dropped, cancelled, cut off, late or killed: the numbers end right
(P1, P2, P3)."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orquestador.clock import ManualClock
from orquestador.flows.context import FlowSettings
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import go_live
from orquestador.flows.intake import Intake
from orquestador.flows.jobs import JobFollower
from orquestador.flows.operator import retry
from orquestador.flows.orders import OrderWorker
from orquestador.flows.poll import CataloguePoll, ErpPoll, OrdersPoll
from orquestador.flows.push import Pusher
from orquestador.flows.upkeep import Upkeep
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.errors import StoreUnavailable, UpstreamError
from orquestador.model.notices import Notice, NoticeKind
from orquestador.model.orders import LineState, OrderMode
from orquestador.model.work import State
from orquestador.ports import WorkQuery
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context
from tests.fakes.crash import Crash, Fuse, Mortal
from tests.fakes.erp import FakeErp

SKUS = ("A", "B", "C")
INITIAL = 20


class _Away(StoreUnavailable):
    def __init__(self) -> None:
        super().__init__("away")


class Process:
    """One life of the service: its flows over the same journal, ERP and channel."""

    def __init__(self, world: World, number: int) -> None:
        ids = iter(range(10**9))
        fuse = world.fuse
        self.context = flow_context(
            Mortal(Mortal(world.journal, fuse), world.store),
            world.clock,
            erp=Mortal(world.erp, fuse),
            channels={"shop": Mortal(world.channel, fuse)},
            settings=FlowSettings(feed_first_poll_s=1.0, feed_poll_s=1.0, order_modes={"shop": world.mode}),
            owner=f"process-{number}",
            new_id=lambda: f"{number}-{next(ids)}",
        )
        x, channel = self.context, self.context.channels["shop"]
        x.gates.report("erp", [])
        x.gates.report("shop", [])
        assert x.erp is not None
        poll, follower = OrdersPoll(x, channel), JobFollower(x, channel)
        self.intake = Intake(x)
        self.steps: dict[str, Callable[[], Awaitable[Any]]] = {
            "fold": OrderWorker(x).run_once,
            "lane": ErpLane(x, x.erp).run_once,
            "push": Pusher(x, x.erp, channel, poll, follower).run_once,
            "jobs": follower.run_once,
            "poll": poll.run_once,
            "erp_poll": ErpPoll(x, x.erp).run_once,
            "catalogue": CataloguePoll(x, channel).run_once,
            "upkeep": Upkeep(x).run_once,
        }


class World(RuleBasedStateMachine):
    """Orders happen on the channel; signals about them come or do not; the process works, fails and dies."""

    mode = OrderMode.DELIVER

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock(1_000_000.0)
        self.fuse, self.store = Fuse(), Fuse(_Away)
        self.journal: Any = None
        self.lives = 0

    def run(self, work: Awaitable[Any]) -> Any:
        async def wrapped() -> Any:
            return await work

        return self.loop.run(wrapped())

    @initialize()
    def start(self) -> None:
        self.erp = FakeErp(self.clock.now, dict.fromkeys(SKUS, INITIAL))
        self.channel = FakeChannel(self.clock.now, dict.fromkeys(SKUS, INITIAL))
        self.hand_moves = dict.fromkeys(SKUS, 0)
        path = Path(self.folder.name) / "journal.sqlite3"
        self.journal = self.run(SqliteJournal.open(path, self.clock))
        self.process = Process(self, 0)
        self.run(go_live(self.process.context, self.process.context.channels["shop"], ()))
        self.golive = self.process.context.modes.of("shop")
        self.run(self.process.steps["erp_poll"]())
        self.run(self.process.steps["catalogue"]())
        self.clock.advance(10.0)

    @rule(items=st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 3)), min_size=1, max_size=3))
    def order(self, items: list[tuple[str, int]]) -> None:
        self.channel.sell(f"o{len(self.channel.orders)}", items)

    @precondition(lambda self: self.channel.orders)
    @rule(data=st.data(), state=st.sampled_from([LineState.CANCELLED, LineState.SHIPPED]))
    def line_moves_on(self, data: st.DataObject, state: LineState) -> None:
        order_id = data.draw(st.sampled_from(sorted(self.channel.orders)))
        line_id = data.draw(st.sampled_from(sorted(self.channel.orders[order_id])))
        if self.channel.orders[order_id][line_id].state is LineState.COMMITTED:
            self.channel.set_state(order_id, line_id, state)

    @precondition(lambda self: self.channel.orders)
    @rule(data=st.data(), times=st.integers(1, 3))
    def webhook(self, data: st.DataObject, times: int) -> None:
        """A hint about any order, new or old, any number of times: neither order nor number counts."""
        order_id = data.draw(st.sampled_from(sorted(self.channel.orders)))
        notice = Notice(NoticeKind.ORDER, (order_id,), "hint", order_id)
        for _ in range(times):
            self.mortal(
                self.process.intake.accept("shop.order", "shop", notice, b"{}", self.clock.now(), "trace")
            )

    @rule(sku=st.sampled_from(SKUS), delta=st.integers(-3, 5))
    def hand_move(self, sku: str, delta: int) -> None:
        self.erp.move_by_hand(sku, delta)
        self.hand_moves[sku] += delta

    @rule(step=st.sampled_from(["fold", "lane", "push", "jobs", "poll", "erp_poll", "upkeep"]))
    def work(self, step: str) -> None:
        self.mortal(self.process.steps[step]())

    @rule()
    def feeds_run(self) -> None:
        self.channel.feeds_run()

    @rule(seconds=st.sampled_from([0.5, 3.0, 40.0, 130.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(fault=st.sampled_from(["away", "cut", "late"]))
    def erp_fault(self, fault: str) -> None:
        self.erp.fault = fault

    @rule()
    def late_calls_arrive(self) -> None:
        self.erp.late_calls_arrive()

    @rule(fault=st.sampled_from(["away", "cut", "late"]))
    def channel_fault(self, fault: str) -> None:
        self.channel.fault = fault

    @rule(calls=st.integers(0, 12), after=st.booleans())
    def will_die(self, calls: int, after: bool) -> None:
        self.fuse.arm(calls, after=after)

    @rule(calls=st.integers(0, 12), after=st.booleans())
    def the_store_goes_away(self, calls: int, after: bool) -> None:
        """`after`: it commits what it is asked for, and the answers are lost."""
        self.store.arm(calls, after=after)

    @rule()
    def the_store_is_back(self) -> None:
        self.store.disarm()

    @rule()
    def lease_lost(self) -> None:
        """Another runner takes over while this one believes that it still owns its rows."""
        self.run(self.journal.recover("process-"))

    @invariant()
    def the_erp_never_moves_a_unit_twice(self) -> None:
        if not hasattr(self, "erp") or self.journal is None:
            return
        for sku in SKUS:
            everything = sum(
                line.quantity
                for lines in self.channel.orders.values()
                for line in lines.values()
                if line.sku == sku
            )
            taken = INITIAL + self.hand_moves[sku] - self.left(sku)
            assert 0 <= taken <= everything

    def left(self, sku: str) -> float:
        """Units that are in the ERP and promised to nobody; below 0 when more was promised than there is."""
        product = self.erp.product(sku)
        promised = sum(document.open.get(product, 0) for document in self.erp.documents.values())
        return self.erp.stock[sku] - promised

    def mortal(self, work: Awaitable[Any]) -> None:
        try:
            self.run(work)
        except (UpstreamError, StoreUnavailable):
            pass
        except Crash:
            self.fuse.disarm()
            self.lives += 1
            self.run(self.journal.recover("process-"))
            self.process = Process(self, self.lives)
            assert self.golive is not None
            self.process.context.modes.set("shop", self.golive)

    def teardown(self) -> None:
        try:
            if self.journal is not None:
                self.heal()
                self.check()
                self.run(self.journal.close())
        finally:
            self.loop.close()
            self.folder.cleanup()

    def heal(self) -> None:
        """Faults end, nothing new happens: the system must reach the truth by itself."""
        self.fuse.disarm()
        self.store.disarm()
        self.erp.fault = self.channel.fault = ""
        self.erp.late_calls_arrive()
        for _ in range(12):
            for step in ("upkeep", "poll", "fold", "lane", "lane", "erp_poll", "push", "jobs"):
                self.mortal(self.process.steps[step]())
            self.mend()
            self.channel.feeds_run()
            self.clock.advance(70.0)

    def mend(self) -> None:
        """What only a person can do."""

    def check(self) -> None:
        for sku in SKUS:
            sold = sum(
                line.quantity
                for lines in self.channel.orders.values()
                for line in lines.values()
                if line.sku == sku and line.state is not LineState.CANCELLED
            )
            expected = INITIAL + self.hand_moves[sku] - sold
            assert self.left(sku) == expected, sku
            assert self.channel.shown[sku] == max(0, expected), sku
        # An outage alone never makes work dead (P5).
        assert self.run(self.journal.find(WorkQuery(states=(State.DEAD,)))) == ([], None)


class ReservingWorld(World):
    """The same, where sold units are promised and the warehouse sends them when it likes, or a part of
    them; and where somebody changes the setting."""

    mode = OrderMode.RESERVE

    @precondition(lambda self: any(any(d.open.values()) for d in self.erp.documents.values()))
    @rule(data=st.data(), units=st.sampled_from([None, 1]))
    def the_warehouse_sends(self, data: st.DataObject, units: int | None) -> None:
        opened = sorted(key for key, d in self.erp.documents.items() if any(d.open.values()))
        self.erp.ship(data.draw(st.sampled_from(opened)), units)

    @precondition(lambda self: any(any(d.open.values()) for d in self.erp.documents.values()))
    @rule(data=st.data())
    def a_person_cancels(self, data: st.DataObject) -> None:
        """What then is missing goes to a person, who says in the end that it is to be taken again."""
        opened = sorted(key for key, d in self.erp.documents.items() if any(d.open.values()))
        self.erp.cancel_by_hand(data.draw(st.sampled_from(opened)))

    def mend(self) -> None:
        for work in self.run(self.journal.find(WorkQuery(states=(State.DEAD,))))[0]:
            assert work.reason == "cancelled_in_erp"
            self.run(retry(self.process.context, work.id))

    @rule(mode=st.sampled_from(OrderMode))
    def the_setting_changes(self, mode: OrderMode) -> None:
        x = self.process.context
        x.settings = replace(x.settings, order_modes={"shop": mode})

    def check(self) -> None:
        super().check()
        for document in self.erp.documents.values():
            assert not any(q < 0 for q in document.open.values())


_SETTINGS = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestFlows = World.TestCase
TestFlows.settings = _SETTINGS
TestReservingFlows = ReservingWorld.TestCase
TestReservingFlows.settings = _SETTINGS
