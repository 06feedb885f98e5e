"""`/odoo/stock`: what is shown, and manual movements done once under their key."""

from __future__ import annotations

from typing import Any

import pytest

from orquestador.model.errors import StoreUnavailable
from orquestador.model.orders import Direction
from orquestador.model.stock import Availability
from orquestador.ports import Duplicate, ProductProblem
from orquestador.web.shapes import MoveResult, MoveState
from tests.unit.web.support import NOW, House, client, listing_work

MOVE = {"sku": "PROD-001", "quantity": 2, "reason": "broken", "reference": "INC-7"}


async def test_stock_says_its_age() -> None:
    house = House()
    house.stocks["PROD-001"] = Availability("PROD-001", 7.0, 10.0, 3.0, NOW - 4.5)
    house.stocks["A/B"] = Availability("A/B", 0.5, 0.5, 0.0, NOW)
    async with client(house) as http:
        answer = await http.get("/odoo/stock/PROD-001")
        slashed = await http.get("/odoo/stock/A/B")
    assert answer.json() == {
        "sku": "PROD-001",
        "available": 7,
        "onHand": 10,
        "reserved": 3,
        "asOf": "2027-01-15T07:59:55.500Z",
        "ageSeconds": 4.5,
    }
    assert slashed.json()["available"] == 0.5


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (ProductProblem.UNKNOWN, 404),
        (ProductProblem.ARCHIVED, 404),
        (ProductProblem.DUPLICATE, 409),
        (ProductProblem.NOT_STOCKED, 409),
    ],
)
async def test_a_sku_without_usable_stock_says_why(problem: ProductProblem, status: int) -> None:
    house = House()
    house.stocks["A"] = problem
    async with client(house) as http:
        answer = await http.get("/odoo/stock/A")
    assert answer.status_code == status
    assert answer.json()["field"] == "sku"
    assert answer.json()["type"].endswith(problem.value.replace("_", "-"))
    assert answer.json()["remedy"]


async def test_skus_of_several_products_are_listed_in_pages() -> None:
    house = House()
    house.memory.works["B/1"] = listing_work("B/1", differs=False)
    house.twins = [Duplicate(sku, (n, n + 10)) for n, sku in enumerate(("A", "B/1", "C"), 1)]
    async with client(house) as http:
        first = (await http.get("/odoo/duplicates", params={"limit": 2})).json()
        rest = (await http.get("/odoo/duplicates", params={"cursor": first["nextCursor"]})).json()
        wrong = await http.get("/odoo/duplicates", params={"sku": "A"})
    assert first["items"] == [
        {"sku": "A", "productIds": [1, 11], "listedOn": []},
        {"sku": "B/1", "productIds": [2, 12], "listedOn": ["falabella"]},
    ]
    assert ([i["sku"] for i in rest["items"]], rest["nextCursor"]) == (["C"], None)
    assert (first["total"], rest["total"]) == (3, 3)
    assert wrong.status_code == 422


@pytest.mark.parametrize(("path", "direction"), [("reduce", Direction.OUT), ("increase", Direction.IN)])
async def test_a_movement_is_answered_with_both_stocks_and_its_key(path: str, direction: Direction) -> None:
    house = House()
    async with client(house) as http:
        answer = await http.post(f"/odoo/stock/{path}", json=MOVE)
    key = answer.headers["idempotency-key"]
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "sku": "PROD-001",
        "previousStock": 10,
        "newStock": 7.5,
        "movement": f"manual/{key}/1",
        "duplicate": False,
    }
    (request,) = house.moved
    assert (request.direction, request.quantity, request.by) == (direction, 2, "local")
    assert request.allow_negative is False
    assert request.trace_id == answer.headers["x-trace-id"]
    assert house.log.entries[0].skus == ("PROD-001",)


async def test_a_movement_may_name_its_warehouse() -> None:
    house, headers = House(), {"Idempotency-Key": "k-1"}
    async with client(house) as http:
        await http.post("/odoo/stock/reduce", json=MOVE | {"warehouse": "W2"}, headers=headers)
        elsewhere = await http.post("/odoo/stock/reduce", json=MOVE | {"warehouse": "W3"}, headers=headers)
        house.move_result = MoveResult(MoveState.UNKNOWN_WAREHOUSE, reason="there is no ZZZ")
        refused = await http.post("/odoo/stock/reduce", json=MOVE | {"warehouse": "ZZZ"})
    assert [request.warehouse for request in house.moved] == ["W2"]
    assert elsewhere.status_code == 409
    assert (refused.status_code, refused.json()["field"]) == (422, "warehouse")


async def test_stock_in_the_places_of_a_channel_that_is_not_there_is_422() -> None:
    async with client(House()) as http:
        answer = await http.get("/odoo/stock/PROD-001", params={"channel": "nobody"})
    assert (answer.status_code, answer.json()["field"]) == (422, "channel")


async def test_the_same_key_moves_once_and_another_body_is_refused() -> None:
    headers = {"Idempotency-Key": "k-1"}
    async with client(House()) as http:
        await http.post("/odoo/stock/reduce", json=MOVE, headers=headers)
        again = await http.post("/odoo/stock/reduce", json=MOVE, headers=headers)
        changed = await http.post("/odoo/stock/reduce", json=MOVE | {"quantity": 3}, headers=headers)
        turned = await http.post("/odoo/stock/increase", json=MOVE, headers=headers)
    assert again.json()["duplicate"] is True
    for answer in (changed, turned):
        assert answer.status_code == 409
        assert answer.json()["idempotencyKey"] == "k-1"
        assert answer.headers["idempotency-key"] == "k-1"


@pytest.mark.parametrize(
    ("result", "status", "code"),
    [
        (MoveResult(MoveState.STORED, "manual/k/1"), 202, None),
        (MoveResult(MoveState.BELOW_ZERO), 409, "below-zero"),
        (MoveResult(MoveState.UNKNOWN_SKU), 404, "unknown-sku"),
        (MoveResult(MoveState.UNKNOWN_WAREHOUSE, reason="there is no ZZZ"), 422, "invalid-field"),
        (MoveResult(MoveState.REFUSED, reason="a lot number is needed"), 409, "refused"),
    ],
)
async def test_each_outcome_has_its_status(result: MoveResult, status: int, code: str | None) -> None:
    async with client(House(move_result=result)) as http:
        answer = await http.post("/odoo/stock/reduce", json=MOVE)
    assert answer.status_code == status
    if code:
        assert answer.json()["type"] == f"urn:orquestador:{code}"
    else:
        assert answer.json()["movement"] == "manual/k/1"
    assert answer.headers["idempotency-key"]


async def test_nothing_stored_is_503_and_still_tells_the_key() -> None:
    async with client(House(fails=StoreUnavailable())) as http:
        answer = await http.post("/odoo/stock/reduce", json=MOVE)
    assert answer.status_code == 503
    assert answer.json()["idempotencyKey"] == answer.headers["idempotency-key"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**MOVE, "quantity": 0}, "quantity"),
        ({**MOVE, "quantity": -1}, "quantity"),
        ({**MOVE, "quantity": 1.5}, "quantity"),
        ({**MOVE, "quantity": "2"}, "quantity"),
        ({**MOVE, "quantity": True}, "quantity"),
        ({**MOVE, "quantity": 100_001}, "quantity"),
        ({**MOVE, "quantity": 10**25}, "quantity"),
        ({**MOVE, "sku": " "}, "sku"),
        ({**MOVE, "sku": "A\u0000"}, "sku"),
        ({**MOVE, "reason": ""}, "reason"),
        ({**MOVE, "allowNegative": "yes"}, "allowNegative"),
        ({"sku": "A", "quantity": 1}, "reason"),
        ([], "body"),
    ],
)
async def test_a_wrong_body_names_the_field_and_tells_the_key(body: Any, field: str) -> None:
    house = House()
    async with client(house) as http:
        answer = await http.post("/odoo/stock/reduce", json=body, headers={"Idempotency-Key": "k-2"})
    assert answer.status_code == 422
    assert answer.json()["field"] == field
    assert answer.headers["idempotency-key"] == "k-2"
    assert not house.moved


async def test_no_json_and_unusable_keys_are_refused() -> None:
    async with client(House()) as http:
        text = await http.post("/odoo/stock/reduce", content=b"sku=A")
        key = await http.post("/odoo/stock/reduce", json=MOVE, headers={"Idempotency-Key": "a b"})
        long = await http.post("/odoo/stock/reduce", json=MOVE, headers={"Idempotency-Key": "k" * 201})
    assert (text.status_code, text.json()["field"]) == (422, "body")
    assert (key.status_code, key.json()["field"]) == (422, "Idempotency-Key")
    assert long.status_code == 422
