"""The rules of orders: fold, ledger, effect, key (design §6.3, §6.5, §6.6, §13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orquestador.model.adoption import adopt
from orquestador.model.fold import affected_skus, awaited_until, fold
from orquestador.model.ledger import (
    KEY_MAX_LENGTH,
    allocate,
    effect_key,
    lines_to_map,
    map_lines,
    plan_effect,
    settle_effect,
    still_needed,
    wants_effect,
)
from orquestador.model.orders import (
    Announcement,
    Direction,
    Effect,
    EffectItem,
    EffectState,
    LineState,
    Order,
    Owner,
    SeenLine,
    SeenOrder,
)

C, S, X, N = LineState.COMMITTED, LineState.SHIPPED, LineState.CANCELLED, LineState.NOT_COMMITTED


def line(
    line_id: str = "1",
    sku: str = "A",
    quantity: int = 2,
    state: LineState | None = C,
    owner: Owner = Owner.SELLER,
    reserved: bool = False,
) -> SeenLine:
    raw = state.value if state else "mystery"
    return SeenLine(
        line_id=line_id,
        sku=sku,
        quantity=quantity,
        state=state,
        raw_state=raw,
        owner=owner,
        reserved=reserved,
    )


def seen(*lines: SeenLine, as_of: float = 10.0, **more: Any) -> SeenOrder:
    return SeenOrder(channel="ch", order_id="o1", as_of=as_of, lines=lines, **more)


def order(*lines: SeenLine, **more: Any) -> Order:
    return fold(Order(channel="ch", order_id="o1", first_seen_at=1.0), seen(*lines, **more))


def by_letter(sku: str) -> int:
    return ord(sku[0])


def take(o: Order, *, now: float = 20.0, product_of: Callable[[str], int] = by_letter) -> Order:
    """Map, plan and settle the next effect in full."""
    mapped = map_lines(o, {sku: product_of(sku) for sku in lines_to_map(o)}, {})
    planned = plan_effect(mapped, prefix="", now=now)
    effect = planned.open_effect
    assert effect is not None
    units = {i.line_id: i.units for i in effect.items}
    recipes = {i.line_id: ((i.product_id, 1.0),) for i in effect.items}
    return settle_effect(planned, effect.n, now=now, erp_id=7, units=units, recipes=recipes)


def out(o: Order) -> dict[str, int]:
    return {ln.line_id: ln.taken for ln in o.lines}


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([C], 2),
        ([S], 2),
        ([N], 0),
        ([X], 0),
        ([C, X], 0),
        ([C, S, X], 2),
        ([S, C], 2),
        ([C, N], 2),
        ([X, C], 0),
        ([N, C], 2),
    ],
)
def test_units_are_out_from_committed_on_and_only_a_cancellation_before_dispatch_is_zero(
    history: list[LineState], expected: int
) -> None:
    o = Order(channel="ch", order_id="o1", first_seen_at=1.0)
    for i, state in enumerate(history):
        o = fold(o, seen(line(state=state), as_of=10.0 + i))
    assert o.lines[0].should_be_out == expected


def test_an_older_read_changes_nothing() -> None:
    o = order(line(state=C), as_of=10.0)
    assert fold(o, seen(line(state=X), as_of=9.0)) is o


def test_when_an_order_was_made_is_as_it_was_first_read() -> None:
    first = order(line(), as_of=10.0, created_at=9.0)
    assert fold(first, seen(line(), as_of=20.0, created_at=3609.0)).created_at == 9.0
    assert fold(order(line(), as_of=10.0), seen(line(), as_of=20.0, created_at=9.0)).created_at == 9.0
    body = replace(first, lines=(), body_backed=False)  # about to become its API twin
    assert fold(body, seen(line(), as_of=20.0, created_at=8.0)).created_at == 8.0


def test_a_simple_body_of_the_same_instant_changes_nothing() -> None:
    o = order(line(quantity=2), as_of=10.0, body_backed=True)
    assert fold(o, seen(line(quantity=3), as_of=10.0, body_backed=True)) is o


def test_an_unmapped_state_changes_nothing_and_is_a_problem() -> None:
    o = fold(order(line(state=C)), seen(line(state=None), as_of=11.0))
    assert o.lines[0].should_be_out == 2
    assert o.problem == "unknown_state:mystery"


def test_a_line_missing_from_a_reread_is_kept_but_one_missing_from_a_later_body_is_cancelled() -> None:
    read = fold(order(line("1"), line("2", "B")), seen(line("1"), as_of=11.0))
    assert [ln.should_be_out for ln in read.lines] == [2, 2]
    body = fold(
        order(line("A"), line("B", "B"), body_backed=True), seen(line("A"), as_of=11.0, body_backed=True)
    )
    assert [ln.should_be_out for ln in body.lines] == [2, 0]


def test_a_cancellation_without_lines_means_all_lines() -> None:
    o = order(line("A"), line("B", "B"), body_backed=True)
    o = fold(o, seen(as_of=11.0, body_backed=True, cancels_all=True))
    assert {left.raw_state for left in o.lines} == {"canceled"}
    assert [ln.should_be_out for ln in o.lines] == [0, 0]


def test_marketplace_stock_never_counts_and_unknown_counts_for_an_hour_in_pushes_only() -> None:
    o = order(line("1", owner=Owner.MARKETPLACE), line("2", "B", owner=Owner.UNKNOWN))
    assert not wants_effect(o)
    assert o.unproven(now=1.0 + 3599) == {"B": 2}
    assert o.unproven(now=1.0 + 3600) == {}


def test_a_take_then_a_cancellation_gives_back_exactly_what_was_taken() -> None:
    o = take(order(line(quantity=3)))
    assert out(o) == {"1": 3}
    assert o.effects[0].state is EffectState.APPLIED
    o = fold(o, seen(line(quantity=3, state=X), as_of=11.0))
    planned = plan_effect(o, prefix="", now=30.0)
    effect = planned.open_effect
    assert effect is not None
    assert (effect.direction, effect.n, effect.items[0].units) == (Direction.IN, 2, 3)
    assert effect.items[0].moves == ((ord("A"), 3.0),)
    o = take(o)
    assert out(o) == {"1": 0}
    assert not wants_effect(o)


def test_while_an_effect_is_open_no_other_is_made() -> None:
    o = map_lines(order(line()), {"A": 1}, {})
    planned = plan_effect(o, prefix="", now=1.0)
    assert plan_effect(planned, prefix="", now=2.0) is planned


def test_an_open_effect_is_no_longer_needed_once_its_line_is_cancelled() -> None:
    o = plan_effect(map_lines(order(line()), {"A": 1}, {}), prefix="", now=1.0)
    effect = o.open_effect
    assert effect is not None
    assert still_needed(o, effect)
    o = fold(o, seen(line(state=X), as_of=11.0))
    assert not still_needed(o, effect)


def test_a_line_that_cannot_be_mapped_does_not_hold_back_the_others() -> None:
    o = map_lines(order(line("1"), line("2", "B")), {"A": 1}, {"B": "unknown_sku:B"})
    o = plan_effect(o, prefix="", now=1.0)
    effect = o.open_effect
    assert effect is not None
    assert [i.line_id for i in effect.items] == ["1"]
    assert o.problem == "unknown_sku:B"


def test_what_was_found_done_is_what_the_ledger_takes() -> None:
    o = plan_effect(map_lines(order(line(quantity=5)), {"A": 1}, {}), prefix="", now=1.0)
    effect = o.open_effect
    assert effect is not None
    o = settle_effect(o, 1, now=2.0, erp_id=9, units=allocate(effect, {1: 3.0}), recipes={"1": ((1, 1.0),)})
    assert out(o) == {"1": 3}
    nxt = plan_effect(o, prefix="", now=3.0).open_effect
    assert nxt is not None
    assert (nxt.n, nxt.items[0].units) == (2, 2)


def test_a_kit_counts_in_kits_and_gives_back_its_recorded_components() -> None:
    o = plan_effect(map_lines(order(line(quantity=3)), {"A": 1}, {}), prefix="", now=1.0)
    o = settle_effect(o, 1, now=2.0, erp_id=9, units={"1": 3}, recipes={"1": ((7, 2.0), (8, 1.0))})
    o = fold(o, seen(line(quantity=3, state=X), as_of=11.0))
    back = plan_effect(o, prefix="", now=3.0).open_effect
    assert back is not None
    assert back.items[0].moves == ((7, 6.0), (8, 3.0))
    assert allocate(back, {7: 6.0, 8: 3.0}) == {"1": 3}
    assert allocate(back, {7: 4.0, 8: 3.0}) == {"1": 2}


def test_units_found_beyond_the_intent_reach_the_ledger_too() -> None:
    item = EffectItem("1", "A", 2, 1, ((1, 2.0),))
    effect = Effect(1, "k", Direction.OUT, (item,), 0.0)
    assert allocate(effect, {1: 4.0}) == {"1": 4}


def test_an_api_order_adopts_the_ledger_of_its_body_twin() -> None:
    body = take(order(line("A", quantity=3), body_backed=True))
    api = fold(
        Order(channel="ch", order_id="77", first_seen_at=5.0),
        SeenOrder("ch", "77", 20.0, tuple(line(str(i), quantity=1) for i in range(2))),
    )
    both = adopt(api, body)
    assert sum(ln.taken for ln in both.lines) == 3
    assert [ln.should_be_out - ln.taken for ln in both.lines] == [0, 0, -1]
    assert adopt(both, body) is both


def test_history_has_no_effect() -> None:
    o = replace(order(line()), history=True)
    assert not wants_effect(o)
    assert plan_effect(o, prefix="", now=1.0) is o
    assert o.unproven(1.0) == {}


def test_only_skus_whose_committed_units_changed_are_marked() -> None:
    before = order(line("1"), line("2", "B"))
    after = fold(before, seen(line("1", state=X), line("2", "B"), as_of=11.0))
    assert affected_skus(before, after) == {"A"}
    assert affected_skus(None, before) == {"A", "B"}


def test_an_order_that_the_channel_has_too_from_now_on_affects_all_its_skus() -> None:
    body = replace(order(line()), body_backed=True)
    assert affected_skus(body, body) == set()
    assert affected_skus(body, replace(body, body_backed=False)) == {"A"}


def test_units_still_held_by_the_channel_are_known() -> None:
    assert order(line(reserved=True), line("2", "B")).reserved_on_channel() == {"A": 2}


def test_key_carries_prefix_channel_order_and_number() -> None:
    assert effect_key("shop1-", "falabella", "1200000101", 2) == "shop1-falabella/1200000101/2"
    assert effect_key("", "falabella", "FAL 12/é", 1) == "falabella/FAL%2012%2F%C3%A9/1"


@given(st.text(min_size=1, max_size=200), st.integers(1, 10_000))
def test_keys_are_short_and_differ_whenever_orders_differ(order_id: str, n: int) -> None:
    order_id = order_id.encode("utf-8", "replace").decode()
    key = effect_key("p-", "falabella", order_id, n)
    assert len(key) <= KEY_MAX_LENGTH
    assert key != effect_key("p-", "falabella", order_id + "x", n)
    assert key != effect_key("p-", "falabella", order_id, n + 1)


@given(
    st.lists(
        st.tuples(st.sampled_from([C, S, X, N, None]), st.integers(1, 9), st.integers(0, 30)),
        min_size=1,
        max_size=12,
    )
)
def test_after_any_reads_the_ledger_reaches_what_should_be_out(
    reads: list[tuple[LineState | None, int, int]],
) -> None:
    o = Order(channel="ch", order_id="o1", first_seen_at=1.0)
    for state, quantity, as_of in reads:
        o = fold(o, seen(line(state=state, quantity=quantity), as_of=float(as_of)))
        while plan_effect(map_lines(o, {"A": 1}, {}), prefix="", now=0.0).open_effect:
            o = take(o, product_of=lambda sku: 1)
        assert sum(ln.taken for ln in o.lines) == sum(ln.should_be_out for ln in o.lines)


@pytest.mark.parametrize(
    ("shown", "told", "waits"),
    [
        (C, X, True),
        (C, S, True),
        (N, C, True),
        (X, X, False),
        (S, X, False),
        (S, C, False),
        (X, S, False),
        (C, C, False),
    ],
)
def test_an_announced_state_is_waited_for_until_the_line_is_at_or_beyond_it(
    shown: LineState, told: LineState, waits: bool
) -> None:
    o = order(line("1", state=shown), line("2", state=S))
    announcement = Announcement(("1",), told, at=100.0)
    assert awaited_until(o, [announcement], now=101.0) == (1000.0 if waits else None)
    assert awaited_until(o, [announcement], now=1000.0) is None
