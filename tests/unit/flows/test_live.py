"""What is read on the channel just before a batch decides what is sent (P3, P5, design §7.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.poll import CataloguePoll
from orquestador.model.errors import AuthRefused, RateLimited, Unavailable, UpstreamError
from orquestador.model.orders import LineState
from orquestador.model.places import Scope
from orquestador.model.stock import Availability, Listing, WriteMeans
from orquestador.model.work import State
from orquestador.ports import Movement, Outcome, ProductProblem
from tests.unit.flows.test_push import Shop


async def row(shop: Shop, sku: str) -> tuple[State, str | None, Listing]:
    (work,) = await shop.journal.get([f"listing:shop:{sku}"])
    return work.state, work.reason, work.listing


async def test_a_sale_of_the_channels_own_needs_no_push(shop: Shop) -> None:
    await shop.pusher.run_once()
    await shop.order("o1", "A", 4)
    shop.clock.advance(5.0)
    await shop.push()
    assert shop.pushed == []
    state, _, listing = await row(shop, "A")
    assert state is State.SETTLED
    assert listing.live is not None
    assert (listing.live.quantity, listing.wanted) == (6, 6)


async def test_a_sale_that_nobody_told_of_yet_is_not_offered_again(shop: Shop) -> None:
    """Somebody else's signal makes the listing due while its own sale is not read: its order comes first."""
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -1)
    shop.channel.sell("o1", [("A", 2)])
    await shop.changed("A")
    assert shop.pushed == []
    assert (await row(shop, "A"))[1] == "orders_first"
    await shop.worker.run_once()
    shop.clock.advance(1.0)
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 7}]


async def test_orders_that_cannot_be_folded_hold_a_number_back_for_seconds_only(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    shop.channel.sell("o1", [("B", 1)])
    await shop.changed("A")
    assert shop.pushed == []
    shop.clock.advance(11.0)
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 7}]


async def test_a_number_that_moved_by_itself_is_read_twice_before_it_is_written_over(shop: Shop) -> None:
    """A sale can show before its order is listed; a hand's change is repaired after the second read."""
    await shop.pusher.run_once()
    shop.channel.shown["A"] = 9
    shop.clock.advance(60.0)
    await CataloguePoll(shop.context, shop.channel).run_once()
    shop.clock.advance(1.0)
    await shop.pusher.run_once()
    assert shop.pushed == []
    assert (await row(shop, "A"))[:2] == (State.WAITING, "live_moved")
    shop.clock.advance(21.0)
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 10}]


async def test_a_cancellation_that_the_erp_has_not_booked_yet_pushes_nothing(shop: Shop) -> None:
    lane = ErpLane(shop.context, shop.erp)
    await shop.pusher.run_once()
    await shop.order("o1", "A", 4)
    await lane.run_once()
    await shop.push()
    assert shop.erp.stock["A"] == 6
    shop.channel.set_state("o1", "0", LineState.CANCELLED)
    await shop.journal.touch(["order:shop:o1"], "test")
    await shop.worker.run_once()
    shop.clock.advance(5.0)
    await shop.push()
    assert (await row(shop, "A"))[:2] == (State.WAITING, "giving_back")
    await lane.run_once()
    shop.clock.advance(5.0)
    await shop.pusher.run_once()
    assert shop.erp.stock["A"] == 10
    assert (await row(shop, "A"))[0] is State.SETTLED
    assert shop.pushed == []


@pytest.mark.parametrize("error", [Unavailable("502"), RateLimited("429"), AuthRefused("E009")])
async def test_numbers_that_cannot_be_read_hold_pushes_back_for_a_minute_only(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, error: UpstreamError
) -> None:
    await shop.pusher.run_once()

    async def broken(refs: Sequence[str]) -> dict[str, int]:
        raise error

    monkeypatch.setattr(shop.channel, "live", broken)
    shop.erp.move_by_hand("A", -3)
    shop.erp.move_by_hand("B", -10)
    await shop.journal.touch(["listing:shop:B"], "test")
    await shop.changed("A")
    # What is sold out goes at once; the rest says why it waits.
    assert shop.pushed == [{"B": 0}]
    assert (await row(shop, "A"))[:2] == (State.WAITING, "live_unread")
    shop.clock.advance(61.0)
    await shop.pusher.run_once()
    assert shop.pushed == [{"B": 0}, {"A": 7}]
    assert shop.context.counters["pushed_unread"] == 1


async def test_after_a_push_that_was_lost_sight_of_the_number_is_sent_whatever_shows(shop: Shop) -> None:
    """The lost push may still arrive and write over what shows now."""
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    shop.channel.fault = ""
    await shop.changed("A")
    (feed,) = shop.channel.feeds
    shop.clock.advance(700.0)
    await shop.follower.run_once()  # no end: given up
    shop.erp.move_by_hand("A", +3)
    await shop.changed("A")
    assert shop.channel.shown["A"] == 10
    assert shop.pushed == [{"A": 7}, {"A": 10}]
    assert not feed.finished


async def test_a_channel_whose_answers_hold_reserved_units_is_read_less_them(shop: Shop) -> None:
    shop.channel.live_means = WriteMeans.GROSS
    await shop.pusher.run_once()
    await shop.order("o1", "A", 4)
    shop.clock.advance(5.0)
    await shop.push()
    assert shop.pushed == []
    assert (await row(shop, "A"))[2].wanted == 6


async def test_a_number_of_before_a_sale_that_was_folded_meanwhile_is_not_sent(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -1)
    live = shop.channel.live

    async def sold_in_this_moment(refs: Sequence[str]) -> dict[str, int]:
        if not shop.channel.orders:
            await shop.order("o1", "A", 2)
            await shop.poll.run_once()
            await shop.worker.run_once()
        return await live(refs)

    monkeypatch.setattr(shop.channel, "live", sold_in_this_moment)
    await shop.changed("A")
    assert shop.pushed == []
    await shop.push()
    assert shop.pushed == [{"A": 7}]


async def test_a_sale_that_the_erp_has_and_the_journal_has_not_yet_needs_no_push(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the answer of the ERP and its record the units are counted twice."""
    await shop.pusher.run_once()
    apply, seen = shop.erp.apply, []

    async def looked_at_in_between(
        movements: Sequence[Movement], *, force: bool = True
    ) -> dict[str, Outcome]:
        done = await apply(movements, force=force)
        await shop.pusher.run_once()
        seen.append((await row(shop, "A"))[:2])
        return done

    monkeypatch.setattr(shop.erp, "apply", looked_at_in_between)
    await shop.order("o1", "A", 4)
    await shop.poll.run_once()
    await shop.worker.run_once()
    await ErpLane(shop.context, shop.erp).run_once()
    assert seen == [(State.WAITING, "going_out")]
    shop.clock.advance(5.0)
    await shop.push()
    assert shop.pushed == []
    assert (await row(shop, "A"))[0] is State.SETTLED


async def test_a_sale_that_the_erp_is_slow_to_answer_about_holds_a_fall_back_for_seconds_only(
    shop: Shop,
) -> None:
    await shop.pusher.run_once()
    await shop.order("o1", "A", 4)
    await shop.poll.run_once()
    await shop.worker.run_once()
    shop.erp.fault = "cut"
    await ErpLane(shop.context, shop.erp).run_once()
    began = shop.clock.now()
    while not shop.pushed:
        shop.clock.advance(1.0)
        await shop.pusher.run_once()
        assert shop.clock.now() < began + 15.0
    assert shop.clock.now() > began + 2.0
    assert shop.pushed == [{"A": 2}]


async def test_a_number_of_before_the_erps_answer_was_recorded_is_not_sent(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ERP has the units when it is asked, and its answer is recorded before the number is looked at."""
    await shop.pusher.run_once()
    await shop.order("o1", "A", 4)
    await shop.poll.run_once()
    await shop.worker.run_once()
    lane = ErpLane(shop.context, shop.erp)
    availability = shop.erp.availability

    async def taken_in_this_moment(
        skus: Sequence[str], *scope: Scope
    ) -> Mapping[str, Availability | ProductProblem]:
        await lane.run_once()
        return await availability(skus, *scope)

    monkeypatch.setattr(shop.erp, "availability", taken_in_this_moment)
    for _ in range(3):
        shop.clock.advance(5.0)
        await shop.push()
    assert shop.erp.stock["A"] == 6
    assert shop.pushed == []
    assert (await row(shop, "A"))[0] is State.SETTLED
