"""Orders that only reserve: promised at once, done by the warehouse, and never taken twice (ADR 0017)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.flows.context import Context, FlowSettings
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import go_live
from orquestador.flows.operator import discard, retry
from orquestador.flows.orders import OrderWorker
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.effects import KeyState
from orquestador.model.errors import Rejected, Unavailable
from orquestador.model.orders import EffectState, Line, LineState, Order, OrderMode, SeenOrder
from orquestador.model.reservations import LOOK_MAX_S
from orquestador.model.work import State, Work
from orquestador.ports import Save
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context
from tests.fakes.erp import FakeErp

KEY = "shop/o1/1"


@dataclass
class Desk:
    clock: ManualClock
    journal: SqliteJournal
    erp: FakeErp
    channel: FakeChannel
    context: Context

    def mode(self, mode: OrderMode) -> None:
        self.context.settings = replace(self.context.settings, order_modes={"shop": mode})

    async def signal(self, order_id: str = "o1") -> None:
        """A hint about the order, and everything that follows from it."""
        await self.journal.touch([f"order:shop:{order_id}"], "test")
        await OrderWorker(self.context).run_once()
        await self.lane()

    async def lane(self) -> None:
        lane = ErpLane(self.context, self.erp)
        for _ in range(10):
            self.clock.advance(0.1)
            if not await lane.run_once():
                return
        raise AssertionError("the lane does not come to rest")

    async def later(self, seconds: float = LOOK_MAX_S + 1) -> None:
        self.clock.advance(seconds)
        await self.lane()

    async def sell(self, *items: tuple[str, int], order_id: str = "o1") -> None:
        self.channel.sell(order_id, list(items))
        await self.signal(order_id)

    async def cancel(self, *lines: str, order_id: str = "o1") -> None:
        for line_id in lines or tuple(self.channel.orders[order_id]):
            self.channel.set_state(order_id, line_id, LineState.CANCELLED)
        await self.signal(order_id)

    async def row(self, order_id: str = "o1") -> Work:
        (work,) = await self.journal.get([f"order:shop:{order_id}"])
        return work

    async def order(self, order_id: str = "o1") -> Order:
        order = (await self.row(order_id)).order
        assert order is not None
        return order

    async def ledger(self, order_id: str = "o1") -> list[tuple[int, int, int]]:
        """(taken, held, waiting) of each line."""
        return [_ledger(line) for line in (await self.order(order_id)).lines]

    async def states(self, order_id: str = "o1") -> list[EffectState]:
        return [e.state for e in (await self.order(order_id)).effects]

    async def unproven(self, sku: str) -> int:
        return (await self.journal.units([sku]))[sku].unproven


def _ledger(line: Line) -> tuple[int, int, int]:
    return line.taken, line.held, line.waiting


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = ManualClock(1_000_000.0)
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
    erp = FakeErp(clock.now, {"A": 10, "B": 10})
    channel = FakeChannel(clock.now, {"A": 10, "B": 10})
    context = flow_context(
        journal,
        clock,
        erp=erp,
        channels={"shop": channel},
        settings=FlowSettings(order_modes={"shop": OrderMode.RESERVE}),
    )
    context.gates.report("erp", [])
    await go_live(context, channel, ())
    clock.advance(10.0)
    yield Desk(clock, journal, erp, channel, context)
    await journal.close()


async def test_sold_units_are_promised_until_the_warehouse_sends_them(desk: Desk) -> None:
    await desk.sell(("A", 2))
    assert (desk.erp.stock["A"], desk.erp.free("A")) == (10, 8)
    assert await desk.ledger() == [(2, 2, 0)]
    assert (await desk.row()).state is State.SETTLED
    assert await desk.states() == [EffectState.RESERVED]
    assert await desk.unproven("A") == 0
    desk.erp.ship(KEY)
    await desk.later()
    assert await desk.ledger() == [(2, 0, 0)]
    assert await desk.states() == [EffectState.APPLIED]
    assert (desk.erp.stock["A"], len(desk.erp.documents)) == (8, 1)
    writes = desk.erp.writes
    await desk.later()
    assert desk.erp.writes == writes


async def test_a_cancelled_order_gives_up_what_is_open(desk: Desk) -> None:
    await desk.sell(("A", 2), ("B", 1))
    await desk.cancel()
    assert await desk.ledger() == [(0, 0, 0), (0, 0, 0)]
    assert (desk.erp.free("A"), desk.erp.free("B")) == (10, 10)
    assert desk.erp.documents[KEY].state is KeyState.CANCELLED
    assert len(desk.erp.documents) == 1
    assert (await desk.row()).state is State.SETTLED
    assert await desk.states() == [EffectState.VOIDED]


async def test_a_cancelled_order_gives_back_only_what_was_sent(desk: Desk) -> None:
    await desk.sell(("A", 5))
    desk.erp.ship(KEY, 2)
    await desk.later()
    assert await desk.ledger() == [(5, 3, 0)]
    await desk.cancel()
    assert await desk.ledger() == [(0, 0, 0)]
    back = desk.erp.documents["shop/o1/2"].movement
    assert [q for _, q in back.items] == [2.0]
    assert (desk.erp.stock["A"], desk.erp.free("A")) == (10, 10)


async def test_sent_and_cancelled_before_anybody_asked(desk: Desk) -> None:
    await desk.sell(("A", 2))
    desk.erp.ship(KEY)
    await desk.cancel()
    assert await desk.ledger() == [(0, 0, 0)]
    assert (desk.erp.stock["A"], desk.erp.free("A")) == (10, 10)


async def test_one_cancelled_line_leaves_the_other_of_its_product(desk: Desk) -> None:
    await desk.sell(("A", 2), ("A", 3), ("B", 1))
    first = next(iter(desk.channel.orders["o1"]))
    await desk.cancel(first)
    assert await desk.ledger() == [(0, 0, 0), (3, 3, 0), (1, 1, 0)]
    assert (desk.erp.free("A"), desk.erp.free("B")) == (7, 9)
    desk.erp.ship(KEY)
    await desk.later()
    assert await desk.ledger() == [(0, 0, 0), (3, 0, 0), (1, 0, 0)]
    assert (desk.erp.stock["A"], len(desk.erp.documents)) == (7, 1)


async def test_short_stock_never_counts_as_sellable(desk: Desk) -> None:
    desk.erp.move_by_hand("A", -7)
    await desk.sell(("A", 5))
    assert await desk.ledger() == [(5, 5, 2)]
    assert await desk.unproven("A") == 2
    assert (await desk.order()).effects[0].note == "waits_for_stock"
    desk.erp.move_by_hand("A", 10)
    # What came in is counted for the order at once; the ERP is asked later.
    assert desk.erp.free("A") - await desk.unproven("A") == 6
    await desk.later()
    assert await desk.ledger() == [(5, 5, 0)]
    assert await desk.unproven("A") == 0
    assert (await desk.order()).effects[0].note is None


@pytest.mark.parametrize(
    ("by_hand", "reason"), [("cancel", "cancelled_in_erp"), ("delete", "deleted_in_erp")]
)
async def test_what_a_person_takes_away_goes_to_a_person(desk: Desk, by_hand: str, reason: str) -> None:
    await desk.sell(("A", 2))
    (desk.erp.cancel_by_hand if by_hand == "cancel" else desk.erp.delete_by_hand)(KEY)
    await desk.later()
    row = await desk.row()
    assert (row.state, row.reason) == (State.DEAD, reason)
    assert await desk.ledger() == [(0, 0, 0)]
    assert await desk.unproven("A") == 2
    await desk.later()
    await desk.signal()
    assert desk.erp.free("A") == 10
    await retry(desk.context, row.id)
    await desk.signal()
    assert await desk.ledger() == [(2, 2, 0)]
    assert "shop/o1/2" in desk.erp.documents


async def test_a_rest_that_a_person_cancels_is_not_taken_again(desk: Desk) -> None:
    await desk.sell(("A", 5))
    desk.erp.ship(KEY, 3)
    desk.erp.cancel_by_hand(KEY)
    await desk.later()
    assert (await desk.row()).reason == "cancelled_in_erp"
    assert await desk.ledger() == [(3, 0, 0)]
    await discard(desk.context, (await desk.row()).id, None)
    await desk.later()
    assert (desk.erp.stock["A"], len(desk.erp.documents)) == (7, 1)
    assert (await desk.row()).state is State.SETTLED


async def test_a_cancelled_order_whose_document_a_person_cancelled_is_settled(desk: Desk) -> None:
    await desk.sell(("A", 2))
    desk.erp.cancel_by_hand(KEY)
    await desk.cancel()
    assert (await desk.row()).state is State.SETTLED
    assert await desk.ledger() == [(0, 0, 0)]


async def test_what_a_person_settles_is_asked_for_no_more(desk: Desk) -> None:
    await desk.sell(("A", 2))
    await discard(desk.context, (await desk.row()).id, None)
    assert await desk.states() == [EffectState.VOIDED]
    assert await desk.ledger() == [(2, 0, 0)]
    await desk.later()
    assert (await desk.row()).state is State.SETTLED


@pytest.mark.parametrize("fault", ["cut", "late"])
async def test_giving_up_in_doubt_ends_well(desk: Desk, fault: str) -> None:
    await desk.sell(("A", 2), ("A", 3))
    first = next(iter(desk.channel.orders["o1"]))
    desk.erp.fault = fault
    await desk.cancel(first)
    await desk.later()
    assert await desk.ledger() == [(0, 0, 0), (3, 3, 0)]
    assert desk.erp.free("A") == 7
    assert (await desk.row()).state is State.SETTLED


@pytest.mark.parametrize("fault", ["cut", "late"])
async def test_promising_in_doubt_promises_once(desk: Desk, fault: str) -> None:
    desk.erp.fault = fault
    await desk.sell(("A", 2))
    for _ in range(4):
        await desk.later(130.0)
    desk.erp.late_calls_arrive()
    await desk.later()
    assert await desk.ledger() == [(2, 2, 0)]
    assert desk.erp.free("A") == 8


async def test_an_intent_that_was_never_sent_is_voided_and_the_rest_promised(desk: Desk) -> None:
    desk.erp.fault = "away"
    with pytest.raises(Unavailable):
        await desk.sell(("A", 2), ("B", 1))
    first = next(iter(desk.channel.orders["o1"]))
    await desk.cancel(first)
    assert await desk.states() == [EffectState.VOIDED, EffectState.RESERVED]
    assert await desk.ledger() == [(0, 0, 0), (1, 1, 0)]
    assert (desk.erp.free("A"), desk.erp.free("B")) == (10, 9)
    assert (await desk.row()).state is State.SETTLED


async def test_an_order_that_waits_for_its_channel_leaves_the_lane_alone(desk: Desk) -> None:
    await desk.sell(("A", 2))
    row = await desk.row()
    awaiting = replace(await desk.order(), awaits_until=desk.clock.now() + 600.0)
    now = desk.clock.now()
    await desk.journal.save([Save(replace(row, doc=awaiting, state=State.WAITING), effect_due_at=now)])
    await desk.lane()
    assert (await desk.row()).reason == "announced_not_visible"
    desk.erp.ship(KEY)
    await desk.later()
    assert await desk.states() == [EffectState.APPLIED]


async def test_a_retry_asks_at_once(desk: Desk) -> None:
    await desk.sell(("A", 2))
    desk.erp.ship(KEY)
    await retry(desk.context, (await desk.row()).id)
    await desk.lane()
    assert await desk.states() == [EffectState.APPLIED]


@pytest.mark.parametrize("refusal", [Unavailable("away"), Rejected("no such order")])
async def test_a_channel_that_answers_nothing_does_not_end_the_asking(desk: Desk, refusal: Exception) -> None:
    await desk.sell(("A", 2))

    async def read_orders(order_ids: object) -> list[SeenOrder]:
        raise refusal

    desk.channel.read_orders = read_orders  # type: ignore[method-assign]
    await desk.signal()
    assert (await desk.row()).state is State.WAITING
    desk.erp.ship(KEY)
    await desk.later()
    assert await desk.states() == [EffectState.APPLIED]


async def test_a_line_keeps_the_mode_in_which_it_first_took(desk: Desk) -> None:
    await desk.sell(("A", 2))
    desk.mode(OrderMode.DELIVER)
    await desk.later()
    assert await desk.states() == [EffectState.RESERVED]
    await desk.sell(("A", 1), order_id="o2")
    assert await desk.states("o2") == [EffectState.APPLIED]
    assert (desk.erp.stock["A"], desk.erp.free("A")) == (9, 7)
    desk.mode(OrderMode.RESERVE)
    await desk.signal("o2")
    await desk.cancel(order_id="o2")
    await desk.cancel()
    assert (desk.erp.stock["A"], desk.erp.free("A")) == (10, 10)


async def test_promises_are_asked_for_less_and_less_often(desk: Desk) -> None:
    await desk.sell(("A", 2))
    gaps = []
    for _ in range(60):
        at = (await desk.order()).look_at
        assert at is not None
        gaps.append(at - desk.clock.now())
        await desk.later(gaps[-1])
    assert gaps == sorted(gaps)
    assert 59 < gaps[0] < 61
    assert LOOK_MAX_S - 1 < gaps[-1] <= LOOK_MAX_S


async def test_what_is_there_leaves_and_the_rest_waits(desk: Desk) -> None:
    desk.mode(OrderMode.BACKORDER)
    desk.erp.move_by_hand("A", -7)
    await desk.sell(("A", 5), ("B", 1))
    assert await desk.ledger() == [(5, 2, 2), (1, 0, 0)]
    assert (desk.erp.stock["A"], desk.erp.stock["B"]) == (0, 9)
    assert await desk.unproven("A") == 2
    assert (await desk.row()).state is State.SETTLED
    assert desk.context.counters["oversold"] == 1
    desk.erp.move_by_hand("A", 4)
    assert desk.erp.free("A") - await desk.unproven("A") == 0
    desk.erp.ship(KEY)
    await desk.later()
    assert await desk.ledger() == [(5, 0, 0), (1, 0, 0)]
    assert (desk.erp.stock["A"], await desk.unproven("A"), len(desk.erp.documents)) == (2, 0, 1)


async def test_a_cancellation_gives_up_what_waits_first(desk: Desk) -> None:
    desk.mode(OrderMode.BACKORDER)
    desk.erp.move_by_hand("A", -7)
    await desk.sell(("A", 2), ("A", 3))
    await desk.cancel("1")
    assert await desk.ledger() == [(2, 0, 0), (0, 0, 0)]
    assert (desk.erp.stock["A"], desk.erp.free("A")) == (1, 1)
    await desk.cancel()
    assert (desk.erp.stock["A"], desk.erp.free("A")) == (3, 3)
