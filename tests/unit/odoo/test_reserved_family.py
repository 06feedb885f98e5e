"""What the open moves of a picking promise to an order, and how a part of it is given up (ADR 0017)."""

from __future__ import annotations

from typing import Any

from orquestador.erp.odoo.family import Move, lower_demand, move_fields, outcome
from orquestador.erp.odoo.setup import Dialect
from orquestador.model.orders import Direction, OrderMode
from orquestador.ports import Movement, MovementState

ROOT, BACKORDER = 10, 11
KIT, BOX, X, Y = 100, 101, 1, 2


def movement(*items: tuple[int, float]) -> Movement:
    return Movement("K/1/1", Direction.OUT, items, mode=OrderMode.RESERVE)


def move(product: int, demand: float, reserved: float, state: str, **changes: Any) -> Move:
    values: dict[str, Any] = {
        "id": 0,
        "picking_id": ROOT,
        "product_id": product,
        "demand": demand,
        "quantity": reserved,
        "reserved": reserved,
        "units": 1.0,
        "state": state,
        **changes,
    }
    return Move(**values)


def test_promised_with_and_without_stock() -> None:
    found = outcome(
        movement((X, 5), (Y, 2)),
        ROOT,
        [move(X, 5, 3, "partially_available"), move(Y, 2, 0, "confirmed")],
    )
    assert (found.state, dict(found.moved)) == (MovementState.RESERVED, {})
    assert (dict(found.held), dict(found.waiting)) == ({X: 5, Y: 2}, {X: 2, Y: 2})
    assert found.short == frozenset({X, Y})
    assert found.reason is None


def test_a_member_that_is_still_a_draft_is_to_be_finished() -> None:
    moves = [move(X, 2, 2, "assigned"), move(Y, 1, 0, "draft")]
    assert outcome(movement((X, 2), (Y, 1)), ROOT, moves).state is MovementState.OPEN


def test_what_odoo_refuses_is_not_promised() -> None:
    found = outcome(movement((X, 2)), ROOT, [move(X, 2, 0, "confirmed")], problem="no")
    assert (found.state, dict(found.held)) == (MovementState.REFUSED, {})


def test_a_move_that_asks_for_nothing_promises_nothing() -> None:
    moves = [move(X, 2, 2, "done"), move(Y, 0, 0, "assigned")]
    found = outcome(movement((X, 2), (Y, 1)), ROOT, moves)
    assert (found.state, dict(found.moved), dict(found.held)) == (MovementState.RESERVED, {X: 2}, {})


def test_the_units_of_a_move_are_the_products() -> None:
    found = outcome(movement((X, 24)), ROOT, [move(X, 2, 1, "partially_available", units=12.0)])
    assert (dict(found.held), dict(found.waiting)) == ({X: 24}, {X: 12})


def test_until_16_what_is_reserved_has_a_field_of_its_own() -> None:
    row = {
        "id": 1,
        "picking_id": [ROOT, "K"],
        "product_id": [X, "x"],
        "product_uom_qty": 5.0,
        "product_qty": 5.0,
        "quantity_done": 0.0,
        "reserved_availability": 3.0,
        "state": "partially_available",
        "has_tracking": "none",
    }
    old = Dialect(16)
    assert set(row) - {"id"} == set(move_fields(old))
    found = outcome(movement((X, 5)), ROOT, [Move.of(row, old)])
    assert (dict(found.held), dict(found.waiting)) == ({X: 5}, {X: 2})


def test_several_kits_are_promised_whole_or_wait_whole() -> None:
    wanted = movement((KIT, 2), (BOX, 1))
    full = outcome(wanted, ROOT, [move(X, 4, 4, "assigned"), move(Y, 1, 1, "assigned")])
    assert (dict(full.held), dict(full.waiting)) == ({KIT: 2, BOX: 1}, {})
    short = outcome(wanted, ROOT, [move(X, 4, 3, "partially_available"), move(Y, 1, 1, "assigned")])
    assert (dict(short.held), dict(short.waiting)) == ({KIT: 2, BOX: 1}, {KIT: 2, BOX: 1})


def demands(wanted: Movement, moves: list[Move], **to: float) -> dict[int, float] | None:
    names = {"x": X, "y": Y, "kit": KIT}
    return lower_demand(
        wanted, outcome(wanted, ROOT, moves), moves, {names[name]: units for name, units in to.items()}
    )


def test_the_demand_that_is_to_stay() -> None:
    moves = [move(X, 5, 5, "assigned", id=1), move(Y, 2, 2, "assigned", id=2)]
    wanted = movement((X, 5), (Y, 2))
    assert demands(wanted, moves, x=3, y=2) == {1: 3}
    assert demands(wanted, moves, x=5, y=0) == {2: 0}
    assert demands(wanted, moves, x=9, y=2) == {}
    assert demands(wanted, moves) is None
    # A line that a person added is the person's.
    assert demands(wanted, [*moves, move(9, 4, 4, "assigned", id=3)], x=3, y=2) == {1: 3}
    dozen = [move(X, 2, 2, "assigned", id=1, units=12.0)]
    assert demands(movement((X, 24)), dozen, x=12) == {1: 1}


def test_what_left_counts_first() -> None:
    moves = [move(X, 2, 2, "done", id=1), move(X, 3, 3, "assigned", id=2, picking_id=BACKORDER)]
    assert demands(movement((X, 5)), moves, x=3) == {2: 1}
    assert demands(movement((X, 5)), moves, x=2) is None
    assert demands(movement((X, 5)), moves, x=1) is None


def test_a_part_of_a_kit_is_never_given_up_alone() -> None:
    moves = [move(X, 6, 6, "assigned", id=1), move(Y, 3, 3, "assigned", id=2)]
    assert demands(movement((KIT, 3)), moves, kit=2) is None
    assert demands(movement((KIT, 3)), moves, kit=3) == {}
