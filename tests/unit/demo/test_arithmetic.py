"""The demo's own sums: they must be right without any help of ours."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from orquestador.demo.arithmetic import (
    Fate,
    Line,
    Movement,
    Row,
    Sale,
    all_agree,
    compare,
    expected_listing,
    expected_stock,
)

SKUS = ("A", "B", "C")
lines = st.lists(st.builds(Line, st.sampled_from((*SKUS, "NOT-OURS")), st.integers(1, 9)), max_size=4)
sales = st.lists(st.builds(Sale, lines.map(tuple), st.sampled_from(Fate), st.booleans()), max_size=12)
movements = st.lists(st.builds(Movement, st.sampled_from(SKUS), st.integers(-9, 9)), max_size=5)
initial = st.fixed_dictionaries({sku: st.integers(0, 30) for sku in SKUS})


def test_a_sold_unit_leaves_once_and_a_unit_cancelled_before_dispatch_stays() -> None:
    sold = Sale((Line("A", 3), Line("A", 1), Line("B", 2)))
    cancelled = Sale((Line("A", 5),), Fate.CANCELLED)
    assert expected_stock({"A": 10, "B": 2, "C": 4}, [sold, cancelled], []) == {"A": 6, "B": 0, "C": 4}


def test_a_unit_cancelled_after_dispatch_is_gone() -> None:
    assert expected_stock({"A": 10}, [Sale((Line("A", 4),), Fate.CANCELLED_LATE)], []) == {"A": 6}


def test_the_marketplaces_own_stock_is_not_ours() -> None:
    sale = Sale((Line("A", 4),), from_marketplace_stock=True)
    assert expected_stock({"A": 10}, [sale], []) == {"A": 10}


def test_an_unknown_sku_does_not_hold_back_the_line_beside_it() -> None:
    assert expected_stock({"A": 10}, [Sale((Line("NOT-OURS", 1), Line("A", 4)))], []) == {"A": 6}


def test_short_stock_goes_below_zero_and_shows_nothing() -> None:
    assert expected_stock({"A": 2}, [Sale((Line("A", 5),))], []) == {"A": -3}
    assert expected_listing(-3) == 0


def test_what_a_person_moves_by_hand_counts() -> None:
    assert expected_stock({"A": 2}, [], [Movement("A", 7), Movement("A", -3)]) == {"A": 6}


@given(initial, sales, movements, st.randoms(use_true_random=False))
def test_the_sum_is_that_of_a_warehouse_that_moves_one_unit_at_a_time(
    stock: dict[str, int], sold: list[Sale], moved: list[Movement], rng: random.Random
) -> None:
    steps: list[tuple[str, int]] = []
    for sale in sold:
        for line in sale.lines:
            steps += [(line.sku, -1)] * line.quantity
            if sale.fate is Fate.CANCELLED or sale.from_marketplace_stock:
                steps += [(line.sku, 1)] * line.quantity
    for movement in moved:
        steps += [(movement.sku, 1 if movement.delta > 0 else -1)] * abs(movement.delta)
    rng.shuffle(steps)
    shelf = dict(stock)
    for sku, unit in steps:
        if sku in shelf:
            shelf[sku] += unit
    assert expected_stock(stock, sold, moved) == shelf


def test_rows_that_are_equal_on_both_sides_agree() -> None:
    rows = compare({"B": -3, "A": 5}, {"A": 5.0, "B": -3.0}, {"A": 5, "B": 0, "C": 9})
    assert rows == (Row("A", 5, 5, 5), Row("B", -3, -3, 0))
    assert all_agree(rows)


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(0, 20))
def test_one_number_that_differs_is_enough(expected: int, erp: int, listing: int) -> None:
    rows = compare({"A": 5, "B": expected}, {"A": 5, "B": erp}, {"A": 5, "B": listing})
    assert all_agree(rows) is (erp == expected and listing == max(0, expected))


def test_a_sku_that_a_system_does_not_know_differs() -> None:
    (row,) = compare({"A": 0}, {}, {})
    assert (row.erp, row.listing, row.agrees) == (None, None, False)


def test_half_a_unit_differs() -> None:
    (row,) = compare({"A": 5}, {"A": 4.5}, {"A": 5})
    assert not row.erp_agrees
    assert row.listing_agrees


def test_nothing_compared_is_nothing_proven() -> None:
    assert not all_agree(())
