"""Products: codes that are not unique, archived ones, quantities in the scope of the context (odoo.md 4)."""

from __future__ import annotations

import pytest

from tests.unit.sandbox_odoo.client import Fault, Odoo

A = "SKU-00001"
RIGHT = {17: "warehouse", 18: "warehouse_id", 19: "warehouse_id"}
WRONG = {17: "warehouse_id", 18: "warehouse", 19: "warehouse"}


def test_the_seed_is_that_of_the_design(odoo: Odoo) -> None:
    codes = [
        row["default_code"]
        for row in odoo.call("product.product", "search_read", [], fields=["default_code"])
    ]
    assert codes == ["PROD-001", *(f"SKU-{number:05d}" for number in range(1, 6))]
    assert all(odoo.stock(code) == (1000.0, 1000.0) for code in codes)


def test_the_warehouse_key_of_the_version_scopes_and_the_other_is_ignored(odoo: Odoo) -> None:
    odoo.faults(second_warehouse=True)
    assert odoo.stock(A, lang="en_US")[0] == 1250.0
    assert odoo.stock(A, **{RIGHT[odoo.version]: 2})[0] == 250.0
    assert odoo.stock(A, **{RIGHT[odoo.version]: 1})[0] == 1000.0
    assert odoo.stock(A, **{WRONG[odoo.version]: 2})[0] == 1250.0  # silently everything
    odoo.faults(second_warehouse=False)
    assert odoo.stock(A, lang="en_US")[0] == 1000.0
    assert odoo.call("stock.warehouse", "search_count", []) == 1


def test_a_location_scopes_on_every_version(odoo: Odoo) -> None:
    odoo.faults(second_warehouse=True)
    first, second = odoo.call(
        "stock.warehouse", "search_read", [], fields=["lot_stock_id", "view_location_id"]
    )
    places = [first["lot_stock_id"][0], second["lot_stock_id"][0]]
    assert odoo.stock(A, location=places[0])[0] == 1000.0
    assert odoo.stock(A, location=places)[0] == 1250.0
    assert odoo.stock(A, location=second["view_location_id"][0])[0] == 250.0  # with everything below
    customers = odoo.call("stock.location", "search", [["usage", "=", "customer"]])[0]
    odoo.validate(odoo.create("ch/1/1", odoo.line(A, 3)))
    assert odoo.stock(A, location=customers)[0] == 0.0


def test_a_code_can_belong_to_two_products_but_a_barcode_cannot(odoo: Odoo) -> None:
    vals = {"name": "Twin", "default_code": A}
    odoo.call("product.product", "create", vals)
    assert odoo.call("product.product", "search_count", [["default_code", "=", A]]) == 2
    odoo.call("product.product", "create", vals | {"barcode": "123"})
    with pytest.raises(Fault) as raised:
        odoo.call("product.product", "create", vals | {"barcode": "123"})
    assert raised.value.name == "odoo.exceptions.ValidationError"


def test_an_archived_product_is_found_only_on_request(odoo: Odoo) -> None:
    product = odoo.product(A)
    odoo.call("product.product", "write", [product], {"active": False})
    domain = [["default_code", "=", A]]
    assert odoo.call("product.product", "search", domain) == []
    assert odoo.call("product.product", "search", domain, context={"active_test": False}) == [product]
    assert odoo.call("product.product", "search", [*domain, ["active", "=", False]]) == [product]


def test_storable_is_said_in_the_words_of_the_version(odoo: Odoo) -> None:
    fields = odoo.call("product.product", "fields_get", ["is_storable", "detailed_type"], ["type"])
    assert list(fields) == (["detailed_type"] if odoo.version <= 17 else ["is_storable"])
    vals = {"name": "New", "default_code": "NEW", "type": "product"}
    if odoo.version <= 17:
        assert odoo.call("product.product", "create", vals)
    else:
        with pytest.raises(Fault) as raised:
            odoo.call("product.product", "create", vals)
        assert raised.value.name == "builtins.ValueError"


def test_read_shows_pairs_or_plain_ids(odoo: Odoo) -> None:
    product = odoo.product(A)
    pair = odoo.call("product.product", "read", [product], fields=["product_tmpl_id", "barcode"])[0]
    assert pair["product_tmpl_id"] == [product, f"[{A}] Product {A}"]
    assert pair["barcode"] is False
    plain = odoo.call(
        "product.product", "read", [product], fields=["product_tmpl_id"], load="_classic_write"
    )[0]
    assert plain["product_tmpl_id"] == product


def test_reads_of_a_missing_id_are_empty_and_writes_fail(odoo: Odoo) -> None:
    assert odoo.call("product.product", "read", [odoo.product(A), 999999], fields=["default_code"]) == [
        {"id": odoo.product(A), "default_code": A}
    ]
    with pytest.raises(Fault) as raised:
        odoo.call("product.product", "write", [999999], {"name": "x"})
    assert raised.value.name == "odoo.exceptions.MissingError"


def test_quants_carry_a_cursor(odoo: Odoo) -> None:
    place = odoo.warehouse()["lot_stock_id"]
    domain = [["location_id.usage", "=", "internal"], ["write_date", ">=", "2000-01-01 00:00:00"]]
    assert odoo.call("stock.quant", "search_count", domain) == 6
    assert (
        odoo.call("stock.quant", "search_count", [domain[0], ["write_date", ">", "2100-01-01 00:00:00"]]) == 0
    )
    odoo.validate(odoo.create("ch/1/1", odoo.line(A, 2)))
    newest = odoo.call(
        "stock.quant", "search_read", domain, fields=["product_id"], order="write_date desc", limit=1
    )
    assert newest[0]["product_id"][0] == odoo.product(A)
    done = [
        ["state", "=", "done"],
        ["location_id", "child_of", place],
        ["write_date", ">=", "2000-01-01 00:00:00"],
    ]
    assert odoo.call("stock.move", "search_count", done) == 1


def test_rights_and_the_user_can_be_asked_for(odoo: Odoo) -> None:
    assert odoo.call("res.users", "context_get") == {"lang": "en_US", "tz": False, "uid": 2}
    group = ["stock.group_stock_user"] if odoo.version <= 17 else [[2], "stock.group_stock_user"]
    assert odoo.call("res.users", "has_group", *group) is True
    assert odoo.call("res.users", "has_group", *[*group[:-1], "no.such.group"]) is False
    assert odoo.call("stock.picking", "check_access_rights", "create", raise_exception=False) is True
    modules = [["name", "in", ["stock", "base_automation"]], ["state", "=", "installed"]]
    assert odoo.call("ir.module.module", "search_count", modules) == 2
