"""The live channel against what each listing should show: classified, repaired, told (design §8)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from orquestador.flows import rules
from orquestador.flows.poll import CataloguePoll
from orquestador.flows.reconcile import Reconcile
from orquestador.model.drift import Drift, Reconciled
from orquestador.model.errors import Unavailable
from orquestador.model.work import State
from orquestador.ports import Mark, Save
from tests.unit.flows.test_push import Shop
from tests.unit.flows.test_rules import pushed, put


async def run(shop: Shop) -> Reconciled:
    """One run; the clock moves on when it waits to read a second time, and orders are folded then."""
    reconcile = Reconcile(shop.context, shop.erp, shop.channel, shop.poll)
    running = asyncio.ensure_future(reconcile.run())
    while not running.done():
        await asyncio.sleep(0)
        if shop.clock.sleepers:
            await shop.worker.run_once()
            shop.clock.advance(1.0)
    return running.result()


async def test_a_channel_that_shows_what_it_should_is_left_alone(shop: Shop) -> None:
    await shop.pusher.run_once()
    found = await run(shop)
    assert (found.listings, found.drift, found.repaired) == (2, {}, 0)
    assert await shop.pusher.run_once() == 0


async def test_an_edit_by_hand_is_told_and_repaired(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.channel.shown["A"] = 99
    found = await run(shop)
    assert found.drift == {"edited": 1}
    (item,) = found.items
    assert (item.sku, item.shows, item.should, item.drift) == ("A", 99, 10, Drift.EDITED)
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 10}]
    await shop.confirm()
    assert (await run(shop)).drift == {}
    assert shop.context.counters["drift_edited"] == 1
    stored = await Reconcile(shop.context, shop.erp, shop.channel, shop.poll).last()
    assert stored is not None and stored.drift == {}


async def test_a_sale_that_is_not_read_yet_is_no_drift(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.clock.advance(30.0)
    await shop.poll.run_once()
    shop.channel.sell("o1", [("A", 2)])
    found = await run(shop)
    assert found.drift == {}
    await shop.push()
    assert shop.pushed == []


async def test_a_change_of_the_erp_that_nothing_told_is_found(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.erp.stock["B"] = 4
    assert (await run(shop)).drift == {"never_sent": 1}
    await shop.pusher.run_once()
    await shop.confirm()
    assert shop.pushed == [{"B": 4}]
    shop.erp.stock["B"] = 5
    assert (await run(shop)).drift == {"missed": 1}


async def test_a_refused_number_is_told_and_left_to_a_person(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    (work,) = await shop.journal.get(["listing:shop:A"])
    dead = replace(work, state=State.DEAD, reason="refused:price missing", done=work.wanted)
    assert await shop.journal.save([Save(dead)]) == [True]
    found = await run(shop)
    assert (found.drift, found.repaired) == ({"rejected": 1}, 0)
    assert (await shop.journal.get([work.id]))[0].state is State.DEAD


async def test_what_is_due_at_the_first_read_and_differs_at_the_second_is_drift(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.channel.shown["A"] = 99
    await shop.journal.mark([Mark("A", "erp")])
    reconcile = Reconcile(shop.context, shop.erp, shop.channel, shop.poll)
    running = asyncio.ensure_future(reconcile.run())
    while not running.done():
        await asyncio.sleep(0)
        if shop.clock.sleepers:
            await shop.pusher.run_once()
            shop.clock.advance(1.0)
    assert (running.result().drift, running.result().under_way) == ({"edited": 1}, 0)


async def test_what_is_under_way_is_left_alone(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    found = await run(shop)
    assert (found.under_way, found.listings, found.drift) == (1, 1, {})


async def test_nothing_is_repaired_while_the_channel_only_observes(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.channel.shown["A"] = 99
    shop.context.modes._live.clear()
    found = await run(shop)
    assert (found.drift, found.repaired) == ({"edited": 1}, 0)


async def test_it_runs_when_it_is_due_and_rests_after_a_failure(shop: Shop) -> None:
    await shop.pusher.run_once()
    reconcile = Reconcile(shop.context, shop.erp, shop.channel, shop.poll)
    assert await reconcile.run_when_due(600.0) > 0
    assert await reconcile.last() is None
    shop.clock.advance(600.0)
    shop.channel.fault = "away"
    with pytest.raises(Unavailable):
        await reconcile.run_when_due(600.0)
    await reconcile.run_when_due(600.0)
    assert await reconcile.last() is None
    shop.clock.advance(61.0)
    await reconcile.run_when_due(600.0)
    last = await reconcile.last()
    assert last is not None and last.listings == 2
    # Another process, or this one after a restart, knows of it.
    again = Reconcile(shop.context, shop.erp, shop.channel, shop.poll)
    shop.clock.advance(300.0)
    await again.run_when_due(600.0)
    assert (await again.last()) == last


async def test_a_listing_that_is_looked_at_between_the_reads_is_found_all_the_same(shop: Shop) -> None:
    """Signals of the ERP come all the time; what is known of the number is right, what shows is not."""
    await shop.pusher.run_once()
    shop.channel.shown["A"] = 99
    reconcile = Reconcile(shop.context, shop.erp, shop.channel, shop.poll)
    running = asyncio.ensure_future(reconcile.run())
    while not running.done():
        await asyncio.sleep(0)
        if shop.clock.sleepers:
            await shop.journal.mark([Mark("A", "test")])
            await shop.pusher.run_once()
            shop.clock.advance(30.0)
    assert running.result().drift == {"edited": 1}


async def test_a_signal_in_the_moment_of_the_repair_does_not_lose_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.pusher.run_once()
    shop.channel.shown["A"] = 99
    live = shop.channel.live

    async def read_then_signal(refs: Sequence[str]) -> dict[str, int]:
        numbers = await live(refs)
        await shop.journal.mark([Mark("A", "erp")])
        return numbers

    with monkeypatch.context() as patched:
        patched.setattr(shop.channel, "live", read_then_signal)
        assert (await run(shop)).drift == {"edited": 1}
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 10}]


async def test_numbers_are_compared_by_rule_and_frozen_or_unpublished_ones_are_left_alone(shop: Shop) -> None:
    shop.channel.shown |= {"C": 5, "D": 5}
    shop.erp.stock |= {"C": 5, "D": 5, "ODOO": 7}
    await CataloguePoll(shop.context, shop.channel).run_once()
    await put(shop, "A", cap=3)
    await put(shop, "B", erp_sku="ODOO")
    await rules.frozen_by_hand(shop.context, "shop", "C", "wrong price", "ana")
    await put(shop, "D", publish=False)
    await pushed(shop)
    shop.channel.shown = dict.fromkeys(shop.channel.shown, 99)
    found = await run(shop)
    assert {(i.ref, i.sku, i.should) for i in found.items} == {("A", "A", 3), ("B", "ODOO", 7)}
    assert (found.listings, found.frozen, found.repaired) == (2, 1, 2)
    shop.channel.feeds.clear()
    assert await pushed(shop) in ([{"A": 3, "B": 7}], [{"B": 7, "A": 3}])
    # Once it may be sent again, the next run finds what was edited meanwhile.
    await rules.unfrozen_by_hand(shop.context, "shop", "C", "ana")
    await pushed(shop)
    assert (await run(shop)).drift == {"edited": 1}


async def test_a_listing_without_a_number_on_the_channel_is_counted(shop: Shop) -> None:
    await shop.pusher.run_once()
    del shop.channel.shown["B"]
    found = await run(shop)
    assert (found.listings, found.not_shown, found.drift) == (1, 1, {})
