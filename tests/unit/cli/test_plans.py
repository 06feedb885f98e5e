"""`orquestador plan`, `push` and `plans ...` over the store: what a person sees and decides."""

from __future__ import annotations

from dataclasses import replace

from orquestador.flows.brakes import change_brake
from orquestador.flows.context import Context
from orquestador.flows.golive import go_live
from orquestador.model.brakes import Brake, Trip, TripKind
from orquestador.model.stock import Listing, Shown
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import Save
from tests.unit.cli.support import Shop


def trip(shop: Shop, kind: TripKind = TripKind.ZERO, *, why: str = "brake", listings: int = 12) -> None:
    """The brake holds: some would go to zero, one would rise."""

    async def change(x: Context) -> None:
        channel, now = x.channels["falabella"], x.clock.now()
        await go_live(x, channel, (), list_orders=False)
        numbers = {f"SKU-{n:05d}": 0 for n in range(1, listings + 1)} | {"UP": 12}
        rows = []
        for ref, wanted in numbers.items():
            shown = Shown(10, now - 60.0, 0)
            doc = Listing("falabella", ref, ref, wanted=wanted, wanted_at=now, live=shown, why=why)
            row = Work(
                work_id(Kind.LISTING, "falabella", ref),
                Kind.LISTING,
                "falabella",
                ref,
                State.WAITING,
                1,
                0,
                0,
                now + 300.0,
                reason=why,
                created_at=now,
                doc=doc,
            )
            rows.append(Save(row))
        assert all(await x.journal.save(rows))
        held = Trip("plan-1", now, kind, count=listings, limit=10, size=40)
        await change_brake(x, "falabella", lambda brake: replace(brake, rev=1, trip=held))

    shop.write(change)


def brake(shop: Shop) -> Brake:
    found: list[Brake] = []

    async def read(x: Context) -> None:
        found.append(x.modes.brakes["falabella"])

    shop.write(read)
    return found[0]


def test_the_plan_is_shown_before_anything_is_sent(shop: Shop) -> None:
    trip(shop, listings=2)
    said = shop.run("plan")
    assert said.code == 0
    assert "to zero" in said.out
    assert "held by a brake" in said.out
    items = {i["sku"]: (i["shows"], i["wanted"], i["move"]) for i in shop.run("plan", "--json").json["items"]}
    assert items == {"SKU-00001": (10, 0, "zero"), "SKU-00002": (10, 0, "zero"), "UP": (10, 12, "rise")}
    assert len(shop.run("plan", "--sku", "UP", "--json").json["items"]) == 1
    assert "salta" not in shop.run("plan", APP_LANG="es").out
    assert "retenida por un freno" in shop.run("plan", APP_LANG="es").out


def test_nothing_to_tell(shop: Shop) -> None:
    trip(shop, listings=0)
    shop.run("plans", "approve", "--yes")
    assert "No plan waits" in shop.run("plans", "list").out
    assert shop.run("plans", "show").code == 1
    assert "There is no such plan" in shop.run("plans", "show", "plan-9").err
    assert "Nothing would change" in shop.run("plan", "--sku", "NONE").out


def test_a_plan_is_listed_shown_and_approved(shop: Shop) -> None:
    trip(shop, listings=30)
    listed = shop.run("plans", "list")
    assert listed.code == 0
    assert "30 listings would go to zero within an hour" in listed.out
    assert "Holds 31 (to zero: 30, rise: 1)." in listed.out
    shown = shop.run("plans", "show")
    assert shown.out.count("SKU-") == 20
    assert "… and 11 more" in shown.out
    assert "publicaciones quedarían en cero en una hora" in shop.run("plans", "list", APP_LANG="es").out
    asked = shop.run("plans", "approve")
    assert asked.code == 2
    assert "--yes" in asked.err
    assert brake(shop).trip is not None
    done = shop.run("plans", "approve", "--yes", "--json")
    assert done.code == 0, done.err
    assert (done.json["state"], done.json["listings"]) == ("approved", 31)
    after = brake(shop)
    assert after.trip is None
    assert len(after.approved) == 31


def test_a_rejected_plan_says_so(shop: Shop) -> None:
    trip(shop, TripKind.JUMP)
    assert "stay as they are" in shop.run("plans", "reject", "plan-1").out
    listed = shop.run("plans", "list").out
    assert "Rejected by" in listed
    assert "would jump to three times" in listed
    flows = {f["flow"]: f for f in shop.run("status", "--json", APP_LANG="es").json["flows"]}
    assert "rechazó el plan de falabella" in flows["stock:falabella"]["reason"]
    found = {f["code"]: f for f in shop.run("doctor", "--json").json["findings"]}
    assert found["plan_rejected"]["level"] == "warning"


def test_status_doctor_and_listings_say_what_is_held(shop: Shop) -> None:
    trip(shop)
    status = shop.run("status", "--json").json
    assert status["attention"] is True
    flows = {f["flow"]: f for f in status["flows"]}
    assert "12 listings of falabella would go to zero" in flows["stock:falabella"]["reason"]
    assert "would go to zero" in status["sentence"]
    found = {f["code"]: f for f in shop.run("doctor", "--json").json["findings"]}
    assert found["brake_zero"]["level"] == "error"
    assert found["brake_zero"]["facts"]["listings"] == 12
    assert "held by a brake" in shop.run("listings", "--sku", "UP").out


def test_a_first_push_waits_for_a_yes(shop: Shop) -> None:
    trip(shop, TripKind.FIRST_PUSH, why="first_push")
    assert "It is the first push to this channel" in shop.run("plans", "list").out
    assert "first push" in shop.run("listings", "--sku", "UP").out
    assert shop.run("plans", "approve", "--yes").code == 0
    assert brake(shop).opened_at is not None


def test_a_push_by_hand(shop: Shop) -> None:
    trip(shop)
    done = shop.run("push", "--sku", "UP")
    assert done.code == 1
    assert "Listings that are looked at now: 1." in done.out
    assert "The service is not running" in done.out
    assert shop.run("push", "--channel", "other").code == 2
