"""Orders that become sale orders, through HTTP: buyer, prices, total and shipping; each unit leaves once, and
nothing of the buyer stays with us (P2, P7)."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import Stack, wait_for

SERVICE = {
    "FALABELLA_ORDER_MODE": "sale_order",
    "FALABELLA_SALE_SHIPPING_SKU": "ENVIO",
}
BUYER = {
    "firstName": "Zoraida",
    "lastName": "Quilaleo Ñancupil",
    "nationalId": "15.782.394-1",
    "email": "zoraida.quilaleo@correo.example",
    "phone": "+56987654321",
    "address": "Pasaje Los Boldos 7731",
    "city": "Panguipulli",
}
PERSONAL = ("Zoraida", "Quilaleo", "15782394", "15.782.394", "zoraida.", "987654321", "Boldos", "Panguipulli")


def sell(shop: Stack, *items: tuple[str, int, int, int], **more: object) -> str:
    """(SKU, units, price each, shipping each)."""
    rows = [{"sku": s, "quantity": q, "price": p, "shippingAmount": fee} for s, q, p, fee in items]
    return str(shop.falabella.post("orders", {"items": rows, "buyer": BUYER, **more})["orderId"])


def orders(shop: Stack, order_id: str) -> list[dict[str, Any]]:
    """The sale orders of this marketplace order."""
    fields = ["name", "state", "amount_total", "partner_id", "picking_ids", "client_order_ref"]
    domain = [["name", "=like", f"falabella/{order_id}/%"]]
    found: list[dict[str, Any]] = shop.odoo.odoo("sale.order", "search_read", domain, fields)
    return found


def stock_is(shop: Stack, sku: str, on_hand: int, free: int) -> None:
    def numbers() -> tuple[int, int, int]:
        row = shop.odoo.state()["stock"][sku]
        return int(row["on_hand"]), int(row["free"]), shop.shown(sku)

    wait_for(f"{sku} is {on_hand}, {free}", lambda: numbers() == (on_hand, free, free))


def shipping_product(shop: Stack) -> None:
    if not shop.odoo.odoo("product.product", "search", [["default_code", "=", "ENVIO"]]):
        values = {"name": "Envío", "default_code": "ENVIO", "type": "service"}
        shop.odoo.odoo("product.product", "create", values)


def test_sold_reserved_partly_cancelled_sent_and_told_to_nobody(shop: Stack) -> None:
    shipping_product(shop)
    one, two = shop.sku(), shop.sku()
    order_id = sell(shop, (one, 2, 11500, 0), (two, 1, 4600, 2300))
    stock_is(shop, one, 1000, 998)
    stock_is(shop, two, 1000, 999)
    shop.order_is(order_id, "settled")
    (order,) = orders(shop, order_id)
    assert (order["state"], order["amount_total"]) == ("sale", 29900)
    assert order["name"] == f"falabella/{order_id}/1"
    (partner,) = shop.odoo.odoo(
        "res.partner", "read", [order["partner_id"][0]], ["name", "vat", "email", "city"]
    )
    assert (partner["name"], partner["vat"]) == ("Zoraida Quilaleo Ñancupil", BUYER["nationalId"])
    # One of three items is cancelled, with its shipping.
    items = next(o for o in shop.falabella.state()["orders"] if str(o["orderId"]) == order_id)["items"]
    last = next(i["itemId"] for i in items if i["sku"] == two)
    shop.falabella.post(f"orders/{order_id}/status", {"status": "canceled", "itemIds": [last]})
    stock_is(shop, two, 1000, 1000)
    shop.order_is(order_id, "settled")
    (order,) = orders(shop, order_id)
    assert order["amount_total"] == 23000
    shop.odoo.post("picking", {"id": order["picking_ids"][0], "action": "validate"})
    stock_is(shop, one, 998, 998)
    again = sell(shop, (one, 1, 11500, 0))
    stock_is(shop, one, 998, 997)
    shop.order_is(again, "settled")
    assert orders(shop, again)[0]["partner_id"] == order["partner_id"]
    shop.idle()
    _nothing_personal(shop, order_id)


def _nothing_personal(shop: Stack, order_id: str) -> None:
    """In what was printed, stored, logged and shown there is no word of the buyer."""
    shown = str([shop.order(order_id), shop.logs(), shop.logs(f"/logs/order/{order_id}")])
    assert "res.partner.search_read" in shown
    pages = [shop.client.get(path).content for path in (f"/ui/orders/{order_id}", "/ui", "/metrics")]
    data = {str(f): f.read_bytes() for f in (shop.folder / "data").rglob("*") if f.is_file()}
    places = {
        **shop.printed(),
        **shop.stored_logs(),
        **data,
        "shown": shown.encode(),
        "pages": b"".join(pages),
    }
    for name, content in places.items():
        for word in PERSONAL:
            assert word.encode() not in content, f"{word} in {name}"


@embedded_only
def test_an_order_that_cannot_be_written_waits_for_a_person(world: Stack) -> None:
    world.env["CLOCK_URL"] = world.falabella.url
    world.up(FALABELLA_ORDER_MODE="sale_order")
    sku, other = world.sku(), world.sku()
    order_id = sell(world, (sku, 1, 11500, 2990))
    world.order_is(order_id, "dead", "sale_no_shipping_product")
    in_dollars = sell(world, (other, 1, 11500, 0), currency="USD")
    row = world.order_is(in_dollars, "dead", "sale_currency:USD / CLP")
    assert row["order"]["effects"][0]["state"] == "intent"
    assert [o["state"] for o in orders(world, in_dollars)] == ["draft"]
    # It counts as sold all the same.
    wait_for("not offered", lambda: (world.shown(sku), world.shown(other)) == (999, 999))
    world.set_status(in_dollars, "canceled")
    world.order_is(in_dollars, "settled")
    assert [o["state"] for o in orders(world, in_dollars)] == ["cancel"]
    wait_for("offered again", lambda: world.shown(other) == 1000)


def _reached(shop: Stack, order_id: str, step: str) -> bool:
    """How far the sale of an order has come in Odoo."""
    if step == "buyer":
        return bool(shop.odoo.odoo("res.partner", "search", [["vat", "!=", False]]))
    found = orders(shop, order_id)
    if not found:
        return False
    if step == "lines":
        return bool(shop.odoo.odoo("sale.order.line", "search", [["order_id", "=", found[0]["id"]]]))
    if step == "sent":
        states = shop.odoo.odoo("stock.picking", "read", found[0]["picking_ids"], ["state"])
        return [row["state"] for row in states] == ["done"]
    return step == "order" or bool(found[0]["state"] == "sale")


@embedded_only
def test_a_service_that_is_killed_at_every_step_sells_once(world: Stack) -> None:
    world.env |= {
        "CLOCK_URL": world.falabella.url,
        "FALABELLA_ORDER_MODE": "sale_order",
        "FALABELLA_SALE_DELIVERY": "deliver",
    }
    for step in ("buyer", "order", "lines", "confirmed", "sent"):
        world.up()
        sku = world.sku()
        with world.odoo.faulty(delay_s=0.1):
            order_id = sell(world, (sku, 2, 11500, 0))
            wait_for(step, partial(_reached, world, order_id, step))
            world.kill()
        world.up()
        world.order_is(order_id, "settled")
        stock_is(world, sku, 998, 998)
        (order,) = orders(world, order_id)
        assert (order["state"], order["amount_total"], len(order["picking_ids"])) == ("sale", 23000, 1)
        world.set_status(order_id, "canceled")
        stock_is(world, sku, 1000, 1000)
        world.idle()
        world.kill()
    assert len(world.odoo.odoo("res.partner", "search", [["vat", "!=", False]])) == 1


@embedded_only
def test_one_contact_for_all(world: Stack) -> None:
    mine = world.odoo.odoo("res.partner", "create", {"name": "Falabella", "ref": "MARKET"})
    world.env |= {"FALABELLA_ORDER_MODE": "sale_order", "FALABELLA_SALE_PARTNER": "MARKET"}
    world.up()
    sku = world.sku()
    order_id = sell(world, (sku, 1, 11500, 0))
    stock_is(world, sku, 1000, 999)
    assert orders(world, order_id)[0]["partner_id"][0] == mine
    assert "GetOrder" not in {entry["action"] for entry in world.logs(service="falabella")}
    assert world.odoo.odoo("res.partner", "search", [["vat", "!=", False]]) == []
    doctor = world.cli("doctor")
    assert "ready for sale orders" in doctor.stdout, doctor.stdout
    with world.odoo.faulty(no_sale_module=True):
        doctor = world.cli("doctor")
        assert "Odoo lacks the sales module" in doctor.stdout, doctor.stdout
