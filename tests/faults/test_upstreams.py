"""When Odoo, Falabella or a person in Odoo misbehaves: nothing lost or doubled, nobody else held (P5, P9)."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.e2e.stack import Stack, wait_for

SERVICE = {
    "ODOO_WRITE_TIMEOUT_S": "2",
    "ODOO_READ_TIMEOUT_S": "2",
    "FALABELLA_READ_TIMEOUT_S": "2",
    "ORDERS_POLL_S": "0.5",
}


def dead(shop: Stack) -> list[str]:
    return [row["id"] for row in shop.get("/work", state="dead")["items"]]


def reasons(shop: Stack) -> dict[str, str]:
    """Why the service is not ready, by flow; empty when it is."""
    answer = shop.client.get("/health/ready")
    found = {r["flow"]: r["reason"] for r in answer.json()["reasons"]}
    assert (answer.status_code == 503) == bool(found)
    return found


def back(shop: Stack) -> None:
    """The upstreams are looked at again, and found well; what was in doubt is asked again."""
    shop.falabella.post("clock", {"advance_s": 61})
    wait_for("ready again", lambda: not reasons(shop))
    shop.falabella.post("clock", {"advance_s": 20})


def settle(shop: Stack, orders: list[str]) -> None:
    """Wait until these orders are settled; the pauses between two looks at a doubt pass quickly."""
    jump_at = time.monotonic() + 1

    def settled() -> bool:
        nonlocal jump_at
        if time.monotonic() >= jump_at:
            jump_at += 0.5
            shop.falabella.post("clock", {"advance_s": 5})
        return all((row := shop.order(o)) and row["state"] == "settled" for o in orders)

    wait_for("settled", settled)


@contextmanager
def stopped(shop: Stack) -> Iterator[None]:
    """The ERP accepts connections and answers nothing."""
    process = shop.odoo.child.process
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def one_document_each(shop: Stack, orders: list[str]) -> None:
    assert [shop.pickings(o) for o in orders] == [[f"falabella/{o}/1"] for o in orders]


# --- Odoo


def test_writes_that_commit_but_never_answer_are_found_again(shop: Stack) -> None:
    sku = shop.sku()
    with shop.odoo.faulty(commit_then_timeout=2):
        orders = [shop.sell((sku, n)) for n in (1, 2, 3)]
        settle(shop, orders)
    shop.settles({sku: 994})
    one_document_each(shop, orders)


def test_the_wizard_is_no_success(shop: Stack) -> None:
    sku = shop.sku()
    shop.set_stock(sku, 5)
    with shop.odoo.faulty(wizard=2):
        orders = [shop.sell((sku, 2)), shop.sell((sku, 9))]
        for order_id in orders:
            shop.order_is(order_id, "settled")
    shop.settles({sku: -6})
    families = [p for p in shop.odoo.state()["pickings"] if (p["origin"] or "").startswith("falabella/")]
    assert all(p["state"] == "done" for p in families)


def test_conflicts_in_the_database_cost_nothing_but_time(shop: Stack) -> None:
    skus = [shop.sku() for _ in range(3)]
    with shop.odoo.faulty(error_rate=0.3):
        orders = [shop.sell((sku, 1)) for sku in skus for _ in range(4)]
        settle(shop, orders)
    shop.settles(dict.fromkeys(skus, 996))
    one_document_each(shop, orders)
    assert dead(shop) == []


def test_while_odoo_is_down_orders_are_accepted_and_wait(shop: Stack) -> None:
    sku = shop.sku()
    shop.listing_when("looked at once", sku, lambda row: row["listing"]["available"] is not None)
    with shop.odoo.faulty(error_status=502):
        orders = [shop.sell((sku, 1)) for _ in range(3)]
        assert shop.simple("DOWN-1", "confirmed", (sku, 4)).json()["success"] is True
        orders.append("DOWN-1")
        shop.falabella.post("clock", {"advance_s": 61})
        why = wait_for("not ready", lambda: reasons(shop))
        assert "Odoo" in why["erp"]
        assert "intake" not in why
        waiting = [shop.order_is(o, "waiting", "erp") for o in orders]
        assert [row["attempts"] for row in waiting] == [0] * 4
        assert dead(shop) == []
        # What was sold is no longer offered, although Odoo cannot say what it has.
        wait_for("lowered", lambda: shop.shown(sku) == 993)
    back(shop)
    shop.settles({sku: 993})
    one_document_each(shop, orders)
    assert dead(shop) == []


def test_an_odoo_that_hangs_holds_nobody(shop: Stack) -> None:
    sku = shop.sku()
    with stopped(shop):
        orders = [f"HANG-{n}" for n in range(5)]
        for order_id in orders:
            assert shop.simple(order_id, "confirmed", (sku, 2)).status_code == 200
        cancelled = shop.simple("HANG-0", "canceled", at="2026-11-24T12:00:00Z")
        assert cancelled.status_code == 200
        shop.falabella.post("clock", {"advance_s": 61})
        wait_for("not ready", lambda: "erp" in reasons(shop))
    back(shop)
    shop.settles({sku: 992})
    one_document_each(shop, orders[1:])
    shop.falabella.post("clock", {"advance_s": 20})  # doubts are asked about again
    shop.order_is("HANG-0", "settled")
    assert shop.on_hand(sku) == 992
    assert dead(shop) == []


# --- Falabella


@pytest.mark.parametrize(
    "switches",
    [{"error_status": 503, "error_rate": 1}, {"error_rate": 1}, {"infra_html": True}],
    ids=["status", "errors", "html"],
)
def test_while_falabella_is_down_its_orders_wait(shop: Stack, switches: dict[str, Any]) -> None:
    sold, moved = shop.sku(), shop.sku()
    with shop.falabella.faulty(**switches):
        order_id = shop.sell((sold, 3))
        shop.odoo.post("move", {"sku": moved, "delta": -5})
        simple = f"FDOWN-{order_id}"
        assert shop.simple(simple, "confirmed", (sold, 2)).status_code == 200
        shop.order_is(simple, "settled")  # it needs nobody but Odoo
        shop.order_is(order_id, "waiting", "channel_away")
        assert shop.order(order_id)["attempts"] == 0
        shop.falabella.post("clock", {"advance_s": 61})
        assert set(wait_for("not ready", lambda: reasons(shop))) == {"orders:falabella", "stock:falabella"}
        assert dead(shop) == []
    back(shop)
    shop.settles({sold: 995, moved: 995})
    one_document_each(shop, [order_id, simple])
    assert dead(shop) == []


def test_dropped_notices_heal_by_polling(shop: Stack) -> None:
    kept, gone = shop.sku(), shop.sku()
    with shop.falabella.faulty(webhook_drop=True):
        stays, leaves = shop.sell((kept, 2)), shop.sell((gone, 3))
        shop.settles({kept: 998, gone: 997})
        shop.set_status(leaves, "canceled")
        shop.set_status(stays, "shipped")
        shop.settles({kept: 998, gone: 1000})
        wait_for("shipped", lambda: shop.order(stays)["order"]["lines"][0]["state"] == "shipped")
    one_document_each(shop, [stays])
    assert shop.falabella.state()["webhooks"]["dropped"] >= 4


def test_everything_at_once(shop: Stack) -> None:
    sku = shop.sku()
    with (
        shop.falabella.faulty(webhook_drop=0.4, webhook_duplicate=2, webhook_reorder=0.3, error_rate=0.2),
        shop.odoo.faulty(error_rate=0.2, wizard=1, commit_then_timeout=1),
    ):
        orders = [shop.sell((sku, 1)) for _ in range(12)]
        for order_id in orders[::4]:
            shop.set_status(order_id, "canceled")
        for order_id in orders:
            shop.known(order_id)
    settle(shop, orders)
    shop.settles({sku: 991})
    one_document_each(shop, [o for n, o in enumerate(orders) if n % 4])
    assert dead(shop) == []


# --- a person's hands in Odoo


@contextmanager
def unfinished(shop: Stack, sku: str, order_id: str) -> Iterator[str]:
    """An order whose document Odoo does not finish; its name. Afterwards Odoo would, and is asked again."""
    with shop.odoo.faulty(wizard=True):
        assert shop.simple(order_id, "confirmed", (sku, 2)).status_code == 200
        wait_for("there is a document", lambda: shop.pickings(order_id))
        wait_for("it was tried", lambda: shop.order(order_id)["order"]["effects"][0]["erpId"])
        yield f"falabella/{order_id}/1"
    shop.falabella.post("clock", {"advance_s": 301})


@pytest.mark.parametrize(("action", "reason"), [("cancel", "cancelled_in_erp"), ("delete", "deleted_in_erp")])
def test_a_document_that_a_person_removes_goes_to_a_person(shop: Stack, action: str, reason: str) -> None:
    sku, order_id = shop.sku(), f"HAND-{action}"
    with unfinished(shop, sku, order_id) as name:
        shop.odoo.post("picking", {"name": name, "action": action})
    shop.order_is(order_id, "dead", reason)
    assert shop.on_hand(sku) == 1000
    # Nothing is taken again by itself, whatever else is said about the order.
    assert shop.simple(order_id, "shipped", (sku, 2), at="2026-11-24T12:00:00Z").status_code == 200
    shop.order_is(order_id, "dead", reason)
    assert shop.on_hand(sku) == 1000
    # Not proven out of Odoo: not offered either.
    wait_for("still held back", lambda: shop.shown(sku) == 998)
    assert shop.cli("work", "retry", f"order:falabella:{order_id}").returncode == 0
    shop.settles({sku: 998})
    shop.order_is(order_id, "settled")


def test_a_document_that_a_person_renames_is_still_ours(shop: Stack) -> None:
    sku, order_id = shop.sku(), "HAND-rename"
    with unfinished(shop, sku, order_id) as name:
        shop.odoo.post("picking", {"name": name, "action": "rename", "new_name": "WH/OUT/by hand"})
    shop.settles({sku: 998})
    shop.order_is(order_id, "settled")
    assert shop.pickings(order_id) == []
    ours = [p for p in shop.odoo.state()["pickings"] if p["origin"] == name]
    assert [(p["name"], p["state"]) for p in ours] == [("WH/OUT/by hand", "done")]


def test_a_document_that_a_person_finishes_reaches_the_ledger(shop: Stack) -> None:
    sku, order_id = shop.sku(), "HAND-validate"
    with unfinished(shop, sku, order_id) as name:
        pass
    shop.settles({sku: 998})
    row = shop.order_is(order_id, "settled")
    assert row["order"]["lines"][0]["taken"] == 2
    # Renaming what is done changes nothing about what is given back.
    shop.odoo.post("picking", {"name": name, "action": "rename", "new_name": "WH/OUT/renamed"})
    assert shop.simple(order_id, "canceled", at="2026-11-24T12:00:00Z").status_code == 200
    shop.settles({sku: 1000})


def test_an_order_that_odoo_refuses_blocks_no_other(shop: Stack) -> None:
    good, lots = shop.sku(), "LOTS-1"
    shop.odoo.odoo(
        "product.product",
        "create",
        {
            "name": "By lot",
            "default_code": lots,
            "type": "consu",
            "is_storable": True,
            "tracking": "lot",
        },
    )
    with stopped(shop):  # so that all of them are due at once
        orders = [f"POISON-{n}" for n in range(6)]
        for n, order_id in enumerate(orders):
            assert shop.simple(order_id, "confirmed", (lots if n == 2 else good, 1)).status_code == 200
    shop.settles({good: 995})
    one_document_each(shop, [o for n, o in enumerate(orders) if n != 2])
    wait_for("the bad one goes to a person", lambda: dead(shop) == ["order:falabella:POISON-2"])
