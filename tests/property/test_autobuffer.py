"""The automatic buffer, whatever was sold and however long the window: never more than there is, never more
for less, and only what is likely sold (design §7.6)."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from orquestador.flows.recent_sales import RecentSales
from orquestador.model.autobuffer import (
    FORGOTTEN_S,
    LEAST_UNITS,
    MOST_UNITS,
    auto_buffer,
    sold_per_hour,
)
from orquestador.model.rules import Auto, RuleFields, decided_by, effective, with_auto
from orquestador.model.stock import Listing, Rule, Shown, net_quantity, urgency

NOW = 1_750_000_000.0
AGES = st.floats(0.0, 2 * FORGOTTEN_S)
SALES = st.lists(st.tuples(AGES.map(lambda age: NOW - age), st.integers(1, 200)), max_size=30)
WINDOWS = st.floats(0.0, 3600.0)
FREE = st.integers(-50, 1000)


@given(SALES, WINDOWS)
def test_it_is_speed_times_window_rounded_up_and_capped(
    sales: list[tuple[float, int]], window_s: float
) -> None:
    speed = sold_per_hour(sales, NOW)
    found = auto_buffer(speed, window_s)
    expected = speed * window_s / 3600.0
    assert (found.speed, found.window_s) == (speed, window_s)
    if expected < LEAST_UNITS:
        assert found.units == 0
    else:
        assert found.units == MOST_UNITS or expected - 1e-6 <= found.units < expected + 1
        assert 1 <= found.units <= MOST_UNITS


@given(SALES, AGES, st.integers(1, 50), WINDOWS)
def test_more_sales_or_a_longer_window_never_hold_less_back(
    sales: list[tuple[float, int]], age: float, units: int, window_s: float
) -> None:
    speed, more = sold_per_hour(sales, NOW), sold_per_hour([*sales, (NOW - age, units)], NOW)
    assert more >= speed >= 0.0
    assert auto_buffer(more, window_s).units >= auto_buffer(speed, window_s).units
    assert auto_buffer(speed, window_s * 2).units >= auto_buffer(speed, window_s).units


@given(SALES, st.floats(0.0, FORGOTTEN_S))
def test_speed_only_falls_while_nothing_is_sold(sales: list[tuple[float, int]], later: float) -> None:
    speed = sold_per_hour(sales, NOW)
    assert sold_per_hour(sales, NOW + later) <= speed + 1e-9
    assert sold_per_hour(sales, NOW + FORGOTTEN_S) == 0.0
    assert math.isfinite(speed)


@given(FREE, st.integers(0, 20), st.floats(0.0, 500.0), WINDOWS)
def test_a_number_with_it_is_never_below_nothing_and_says_what_it_holds_back(
    free: int, unproven: int, speed: float, window_s: float
) -> None:
    auto = auto_buffer(speed, window_s)
    rule = with_auto(effective(RuleFields(buffer=Auto.AUTO), None, Rule(buffer=7), publish=True), auto)
    number = net_quantity(free, unproven, rule.rule)
    there = max(0, free - unproven)
    assert 0 <= number <= there
    assert number == max(0, there - auto.units)
    use = decided_by(free, unproven, rule)
    if number == there:
        assert use is None
    else:
        assert use is not None
        assert (use.field, use.level, use.value) == ("buffer", "sku", there - number)
        assert (use.speed, use.window_s) == (speed, window_s)
        assert use.value <= there


@given(st.integers(1, 100), st.integers(1, 100), st.floats(1.0, 500.0))
def test_that_it_grows_is_never_urgent(shown: int, held: int, speed: float) -> None:
    """What it holds back is there all the same: the number falls, and no sale is at risk."""
    auto = auto_buffer(speed, 3600.0)
    rule = with_auto(effective(RuleFields(buffer=Auto.AUTO), None, Rule(), publish=True), auto)
    wanted = net_quantity(shown, 0, rule.rule)
    listing = Listing("ch", "A", "A", live=Shown(shown, NOW, 0), rule=decided_by(shown, 0, rule))
    assert wanted == shown or urgency(listing, wanted) <= 10.0
    # And a fall that is real is as urgent as without it.
    gone = Listing("ch", "A", "A", live=Shown(shown, NOW, 0), rule=decided_by(0, 0, rule))
    assert urgency(gone, 0) == 100.0


ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["o1", "o2", "o3"]),
        AGES.map(lambda age: NOW - age),
        st.dictionaries(st.sampled_from(["A", "B"]), st.integers(1, 5), max_size=2),
    ),
    max_size=20,
)


@given(ORDERS)
def test_an_order_counts_once_as_it_was_read_last(
    reads: list[tuple[str, float, dict[str, int]]],
) -> None:
    sales = RecentSales()
    for order, at, units in reads:
        sales.note(order, at, units)
        sales.note(order, at, units)
    last = {order: (at, units) for order, at, units in reads}
    for sku in ("A", "B"):
        once = [(at, units[sku]) for at, units in last.values() if sku in units]
        assert math.isclose(sales.speed(sku, NOW), sold_per_hour(once, NOW), abs_tol=1e-12)
    sales.forget(NOW)
    sales.forget(NOW)
    recent = {sku for at, units in last.values() if at >= NOW - FORGOTTEN_S for sku in units}
    assert set(sales.skus) == recent
