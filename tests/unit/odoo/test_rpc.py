"""Every recorded answer of real servers is read, and every error means the right thing (odoo.md §3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from orquestador.erp.odoo.faults import error_of
from orquestador.erp.odoo.jsonrpc import read_answer
from orquestador.erp.odoo.rpc import records, ref, rows
from orquestador.erp.odoo.setup import Dialect, parse_version
from orquestador.http_base import CallFailed, Profile
from orquestador.model.errors import Ambiguous, AuthRefused, Rejected, Unavailable, UpstreamError

DATA = Path(__file__).parents[2] / "data"
VERSIONS = (17, 18, 19)


def recorded(version: int) -> list[dict[str, Any]]:
    lines = (DATA / f"odoo-{version}.jsonl").read_text().splitlines()
    return [case for case in map(json.loads, lines) if case["api"] == "jsonrpc"]


def response(case: dict[str, Any]) -> httpx2.Response:
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1}
    if "error" in case:
        body["error"] = case["error"]
    elif not case.get("result_key_absent"):
        body["result"] = case["answer"]
    return httpx2.Response(case["status"], json=body)


EXPECTED: dict[str, type[UpstreamError]] = {
    "odoo.exceptions.AccessDenied": AuthRefused,
    "odoo.exceptions.AccessError": AuthRefused,
    "odoo.exceptions.UserError": Rejected,
    "odoo.exceptions.ValidationError": Rejected,
    "odoo.exceptions.MissingError": Rejected,
    "builtins.AttributeError": Rejected,
    "builtins.ValueError": Rejected,
    "builtins.TypeError": Rejected,
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_line_is_survived(version: int) -> None:
    cases = recorded(version)
    assert len(cases) > 80
    for case in cases:
        if "error" in case:
            with pytest.raises(EXPECTED[case["error"]["data"]["name"]]):
                read_answer(response(case), Profile.WRITE)
        else:
            assert read_answer(response(case), Profile.WRITE) == case["answer"]


@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_versions_are_recognised(version: int) -> None:
    info = next(c["answer"] for c in recorded(version) if c["case"] == "version")
    assert parse_version(info) == (f"{version}.0", version)


@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_products_are_stocked(version: int) -> None:
    product = next(c for c in recorded(version) if c["case"] == "product_create")
    assert Dialect(version).is_stocked(product["args"][0])
    assert not Dialect(version).is_stocked({"type": "consu", "is_storable": False})
    assert not Dialect(version).is_stocked({"type": "service"})


@pytest.mark.parametrize(
    ("name", "on_write", "on_read"),
    [
        ("psycopg2.errors.SerializationFailure", Ambiguous, CallFailed),
        ("psycopg2.errors.LockNotAvailable", Ambiguous, CallFailed),
        ("psycopg2.OperationalError", Ambiguous, Unavailable),
        ("builtins.MemoryError", Ambiguous, Unavailable),
        ("odoo.exceptions.SomethingNew", Ambiguous, Unavailable),
        ("", Ambiguous, Unavailable),
    ],
)
def test_what_says_nothing_about_the_effect_is_doubt(name: str, on_write: type, on_read: type) -> None:
    error = {"code": 0, "message": "x", "data": {"name": name}}
    assert type(error_of(error, Profile.WRITE)) is on_write
    assert type(error_of(error, Profile.READ)) is on_read


@pytest.mark.parametrize("error", [None, "text", 1, [], {"data": None}, {"data": {"name": None}}])
def test_errors_without_a_name_are_doubt(error: object) -> None:
    assert type(error_of(error, Profile.WRITE)) is Ambiguous


def test_only_a_business_message_reaches_a_person_and_never_a_trace() -> None:
    data = {
        "name": "odoo.exceptions.UserError",
        "message": "You need to supply a Lot/Serial number",
        "arguments": ["secret-argument"],
        "debug": "Traceback (most recent call last): secret-debug",
    }
    error = error_of({"data": data}, Profile.WRITE)
    assert str(error) == "odoo: You need to supply a Lot/Serial number"
    hidden = error_of({"data": {**data, "name": "builtins.ValueError"}}, Profile.WRITE)
    assert str(hidden) == "odoo: ValueError in Odoo's own code"


def test_the_code_does_not_matter() -> None:
    for code in (200, 0):
        error = {"code": code, "data": {"name": "odoo.exceptions.ValidationError", "message": "m"}}
        assert isinstance(error_of(error, Profile.WRITE), Rejected)


@pytest.mark.parametrize("body", [b"[]", b"null", b"no json", b'{"result": '])
def test_a_body_that_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_answer(httpx2.Response(200, content=body), Profile.READ)


def test_many2one_in_all_its_shapes() -> None:
    assert [ref(v) for v in ([7, "name"], 7, False, None, [])] == [7, 7, None, None, None]


def test_records_that_are_none() -> None:
    assert rows([{"id": 1}]) == [{"id": 1}]
    for answer in (True, None, [1], {"id": 1}):
        with pytest.raises(Unavailable):
            rows(answer)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({"server_version": "18.4+e", "server_version_info": ["saas~18", 4, 0, "final", 0, "e"]}, 18),
        ({"server_version": "16.0", "server_version_info": [16, 0, 0, "final", 0, ""]}, 16),
        ({}, 0),
    ],
)
def test_versions_of_other_shapes(info: dict[str, Any], expected: int) -> None:
    assert parse_version(info)[1] == expected


@pytest.mark.parametrize(("method", "ids"), [("button_validate", None), ("write", []), ("create", [])])
def test_a_call_on_no_records_is_never_sent(method: str, ids: list[int] | None) -> None:
    # Odoo would answer true and do nothing (odoo.md §1.1).
    with pytest.raises(ValueError, match="records"):
        records(method, ids)


def test_a_call_on_records_or_on_the_model() -> None:
    assert (records("write", (1, 2)), records("search_read", None)) == ([1, 2], None)
