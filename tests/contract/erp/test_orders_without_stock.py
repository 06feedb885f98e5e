"""Consumables and services in an order: nothing moves for them, and the order ends as any other does."""

from __future__ import annotations

from dataclasses import replace

from orquestador.flows.operator import retry
from orquestador.model.orders import LineState, OrderMode
from orquestador.model.work import State
from tests.contract.erp.test_hands import Shop, shop  # noqa: F401 - a fixture
from tests.contract.erp.world import UNITS, A, own

BAG, WORK = own("BAG"), own("WORK")


async def loose_goods(shop: Shop) -> None:  # noqa: F811
    shop.channel.shown |= {BAG: 10, WORK: 10}
    loose = {"is_storable": False} if shop.world.version >= 18 else {}
    await shop.world.new_product(BAG, type="consu", **loose)
    await shop.world.new_product(WORK, type="service")


async def test_a_line_without_stock_moves_nothing_and_holds_nothing_back(shop: Shop) -> None:  # noqa: F811
    await loose_goods(shop)
    shop.channel.sell(shop.order_id, [(A, 2), (BAG, 1), (WORK, 1)])
    await shop.signal()
    row, order = await shop.row(), await shop.order()
    assert (row.state, row.reason) == (State.SETTLED, None)
    assert [(line.sku, line.taken, line.stockless) for line in order.lines] == [
        (A, 2, False),
        (BAG, 0, True),
        (WORK, 0, True),
    ]
    assert order.unproven(shop.clock.now()) == {}
    assert (await shop.left(), await shop.documents()) == (2, 1)
    for line in "012":
        shop.channel.set_state(shop.order_id, line, LineState.CANCELLED)
    await shop.signal()
    await shop.settle()
    assert ((await shop.row()).state, await shop.world.on_hand(A)) == (State.SETTLED, UNITS)


async def test_an_order_of_nothing_but_services_has_no_document(shop: Shop) -> None:  # noqa: F811
    await loose_goods(shop)
    shop.channel.sell(shop.order_id, [(WORK, 3), (BAG, 1)])
    await shop.signal()
    await shop.settle()
    assert ((await shop.row()).state, (await shop.row()).reason) == (State.SETTLED, None)
    assert await shop.documents() == 0


async def test_a_product_that_is_stocked_after_all_is_taken_when_a_person_retries(
    shop: Shop,  # noqa: F811
) -> None:
    await loose_goods(shop)
    shop.channel.sell(shop.order_id, [(BAG, 1)])
    await shop.signal()
    product = await shop.world.product(BAG)
    stocked = {"type": "product"} if shop.world.version <= 17 else {"is_storable": True}
    await shop.world.rpc("product.product", "write", [product], stocked)
    await retry(shop.context, shop.row_id)
    await shop.settle()
    (line,) = (await shop.order()).lines
    assert (line.taken, line.stockless) == (1, False)
    assert await shop.world.on_hand(BAG) == -1


async def test_in_a_sale_order_a_person_says_what_becomes_of_a_service(shop: Shop) -> None:  # noqa: F811
    """It is worth what was paid, so nothing may be missing from it in silence."""
    await loose_goods(shop)
    modes = {"shop": OrderMode.SALE_DELIVER}
    shop.context.settings = replace(shop.context.settings, order_modes=modes)
    shop.channel.sell(shop.order_id, [(A, 1), (WORK, 1)])
    await shop.signal()
    assert ((await shop.row()).state, (await shop.row()).reason) == (State.DEAD, f"not_stocked:{WORK}")
