"""What an operator does about a running service: the emergency stop, and what it would change."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.stack import ADMIN, Stack, wait_for


def ours(world: Stack) -> list[str]:
    """Documents of ours in the ERP, manual movements too."""
    names = [p["name"] for p in world.odoo.state()["pickings"]]
    return sorted(n for n in names if n.startswith(("falabella/", "manual/")))


def not_ready(world: Stack) -> dict[str, str]:
    answer = world.client.get("/health/ready").json()
    return {r["flow"]: r["reason"] for r in answer["reasons"]}


def test_paused_nothing_is_written_and_after_it_everything_catches_up_by_itself(world: Stack) -> None:
    world.up()
    first = world.sell(("SKU-00001", 2))
    world.settles(SKU_00001=998)
    wait_for("the catalogue is read", lambda: world.get("/listings")["items"])
    world.idle()

    said = world.cli("pause", "--reason", "a wrong number")
    assert said.returncode == 0, said.stderr
    feeds, pickings = len(world.falabella.state()["feeds"]), ours(world)
    second = world.sell(("SKU-00002", 3))
    world.set_status(first, "canceled")
    assert world.simple("FAL-1", SKU_00003=4).json()["success"] is True
    world.odoo.post("move", {"sku": "SKU-00004", "delta": -5})

    def waiting(order_id: str, out: int) -> bool:
        row = world.order(order_id)
        lines = ((row or {}).get("order") or {}).get("lines", [])
        return bool(lines) and sum(line["shouldBeOut"] for line in lines) == out

    # Notices are taken, orders are read and folded, numbers are computed.
    wait_for("orders are folded", lambda: waiting(second, 3) and waiting("FAL-1", 4) and waiting(first, 0))
    world.listing_when(
        "its number is computed, and kept back",
        "SKU-00004",
        lambda r: (r["listing"]["wanted"], r["state"], r["reason"]) == (995, "waiting", "paused"),
    )
    moved = world.client.post(
        "/odoo/stock/reduce", headers=ADMIN, json={"sku": "SKU-00005", "quantity": 1, "reason": "test"}
    )
    assert moved.status_code == 409
    assert set(not_ready(world)) == {"erp", "stock:falabella"}
    assert "a wrong number" in not_ready(world)["erp"]
    status = world.cli("status", "--json")
    assert (status.returncode, json.loads(status.stdout)["paused"]["reason"]) == (1, "a wrong number")

    # Neither a kill nor a restart lifts it.
    world.kill()
    world.up(ready=False)
    wait_for("the upstreams are checked", lambda: world.get("/status")["paused"])
    wait_for("orders are read again", lambda: "orders:falabella" not in not_ready(world))
    assert ours(world) == pickings
    assert len(world.falabella.state()["feeds"]) == feeds

    assert world.cli("resume").returncode == 0
    world.settles(SKU_00001=1000, SKU_00002=997, SKU_00003=996, SKU_00004=995)
    assert not_ready(world) == {}


def test_mode_observe_after_going_live_changes_nothing_and_says_so(world: Stack) -> None:
    world.up()
    world.kill()
    world.up(MODE="observe")
    root: Any = world.client.get("/").json()
    assert (root["mode"], root["paused"]) == ("live", None)
    assert "orquestador pause" in root["modeNote"]
    for file, text in world.printed().items():
        told = [line for line in map(json.loads, text.splitlines()) if line["event"] == "mode_in_force"][-1]
        assert (told["mode"], told["to_stop_writing"]) == ("live", "orquestador pause"), file
    found = json.loads(world.cli("doctor", "--json", MODE="observe").stdout)["findings"]
    codes = {f["code"]: f for f in found}
    assert codes["mode"]["facts"]["mode"] == "live"
    assert "orquestador pause" in codes["mode_is_stored"]["do"]
