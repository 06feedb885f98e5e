"""kill -9 at any moment: nothing lost, nothing doubled, and back within seconds (P1, P2, issue point 10)."""

from __future__ import annotations

import random
import threading
import time
from functools import partial

import httpx2

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import ADMIN, LOADED_S, SECRET, Stack, wait_for

ORDERS = 500
SKUS = 20
KILLS = 6


@embedded_only
def test_kill_9_in_a_loop_during_500_orders(world: Stack) -> None:
    rng = random.Random(11)
    sold = {f"SKU-{n:05d}": 0 for n in range(1, SKUS + 1)}
    acknowledged: list[str] = []
    done = threading.Event()

    def send() -> None:
        """A client that repeats until it is told 200, as a marketplace does."""
        with httpx2.Client(timeout=5, trust_env=False) as client:
            for n in range(ORDERS):
                sku, quantity = rng.choice(sorted(sold)), rng.randint(1, 3)
                body = {
                    "orderId": f"K-{n}",
                    "products": [{"sku": sku, "quantity": quantity, "price": 1}],
                    "status": "confirmed",
                    "timestamp": "2026-11-24T10:00:00Z",
                }
                for _ in range(2 if n % 10 == 0 else 1):
                    deliver(client, body)
                acknowledged.append(f"K-{n}")
                sold[sku] += quantity
        done.set()

    def deliver(client: httpx2.Client, body: object) -> None:
        while True:
            try:
                answer = client.post(f"{world.url}/falabella/webhook/order/{SECRET}", json=body)
            except httpx2.TransportError:
                time.sleep(0.05)  # a client's pause between two tries
                continue
            if answer.status_code == 200:
                return

    world.up()
    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    for kill in range(1, KILLS + 1):
        wait_for(
            "more orders came in",
            partial(lambda at: len(acknowledged) >= at or done.is_set(), kill * ORDERS // (KILLS + 1)),
            120,
        )
        world.kill()
        world.up(ready=False)
    wait_for("all orders are acknowledged", done.is_set, 120)

    began = time.monotonic()
    expected = {sku: 1000 - units for sku, units in sold.items()}

    def erp() -> dict[str, int]:
        stock = world.odoo.state()["stock"]
        return {sku: int(stock[sku]["on_hand"]) for sku in expected}

    wait_for("every unit left the ERP once", lambda: erp() == expected, 60)
    assert time.monotonic() - began < 30
    names = [p["name"] for p in world.odoo.state()["pickings"]]
    assert sorted(n for n in names if n.startswith("falabella/K-")) == sorted(
        f"falabella/{i}/1" for i in acknowledged
    )
    assert len(acknowledged) == ORDERS
    status = world.client.get("/status", headers=ADMIN).json()
    assert status["dead"] == 0


def test_in_flight_work_is_back_within_ten_seconds_after_a_kill(world: Stack) -> None:
    world.up()
    world.odoo.post("faults", {"commit_then_timeout": 1})
    order_id = world.sell(("SKU-00001", 4))
    wait_for("the ERP is doing it", lambda: world.odoo.state()["pickings"])
    world.kill()
    began = time.monotonic()
    world.up()
    wait_for("the effect is proven", lambda: world.order(order_id)["state"] == "settled")
    assert time.monotonic() - began < 10 + LOADED_S
    assert world.on_hand("SKU-00001") == 996
    assert len(world.odoo.state()["pickings"]) == 1


def test_a_backup_of_yesterday_takes_nothing_twice(world: Stack) -> None:
    world.up()
    before = world.sell(("SKU-00001", 1))
    world.settles(SKU_00001=999)
    backup = world.folder / "yesterday.copy"
    asked = world.cli("backup", str(backup))
    assert asked.returncode == 0, asked.stderr

    later = world.sell(("SKU-00002", 2))
    cancelled = world.sell(("SKU-00003", 3))
    world.settles(SKU_00002=998, SKU_00003=997)
    world.set_status(cancelled, "canceled")
    world.set_status(before, "canceled")
    world.settles(SKU_00001=1000, SKU_00003=1000)
    pickings = {p["name"] for p in world.odoo.state()["pickings"]}

    world.kill()
    world.forget_journal()
    restored = world.cli("restore", str(backup))
    assert restored.returncode == 0, restored.stderr
    world.up()
    wait_for("the orders are known again", lambda: (o := world.order(later)) and o["state"] == "settled")
    world.settles(SKU_00001=1000, SKU_00002=998, SKU_00003=1000)
    again = world.sell(("SKU-00002", 1))
    world.settles(SKU_00002=997)
    assert {p["name"] for p in world.odoo.state()["pickings"]} == pickings | {f"falabella/{again}/1"}
