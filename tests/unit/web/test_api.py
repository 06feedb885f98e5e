"""The operator's API: roles, problems, CORS, status, work and orders."""

from __future__ import annotations

from typing import Any

import pytest

from orquestador.model.errors import AuthRefused, Rejected, StoreUnavailable, Unavailable
from orquestador.model.work import State
from orquestador.web.shapes import FlowHealth
from tests.unit.web.support import KEYS, House, client, config, listing_work, order_work

VIEWER, OPERATOR, ADMIN = ({"Authorization": f"Bearer {k.key}"} for k in KEYS)
KEYED = config(api_keys=KEYS)
MOVE = {"sku": "A", "quantity": 1, "reason": "count"}

CALLS: list[tuple[str, str, Any, str]] = [
    ("GET", "/logs", None, "viewer"),
    ("GET", "/logs/order/1", None, "viewer"),
    ("GET", "/logs/product/A", None, "viewer"),
    ("GET", "/odoo/stock/A", None, "viewer"),
    ("GET", "/work", None, "viewer"),
    ("GET", "/work/order:falabella:1", None, "viewer"),
    ("GET", "/orders", None, "viewer"),
    ("GET", "/orders/1", None, "viewer"),
    ("GET", "/listings", None, "viewer"),
    ("GET", "/channels", None, "viewer"),
    ("GET", "/status", None, "viewer"),
    ("GET", "/reconcile", None, "viewer"),
    ("GET", "/go-live", None, "viewer"),
    ("GET", "/uninstall", None, "viewer"),
    ("POST", "/odoo/stock/reduce", MOVE, "operator"),
    ("POST", "/odoo/stock/increase", MOVE, "operator"),
    ("POST", "/work/order:falabella:1/retry", None, "operator"),
    ("POST", "/work/order:falabella:1/discard", {"note": "known"}, "operator"),
    ("POST", "/orders/1/adopt", None, "operator"),
    ("POST", "/reconcile", {}, "operator"),
    ("POST", "/pause", {"paused": True}, "operator"),
    ("POST", "/pause", {"paused": False}, "operator"),
    ("POST", "/go-live", {}, "admin"),
    ("POST", "/backup", {"path": "copy.db"}, "admin"),
    ("POST", "/uninstall", None, "admin"),
]


@pytest.mark.parametrize(("method", "path", "body", "needed"), CALLS, ids=[f"{c[0]} {c[1]}" for c in CALLS])
async def test_each_call_needs_its_role(method: str, path: str, body: Any, needed: str) -> None:
    house = House()
    house.memory.works["order:falabella:1"] = order_work("1", State.DEAD)
    roles = [k.role.value for k in KEYS]
    async with client(house, KEYED, address="203.0.113.7") as http:
        for headers, role in ((VIEWER, "viewer"), (OPERATOR, "operator"), (ADMIN, "admin")):
            answer = await http.request(method, path, json=body, headers=headers)
            allowed = roles.index(role) >= roles.index(needed)
            assert (answer.status_code == 403) is not allowed, answer.text
            assert answer.status_code in (200, 202, 403, 404), answer.text
        nobody = await http.request(method, path, json=body)
        wrong = await http.request(method, path, json=body, headers={"X-API-Key": "wrong"})
    for refused in (nobody, wrong):
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.headers["content-type"] == "application/problem+json"


async def test_a_key_is_taken_from_either_header() -> None:
    async with client(House(), KEYED, address="203.0.113.7") as http:
        answer = await http.get("/channels", headers={"X-API-Key": KEYS[0].key})
    assert answer.status_code == 200


async def test_failed_keys_are_limited_and_good_ones_never() -> None:
    async with client(House(), KEYED, address="203.0.113.7") as http:
        statuses = [(await http.get("/channels", headers={"X-API-Key": "no"})).status_code for _ in range(12)]
        good = await http.get("/channels", headers=VIEWER)
    assert statuses[:10] == [401] * 10
    assert statuses[-1] == 429
    assert good.status_code == 200


@pytest.mark.parametrize(
    ("address", "headers", "expected"),
    [
        ("127.0.0.1", {}, 200),
        ("127.0.0.1", {"origin": "http://localhost:5173"}, 200),
        ("203.0.113.7", {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.7"}, 403),
        ("127.0.0.1", {"host": "rebound.example"}, 403),
        ("127.0.0.1", {"origin": "https://evil.example"}, 403),
    ],
)
async def test_without_keys_only_this_machine_is_answered(
    address: str, headers: dict[str, str], expected: int
) -> None:
    async with client(House(), address=address) as http:
        answer = await http.get("/channels", headers=headers)
    assert answer.status_code == expected
    if expected == 403:
        assert "API_KEYS" in answer.json()["remedy"]


# --- problems ---


async def test_unknown_addresses_and_methods_are_problems() -> None:
    async with client(House()) as http:
        missing = await http.get("/nothing/here")
        method = await http.delete("/channels")
    assert (missing.status_code, method.status_code) == (404, 405)
    assert method.headers["allow"] == "GET"
    for answer in (missing, method):
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["traceId"] == answer.headers["x-trace-id"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreUnavailable(), 503),
        (Unavailable("Odoo does not answer"), 503),
        (AuthRefused("no"), 502),
        (Rejected("no"), 409),
        (RuntimeError("password=hunter2"), 500),
    ],
)
async def test_errors_of_the_house_become_problems(error: Exception, status: int) -> None:
    async with client(House(fails=error)) as http:
        answer = await http.get("/odoo/stock/A")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["remedy"]
    assert "hunter2" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_a_body_over_the_limit_is_refused() -> None:
    async with client(House()) as http:
        answer = await http.post("/odoo/stock/reduce", content=b" " * (1024 * 1024 + 1))
    assert answer.status_code == 413


# --- CORS ---

ORIGIN = "https://panel.example.com"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key",
}


async def test_a_configured_origin_may_call_from_a_browser() -> None:
    async with client(House(), config(api_keys=KEYS, cors_origins=(ORIGIN,))) as http:
        preflight = await http.options("/odoo/stock/reduce", headers=PREFLIGHT)
        call = await http.get("/channels", headers=VIEWER | {"Origin": ORIGIN})
        refused = await http.get("/channels", headers={"Origin": ORIGIN})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "Idempotency-Key" in preflight.headers["access-control-allow-headers"]
    assert call.headers["access-control-allow-origin"] == ORIGIN
    assert "Idempotency-Key" in call.headers["access-control-expose-headers"]
    # The page must be able to read why it was refused.
    assert refused.headers["access-control-allow-origin"] == ORIGIN


async def test_other_origins_and_the_default_get_nothing() -> None:
    async with client(House(), config(api_keys=KEYS, cors_origins=(ORIGIN,))) as http:
        other = await http.options("/logs", headers=PREFLIGHT | {"Origin": "https://evil.example"})
    async with client(House(), KEYED) as http:
        default = await http.options("/logs", headers=PREFLIGHT)
        call = await http.get("/channels", headers=VIEWER | {"Origin": ORIGIN})
    assert other.status_code == 400
    assert default.status_code == 405
    for answer in (other, default, call):
        assert "access-control-allow-origin" not in answer.headers


# --- status ---


async def test_the_root_lists_every_endpoint_webhooks_included() -> None:
    async with client(House()) as http:
        content = (await http.get("/")).json()
    assert content["status"] == "ok"
    assert content["mode"] == "observe"
    listed = {(e["method"], e["path"]) for e in content["endpoints"]}
    assert {
        ("POST", "/falabella/webhook/order"),
        ("POST", "/odoo/webhook/stock-change"),
        ("GET", "/logs"),
        ("GET", "/odoo/stock/{sku}"),
        ("POST", "/odoo/stock/reduce"),
        ("GET", "/health"),
    } <= listed
    assert all(e["description"] for e in content["endpoints"])


async def test_openapi_describes_the_webhooks_and_docs_are_served() -> None:
    async with client(House()) as http:
        schema = (await http.get("/openapi.json")).json()
        docs = await http.get("/docs")
    assert docs.status_code == 200
    operation = schema["paths"]["/falabella/webhook/order"]["post"]
    assert {"200", "401", "413", "422", "503"} <= set(operation["responses"])
    for reference in _references(schema):
        assert reference.rpartition("/")[2] in schema["components"]["schemas"]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if "$ref" in node else []
        return here + [r for value in node.values() for r in _references(value)]
    return [r for item in node for r in _references(item)] if isinstance(node, list) else []


async def test_health_says_which_flow_stands_still_and_why() -> None:
    house = House()
    async with client(house, KEYED, address="203.0.113.7") as http:
        well = [await http.get(p) for p in ("/health", "/health/live", "/health/ready")]
        house.flows = (
            FlowHealth("intake", True),
            FlowHealth("erp", False, "Odoo refuses us", "Check the key"),
        )
        health, live, ready = [await http.get(p) for p in ("/health", "/health/live", "/health/ready")]
        house.fails = StoreUnavailable()
        down = await http.get("/health")
    assert [r.status_code for r in well] == [200, 200, 200]
    assert (health.status_code, live.status_code, ready.status_code) == (200, 200, 503)
    assert health.json()["status"] == "degraded"
    assert ready.json()["reasons"] == [
        {"flow": "erp", "reason": "Odoo refuses us", "remedy": "Check the key"}
    ]
    assert down.status_code == 503
    assert not house.log.entries


async def test_status_speaks_the_language_asked_for() -> None:
    async with client(House()) as http:
        spanish = (await http.get("/status", params={"lang": "es"})).json()
        bad = await http.get("/status", params={"lang": "xx"})
    assert spanish["sentence"] == "Todo bien."
    assert spanish["now"].endswith("Z")
    assert spanish["oldestDueAt"] is None
    assert bad.status_code == 422
    assert bad.json()["field"] == "lang"


# --- work and orders ---


@pytest.fixture
def house() -> House:
    house = House()
    for work in (
        order_work("1", State.DEAD),
        order_work("2"),
        order_work("a/b", State.SETTLED),
        order_work("2", channel="falabella-pe"),
    ):
        house.memory.works[work.id] = work
    return house


async def test_work_is_listed_by_state_and_paged(house: House) -> None:
    async with client(house) as http:
        dead = (await http.get("/work", params={"state": "dead"})).json()
        first = (await http.get("/work", params={"limit": 3})).json()
        second = (await http.get("/work", params={"limit": 3, "cursor": first["nextCursor"]})).json()
        bad = await http.get("/work", params={"state": "dead,odd"})
        misspelt = await http.get("/work", params={"stat": "dead"})
    assert [w["id"] for w in dead["items"]] == ["order:falabella:1"]
    assert dead["items"][0]["wantedVersion"] == 2
    assert len(first["items"] + second["items"]) == 4
    assert second["nextCursor"] is None
    assert (bad.status_code, bad.json()["field"]) == (422, "state")
    assert (misspelt.status_code, misspelt.json()["field"]) == (422, "stat")


async def test_work_is_retried_and_discarded_in_a_persons_name(house: House) -> None:
    async with client(house, KEYED) as http:
        retried = await http.post("/work/order:falabella:1/retry", headers=OPERATOR)
        discarded = await http.post(
            "/work/order:falabella:1/discard", headers=OPERATOR, json={"note": "sold by hand"}
        )
        slashed = await http.post("/work/order:falabella:a/b/discard", headers=OPERATOR)
        missing = await http.post("/work/order:falabella:9/retry", headers=OPERATOR)
    assert retried.json()["state"] == "due"
    assert discarded.json()["state"] == "settled"
    assert (slashed.status_code, slashed.json()["remedy"]) == (409, "Leave it.")
    assert missing.status_code == 404
    assert house.done_by[:2] == [
        ("retry", "order:falabella:1", "omar"),
        ("discard", "order:falabella:1", "sold by hand", "omar"),
    ]


async def test_an_order_is_shown_by_its_id_and_adopted(house: House) -> None:
    async with client(house) as http:
        one = await http.get("/orders/1")
        slashed = await http.get("/orders/a/b")
        ambiguous = await http.get("/orders/2")
        chosen = await http.get("/orders/2", params={"channel": "falabella-pe"})
        adopted = await http.post("/orders/2/adopt", params={"channel": "falabella"})
        missing = await http.get("/orders/9")
    assert one.json()["receipts"] == []
    assert slashed.json()["ref"] == "a/b"
    assert ambiguous.status_code == 409
    assert chosen.json()["channel"] == "falabella-pe"
    assert adopted.status_code == 200
    assert house.done_by == [("adopt", "order:falabella:2", "local")]
    assert missing.status_code == 404


async def test_go_live_backup_and_uninstall(house: House) -> None:
    async with client(house) as http:
        preview = (await http.get("/go-live")).json()
        live = await http.post("/go-live", json={"takeNow": ["order:falabella:1"], "approvePushes": True})
        bare = await http.post("/go-live")
        unsure = await http.post("/go-live", json={"approvePushes": "yes"})
        backup = await http.post("/backup", json={"path": "copy.db"})
        nowhere = await http.post("/backup", json={})
        listed = (await http.get("/uninstall")).json()
        removed = (await http.post("/uninstall", json={"ids": ["w1"]})).json()
    assert preview["alreadyLive"] is False
    assert live.json()["takenNow"] == 1
    assert live.json()["ordersSinceAt"].endswith("Z")
    assert bare.status_code == 200
    assert (unsure.status_code, unsure.json()["field"]) == (422, "approvePushes")
    assert backup.json() == {"path": "copy.db", "sizeBytes": 4096}
    assert (nowhere.status_code, nowhere.json()["field"]) == (422, "path")
    assert listed["items"][0]["removed"] is False
    assert removed["items"][0]["removed"] is True


async def test_reconcile_starts_in_the_background_and_says_what_it_found(house: House) -> None:
    async with client(house) as http:
        before = (await http.get("/reconcile")).json()["items"][0]
        started = await http.post("/reconcile", json={"channel": "falabella"})
        unknown = await http.post("/reconcile", json={"channel": "nowhere"})
    assert before["running"] is False
    assert before["last"]["drift"] == {"edited": 1}
    assert before["last"]["startedAt"].endswith("Z")
    assert before["last"]["items"][0] == {
        "sku": "SKU-1",
        "ref": "SKU-1",
        "shows": 99,
        "should": 7,
        "drift": "edited",
        "repaired": True,
    }
    assert started.status_code == 202
    assert started.json()["items"][0]["running"] is True
    assert (unknown.status_code, unknown.json()["field"]) == (422, "channel")
    assert house.done_by == [("reconcile", "falabella", "local")]


async def test_every_answer_is_logged_with_who_asked(house: House) -> None:
    async with client(house, KEYED) as http:
        answer = await http.post("/work/order:falabella:1/retry", headers=OPERATOR)
        await http.get("/orders/1", headers=VIEWER)
        await http.get("/nothing?token=hush", headers=VIEWER)
    retried, shown, missing = house.log.entries
    assert retried.service == "api"
    assert retried.action == "POST /work/{work_id}/retry"
    assert retried.trace_id == answer.headers["x-trace-id"]
    assert isinstance(retried.request, dict)
    assert retried.request["by"] == "omar"
    assert shown.order_ids == ("1",)
    assert missing.status.value == "error"
    assert "hush" not in str(house.log.entries)
    assert not any(k.key in str(house.log.entries) for k in KEYS)


async def test_a_lone_surrogate_in_a_body_is_a_problem_and_not_an_error_of_ours() -> None:
    async with client(House()) as http:
        for path in ("/odoo/stock/reduce", "/work/x/discard"):
            answer = await http.post(path, content=b'{"note": "\\ud800", "sku": "\\ud800"}')
            assert answer.status_code == 422, answer.text


# --- the emergency stop ---


async def test_pause_and_resume_are_told_everywhere() -> None:
    house = House()
    async with client(house, KEYED, address="203.0.113.7") as http:
        done = await http.post("/pause", json={"paused": True, "reason": "wrong numbers"}, headers=OPERATOR)
        told = [(await http.get(path)).json()["paused"] for path in ("/", "/health", "/health/ready")]
        resumed = await http.post("/pause", json={"paused": False}, headers=OPERATOR)
        again = await http.post("/pause", json={"paused": False}, headers=OPERATOR)
        root = (await http.get("/")).json()
    assert done.json() == {
        "paused": {"sinceAt": "2027-01-15T08:00:00.000Z", "by": "omar", "reason": "wrong numbers"},
        "changed": True,
    }
    assert told == [done.json()["paused"]] * 3
    assert (resumed.json(), again.json()["changed"]) == ({"paused": None, "changed": True}, False)
    assert (root["paused"], root["mode"], root["modeNote"]) == (None, "observe", "It only observes.")


@pytest.mark.parametrize("body", [{}, {"paused": "yes"}, {"paused": True, "reason": "\n"}])
async def test_a_pause_says_what_it_wants(body: Any) -> None:
    house = House()
    async with client(house) as http:
        answer = await http.post("/pause", json=body)
    assert answer.status_code == 422
    assert house.done_by == []


# --- listings that differ ---


async def test_what_differs_is_found_page_by_page_and_one_answer_looks_only_so_far() -> None:
    house = House()
    for number in range(50):
        work = listing_work(f"L{number:02}", differs=number in (0, 44, 49))
        house.memory.works[work.id] = work
    query = {"differs": "true", "limit": "2"}
    pages: list[Any] = []
    async with client(house) as http:
        while not pages or pages[-1]["nextCursor"]:
            after = {"cursor": pages[-1]["nextCursor"]} if pages else {}
            pages.append((await http.get("/listings", params=query | after)).json())
        everything = (await http.get("/listings", params={"limit": "500"})).json()
        wrong = await http.get("/listings", params={"differs": "perhaps"})
    assert [[row["ref"] for row in page["items"]] for page in pages] == [["L00"], ["L44", "L49"]]
    assert sum(row["listing"]["differs"] for row in everything["items"]) == 3
    assert wrong.status_code == 422
