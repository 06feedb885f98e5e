"""`/rules` and `/freeze`: bodies, roles and problems."""

from __future__ import annotations

from typing import Any

import pytest

from orquestador.model.rules import Auto, Lifted
from orquestador.model.rules_csv import Conflict
from orquestador.web import api_rules
from tests.unit.web.support import KEYS, House, client, config

VIEWER, OPERATOR = ({"X-API-Key": key.key} for key in KEYS[:2])


async def test_a_rule_is_set_field_by_field_by_who_may() -> None:
    house = House()
    async with client(house, config(api_keys=KEYS)) as http:
        body: dict[str, Any] = {"channel": "falabella", "sku": "A", "cap": 5, "share": 0.5}
        refused = await http.put("/rules", json=body, headers=VIEWER)
        assert (refused.status_code, house.rules.kept) == (403, {})
        done = await http.put("/rules", json=body, headers=OPERATOR)
        assert done.status_code == 200
        assert (done.json()["cap"], done.json()["share"], done.json()["changedBy"]) == (5, 0.5, "omar")
        body = {"sku": "A", "cap": "none", "share": None}
        done = await http.put("/rules", json=body, headers=OPERATOR)
        assert (done.json()["cap"], done.json()["share"]) == ("none", None)
        done = await http.put("/rules", json={"sku": "A", "buffer": "auto"}, headers=OPERATOR)
        assert done.json()["buffer"] == "auto"
    fields = house.rules.kept["falabella", "A"].fields
    assert (fields.cap, fields.share, fields.buffer) == (Lifted.NONE, None, Auto.AUTO)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"sku": "A"}, "body"),
        ({"buffer": -1}, "buffer"),
        ({"buffer": 1.5}, "buffer"),
        ({"buffer": "none"}, "buffer"),
        ({"cap": "many"}, "cap"),
        ({"share": 1.5}, "share"),
        ({"share": "0.5"}, "share"),
        ({"publish": "yes"}, "publish"),
        ({"sku": "a\nb", "cap": 1}, "sku"),
    ],
)
async def test_a_body_that_cannot_be_used_names_the_field(body: dict[str, object], field: str) -> None:
    house = House()
    async with client(house) as http:
        answer = await http.put("/rules", json=body)
    assert answer.status_code == 422
    assert answer.json()["field"].split(".")[0] == field
    assert answer.json()["remedy"]
    assert house.rules.kept == {}


@pytest.mark.parametrize(
    ("conflict", "field", "said"),
    [
        (Conflict(0, "channel", "unknown_channel", "x"), "channel", "no such channel"),
        (Conflict(0, "erp_sku", "unknown_erp_sku", "x"), "erpSku", "no product"),
        (Conflict(0, "fixed", "contradictory", "cap"), "fixed", "contradicts cap"),
    ],
)
async def test_a_rule_that_cannot_be_says_why(conflict: Conflict, field: str, said: str) -> None:
    house = House()
    house.rules.refuses = conflict
    async with client(house) as http:
        answer = await http.put("/rules", json={"cap": 1})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert said in answer.json()["detail"]


async def test_a_freeze_names_who_and_why_and_needs_a_place() -> None:
    house = House()
    async with client(house, config(api_keys=KEYS)) as http:
        body = {"frozen": True, "sku": "A", "reason": "price"}
        assert (await http.post("/freeze", json=body, headers=VIEWER)).status_code == 403
        done = (await http.post("/freeze", json=body, headers=OPERATOR)).json()["items"]
        nowhere = await http.post("/freeze", json={"frozen": True}, headers=OPERATOR)
        unknown = await http.post("/freeze", json={"frozen": True, "channel": "x"}, headers=OPERATOR)
        lifted = await http.post("/freeze", json={"frozen": False, "sku": "A"}, headers=OPERATOR)
    assert done[0]["freeze"] == {"sinceAt": "1970-01-01T00:00:01.500Z", "by": "omar", "reason": "price"}
    assert (nowhere.status_code, unknown.status_code) == (422, 422)
    assert "/pause" in nowhere.json()["remedy"]
    assert lifted.json()["items"][0]["freeze"] is None


async def test_a_table_comes_in_and_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    table = "\ufeffseller_sku;cap\r\nA;5\r\nB;x\r\n"
    async with client(house, config(api_keys=KEYS)) as http:
        assert (await http.post("/rules/import", content=table, headers=VIEWER)).status_code == 403
        said = (await http.post("/rules/import", content=table.encode(), headers=OPERATOR)).json()
        assert (said["applied"], house.rules.kept) == (0, {})
        assert said["conflicts"] == [{"row": 3, "column": "cap", "code": "not_units", "value": "x"}]
        skip = {"skipConflicts": "true"}
        said = await http.post("/rules/import", params=skip, content=table.encode(), headers=OPERATOR)
        assert said.json()["applied"] == 1
        out = await http.get("/rules/export", headers=VIEWER)
        assert out.headers["content-type"] == "text/csv; charset=utf-8"
        assert out.text.splitlines()[1] == "falabella,A,,,,5,,,,"
        monkeypatch.setattr(api_rules, "IMPORT_BYTES", 10)
        assert (await http.post("/rules/import", content=table, headers=OPERATOR)).status_code == 413


async def test_a_rule_that_is_not_there_cannot_be_cleared() -> None:
    async with client(House()) as http:
        assert (await http.delete("/rules", params={"channel": "falabella"})).status_code == 404
