"""`orquestador odoo webhook`: what it shows, and what it refuses to install."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from orquestador.sandbox.odoo.core import Options
from orquestador.sandbox.odoo.server import running
from tests.unit.cli.support import Shop
from tests.unit.sandbox_odoo.client import Odoo

HERE = {"PUBLIC_URL": "https://shop.example.com", "ODOO_WEBHOOK_SECRET": "a-long/secret-text"}


def test_the_rule_is_shown_with_its_steps_and_without_its_secret(shop: Shop) -> None:
    secret = "a-long-secret-text"
    shown = shop.run("odoo", "webhook", PUBLIC_URL="https://shop.example.com", ODOO_WEBHOOK_SECRET=secret)
    assert shown.code == 0
    assert "https://shop.example.com/odoo/webhook/stock-change/***" in shown.out
    assert secret not in shown.out
    for what in ("stock.quant", "reserved_quantity", "location_id.usage", "product_id", "HINT_DELAYS_S"):
        assert what in shown.out, what
    whole = shop.run(
        "odoo", "webhook", "--show-secret", ODOO_WEBHOOK_SECRET=secret, PUBLIC_URL="https://s.cl"
    )
    assert f"https://s.cl/odoo/webhook/stock-change/{secret}" in whole.out


def test_as_data(shop: Shop) -> None:
    found = shop.run("odoo", "webhook", "--json", "--show-secret", PREFIX="shop2-", **HERE).json
    assert found["rule"] == {
        "name": "Orquestador stock [shop2-]",
        "model": "stock.quant",
        "trigger": "on_create_or_write",
        "trigger_fields": ["quantity", "reserved_quantity"],
        "domain": '[("location_id.usage", "=", "internal")]',
        "action": "webhook",
        "fields": ["product_id", "location_id", "quantity", "reserved_quantity", "write_date"],
        # A slash would end the last part of the path.
        "url": "https://shop.example.com/odoo/webhook/stock-change?token=a-long%2Fsecret-text",
    }
    assert (found["ready"], found["installed"]) == (True, None)
    assert len(found["steps"]) == 7


def test_in_spanish_and_what_is_missing_is_told(shop: Shop) -> None:
    shown = shop.run("odoo", "webhook", APP_LANG="es")
    assert shown.code == 0
    assert "Regla recomendada" in shown.out
    assert "PUBLIC_URL" in shown.out
    assert "ODOO_WEBHOOK_SECRET" in shown.out


@pytest.mark.parametrize("missing", ["PUBLIC_URL", "ODOO_WEBHOOK_SECRET"])
def test_without_a_working_address_nothing_is_installed(shop: Shop, missing: str) -> None:
    refused = shop.run("odoo", "webhook", "--install", **{n: v for n, v in HERE.items() if n != missing})
    assert refused.code == 2
    assert missing in refused.err


def test_without_odoo_nothing_is_installed(shop: Shop) -> None:
    refused = shop.run("odoo", "webhook", "--install", **HERE)
    assert refused.code == 1
    assert "ODOO_URL" in refused.err


def test_it_is_installed_and_one_who_is_no_administrator_is_told_what_to_do(shop: Shop) -> None:
    with running(Options(seed_catalog=1)) as sandbox:
        odoo = {"ODOO_DB": "sandbox", "ODOO_USERNAME": "admin", "ODOO_PASSWORD": "admin"}
        env = {"ODOO_URL": sandbox.url, **odoo, **HERE}
        done = shop.run("odoo", "webhook", "--install", **env)
        assert (done.code, done.err) == (0, "")
        assert "a-long" not in done.out
        with httpx2.Client(base_url=sandbox.url, trust_env=False) as http:
            Odoo(sandbox.url, 18, http).call("res.users", "write", [2], {"groups_id": [[6, 0, []]]})
        refused = shop.run("odoo", "webhook", "--install", **env)
        assert refused.code == 1
        assert "admin is no administrator" in refused.err
        assert "orquestador odoo webhook" in refused.err


def test_doctor_names_the_skus_that_several_products_have(shop: Shop) -> None:
    with running(Options(seed_catalog=1)) as sandbox:
        odoo = {"ODOO_URL": sandbox.url, "ODOO_DB": "sandbox", "ODOO_USERNAME": "admin"}

        def duplicates() -> dict[str, Any]:
            found = shop.run("doctor", "--json", ODOO_PASSWORD="admin", **odoo).json["findings"]
            return next(f for f in found if f["code"] == "odoo.duplicates")

        assert duplicates()["level"] == "ok"
        with httpx2.Client(base_url=sandbox.url, trust_env=False) as http:
            twin = {"name": "twin", "default_code": "SKU-00001", "type": "consu", "is_storable": True}
            product = Odoo(sandbox.url, 18, http).call("product.product", "create", twin)
        told = duplicates()
        assert (told["level"], told["stops"], told["facts"]["n"]) == ("warning", None, 1)
        assert f", {product})" in told["title"]
        assert "SKU-00001" in told["title"]
        assert "/odoo/duplicates" in told["do"]
