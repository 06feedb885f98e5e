"""Orders that could still be cancelled are read again though neither webhook nor list says a word."""

from __future__ import annotations

import pytest

from orquestador.flows import reread
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.places import lanes
from orquestador.flows.reread import AGAIN_S, EVERY_S, Reread
from orquestador.model.orders import LineState
from tests.unit.flows.test_push import Shop

SIX_HOURS_S = 6 * 3600.0


async def hours(shop: Shop, looks: Reread, seconds: float) -> int:
    """That much time as the runner spends it; returns how many orders were woken."""
    woken = 0
    for _ in range(int(seconds / EVERY_S)):
        shop.clock.advance(EVERY_S)
        woken += await looks.run_once()
        await work_off(shop)
    return woken


async def work_off(shop: Shop) -> None:
    """Fold and do what is due, so that nothing waits but for a signal."""
    while await shop.worker.run_once():
        pass
    for lane in lanes(shop.context):
        while await ErpLane(shop.context, shop.erp, lane).run_once():
            pass


async def state(shop: Shop, order_id: str) -> LineState:
    [work] = await shop.journal.get([f"order:shop:{order_id}"])
    assert work.order is not None
    return work.order.lines[0].state


async def test_a_cancellation_that_nobody_tells_of_is_found_within_six_hours(shop: Shop) -> None:
    looks = Reread(shop.context, shop.channel)
    await shop.order("o1", "A", 2)
    await work_off(shop)
    shop.channel.set_state("o1", "0", LineState.CANCELLED)
    assert await hours(shop, looks, SIX_HOURS_S - 4 * EVERY_S) == 0
    assert await state(shop, "o1") is LineState.COMMITTED
    await hours(shop, looks, 4 * EVERY_S)
    assert await state(shop, "o1") is LineState.CANCELLED
    assert await hours(shop, looks, 4 * SIX_HOURS_S) == 0


async def test_an_open_order_is_read_every_six_hours_a_shipped_one_never(shop: Shop) -> None:
    looks = Reread(shop.context, shop.channel)
    await shop.order("open", "A", 1)
    await shop.order("shipped", "B", 1)
    shop.channel.set_state("shipped", "0", LineState.SHIPPED)
    await shop.journal.touch(["order:shop:shipped"], "test")
    await work_off(shop)
    assert 4 <= await hours(shop, looks, 24 * 3600.0) <= 5


async def test_more_than_a_page_are_all_woken_and_only_once_an_hour_while_they_cannot_be_read(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reread, "PAGE", 2)
    for n in range(5):
        await shop.order(f"o{n}", "A", 1)
    looks = Reread(shop.context, shop.channel)
    shop.clock.advance(SIX_HOURS_S)
    assert await looks.run_once() == 5
    assert await looks.run_once() == 0
    shop.clock.advance(AGAIN_S)
    assert await looks.run_once() == 5
