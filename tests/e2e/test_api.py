"""The operator's side: logs, manual movements, work, status and doctor, by HTTP and by command line."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import ADMIN, SECRET, Stack, wait_for

SERVICE = {
    "API_KEYS": "tests:admin:admin-key-for-tests-0001,eye:viewer:viewer-key-for-tests-02,"
    "hand:operator:operator-key-for-tests-3",
    "CORS_ORIGINS": "https://panel.example.com",
    "STOCK_CACHE_S": "0",
}
EYE = {"Authorization": "Bearer viewer-key-for-tests-02"}
HAND = {"X-API-Key": "operator-key-for-tests-3"}
FIELDS = {
    "id",
    "service",
    "action",
    "status",
    "request",
    "response",
    "duration",
    "orderId",
    "productSku",
    "timestamp",
    "traceId",
}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def change(shop: Stack, verb: str, key: str | None = None, **body: object) -> httpx2.Response:
    headers = HAND | ({"Idempotency-Key": key} if key else {})
    whole = {"quantity": 1, "reason": "count", **body}
    return shop.client.post(f"/odoo/stock/{verb}", json=whole, headers=headers)


def clean(shop: Stack) -> None:
    """No dead letters of other tests."""
    for row in shop.get("/work", state="dead")["items"]:
        shop.client.post(f"/work/{row['id']}/discard", headers=HAND).raise_for_status()


# --- logs


def logged(shop: Stack, sku: str) -> None:
    """Wait until every push of this SKU is in the log: a worker writes its own in batches."""
    wait_for(
        "its pushes are logged",
        lambda: len(shop.logs("/logs", sku=sku, action="stock.confirm")) == len(shop.feeds(sku)),
    )


def test_the_whole_way_of_an_order_is_in_its_log(shop: Stack) -> None:
    sku = shop.sku()
    assert shop.simple("API-LOG", "confirmed", (sku, 2)).is_success
    shop.settles({sku: 998})
    shop.confirmed(sku, 998)
    logged(shop, sku)
    entries = shop.logs("/logs/order/API-LOG")
    for entry in entries:
        assert set(entry) - {"orderIds", "productSkus", "links"} == FIELDS
        assert entry["orderId"] == "API-LOG"
        assert entry["status"] in ("success", "error", "pending")
        assert entry["service"] in ("falabella", "odoo", "orchestrator", "api")
        assert INSTANT.fullmatch(entry["timestamp"])
        assert entry["duration"] >= 0
    assert [e["timestamp"] for e in entries] == sorted((e["timestamp"] for e in entries), reverse=True)
    said = {(e["service"], e["action"]) for e in entries}
    assert ("falabella", "webhook.order") in said
    assert ("odoo", "stock.picking.create") in said
    assert ("orchestrator", "order.take") in said
    webhook = next(e for e in entries if e["action"] == "webhook.order")
    take = next(e for e in entries if e["action"] == "order.take")
    assert take["traceId"] == webhook["traceId"]
    assert webhook["request"]["orderId"] == "API-LOG"
    assert webhook["productSku"] == sku
    of_sku = {e["action"] for e in shop.logs(f"/logs/product/{sku}")}
    assert {"webhook.order", "order.take", "UpdateStock", "stock.push", "stock.confirm"} <= of_sku


def test_filters_and_pages_of_the_log(shop: Stack) -> None:
    sku = shop.sku()
    for n in range(5):
        assert shop.simple(f"API-PAGE-{n}", "confirmed", (sku, 1)).is_success
    shop.settles({sku: 995})
    shop.idle()
    logged(shop, sku)
    everything = shop.logs("/logs", sku=sku, limit="500")
    until = everything[0]["timestamp"]
    whole = shop.logs("/logs", sku=sku, to=until, limit="500")
    paged = shop.logs("/logs", sku=sku, to=until, limit="2")
    assert [e["id"] for e in paged] == [e["id"] for e in whole]
    assert len({e["id"] for e in paged}) == len(paged) >= 10
    assert len(shop.get("/logs", limit="1")["items"]) == 1
    hooks = shop.logs("/logs", sku=sku, service="falabella", action="webhook.order", status="success")
    assert sorted(e["orderId"] for e in hooks) == [f"API-PAGE-{n}" for n in range(5)]
    assert [e["orderId"] for e in shop.logs("/logs", orderId="API-PAGE-3", action="webhook.order")] == [
        "API-PAGE-3"
    ]
    assert shop.logs("/logs", sku=sku, to="2020-01-01") == []
    since = {"from": whole[-1]["timestamp"]}
    assert {e["id"] for e in whole} <= {e["id"] for e in shop.logs("/logs", sku=sku, limit="500", **since)}
    for name, value in (
        ("limit", "0"),
        ("limit", "501"),
        ("service", "amazon"),
        ("status", "good"),
        ("from", "yesterday"),
        ("cursor", "nonsense"),
        ("skuu", sku),
    ):
        answer = shop.client.get("/logs", params={name: value}, headers=EYE)
        assert (answer.status_code, answer.json()["field"]) == (422, name)


def test_secrets_appear_nowhere(shop: Stack) -> None:
    sku = shop.sku()
    content = json.dumps({"orderId": "API-SECRET", "password": SECRET, "products": [], "status": "x"})
    for path in (
        f"/falabella/webhook/order/{SECRET}",
        f"/falabella/webhook/order?token={SECRET}",
        f"/falabella/webhook/nothing/{SECRET}",
        f"/webhooks/nobody/{SECRET}",
        f"/odoo/webhook/stock-change/{SECRET}/more",
    ):
        shop.client.post(path, content=content, headers={"x-falabella-signature": SECRET})
    shop.client.get("/logs", params={"api_key": "admin-key-for-tests-0001"}, headers=ADMIN)
    shop.client.get("/status", headers={"Authorization": "Bearer wrong-but-still-secret-9"})
    shop.simple("API-SECRET", "confirmed", (sku, 1))
    shop.settles({sku: 999})
    with shop.odoo.faulty(error_status=502), shop.falabella.faulty(infra_html=2):
        shop.simple("API-SECRET-2", "confirmed", (sku, 1))
        shop.falabella.post("clock", {"advance_s": 61})
        wait_for("it is noticed", lambda: shop.client.get("/health/ready").status_code == 503)
    shop.falabella.post("clock", {"advance_s": 61})
    shop.settles({sku: 998})
    secrets = (SECRET, "test-api-key-0000", "admin-key-for-tests-0001", "wrong-but-still-secret-9")
    entries = shop.logs("/logs", limit="500")
    told = json.dumps(entries)
    leaks = [(s, e) for e in entries for s in secrets if s in json.dumps(e)]
    assert leaks == []
    kept = {"the answers": told.encode()} | shop.printed() | shop.stored_logs()
    assert len(kept) >= 3
    assert all(kept.values())
    for secret in secrets:
        assert [name for name, text in kept.items() if secret.encode() in text] == []
    # Odoo's password is "admin", like its user.
    assert '"admin"' not in json.dumps([e for e in entries if e["service"] == "odoo"])


# --- manual movements


def test_reduce_and_increase(shop: Stack) -> None:
    sku = shop.sku()
    down = change(shop, "reduce", sku=sku, quantity=4, reference="shelf 7")
    assert (down.status_code, down.json()) == (
        200,
        {
            "success": True,
            "sku": sku,
            "previousStock": 1000,
            "newStock": 996,
            "movement": f"manual/{down.headers['idempotency-key']}/1",
            "duplicate": False,
        },
    )
    up = change(shop, "increase", "API-UP", sku=sku, quantity=10)
    assert (up.json()["previousStock"], up.json()["newStock"]) == (996, 1006)
    assert up.json()["movement"] == "manual/API-UP/1"
    again = change(shop, "increase", "API-UP", sku=sku, quantity=10)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert again.json()["newStock"] == 1006
    other = change(shop, "increase", "API-UP", sku=sku, quantity=11)
    assert (other.status_code, other.headers["idempotency-key"]) == (409, "API-UP")
    shop.settles({sku: 1006})
    names = [p["name"] for p in shop.odoo.state()["pickings"]]
    assert names.count("manual/API-UP/1") == 1
    seen = shop.client.get(f"/odoo/stock/{sku}", headers=EYE).json()
    assert {k: seen[k] for k in ("sku", "available", "onHand", "reserved")} == {
        "sku": sku,
        "available": 1006,
        "onHand": 1006,
        "reserved": 0,
    }
    assert seen["ageSeconds"] >= 0
    assert INSTANT.fullmatch(seen["asOf"])


def test_below_zero_is_refused_unless_it_is_allowed(shop: Stack) -> None:
    sku = shop.sku()
    refused = change(shop, "reduce", "API-BELOW", sku=sku, quantity=1001)
    assert (refused.status_code, refused.json()["field"]) == (409, "quantity")
    assert refused.headers["idempotency-key"] == "API-BELOW"
    assert shop.on_hand(sku) == 1000
    allowed = change(shop, "reduce", "API-BELOW-2", sku=sku, quantity=1001, allowNegative=True)
    assert (allowed.status_code, allowed.json()["newStock"]) == (200, -1)
    shop.settles({sku: -1})


@embedded_only
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"quantity": 0}, "quantity"),
        ({"quantity": -2}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"quantity": "3"}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"sku": ""}, "sku"),
        ({"reason": None}, "reason"),
    ],
)
def test_what_is_no_movement_is_refused_with_its_field(
    shop: Stack, body: dict[str, object], field: str
) -> None:
    whole = {"sku": "SKU-00001", "quantity": 1, "reason": "count", **body}
    answer = shop.client.post("/odoo/stock/reduce", json=whole, headers=HAND)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert answer.headers["idempotency-key"]


def test_an_unknown_sku_is_404(shop: Stack) -> None:
    assert shop.client.get("/odoo/stock/NOBODY-KNOWS", headers=EYE).status_code == 404
    assert change(shop, "reduce", sku="NOBODY-KNOWS").status_code == 404


def test_a_movement_while_odoo_is_away_is_stored_then_done_once(shop: Stack) -> None:
    sku = shop.sku()
    with shop.odoo.faulty(error_status=502), ThreadPoolExecutor(1) as pool:
        asked = pool.submit(change, shop, "reduce", "API-AWAY", sku=sku, quantity=3)
        wait_for("it is stored", lambda: shop.get("/work", kind="movement", text="API-AWAY")["items"])
        shop.falabella.post("clock", {"advance_s": 11})
        answer = asked.result(30)
        assert (answer.status_code, answer.json()["movement"]) == (202, "manual/API-AWAY/1")
        assert answer.json()["newStock"] is None
    shop.falabella.post("clock", {"advance_s": 61})
    shop.settles({sku: 997})
    again = change(shop, "reduce", "API-AWAY", sku=sku, quantity=3)
    assert (again.status_code, again.json()["duplicate"], again.json()["newStock"]) == (200, True, 997)
    assert shop.on_hand(sku) == 997


# --- keys, roles, browsers


@embedded_only
def test_keys_and_roles(shop: Stack) -> None:
    def status(method: str, path: str, headers: dict[str, str]) -> int:
        return shop.client.request(method, path, headers=headers).status_code

    wrong = {"Authorization": "Bearer nobody-has-this-key"}
    for headers in ({}, wrong):
        answer = shop.client.get("/logs", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"
    assert [status("GET", "/logs", h) for h in (EYE, HAND, ADMIN)] == [200] * 3
    assert [status("POST", "/work/order:falabella:nope/retry", h) for h in (EYE, HAND)] == [403, 404]
    assert [status("POST", "/uninstall", h) for h in (EYE, HAND)] == [403, 403]
    assert change(shop, "reduce", sku="SKU-00001", quantity=0).status_code == 422
    assert status("POST", "/odoo/stock/reduce", EYE) == 403
    for path in ("/", "/health", "/health/live", "/health/ready"):
        assert status("GET", path, {}) == 200
    root = shop.client.get("/").json()
    listed = json.dumps(root["endpoints"])
    for path in ("/falabella/webhook/order", "/odoo/webhook/stock-change", "/logs", "/odoo/stock/reduce"):
        assert path in listed


@embedded_only
def test_browsers_of_configured_origins_only(shop: Stack) -> None:
    def preflight(origin: str) -> httpx2.Response:
        return shop.client.options(
            "/odoo/stock/reduce",
            headers={
                "Origin": origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,idempotency-key,content-type",
            },
        )

    allowed = preflight("https://panel.example.com")
    assert allowed.status_code in (200, 204)
    assert allowed.headers["access-control-allow-origin"] == "https://panel.example.com"
    assert "idempotency-key" in allowed.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-origin" not in preflight("https://evil.example.com").headers
    answer = shop.client.get("/health", headers={"Origin": "https://panel.example.com"})
    assert answer.headers["access-control-allow-origin"] == "https://panel.example.com"


# --- work


def test_work_is_listed_shown_retried_and_discarded_and_a_cancellation_revives_it(shop: Stack) -> None:
    clean(shop)
    assert shop.cli("status").returncode == 0
    good, unknown = shop.sku(), "API-UNKNOWN"
    assert shop.simple("API-DEAD", "confirmed", (good, 2), (unknown, 1)).is_success
    shop.order_is("API-DEAD", "dead", "unknown_sku")
    shop.settles({good: 998})
    work_id = "order:falabella:API-DEAD"

    said = shop.cli("status", "--json")
    assert (said.returncode, json.loads(said.stdout)["dead"]) == (1, 1)
    listed = shop.cli("work", "list", "--state", "dead", "--json")
    rows = json.loads(listed.stdout)["items"]
    assert [(r["id"], r["state"]) for r in rows] == [(work_id, "dead")]
    assert rows[0]["order"]["order_id"] == "API-DEAD"
    shown = shop.cli("work", "show", work_id)
    assert unknown in shown.stdout
    assert shop.get("/orders/API-DEAD")["receipts"][0]["kind"] == "order"

    retried = shop.client.post(f"/work/{work_id}/retry", headers=HAND)
    assert retried.json()["state"] == "due"
    shop.order_is("API-DEAD", "dead", "unknown_sku")
    discarded = shop.cli("work", "discard", work_id, "--note", "sent from the other shop", "--json")
    assert json.loads(discarded.stdout)["items"][0]["state"] == "settled"
    assert "sent from the other shop" in shop.order("API-DEAD")["reason"]
    assert shop.client.post(f"/work/{work_id}/discard", headers=HAND).status_code == 409
    wait_for("nothing needs a person", lambda: not shop.get("/status")["attention"])

    # The customer cancels: what we took returns by itself, what a person did is a person's again.
    assert shop.simple("API-DEAD", "canceled", at="2026-11-24T12:00:00Z").is_success
    shop.settles({good: 1000})
    shop.order_is("API-DEAD", "dead", f"give_back_unclear:{unknown}")
    assert shop.client.post(f"/work/{work_id}/discard", json={"note": "put back"}, headers=HAND).is_success
    shop.order_is("API-DEAD", "settled")
    assert shop.cli("work", "show", "order:falabella:no-such-order").returncode == 1


def test_doctor_finds_nothing_wrong_with_the_sandboxes(shop: Stack) -> None:
    said = shop.cli("doctor", "--json")
    report: dict[str, Any] = json.loads(said.stdout)
    problems = [f for f in report["findings"] if f["level"] == "error"]
    assert (said.returncode, problems) == (0, [])
    assert report["ok"] is True
    codes = {f["code"] for f in report["findings"]}
    assert {"service_running", "falabella.ok"} <= codes
    broken = shop.cli("doctor", "--json", ODOO_PASSWORD="wrong")
    assert broken.returncode == 1
    found = [f for f in json.loads(broken.stdout)["findings"] if f["level"] == "error"]
    assert found
    assert all(f["do"] for f in found)


@embedded_only
def test_uninstall_removes_our_webhooks_and_nobody_elses(world: Stack) -> None:
    world.env["PUBLIC_URL"] = world.url
    world.up()
    theirs = world.cli("webhooks", "register", PUBLIC_URL="https://other.example.com")
    assert theirs.returncode == 0, theirs.stderr
    ours = world.cli("webhooks", "register", "--json")
    assert ours.returncode == 0, ours.stderr
    assert SECRET not in ours.stdout + theirs.stdout

    def urls() -> list[str]:
        return [w["url"] for w in world.falabella.state()["webhooks"]["registered"]]

    assert len(urls()) == 2
    listed = world.get("/uninstall")["items"]
    assert SECRET not in json.dumps(listed)
    assert [i["system"] for i in listed].count("falabella") == 1
    refused = world.cli("uninstall", "--json")
    assert refused.returncode == 2
    assert len(urls()) == 2
    done = world.cli("uninstall", "--yes", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(i["removed"] for i in json.loads(done.stdout)["items"])
    assert [u for u in urls() if u.startswith(world.url)] == []
    assert [u for u in urls() if u.startswith("https://other.example.com/")] == urls()
    assert len(urls()) == 1
