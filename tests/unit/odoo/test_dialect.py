"""How each version spells what we use (odoo.md §5.1); 15 and 16 from public code alone."""

from __future__ import annotations

import pytest

from orquestador.erp.odoo.setup import Dialect


@pytest.mark.parametrize(
    ("major", "moves", "done", "reserved", "named"),
    [
        (15, "move_lines", "quantity_done", "reserved_availability", True),
        (16, "move_ids", "quantity_done", "reserved_availability", True),
        (17, "move_ids", "quantity", "quantity", True),
        (18, "move_ids", "quantity", "quantity", True),
        (19, "move_ids", "quantity", "quantity", False),
    ],
)
def test_the_fields_of_a_version(major: int, moves: str, done: str, reserved: str, *, named: bool) -> None:
    dialect = Dialect(major)
    assert (dialect.moves_field, dialect.done_field, dialect.reserved_field) == (moves, done, reserved)
    assert dialect.move_has_name is named
    assert dialect.forced(2) == {done: 2} | ({"picked": True} if major >= 17 else {})


def test_what_is_counted_in_stock() -> None:
    assert Dialect(17).is_stocked({"type": "product"})
    assert not Dialect(17).is_stocked({"type": "consu"})
    assert Dialect(18).is_stocked({"type": "consu", "is_storable": True})
    assert not Dialect(18).is_stocked({"type": "consu", "is_storable": False})
    assert all(Dialect(major).is_stocked({"type": "consu", "is_kits": True}) for major in range(15, 20))
