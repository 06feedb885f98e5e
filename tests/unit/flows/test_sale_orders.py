"""Orders that become sale orders: read at the last moment, whole or not at all, and given up by parts
(ADR 0018)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from orquestador.model.errors import Unavailable
from orquestador.model.orders import EffectState, OrderMode
from orquestador.model.work import State
from tests.unit.flows.test_reserve import KEY, Desk, desk

__all__ = ["desk"]


@pytest.fixture(params=[OrderMode.SALE_RESERVE, OrderMode.SALE_DELIVER])
def mode(request: pytest.FixtureRequest, desk: Desk) -> OrderMode:
    desk.mode(request.param)
    return OrderMode(request.param)


async def test_an_order_is_sold_with_prices_and_buyer(desk: Desk, mode: OrderMode) -> None:
    await desk.sell(("A", 2), ("B", 1))
    sale = desk.erp.documents[KEY].movement.sale
    assert sale is not None
    assert (sale.reference, sale.total, sale.shipping) == ("o1", Decimal(3000), Decimal(0))
    assert sale.customer is not None
    assert sale.customer.email == "o1@example.com"
    assert (desk.erp.free("A"), desk.erp.free("B")) == (8, 9)
    row = await desk.row()
    assert row.state is State.SETTLED
    assert "example.com" not in repr(row)
    assert "example.com" not in repr(sale)


async def test_one_contact_for_all_asks_for_no_buyer(desk: Desk, mode: OrderMode) -> None:
    desk.context.settings = replace(desk.context.settings, one_buyer=frozenset({desk.channel.id}))
    await desk.sell(("A", 1))
    sale = desk.erp.documents[KEY].movement.sale
    assert sale is not None
    assert sale.customer is None


async def test_a_line_that_is_unknown_holds_the_whole_order(desk: Desk, mode: OrderMode) -> None:
    desk.channel.shown["NEW"] = 5
    await desk.sell(("A", 2), ("NEW", 1))
    assert desk.erp.documents == {}
    row = await desk.row()
    assert (row.state, row.reason) == (State.DEAD, "unknown_sku:NEW")
    assert await desk.unproven("A") == 2
    desk.erp.stock["NEW"] = 5
    await desk.later()
    assert len(desk.erp.documents) == 1
    assert (await desk.row()).state is State.SETTLED
    assert await desk.unproven("A") == 0


async def test_a_price_that_nobody_tells_holds_the_order(desk: Desk, mode: OrderMode) -> None:
    desk.channel.unpriced.add("o1")
    await desk.sell(("A", 2))
    row = await desk.row()
    assert (row.state, row.reason) == (State.DEAD, "sale_no_price:A")
    assert desk.erp.documents == {}
    assert await desk.unproven("A") == 2
    desk.channel.unpriced.clear()
    await desk.later()
    assert (await desk.row()).state is State.SETTLED
    assert desk.erp.free("A") == 8


async def test_a_channel_that_is_away_costs_nothing_but_time(desk: Desk, mode: OrderMode) -> None:
    read = desk.channel.read_sales

    async def away(*_: object, **__: object) -> object:
        raise Unavailable("the channel is away")

    desk.channel.read_sales = away  # type: ignore[method-assign,assignment]
    await desk.sell(("A", 2))
    row = await desk.row()
    assert (row.state, row.reason) == (State.WAITING, "channel_away:the channel is away")
    assert desk.erp.documents == {}
    desk.channel.read_sales = read  # type: ignore[method-assign]
    await desk.later(10)
    assert (await desk.row()).state is State.SETTLED
    assert desk.erp.free("A") == 8


async def test_cut_off_and_late_calls_sell_once(desk: Desk, mode: OrderMode) -> None:
    for fault, order_id in (("cut", "o1"), ("late", "o2")):
        desk.erp.fault = fault
        await desk.sell(("A", 2), order_id=order_id)
        await desk.later(60)
        await desk.later(60)
        desk.erp.late_calls_arrive()
        assert (await desk.row(order_id)).state is State.SETTLED
    assert (desk.erp.free("A"), len(desk.erp.documents)) == (6, 2)


async def test_cancelled_while_held_the_key_is_voided(desk: Desk, mode: OrderMode) -> None:
    desk.channel.unpriced.add("o1")
    await desk.sell(("A", 2))
    await desk.cancel()
    await desk.later()
    assert await desk.states() == [EffectState.VOIDED]
    assert (await desk.row()).state is State.SETTLED
    assert desk.erp.free("A") == 10


async def test_a_cancelled_part_is_given_up_with_what_stays(desk: Desk) -> None:
    desk.mode(OrderMode.SALE_RESERVE)
    await desk.sell(("A", 2), ("B", 1))
    read = desk.channel.sales_read
    await desk.cancel("1")
    assert desk.channel.sales_read == read + 1
    assert await desk.ledger() == [(2, 2, 0), (0, 0, 0)]
    assert (desk.erp.free("A"), desk.erp.free("B")) == (8, 10)


async def test_what_was_sent_comes_back_by_a_document_of_its_own(desk: Desk) -> None:
    desk.mode(OrderMode.SALE_DELIVER)
    await desk.sell(("A", 2))
    await desk.cancel()
    assert desk.erp.free("A") == 10
    modes = [e.mode for e in (await desk.order()).effects]
    assert modes == [OrderMode.SALE_DELIVER, OrderMode.DELIVER]
