"""The sweep over the channel's list of orders: from where it reads, and what it touches."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from orquestador.flows.poll import OrdersPoll
from orquestador.ports import OrderHead
from tests.unit.flows.test_push import Shop

TEN_MINUTES_S, DAY_S = 600.0, 86_400.0


@pytest.fixture
def since(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How far back each sweep looked, in seconds."""
    asked: list[float] = []
    listed = shop.channel.orders_updated

    async def orders_updated(at: float) -> AsyncIterator[list[OrderHead]]:
        asked.append(shop.clock.now() - at)
        async for page in listed(at):
            yield page

    monkeypatch.setattr(shop.channel, "orders_updated", orders_updated)
    return asked


async def test_once_a_day_a_sweep_looks_two_days_back(shop: Shop, since: list[float]) -> None:
    poll = OrdersPoll(shop.context, shop.channel)
    for _ in range(3 * 144):
        await poll.run_once()
        shop.clock.advance(TEN_MINUTES_S)
    wide = [n for n, back in enumerate(since) if back == 2 * DAY_S + TEN_MINUTES_S]
    assert wide == [144, 288]
    assert set(since) == {900.0, 900.0 + TEN_MINUTES_S, 2 * DAY_S + TEN_MINUTES_S}


async def test_a_restart_keeps_its_day(shop: Shop, since: list[float]) -> None:
    for _ in range(30):
        await OrdersPoll(shop.context, shop.channel).run_once()
        shop.clock.advance(DAY_S / 24)
    assert [back for back in since if back > DAY_S] == [2 * DAY_S + DAY_S / 24]
