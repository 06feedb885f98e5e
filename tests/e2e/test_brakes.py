"""A wrong number is never pushed at scale (P8): brakes add up, hold, and wait for a person (design §7.8)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import ADMIN, SECRET, SEED, Stack, wait_for

LISTINGS = SEED + 1
"""The seeded ones, and PROD-001."""
STOPS_AT = 14
"""Ten per cent of them."""


def skus(first: int, last: int) -> list[str]:
    return [f"SKU-{n:05d}" for n in range(first, last + 1)]


def up(world: Stack, *, ODOO_POLL_S: str = "1", ODOO_SWEEP_S: str = "1800") -> None:
    world.env |= {"CLOCK_URL": world.falabella.url, "HINT_DELAYS_S": "0.01,0.5"}
    world.up(ODOO_POLL_S=ODOO_POLL_S, ODOO_SWEEP_S=ODOO_SWEEP_S)
    wait_for("the catalogue is read", lambda: len(world.get("/listings", limit="500")["items"]) == LISTINGS)
    world.idle()


def zeroed(world: Stack) -> set[str]:
    return {sku for sku, shown in world.falabella.state()["stock"].items() if shown == 0}


def the_plan(world: Stack) -> Any:
    (plan,) = wait_for("a plan waits", lambda: world.get("/plans")["items"])
    return plan


def decide(world: Stack, plan: Any, verb: str, body: object = None, status: int = 200) -> Any:
    answer = world.client.post(f"/plans/{plan['id']}/{verb}", headers=ADMIN, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def looked_at(world: Stack, which: Sequence[str], number: int) -> None:
    """Wait until each of them shows this number, or is held with it."""

    def done() -> bool:
        rows = [world.listing(sku) for sku in which]
        return all(
            row["listing"]["wanted"] == number and (row["state"] == "settled" or row["reason"] == "brake")
            for row in rows
        )

    wait_for(f"{which[0]}.. should show {number}", done)


def all_at_once(world: Stack, numbers: dict[str, int]) -> None:
    """A count of many shelves, of which the service hears in one moment."""
    for paused in (True, False):
        said = world.client.post("/pause", headers=ADMIN, json={"paused": paused, "reason": "a count"})
        assert said.status_code == 200, said.text
        if paused:
            for sku, number in numbers.items():
                world.set_stock(sku, number)
            for sku, number in numbers.items():
                wait_for("it is computed", lambda: world.listing(sku)["listing"]["wanted"] == number)  # noqa: B023


def held(world: Stack, which: Sequence[str]) -> Any:
    """Wait until the plan holds all of these that were not sent before it; the plan."""

    def all_of_them() -> bool:
        gone = zeroed(world) & set(which)
        assert len(gone) < STOPS_AT
        plans = world.get("/plans")["items"]
        return bool(plans) and plans[0]["changes"].get("zero") == len(which) - len(gone)

    wait_for(f"{len(which)} are held", all_of_them)
    return the_plan(world)


def test_an_odoo_that_answers_zeros_page_by_page_is_stopped_and_a_no_waits_until_it_is_right(
    world: Stack,
) -> None:
    # The seed was written within the cursor's overlap: one look of it would read all products at once.
    up(world, ODOO_POLL_S="600")
    with world.odoo.faulty(drop_free_qty=True):
        for first in range(1, 41, 5):
            page = skus(first, first + 4)
            notice = [{"sku": sku} for sku in page]
            path = f"/odoo/webhook/stock-change/{SECRET}"
            assert world.client.post(path, json=notice).status_code == 200
            looked_at(world, page, 0)
        # A look of the service's own may join a page; whatever joins, the counts add up.
        gone = zeroed(world)
        assert len(gone) < STOPS_AT
        plan = the_plan(world)
        assert (plan["kind"], plan["limit"], plan["size"]) == ("zero", STOPS_AT, LISTINGS)
        assert plan["count"] >= STOPS_AT
        assert (plan["state"], plan["changes"]) == ("waiting", {"zero": plan["listings"]})
        assert plan["listings"] >= 40 - len(gone)

        # Everybody who is asked says so.
        ready = world.client.get("/health/ready")
        assert ready.status_code == 503
        assert [r["flow"] for r in ready.json()["reasons"]] == ["stock:falabella"]
        said = f"{plan['count']} listings of falabella would go to zero"
        assert said in ready.json()["reasons"][0]["reason"]
        status = world.cli("status", "--json")
        assert status.returncode == 1
        assert json.loads(status.stdout)["attention"] is True
        held = world.listing("SKU-00040")
        assert (held["state"], held["reason"], held["listing"]["why"]) == ("waiting", "brake", "brake")
        (alert,) = world.logs("/logs", action="stock.brake")
        assert alert["status"] == "error"
        assert alert["response"]["listings"] == plan["count"]

        refused = world.cli("plans", "reject", "--json")
        assert refused.returncode == 0, refused.stderr
        assert json.loads(refused.stdout)["rejected_by"] == "tests"

    # Odoo is right again; the numbers are looked at, and the brake lets go by itself.
    def freed() -> bool:
        world.falabella.post("clock", {"advance_s": 400})
        return not world.get("/plans")["items"]

    wait_for("nothing is held", freed)
    world.settles(dict.fromkeys(skus(1, 40), 1000))
    assert zeroed(world) == set()
    wait_for("ready", lambda: world.client.get("/health/ready").status_code == 200)


@embedded_only
def test_a_yes_sends_what_was_looked_at_and_a_worse_plan_asks_again(world: Stack) -> None:
    up(world)
    counted = skus(1, 30)
    all_at_once(world, dict.fromkeys(counted, 0))
    first = held(world, counted)
    shown = world.get(f"/plans/{first['id']}")["items"]
    assert {(i["sku"], i["shows"], i["wanted"], i["move"]) for i in shown} == {
        (sku, 1000, 0, "zero") for sku in set(counted) - zeroed(world)
    }

    # It grew while a person looked at it: her yes was to another plan.
    counted += ["SKU-00031"]
    world.set_stock("SKU-00031", 0)
    held(world, counted)
    decide(world, first, "approve", {"digest": first["digest"]}, 409)
    # And a fall goes on meanwhile, a rise waits.
    world.set_stock("SKU-00050", 700)
    world.set_stock("SKU-00051", 1100)
    world.settles(SKU_00050=700)
    wait_for("the rise is held", lambda: world.listing("SKU-00051")["reason"] == "brake")
    assert world.shown("SKU-00051") == 1000

    # It survives a kill: the counts and the plan are stored.
    world.kill()
    world.up(ready=False)
    assert the_plan(world)["id"] == first["id"]
    # What a person booked meanwhile: the numbers of now are sent, not those that were approved.
    latest = held(world, counted)
    assert latest["changes"]["rise"] == 1
    world.set_stock("SKU-00051", 1200)
    decide(world, latest, "approve", {"digest": latest["digest"]})
    world.settles(dict.fromkeys(counted, 0) | {"SKU-00051": 1200})
    assert world.get("/plans")["items"] == []

    # The yes covered those SKUs: others ask again.
    others = skus(60, 89)
    all_at_once(world, dict.fromkeys(others, 0))
    worse = held(world, others)
    assert worse["id"] != first["id"]
    decide(world, first, "approve", None, 404)
    decided = [e["action"] for e in world.logs("/logs") if e["action"].startswith("plan.")]
    assert decided == ["plan.approved"]


@embedded_only
def test_many_archived_products_are_zeros_that_nobody_ordered(world: Stack) -> None:
    up(world, ODOO_SWEEP_S="1")
    found = world.odoo.odoo("product.product", "search", [["default_code", "in", skus(1, 20)]])
    world.odoo.odoo("product.product", "write", found[:1], {"active": False})
    one = world.odoo.odoo("product.product", "read", found[:1], ["default_code"])[0]["default_code"]
    wait_for("it shows 0", lambda: world.shown(one) == 0)
    world.listing_when("it says why", one, lambda r: r["listing"]["why"] == "archived_sku")
    world.odoo.odoo("product.product", "write", found, {"active": False})
    wait_for("19 are held", lambda: world.get("/plans")["items"] and the_plan(world)["listings"] == 19)
    assert zeroed(world) == {one}
    world.odoo.odoo("product.product", "write", found, {"active": True})


@embedded_only
def test_observing_shows_the_plan_and_going_live_sends_it(world: Stack) -> None:
    world.up(MODE="observe")
    wait_for("the catalogue is read", lambda: len(world.get("/listings", limit="500")["items"]) == LISTINGS)
    world.set_stock("SKU-00001", 990)
    world.set_stock("SKU-00002", 0)
    wait_for("both are seen", lambda: len(world.get("/plans/preview")["items"]) == 2)
    said = world.cli("plan", "--json")
    assert said.returncode == 0, said.stderr
    items = {
        i["sku"]: (i["shows"], i["wanted"], i["move"], i["why"]) for i in json.loads(said.stdout)["items"]
    }
    assert items == {
        "SKU-00001": (1000, 990, "fall", "observing"),
        "SKU-00002": (1000, 0, "zero", "observing"),
    }
    assert len(json.loads(world.cli("plan", "--sku", "SKU-00002", "--json").stdout)["items"]) == 1
    refused = world.cli("push", "--json")
    assert refused.returncode == 1
    assert "only observes" in refused.stderr
    dry = world.cli("push", "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    assert {i["sku"] for i in json.loads(dry.stdout)["items"]} == {"SKU-00001", "SKU-00002"}
    assert world.falabella.state()["feeds"] == []
    assert world.cli("go-live", "--yes").returncode == 0
    world.settles(SKU_00001=990, SKU_00002=0)


@embedded_only
def test_a_dry_run_reads_now_and_a_push_by_hand_sends(world: Stack) -> None:
    """Nobody tells of the change, and no poll comes: only a person asks."""
    up(world, ODOO_POLL_S="600")
    with world.odoo.faulty(drop_free_qty=True):
        dry = world.cli("push", "--dry-run", "--json")
        assert dry.returncode == 1, dry.stderr
        rehearsed = json.loads(dry.stdout)
        assert (rehearsed["looked"], rehearsed["differ"], rehearsed["held"]) == (LISTINGS, LISTINGS, LISTINGS)
    assert world.falabella.state()["feeds"] == []
    with world.odoo.faulty(drop_free_qty=True):
        one = world.cli("push", "--sku", "SKU-00007", "--json")
        assert one.returncode == 0, one.stderr
        assert json.loads(one.stdout)["due"] == 1
        wait_for("it is sent", lambda: zeroed(world) == {"SKU-00007"})
