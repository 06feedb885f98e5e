"""What counts as drift while orders and pushes go on, and how soon it is right again (P3, design §8)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from orquestador.flows import reconcile
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.reconcile import Reconcile
from orquestador.model.drift import Reconciled
from orquestador.model.orders import LineState
from orquestador.model.places import Scope
from tests.unit.flows.test_push import Shop

Step = Callable[[], Awaitable[None]]


async def run(shop: Shop, between: Step) -> Reconciled:
    """One run; `between` happens once its first read is over, before the second."""
    running = asyncio.ensure_future(Reconcile(shop.context, shop.erp, shop.channel, shop.poll).run())
    while not shop.clock.sleepers:
        await asyncio.sleep(0)
        assert not running.done()
    await between()
    while not running.done():
        await asyncio.sleep(0)
        if shop.clock.sleepers:
            await shop.worker.run_once()
            await shop.pusher.run_once()
            shop.clock.advance(1.0)
    return running.result()


async def confirmed(shop: Shop, sku: str, units: int) -> None:
    """This number is pushed and confirmed."""
    shop.erp.move_by_hand(sku, units - int(shop.erp.stock[sku]))
    await shop.changed(sku)
    await shop.confirm()
    shop.clock.advance(60.0)


async def test_a_number_that_is_right_again_by_the_second_read_is_no_drift(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.channel.shown["A"] = 99

    async def set_back() -> None:
        shop.channel.shown["A"] = 10

    found = await run(shop, set_back)
    assert (found.drift, found.repaired) == ({}, 0)
    assert shop.pushed == []


async def test_a_job_between_the_reads_is_no_drift(shop: Shop) -> None:
    """The first read is older than what the job wrote, the second shows what came after it."""
    await shop.pusher.run_once()
    shop.channel.shown["A"] = 99

    async def a_push() -> None:
        shop.erp.move_by_hand("A", -3)
        await shop.changed("A")
        await shop.confirm()
        shop.channel.shown["A"] = 98

    found = await run(shop, a_push)
    assert shop.pushed == [{"A": 7}]
    assert (found.drift, found.repaired) == ({}, 0)

    # The next run has two reads after the job.
    async def nothing() -> None: ...

    assert (await run(shop, nothing)).drift == {"edited": 1}


async def test_an_own_order_between_the_reads_is_no_drift(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.channel.shown["A"] = 8  # a sale shows before its order is listed

    async def listed() -> None:
        shop.channel.shown["A"] = 10
        shop.channel.sell("o1", [("A", 2)])

    found = await run(shop, listed)
    assert found.drift == {}
    assert shop.pushed == []


async def test_a_push_that_took_long_and_wrote_over_a_sale_is_told_as_sold_and_repaired(shop: Shop) -> None:
    await shop.pusher.run_once()
    await confirmed(shop, "A", 8)
    await shop.order("o1", "A", 2)
    await ErpLane(shop.context, shop.erp).run_once()
    await shop.push()
    assert shop.channel.shown["A"] == 6
    shop.channel.shown["A"] = 8

    async def nothing() -> None: ...

    assert (await run(shop, nothing)).drift == {"sold": 1}
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 8}, {"A": 6}]


async def test_a_sale_and_its_cancellation_during_a_push_end_right(shop: Shop) -> None:
    """The push writes over the sale; its cancellation gives back what the channel never took."""
    lane = ErpLane(shop.context, shop.erp)
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    await shop.order("o1", "A", 2)
    await lane.run_once()
    shop.channel.feeds_run()
    assert shop.channel.shown["A"] == 7  # as if nothing had been sold
    shop.channel.set_state("o1", "0", LineState.CANCELLED)
    assert shop.channel.shown["A"] == 9
    for _ in range(4):
        shop.clock.advance(30.0)
        await shop.journal.touch(["order:shop:o1"], "test")
        await shop.worker.run_once()
        await lane.run_once()
        await shop.follower.run_once()
        await shop.push()
        shop.channel.feeds_run()
    assert (shop.erp.stock["A"], shop.channel.shown["A"]) == (7, 7)
    assert shop.channel.needless == []


async def test_what_was_confirmed_is_history_and_what_is_read_counts(shop: Shop) -> None:
    """The channel shows another number than it confirmed; then the right one is sent although it was
    confirmed before."""
    await shop.pusher.run_once()
    await confirmed(shop, "A", 7)
    (work,) = await shop.journal.get(["listing:shop:A"])
    assert work.listing.confirmed is not None
    at = work.listing.confirmed.at
    shop.channel.shown["A"] = 9
    await shop.catalogue.run_once()
    (work,) = await shop.journal.get(["listing:shop:A"])
    assert work.listing.confirmed is not None
    assert work.listing.newest is not None
    assert (work.listing.confirmed.quantity, work.listing.confirmed.at) == (7, at)
    assert (work.listing.newest.quantity, work.differs) == (9, True)
    for _ in range(2):
        shop.clock.advance(21.0)
        await shop.pusher.run_once()
    assert shop.pushed == [{"A": 7}, {"A": 7}]


async def test_what_is_edited_just_after_a_read_is_right_again_within_fifteen_minutes(shop: Shop) -> None:
    """The worst moment: the next comparison is a whole interval away."""
    await shop.pusher.run_once()
    runs = Reconcile(shop.context, shop.erp, shop.channel, shop.poll)
    every_s = shop.context.settings.reconcile_s
    edited_at: list[float] = []

    async def loop() -> None:
        while True:
            await shop.clock.sleep(await runs.run_when_due(every_s))

    looping = asyncio.ensure_future(loop())
    try:
        while shop.channel.shown["A"] != 10 or not edited_at:
            while not shop.clock.sleepers:
                await asyncio.sleep(0)
                assert not looping.done()
            last = await runs.last()
            if last is not None and not edited_at:
                # The numbers of this run were read when it began.
                shop.channel.shown["A"] = 99
                edited_at.append(last.started_at)
            await shop.pusher.run_once()
            shop.channel.feeds_run()
            await shop.follower.run_once()
            shop.clock.advance(1.0)
            assert not edited_at or shop.clock.now() <= edited_at[0] + 900.0
    finally:
        looping.cancel()
    assert shop.pushed == [{"A": 10}]
    assert shop.context.counters["drift_edited"] == 1


async def test_rows_that_change_while_the_pages_are_read_are_compared_all_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    skus = [f"S{n}" for n in range(8)]
    shop.channel.shown |= dict.fromkeys(skus, 10)
    shop.erp.stock |= dict.fromkeys(skus, 10)
    await shop.catalogue.run_once()
    await shop.pusher.run_once()
    shop.channel.shown |= dict.fromkeys(skus, 99)
    monkeypatch.setattr(reconcile, "PAGE", 2)
    availability = shop.erp.availability

    async def while_others_change(asked: Sequence[str], *scope: Scope) -> object:
        shop.clock.advance(0.01)
        await shop.journal.touch([f"listing:shop:{sku}" for sku in skus[:5]], "test")
        return await availability(asked, *scope)

    monkeypatch.setattr(shop.erp, "availability", while_others_change)

    async def nothing() -> None:
        monkeypatch.setattr(shop.erp, "availability", availability)

    found = await run(shop, nothing)
    assert (found.listings, found.drift) == (10, {"edited": 8})
