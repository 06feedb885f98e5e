"""Flow 2 over fakes: what is pushed, what is not, and what happens while the ERP is away (design §7)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.flows.context import Context, FlowSettings, stock_lane
from orquestador.flows.golive import go_live
from orquestador.flows.jobs import JobFollower
from orquestador.flows.orders import OrderWorker
from orquestador.flows.poll import CataloguePoll, OrdersPoll
from orquestador.flows.push import Pusher
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.errors import Unavailable
from orquestador.model.work import State
from orquestador.ports import Finding, Mark, OrderHead
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context
from tests.fakes.erp import FakeErp


@dataclass
class Shop:
    """One channel, one ERP, and the flows between them, driven by hand."""

    clock: ManualClock
    journal: SqliteJournal
    erp: FakeErp
    channel: FakeChannel
    context: Context
    pusher: Pusher
    follower: JobFollower
    worker: OrderWorker
    poll: OrdersPoll
    catalogue: CataloguePoll

    async def confirm(self) -> None:
        """Let open jobs end."""
        self.channel.feeds_run()
        self.clock.advance(5.0)
        await self.follower.run_once()

    async def order(self, order_id: str, sku: str, units: int) -> None:
        self.channel.sell(order_id, [(sku, units)])
        await self.journal.touch([f"order:shop:{order_id}"], "test")
        await self.worker.run_once()

    async def changed(self, sku: str) -> None:
        await self.journal.mark([Mark(sku, "test")])
        self.clock.advance(5.0)
        await self.pusher.run_once()

    async def push(self) -> None:
        """A look, the fold of the orders that it found, and the look that waited for it."""
        await self.pusher.run_once()
        await self.worker.run_once()
        self.clock.advance(1.0)
        await self.pusher.run_once()

    @property
    def pushed(self) -> list[dict[str, int]]:
        return [feed.quantities for feed in self.channel.feeds]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    clock = ManualClock(1_000_000.0)
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
    erp = FakeErp(clock.now, {"A": 10, "B": 10})
    channel = FakeChannel(clock.now, {"A": 10, "B": 10})
    context = flow_context(
        journal,
        clock,
        erp=erp,
        channels={"shop": channel},
        settings=FlowSettings(feed_first_poll_s=1.0, feed_poll_s=1.0),
    )
    context.gates.report("erp", [])
    context.gates.report("shop", [])
    await go_live(context, channel, ())
    catalogue = CataloguePoll(context, channel)
    await catalogue.run_once()
    follower = JobFollower(context, channel)
    poll = OrdersPoll(context, channel)
    pusher = Pusher(context, erp, channel, poll, follower)
    clock.advance(5.0)
    yield Shop(clock, journal, erp, channel, context, pusher, follower, OrderWorker(context), poll, catalogue)
    await journal.close()


async def test_a_listing_that_shows_the_number_is_never_pushed(shop: Shop) -> None:
    await shop.pusher.run_once()
    await shop.changed("A")
    assert shop.pushed == []


async def test_a_change_is_pushed_once_and_confirmed(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    await shop.confirm()
    await shop.changed("A")
    assert shop.pushed == [{"A": 7}]


async def test_a_listing_is_in_one_open_job_at_most_and_gets_its_newest_number_after_it(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    shop.erp.move_by_hand("A", -1)
    await shop.changed("A")
    assert shop.pushed == [{"A": 7}]
    await shop.confirm()
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 7}, {"A": 6}]


async def test_what_changed_during_a_job_is_woken_by_its_end(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    lane = stock_lane(shop.channel.id)
    await shop.context.queue.wait(lane, 100, 0.0)
    await shop.confirm()
    assert await shop.context.queue.wait(lane, 100, 0.0) == ["A"]


async def test_units_committed_but_not_proven_out_of_the_erp_are_subtracted(shop: Shop) -> None:
    await shop.pusher.run_once()
    await shop.order("o1", "A", 4)
    shop.channel.shown["A"] = 10  # a feed that was under way wrote over the sale
    shop.clock.advance(5.0)
    await shop.push()
    assert shop.erp.stock["A"] == 10
    assert shop.pushed == [{"A": 6}]


@pytest.mark.parametrize("away", ["fault", "gate"])
async def test_while_the_erp_is_away_a_known_number_falls_with_sales_and_never_rises(
    shop: Shop, away: str
) -> None:
    await shop.pusher.run_once()
    await shop.order("o1", "A", 4)
    shop.channel.shown["A"] = 10  # a feed that was under way wrote over the sale
    shop.erp.move_by_hand("B", +5)
    await shop.journal.mark([Mark("B", "test")])
    shop.clock.advance(5.0)
    if away == "fault":
        shop.erp.fault = "away"
    else:
        shop.context.gates.report("erp", [Finding("erp.unreachable", "error", stops="erp")])
    await shop.push()
    assert shop.pushed == [{"A": 6}]
    await shop.confirm()
    # Both rows stay due: the real numbers come with the ERP.
    shop.context.gates.report("erp", [])
    shop.clock.advance(10.0)
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 6}, {"B": 15}]


async def test_when_the_channel_is_away_nothing_is_an_attempt_and_the_number_goes_out_later(
    shop: Shop,
) -> None:
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    shop.channel.fault = "away"
    with pytest.raises(Unavailable):
        await shop.changed("A")
    shop.clock.advance(5.0)
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 7}]
    (row,) = await shop.journal.get(["listing:shop:A"])
    assert row.attempts == 0


async def test_a_sku_that_the_erp_does_not_know_is_not_zero(shop: Shop) -> None:
    shop.channel.shown["C"] = 5
    await CataloguePoll(shop.context, shop.channel).run_once()
    await shop.pusher.run_once()
    assert shop.pushed == []
    (row,) = await shop.journal.get(["listing:shop:C"])
    assert (row.state, row.reason) == (State.SETTLED, "unknown_sku")


async def test_a_number_that_somebody_changed_on_the_channel_is_repaired(shop: Shop) -> None:
    """Also after a restored backup, which remembers a confirmation that is no longer true."""
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    await shop.confirm()
    shop.channel.shown["A"] = 99
    shop.clock.advance(60.0)
    await CataloguePoll(shop.context, shop.channel).run_once()
    shop.clock.advance(25.0)
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 7}, {"A": 7}]


async def test_a_catalogue_read_that_agrees_pushes_nothing_also_after_own_orders(shop: Shop) -> None:
    await shop.pusher.run_once()
    await shop.order("o1", "A", 4)
    await shop.changed("A")
    await shop.confirm()
    pushed = len(shop.pushed)
    for _ in range(2):
        await CataloguePoll(shop.context, shop.channel).run_once()
        await shop.changed("A")
    assert len(shop.pushed) == pushed


async def test_a_listing_that_the_channel_does_not_know_stays_dead_until_the_catalogue_shows_it(
    shop: Shop,
) -> None:
    await shop.pusher.run_once()
    del shop.channel.shown["A"]
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    await shop.confirm()
    for _ in range(2):
        (row,) = await shop.journal.get(["listing:shop:A"])
        assert (row.state, row.reason) == (State.DEAD, "sku_not_found_on_channel")
        await shop.changed("A")
    assert shop.pushed == [{"A": 7}]
    shop.channel.shown["A"] = 10
    await CataloguePoll(shop.context, shop.channel).run_once()
    await shop.changed("A")
    await shop.confirm()
    assert shop.pushed == [{"A": 7}, {"A": 7}]
    assert shop.channel.shown["A"] == 7


async def test_a_listing_that_comes_back_while_it_is_looked_at_is_looked_at_again_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.pusher.run_once()
    del shop.channel.shown["A"]
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    await shop.confirm()
    shop.channel.shown["A"] = 10
    poll, orders_updated = CataloguePoll(shop.context, shop.channel), shop.channel.orders_updated

    async def meanwhile(since: float) -> AsyncIterator[list[OrderHead]]:
        await poll.run_once()
        async for page in orders_updated(since):
            yield page

    monkeypatch.setattr(shop.channel, "orders_updated", meanwhile)
    await shop.changed("A")
    monkeypatch.undo()
    await shop.pusher.run_once()
    await shop.confirm()
    assert shop.pushed == [{"A": 7}, {"A": 7}]


async def test_a_publish_policy_that_changed_is_followed_at_once(shop: Shop) -> None:
    """Who narrows it before going live must not see the whole catalogue written."""
    await shop.pusher.run_once()
    for sku in ("A", "B"):
        shop.erp.move_by_hand(sku, -3)
    shop.context.settings = FlowSettings(feed_first_poll_s=1.0, feed_poll_s=1.0, publish={"shop": ("B",)})
    await shop.journal.mark([Mark("A", "test")])
    await shop.changed("B")
    assert shop.pushed == [{"B": 7}]
    await shop.confirm()
    shop.context.settings = FlowSettings(feed_first_poll_s=1.0, feed_poll_s=1.0)
    await CataloguePoll(shop.context, shop.channel).run_once()
    shop.clock.advance(5.0)
    await shop.pusher.run_once()
    assert shop.pushed == [{"B": 7}, {"A": 7}]
