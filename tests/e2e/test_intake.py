"""The doors for webhooks: every proof, every refusal, hostile bodies among good ones, and durability (P1)."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import SECRET, Stack, start, wait_for

ROOT = Path(__file__).parents[2]
ORDER = "/falabella/webhook/order"
MIB = 1024 * 1024


def body(order_id: str, sku: str, quantity: object = 1, **more: object) -> bytes:
    row = {"sku": sku, "quantity": quantity, "price": 9990}
    whole = {
        "orderId": order_id,
        "products": [row],
        "status": "confirmed",
        "timestamp": "2026-11-24T10:00:00Z",
        **more,
    }
    return json.dumps(whole).encode()


def post(shop: Stack, path: str, content: bytes, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return shop.client.post(path, content=content, headers=named)


# --- the README


def readme_curl() -> str:
    found = re.search(r"^curl -X POST .*?^  }'$", (ROOT / "README.md").read_text(), re.M | re.S)
    assert found is not None
    return found.group(0)


def by_socket(command: str, port: int) -> str:
    """The bytes that curl would send, and the body of the answer."""
    data = re.search(r"-d '(.*)'$", command, re.S)
    assert data is not None
    content = data.group(1).encode()
    headers = "".join(f"{h}\r\n" for h in re.findall(r'-H "([^"]+)"', command))
    head = f"POST {ORDER} HTTP/1.1\r\nHost: localhost:{port}\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n"
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(f"{head}{headers}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode())
        s.sendall(content)
        answer = b"".join(iter(lambda: s.recv(65536), b""))
    return answer.partition(b"\r\n\r\n")[2].decode()


@embedded_only
@pytest.mark.parametrize("by", ["curl", "socket"])
def test_the_curl_of_the_readme_against_the_env_example(world: Stack, by: str) -> None:
    (world.folder / ".env").write_text((ROOT / ".env.example").read_text())
    child = start(["up"], log=world.folder / "up.log", env={"PORT": str(world.port)}, cwd=world.folder)
    world.children.append(child)

    def alive() -> bool:
        assert child.process.poll() is None, child.log.read_text()
        try:
            return world.client.get("/health/live").status_code == 200
        except httpx2.TransportError:
            return False

    wait_for("it starts", alive)
    command = readme_curl().replace("localhost:3000", f"127.0.0.1:{world.port}")
    if by == "curl" and shutil.which("curl"):
        said = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True)
        answer = json.loads(said.stdout)
    else:
        answer = json.loads(by_socket(command, world.port))
    assert answer["success"] is True
    assert (answer["orderId"], answer["duplicate"]) == ("FAL-12345", False)
    assert answer["receiptId"]
    assert world.client.get("/").json()["mode"] == "observe"
    assert len(world.client.get("/logs/order/FAL-12345").json()["items"]) >= 1
    assert [p for p in world.odoo.state()["pickings"] if p["name"].startswith("falabella")] == []


# --- proofs


def test_every_proof_opens_every_door(shop: Stack) -> None:
    sku = shop.sku()
    proofs: list[tuple[str, dict[str, str]]] = []
    signed = [body(f"IN-PROOF-{n}", sku) for n in range(8)]

    def signature(n: int) -> str:
        return hmac.new(SECRET.encode(), signed[n], hashlib.sha256).hexdigest()

    proofs = [
        (ORDER, {"x_falabella_signature": f"sha256={signature(0)}"}),
        (ORDER, {"x_falabella_signature": signature(1)}),
        (ORDER, {"x_falabella_signature": signature(2).upper()}),
        (ORDER, {"X_Falabella_Signature": SECRET}),
        (f"{ORDER}?token={SECRET}", {}),
        (f"{ORDER}/{SECRET}", {}),
        (f"/webhooks/falabella/{SECRET}", {}),
        (f"{ORDER}/{SECRET}?token=wrong", {"x_falabella_signature": "sha256=00"}),
    ]
    for n, (path, headers) in enumerate(proofs):
        answer = post(shop, path, signed[n], **headers)
        assert (answer.status_code, answer.json()["orderId"]) == (200, f"IN-PROOF-{n}"), (path, answer.text)
    shop.settles({sku: 992})
    content = json.dumps({"sku": sku, "quantity": 3}).encode()
    for door in ("/falabella/webhook/stock", "/odoo/webhook/stock-change", "/webhooks/odoo"):
        assert post(shop, f"{door}/{SECRET}", content).status_code == 200, door
    said = hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
    assert post(shop, "/odoo/webhook/stock-change", content, x_falabella_signature=said).status_code == 200


@embedded_only
def test_without_a_proof_nothing_is_taken_and_failures_are_limited(shop: Stack) -> None:
    sku = shop.sku()
    content = body("IN-FORGED", sku)
    other = hmac.new(b"another secret", content, hashlib.sha256).hexdigest()
    of_other_body = hmac.new(SECRET.encode(), content + b" ", hashlib.sha256).hexdigest()
    tries: list[tuple[str, dict[str, str]]] = [
        (ORDER, {}),
        (f"{ORDER}/", {}),
        (f"{ORDER}/{SECRET}x", {}),
        (f"{ORDER}?token=", {}),
        (ORDER, {"x_falabella_signature": f"sha256={other}"}),
        (ORDER, {"x_falabella_signature": of_other_body}),
        ("/webhooks/nobody/" + SECRET, {}),
    ]
    # From an address of its own: the other tests fail from theirs, too.
    transport = httpx2.HTTPTransport(local_address="127.0.0.2")
    with httpx2.Client(base_url=shop.url, transport=transport, timeout=30) as stranger:
        for path, headers in tries:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            answer = stranger.post(path, content=content, headers=named)
            assert answer.status_code == 401, (path, answer.text)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["remedy"]
        limited = [stranger.post(ORDER, content=content) for _ in range(12)]
        assert limited[-1].status_code == 429
        assert int(limited[-1].headers["retry-after"]) >= 1
        # Whoever proves himself is never limited.
        genuine = stranger.post(f"{ORDER}/{SECRET}", content=body("IN-GENUINE", sku))
    assert genuine.status_code == 200
    shop.settles({sku: 999})
    assert shop.order("IN-FORGED") is None


# --- refusals


@embedded_only
@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "body"),
        (b"not json", "body"),
        (b"[1, 2]", "body"),
        (b'{"products": []}', "orderId"),
        (body("IN-BAD", "SKU-1", 0), "products[0].quantity"),
        (body("IN-BAD", "SKU-1", -3), "products[0].quantity"),
        (body("IN-BAD", "SKU-1", 1.5), "products[0].quantity"),
        (body("IN-BAD", "SKU-1", 100_001), "products[0].quantity"),
        (body("IN-BAD", "SKU-1", "2"), "products[0].quantity"),
        (body("IN-BAD", "", 2), "products[0].sku"),
        (body("IN-BAD", "SKU-1", 2, products=[]), "products"),
        (body("IN-BAD", "SKU-1", 2, timestamp="yesterday"), "timestamp"),
        (body("IN-BAD", "SKU-1", 2, status=7), "status"),
        (b'{"orderId": "\\ud800", "products": [], "status": "confirmed"}', "body"),
    ],
)
def test_a_malformed_body_is_refused_with_the_field_and_a_remedy(
    shop: Stack, content: bytes, field: str
) -> None:
    answer = post(shop, f"{ORDER}/{SECRET}", content)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["field"] == field
    assert problem["remedy"]
    assert problem["status"] == 422
    assert problem["traceId"] == answer.headers["x-trace-id"]


@embedded_only
def test_size_method_and_address(shop: Stack) -> None:
    sku = shop.sku()
    good = body("IN-1MIB", sku)
    assert post(shop, f"{ORDER}/{SECRET}", good + b" " * (MIB - len(good))).status_code == 200
    assert post(shop, f"{ORDER}/{SECRET}", good + b" " * (MIB - len(good) + 1)).status_code == 413
    parts = (b" " * 65536 for _ in range(17))
    chunked = shop.client.post(f"{ORDER}/{SECRET}", content=parts)
    assert chunked.status_code == 413
    for method in ("GET", "PUT", "DELETE"):
        answer = shop.client.request(method, f"{ORDER}/{SECRET}")
        assert answer.status_code == 405
        assert "POST" in answer.headers["allow"]
        assert answer.headers["content-type"] == "application/problem+json"
    assert post(shop, "/falabella/webhook/nothing", good).status_code == 404
    shop.settles({sku: 999})


# --- what a real body may be


def test_real_bodies_unknown_events_and_unreadable_ones(shop: Stack) -> None:
    def say(event: object, payload: object) -> Any:
        content = json.dumps({"event": event, "payload": payload}).encode()
        answer = post(shop, f"{ORDER}/{SECRET}", content)
        assert answer.status_code == 200, answer.text
        return answer.json()

    sku = shop.sku()
    order_id = shop.sell((sku, 2), notify=False)
    assert say("onOrderCreated", {"OrderId": int(order_id)})["orderId"] == order_id
    assert say("onOrderCreated", {"OrderId": order_id})["duplicate"] is True
    shop.settles({sku: 998})
    assert say("onSomethingNew", {"Anything": [1]})["message"].startswith("ignored")
    kept = say("onOrderCreated", {"OrderIds": [1]})
    assert kept["message"].startswith("kept for a person")
    row = shop.order_is(f"receipt:{kept['receiptId']}", "dead", "payload.OrderId")
    assert row["attempts"] == 0
    assert shop.cli("work", "discard", row["id"], "--note", "seen").returncode == 0
    assert shop.order(f"receipt:{kept['receiptId']}")["state"] == "settled"


def test_hostile_bodies_never_fail_their_neighbours(shop: Stack) -> None:
    sku = shop.sku()
    event = b'{"event": "onOrderCreated", "payload": {"OrderId": %s}}'
    hostile = [
        (event % b'"\\ud800"', {422}),  # our parser calls it no JSON
        (event % (b"9" * 25), {200}),
        (event % (b"9" * 4400), {200, 422}),
        (event % b'"a\\u0000b"', {200}),
        (b'{"event": "onOrderCreated", "payload": {"OrderId": 7, "a\\u0000b": "\\u0000"}}', {200}),
        (b'{"ev\\u0000ent": 1, "event": "on\\u0000Order"}', {200}),
        (body("IN-\ud800", sku), {422}),
        (body("IN-NUL\x00", sku), {422}),
        (body("IN-BIG", sku, 10**25), {422}),
        (b'{"orderId": "IN-DEEP", "products": ' + b"[" * 5000 + b"]" * 5000 + b"}", {422}),
        (b"\xff\xfe\x00", {422}),
        (body("IN-LONG", sku) + b" " * MIB, {413}),
    ]
    good = [(body(f"IN-GOOD-{n}", sku), {200}) for n in range(60)]
    sent = [pair for n, g in enumerate(good) for pair in ((g, hostile[n % len(hostile)]))]

    def deliver(pair: tuple[bytes, set[int]]) -> tuple[int, set[int]]:
        with httpx2.Client(base_url=shop.url, timeout=30, trust_env=False) as client:
            return client.post(f"{ORDER}/{SECRET}", content=pair[0]).status_code, pair[1]

    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(deliver, sent))
    assert [got for got, allowed in answers if got not in allowed] == []
    shop.settles({sku: 940})
    assert all(len(shop.pickings(f"IN-GOOD-{n}")) == 1 for n in range(60))


# --- durable before the answer


def test_what_was_answered_200_survives_a_kill_right_after(world: Stack) -> None:
    world.up(ready=False)
    said = []
    for n in range(2):
        answer = world.simple(f"IN-KILL-{n}", "confirmed", ("SKU-00001", 1))
        world.kill()
        assert answer.status_code == 200
        said.append(answer.json()["receiptId"])
        world.up(ready=False)
        entries = world.logs(f"/logs/order/IN-KILL-{n}")
        assert said[-1] in {e["id"] for e in entries if e["action"] == "webhook.order"}
        again = world.simple(f"IN-KILL-{n}", "confirmed", ("SKU-00001", 1)).json()
        assert (again["duplicate"], again["receiptId"]) == (True, said[-1])
    world.settles(SKU_00001=998)
