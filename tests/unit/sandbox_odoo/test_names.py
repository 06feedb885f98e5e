"""The picking name is the key: unique per company, kept through renames and deletions (odoo.md 6)."""

from __future__ import annotations

import pytest

from tests.unit.sandbox_odoo.client import Fault, Odoo

A = "SKU-00001"


def _find(odoo: Odoo, name: str) -> list[int]:
    found: list[int] = odoo.call("stock.picking", "search", [["name", "=", name]])
    return found


def test_a_second_picking_of_that_name_is_refused(odoo: Odoo) -> None:
    odoo.create("ch/1/1", odoo.line(A, 1))
    with pytest.raises(Fault) as raised:
        odoo.create("ch/1/1", odoo.line(A, 1))
    assert raised.value.name == "odoo.exceptions.ValidationError"
    assert raised.value.code == (0 if odoo.version >= 19 else 200)
    assert len(_find(odoo, "ch/1/1")) == 1


def test_a_list_with_one_duplicate_creates_nothing(odoo: Odoo) -> None:
    odoo.create("ch/1/1", odoo.line(A, 1))
    twins = [odoo.delivery(name, [odoo.line(A, 1)]) for name in ("ch/2/1", "ch/1/1")]
    with pytest.raises(Fault):
        odoo.call("stock.picking", "create", twins)
    within = [odoo.delivery("ch/3/1", [odoo.line(A, 1)]) for _ in range(2)]
    with pytest.raises(Fault):
        odoo.call("stock.picking", "create", within)
    assert _find(odoo, "ch/2/1") == _find(odoo, "ch/3/1") == []
    assert len(odoo.call("stock.move", "search", [])) == 1


def test_another_company_may_use_the_name_again(odoo: Odoo) -> None:
    company = odoo.call("res.company", "create", {"name": "Other"})
    place = odoo.warehouse()
    kind = odoo.call(
        "stock.picking.type",
        "create",
        {
            "name": "Deliveries",
            "code": "outgoing",
            "sequence_code": "OUT",
            "company_id": company,
            "default_location_src_id": place["lot_stock_id"],
        },
    )
    odoo.create("ch/1/1", odoo.line(A, 1))
    other = odoo.delivery("ch/1/1", [odoo.line(A, 1)]) | {"picking_type_id": kind}
    assert odoo.call("stock.picking", "create", other)
    assert len(_find(odoo, "ch/1/1")) == 2
    with pytest.raises(Fault):
        odoo.call("stock.picking", "create", other)


def test_a_picking_without_a_name_takes_the_next_of_the_sequence(odoo: Odoo) -> None:
    vals = odoo.delivery("/", [odoo.line(A, 1)])
    first, second = odoo.call("stock.picking", "create", [vals, vals])
    assert [odoo.picking(one)["name"] for one in (first, second)] == ["WH/OUT/00001", "WH/OUT/00002"]


def test_renaming_frees_the_name_and_keeps_the_origin(odoo: Odoo) -> None:
    picking = odoo.create("ch/1/1", odoo.line(A, 1))
    other = odoo.create("ch/2/1", odoo.line(A, 1))
    with pytest.raises(Fault) as raised:
        odoo.call("stock.picking", "write", [other], {"name": "ch/1/1"})
    assert raised.value.name == "odoo.exceptions.ValidationError"
    odoo.validate(picking)
    assert odoo.call("stock.picking", "write", [picking], {"name": "by hand"}) is True  # done ones too
    assert _find(odoo, "ch/1/1") == []
    assert odoo.call("stock.picking", "search", [["origin", "=", "ch/1/1"]]) == [picking]
    reference = odoo.call("stock.move", "search_read", [["picking_id", "=", picking]], fields=["reference"])
    assert reference[0]["reference"] == "by hand"
    assert odoo.create("ch/1/1", odoo.line(A, 1))


@pytest.mark.parametrize("state", ["draft", "assigned", "cancel"])
def test_draft_open_and_cancelled_pickings_can_be_deleted(odoo: Odoo, state: str) -> None:
    picking = odoo.create("ch/1/1", odoo.line(A, 5))
    if state != "draft":
        odoo.call("stock.picking", "action_confirm" if state == "assigned" else "action_cancel", [picking])
    assert odoo.picking(picking)["state"] == state
    assert odoo.call("stock.picking", "unlink", [picking]) is True
    assert _find(odoo, "ch/1/1") == []
    assert odoo.call("stock.move", "search", [["picking_id", "=", picking]]) == []
    assert odoo.stock(A) == (1000.0, 1000.0)
    assert odoo.create("ch/1/1", odoo.line(A, 1))  # the key is free again


def test_a_done_picking_can_be_neither_deleted_nor_cancelled(odoo: Odoo) -> None:
    picking = odoo.create("ch/1/1", odoo.line(A, 5))
    odoo.validate(picking)
    for method in ("unlink", "action_cancel"):
        with pytest.raises(Fault) as raised:
            odoo.call("stock.picking", method, [picking])
        assert raised.value.name == "odoo.exceptions.UserError"
    assert odoo.stock(A) == (995.0, 995.0)


def test_a_persons_hands_cancel_rename_validate_and_delete(odoo: Odoo) -> None:
    first, second = odoo.create("ch/1/1", odoo.line(A, 5)), odoo.create("ch/2/1", odoo.line(A, 2))
    assert odoo.control("picking", id=first, action="rename", name="mine")["name"] == "mine"
    assert odoo.control("picking", name="mine", action="rename", new_name="ours")["name"] == "ours"
    assert odoo.control("picking", name="ours", action="cancel")["state"] == "cancel"
    assert odoo.control("picking", id=first, action="delete")["state"] is None
    assert odoo.control("picking", name="ch/2/1", action="validate") == {
        "id": second,
        "name": "ch/2/1",
        "state": "done",
    }
    refused = odoo.http.post("/_sandbox/picking", json={"id": second, "action": "delete"})
    assert (refused.status_code, refused.json()["name"]) == (409, "odoo.exceptions.UserError")
    unknown = odoo.http.post("/_sandbox/picking", json={"name": "nobody", "action": "cancel"})
    assert unknown.status_code == 422


def test_the_name_of_a_move_is_required_up_to_18_and_unknown_in_19(odoo: Odoo) -> None:
    line = {"product_id": odoo.product(A), "product_uom_qty": 1}
    bare = odoo.delivery("ch/1/1", [[0, 0, line]])
    named = odoo.delivery("ch/2/1", [[0, 0, line | {"name": "x"}]])
    good, bad = (named, bare) if odoo.version <= 18 else (bare, named)
    assert odoo.call("stock.picking", "create", good)
    with pytest.raises(Fault) as raised:
        odoo.call("stock.picking", "create", bad)
    assert raised.value.name == (
        "odoo.exceptions.ValidationError" if odoo.version <= 18 else "builtins.ValueError"
    )
