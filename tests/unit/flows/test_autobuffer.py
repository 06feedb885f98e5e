"""`buffer = auto`: from the journal's own orders to the number that a listing shows, and back as sales get
rare."""

from __future__ import annotations

import pytest

from orquestador.flows.autobuffer import CONFIRM_UNKNOWN_S, buffers
from orquestador.flows.buffer_watch import LOOK_EVERY_S, AutoBuffers
from orquestador.flows.poll import CataloguePoll
from orquestador.flows.recent_sales import RecentSales
from orquestador.flows.reconcile import Reconcile
from orquestador.flows.rules import change
from orquestador.model.autobuffer import FORGOTTEN_S
from orquestador.model.budget import BudgetSpec
from orquestador.model.orders import LineState
from orquestador.model.rules import CHANNEL_WIDE, Auto, RuleFields
from orquestador.model.stock import Listing
from orquestador.model.work import Kind
from orquestador.ports import Mark, WorkQuery
from tests.unit.flows.test_push import Shop

WINDOW = (120.0, 1e12)
"""Two minutes until a number shows, for as long as a test lasts."""


async def listing(shop: Shop, sku: str) -> Listing:
    rows, _ = await shop.journal.find(WorkQuery(kind=Kind.LISTING, sku=sku))
    return rows[0].listing


async def settle(shop: Shop, seconds: float = 5.0) -> None:
    """What is due is pushed and confirmed."""
    for _ in range(3):
        shop.clock.advance(seconds)
        await shop.push()
        await shop.confirm()


@pytest.fixture
async def auto(shop: Shop) -> Shop:
    """A has an automatic buffer, B has none; 200 of each."""
    for sku in ("A", "B"):
        shop.erp.stock[sku] = shop.channel.shown[sku] = 200
    shop.context.sales.windows["shop"] = WINDOW
    await change(shop.context, "shop", "A", "test", lambda _: RuleFields(buffer=Auto.AUTO))
    await settle(shop)
    return shop


async def sell(shop: Shop, sku: str, units: int, orders: int) -> None:
    for n in range(orders):
        await shop.order(f"{sku}-{shop.clock.now()}-{n}", sku, units)


async def test_nothing_is_held_back_while_nothing_is_sold(auto: Shop) -> None:
    found = await listing(auto, "A")
    assert (found.wanted, found.rule, found.auto_buffer) == (200, None, 0)
    assert auto.channel.shown["A"] == 200


async def test_what_sells_fast_keeps_what_the_next_number_would_come_too_late_for(auto: Shop) -> None:
    await sell(auto, "A", 5, 20)
    await sell(auto, "B", 5, 20)
    await settle(auto)
    found, other = await listing(auto, "A"), await listing(auto, "B")
    assert found.rule is not None
    assert found.rule.speed == pytest.approx(25.0, rel=0.05)  # 100 units, forgotten by a factor of e in 4 h
    assert (found.rule.window_s, found.rule.value) == (120.0, 1)  # 25 an hour, for two minutes
    assert (found.rule.field, found.rule.level) == ("buffer", "sku")
    assert found.auto_buffer == found.rule.value >= 1
    assert auto.channel.shown["A"] == 100 - found.auto_buffer
    assert (other.wanted, other.rule, other.auto_buffer) == (100, None, None)


async def test_it_goes_when_sales_get_rare_although_nothing_else_happens(auto: Shop) -> None:
    await sell(auto, "A", 5, 20)
    await settle(auto)
    assert auto.channel.shown["A"] < 100
    watch = AutoBuffers(auto.context)
    assert await watch.run_once() == LOOK_EVERY_S
    await auto.pusher.run_once()
    pushes = len(auto.pushed)
    auto.clock.advance(FORGOTTEN_S / 2)
    await watch.run_once()
    await settle(auto)
    assert auto.channel.shown["A"] == 100
    assert len(auto.pushed) == pushes + 1


async def test_a_cancelled_order_was_no_sale(auto: Shop) -> None:
    await auto.order("big", "A", 100)
    await settle(auto)
    assert (await listing(auto, "A")).auto_buffer
    auto.channel.set_state("big", "0", LineState.CANCELLED)
    await auto.journal.touch(["order:shop:big"], "test")
    await auto.worker.run_once()
    auto.clock.advance(60.0)
    await settle(auto)
    found = await listing(auto, "A")
    assert (found.auto_buffer, found.wanted) == (0, 200)


async def test_another_process_knows_the_same_from_the_journal(auto: Shop) -> None:
    await sell(auto, "A", 5, 20)
    await settle(auto)
    before = await listing(auto, "A")
    auto.context.sales = RecentSales()  # as after a restart
    auto.context.sales.windows["shop"] = WINDOW
    await AutoBuffers(auto.context).run_once()
    assert before.rule is not None
    speed = auto.context.sales.speed("A", auto.clock.now())
    assert speed == pytest.approx(before.rule.speed, rel=0.02)
    await settle(auto)
    assert (await listing(auto, "A")).auto_buffer == before.auto_buffer == 1


async def test_the_window_is_the_wait_for_a_call_and_the_longest_of_the_pushes_that_ended_lately(
    auto: Shop,
) -> None:
    auto.context.sales.windows.clear()
    assert (await buffers(auto.context, "shop", ["A"]))["A"].window_s == CONFIRM_UNKNOWN_S
    for seconds in (40.0, 7.0):
        auto.erp.move_by_hand("B", -1)
        await auto.journal.mark([Mark("B", "test")])
        auto.clock.advance(5.0)
        await auto.pusher.run_once()
        auto.channel.feeds_run()
        auto.clock.advance(seconds)
        await auto.follower.run_once()
    auto.context.sales.windows.clear()
    assert (await buffers(auto.context, "shop", ["A"]))["A"].window_s == 40.0
    # Only one call is left, one a second: whoever spends it waits for the next.
    auto.channel.budget = BudgetSpec(burst=1, interval_s=1.0, per_day=770)
    auto.context.sales.windows.clear()
    assert (await buffers(auto.context, "shop", ["A"]))["A"].window_s == 41.0


async def test_without_a_rule_nothing_of_it_is_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[WorkQuery] = []
    find = shop.journal.find

    async def counted(query: WorkQuery) -> object:
        asked.append(query)
        return await find(query)

    monkeypatch.setattr(shop.journal, "find", counted)
    await sell(shop, "A", 1, 3)
    await settle(shop)
    await AutoBuffers(shop.context).run_once()
    assert not [query for query in asked if query.kind is Kind.ORDER]


async def test_a_channels_rule_counts_for_all_of_its_offers(auto: Shop) -> None:
    await change(auto.context, "shop", "A", "test", lambda _: RuleFields(buffer=3))
    await change(auto.context, "shop", CHANNEL_WIDE, "test", lambda _: RuleFields(buffer=Auto.AUTO))
    await sell(auto, "A", 5, 20)
    await sell(auto, "B", 5, 20)
    await settle(auto)
    own, wide = await listing(auto, "A"), await listing(auto, "B")
    assert (own.wanted, own.auto_buffer) == (97, None)
    assert wide.rule is not None
    assert (wide.rule.level, wide.auto_buffer) == ("channel", wide.rule.value)


async def test_what_a_buffer_holds_back_trips_no_brake_and_is_no_drift(auto: Shop) -> None:
    """The last unit of ten and more SKUs that sell fast: the numbers go to 0, and nothing is wrong."""
    skus = [f"S{n}" for n in range(12)]
    auto.erp.stock |= dict.fromkeys(skus, 21)
    auto.channel.shown |= dict.fromkeys(skus, 21)
    await CataloguePoll(auto.context, auto.channel).run_once()
    await change(auto.context, "shop", CHANNEL_WIDE, "test", lambda _: RuleFields(buffer=Auto.AUTO))
    await settle(auto)
    for n, sku in enumerate(skus):
        await auto.order(f"o{n}", sku, 20)
    auto.clock.advance(100.0)  # the sales are in the numbers that are read: they explain nothing any more
    await settle(auto)
    assert [auto.channel.shown[sku] for sku in skus] == [0] * 12
    assert all([(await listing(auto, sku)).auto_buffer == 1 for sku in skus])
    # Nobody has looked again yet, and by now the buffer would be smaller.
    auto.clock.advance(FORGOTTEN_S / 2)
    reconcile = Reconcile(auto.context, auto.erp, auto.channel, auto.poll)
    compared = await reconcile._compare(
        await auto.journal.listings_for(skus), dict.fromkeys(skus, 0), auto.clock.now()
    )
    assert [(seen.shows, seen.should) for seen in compared.seen] == [(0, 0)] * 12
