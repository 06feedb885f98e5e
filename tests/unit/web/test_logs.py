"""`/logs`: receipts and calls as one list, filtered and paged."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orquestador.model.logs import LogEntry, LogStatus
from orquestador.web import logs_view
from orquestador.web.config import WebConfig
from tests.unit.web.support import NOW, SECRET, House, client, config

ORDER = {
    "orderId": "FAL-1",
    "products": [{"sku": "PROD-001", "quantity": 2, "price": 1}],
    "status": "confirmed",
    "timestamp": "2025-12-16T10:00:00Z",
    "customerEmail": "someone@example.com",
}


def entry(n: int, **changes: Any) -> LogEntry:
    values: dict[str, Any] = {
        "id": f"e{n:04}",
        "service": "odoo",
        "action": "create",
        "status": LogStatus.SUCCESS,
        "timestamp": NOW + n,
        "duration_ms": 12.5,
        "trace_id": "t" * 32,
    }
    return LogEntry(**values | changes)


async def ids(http: Any, path: str = "/logs", **params: str | int) -> list[str]:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_a_webhook_is_its_own_entry_redacted() -> None:
    house = House()
    async with client(house) as http:
        posted = await http.post(f"/falabella/webhook/order/{SECRET}", json=ORDER)
        page = (await http.get("/logs/order/FAL-1")).json()
        product = (await http.get("/logs/product/PROD-001")).json()
    (item,) = page["items"]
    assert page["nextCursor"] is None
    assert set(item) >= {
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
    assert item["id"] == posted.json()["receiptId"]
    assert (item["service"], item["action"], item["status"]) == ("falabella", "webhook.order", "success")
    assert (item["orderId"], item["productSku"]) == ("FAL-1", "PROD-001")
    assert item["timestamp"] == "2027-01-15T08:00:00.000Z"
    assert item["request"]["products"][0]["sku"] == "PROD-001"
    assert "someone@example.com" not in str(page)
    assert [i["id"] for i in product["items"]] == [item["id"]]


async def test_filters_select() -> None:
    house = House()
    house.log.entries += [
        entry(1),
        entry(2, service="falabella", action="GetOrder", order_ids=("7",)),
        entry(3, status=LogStatus.ERROR, skus=("A", "B")),
        entry(4, service="orchestrator", action="fold", order_ids=("6", "7")),
    ]
    async with client(house) as http:
        await http.post(f"/falabella/webhook/order/{SECRET}", json=ORDER | {"status": "odd"})
        (receipt,) = (r.id for r in house.memory.kept)
        house.log.entries.sort(key=lambda e: e.timestamp)
        assert await ids(http, service="odoo") == ["e0003", "e0001"]
        assert await ids(http, service="falabella") == ["e0002", receipt]
        assert await ids(http, service="falabella", action="webhook.order") == [receipt]
        assert await ids(http, status="error") == ["e0003", receipt]
        assert await ids(http, orderId="7") == ["e0004", "e0002"]
        assert await ids(http, sku="B") == ["e0003"]
        rows = (await http.get("/logs", params={"orderId": "7"})).json()["items"]
        assert rows[0]["orderId"] == "7"
        assert rows[0]["orderIds"] == ["6", "7"]
        assert "orderIds" not in rows[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "odd"),
        ("service", "ripley"),
        ("from", "yesterday"),
        ("to", "2026-13-01"),
        ("limit", "0"),
        ("limit", "501"),
        ("limit", "x"),
        ("cursor", "x"),
        ("cursor", "bm9wZQ"),
        ("stauts", "error"),
    ],
)
async def test_a_bad_filter_is_named(name: str, value: str) -> None:
    async with client(House()) as http:
        answer = await http.get("/logs", params={name: value})
    assert answer.status_code == 422
    assert answer.json()["field"] == name
    assert answer.json()["remedy"]


async def test_a_span_that_ends_before_it_begins_is_named() -> None:
    async with client(House()) as http:
        answer = await http.get("/logs", params={"from": "2026-02-02", "to": "2026-02-01"})
    assert (answer.status_code, answer.json()["field"]) == (422, "from")


@pytest.mark.parametrize(
    ("zone", "params", "expected"),
    [
        # 2027-01-15T08:00Z is 05:00 in Santiago (UTC-3) and 17:00 in Tokyo.
        ("America/Santiago", {"from": "2027-01-15", "to": "2027-01-15"}, ["e0000"]),
        ("America/Santiago", {"to": "2027-01-14"}, []),
        ("America/Santiago", {"from": "2027-01-15T05:00:00"}, ["e0000"]),
        ("Asia/Tokyo", {"from": "2027-01-15T17:00:01"}, []),
        ("Asia/Tokyo", {"from": "2027-01-15T08:00:00Z"}, ["e0000"]),
        ("Asia/Tokyo", {"from": "2027-01-15T08:00:00+00:00"}, ["e0000"]),
    ],
)
async def test_a_date_without_a_time_is_a_day_of_the_shop(
    zone: str, params: dict[str, str], expected: list[str]
) -> None:
    house = House()
    house.log.entries.append(entry(0))
    settings: WebConfig = config(timezone=ZoneInfo(zone))
    async with client(house, settings) as http:
        answer = await http.get("/logs", params=params)
    assert [i["id"] for i in answer.json()["items"]] == expected


async def test_a_plus_that_was_not_encoded_is_understood() -> None:
    house = House()
    house.log.entries.append(entry(0))
    async with client(house) as http:
        answer = await http.get("/logs?from=2027-01-15T08:00:00+00:00")
    assert len(answer.json()["items"]) == 1


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
async def test_paging_gives_every_entry_once_newest_first(limit: int) -> None:
    house = House()
    # Receipts and calls interleave, some at the same instant.
    for n in range(20):
        house.clock.at = NOW + n // 2
        async with client(house) as http:
            await http.post(f"/falabella/webhook/order/{SECRET}", json=ORDER | {"orderId": f"F-{n}"})
        house.log.entries.append(entry(n // 3, id=f"e{n:04}"))
    expected = sorted(
        [(r.received_at, r.id) for r in house.memory.kept] + [(e.timestamp, e.id) for e in house.log.entries],
        reverse=True,
    )
    seen: list[str] = []
    cursor: str | None = ""
    async with client(house) as http:
        while cursor is not None:
            params: dict[str, str | int] = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            answer = await http.get("/logs", params=params)
            page = answer.json()
            assert len(page["items"]) <= limit
            # Each of our own questions is logged as well; they are newer than all of this.
            seen += [i["id"] for i in page["items"] if i["service"] != "api"]
            cursor = page["nextCursor"]
    assert seen == [i for _, i in expected]


async def test_a_rare_filter_is_looked_for_through_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_view, "_STORE_PAGE", 5)
    monkeypatch.setattr(logs_view, "ROUNDS_MAX", 3)
    house = House()
    for n in range(40):
        house.clock.at = NOW + n
        body = ORDER | {"orderId": f"F-{n}", "status": "odd" if n == 0 else "confirmed"}
        async with client(house) as http:
            await http.post(f"/falabella/webhook/order/{SECRET}", json=body)
    rounds = 0
    found: list[str] = []
    cursor: str | None = ""
    async with client(house) as http:
        while cursor is not None:
            params = {"status": "error", "service": "falabella"} | ({"cursor": cursor} if cursor else {})
            page = (await http.get("/logs", params=params | {"limit": "1"})).json()
            found += [i["id"] for i in page["items"]]
            cursor = page["nextCursor"]
            rounds += 1
    assert found == [house.memory.kept[0].id]
    assert rounds > 1
