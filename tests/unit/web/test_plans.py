"""`/plans` and `/push`: what is told, who may decide, and problems."""

from __future__ import annotations

from orquestador.model.brakes import Trip, TripKind
from orquestador.model.errors import Unavailable
from orquestador.model.plans import Plan, Rehearsal, diff_of
from tests.unit.web.support import KEYS, NOW, House, client, config, listing_work

VIEWER, OPERATOR = ({"X-API-Key": key.key} for key in KEYS[:2])


def held(*refs: str) -> House:
    house = House()
    works = [listing_work(ref, differs=True) for ref in refs]
    house.plans.kept["p1"] = Plan(
        "falabella", Trip("p1", NOW, TripKind.ZERO, count=12, limit=10, size=90), works
    )
    return house


async def test_a_plan_says_what_it_holds_and_why() -> None:
    async with client(held("A", "B")) as http:
        (plan,) = (await http.get("/plans")).json()["items"]
        shown = (await http.get("/plans/p1")).json()
        first = (await http.get("/plans/p1?limit=1")).json()
    digest = plan.pop("digest")
    assert len(digest) == 12
    assert plan == {
        "id": "p1",
        "channel": "falabella",
        "kind": "zero",
        "window": "hour",
        "count": 12,
        "limit": 10,
        "size": 90,
        "trippedAt": "2027-01-15T08:00:00.000Z",
        "rejectedAt": None,
        "rejectedBy": None,
        "state": "waiting",
        "listings": 2,
        "changes": {"fall": 2},
    }
    assert [(i["sku"], i["shows"], i["wanted"], i["move"]) for i in shown["items"]] == [
        ("A", 10, 9, "fall"),
        ("B", 10, 9, "fall"),
    ]
    assert len(first["items"]) == 1


async def test_who_may_decide_does_and_only_about_what_was_seen() -> None:
    house = held("A")
    async with client(house, config(api_keys=KEYS)) as http:
        for verb in ("approve", "reject"):
            assert (await http.post(f"/plans/p1/{verb}", headers=VIEWER)).status_code == 403
        other = await http.post("/plans/p1/approve", json={"digest": "of another"}, headers=OPERATOR)
        assert (other.status_code, other.json()["type"]) == (409, "urn:orquestador:plan-changed")
        assert (other.json()["field"], bool(other.json()["remedy"])) == ("digest", True)
        assert house.plans.decided == []
        rejected = await http.post("/plans/p1/reject", headers=OPERATOR)
        assert (rejected.json()["state"], rejected.json()["rejectedBy"]) == ("rejected", "omar")
        digest = rejected.json()["digest"]
        done = await http.post("/plans/p1/approve", json={"digest": digest}, headers=OPERATOR)
        assert (done.status_code, done.json()["state"]) == (200, "approved")
        for verb in ("approve", "reject"):
            gone = await http.post(f"/plans/p1/{verb}", headers=OPERATOR)
            assert (gone.status_code, gone.json()["type"]) == (404, "urn:orquestador:no-plan")
        assert (await http.get("/plans/p1", headers=VIEWER)).status_code == 404
    assert house.plans.decided == [("reject", "p1", "omar"), ("approve", "p1", "omar")]


async def test_the_preview_comes_in_pages() -> None:
    async with client(held(*"ABCDE")) as http:
        page = (await http.get("/plans/preview?limit=2")).json()
        rest = (await http.get(f"/plans/preview?limit=9&cursor={page['nextCursor']}")).json()
        unknown = await http.get("/plans/preview?chanel=falabella")
        wrong = await http.get("/plans/preview?channel=other")
    assert [i["sku"] for i in page["items"] + rest["items"]] == list("ABCDE")
    assert rest["nextCursor"] is None
    assert unknown.status_code == 422
    assert (wrong.status_code, wrong.json()["field"]) == (422, "channel")


async def test_a_push_by_hand_and_its_rehearsal() -> None:
    house = held("A", "B")
    items = [diff_of(work) for work in house.plans.kept["p1"].works]
    house.plans.rehearsal = Rehearsal(9, 1, 2, items, {("falabella", "B"): "brake"})
    async with client(house, config(api_keys=KEYS)) as http:
        assert (await http.post("/push", headers=VIEWER)).status_code == 403
        done = await http.post("/push", json={"sku": "A"}, headers=OPERATOR)
        assert (done.status_code, done.json()) == (202, {"dryRun": False, "due": 3, "held": 1})
        dry = (await http.post("/push", json={"dryRun": True}, headers=OPERATOR)).json()
        wrong = await http.post("/push", json={"channel": "other"}, headers=OPERATOR)
        assert (wrong.status_code, wrong.json()["field"]) == (422, "channel")
        bad = await http.post("/push", json={"dryRun": "yes"}, headers=OPERATOR)
        assert (bad.status_code, bad.json()["field"]) == (422, "dryRun")
        house.fails = Unavailable("away")
        assert (await http.post("/push", headers=OPERATOR)).status_code == 503
    assert house.done_by == [("push", "", "A", "omar")]
    told = {name: dry[name] for name in ("looked", "unknown", "unread", "differ", "held")}
    assert told == {"looked": 9, "unknown": 1, "unread": 2, "differ": 2, "held": 1}
    assert [(i["sku"], i["held"]) for i in dry["items"]] == [("A", None), ("B", "brake")]
