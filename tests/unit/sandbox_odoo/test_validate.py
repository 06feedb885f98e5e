"""`button_validate` and around: short stock, several at once, kits, lots, forced quantities (odoo.md 5)."""

from __future__ import annotations

import pytest

from tests.unit.sandbox_odoo.client import Fault, Odoo

A, B, C = "SKU-00001", "SKU-00002", "SKU-00003"
WIZARD = "stock.backorder.confirmation"


def _quantities(odoo: Odoo, *ids: int) -> list[tuple[float, float, str]]:
    return [(move["product_uom_qty"], move["quantity"], move["state"]) for move in odoo.moves(*ids)]


def test_validating_a_draft_confirms_reserves_and_does_it(odoo: Odoo) -> None:
    picking = odoo.create("ch/1/1", odoo.line(A, 3))
    assert odoo.stock(A) == (1000.0, 1000.0)  # a draft promises nothing
    assert odoo.validate(picking) is True
    assert odoo.picking(picking)["state"] == "done"
    assert odoo.stock(A) == (997.0, 997.0)


def test_partial_stock_without_context_answers_a_wizard_and_keeps_the_reservation(odoo: Odoo) -> None:
    odoo.set_stock(A, 3)
    picking = odoo.create("ch/1/1", odoo.line(A, 5))
    answer = odoo.validate(picking, lang="en_US")
    assert answer["res_model"] == WIZARD
    assert answer["context"]["button_validate_picking_ids"] == [picking]
    assert odoo.picking(picking)["state"] == "assigned"
    assert _quantities(odoo, picking) == [(5.0, 3.0, "partially_available")]
    assert odoo.stock(A) == (3.0, 0.0)


def test_partial_stock_with_skip_backorder_splits_the_sale_in_two(odoo: Odoo) -> None:
    odoo.set_stock(A, 3)
    picking = odoo.create("ch/1/1", odoo.line(A, 5))
    assert odoo.validate(picking) is True
    (rest,) = odoo.picking(picking)["backorder_ids"]
    backorder = odoo.picking(rest)
    assert odoo.picking(picking)["state"] == "done"
    assert _quantities(odoo, picking) == [(3.0, 3.0, "done")]
    assert backorder["origin"] == "ch/1/1"
    assert backorder["name"].startswith("WH/OUT/")
    assert backorder["backorder_id"] == [picking, "ch/1/1"]
    assert backorder["state"] == "confirmed"
    assert _quantities(odoo, rest) == [(2.0, 0.0, "confirmed")]
    assert odoo.stock(A) == (0.0, 0.0)


def test_zero_stock_leaves_in_full_and_goes_negative_without_a_word(odoo: Odoo) -> None:
    odoo.set_stock(A, 0)
    picking = odoo.create("ch/1/1", odoo.line(A, 2))
    assert odoo.validate(picking, lang="en_US") is True  # no context, no wizard
    assert odoo.picking(picking) | {"state": "done", "backorder_ids": []} == odoo.picking(picking)
    assert odoo.stock(A) == (-2.0, -2.0)


def test_of_two_lines_the_one_without_stock_goes_negative_too(odoo: Odoo) -> None:
    odoo.set_stock(B, 0)
    picking = odoo.create("ch/1/1", odoo.line(A, 2), odoo.line(B, 4))
    assert odoo.validate(picking) is True
    assert (odoo.stock(A)[0], odoo.stock(B)[0]) == (998.0, -4.0)
    assert odoo.picking(picking)["backorder_ids"] == []


def test_validating_again_is_an_error_on_17_and_true_later(odoo: Odoo) -> None:
    picking = odoo.create("ch/1/1", odoo.line(A, 2))
    odoo.validate(picking)
    if odoo.version <= 17:
        with pytest.raises(Fault) as raised:
            odoo.validate(picking)
        assert raised.value.name == "odoo.exceptions.UserError"
    else:
        assert odoo.validate(picking) is True
    assert odoo.stock(A)[0] == 998.0


def test_a_cancelled_one_alone_is_an_error_and_among_others_passes_in_silence(odoo: Odoo) -> None:
    cancelled, good = odoo.create("ch/1/1", odoo.line(A, 2)), odoo.create("ch/2/1", odoo.line(B, 2))
    odoo.call("stock.picking", "action_cancel", [cancelled])
    with pytest.raises(Fault) as raised:
        odoo.validate(cancelled)
    assert raised.value.name == "odoo.exceptions.UserError"
    assert odoo.validate(cancelled, good) is True
    assert (odoo.picking(cancelled)["state"], odoo.picking(good)["state"]) == ("cancel", "done")
    assert odoo.stock(A) == (1000.0, 1000.0)


def test_true_is_no_evidence_one_unit_of_a_batch_can_stay_behind(odoo: Odoo) -> None:
    odoo.set_stock(A, 5)
    ids = [odoo.create(f"ch/{number}/1", odoo.line(A, 2)) for number in range(3)]
    assert odoo.validate(*ids) is True
    assert [odoo.picking(one)["state"] for one in ids] == ["done"] * 3
    (rest,) = odoo.picking(ids[2])["backorder_ids"]
    assert _quantities(odoo, *ids, rest) == [
        (2.0, 2.0, "done"),
        (2.0, 2.0, "done"),
        (1.0, 1.0, "done"),
        (1.0, 0.0, "confirmed"),
    ]


def test_one_bad_member_rolls_the_whole_batch_back(odoo: Odoo) -> None:
    odoo.call("product.product", "write", [odoo.product(B)], {"tracking": "lot"})
    good, bad = odoo.create("ch/1/1", odoo.line(A, 2)), odoo.create("ch/2/1", odoo.line(B, 1))
    with pytest.raises(Fault):
        odoo.validate(good, bad)
    assert (odoo.picking(good)["state"], odoo.picking(bad)["state"]) == ("draft", "draft")
    assert odoo.stock(A) == (1000.0, 1000.0)


def test_an_open_picking_that_got_nothing_is_refused_alone(odoo: Odoo) -> None:
    odoo.set_stock(A, 0)
    picking = odoo.create("ch/1/1", odoo.line(A, 2))
    odoo.call("stock.picking", "action_confirm", [picking])
    with pytest.raises(Fault) as raised:
        odoo.validate(picking)
    assert raised.value.name == "odoo.exceptions.UserError"
    assert odoo.stock(A)[0] == 0.0


def test_a_picking_without_lines_is_refused(odoo: Odoo) -> None:
    with pytest.raises(Fault, match="empty"):
        odoo.validate(odoo.create("ch/1/1"))


def test_forcing_writes_the_full_quantity_on_open_moves(odoo: Odoo) -> None:
    odoo.set_stock(A, 1)
    picking = odoo.create("ch/1/1", odoo.line(A, 4))
    odoo.call("stock.picking", "action_confirm", [picking])
    (move,) = odoo.moves(picking)
    assert odoo.call("stock.move", "write", [move["id"]], {"quantity": 4, "picked": True}) is True
    assert odoo.validate(picking) is True
    assert odoo.picking(picking)["backorder_ids"] == []
    assert odoo.stock(A) == (-3.0, -3.0)


def test_writing_a_quantity_on_a_done_move_takes_stock_again(odoo: Odoo) -> None:
    odoo.set_stock(A, 3)
    picking = odoo.create("ch/1/1", odoo.line(A, 5))
    odoo.validate(picking)
    assert odoo.stock(A)[0] == 0.0
    (move,) = odoo.moves(picking)
    odoo.call("stock.move", "write", [move["id"]], {"quantity": 5})
    assert odoo.stock(A)[0] == -2.0
    odoo.call("stock.move", "write", [move["id"]], {"quantity": 4})
    assert odoo.stock(A)[0] == -1.0


def test_a_reservation_lowers_what_is_free_and_not_what_is_there(odoo: Odoo) -> None:
    picking = odoo.create("ch/1/1", odoo.line(A, 5))
    assert odoo.call("stock.picking", "action_confirm", [picking]) is True
    assert odoo.stock(A) == (1000.0, 995.0)
    row = odoo.call(
        "product.product", "read", [odoo.product(A)], fields=["virtual_available", "outgoing_qty"]
    )[0]
    assert (row["virtual_available"], row["outgoing_qty"]) == (995.0, 5.0)
    assert odoo.call("stock.picking", "action_cancel", [picking]) is True
    assert odoo.call("stock.picking", "action_cancel", [picking]) is True
    assert odoo.stock(A) == (1000.0, 1000.0)


def test_a_return_is_an_incoming_picking(odoo: Odoo) -> None:
    place = odoo.warehouse()
    vals = odoo.delivery("ch/1/2", [odoo.line(A, 2)]) | {"picking_type_id": place["in_type_id"]}
    vals |= {"location_id": vals["location_dest_id"], "location_dest_id": vals["location_id"]}
    picking = odoo.call("stock.picking", "create", vals)
    assert odoo.validate(picking) is True
    assert odoo.stock(A) == (1002.0, 1002.0)


def test_two_lines_of_one_product_become_one_move(odoo: Odoo) -> None:
    picking = odoo.create("ch/1/1", odoo.line(A, 2), odoo.line(A, 3))
    odoo.validate(picking)
    assert _quantities(odoo, picking) == [(5.0, 5.0, "done")]
    assert odoo.stock(A)[0] == 995.0


def _kit(odoo: Odoo) -> None:
    """C is a kit of two A and one B."""
    template = odoo.call("product.product", "read", [odoo.product(C)], fields=["product_tmpl_id"])[0][
        "product_tmpl_id"
    ]
    lines = [
        [0, 0, {"product_id": odoo.product(A), "product_qty": 2}],
        [0, 0, {"product_id": odoo.product(B), "product_qty": 1}],
    ]
    bom = {"product_tmpl_id": template[0], "type": "phantom", "bom_line_ids": lines}
    odoo.call("mrp.bom", "create", bom)


def test_a_kit_has_what_its_components_allow_and_leaves_as_components(odoo: Odoo) -> None:
    _kit(odoo)
    assert odoo.stock(C) == (500.0, 500.0)
    picking = odoo.create("ch/1/1", odoo.line(C, 3))
    assert odoo.validate(picking) is True
    assert (odoo.stock(A)[0], odoo.stock(B)[0], odoo.stock(C)[0]) == (994.0, 997.0, 497.0)
    assert {move["product_id"][0]: move["quantity"] for move in odoo.moves(picking)} == {
        odoo.product(A): 6.0,
        odoo.product(B): 3.0,
    }


def test_a_kit_with_quantities_set_at_creation_breaks(odoo: Odoo) -> None:
    _kit(odoo)
    picking = odoo.create("ch/1/1", odoo.line(C, 3, quantity=3, picked=True))
    if odoo.version >= 18:
        with pytest.raises(Fault) as raised:
            odoo.validate(picking)
        assert raised.value.name == "odoo.exceptions.UserError"
    else:
        assert odoo.validate(picking) is True  # the kit moves itself, the components stay
    assert odoo.stock(A) == (1000.0, 1000.0)


def test_a_tracked_product_needs_a_lot_unless_its_stock_has_one(odoo: Odoo) -> None:
    product = odoo.product(A)
    odoo.set_stock(A, 0)
    odoo.call("product.product", "write", [product], {"tracking": "lot"})
    empty = odoo.create("ch/1/1", odoo.line(A, 2))
    with pytest.raises(Fault) as raised:
        odoo.validate(empty)
    assert raised.value.name == "odoo.exceptions.UserError"
    assert odoo.picking(empty)["state"] == "draft"
    lot = odoo.call("stock.lot", "create", {"name": "L1", "product_id": product})
    place = odoo.warehouse()["lot_stock_id"]
    odoo.call(
        "stock.quant", "create", {"product_id": product, "location_id": place, "lot_id": lot, "quantity": 5}
    )
    assert odoo.validate(empty) is True
    assert odoo.stock(A)[0] == 3.0


def test_a_product_that_is_not_stored_leaves_without_a_trace(odoo: Odoo) -> None:
    vals = {"name": "Gift card", "default_code": "GIFT", "type": "consu"}
    odoo.call("product.product", "create", vals)
    picking = odoo.create("ch/1/1", odoo.line("GIFT", 2))
    assert odoo.validate(picking) is True
    assert odoo.stock("GIFT") == (0.0, 0.0)
    assert _quantities(odoo, picking) == [(2.0, 2.0, "done")]


def test_counting_between_set_and_apply_is_a_conflict(odoo: Odoo) -> None:
    vals = {
        "product_id": odoo.product(A),
        "location_id": odoo.warehouse()["lot_stock_id"],
        "inventory_quantity": 10,
    }
    quant = odoo.call("stock.quant", "create", vals, context={"inventory_mode": True})
    odoo.validate(odoo.create("ch/1/1", odoo.line(A, 1)))
    assert (
        odoo.call("stock.quant", "action_apply_inventory", [quant])["res_model"] == "stock.inventory.conflict"
    )
    assert odoo.stock(A)[0] == 999.0
    auto = {"inventory_quantity_auto_apply": 7}
    odoo.call("stock.quant", "write", [quant], auto, context={"inventory_mode": True})
    assert odoo.stock(A)[0] == 7.0
    row = {"product_id": odoo.product(A), "location_id": vals["location_id"], "quantity": 60}
    odoo.call("stock.quant", "create", row)
    assert odoo.stock(A)[0] == 67.0  # one more row that adds up
