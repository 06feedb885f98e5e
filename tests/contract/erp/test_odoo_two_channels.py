"""Two channels sell one SKU, each from a warehouse of its own: both flows over an Odoo, end to end."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.erp.odoo import OdooErp
from orquestador.flows.context import Context, FlowSettings
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import go_live
from orquestador.flows.jobs import JobFollower
from orquestador.flows.movements import MovementDesk
from orquestador.flows.orders import OrderWorker
from orquestador.flows.places import lanes, remember_houses
from orquestador.flows.poll import CataloguePoll, OrdersPoll
from orquestador.flows.push import Pusher
from orquestador.flows.stockview import StockView
from orquestador.flows.upkeep import Checks
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.orders import Direction, LineState, ManualMovement, Order
from orquestador.model.places import Scope
from orquestador.model.stock import Availability
from orquestador.ports import Mark
from tests.contract.erp.odoo_world import OdooWorld, adapter_of
from tests.contract.erp.second import SecondHouse, second_house
from tests.contract.erp.world import RUN, UNITS, A
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context

HERE, THERE = "here", "there"


@dataclass
class Shops:
    """One service with two channels, driven by hand."""

    world: OdooWorld
    second: SecondHouse
    first: str
    clock: ManualClock
    journal: SqliteJournal
    erp: OdooErp
    channels: dict[str, FakeChannel]
    context: Context

    async def configure(self, **scopes: Scope) -> None:
        """As after a new start with these settings."""
        self.context.settings = replace(self.context.settings, scopes=scopes)
        for channel in self.channels:
            await remember_houses(self.context, channel)

    async def fold(self, channel: str, order_id: str) -> None:
        await self.journal.touch([f"order:{channel}:{order_id}"], "test")
        await OrderWorker(self.context).run_once()

    async def sell(self, channel: str, order_id: str, units: int) -> None:
        self.channels[channel].sell(order_id, [(A, units)])
        await self.fold(channel, order_id)

    async def cancel(self, channel: str, order_id: str) -> None:
        self.channels[channel].set_state(order_id, "0", LineState.CANCELLED)
        await self.fold(channel, order_id)

    async def lanes(self) -> None:
        """Every lane, until nothing is to do."""
        for lane in lanes(self.context):
            while await ErpLane(self.context, self.erp, lane).run_once():
                self.clock.advance(0.1)

    async def push(self) -> None:
        await self.journal.mark([Mark(A, "test")])
        for channel in self.channels.values():
            follower = JobFollower(self.context, channel)
            orders = OrdersPoll(self.context, channel)
            self.clock.advance(6.0)
            pusher = Pusher(self.context, self.erp, channel, orders, follower)
            # What the look before a push finds is folded first.
            while await pusher.run_once() and await OrderWorker(self.context).run_once():
                self.clock.advance(1.0)
            channel.feeds_run()
            self.clock.advance(6.0)
            await follower.run_once()

    def shown(self) -> tuple[int, int]:
        return self.channels[HERE].shown[A], self.channels[THERE].shown[A]

    async def in_odoo(self) -> tuple[float, float]:
        here = (await self.erp.availability([A], Scope(self.first)))[A]
        there = (await self.erp.availability([A], Scope(self.second.code)))[A]
        assert isinstance(here, Availability) and isinstance(there, Availability)
        return here.available, there.available

    async def order(self, channel: str, order_id: str) -> Order:
        (work,) = await self.journal.get([f"order:{channel}:{order_id}"])
        assert work.order is not None
        return work.order


@pytest.fixture
async def shops(world: OdooWorld, tmp_path: Path) -> AsyncIterator[Shops]:
    second = await second_house(world)
    await second.put(A, 40)
    first = (await world.rpc("stock.warehouse", "read", [world._places["id"]], ["code"]))[0]["code"]
    clock = ManualClock(time.time())
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
    mine = Scope(second.code)
    erp = adapter_of(world, clock, warehouse=first, scopes=(Scope(first), mine))
    channels = {name: FakeChannel(clock.now, {A: 0}, id=name) for name in (HERE, THERE)}
    context = flow_context(
        journal,
        clock,
        erp=erp,
        channels=channels,
        settings=FlowSettings(
            prefix=f"{RUN}{next(RUNS)}/",
            warehouse=first,
            scopes={HERE: Scope(first), THERE: mine},
            feed_first_poll_s=1.0,
        ),
    )
    await Checks(context, "erp").run_once()
    for name, channel in channels.items():
        context.gates.report(name, [])
        await remember_houses(context, name)
        await go_live(context, channel, ())
        await CataloguePoll(context, channel).run_once()
    clock.advance(5.0)
    yield Shops(world, second, first, clock, journal, erp, channels, context)
    await second.delivery_steps("ship_only")
    await erp.close()
    await journal.close()


RUNS = iter(range(1000))
"""Names in Odoo are for ever, so each test has a prefix of its own."""


def places(order: Order) -> Sequence[tuple[str, str | None]]:
    return [(e.direction.value, e.place.name if e.place else None) for e in order.effects]


async def test_each_sells_and_publishes_its_own(shops: Shops) -> None:
    await shops.push()
    assert shops.shown() == (UNITS, 40)
    await shops.sell(HERE, "o1", 3)
    await shops.sell(THERE, "o1", 5)
    await shops.lanes()
    await shops.lanes()
    assert await shops.in_odoo() == (UNITS - 3, 35)
    await shops.push()
    assert shops.shown() == (UNITS - 3, 35)
    await shops.cancel(THERE, "o1")
    await shops.lanes()
    assert await shops.in_odoo() == (UNITS - 3, 40)
    await shops.push()
    assert shops.shown() == (UNITS - 3, 40)


async def test_units_in_flight_lower_the_numbers_of_their_own_place_alone(shops: Shops) -> None:
    await shops.sell(THERE, "o1", 5)
    await shops.push()
    assert shops.shown() == (UNITS, 35)


async def test_where_sets_overlap_they_lower_both(shops: Shops) -> None:
    both = Scope(shops.first, (shops.first, shops.second.code))
    await shops.configure(**{HERE: both, THERE: Scope(shops.second.code)})
    await shops.sell(THERE, "o1", 5)
    await shops.push()
    assert shops.shown() == (UNITS + 35, 35)
    await shops.lanes()
    await shops.push()
    assert shops.shown() == (UNITS + 35, 35)


async def test_what_was_taken_goes_back_to_where_it_was_after_the_setting_changed(shops: Shops) -> None:
    await shops.sell(THERE, "o1", 5)
    await shops.lanes()
    await shops.configure(**{HERE: Scope(shops.first), THERE: Scope(shops.first)})
    await shops.sell(THERE, "o2", 2)
    await shops.cancel(THERE, "o1")
    await shops.lanes()
    assert await shops.in_odoo() == (UNITS - 2, 40)
    code = shops.second.code
    assert places(await shops.order(THERE, "o1")) == [("out", code), ("in", code)]
    assert places(await shops.order(THERE, "o2")) == [("out", shops.first)]


async def test_units_in_flight_count_where_the_channel_sold_before(shops: Shops) -> None:
    """The setting changed while they were on their way: nobody may say where they leave."""
    await shops.configure(**{HERE: Scope(shops.first), THERE: Scope(shops.first)})
    await shops.configure(**{HERE: Scope(shops.first), THERE: Scope(shops.second.code)})
    await shops.sell(THERE, "o1", 5)
    await shops.push()
    assert shops.shown() == (UNITS - 5, 35)


async def test_a_broken_warehouse_stops_its_own_lane_and_pushes(shops: Shops) -> None:
    await shops.push()
    await shops.second.delivery_steps("pick_ship")
    await Checks(shops.context, "erp").run_once()
    stopped = shops.context.gates
    assert stopped.lane_stopped(shops.first) is None
    finding = stopped.lane_stopped(shops.second.code)
    assert finding is not None and finding.facts["warehouse"] == shops.second.code
    await shops.sell(HERE, "o1", 3)
    await shops.sell(THERE, "o1", 5)
    await shops.second.put(A, 90)
    await shops.lanes()
    await shops.push()
    # What is there may fall by what was sold, and never rises.
    assert shops.shown() == (UNITS - 3, 35)
    await shops.second.delivery_steps("ship_only")
    await Checks(shops.context, "erp").run_once()
    await shops.lanes()
    await shops.push()
    assert await shops.in_odoo() == (UNITS - 3, 85)
    assert shops.shown() == (UNITS - 3, 85)


async def test_people_ask_for_the_numbers_of_a_channel(shops: Shops) -> None:
    view = StockView(shops.context, 60.0)
    answers = [await view.read(A), await view.read(A, HERE), await view.read(A, THERE)]
    assert [a.available for a in answers if isinstance(a, Availability)] == [UNITS, UNITS, 40]


async def test_a_movement_by_hand_goes_where_it_is_asked_to(shops: Shops) -> None:
    shops.context.settings = replace(shops.context.settings, manual_wait_s=0.0)
    desk = MovementDesk(shops.context)
    out = ManualMovement("k1", A, Direction.OUT, 4, "broken", "h", warehouse=shops.second.code)
    await desk.ask(out)
    await desk.ask(replace(out, key="k2", warehouse=None))
    await desk.ask(replace(out, key="k3", warehouse="ZZZ"))
    await shops.lanes()
    assert await shops.in_odoo() == (UNITS - 4, 36)
    works = await shops.journal.get([f"movement:manual:k{n}" for n in (1, 2, 3)])
    ended = {w.ref: (w.movement.failure, w.movement.new_stock) for w in works}
    assert ended == {"k1": (None, 36), "k2": (None, UNITS - 4), "k3": ("warehouse_refused", None)}
