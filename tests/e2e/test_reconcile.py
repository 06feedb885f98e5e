"""Numbers that somebody changed on the channel are found, classified, repaired and told (P3, design §8)."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import ADMIN, Stack, wait_for

SKU, OTHER = "SKU-00001", "SKU-00002"


def last(world: Stack) -> Any:
    return world.get("/reconcile")["items"][0]["last"]


def start(world: Stack) -> None:
    answer = world.client.post("/reconcile", headers=ADMIN, json={"channel": "falabella"})
    assert answer.status_code == 202, answer.text


def run(world: Stack) -> Any:
    """One run; the clock jumps over the wait for the second read."""
    before = last(world)
    start(world)

    def ended() -> Any:
        item = world.get("/reconcile")["items"][0]
        if item["phase"] == "confirm":
            world.falabella.post("clock", {"advance_s": 21})
        return not item["running"] and item["last"] != before and item["last"]

    return wait_for("it is compared", ended)


def test_an_edit_by_hand_is_repaired_and_a_refused_number_shows_its_class(world: Stack) -> None:
    world.up(CLOCK_URL=world.falabella.url, RECONCILE_S="86400")  # only those that are asked for
    wait_for("the catalogue is read", lambda: world.get("/listings")["items"])
    world.idle()

    # A run over a channel that is right: by the command, which ends well.
    said = world.cli("reconcile", "--json")
    assert said.returncode == 0, said.stderr
    (item,) = json.loads(said.stdout)["items"]
    assert (item["last"]["listings"], item["last"]["drift"]) == (
        len(world.falabella.state()["stock"]),
        {},
    )

    # Somebody edits a number by hand.
    world.falabella.post("stock", {"sku": SKU, "quantity": 7})
    found = run(world)
    assert found["drift"] == {"edited": 1}
    assert found["items"] == [
        {"sku": SKU, "ref": SKU, "shows": 7, "should": 1000, "drift": "edited", "repaired": True}
    ]
    world.settles({SKU: 1000})
    assert world.feeds(SKU) == [1000]
    world.confirmed(SKU, 1000)
    (told,) = [e for e in world.logs(f"/logs/product/{SKU}") if e["action"] == "stock.drift"]
    assert told["request"]["class"] == "edited"
    assert told["response"][SKU] == {"shows": 7, "should": 1000}

    # A number that the channel refuses is told, and not repeated by this.
    world.falabella.post("faults", {"reject_skus": {OTHER: "Price is missing"}})
    world.odoo.post("move", {"sku": OTHER, "delta": -5})

    def given_up() -> bool:
        row = world.listing(OTHER)
        if row["state"] == "waiting" and row["attempts"]:
            world.falabella.post("clock", {"advance_s": 300})
        return bool(row["state"] == "dead")

    wait_for("it is given up", given_up)
    world.idle()
    pushed = world.feeds(OTHER)
    found = run(world)
    assert (found["drift"], found["repaired"]) == ({"rejected": 1}, 0)
    assert world.feeds(OTHER) == pushed
    status = json.loads(world.cli("status", "--json").stdout)
    assert status["reconciled"][0]["last"]["drift"] == {"rejected": 1}
    shown = world.cli("status", "--lang", "es").stdout
    assert "publicaciones, 1 diferían" in shown


@embedded_only  # how far a run is, only the process knows that runs it
def test_what_somebody_changed_is_right_again_within_fifteen_minutes(world: Stack) -> None:
    world.up(CLOCK_URL=world.falabella.url, ODOO_SWEEP_S="80000", CATALOGUE_POLL_S="80000")
    wait_for("the catalogue is read", lambda: world.get("/listings")["items"])
    world.idle()
    world.falabella.post("stock", {"sku": SKU, "quantity": 7})
    changed_at = world.falabella.state()["now"]

    world.falabella.post("clock", {"advance_s": 600})
    wait_for("it is read a second time", lambda: world.get("/reconcile")["items"][0]["phase"] == "confirm")
    world.falabella.post("clock", {"advance_s": 21})
    wait_for("it is repaired", lambda: world.shown(SKU) == 1000)
    assert world.falabella.state()["now"] - changed_at <= 900
    assert world.feeds(SKU) == [1000]
