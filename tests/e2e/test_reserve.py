"""Orders that only reserve, through HTTP: the warehouse works in Odoo, and each unit leaves once (P2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import ADMIN, Stack, wait_for

SERVICE = {"FALABELLA_ORDER_MODE": "reserve"}
LOOK_S = 901
"""After so long everything that is reserved has been asked for again."""


def documents(shop: Stack, order_id: str) -> list[tuple[str, str, list[tuple[float, float]]]]:
    """(last part of the name, state, (demand, quantity) of its moves) of the documents of an order."""
    return [
        (p["name"].rpartition("/")[2], p["state"], [(m["demand"], m["quantity"]) for m in p["moves"]])
        for p in shop.odoo.state()["pickings"]
        if (p["origin"] or "").startswith(f"falabella/{order_id}/")
    ]


SCARCE = ("coalescing", "kept_for_urgent", "budget")
"""Why a number waits for a call: how many are left depends on the tests before."""


def stock(shop: Stack, sku: str) -> tuple[int, int, int]:
    """(on hand, free, shown on the marketplace)."""
    row = shop.odoo.state()["stock"][sku]
    return int(row["on_hand"]), int(row["free"]), shop.shown(sku)


def becomes(shop: Stack, sku: str, on_hand: int, free: int, shown: int | None = None) -> None:
    wanted = (on_hand, free, free if shown is None else shown)

    def agreed() -> bool:
        if stock(shop, sku) == wanted:
            return True
        row = shop.client.get(f"/work/listing:falabella:{sku}", headers=ADMIN).json()
        if row.get("reason") in SCARCE:  # none before the catalogue is read
            shop.falabella.post("clock", {"advance_s": 60})
        return False

    try:
        wait_for("the numbers", agreed)
    except AssertionError as e:
        raise AssertionError(f"wanted {wanted}, it is {stock(shop, sku)}") from e


def ledger(shop: Stack, order_id: str) -> list[tuple[int, int, int]]:
    row = shop.order(order_id) or {}
    lines = row["order"]["lines"] if "order" in row else []  # signalled, and not read yet
    return [(line["taken"], line["held"], line["waiting"]) for line in lines]


def ledger_is(shop: Stack, order_id: str, *wanted: tuple[int, int, int]) -> None:
    wait_for(f"the ledger of {order_id} is {wanted}", lambda: ledger(shop, order_id) == list(wanted))


def time_passes(shop: Stack) -> None:
    shop.falabella.post("clock", {"advance_s": LOOK_S})


def ship(shop: Stack, order_id: str, units: int) -> None:
    """The warehouse sends so many units of the order's document and leaves the rest in a backorder."""
    (picking,) = shop.odoo.odoo("stock.picking", "search", [["name", "=", f"falabella/{order_id}/1"]])
    moves = shop.odoo.odoo("stock.move", "search", [["picking_id", "=", picking]])
    shop.odoo.odoo("stock.move", "write", moves, {"quantity": units, "picked": True})
    shop.odoo.post("picking", {"id": picking, "action": "validate"})


def test_reserved_then_validated_by_the_warehouse(shop: Stack) -> None:
    sku = shop.sku()
    order_id = shop.sell((sku, 3))
    becomes(shop, sku, 1000, 997)
    ledger_is(shop, order_id, (1, 1, 0), (1, 1, 0), (1, 1, 0))
    row = shop.order_is(order_id, "settled")
    assert row["order"]["effects"][0]["state"] == "reserved"
    shop.odoo.post("picking", {"name": f"falabella/{order_id}/1", "action": "validate"})
    time_passes(shop)
    wait_for("it is known", lambda: shop.order(order_id)["order"]["effects"][0]["state"] == "applied")
    becomes(shop, sku, 997, 997)
    shop.idle()
    assert [(name, state) for name, state, _ in documents(shop, order_id)] == [("1", "done")]


def test_cancelled_before_the_warehouse_and_after_a_part_was_sent(shop: Stack) -> None:
    one, two = shop.sku(), shop.sku()
    first, second = shop.sell((one, 4)), shop.sell((two, 5))
    becomes(shop, one, 1000, 996)
    becomes(shop, two, 1000, 995)
    shop.set_status(first, "canceled")
    becomes(shop, one, 1000, 1000)
    assert [state for _, state, _ in documents(shop, first)] == ["cancel"]
    ship(shop, second, 2)
    shop.set_status(second, "canceled")
    becomes(shop, two, 1000, 1000)
    shop.order_is(second, "settled")
    assert sorted(state for _, state, _ in documents(shop, second)) == ["cancel", "done", "done"]
    shop.idle()
    time_passes(shop)
    shop.idle()
    becomes(shop, two, 1000, 1000)


def test_a_part_is_cancelled(shop: Stack) -> None:
    sku = shop.sku()
    order_id = shop.sell((sku, 3))
    becomes(shop, sku, 1000, 997)
    items = next(o for o in shop.falabella.state()["orders"] if str(o["orderId"]) == order_id)["items"]
    shop.falabella.post(f"orders/{order_id}/status", {"status": "canceled", "itemIds": [items[0]["itemId"]]})
    becomes(shop, sku, 1000, 998)
    shop.order_is(order_id, "settled")
    assert documents(shop, order_id) == [("1", "assigned", [(2.0, 2.0)])]


def test_what_lacks_stock_waits_and_is_not_offered(shop: Stack) -> None:
    sku = shop.sku()
    shop.odoo.post("move", {"sku": sku, "delta": -998})
    order_id = shop.sell((sku, 5))
    becomes(shop, sku, 2, 0)
    wait_for("promised", lambda: sum(held for _, held, _ in ledger(shop, order_id)) == 5)
    assert sum(waiting for _, _, waiting in ledger(shop, order_id)) == 3
    shop.odoo.post("move", {"sku": sku, "delta": 10})
    becomes(shop, sku, 12, 10, 7)
    (picking,) = shop.odoo.odoo("stock.picking", "search", [["name", "=", f"falabella/{order_id}/1"]])
    shop.odoo.odoo("stock.picking", "action_assign", [picking])
    time_passes(shop)
    wait_for("known", lambda: sum(waiting for _, _, waiting in ledger(shop, order_id)) == 0)
    becomes(shop, sku, 12, 7)


@pytest.mark.parametrize(("action", "reason"), [("cancel", "cancelled_in_erp"), ("delete", "deleted_in_erp")])
@embedded_only
def test_what_a_person_takes_away_waits_for_a_person(shop: Stack, action: str, reason: str) -> None:
    sku = shop.sku()
    order_id = shop.sell((sku, 2))
    becomes(shop, sku, 1000, 998)
    shop.order_is(order_id, "settled")
    shop.odoo.post("picking", {"name": f"falabella/{order_id}/1", "action": action})
    time_passes(shop)
    shop.order_is(order_id, "dead", reason)
    becomes(shop, sku, 1000, 1000, 998)
    assert shop.cli("work", "retry", f"order:falabella:{order_id}").returncode == 0
    shop.order_is(order_id, "settled")
    becomes(shop, sku, 1000, 998)
    assert ("2", "assigned", [(2.0, 2.0)]) in documents(shop, order_id)


@embedded_only
def test_a_simple_body_that_turns_out_to_be_an_api_order_is_promised_once(shop: Stack) -> None:
    sku = shop.sku()
    before = shop.falabella.post("orders", {"items": [{"sku": shop.sku(), "quantity": 1}], "notify": False})
    known_as = str(int(before["orderNumber"]) + 1)
    assert shop.simple(known_as, "confirmed", (sku, 2)).is_success
    becomes(shop, sku, 1000, 998)
    order_id = shop.sell((sku, 2))
    ledger_is(shop, order_id, (1, 1, 0), (1, 1, 0))
    items = next(o for o in shop.falabella.state()["orders"] if str(o["orderId"]) == order_id)["items"]
    shop.falabella.post(f"orders/{order_id}/status", {"status": "canceled", "itemIds": [items[0]["itemId"]]})
    becomes(shop, sku, 1000, 999)
    shop.odoo.post("picking", {"name": f"falabella/{known_as}/1", "action": "validate"})
    time_passes(shop)
    wait_for("it is known", lambda: shape_of(shop, order_id) == [("1", "reserve", "applied")])
    assert sorted(ledger(shop, order_id)) == [(0, 0, 0), (1, 0, 0)]
    becomes(shop, sku, 999, 999)
    assert documents(shop, order_id) == []


def shape_of(shop: Stack, order_id: str) -> Any:
    return [
        (e["key"].rpartition("/")[2], e["mode"], e["state"]) for e in shop.order(order_id)["order"]["effects"]
    ]


@embedded_only
def test_a_killed_service_and_a_changed_setting_take_nothing_twice(world: Stack) -> None:
    world.env["CLOCK_URL"] = world.falabella.url
    world.up(FALABELLA_ORDER_MODE="reserve")
    kept, sent = world.sku(), world.sku()
    with world.odoo.faulty(commit_then_timeout=2):
        first = world.sell((kept, 2))
        wait_for("it is under way", lambda: documents(world, first))
        world.kill()
    world.up()  # deliver again: what was reserved stays so
    world.order_is(first, "settled")
    second = world.sell((sent, 2))
    becomes(world, kept, 1000, 998)
    becomes(world, sent, 998, 998)
    world.idle()
    assert shape_of(world, first) == [("1", "reserve", "reserved")]
    assert shape_of(world, second) == [("1", "deliver", "applied")]
    world.set_status(first, "canceled")
    world.set_status(second, "canceled")
    becomes(world, kept, 1000, 1000)
    becomes(world, sent, 1000, 1000)
