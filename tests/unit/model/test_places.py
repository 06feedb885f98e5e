"""What a ledger freezes about places, and what rows from before places mean."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from orquestador.journal.codec import decode_doc, encode_doc
from orquestador.model.fold import fold
from orquestador.model.ledger import lacks_place, map_lines, placed, plan_effect, settle_effect
from orquestador.model.orders import Direction, LineState, Order, SeenLine, SeenOrder
from orquestador.model.places import Area, Place
from orquestador.model.work import Kind

WH, W2 = Place(1, 8, "WH"), Place(2, 20, "W2")


def sold(*lines: tuple[str, int], before: Order | None = None, at: float = 1.0) -> Order:
    shown = tuple(SeenLine(i, "A", n, LineState.COMMITTED, "pending") for i, n in lines)
    order = fold(before or Order("shop", "o1", 0.0), SeenOrder("shop", "o1", at, shown))
    return map_lines(order, {"A": 7}, {})


def planned(order: Order, place: Place | None) -> Order:
    return plan_effect(order, prefix="", now=2.0, place=place)


def done(order: Order) -> Order:
    effect = order.open_effect
    assert effect is not None
    units = {item.line_id: item.units for item in effect.items}
    return settle_effect(
        order, effect.n, now=3.0, erp_id=1, units=units, recipes=dict.fromkeys(units, ((7, 1.0),))
    )


def test_a_line_keeps_the_place_that_it_first_took_from() -> None:
    order = done(planned(sold(("1", 2)), WH))
    more = planned(sold(("1", 3), ("2", 1), before=order, at=5.0), W2)
    assert more.open_effect is not None
    assert more.open_effect.place == WH
    assert [item.line_id for item in more.open_effect.items] == ["1"]
    rest = planned(done(more), W2)
    assert rest.open_effect is not None
    assert (rest.open_effect.place, [i.line_id for i in rest.open_effect.items]) == (W2, ["2"])


def test_a_give_back_goes_to_each_line_s_place() -> None:
    order = done(planned(sold(("1", 2)), WH))
    order = done(planned(sold(("1", 2), ("2", 1), before=order, at=5.0), W2))
    gone = replace(order, lines=tuple(replace(line, state=LineState.CANCELLED) for line in order.lines))
    first = planned(gone, W2)
    second = planned(done(first), W2)
    backs = [e for e in second.effects if e.direction is Direction.IN]
    assert [(e.place, [i.line_id for i in e.items]) for e in backs] == [(WH, ["1"]), (W2, ["2"])]


def test_a_row_from_before_places_means_the_first_one() -> None:
    order = done(planned(sold(("1", 2)), WH))
    stored = json.loads(encode_doc(Kind.ORDER, order))
    for part in (*stored["lines"], *stored["effects"]):
        del part["place"]
    old = decode_doc(Kind.ORDER, json.dumps(stored))
    assert isinstance(old, Order) and lacks_place(old)
    known = placed(old, WH)
    assert not lacks_place(known)
    assert known == order


def test_what_has_taken_nothing_lacks_no_place() -> None:
    order = sold(("1", 2))
    assert not lacks_place(order)
    assert lacks_place(planned(order, None))


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (("1/8/",), ("1/8/",), True),
        (("1/8/",), ("1/8/9/",), True),
        (("1/8/9/",), ("1/8/",), True),
        (("1/8/",), ("1/80/",), False),
        (("1/8/", "2/20/"), ("2/20/21/",), True),
        (("1/8/9/",), ("1/8/10/",), False),
    ],
)
def test_areas(one: tuple[str, ...], other: tuple[str, ...], overlap: bool) -> None:
    assert Area(one).overlaps(Area(other)) is overlap
