"""Flow 1 through HTTP: orders of the marketplace become movements of the ERP, each unit exactly once (P2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import Stack, wait_for


def moves(shop: Stack, order_id: str) -> dict[str, dict[str, float]]:
    """Quantities per SKU of every ERP document of this order, by the last part of its key."""
    found: dict[str, dict[str, float]] = {}
    for picking in shop.odoo.state()["pickings"]:
        if picking["name"].startswith(f"falabella/{order_id}/"):
            assert picking["state"] == "done", picking
            rows = found.setdefault(picking["name"].rpartition("/")[2], {})
            for move in picking["moves"]:
                rows[move["sku"]] = rows.get(move["sku"], 0) + move["quantity"]
    return found


def next_ids(shop: Stack) -> tuple[str, str]:
    """OrderId and OrderNumber that the marketplace gives to the next order."""
    told = shop.falabella.post("orders", {"items": [{"sku": shop.sku(), "quantity": 1}], "notify": False})
    return str(int(told["orderId"]) + 1), str(int(told["orderNumber"]) + 1)


def test_several_units_and_lines_are_one_document(shop: Stack) -> None:
    one, two, three = shop.sku(), shop.sku(), shop.sku()
    order_id = shop.sell((one, 3), (two, 1), (three, 12))
    shop.settles({one: 997, two: 999, three: 988})
    assert moves(shop, order_id) == {"1": {one: 3, two: 1, three: 12}}
    assert shop.order(order_id)["state"] == "settled"


@embedded_only
def test_two_lines_of_one_sku_add_up(shop: Stack) -> None:
    real, simple = shop.sku(), shop.sku()
    order_id = shop.sell((real, 2), (real, 3))
    assert shop.simple("F1-TWICE", "confirmed", (simple, 2), (simple, 5)).status_code == 200
    shop.settles({real: 995, simple: 993})
    assert moves(shop, order_id) == {"1": {real: 5}}
    assert moves(shop, "F1-TWICE") == {"1": {simple: 7}}


def test_duplicates_and_reordered_notices_are_taken_once(shop: Stack) -> None:
    kept, gone = shop.sku(), shop.sku()
    with shop.falabella.faulty(webhook_duplicate=4, webhook_reorder=0.4):
        orders = [shop.sell((kept, 1), (gone, 2)) for _ in range(4)]
        dropped = shop.sell((gone, 5))
        shop.set_status(dropped, "canceled")
        for order_id in orders[:2]:
            shop.set_status(order_id, "ready_to_ship")
            shop.set_status(order_id, "shipped")
        shop.settles({kept: 996, gone: 992})
        shop.idle()
    shop.settles({kept: 996, gone: 992})
    assert [moves(shop, o) for o in orders] == [{"1": {kept: 1, gone: 2}}] * 4
    back = moves(shop, dropped)
    assert back in ({}, {"1": {gone: 5}, "2": {gone: 5}})


def test_a_simple_body_repeated_is_a_duplicate(shop: Stack) -> None:
    sku = shop.sku()
    answers = [shop.simple("F1-AGAIN", "confirmed", (sku, 2)).json() for _ in range(5)]
    assert [a["duplicate"] for a in answers] == [False, True, True, True, True]
    assert len({a["receiptId"] for a in answers}) == 1
    shop.settles({sku: 998})
    assert moves(shop, "F1-AGAIN") == {"1": {sku: 2}}


def test_cancelled_before_dispatch_returns_after_dispatch_does_not(shop: Stack) -> None:
    before, after, part = shop.sku(), shop.sku(), shop.sku()
    first, second, third = shop.sell((before, 4)), shop.sell((after, 3)), shop.sell((part, 3))
    shop.settles({before: 996, after: 997, part: 997})
    shop.set_status(first, "ready_to_ship")
    shop.set_status(first, "canceled")
    shop.set_status(second, "shipped")
    shop.order_is(second, "settled")
    wait_for("seen as shipped", lambda: shop.order(second)["order"]["lines"][0]["furthest"] == "shipped")
    shop.set_status(second, "canceled")
    items = next(o for o in shop.falabella.state()["orders"] if str(o["orderId"]) == third)["items"]
    shop.falabella.post(f"orders/{third}/status", {"status": "canceled", "itemIds": [items[0]["itemId"]]})
    shop.settles({before: 1000, after: 997, part: 998})
    shop.idle()
    shop.settles({before: 1000, after: 997, part: 998})
    assert moves(shop, first) == {"1": {before: 4}, "2": {before: 4}}
    assert moves(shop, second) == {"1": {after: 3}}
    assert moves(shop, third) == {"1": {part: 3}, "2": {part: 1}}
    incoming = [p for p in shop.odoo.state()["pickings"] if p["name"] == f"falabella/{first}/2"]
    assert [p["type"] for p in incoming] == ["incoming"]


def test_first_seen_as_cancelled_takes_nothing_first_seen_as_shipped_takes(shop: Stack) -> None:
    never, gone = shop.sku(), shop.sku()
    cancelled = shop.sell((never, 3), notify=False, status="canceled")
    shipped = shop.sell((gone, 2), status="shipped")
    shop.set_status(cancelled, "canceled")
    shop.settles({never: 1000, gone: 998})
    shop.order_is(cancelled, "settled")
    assert moves(shop, cancelled) == {}
    assert moves(shop, shipped) == {"1": {gone: 2}}


@embedded_only
def test_units_that_the_marketplace_fulfils_are_not_ours(shop: Stack) -> None:
    own, theirs = shop.sku(), shop.sku()
    mixed = shop.falabella.post(
        "orders",
        {
            "items": [
                {"sku": own, "quantity": 2, "shippingType": "Dropshipping"},
                {"sku": own, "quantity": 3, "shippingType": "Fulfillment"},
                {"sku": theirs, "quantity": 1, "shippingType": "Own Warehouse"},
            ]
        },
    )
    whole = shop.falabella.post(
        "orders", {"items": [{"sku": theirs, "quantity": 4, "shippingType": "Own Warehouse"}]}
    )
    shop.settles({own: 998, theirs: 1000})
    shop.order_is(str(whole["orderId"]), "settled")
    assert moves(shop, str(mixed["orderId"])) == {"1": {own: 2}}
    assert moves(shop, str(whole["orderId"])) == {}
    assert shop.feeds(theirs) == []


def test_an_unknown_sku_does_not_hold_the_other_line_and_heals(shop: Stack) -> None:
    good, unknown = shop.sku(), "NOT-IN-ODOO-1"
    assert shop.simple("F1-UNKNOWN", "confirmed", (good, 2), (unknown, 3)).status_code == 200
    row = shop.order_is("F1-UNKNOWN", "dead", "unknown")
    assert unknown in row["reason"]
    shop.settles({good: 998})
    assert moves(shop, "F1-UNKNOWN") == {"1": {good: 2}}
    assert shop.cli("status").returncode == 1

    shop.odoo.odoo(
        "product.product",
        "create",
        {"name": "Later", "default_code": unknown, "type": "consu", "is_storable": True},
    )
    shop.odoo.post("move", {"sku": unknown, "delta": 10})
    retried = shop.cli("work", "retry", "order:falabella:F1-UNKNOWN")
    assert retried.returncode == 0, retried.stderr
    shop.order_is("F1-UNKNOWN", "settled")
    assert shop.on_hand(unknown) == 7
    assert moves(shop, "F1-UNKNOWN") == {"1": {good: 2}, "2": {unknown: 3}}


@pytest.mark.parametrize("stock", [2, 0])
def test_short_stock_is_recorded_in_full_and_shows_zero(shop: Stack, stock: int) -> None:
    short, other = shop.sku(), shop.sku()
    shop.set_stock(short, stock)
    shop.settles({short: stock})
    order_id = f"F1-SHORT-{stock}"
    assert shop.simple(order_id, "confirmed", (short, 5), (other, 1)).status_code == 200
    shop.settles({short: stock - 5, other: 999})
    shop.order_is(order_id, "settled")
    pickings = [p for p in shop.odoo.state()["pickings"] if p["origin"] == f"falabella/{order_id}/1"]
    assert {p["state"] for p in pickings} == {"done"}
    taken = sum(m["quantity"] for p in pickings for m in p["moves"] if m["sku"] == short)
    assert taken == 5
    assert shop.shown(short) == 0
    wait_for("told", lambda: shop.logs("/logs", action="stock.oversold", sku=short))
    told = shop.logs("/logs", action="stock.oversold", sku=short)
    assert [(t["status"], t["response"]["available"]) for t in told] == [("error", stock - 5)]


def test_a_later_simple_body_edits_an_older_one_changes_nothing(shop: Stack) -> None:
    more, less, new = shop.sku(), shop.sku(), shop.sku()
    order = "F1-EDIT"
    assert shop.simple(order, "confirmed", (more, 2), (less, 5), at="2026-11-24T10:00:00Z").is_success
    shop.settles({more: 998, less: 995})
    assert shop.simple(order, "confirmed", (more, 6), (new, 1), at="2026-11-24T11:00:00Z").is_success
    shop.settles({more: 994, less: 1000, new: 999})
    for earlier in ("2026-11-24T10:30:00Z", "2026-11-24T11:00:00Z", "2026-11-24T12:30:00+02:00"):
        answer = shop.simple(order, "confirmed", (more, 40), (less, 1), at=earlier)
        assert answer.json()["success"] is True
    shop.idle()
    shop.order_is(order, "settled")
    shop.settles({more: 994, less: 1000, new: 999})
    assert moves(shop, order) == {
        "1": {more: 2, less: 5},
        "2": {more: 4, new: 1},
        "3": {less: 5},
    }


def test_a_simple_cancellation_without_products_means_all_and_is_final(shop: Stack) -> None:
    one, two = shop.sku(), shop.sku()
    assert shop.simple("F1-ALL", "confirmed", (one, 2), (two, 3)).is_success
    shop.settles({one: 998, two: 997})
    assert shop.simple("F1-ALL", "canceled", at="2026-11-24T12:00:00Z").is_success
    shop.settles({one: 1000, two: 1000})
    assert shop.simple("F1-ALL", "confirmed", (one, 2), (two, 3), at="2026-11-24T13:00:00Z").is_success
    assert shop.simple("F1-NEVER", "cancelado").is_success
    shop.order_is("F1-NEVER", "settled")
    shop.idle()
    shop.settles({one: 1000, two: 1000})
    assert moves(shop, "F1-ALL") == {"1": {one: 2, two: 3}, "2": {one: 2, two: 3}}
    assert moves(shop, "F1-NEVER") == {}


@pytest.mark.parametrize("name", ["OrderId", "OrderNumber"])
def test_a_simple_body_that_turns_out_to_be_an_api_order_is_taken_once(shop: Stack, name: str) -> None:
    sku = shop.sku()
    order_id, number = next_ids(shop)
    known_as = order_id if name == "OrderId" else number
    assert shop.simple(known_as, "confirmed", (sku, 2)).is_success
    shop.settles({sku: 998})
    assert shop.sell((sku, 2)) == order_id

    def read() -> Any:
        row = shop.order(order_id)
        order = row and row.get("order")
        return order and order["lines"] and not order["bodyBacked"] and row["state"] == "settled"

    wait_for("the API order is known", read)
    # The same body again, and a later one: hints now.
    assert shop.simple(known_as, "confirmed", (sku, 2)).is_success
    assert shop.simple(known_as, "confirmed", (sku, 9), at="2026-11-24T18:00:00Z").is_success
    shop.idle()
    shop.settles({sku: 998})
    documents = [p for p in (order_id, number) for p in shop.pickings(p)]
    assert documents == [f"falabella/{known_as}/1"]
    shop.set_status(order_id, "canceled")
    shop.settles({sku: 1000})


@embedded_only
def test_an_unknown_simple_status_is_kept_for_a_person(shop: Stack) -> None:
    sku = shop.sku()

    def teleported(at: str) -> None:
        answer = shop.simple("F1-WORD", "teleported", (sku, 2), at=at)
        assert answer.status_code == 200
        assert answer.json()["message"].startswith("kept for a person")
        assert answer.json()["orderId"] == "F1-WORD"
        shop.order_is(f"receipt:{answer.json()['receiptId']}", "dead", "unknown status")

    teleported("2026-11-24T10:00:00Z")
    assert shop.order("F1-WORD") is None
    assert shop.cli("status").returncode == 1
    # Neither is the order poisoned by it, nor does the word undo what is known.
    assert shop.simple("F1-WORD", "confirmed", (sku, 2), at="2026-11-24T11:00:00Z").is_success
    shop.settles({sku: 998})
    teleported("2026-11-24T12:00:00Z")
    shop.order_is("F1-WORD", "settled")
    assert moves(shop, "F1-WORD") == {"1": {sku: 2}}
    dead = shop.cli("work", "list", "--state", "dead", "--json")
    assert "unknown status: teleported" in dead.stdout


@embedded_only
def test_statuses_are_understood_in_every_spelling(shop: Stack) -> None:
    sold, gone, real = shop.sku(), shop.sku(), shop.sku()
    for n, word in enumerate(("Confirmed", "pending", "ready_to_ship", "Ready-To-Ship", "SHIPPED")):
        assert shop.simple(f"F1-SPELL-{n}", word, (sold, 1)).json()["message"] == "accepted"
    for n, word in enumerate(("canceled", "Cancelled", "CANCELADO")):
        assert shop.simple(f"F1-GONE-{n}", "confirmed", (gone, 1)).is_success
        answer = shop.simple(f"F1-GONE-{n}", word, (gone, 1), at="2026-11-24T12:00:00Z")
        assert answer.json()["message"] == "accepted"
    with shop.falabella.faulty(alt_spelling=True):
        ready, cancelled = shop.sell((real, 1)), shop.sell((real, 2))
        shop.settles({real: 997})
        shop.set_status(ready, "ready_to_ship")
        shop.set_status(cancelled, "canceled")
        shop.settles({sold: 995, gone: 1000, real: 999})
        shop.idle()
    assert shop.order(ready)["order"]["lines"][0]["rawState"] == "Ready_To_Ship"


def test_an_order_whose_lines_are_not_visible_yet_is_waited_for(shop: Stack) -> None:
    sku = shop.sku()
    with shop.falabella.faulty(items_delay_s=60):
        order_id = shop.sell((sku, 2))
        shop.order_is(order_id, "waiting", "order_not_visible")
        shop.falabella.post("clock", {"advance_s": 61})
        shop.settles({sku: 998})
    assert moves(shop, order_id) == {"1": {sku: 2}}


@embedded_only
@pytest.mark.parametrize("shape", ["object-if-one", "array", "wrapper-array"])
def test_every_shape_of_json_lists(shop: Stack, shape: str) -> None:
    one, two = shop.sku(), shop.sku()
    with shop.falabella.faulty(list_shape=shape):
        single, several = shop.sell((one, 1)), shop.sell((one, 2), (two, 3))
        shop.settles({one: 997, two: 997})
        shop.set_status(several, "canceled")
        shop.settles({one: 999, two: 1000})
        shop.idle()
    assert moves(shop, single) == {"1": {one: 1}}
    assert moves(shop, several) == {"1": {one: 2, two: 3}, "2": {one: 2, two: 3}}
