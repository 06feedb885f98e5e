"""The emergency stop: nothing is written while it holds, and everything catches up after it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orquestador.flows import pause
from orquestador.flows.context import Modes
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import load_modes
from orquestador.flows.jobs import JOB_MAX_S
from orquestador.flows.movements import MovementDesk
from orquestador.model.orders import Direction, LineState, ManualMovement
from orquestador.model.places import Place
from orquestador.model.work import State
from tests.unit.flows.test_push import Shop


async def lane(shop: Shop) -> int:
    return await ErpLane(shop.context, shop.erp).run_once()


async def test_an_order_is_folded_while_paused_and_leaves_the_erp_after_it(shop: Shop) -> None:
    await pause.pause(shop.context, "a wrong number", "maria")
    await shop.order("o1", "A", 4)
    assert await lane(shop) == 0
    (row,) = await shop.journal.get(["order:shop:o1"])
    assert (row.order and row.order.lines[0].should_be_out, shop.erp.writes) == (4, 0)
    assert await pause.resume(shop.context, "maria") is True
    await lane(shop)
    assert shop.erp.stock["A"] == 6


async def test_a_give_back_waits_too(shop: Shop) -> None:
    await shop.order("o1", "A", 4)
    await lane(shop)
    await pause.pause(shop.context, None, "maria")
    shop.channel.set_state("o1", "0", LineState.CANCELLED)
    await shop.journal.touch(["order:shop:o1"], "test")
    await shop.worker.run_once()
    await lane(shop)
    assert shop.erp.stock["A"] == 6
    await pause.resume(shop.context, "maria")
    await lane(shop)
    assert shop.erp.stock["A"] == 10


async def test_no_number_is_pushed_while_paused_but_it_is_known_and_goes_out_at_once_after_it(
    shop: Shop,
) -> None:
    await shop.pusher.run_once()
    await pause.pause(shop.context, None, "maria")
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    assert shop.pushed == []
    (row,) = await shop.journal.get(["listing:shop:A"])
    assert (row.state, row.reason, row.listing.wanted) == (State.WAITING, "paused", 7)
    await pause.resume(shop.context, "maria")
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 7}]


async def test_a_pause_that_comes_between_the_intent_and_the_erp_is_heard(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ERP was slow in naming the products: meanwhile a person pushed the stop."""
    products = shop.erp.products

    async def slow(skus: list[str], place: Place) -> object:
        await pause.pause(shop.context, None, "maria")
        return await products(skus, place)

    await shop.order("o1", "A", 4)
    monkeypatch.setattr(shop.erp, "products", slow)
    await lane(shop)
    monkeypatch.undo()
    assert shop.erp.writes == 0
    (row,) = await shop.journal.get(["order:shop:o1"])
    assert (row.state, row.reason) == (State.WAITING, "erp")
    await pause.resume(shop.context, "maria")
    shop.clock.advance(5.0)
    await lane(shop)
    assert shop.erp.stock["A"] == 6


async def test_a_manual_movement_that_was_stored_before_waits(shop: Shop) -> None:
    asked = ManualMovement("k1", "A", Direction.OUT, 2, "count", "hash")
    shop.context.settings = replace(shop.context.settings, manual_wait_s=0.0)
    await MovementDesk(shop.context).ask(asked)
    await pause.pause(shop.context, None, "maria")
    await lane(shop)
    assert shop.erp.stock["A"] == 10
    await pause.resume(shop.context, "maria")
    await lane(shop)
    assert shop.erp.stock["A"] == 8


async def test_a_job_is_followed_but_not_cancelled(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    cancelled: list[str] = []

    async def cancel(external_id: str) -> None:
        cancelled.append(external_id)

    monkeypatch.setattr(shop.channel, "cancel_job", cancel)
    await pause.pause(shop.context, None, "maria")
    shop.clock.advance(JOB_MAX_S + 5.0)
    await shop.follower.run_once()
    assert cancelled == []
    await shop.confirm()
    (row,) = await shop.journal.get(["listing:shop:A"])
    assert row.listing.confirmed and row.listing.confirmed.quantity == 7


async def test_it_survives_a_restart_and_is_heard_by_other_processes(shop: Shop) -> None:
    first = await pause.pause(shop.context, "a wrong number", "maria")
    shop.clock.advance(60.0)
    again = await pause.pause(shop.context, None, "omar")
    assert (again.since, again.by, again.reason) == (first.since, "maria", "a wrong number")
    restarted = replace(shop.context, modes=Modes())
    await load_modes(restarted)
    assert restarted.modes.paused == first
    # Another process resumed: this one asks the journal before it writes.
    await shop.journal.set_meta(pause.PAUSED, None)
    restarted.alone = False
    assert await pause.paused(restarted) is None
    assert await pause.resume(shop.context, "maria") is False
