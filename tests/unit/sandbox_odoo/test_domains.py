"""Search domains: each operator, negation, dotted paths, order and paging."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_odoo.client import Fault, Odoo

CODES = ["PROD-001", "SKU-00001", "SKU-00002", "SKU-00003", "SKU-00004", "SKU-00005"]


def _codes(odoo: Odoo, domain: list[Any], **kwargs: Any) -> list[str]:
    rows = odoo.call("product.product", "search_read", domain, fields=["default_code"], **kwargs)
    return [row["default_code"] for row in rows]


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ([], CODES),
        ([["default_code", "=", "SKU-00002"]], ["SKU-00002"]),
        ([["default_code", "!=", "PROD-001"]], CODES[1:]),
        ([["default_code", "in", ["SKU-00002", "PROD-001", "no"]]], ["PROD-001", "SKU-00002"]),
        ([["default_code", "not in", CODES[:4]]], CODES[4:]),
        ([["default_code", "like", "sku"]], []),
        ([["default_code", "ilike", "sku-%3"]], ["SKU-00003"]),
        ([["default_code", "=like", "SKU%1"]], ["SKU-00001"]),
        ([["default_code", "not ilike", "sku"]], ["PROD-001"]),
        ([["default_code", ">=", "SKU-00004"]], ["SKU-00004", "SKU-00005"]),
        (["|", ["default_code", "=", "PROD-001"], ["default_code", "=", "SKU-00001"]], CODES[:2]),
        (["&", ["default_code", "ilike", "sku"], ["id", "<", 4]], CODES[1:3]),
        (["!", ["default_code", "ilike", "sku"]], ["PROD-001"]),
        (["!", "|", ["default_code", "=", "PROD-001"], ["default_code", ">", "SKU-00001"]], ["SKU-00001"]),
        ([["barcode", "=", False]], CODES),
        ([["free_qty", ">", 999]], CODES),
        ([["uom_id", "=", "Units"], ["default_code", "=", "PROD-001"]], ["PROD-001"]),
        ([["product_tmpl_id.name", "=", "Product SKU-00002"]], ["SKU-00002"]),
    ],
)
def test_an_operator_finds_what_it_should(odoo18: Odoo, domain: list[Any], expected: list[str]) -> None:
    assert _codes(odoo18, domain) == expected
    assert odoo18.call("product.product", "search_count", domain) == len(expected)


def test_order_offset_and_limit(odoo18: Odoo) -> None:
    assert _codes(odoo18, [], order="default_code desc", limit=2) == ["SKU-00005", "SKU-00004"]
    assert _codes(odoo18, [], order="default_code desc", offset=4, limit=5) == ["SKU-00001", "PROD-001"]
    odoo18.call("product.product", "write", [odoo18.product("SKU-00003")], {"barcode": "1"})
    assert _codes(odoo18, [], order="barcode, default_code")[0] == "SKU-00003"  # empty ones last


def test_the_family_of_a_picking_newest_first(odoo18: Odoo) -> None:
    odoo18.set_stock("SKU-00001", 3)
    picking = odoo18.create("ch/1/1", odoo18.line("SKU-00001", 5))
    odoo18.create("ch/2/1", odoo18.line("SKU-00002", 1))
    odoo18.validate(picking)
    family = odoo18.call(
        "stock.picking", "search", ["|", ["id", "in", [picking]], ["backorder_id", "in", [picking]]]
    )
    assert family == sorted(family, reverse=True)
    assert len(family) == 2
    assert picking in family
    below = [["picking_id.backorder_id", "in", [picking]]]
    assert (
        odoo18.call("stock.move", "search_read", below, fields=["product_uom_qty"])[0]["product_uom_qty"]
        == 2.0
    )


def test_places_below_a_place(odoo18: Odoo) -> None:
    view = odoo18.call("stock.warehouse", "read", [1], fields=["view_location_id"])[0]["view_location_id"][0]
    below = odoo18.call("stock.location", "search", [["id", "child_of", view]])
    assert set(below) == {view, odoo18.warehouse()["lot_stock_id"]}
    assert odoo18.call("stock.quant", "search_count", [["location_id", "child_of", view]]) == 6


@pytest.mark.parametrize(
    "domain", [[["no_such_field", "=", 1]], [["name", "~", 1]], ["|", ["name", "=", "x"]], ["nonsense"]]
)
def test_a_wrong_domain_is_a_value_error(odoo18: Odoo, domain: list[Any]) -> None:
    with pytest.raises(Fault) as raised:
        odoo18.call("product.product", "search", domain)
    assert raised.value.name == "builtins.ValueError"
