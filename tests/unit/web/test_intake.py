"""Webhooks: every proof, every refusal, and what a proven sender is told."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import Any

import pytest

from orquestador.model.errors import StoreUnavailable
from orquestador.model.logs import LogStatus
from orquestador.model.notices import Notice, NoticeKind
from orquestador.web.app import create_app
from tests.unit.web.support import ODOO_SECRET, SECRET, House, client, config, open_doors

ORDER = "/falabella/webhook/order"
STOCK = "/falabella/webhook/stock"
ODOO = "/odoo/webhook/stock-change"
BODY = (
    b'{"orderId": "FAL-12345", "products": [{"sku": "PROD-001", "quantity": 2, "price": 29990}],'
    b' "status": "confirmed", "timestamp": "2025-12-16T10:00:00Z"}'
)
PROVEN = {"x-falabella-signature": SECRET}


def signed(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


PROOFS: dict[str, tuple[str, dict[str, str]]] = {
    "token as header": ("", PROVEN),
    "bare signature": ("", {"x-falabella-signature": signed(BODY)}),
    "signature in capitals": ("", {"x-falabella-signature": signed(BODY).upper()}),
    "prefixed signature": ("", {"x-falabella-signature": f"sha256={signed(BODY)}"}),
    "query token": (f"?token={SECRET}", {}),
    "query token among others": (f"?a=1&token={SECRET}&b=2", {}),
    "path": (f"/{SECRET}", {}),
    "path, beside a wrong header": (f"/{SECRET}", {"x-falabella-signature": "nonsense"}),
}


@pytest.mark.parametrize(("suffix", "headers"), PROOFS.values(), ids=PROOFS.keys())
async def test_any_one_proof_is_enough(suffix: str, headers: dict[str, str]) -> None:
    house = House()
    async with client(house, address="203.0.113.7") as http:
        answer = await http.post(ORDER + suffix, content=BODY, headers=headers)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "message": "accepted",
        "orderId": "FAL-12345",
        "receiptId": "r0001",
        "duplicate": False,
    }
    (receipt,) = house.memory.kept
    assert (receipt.source, receipt.channel, receipt.body) == ("falabella.order", "falabella", BODY)
    assert receipt.trace_id == answer.headers["x-trace-id"]


BAD_PROOFS: dict[str, tuple[str, dict[str, str]]] = {
    "none": ("", {}),
    "wrong header": ("", {"x-falabella-signature": "wrong"}),
    "empty header": ("", {"x-falabella-signature": ""}),
    "signature of another body": ("", {"x-falabella-signature": signed(BODY + b" ")}),
    "signature with another secret": ("", {"x-falabella-signature": signed(BODY, "other")}),
    "wrong query": ("?token=wrong", {}),
    "empty query": ("?token=", {}),
    "wrong path": ("/wrong", {}),
    "part of the secret": (f"/{SECRET[:-1]}", {}),
    "more than the secret": (f"/{SECRET}/more", {}),
    "not ASCII": ("/%ed%a0%80", {}),
}


@pytest.mark.parametrize(("suffix", "headers"), BAD_PROOFS.values(), ids=BAD_PROOFS.keys())
async def test_a_failed_proof_is_refused_and_logged_without_the_secret(
    suffix: str, headers: dict[str, str]
) -> None:
    house = House()
    async with client(house) as http:
        answer = await http.post(ORDER + suffix, content=BODY, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 401
    assert "x-falabella-signature" in problem["remedy"]
    assert not house.memory.kept
    (entry,) = house.log.entries
    assert (entry.service, entry.action, entry.status) == ("falabella", "webhook.order", LogStatus.ERROR)
    assert entry.trace_id == problem["traceId"]
    assert "secret" not in str(entry.request)


async def test_failures_are_limited_per_address_and_proven_senders_never() -> None:
    house = House()
    async with client(house, address="203.0.113.7") as http:
        statuses = [(await http.post(ORDER, content=BODY)).status_code for _ in range(30)]
        limited = await http.post(f"{ORDER}/wrong", content=BODY)
        proven = await http.post(ORDER, content=BODY, headers=PROVEN)
    assert statuses[:10] == [401] * 10
    assert statuses[-1] == 429
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) >= 1
    assert proven.status_code == 200
    assert len(house.log.entries) == statuses.count(401)


async def test_another_address_is_not_limited_by_it() -> None:
    house = House()
    app = create_app(house, config())
    noisy = [await raw_post(app, ORDER, b"", client_=("203.0.113.7", 1)) for _ in range(11)]
    assert noisy == [401] * 10 + [429]
    assert await raw_post(app, ORDER, b"", client_=("203.0.113.8", 1)) == 401


async def test_a_secret_with_signs_works_in_path_and_query() -> None:
    house = House()
    async with client(house) as http:
        path = await http.post(f"{ODOO}/{ODOO_SECRET}", json={"sku": "A"})
        query = await http.post(f"{ODOO}?token={ODOO_SECRET}", json={"sku": "A"})
        encoded = await http.post(ODOO, params={"token": ODOO_SECRET}, json={"sku": "A"})
    assert [r.status_code for r in (path, query, encoded)] == [200, 200, 200]


async def test_without_a_secret_the_door_is_closed_and_says_how_to_open_it() -> None:
    async with client(House(), config(doors=open_doors(locally=False))) as http:
        answer = await http.post(f"{ORDER}/", content=BODY, headers={"x-falabella-signature": ""})
    assert answer.status_code == 401
    assert "FALABELLA_WEBHOOK_SECRET" in answer.json()["remedy"]


@pytest.mark.parametrize(
    ("address", "host", "headers", "expected"),
    [
        ("127.0.0.1", "localhost:3000", {}, 200),
        ("::1", "[::1]:3000", {}, 200),
        ("192.0.2.1", "localhost:3000", {}, 401),
        ("127.0.0.1", "evil.example", {}, 401),
        ("127.0.0.1", "localhost:3000", {"x-forwarded-for": "192.0.2.1"}, 401),
        ("127.0.0.1", "localhost:3000", {"origin": "https://evil.example"}, 401),
        ("127.0.0.1", "localhost:3000", {"sec-fetch-site": "cross-site"}, 401),
    ],
)
async def test_on_loopback_a_door_without_secret_is_open_to_this_machine_alone(
    address: str, host: str, headers: dict[str, str], expected: int
) -> None:
    house = House()
    async with client(house, config(doors=open_doors(locally=True)), address=address, host=host) as http:
        answer = await http.post(ORDER, content=BODY, headers=headers)
    assert answer.status_code == expected
    assert len(house.memory.kept) == (expected == 200)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
async def test_only_post(method: str) -> None:
    async with client(House()) as http:
        answer = await http.request(method, f"{ORDER}/{SECRET}")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


async def test_a_repeated_body_is_told_to_be_a_duplicate() -> None:
    async with client(House()) as http:
        first = await http.post(ORDER, content=BODY, headers=PROVEN)
        again = await http.post(ORDER, content=BODY, headers=PROVEN)
    assert again.status_code == 200
    assert again.json()["duplicate"] is True
    assert again.json()["receiptId"] == first.json()["receiptId"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"not json", "body"),
        (b"[]", "body"),
        (b"\xff\xfe", "body"),
        (b"[" * 100_000, "body"),
        (b'{"products": [], "status": "confirmed", "timestamp": "2025-12-16T10:00:00Z"}', "orderId"),
        (BODY.replace(b'"quantity": 2', b'"quantity": 0'), "quantity"),
        (BODY.replace(b'"quantity": 2', b'"quantity": 2.5'), "quantity"),
        (BODY.replace(b'"quantity": 2', b'"quantity": 1234567890123456789012345'), "quantity"),
        (BODY.replace(b"FAL-12345", b"FAL\\u0000"), "orderId"),
        (BODY.replace(b"FAL-12345", b"FAL\\ud800"), ""),
        (BODY.replace(b"2025-12-16T10:00:00Z", b"yesterday"), "timestamp"),
    ],
)
async def test_a_malformed_simple_body_names_the_field_and_is_not_kept(body: bytes, field: str) -> None:
    house = House()
    async with client(house) as http:
        answer = await http.post(ORDER, content=body, headers=PROVEN)
    assert answer.status_code == 422
    problem = answer.json()
    assert field in problem["field"]
    assert problem["remedy"]
    assert not house.memory.kept


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"event": "onSomethingNew", "payload": {"x": 1}}', "ignored"),
        (b'{"event": "\\"\\u00d1\\u2028\\n", "payload": {}}', "ignored"),
        (b'{"event": "onOrderCreated", "payload": {"OrderId": {}}}', "kept for a person"),
        (b'{"event": "onOrderCreated", "payload": {"OrderId": 190, "\\u0000": 1}}', "accepted"),
        (b'{"event": "onOrderCreated", "payload": {"OrderId": 1234567890123456789012345}}', "accepted"),
        (BODY.replace(b"confirmed", b"dreaming"), "kept for a person"),
    ],
)
async def test_a_proven_sender_is_always_answered_200(body: bytes, message: str) -> None:
    house = House()
    async with client(house) as http:
        answer = await http.post(ORDER, content=body, headers=PROVEN)
    assert answer.status_code == 200
    assert answer.json()["message"].startswith(message)
    assert len(house.memory.kept) == 1


async def test_a_body_that_trips_the_parser_is_kept_for_a_person() -> None:
    class Broken:
        def read_notice(self, body: bytes, *, stock: bool) -> Notice:
            raise RecursionError

    house = House(channel=Broken())
    async with client(house) as http:
        answer = await http.post(ORDER, content=BODY, headers=PROVEN)
    assert answer.status_code == 200
    assert house.memory.kept[0].notice.kind is NoticeKind.UNREADABLE


async def test_the_stock_door_reads_stock_bodies() -> None:
    house = House()
    async with client(house) as http:
        answer = await http.post(STOCK, json=[{"sku": "A"}, {"sku": "B", "quantity": 3}], headers=PROVEN)
    assert answer.status_code == 200
    assert house.memory.kept[0].source == "falabella.stock"
    assert house.memory.kept[0].notice.refs == ("A", "B")


async def test_further_accounts_have_an_address_of_their_own() -> None:
    house = House()
    async with client(house) as http:
        known = await http.post(f"/webhooks/falabella/{SECRET}", content=BODY)
        wrong = await http.post("/webhooks/falabella/nope", content=BODY)
        unknown = await http.post(f"/webhooks/somebody/{SECRET}", content=BODY)
        odoo = await http.post(f"/webhooks/odoo/{ODOO_SECRET}", json={"sku": "A"})
    assert [r.status_code for r in (known, wrong, unknown, odoo)] == [200, 401, 401, 200]
    assert [r.source for r in house.memory.kept] == ["falabella.order", "odoo.stock"]
    assert SECRET not in str(house.log.entries)


async def test_a_store_that_cannot_commit_is_503_with_retry_after() -> None:
    async with client(House(fails=StoreUnavailable())) as http:
        answer = await http.post(ORDER, content=BODY, headers=PROVEN)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_an_error_of_ours_is_told_without_details() -> None:
    async with client(House(fails=RuntimeError("password=hunter2"))) as http:
        answer = await http.post(ORDER, content=BODY, headers=PROVEN)
    assert answer.status_code == 500
    assert "hunter2" not in answer.text


async def test_the_senders_trace_id_is_taken_over() -> None:
    house = House()
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with client(house) as http:
        headers = PROVEN | {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        taken = await http.post(ORDER, content=BODY, headers=headers)
        made = await http.post(ORDER, content=BODY, headers=PROVEN | {"traceparent": f"00-{'0' * 32}-b7-01"})
    assert taken.headers["x-trace-id"] == trace
    assert house.memory.kept[0].trace_id == trace
    assert made.headers["x-trace-id"] != "0" * 32


# --- the limit, on the wire ---


async def raw_post(
    app: Any,
    path: str,
    *chunks: bytes,
    headers: dict[str, str] | None = None,
    client_: tuple[str, int] = ("203.0.113.7", 1),
    fails_if_read: bool = False,
) -> int | None:
    """The status of one request whose body arrives in these chunks; None when nothing was answered."""
    pending = list(chunks)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        assert not fails_if_read, "the body was read"
        if not pending:
            return {"type": "http.disconnect"}
        chunk = pending.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(pending)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
        "client": client_,
    }
    await app(scope, receive, send)
    return sent[0]["status"] if sent else None


MIB = 1024 * 1024


async def test_one_mebibyte_is_accepted_and_one_byte_more_is_not() -> None:
    house = House()
    app = create_app(house, config())
    padding = b" " * (MIB - len(BODY))
    path = f"{ORDER}/{SECRET}"
    assert await raw_post(app, path, BODY + padding) == 200
    assert await raw_post(app, path, BODY + padding, b"x") == 413
    assert await raw_post(app, path, *([b"x" * 65536] * 17)) == 413
    assert len(house.memory.kept) == 1


async def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    app = create_app(House(), config())
    path = f"{ORDER}/{SECRET}"
    for length in (str(MIB + 1), "9" * 40):
        assert await raw_post(app, path, headers={"content-length": length}, fails_if_read=True) == 413


async def test_without_any_proof_nothing_is_read() -> None:
    app = create_app(House(), config())
    assert await raw_post(app, ORDER, fails_if_read=True) == 401


async def test_a_sender_who_goes_away_in_the_middle_leaves_nothing() -> None:
    house = House()
    app = create_app(house, config())
    sent: list[object] = []
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": BODY[:20], "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{ORDER}/{SECRET}",
        "query_string": b"",
        "headers": [],
        "client": ("203.0.113.7", 1),
    }
    await app(scope, receive, send)
    assert not sent
    assert not house.memory.kept


SAMPLE = replace(config().doors[0], local_only=True)


@pytest.mark.parametrize(
    ("address", "headers", "expected"),
    [
        ("127.0.0.1", {}, 200),
        ("203.0.113.7", {}, 401),
        ("127.0.0.1", {"x-forwarded-for": "203.0.113.7"}, 401),
        ("127.0.0.1", {"host": "shop.example.com"}, 401),
        ("127.0.0.1", {"origin": "https://evil.example"}, 401),
    ],
)
@pytest.mark.parametrize("proof", ["path", "header"])
async def test_the_sample_secret_proves_only_clients_on_this_machine(
    proof: str, address: str, headers: dict[str, str], expected: int
) -> None:
    house = House()
    path, proven = (f"{ORDER}/{SECRET}", {}) if proof == "path" else (ORDER, PROVEN)
    async with client(house, config(doors=(SAMPLE,)), address=address) as http:
        answer = await http.post(path, content=BODY, headers={**proven, **headers})
    assert answer.status_code == expected
    assert len(house.memory.kept) == (expected == 200)
    if expected == 401:
        assert "sample" in answer.json()["detail"]
        assert "FALABELLA_WEBHOOK_SECRET" in answer.json()["remedy"]
