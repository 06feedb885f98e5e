"""Sale orders of the simulated Odoo, as probed on real 17, 18 and 19."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_odoo.client import Fault, Odoo


def order(odoo: Odoo, *lines: tuple[int, float, float], **values: Any) -> int:
    """(product, units, price) in a draft."""
    partner = odoo.call("res.partner", "create", {"name": "Ana", "email": "ANA@example.com"})
    created: int = odoo.call("sale.order", "create", {"partner_id": partner, **values})
    commands = [[0, 0, {"product_id": p, "product_uom_qty": n, "price_unit": price}] for p, n, price in lines]
    odoo.call("sale.order", "write", [created], {"order_line": [[5, 0, 0], *commands]})
    return created


def total(odoo: Odoo, order_id: int) -> tuple[float, float, float]:
    fields = ["amount_untaxed", "amount_tax", "amount_total"]
    row = odoo.call("sale.order", "read", [order_id], fields)[0]
    return row["amount_untaxed"], row["amount_tax"], row["amount_total"]


def test_taxes_come_on_top_or_are_in_the_price_and_each_line_is_rounded(odoo: Odoo) -> None:
    first, second = odoo.call("product.product", "search", [], 0, 2)
    included = odoo.call("account.tax", "create", {"name": "19 in", "amount": 19, "price_include": True})
    odoo.call("product.product", "write", [second], {"taxes_id": [[6, 0, [included]]]})
    assert total(odoo, order(odoo, (first, 2, 8695.65))) == (17391, 2609, 20000)
    assert total(odoo, order(odoo, (second, 1, 14990))) == (12597, 2393, 14990)
    assert total(odoo, order(odoo, (first, 1, 869.574), (second, 1, 990))) == (870 + 832, 131 + 158, 1991)


def test_a_confirmed_order_keeps_its_lines_and_lowers_its_delivery(odoo: Odoo) -> None:
    first, second = odoo.call("product.product", "search", [], 0, 2)
    sold = order(odoo, (first, 5, 100), (second, 2, 100), name="KEY/1")
    assert odoo.call("sale.order", "action_confirm", [sold])
    row = odoo.call("sale.order", "read", [sold], ["order_line", "picking_ids", "name"])[0]
    assert (row["name"], len(row["picking_ids"])) == ("KEY/1", 1)
    with pytest.raises(Fault, match="remove one of its lines"):
        odoo.call("sale.order", "write", [sold], {"order_line": [[5, 0, 0]]})
    for _ in range(2):
        change = {"product_uom_qty": 3, "price_unit": 100}
        odoo.call("sale.order", "write", [sold], {"order_line": [[1, row["order_line"][0], change]]})
        moves = odoo.call(
            "stock.move",
            "search_read",
            [["picking_id", "in", row["picking_ids"]]],
            ["product_uom_qty", "quantity"],
        )
        assert sorted((m["product_uom_qty"], m["quantity"]) for m in moves) == [(2, 2), (3, 3)]
    cancel = odoo.call("sale.order", "action_cancel", [sold])
    assert (cancel is True) == (odoo.version >= 19)


def test_a_locked_order_is_not_cancelled(odoo: Odoo) -> None:
    (product,) = odoo.call("product.product", "search", [], 0, 1)
    sold = order(odoo, (product, 1, 100))
    odoo.call("sale.order", "write", [sold], {"locked": True})
    with pytest.raises(Fault, match="locked"):
        odoo.call("sale.order", "action_cancel", [sold])


def test_contacts_are_compared_by_their_normal_address(odoo: Odoo) -> None:
    (product,) = odoo.call("product.product", "search", [], 0, 1)
    order(odoo, (product, 1, 100))
    assert len(odoo.call("res.partner", "search", [["email_normalized", "=", "ana@example.com"]])) == 1


def test_without_the_module_there_are_no_sale_orders(odoo: Odoo) -> None:
    odoo.faults(no_sale_module=True)
    with pytest.raises(Fault, match="doesn't exist"):
        odoo.call("sale.order", "search_count", [])
