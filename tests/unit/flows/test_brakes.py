"""Brakes and plans over fakes: what waits, what goes on, and what a person's decision does (design §7.8)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.flows.brakes import Brakes, braked, read_brake
from orquestador.flows.context import FlowSettings
from orquestador.flows.golive import go_live, load_modes
from orquestador.flows.jobs import JobFollower
from orquestador.flows.orders import OrderWorker
from orquestador.flows.plans import PlanDesk
from orquestador.flows.poll import CataloguePoll, OrdersPoll
from orquestador.flows.push import Pusher
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.brakes import DAY_S, HOUR_S, Limits, Move, TripKind
from orquestador.model.errors import Unavailable
from orquestador.model.plans import Plan, PlanChanged
from orquestador.model.work import State
from orquestador.ports import ProductProblem, Save
from tests.contract.journal_data import order_row, seen
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context
from tests.fakes.erp import FakeErp
from tests.unit.flows.test_push import Shop

MANY = [f"S{n:02}" for n in range(30)]


async def opened(path: Path, *, approved: bool = True, page: int = 100, live: bool = True) -> Shop:
    """A shop of 30 listings that all show 10, as the ERP has; `page` listings a batch."""
    clock = ManualClock(1_000_000.0)
    journal = await SqliteJournal.open(path / "journal.sqlite3", clock)
    erp = FakeErp(clock.now, dict.fromkeys(MANY, 10))
    channel = FakeChannel(clock.now, dict.fromkeys(MANY, 10), max_batch=page)
    settings = FlowSettings(feed_first_poll_s=1.0, feed_poll_s=1.0)
    context = flow_context(journal, clock, erp=erp, channels={"shop": channel}, settings=settings)
    context.gates.report("erp", [])
    context.gates.report("shop", [])
    if live:
        await go_live(context, channel, (), approve_pushes=approved)
    catalogue = CataloguePoll(context, channel)
    await catalogue.run_once()
    follower, poll = JobFollower(context, channel), OrdersPoll(context, channel)
    pusher = Pusher(context, erp, channel, poll, follower)
    clock.advance(5.0)
    return Shop(
        clock, journal, erp, channel, context, pusher, follower, OrderWorker(context), poll, catalogue
    )


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[Shop]:
    shop = await opened(tmp_path)
    await look(shop)
    yield shop
    await shop.journal.close()


async def look(shop: Shop, times: int = 6) -> dict[str, int]:
    """Everything that was sent meanwhile, once all that may go has gone."""
    before = len(shop.pushed)
    for _ in range(times):
        await shop.push()
        await shop.confirm()
    return {sku: n for feed in shop.pushed[before:] for sku, n in feed.items()}


async def set_stock(shop: Shop, numbers: dict[str, int]) -> dict[str, int]:
    """The ERP answers these numbers from now on, and says so."""
    shop.erp.stock.update(numbers)
    await shop.journal.touch([f"listing:shop:{sku}" for sku in numbers], "test")
    return await look(shop)


async def the_plan(shop: Shop) -> Plan:
    (plan,) = await PlanDesk(shop.context).plans()
    return plan


async def why(shop: Shop, sku: str) -> tuple[State, str | None]:
    (work,) = await shop.journal.get([f"listing:shop:{sku}"])
    return work.state, work.reason


async def test_an_erp_that_answers_zeros_is_stopped_before_the_tenth(many: Shop) -> None:
    assert await set_stock(many, dict.fromkeys(MANY, 0)) == {}
    plan = await the_plan(many)
    assert (plan.trip.kind, plan.trip.count, plan.trip.limit, plan.trip.size) == (TripKind.ZERO, 30, 10, 30)
    assert plan.changes == {Move.ZERO: 30}
    assert await why(many, "S00") == (State.WAITING, "brake")
    assert many.context.counters["brakes_tripped"] == 1


async def test_page_by_page_too(tmp_path: Path) -> None:
    shop = await opened(tmp_path, page=3)
    await look(shop, 15)
    gone: dict[str, int] = {}
    for sku in MANY:
        gone |= await set_stock(shop, {sku: 0})
    assert len(gone) == 9
    # Another process, or the same one after a restart, goes on from the same counts.
    other = Brakes(shop.context, "shop")
    assert (await read_brake(shop.context, "shop")).trip is not None
    shop.context.modes.brakes.clear()
    await load_modes(shop.context)
    assert shop.context.modes.brakes["shop"].trip is not None
    await other.tidy()
    await shop.journal.close()


async def test_while_it_holds_falls_go_on_and_rises_wait(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:12], 0))
    assert await set_stock(many, {"S20": 4, "S21": 11, "S22": 0}) == {"S20": 4}
    assert await why(many, "S21") == (State.WAITING, "brake")
    assert await why(many, "S22") == (State.WAITING, "brake")


async def test_a_zero_that_orders_explain_goes_on(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:12], 0))
    # Sold on the channel itself, whose number fell with it; somebody else's feed wrote over that.
    await many.order("o1", "S25", 10)
    many.channel.shown["S25"] = 10
    many.erp.stock["S25"] = 0
    await many.journal.touch(["listing:shop:S25"], "test")
    assert await look(many) == {"S25": 0}


async def test_sales_of_another_channel_explain_a_zero_and_too_few_do_not(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:12], 0))
    for sku, units in (("S25", 10), ("S26", 9)):
        order = seen(f"o-{sku}", (sku, units), at=many.clock.now(), channel="other")
        taken = replace(order, lines=(replace(order.lines[0], taken=units),))
        assert await many.journal.save([Save(order_row(taken))]) == [True]
    assert await set_stock(many, {"S25": 0, "S26": 0}) == {"S25": 0}
    assert await why(many, "S26") == (State.WAITING, "brake")


async def test_old_sales_explain_nothing(many: Shop) -> None:
    order = seen("o1", ("S25", 10), at=many.clock.now(), channel="other")
    taken = replace(order, lines=(replace(order.lines[0], taken=10),))
    await many.journal.save([Save(order_row(taken))])
    many.clock.advance(DAY_S + 1.0)
    await set_stock(many, dict.fromkeys(MANY[:12], 0))
    assert await set_stock(many, {"S25": 0}) == {}


async def test_a_yes_sends_the_plan_by_its_newest_numbers(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:12], 0))
    plan = await the_plan(many)
    many.erp.stock["S00"] = 7
    done = await PlanDesk(many.context).approve(plan.id, "ana", plan.digest)
    assert done is not None
    assert await look(many) == {"S00": 7} | dict.fromkeys(MANY[1:12], 0)
    assert await PlanDesk(many.context).plans() == []
    assert await PlanDesk(many.context).approve(plan.id, "ana") is None


async def test_a_worse_plan_asks_again(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:12], 0))
    seen = await the_plan(many)
    # More came in while the person looked: what she saw is no longer what she would approve.
    await set_stock(many, {"S20": 0})
    with pytest.raises(PlanChanged):
        await PlanDesk(many.context).approve(seen.id, "ana", seen.digest)
    again = await the_plan(many)
    assert (again.id, len(again.works)) == (seen.id, 13)
    await PlanDesk(many.context).approve(again.id, "ana", again.digest)
    sent = await set_stock(many, dict.fromkeys(MANY[13:29], 0))
    assert sent == dict.fromkeys([*MANY[:12], "S20"], 0)
    worse = await the_plan(many)
    assert worse.id != seen.id
    assert len(worse.works) == 15


async def test_a_yes_lapses_after_half_an_hour(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:12], 0))
    plan = await the_plan(many)
    many.context.gates.report("shop", [])
    await PlanDesk(many.context).approve(plan.id, "ana")
    many.clock.advance(1_801.0)
    assert await look(many) == {}
    assert (await the_plan(many)).id != plan.id


async def test_a_no_holds_until_the_numbers_are_right_again(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:9], 0))
    await set_stock(many, dict.fromkeys(MANY[9:20], 0))
    plan = await the_plan(many)
    refused = await PlanDesk(many.context).reject(plan.id, "ana")
    assert refused is not None
    assert refused.trip.rejected_by == "ana"
    many.clock.advance(40.0)
    assert await set_stock(many, {"S25": 12}) == {}
    finding = braked("shop", many.context.modes.brakes["shop"])
    assert finding is not None
    assert (finding.code, finding.level) == ("plan_rejected", "warning")
    # Odoo is repaired: nothing dangerous is held any more, so the brake lets go by itself.
    await set_stock(many, dict.fromkeys(MANY[:20], 10))
    many.clock.advance(40.0)
    await look(many)
    assert await PlanDesk(many.context).plans() == []
    many.clock.advance(301.0)
    assert await look(many) == dict.fromkeys(MANY[:9], 10) | {"S25": 12}


async def test_a_trip_without_a_decision_holds_even_when_the_numbers_are_right_again(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:12], 0))
    await set_stock(many, dict.fromkeys(MANY[:12], 10))
    many.clock.advance(HOUR_S * 30)
    assert await set_stock(many, {"S25": 12}) == {}
    plan = await the_plan(many)
    assert [d.sku for d in plan.diffs] == ["S25"]
    await PlanDesk(many.context).approve(plan.id, "ana")
    assert await look(many) == {"S25": 12}


async def test_jumps_are_counted_too(many: Shop) -> None:
    assert len(await set_stock(many, dict.fromkeys(MANY[:9], 100))) == 9
    assert await set_stock(many, {"S20": 100, "S21": 9}) == {"S21": 9}
    plan = await the_plan(many)
    assert plan.trip.kind is TripKind.JUMP
    assert [(d.sku, d.shows, d.wanted, d.move) for d in plan.diffs] == [("S20", 10, 100, Move.JUMP)]


async def test_a_first_push_waits_whole_and_a_yes_opens_the_channel(tmp_path: Path) -> None:
    shop = await opened(tmp_path, approved=False)
    assert await set_stock(shop, {"S00": 9, "S01": 11}) == {}
    plan = await the_plan(shop)
    assert (plan.trip.kind, plan.changes) == (TripKind.FIRST_PUSH, {Move.FALL: 1, Move.RISE: 1})
    finding = braked("shop", shop.context.modes.brakes["shop"])
    assert finding is not None
    assert finding.code == "first_push"
    await PlanDesk(shop.context).approve(plan.id, "ana", plan.digest)
    assert await look(shop) == {"S00": 9, "S01": 11}
    assert await set_stock(shop, {"S02": 11}) == {"S02": 11}
    assert braked("shop", shop.context.modes.brakes["shop"]) is None
    await shop.journal.close()


async def test_an_archived_product_shows_0_and_many_of_them_trip(many: Shop) -> None:
    gone: set[str] = set()
    answer = many.erp.availability

    async def availability(skus, scope=None):  # type: ignore[no-untyped-def]
        found = await answer(skus)
        return found | {sku: ProductProblem.ARCHIVED for sku in skus if sku in gone}

    many.erp.availability = availability  # type: ignore[method-assign]
    gone.add("S00")
    assert await set_stock(many, {"S00": 10}) == {"S00": 0}
    (work,) = await many.journal.get(["listing:shop:S00"])
    assert (work.state, work.listing.why) == (State.SETTLED, "archived_sku")
    gone.update(MANY)
    assert await set_stock(many, dict.fromkeys(MANY, 10)) == {}
    assert (await the_plan(many)).changes == {Move.ZERO: 29}
    gone.clear()
    assert await set_stock(many, {"S00": 10}) == {}


async def test_while_the_erp_is_away_what_was_sold_is_taken_off(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:12], 0))

    async def away(skus, scope=None):  # type: ignore[no-untyped-def]
        raise Unavailable("the ERP is away")

    many.erp.availability = away  # type: ignore[method-assign]
    await many.order("o1", "S25", 10)
    many.channel.shown["S25"] = 10
    await many.journal.touch(["listing:shop:S25"], "test")
    assert await look(many) == {"S25": 0}


async def test_the_diff_is_there_before_anything_is_sent(tmp_path: Path) -> None:
    shop = await opened(tmp_path, live=False)
    assert await set_stock(shop, {"S00": 0, "S01": 90, "S02": 9}) == {}
    diffs, cursor = await PlanDesk(shop.context).diff("shop", None, 500, None)
    assert cursor is None
    assert {(d.sku, d.shows, d.wanted, d.move, d.why) for d in diffs} == {
        ("S00", 10, 0, Move.ZERO, "observing"),
        ("S01", 10, 90, Move.JUMP, "observing"),
        ("S02", 10, 9, Move.FALL, "observing"),
    }
    diffs, _ = await PlanDesk(shop.context).diff(None, "S02", 500, None)
    assert [d.sku for d in diffs] == ["S02"]
    await shop.journal.close()


async def test_a_rehearsal_reads_now_and_says_what_would_be_held(many: Shop) -> None:
    many.erp.stock.update(dict.fromkeys(MANY[:12], 0) | {"S20": 3, "S21": 11})
    many.channel.shown["S20"] = 5
    found = await PlanDesk(many.context).rehearse(None, None)
    assert found.looked == 30
    assert {(d.sku, d.shows, d.wanted) for d in found.items} == {
        ("S20", 5, 3),
        ("S21", 10, 11),
        *((sku, 10, 0) for sku in MANY[:12]),
    }
    assert set(found.held) == {("shop", sku) for sku in [*MANY[:12], "S21"]}
    assert many.pushed == []
    assert await PlanDesk(many.context).plans() == []
    one = await PlanDesk(many.context).rehearse("shop", "S20")
    assert [d.sku for d in one.items] == ["S20"]
    assert not one.held


async def test_a_push_by_hand_looks_now(many: Shop) -> None:
    many.erp.stock["S20"] = 3
    done = await PlanDesk(many.context).push(None, "S20")
    assert (done.due, done.held) == (1, 0)
    assert await look(many) == {"S20": 3}


async def test_a_batch_that_only_falls_or_rises_writes_nothing(many: Shop) -> None:
    await set_stock(many, {"S00": 9, "S01": 11})
    assert await many.journal.get_meta("brake:shop") is None
    await set_stock(many, {"S00": 0})
    stored = await many.journal.get_meta("brake:shop")
    assert isinstance(stored, dict)
    assert list(stored["zeroed"]) == ["S00"]


async def test_limits_are_those_of_the_settings(tmp_path: Path) -> None:
    shop = await opened(tmp_path)
    await look(shop)
    object.__setattr__(shop.context.settings, "brakes", Limits(listings=2, hour=0.01, day=0.01))
    assert await set_stock(shop, {"S00": 0}) == {"S00": 0}
    assert await set_stock(shop, {"S01": 0}) == {}
    await shop.journal.close()


async def test_what_goes_on_after_all_is_no_longer_in_the_plan(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:12], 0))
    many.erp.stock["S00"] = 4
    await many.journal.touch(["listing:shop:S00"], "test")
    many.clock.advance(1.0)
    await many.push()
    assert many.pushed == [{"S00": 4}]
    assert len((await the_plan(many)).works) == 11


async def test_two_who_decide_at_once_decide_once(many: Shop) -> None:
    await set_stock(many, dict.fromkeys(MANY[:12], 0))
    plan = await the_plan(many)
    desk = PlanDesk(many.context)
    assert await desk.approve(plan.id, "ana") is not None
    assert await desk.reject(plan.id, "eva") is None
