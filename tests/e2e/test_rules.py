"""Rules through HTTP and the command line while everything runs: numbers, freezes, mappings, onboarding."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.stack import ADMIN, Stack, wait_for

SERVICE = {"HINT_DELAYS_S": "0.01,0.5"}


def fresh(shop: Stack) -> str:
    """A SKU of its own whose listing is known: a service that has just started reads the catalogue first."""
    sku = shop.sku()
    known = f"/work/listing:falabella:{sku}"
    wait_for(f"{sku} is listed", lambda: shop.client.get(known, headers=ADMIN).status_code == 200)
    return sku


def run(shop: Stack, *arguments: str) -> Any:
    done = shop.cli(*arguments, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def settled(shop: Stack, sku: str, why: str | None) -> Any:
    def well(row: Any) -> bool:
        return bool(row["state"] == "settled" and row["listing"]["why"] == why)

    return shop.listing_when(f"settled, {why}", sku, well)


def test_a_cap_of_the_command_line_reaches_the_marketplace(shop: Stack) -> None:
    sku, other = fresh(shop), fresh(shop)
    run(shop, "rules", "set", "--sku", sku, "--cap", "30")
    wait_for("30 is shown", lambda: shop.shown(sku) == 30)
    shop.odoo.post("move", {"sku": sku, "delta": -980})
    wait_for("20 is shown", lambda: shop.shown(sku) == 20)
    shop.odoo.post("move", {"sku": sku, "delta": 80})
    wait_for("30 is shown again", lambda: shop.shown(sku) == 30)
    shop.confirmed(sku, 30)
    row = shop.listing(sku)
    assert row["listing"]["rule"] == {"field": "cap", "level": "sku", "value": 30}
    assert shop.feeds(sku) == [30, 20, 30]
    assert shop.shown(other) == 1000
    logged = shop.logs("/logs", action="rule.set", sku=sku)
    assert logged[0]["request"] == {"by": "tests"}


def test_frozen_it_is_not_pushed_and_unfrozen_it_gets_the_current_number(shop: Stack) -> None:
    sku = fresh(shop)
    run(shop, "freeze", "--sku", sku, "--reason", "a wrong price")
    settled(shop, sku, "frozen")
    shop.odoo.post("move", {"sku": sku, "delta": -100})
    order = shop.sell((sku, 3))
    wait_for("the order left Odoo", lambda: shop.on_hand(sku) == 897)
    shop.listing_when("it is computed", sku, lambda row: row["listing"]["wanted"] == 897)
    settled(shop, sku, "frozen")
    assert shop.feeds(sku) == []
    assert shop.order_is(order, "settled")
    (held,) = run(shop, "rules", "list", "--frozen", "--sku", sku)["items"]
    assert held["freeze"]["reason"] == "a wrong price"
    run(shop, "unfreeze", "--sku", sku)
    shop.settles({sku: 897})
    assert shop.feeds(sku) == [897]


def test_a_mapped_seller_sku_takes_the_mapped_product_out_of_odoo(shop: Stack) -> None:
    seller, product, before = fresh(shop), fresh(shop), fresh(shop)
    shop.set_stock(product, 40)
    shop.settles({product: 40})
    early = shop.sell((before, 1))
    shop.order_is(early, "settled")
    file = shop.folder / "map.csv"
    file.write_bytes(f"sku;default_code\r\n{seller};{product}\r\n{before};{product}\r\n".encode("utf-8-sig"))
    assert run(shop, "rules", "import", str(file), "--dry-run")["changed"] == 2
    assert run(shop, "rules", "import", str(file))["applied"] == 2
    # Each offer of the product shows its number.
    wait_for("both show 40", lambda: (shop.shown(seller), shop.shown(before)) == (40, 40))
    order = shop.sell((seller, 3))
    wait_for("the product left", lambda: (shop.on_hand(product), shop.on_hand(seller)) == (37, 1000))
    for sku in (seller, before, product):
        wait_for(f"{sku} shows 37", lambda sku=sku: shop.shown(sku) == 37)  # type: ignore[misc]
    (line,) = {(li["sku"], li["ref"]) for li in shop.order(order)["order"]["lines"]}
    assert line == (product, seller)
    # What was taken before the mapping is given back to where it came from.
    assert shop.on_hand(before) == 999
    shop.set_status(early, "canceled")
    wait_for("it came back", lambda: shop.on_hand(before) == 1000)
    shop.set_status(order, "canceled")
    wait_for("the product came back", lambda: shop.on_hand(product) == 40)
    wait_for("both show 40 again", lambda: (shop.shown(seller), shop.shown(before)) == (40, 40))


def test_an_order_of_an_unknown_sku_is_done_once_it_is_mapped(shop: Stack) -> None:
    product = fresh(shop)
    answer = shop.simple("FAL-MAP-1", "confirmed", ("NOT-IN-ODOO", 2))
    assert answer.status_code == 200
    shop.order_is("FAL-MAP-1", "dead", "unknown_sku")
    run(shop, "rules", "set", "--sku", "NOT-IN-ODOO", "--erp-sku", product)
    shop.order_is("FAL-MAP-1", "settled")
    shop.settles({product: 998})
    refused = shop.cli("rules", "set", "--sku", product, "--erp-sku", "NO-SUCH-PRODUCT")
    assert refused.returncode == 2
    assert "no product of Odoo has “NO-SUCH-PRODUCT”" in refused.stderr


def test_onboarding_one_by_one(shop: Stack) -> None:
    left, taken = fresh(shop), fresh(shop)
    file = shop.folder / "publish.csv"
    file.write_text(f"seller_sku,publish\n{left},no\n{taken},no\n")
    run(shop, "rules", "import", str(file))
    for sku in (left, taken):
        settled(shop, sku, "unmanaged")
        shop.odoo.post("move", {"sku": sku, "delta": -10})
    run(shop, "rules", "set", "--sku", taken, "--publish")
    wait_for("the included one follows", lambda: shop.shown(taken) == 990)
    shop.idle()
    assert (shop.shown(left), shop.feeds(left)) == (1000, [])
    run(shop, "rules", "clear", "--channel", "falabella", "--sku", left)
    shop.settles({left: 990})
