"""Going live while others serve the same store: what they do before they hear of it is done again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.flows.context import Context
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import follow_modes, go_live, load_modes
from orquestador.flows.jobs import JobFollower
from orquestador.flows.orders import OrderWorker
from orquestador.flows.poll import OrdersPoll
from orquestador.flows.push import Pusher
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.stock import Listing
from orquestador.model.work import Kind, State, Work
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context
from tests.fakes.erp import FakeErp

STOCK = {"A": 100}


class Shop:
    """Two processes over one journal."""

    def __init__(self, journal: SqliteJournal, clock: ManualClock) -> None:
        self.journal, self.clock = journal, clock
        self.erp, self.channel = FakeErp(clock.now, dict(STOCK)), FakeChannel(clock.now, dict(STOCK))
        self.api, self.worker = self.process("api"), self.process("worker")

    def process(self, owner: str) -> Context:
        context = flow_context(
            self.journal, self.clock, erp=self.erp, channels={"shop": self.channel}, owner=owner, alone=False
        )
        for gate in ("erp", "shop"):
            context.gates.report(gate, [])
        return context

    async def signal(self, order_id: str) -> None:
        self.clock.advance(1.0)
        await self.journal.touch([f"order:shop:{order_id}"], "test")

    async def work(self) -> None:
        """Everything that the worker would do in this second."""
        while await OrderWorker(self.worker).run_once():
            pass
        while await ErpLane(self.worker, self.erp).run_once():
            pass
        poll, follower = OrdersPoll(self.worker, self.channel), JobFollower(self.worker, self.channel)
        await Pusher(self.worker, self.erp, self.channel, poll, follower).run_once()

    async def reason(self, order_id: str) -> str | None:
        (row,) = await self.journal.get([f"order:shop:{order_id}"])
        return row.reason


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    clock = ManualClock(1_000_000.0)
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
    yield Shop(journal, clock)
    await journal.close()


async def test_orders_that_a_worker_folds_before_it_hears_of_go_live_are_taken(shop: Shop) -> None:
    shop.channel.sell("asked-for", [("A", 2)])
    shop.channel.sell("history", [("A", 3)])
    await shop.signal("asked-for")
    await shop.signal("history")
    await shop.work()
    shop.clock.advance(5.0)
    await go_live(shop.api, shop.channel, ["asked-for"])
    shop.clock.advance(1.0)
    shop.channel.sell("new", [("A", 4)])
    await shop.signal("new")
    await shop.work()
    assert shop.erp.documents == {}  # it does not know
    assert await shop.reason("new") == "observing"

    await follow_modes(shop.worker)
    await shop.work()
    assert sorted(shop.erp.documents) == ["shop/asked-for/1", "shop/new/1"]
    assert await shop.reason("history") == "before_go_live"


async def test_a_worker_that_dies_before_it_hears_of_go_live_leaves_nothing_behind(shop: Shop) -> None:
    await go_live(shop.api, shop.channel, ())
    shop.clock.advance(1.0)
    shop.channel.sell("new", [("A", 4)])
    await shop.signal("new")
    await shop.work()
    assert await shop.reason("new") == "observing"
    shop.worker = shop.process("another worker")
    await load_modes(shop.worker)
    await follow_modes(shop.worker)
    await shop.work()
    assert sorted(shop.erp.documents) == ["shop/new/1"]


async def test_numbers_that_a_worker_computes_before_it_hears_of_go_live_are_pushed(shop: Shop) -> None:
    shop.channel.shown["A"] = 90
    listing = Listing("shop", "A", "A")
    row = Work(
        "listing:shop:A", Kind.LISTING, "shop", "A", State.DUE, 1, 0, 0, 0.0, created_at=0.0, doc=listing
    )
    await shop.journal.upsert_listings([row])
    await go_live(shop.api, shop.channel, ())
    await shop.work()
    assert shop.channel.feeds == []
    await follow_modes(shop.worker)
    await shop.work()
    assert [feed.quantities for feed in shop.channel.feeds] == [{"A": 100}]


async def test_an_order_that_is_being_folded_when_this_process_hears_of_go_live_is_taken(shop: Shop) -> None:
    await go_live(shop.api, shop.channel, ())
    shop.clock.advance(1.0)
    shop.channel.sell("new", [("A", 4)])
    await shop.signal("new")
    claim_names = shop.journal.claim_names

    async def late(channel: str, names: list[str], owner: str) -> dict[str, str]:
        # The order was judged already, and is not stored yet.
        await follow_modes(shop.worker)
        return await claim_names(channel, names, owner)

    shop.journal.claim_names = late  # type: ignore[method-assign, assignment]
    await shop.work()
    assert sorted(shop.erp.documents) == ["shop/new/1"]
