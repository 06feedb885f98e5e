"""Every recorded call of real servers, made again in the same order: the sandbox answers in the same shape.

Ids are mapped as they appear, because those of the throw-away databases mean nothing; error texts and window
titles were left out of the recordings. Everything else (types, keys, error names, states, numbers) is equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.unit.sandbox_odoo.client import Odoo

DATA = Path(__file__).parents[2] / "data"
MODEL_OF = {
    "product_id": "product.product",
    "product_tmpl_id": "product.template",
    "picking_id": "stock.picking",
    "backorder_id": "stock.picking",
    "picking_id.backorder_id": "stock.picking",
    "picking_ids": "stock.picking",
    "button_validate_picking_ids": "stock.picking",
    "default_pick_ids": "stock.picking",
    "partner_id/.id": "res.partner",
    "view_id": "ir.ui.view",
    "views": "ir.ui.view",
}
ON_MODEL = frozenset({"create", "search", "search_read", "search_count", "load"})  # no ids as first argument
GIVES_IDS = frozenset({"create", "search"})
GENERATED = (
    re.compile(r"WH/(OUT|IN)/\d{5}"),
    re.compile(r"S\d{5}"),
    re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
)


class Replay:
    """Makes the recorded calls and learns which id stands for which."""

    def __init__(self, odoo: Odoo) -> None:
        self._odoo = odoo
        self._ids: dict[tuple[str, int], int] = {}

    def run(self, case: dict[str, Any]) -> None:
        """Make one recorded call and compare the answers."""
        if case["api"] == "http":
            response = self._odoo.http.get("/web/version")
            assert response.status_code == case["status"]
            assert (response.json() if response.status_code == 200 else None) == case["answer"]
        elif case["api"] == "json2":
            self._json2(case)
        else:
            self._jsonrpc(case)

    def _jsonrpc(self, case: dict[str, Any]) -> None:
        method, model = case["method"], case["model"]
        if case["service"] == "common":
            password = "wrong" if case["case"] == "authenticate_bad_password" else "admin"
            args: list[Any] = [] if method == "version" else ["sandbox", "admin", password, {}]
            answer = self._odoo.rpc("common", method, args)
        else:
            password = "wrong" if case["case"] == "access_denied" else "admin"
            named = self._mine(model, case["kwargs"])
            args = [
                "sandbox",
                2,
                password,
                model,
                method,
                self._arguments(model, method, case["args"]),
                named,
            ]
            answer = self._odoo.rpc("object", "execute_kw", args)
        if "error" in case:
            self._compare_error(case["error"], answer["error"])
        elif case.get("result_key_absent"):
            assert "result" not in answer and "error" not in answer
        else:
            assert "error" not in answer, answer["error"]["data"]["debug"]
            self._compare(case["answer"], answer["result"], model if method in GIVES_IDS else "", model)

    def _json2(self, case: dict[str, Any]) -> None:
        model, method = case.get("model", "product.product"), case.get("method", "search_count")
        key = "wrong" if case["case"] == "json2_bad_key" else "admin"
        named = self._mine(model, case.get("kwargs", {"domain": []}))
        if "ids" in named:
            named["ids"] = [self._ids.get((model, one), one) for one in named["ids"]]
        headers = {"Authorization": f"bearer {key}"}
        response = self._odoo.http.post(f"/json/2/{model}/{method}", json=named, headers=headers)
        assert response.status_code == case["status"], response.text
        if "error" in case:
            self._compare_fault(case["error"], response.json())
        else:
            self._compare(case["answer"], response.json(), model if method in GIVES_IDS else "", model)

    # -- recorded -> mine ------------------------------------------------------------------------------------

    def _arguments(self, model: str, method: str, args: list[Any]) -> list[Any]:
        if method == "load":
            names, rows = args
            return [
                names,
                [[self._cell(name, cell) for name, cell in zip(names, row, strict=True)] for row in rows],
            ]
        first, *rest = args
        if method in ON_MODEL:
            return [self._mine(model, first), *rest]
        return [
            [self._ids.get((model, one), one) for one in first],
            *(self._mine(model, part) for part in rest),
        ]

    def _cell(self, name: str, cell: str) -> str:
        known = MODEL_OF.get(name)
        return str(self._ids[known, int(cell)]) if known else cell

    def _mine(self, model: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._named(key, part, model) for key, part in value.items()}
        if isinstance(value, list):
            if len(value) == 3 and isinstance(value[0], str) and value[1] in ("=", "in", ">="):
                return [value[0], value[1], self._named(value[0], value[2], model)]
            return [self._mine(model, part) for part in value]
        return value

    def _named(self, name: str, value: Any, model: str) -> Any:
        target = model if name == "id" else MODEL_OF.get(name)
        if target and isinstance(value, int):
            return self._ids.get((target, value), value)
        if target and isinstance(value, list):
            return [self._ids.get((target, one), one) for one in value]
        return self._mine(model, value)

    # -- comparing -------------------------------------------------------------------------------------------

    def _compare_error(self, recorded: dict[str, Any], mine: dict[str, Any]) -> None:
        assert set(mine) == set(recorded) and mine["code"] == recorded["code"]
        assert isinstance(mine["message"], str)
        self._compare_fault(recorded["data"], mine["data"])

    def _compare_fault(self, recorded: dict[str, Any], mine: dict[str, Any]) -> None:
        expected = {"debug" if key == "debug_last_line" else key for key in recorded}
        assert set(mine) == expected
        assert mine["name"] == recorded["name"], mine["message"]
        assert [type(part) for part in mine["arguments"]] == [type(part) for part in recorded["arguments"]]
        assert all(isinstance(mine[key], str) for key in ("message", "debug") if key in mine)
        assert mine["context"] == recorded["context"]

    def _compare(self, recorded: Any, mine: Any, of: str, model: str) -> None:
        """`of` is the model whose ids these are, when they are ids."""
        assert type(mine) is type(recorded), f"{mine!r} is not like {recorded!r}"
        if isinstance(recorded, dict):
            assert list(mine) == list(recorded) if "id" in recorded else set(mine) == set(recorded)
            for key, value in recorded.items():
                target = model if key in ("id", "ids") else MODEL_OF.get(key, "")
                self._compare(value, mine[key], target, model)
        elif isinstance(recorded, list):
            assert len(mine) == len(recorded), f"{mine!r} is not as long as {recorded!r}"
            for one, other in zip(recorded, mine, strict=True):
                self._compare(one, other, of, model)
        elif isinstance(recorded, bool) or not isinstance(recorded, int):
            assert recorded == "(text)" or mine == recorded or self._both_generated(recorded, mine), (
                mine,
                recorded,
            )
        elif of:
            assert self._ids.setdefault((of, recorded), mine) == mine
        else:
            assert mine == recorded

    @staticmethod
    def _both_generated(recorded: Any, mine: Any) -> bool:
        return any(
            isinstance(recorded, str) and pattern.fullmatch(recorded) and pattern.fullmatch(mine)
            for pattern in GENERATED
        )


def recorded(version: int) -> Iterator[dict[str, Any]]:
    """The lines of one version."""
    for line in (DATA / f"odoo-{version}.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def test_no_version_lacks_a_case() -> None:
    cases = {version: [case["case"] for case in recorded(version)] for version in (17, 18, 19)}
    assert cases[17] == cases[18]
    assert [name for name in cases[19] if not name.startswith("json2_")] == cases[17]
    assert len(cases[17]) == 94 and len(cases[19]) == 105


def test_the_sandbox_answers_every_recorded_call_in_the_same_shape(odoo: Odoo) -> None:
    odoo.faults(second_warehouse=True)  # the recorded databases had two
    replay = Replay(odoo)
    for number, case in enumerate(recorded(odoo.version), start=1):
        try:
            replay.run(case)
        except (AssertionError, KeyError, httpx2.HTTPError) as error:
            pytest.fail(f"line {number} {case['case']}: {error}")
