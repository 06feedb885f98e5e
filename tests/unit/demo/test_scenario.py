"""The scenario has what it promises, for every size and seed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orquestador.demo.arithmetic import Fate
from orquestador.demo.scenario import (
    FIRST_SKU,
    HAND_SOLD_SKU,
    RECEIVED_SKU,
    SHORT_SKU,
    SKUS,
    UNKNOWN_SKU,
    BodyOrder,
    MarketOrder,
    Notices,
    build,
)


@given(st.integers(1, 80), st.integers())
def test_the_same_seed_tells_the_same_story_with_exactly_so_many_orders(orders: int, seed: int) -> None:
    scenario = build(orders, seed)
    assert scenario == build(orders, seed)
    assert len(scenario.orders) == len(scenario.sales) == orders
    assert set(scenario.initial) == set(scenario.expected) == set(SKUS)
    assert min(scenario.initial.values()) >= 0
    ids = [order.order_id for order in scenario.body_orders]
    assert len(set(ids)) == len(ids)


@given(st.integers(10, 60), st.integers())
def test_ten_orders_are_enough_for_every_special_case(orders: int, seed: int) -> None:
    scenario = build(orders, seed)
    market, bodies = scenario.market_orders, scenario.body_orders
    assert {order.sale.fate for order in market} == set(Fate)
    assert {order.sale.fate for order in bodies} == set(Fate)
    assert any(order.sale.from_marketplace_stock for order in market)
    assert any({line.sku for line in order.sale.lines} >= {UNKNOWN_SKU} for order in market)
    assert any(order.notices is Notices.DOUBLED for order in market)
    assert any(len(order.sale.lines) > 1 for order in market)
    assert any(line.quantity > 1 for order in market for line in order.sale.lines)
    assert any(order.bodies[0] == order.bodies[-1] for order in bodies if len(order.bodies) == 2)
    assert any(order.bodies[0].minute > order.bodies[-1].minute for order in bodies)
    assert scenario.expected[SHORT_SKU] < 0


@given(st.integers(1, 60), st.integers())
def test_only_the_short_sku_runs_out(orders: int, seed: int) -> None:
    expected = build(orders, seed).expected
    assert all(units > 0 for sku, units in expected.items() if sku != SHORT_SKU)


@given(st.integers(1, 40), st.integers())
def test_the_warehouse_receives_and_sells_by_hand(orders: int, seed: int) -> None:
    moved = {movement.sku: movement.delta for movement in build(orders, seed).movements}
    assert moved[RECEIVED_SKU] > 0 > moved[HAND_SOLD_SKU]


@given(st.integers(1, 60), st.integers())
def test_what_the_newest_body_says_is_what_was_sold(orders: int, seed: int) -> None:
    for order in build(orders, seed).orders:
        match order:
            case BodyOrder(sale=sale, bodies=bodies):
                assert max(bodies, key=lambda body: body.minute).lines == sale.lines
            case MarketOrder(sale=sale):
                assert sale.lines


def test_the_marketplace_sends_only_what_it_has_in_its_own_warehouse() -> None:
    own = [sale for sale in build(40, 7).sales if sale.from_marketplace_stock]
    assert {line.sku for sale in own for line in sale.lines} == {FIRST_SKU}
