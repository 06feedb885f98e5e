"""What an order is worth and who bought it, in every shape that Seller Center has (falabella.md 2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from orquestador.channels.falabella.sales import amount, customer_of, sold_order


def item(n: int, **changed: Any) -> dict[str, Any]:
    row = {"OrderItemId": str(n), "PaidPrice": "14990.00", "ShippingAmount": "0.00", "Currency": "CLP"}
    return {**row, **changed}


def order(*items: dict[str, Any]) -> dict[str, Any]:
    return {"OrderId": "12", "OrderNumber": "33", "OrderItems": {"OrderItem": list(items)}}


@pytest.mark.parametrize(
    ("shown", "value"),
    [
        ("14990.00", "14990"),
        ("14,990.00", "14990"),
        ("0", "0"),
        ("99.90", "99.90"),
        ("", None),
        ("-1", None),
        ("free", None),
        ("NaN", None),
    ],
)
def test_amounts(shown: str, value: str | None) -> None:
    assert amount(shown) == (None if value is None else Decimal(value))


def test_what_was_paid_is_what_counts() -> None:
    sold = sold_order(order(item(1, ItemPrice="20000", ShippingAmount="2990.00"), item(2)), None)
    assert (sold.order_id, sold.number, sold.currency) == ("12", "33", "CLP")
    assert [(line.line_id, line.price, line.shipping) for line in sold.lines] == [
        ("1", Decimal(14990), Decimal(2990)),
        ("2", Decimal(14990), Decimal(0)),
    ]


def test_one_item_comes_as_an_object() -> None:
    node = {"OrderId": "12", "OrderItems": {"OrderItem": item(1)}}
    assert [line.line_id for line in sold_order(node, None).lines] == ["1"]


def test_what_is_not_told_is_not_guessed() -> None:
    sold = sold_order(order(item(1, PaidPrice=""), item(2, Quantity="2"), item(3, Currency="USD")), None)
    assert [line.price for line in sold.lines] == [None, None, Decimal(14990)]
    assert sold.currency == "CLP+USD"


def test_the_buyer_is_who_is_billed() -> None:
    billed = {"FirstName": "Ana", "Phone": "1", "Address1": "Calle 1", "CustomerEmail": ""}
    sent = {"FirstName": "Eva", "CustomerEmail": "eva@example.com", "City": "Lima", "PostCode": "15001"}
    node = {"AddressBilling": billed, "AddressShipping": sent, "NationalRegistrationNumber": " 1-9 "}
    found = customer_of(node)
    assert (found.name, found.vat, found.email) == ("Ana", "1-9", "eva@example.com")
    assert (found.phone, found.street, found.city, found.zip) == ("1", "Calle 1", "Lima", "15001")
    assert customer_of({"CustomerFirstName": "Eva", "CustomerLastName": "Paz"}).name == "Eva Paz"
    assert customer_of({"AddressBilling": "", "AddressShipping": ""}).email == ""
