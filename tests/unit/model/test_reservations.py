"""The ledger of what is only promised (ADR 0017)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orquestador.journal.rules import smaller
from orquestador.model.adoption import adopt
from orquestador.model.ledger import map_lines, plan_effect, wants_effect
from orquestador.model.orders import EffectState, Line, LineState, Order, OrderMode, Owner
from orquestador.model.reservations import Found, book, lowered, must_lower, targets, to_attend

C, X = LineState.COMMITTED, LineState.CANCELLED


def line(line_id: str, quantity: int, sku: str = "A") -> Line:
    return Line(line_id, sku, quantity, C, C, "pending", Owner.SELLER)


def found(moved: float = 0, held: float = 0, waiting: float = 0, missing: str = "cancelled_in_erp") -> Found:
    return Found(
        {1: moved} if moved else {},
        {1: held} if held else {},
        {1: waiting} if waiting else {},
        {1: ((1, 1.0),)} if moved else {},
        7,
        missing,
    )


def promised(*lines: Line, answer: Found, order_id: str = "o") -> Order:
    order = map_lines(Order("shop", order_id, 0.0, lines=lines), {"A": 1}, {})
    order = plan_effect(order, prefix="", now=1.0, mode=OrderMode.RESERVE)
    return book(order, 1, answer, 2.0)


def cancelled(order: Order, *line_ids: str) -> Order:
    lines = [replace(one, state=X) if one.line_id in line_ids else one for one in order.lines]
    return replace(order, lines=tuple(lines))


def ledger(order: Order) -> list[tuple[int, int, int]]:
    return [(one.taken, one.held, one.waiting) for one in order.lines]


def test_the_mode_is_frozen_while_something_is_taken() -> None:
    order = promised(line("1", 2), answer=found(held=2))
    assert [one.mode for one in order.lines] == [OrderMode.RESERVE]
    more = replace(order, lines=(replace(order.lines[0], quantity=3), line("2", 1)))
    more = plan_effect(map_lines(more, {"A": 1}, {}), prefix="", now=3.0, mode=OrderMode.DELIVER)
    effect = more.open_effect
    assert effect is not None
    assert (effect.mode, [(i.line_id, i.units) for i in effect.items]) == (OrderMode.RESERVE, [("1", 1)])
    after = book(more, effect.n, found(held=1), 4.0)
    effect = plan_effect(after, prefix="", now=5.0, mode=OrderMode.DELIVER).open_effect
    assert effect is not None
    assert (effect.mode, [i.line_id for i in effect.items]) == (OrderMode.DELIVER, ["2"])


def test_a_ledger_of_before_there_were_modes_was_delivered() -> None:
    old = replace(line("1", 3), taken=1, product_id=1)
    effect = plan_effect(
        Order("shop", "o", 0.0, lines=(old,)), prefix="", now=1.0, mode=OrderMode.RESERVE
    ).open_effect
    assert effect is not None
    assert effect.mode is OrderMode.DELIVER


def test_units_without_stock_behind_them_stay_unproven() -> None:
    order = promised(line("1", 5), answer=found(held=5, waiting=2))
    assert ledger(order) == [(5, 5, 2)]
    assert order.unproven(3.0) == {"A": 2}
    assert not wants_effect(order)
    assert order.effects[0].note == "waits_for_stock"
    assert book(order, 1, found(held=5), 3.0).unproven(3.0) == {}


def test_the_newest_document_gives_up_first() -> None:
    order = promised(line("1", 2), answer=found(held=2))
    order = replace(order, lines=(replace(order.lines[0], quantity=5),))
    order = book(plan_effect(order, prefix="", now=3.0, mode=OrderMode.RESERVE), 2, found(held=3), 4.0)
    assert ledger(order) == [(5, 5, 0)]
    order = replace(order, lines=(replace(order.lines[0], quantity=1),))
    assert must_lower(order)
    assert to_attend(order, 5.0)
    less = lowered(order)
    assert [(targets(e), e.lowering) for e in less.effects] == [({1: 1.0}, True), ({1: 0.0}, True)]
    less = book(book(less, 1, found(held=1), 6.0), 2, found(), 6.0)
    assert ledger(less) == [(1, 1, 0)]
    assert [e.state for e in less.effects] == [EffectState.RESERVED, EffectState.VOIDED]
    assert lowered(less) is less


def test_what_is_sent_is_given_back_after_the_rest_was_given_up() -> None:
    order = promised(line("1", 5), answer=found(moved=2, held=3))
    order = cancelled(order, "1")
    assert plan_effect(order, prefix="", now=3.0) is order
    order = book(lowered(order), 1, found(moved=2), 4.0)
    assert (ledger(order), order.hold, order.problem) == ([(2, 0, 0)], None, None)
    back = plan_effect(order, prefix="", now=5.0).open_effect
    assert back is not None
    assert [(i.units, i.moves) for i in back.items] == [(2, ((1, 2.0),))]


def test_a_part_that_cannot_be_given_up_alone_is_taken_anew() -> None:
    order = cancelled(promised(line("1", 2), line("2", 3), answer=found(held=5)), "1")
    order = book(lowered(order), 1, found(), 3.0)
    assert (ledger(order), order.hold) == ([(0, 0, 0), (0, 0, 0)], None)
    assert order.unproven(4.0) == {"A": 3}
    again = plan_effect(order, prefix="", now=4.0, mode=OrderMode.RESERVE).open_effect
    assert again is not None
    assert [(i.line_id, i.units) for i in again.items] == [("2", 3)]


@pytest.mark.parametrize("missing", ["cancelled_in_erp", "deleted_in_erp"])
def test_what_people_take_away_holds_the_order(missing: str) -> None:
    order = promised(line("1", 2), line("2", 3), answer=found(held=5))
    order = book(order, 1, found(moved=2, missing=missing), 3.0)
    assert (ledger(order), order.hold) == ([(2, 0, 0), (0, 0, 0)], missing)
    assert plan_effect(order, prefix="", now=4.0) is order
    assert order.unproven(4.0) == {"A": 3}


def test_what_is_voided_by_us_holds_nothing() -> None:
    order = map_lines(Order("shop", "o", 0.0, lines=(line("1", 2), line("2", 1))), {"A": 1}, {})
    order = cancelled(plan_effect(order, prefix="", now=1.0, mode=OrderMode.RESERVE), "1")
    order = book(order, 1, found(), 2.0, ours=True)
    assert (order.hold, order.effects[0].state) == (None, EffectState.VOIDED)
    assert wants_effect(order)


def test_a_closed_order_keeps_what_is_still_promised() -> None:
    order = promised(line("1", 2), answer=found(held=2))
    assert smaller(order).reserved == order.reserved
    assert smaller(book(order, 1, found(moved=2), 3.0)).effects[0].items == ()


def test_an_adopted_order_goes_on_with_its_promises() -> None:
    body = promised(line("A", 4), answer=found(moved=1, held=3, waiting=1), order_id="body")
    api = Order("shop", "api", 0.0, lines=(line("1", 1), line("2", 1), line("3", 1)))
    both = adopt(api, body)
    assert [(o.line_id, o.quantity, *led) for o, led in zip(both.lines, ledger(both), strict=True)] == [
        ("1", 1, 1, 0, 0),
        ("2", 1, 1, 1, 1),
        ("3", 1, 1, 1, 0),
        ("body:body:A", 0, 1, 1, 0),
    ]
    (effect,) = both.reserved
    assert (effect.key, effect.n) == ("shop/body/1", 1)
    assert must_lower(both)
    less = lowered(both)
    assert targets(less.effects[0]) == {1: 3.0}
    less = book(less, 1, found(moved=1, held=2), 5.0)
    assert ledger(less) == [(1, 0, 0), (1, 1, 0), (1, 1, 0), (0, 0, 0)]
    done = book(less, 1, found(moved=3), 6.0)
    assert ledger(done) == [(1, 0, 0), (1, 0, 0), (1, 0, 0), (0, 0, 0)]
    assert not wants_effect(done)


def test_a_body_that_became_an_api_order_keeps_its_key() -> None:
    body = promised(line("A", 2), answer=found(held=2))
    same = replace(body, lines=(line("1", 1), line("2", 1)), adopted=())
    both = adopt(same, body)
    assert (ledger(both), len(both.effects)) == ([(1, 1, 0), (1, 1, 0)], 1)
    assert [i.line_id for i in both.effects[0].items] == ["1", "2"]
    assert ledger(book(both, 1, found(moved=2), 5.0)) == [(1, 0, 0), (1, 0, 0)]
