"""Joining a shop that already sells: observe, then live (design §6.2, issue point 8)."""

from __future__ import annotations

import json

from tests.e2e.stack import Stack, wait_for


def pickings(world: Stack) -> list[str]:
    return [p["name"] for p in world.odoo.state()["pickings"]]


def test_thirty_old_orders_and_a_restart_deduct_and_push_nothing(world: Stack) -> None:
    old = [world.sell(("SKU-00001", 1), notify=False, createdAgo_s=3600) for _ in range(30)]
    shown = world.shown("SKU-00001")
    for status in ("ready_to_ship", "shipped"):
        world.up()
        for order_id in old:
            world.set_status(order_id, status)
        # Each poll signals them anew: settled for that reason, all of them at a time.
        wait_for(
            "old orders are read, and left alone",
            lambda: all(
                (o := world.order(i)) and (o["state"], o["reason"]) == ("settled", "before_go_live")
                for i in old
            ),
        )
        world.kill()
    assert pickings(world) == []
    assert world.on_hand("SKU-00001") == 1000
    assert {r["sku"] for f in world.falabella.state()["feeds"] for r in f["skus"]} <= {"SKU-00001"}
    assert shown == 970


def test_observing_writes_nowhere_and_going_live_takes_only_what_is_asked_for(world: Stack) -> None:
    world.up(MODE="observe")
    first, second = world.sell(("SKU-00001", 2)), world.sell(("SKU-00002", 3))
    assert world.simple("FAL-1", SKU_00003=4).json()["success"] is True
    wait_for("orders are read", lambda: all(world.order(i) for i in (first, second, "FAL-1")))
    world.odoo.post("move", {"sku": "SKU-00004", "delta": -5})
    wait_for(
        "observed and idle",
        lambda: (s := world.get("/status"))["due"] == 0 and s["receipts"] >= 3,
    )
    assert [p for p in pickings(world) if p.startswith("falabella")] == []
    assert world.falabella.state()["feeds"] == []
    # A manual movement is a write too.
    refused = world.client.post(
        "/odoo/stock/reduce",
        headers={"Authorization": "Bearer admin-key-for-tests-0001"},
        json={"sku": "SKU-00001", "quantity": 1, "reason": "test"},
    )
    assert refused.status_code == 409

    # The question names what it asks about, also for an order that no webhook ever told us of.
    silent = world.sell(("SKU-00005", 6), notify=False, createdAgo_s=7200)
    preview = world.get("/go-live")
    lines = {o["orderId"]: [(i["sku"], i["quantity"]) for i in o["lines"]] for o in preview["openOrders"]}
    assert sum(quantity for sku, quantity in lines[silent] if sku == "SKU-00005") == 6
    wait_for("the difference is computed", lambda: world.get("/go-live")["listingsToChange"] >= 1)

    asked = world.cli("go-live", "--yes", "--json", "--take", first)
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)
    third = world.sell(("SKU-00002", 1))
    # first was asked for, second and FAL-1 count as taken out already, third is new.
    wait_for("the new order is taken", lambda: f"falabella/{third}/1" in pickings(world))
    world.settles(SKU_00001=998, SKU_00002=999, SKU_00003=1000, SKU_00004=995)
    assert sorted(p for p in pickings(world) if p.startswith("falabella")) == sorted(
        [f"falabella/{first}/1", f"falabella/{third}/1"]
    )
    # Later, a person finds that the second one had to be taken out after all.
    adopted = world.cli("orders", "adopt", second)
    assert adopted.returncode == 0, adopted.stderr
    world.settles(SKU_00002=996)
