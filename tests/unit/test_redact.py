"""No secret and no personal data passes (promise P7)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orquestador.ops.redact import LIMIT_CHARS, MASK, is_sensitive, redact, redact_text


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "ODOO_PASSWORD",
        "apiKey",
        "api_key",
        "X-Falabella-Signature",
        "Authorization",
        "Set-Cookie",
        "webhook_secret",
        "access_token",
        "CustomerFirstName",
        "customer_last_name",
        "FirstName",
        "Phone2",
        "mobile",
        "CustomerEmail",
        "e-mail",
        "Address1",
        "AddressBilling",
        "PostCode",
        "NationalRegistrationNumber",
        "RUT",
        "partner_id",
        "UserID",
        "vat",
    ],
)
def test_sensitive_names(key: str) -> None:
    assert is_sensitive(key)
    assert redact({key: "value"}) == {key: MASK}


@pytest.mark.parametrize(
    "key", ["name", "sku", "OrderId", "origin", "quantity", "status", "default_code", "PaymentMethod", "City"]
)
def test_names_that_stay_readable(key: str) -> None:
    assert redact({key: "value"}) == {key: "value"}


def test_it_goes_into_lists_and_mappings() -> None:
    order = {"Orders": [{"OrderId": 7, "AddressShipping": {"City": "x"}, "extra": [{"Phone": "123"}]}]}
    assert redact(order) == {"Orders": [{"OrderId": 7, "AddressShipping": MASK, "extra": [{"Phone": MASK}]}]}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://h/x?Action=GetOrders&Signature=abc&z=1", "https://h/x?Action=GetOrders&Signature=***&z=1"),
        ("/odoo/webhook/stock-change?token=abc", "/odoo/webhook/stock-change?token=***"),
        ("POST /falabella/webhook/order/s3cr3t HTTP", "POST /falabella/webhook/order/*** HTTP"),
        ("/webhooks/meli/s3cr3t", "/webhooks/meli/***"),
        ("mongodb://user:pass@db:27017/x", "mongodb://***@db:27017/x"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("write to jane.doe@example.com now", "write to *** now"),
        ('{"Phone": "123", "sku": "A"}', '{"Phone": "***", "sku": "A"}'),
        ('{"Phone": "123", "sku": "A", "cut": "of', '{"Phone": "***", "sku": "A", "cut": "of'),
        ("<Order><FirstName>Jane</FirstName><Sku>A</Sku></Order>", None),
    ],
)
def test_texts(text: str, clean: str | None) -> None:
    assert redact_text(text) == (clean or text.replace("Jane", MASK))


def test_long_bodies_are_cut() -> None:
    assert len(redact_text("x" * 100_000)) == LIMIT_CHARS
    shown = redact([{"sku": f"SKU-{i}", "quantity": i} for i in range(100_000)])
    assert len(json.dumps(shown)) < 2 * LIMIT_CHARS


def test_a_secret_across_the_cut_does_not_show() -> None:
    text = "x" * (LIMIT_CHARS - 10) + " Bearer " + "k" * 50
    assert "kk" not in redact_text(text)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_json)
def test_anything_comes_out_ready_for_json(value: object) -> None:
    text = json.dumps(redact(value), allow_nan=False, ensure_ascii=False)
    assert "\0" not in text.encode().decode()
