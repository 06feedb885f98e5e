"""Give-backs that do not come out even: in the end all of it has come back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orquestador.model.ledger import plan_effect, settle_effect
from orquestador.model.orders import Line, LineState, Order, Owner
from orquestador.model.recipes import blended

KIT, PART, OTHER = 1, 2, 3


def sold(*taken: int, recipe: tuple[tuple[int, float], ...]) -> Order:
    """An order of which so many units of a kit are out, line by line."""
    lines = tuple(
        Line(
            line_id=str(i),
            sku="KIT",
            quantity=units,
            state=LineState.COMMITTED,
            furthest=LineState.COMMITTED,
            raw_state="pending",
            owner=Owner.SELLER,
            taken=units,
            product_id=KIT,
            recipe=recipe,
        )
        for i, units in enumerate(taken)
    )
    return Order("shop", "1", 0.0, lines=lines)


def given_back(order: Order, quantities: dict[str, int]) -> tuple[Order, dict[int, float]]:
    """The order after these lines ask for so much less, and what an ERP that keeps hundredths put back."""
    lines = tuple(
        replace(line, quantity=line.quantity - quantities.get(line.line_id, 0)) for line in order.lines
    )
    order = plan_effect(replace(order, lines=lines), prefix="", now=1.0)
    effect = order.open_effect
    assert effect is not None
    asked: dict[int, float] = {}
    for item in effect.items:
        for product, quantity in item.moves:
            asked[product] = asked.get(product, 0.0) + quantity
    came = {product: round(quantity, 2) for product, quantity in asked.items()}
    weights = {product: came[product] / asked[product] for product in asked if asked[product]}
    units = {item.line_id: item.units for item in effect.items}
    return settle_effect(order, effect.n, now=2.0, erp_id=9, units=units, weights=weights), came


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.integers(1, 40), st.data())
def test_all_that_was_taken_comes_back(taken: list[int], hundredths: int, data: st.DataObject) -> None:
    total = 10.0 + hundredths / 100
    order = sold(*taken, recipe=((PART, total / sum(taken)), (OTHER, 2.0)))
    back = {PART: 0.0, OTHER: 0.0}
    while any(line.taken for line in order.lines):
        line = data.draw(st.sampled_from([line for line in order.lines if line.taken]))
        order, came = given_back(order, {line.line_id: data.draw(st.integers(1, line.taken))})
        for product, quantity in came.items():
            back[product] += quantity
    assert back == pytest.approx({PART: total, OTHER: 2.0 * sum(taken)})


def test_a_line_for_each_unit() -> None:
    order = sold(1, 1, 1, recipe=((PART, 10 / 3),))
    parts = []
    for line_id in "012":
        order, came = given_back(order, {line_id: 1})
        parts.append(came[PART])
    assert parts == [3.33, 3.34, 3.33]


def test_a_bill_that_was_changed_between_two_takes_counts_with_both() -> None:
    assert dict(blended(((PART, 2.0),), 1, ((PART, 3.0), (OTHER, 1.0)), 3)) == {PART: 2.75, OTHER: 0.75}
    assert blended((), 0, ((PART, 3.0),), 1) == ((PART, 3.0),)
    assert blended(((PART, 2.0),), 1, (), 1) == ((PART, 2.0),)
    # What came back in full leaves no trace.
    assert blended(((PART, 2.0),), 0, ((PART, 3.0),), 1) == ((PART, 3.0),)
