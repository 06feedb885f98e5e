"""429: to whom, in which words, and who never gets it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from orquestador.ops.health import RequestCounts
from orquestador.ops.ratelimit import Rate
from orquestador.web.app import create_app
from tests.unit.web.support import KEYS, SECRET, House, client, config

ORDER = "/falabella/webhook/order"
BODY = (
    b'{"orderId": "FAL-12345", "products": [{"sku": "PROD-001", "quantity": 2, "price": 29990}],'
    b' "status": "confirmed", "timestamp": "2025-12-16T10:00:00Z"}'
)
VIEWER, OPERATOR, _ = ({"Authorization": f"Bearer {k.key}"} for k in KEYS)
THREE = Rate(3, 60)
KEYED = config(api_keys=KEYS, api_rate=THREE)
ELSEWHERE = "203.0.113.7"
PROBES = ("/health/live", "/health/ready")


async def test_a_key_that_asks_too_often_is_told_when_to_ask_again() -> None:
    house = House()
    async with client(house, KEYED, address=ELSEWHERE) as http:
        statuses = [(await http.get("/channels", headers=VIEWER)).status_code for _ in range(3)]
        refused = await http.get("/status", headers=VIEWER)
        other_key = await http.get("/channels", headers=OPERATOR)
        assert statuses == [200, 200, 200]
        assert refused.status_code == 429
        assert refused.headers["content-type"] == "application/problem+json"
        wait_s = int(refused.headers["retry-after"])
        assert 1 <= wait_s <= 61
        problem = refused.json()
        assert problem.pop("traceId") == refused.headers["x-trace-id"]
        assert problem == {
            "type": "urn:orquestador:too-many-requests",
            "title": "Too many requests",
            "status": 429,
            "detail": "The key vera has asked as often as API_RATE_LIMIT allows.",
            "remedy": f"Wait {wait_s} s and ask less often, or raise API_RATE_LIMIT.",
        }
        assert KEYS[0].key not in refused.text
        assert other_key.status_code == 200
        house.clock.at += wait_s - 1
        assert (await http.get("/channels", headers=VIEWER)).status_code == 429
        house.clock.at += 1
        assert (await http.get("/channels", headers=VIEWER)).status_code == 200


async def test_a_key_is_one_caller_from_wherever_it_asks() -> None:
    app = create_app(House(), KEYED)
    statuses = [await get(app, "/channels", f"203.0.113.{n}", VIEWER) for n in range(4)]
    assert statuses == [200, 200, 200, 429]


async def test_calls_that_are_refused_for_their_role_count_too() -> None:
    async with client(House(), KEYED, address=ELSEWHERE) as http:
        statuses = [(await http.post("/uninstall", headers=VIEWER)).status_code for _ in range(4)]
    assert statuses == [403, 403, 403, 429]


async def test_without_keys_each_address_is_one_caller() -> None:
    app = create_app(House(), config(api_rate=THREE))
    assert [await get(app, "/channels", "127.0.0.1") for _ in range(4)] == [200, 200, 200, 429]
    assert await get(app, "/channels", "127.0.0.2") == 200
    strangers = [await get(app, "/channels", f"2001:db8::{n}") for n in range(1, 5)]
    assert strangers == [403, 403, 403, 429]


@pytest.mark.parametrize("path", ["/", "/health"])
async def test_what_needs_no_key_is_counted_for_the_address(path: str) -> None:
    app = create_app(House(), KEYED)
    assert [await get(app, path, ELSEWHERE) for _ in range(4)] == [200, 200, 200, 429]
    # Neither does that touch a key, nor does a key's use touch it.
    assert await get(app, "/channels", ELSEWHERE, VIEWER) == 200
    assert await get(app, path, "203.0.113.8") == 200


async def test_probes_are_answered_whatever_their_address_did() -> None:
    async with client(House(), KEYED, address=ELSEWHERE) as http:
        for _ in range(30):
            await http.get("/channels", headers={"X-API-Key": "wrong"})
            await http.get("/health")
        assert (await http.get("/health")).status_code == 429
        assert (await http.get("/channels")).status_code == 429
        answers = [(await http.get(path)).status_code for path in PROBES for _ in range(100)]
    assert answers == [200] * 200


async def test_wrong_keys_are_limited_and_good_ones_are_not_by_them() -> None:
    async with client(House(), config(api_keys=KEYS, api_rate=Rate(50, 60)), address=ELSEWHERE) as http:
        wrong = [await http.get("/channels", headers={"X-API-Key": "no"}) for _ in range(1000)]
        good = await http.get("/channels", headers=VIEWER)
    assert [a.status_code for a in wrong] == [401] * 10 + [429] * 990
    assert wrong[-1].json()["type"] == "urn:orquestador:too-many-failures"
    assert int(wrong[-1].headers["retry-after"]) >= 1
    assert good.status_code == 200


async def test_a_proven_sender_is_never_refused_whatever_its_address_did() -> None:
    house = House()
    settings = config(api_keys=KEYS, api_rate=Rate(1, 60), failed_proof_rate=Rate(1, 86_400))
    async with client(house, settings, address=ELSEWHERE) as http:
        failed = [(await http.post(f"{ORDER}/wrong", content=BODY)).status_code for _ in range(1000)]
        proven = [(await http.post(f"{ORDER}/{SECRET}", content=BODY)).status_code for _ in range(50)]
    assert failed == [401] + [429] * 999
    assert proven == [200] * 50


class Watched:
    """Counts how often it is asked, and refuses all."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def hit(self, rule: str, name: str, rate: Rate) -> float | None:
        self.asked.append((rule, name))
        return 17.2


async def test_a_proven_webhook_and_a_probe_do_not_touch_the_limiter() -> None:
    watched = Watched()
    async with client(House(), KEYED, address=ELSEWHERE, counters=watched) as http:
        assert (await http.post(f"{ORDER}/{SECRET}", content=BODY)).status_code == 200
        for path in PROBES:
            assert (await http.get(path)).status_code == 200
        assert watched.asked == []
        for path, headers in ((ORDER, {}), ("/channels", VIEWER), ("/channels", {}), ("/", {})):
            method = "POST" if path == ORDER else "GET"
            refused = await http.request(method, path, headers=headers)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "18")
    assert watched.asked == [
        ("failed-proof", ELSEWHERE),
        ("api", "key/vera"),
        ("failed-proof", ELSEWHERE),
        ("api", f"address/{ELSEWHERE}"),
    ]


async def test_limits_may_be_off() -> None:
    settings = config(api_keys=KEYS, api_rate=None, failed_proof_rate=None)
    async with client(House(), settings, address=ELSEWHERE) as http:
        good = {(await http.get("/channels", headers=VIEWER)).status_code for _ in range(100)}
        wrong = {(await http.get("/channels")).status_code for _ in range(100)}
        unproven = {(await http.post(ORDER, content=BODY)).status_code for _ in range(100)}
    assert (good, wrong, unproven) == ({200}, {401}, {401})


async def test_refusals_are_counted_and_not_logged() -> None:
    house, counts = House(), RequestCounts()
    async with client(house, KEYED, address=ELSEWHERE, counts=counts) as http:
        for _ in range(8):
            await http.get("/channels", headers=VIEWER)
        for _ in range(15):
            await http.post(f"{ORDER}/wrong", content=BODY)
    assert counts.of("GET /channels") == {200: 3, 429: 5}
    assert counts.of(f"POST {ORDER}") == {429: 5}
    assert len(house.log.entries) == 3 + 10


async def test_a_page_of_an_allowed_site_may_read_when_to_ask_again() -> None:
    settings = config(api_keys=KEYS, api_rate=Rate(1, 60), cors_origins=("https://panel.example.com",))
    headers = {**VIEWER, "Origin": "https://panel.example.com"}
    async with client(House(), settings, address=ELSEWHERE) as http:
        await http.get("/channels", headers=headers)
        refused = await http.get("/channels", headers=headers)
    assert refused.status_code == 429
    assert "Retry-After" in refused.headers["access-control-expose-headers"]


async def test_the_description_says_who_may_get_a_429() -> None:
    async with client(House()) as http:
        paths = (await http.get("/openapi.json")).json()["paths"]
    for path, operations in paths.items():
        for operation in operations.values():
            described = operation["responses"].get("429")
            assert (described is None) is (path in PROBES), path
            if described:
                assert "Retry-After" in described["headers"]
                schema = described["content"]["application/problem+json"]["schema"]
                assert schema["$ref"].endswith("/ProblemAnswer")


async def get(app: Any, path: str, address: str, headers: dict[str, str] | None = None) -> int:
    """The status of one request from this address."""
    transport = httpx2.ASGITransport(app=app, client=(address, 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:3000") as http:
        return (await http.get(path, headers=headers)).status_code
