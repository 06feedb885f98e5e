"""What the moves of a picking and its backorders amount to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orquestador.erp.odoo.family import Move, Picking, outcome
from orquestador.erp.odoo.setup import Dialect
from orquestador.model.orders import Direction
from orquestador.ports import Movement, MovementState

DATA = Path(__file__).parents[2] / "data"
ROOT, BACKORDER = 10, 11
KIT, BOX, X, Y = 100, 101, 1, 2


def movement(*items: tuple[int, float]) -> Movement:
    return Movement("K/1/1", Direction.OUT, items)


def move(product: int, demand: float, quantity: float, state: str, **changes: Any) -> Move:
    values: dict[str, Any] = {
        "id": 0,
        "picking_id": ROOT,
        "product_id": product,
        "demand": demand,
        "quantity": quantity,
        "units": 1.0,
        "state": state,
        **changes,
    }
    return Move(**values)


def test_all_done() -> None:
    found = outcome(movement((X, 2), (Y, 1)), ROOT, [move(X, 2, 2, "done"), move(Y, 1, 1, "done")])
    assert (found.state, dict(found.moved)) == (MovementState.DONE, {X: 2, Y: 1})
    assert dict(found.recipes) == {X: ((X, 1.0),), Y: ((Y, 1.0),)}


def test_one_unit_left_behind_in_a_backorder_is_not_done() -> None:
    moves = [move(X, 3, 3, "done"), move(X, 2, 0, "confirmed", picking_id=BACKORDER)]
    found = outcome(movement((X, 5)), ROOT, moves)
    assert (found.state, dict(found.moved)) == (MovementState.OPEN, {X: 3})


def test_reserved_units_have_not_moved() -> None:
    found = outcome(movement((X, 5)), ROOT, [move(X, 5, 5, "assigned")])
    assert (found.state, dict(found.moved)) == (MovementState.OPEN, {})


def test_refused_only_while_nothing_moved() -> None:
    found = outcome(movement((X, 5)), ROOT, [move(X, 5, 0, "draft")], problem="no lot")
    assert found.state is MovementState.REFUSED
    assert found.reason == "no lot; left draft in Odoo"
    half = [move(X, 3, 3, "done"), move(X, 2, 0, "confirmed")]
    assert outcome(movement((X, 5)), ROOT, half, problem="no lot").state is MovementState.OPEN


def test_all_cancelled() -> None:
    assert outcome(movement((X, 5)), ROOT, [move(X, 5, 0, "cancel")]).state is MovementState.CANCELLED


def test_a_cancelled_rest_leaves_what_moved() -> None:
    found = outcome(movement((X, 5)), ROOT, [move(X, 3, 3, "done"), move(X, 2, 0, "cancel")])
    assert (found.state, dict(found.moved)) == (MovementState.DONE, {X: 3})
    assert found.reason


def test_more_than_was_asked_counts_too() -> None:
    assert dict(outcome(movement((X, 5)), ROOT, [move(X, 5, 7, "done")]).moved) == {X: 7}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("cancel", MovementState.CANCELLED),
        ("draft", MovementState.OPEN),
        ("done", MovementState.DONE),
        ("", MovementState.REFUSED),
    ],
)
def test_a_document_without_moves(state: str, expected: MovementState) -> None:
    assert outcome(movement((X, 5)), ROOT, [], state=state).state is expected


def test_a_kit_is_counted_by_its_components() -> None:
    moves = [move(X, 6, 6, "done"), move(Y, 3, 3, "done")]
    found = outcome(movement((KIT, 3)), ROOT, moves, forced=[X])
    assert (found.state, dict(found.moved)) == (MovementState.DONE, {KIT: 3})
    assert dict(found.recipes) == {KIT: ((X, 2.0), (Y, 1.0))}
    assert found.short == {KIT}


def test_only_whole_kits_have_moved() -> None:
    moves = [
        move(X, 5, 5, "done"),
        move(Y, 3, 3, "done"),
        move(X, 1, 0, "confirmed", picking_id=BACKORDER),
    ]
    found = outcome(movement((KIT, 3)), ROOT, moves)
    assert (found.state, dict(found.moved)) == (MovementState.OPEN, {KIT: 2})
    assert dict(found.recipes)[KIT] == ((X, 2.0), (Y, 1.0))


def test_components_in_dozens_are_counted_in_units() -> None:
    found = outcome(movement((KIT, 3)), ROOT, [move(X, 0.5, 0.5, "done", units=12.0)])
    assert dict(found.moved) == {KIT: 3}
    assert dict(found.recipes) == {KIT: ((X, 2.0),)}


def test_a_component_that_was_also_sold_on_its_own() -> None:
    moves = [move(X, 6, 6, "done"), move(X, 2, 2, "done"), move(Y, 3, 3, "done")]
    found = outcome(movement((KIT, 3), (X, 2)), ROOT, moves)
    assert dict(found.moved) == {KIT: 3, X: 2}
    assert dict(found.recipes) == {KIT: ((X, 2.0), (Y, 1.0)), X: ((X, 1.0),)}


def test_several_kits_that_moved_in_full_all_moved() -> None:
    moves = [move(X, 6, 6, "done"), move(Y, 3, 3, "done")]
    found = outcome(movement((KIT, 3), (BOX, 1)), ROOT, moves)
    assert (found.state, dict(found.moved)) == (MovementState.DONE, {KIT: 3, BOX: 1})
    assert dict(found.recipes) == {}


def test_several_kits_that_moved_in_part_are_for_a_person() -> None:
    moves = [move(X, 6, 6, "done"), move(Y, 3, 0, "cancel")]
    found = outcome(movement((KIT, 3), (BOX, 1)), ROOT, moves)
    assert (found.state, dict(found.moved)) == (MovementState.FOREIGN, {})
    assert found.reason


def recorded(version: int, case: str) -> dict[str, Any]:
    lines = (DATA / f"odoo-{version}.jsonl").read_text().splitlines()
    return next(c for c in map(json.loads, lines) if c["case"] == case and c["api"] == "jsonrpc")


@pytest.mark.parametrize("version", [17, 18, 19])
@pytest.mark.parametrize(
    ("case", "units", "state", "moved"),
    [
        ("family_done", 2.0, MovementState.DONE, 2.0),
        ("family_short_wizard", 5.0, MovementState.OPEN, 0.0),
        ("family_short_backorder", 5.0, MovementState.OPEN, 3.0),
        ("family_zero_negative", 2.0, MovementState.DONE, 2.0),
        ("family_forced", 4.0, MovementState.DONE, 4.0),
        ("family_giveback", 2.0, MovementState.DONE, 2.0),
    ],
)
def test_recorded_families(version: int, case: str, units: float, state: MovementState, moved: float) -> None:
    pickings = [Picking.of(row) for row in recorded(version, case)["answer"]]
    root = next(p for p in pickings if p.parent is None)
    moves = [Move.of(row, Dialect(version)) for row in recorded(version, f"{case}_moves")["answer"]]
    product = moves[0].product_id
    found = outcome(movement((product, units)), root.id, moves)
    assert found.state is state
    assert found.moved.get(product, 0.0) == moved


@pytest.mark.parametrize("version", [17, 18, 19])
def test_a_recorded_kit(version: int) -> None:
    moves = [Move.of(row, Dialect(version)) for row in recorded(version, "family_kit_moves")["answer"]]
    component = moves[0].product_id
    found = outcome(movement((KIT, 3)), ROOT, moves)
    assert dict(found.moved) == {KIT: 3}
    assert dict(found.recipes) == {KIT: ((component, 2.0),)}
