"""Every recorded answer of real servers is read, and every error means the right thing (odoo.md §3)."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from orquestador.erp.odoo import json2, jsonrpc
from orquestador.erp.odoo.client import parse_version
from orquestador.erp.odoo.faults import error_of
from orquestador.erp.odoo.rpc import records, ref, rows
from orquestador.erp.odoo.setup import Dialect
from orquestador.http_base import CallFailed, Profile
from orquestador.model.errors import Ambiguous, AuthRefused, Rejected, Unavailable, UpstreamError
from tests.unit.odoo.recorded import VERSIONS, body_of, fault_name, recorded

READ = {"jsonrpc": jsonrpc.read_answer, "json2": json2.read_answer}


def read(case: dict[str, Any], profile: Profile = Profile.WRITE) -> object:
    answer = httpx2.Response(case["status"], json=body_of(case))
    return READ[case["api"]](answer, profile)


EXPECTED: dict[str, type[UpstreamError]] = {
    "odoo.exceptions.AccessDenied": AuthRefused,
    "odoo.exceptions.AccessError": AuthRefused,
    "odoo.exceptions.UserError": Rejected,
    "odoo.exceptions.ValidationError": Rejected,
    "odoo.exceptions.MissingError": Rejected,
    "builtins.AttributeError": Rejected,
    "builtins.ValueError": Rejected,
    "builtins.TypeError": Rejected,
    "werkzeug.exceptions.Unauthorized": AuthRefused,
    "werkzeug.exceptions.NotFound": Rejected,
    "werkzeug.exceptions.UnprocessableEntity": Rejected,
}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_recorded_line_is_survived(version: int) -> None:
    cases = recorded(version, "jsonrpc", "json2")
    assert len(cases) > 90
    for case in cases:
        if "error" in case:
            for profile in Profile:
                with pytest.raises(UpstreamError) as raised:
                    read(case, profile)
                assert type(raised.value) is EXPECTED[fault_name(case)], case["case"]
                assert "secret" not in str(raised.value)
        else:
            assert read(case) == case["answer"]


def test_every_recorded_error_is_in_the_table_and_the_table_holds_no_other() -> None:
    seen = {fault_name(c) for v in VERSIONS for c in recorded(v, "jsonrpc", "json2") if "error" in c}
    assert seen | {"builtins.TypeError"} == set(EXPECTED)


@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_versions_are_recognised(version: int) -> None:
    said = [c["answer"] for c in recorded(version, "jsonrpc", "http") if c["case"].endswith("version")]
    told = [parse_version(info) for info in said if info]
    assert [(v.text, v.major) for v in told] == [(f"{version}.0", version)] * (2 if version >= 19 else 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_recorded_products_are_stocked(version: int) -> None:
    product = next(c for c in recorded(version, "jsonrpc") if c["case"] == "product_create")
    assert Dialect(version).is_stocked(product["args"][0])
    assert not Dialect(version).is_stocked({"type": "consu", "is_storable": False})
    assert not Dialect(version).is_stocked({"type": "service"})


@pytest.mark.parametrize(
    ("name", "on_write", "on_read"),
    [
        ("psycopg2.errors.SerializationFailure", Ambiguous, CallFailed),
        ("psycopg2.errors.LockNotAvailable", Ambiguous, CallFailed),
        ("psycopg2.errors.DeadlockDetected", Ambiguous, CallFailed),
        ("odoo.exceptions.LockError", Ambiguous, CallFailed),
        ("odoo.exceptions.ConcurrencyError", Ambiguous, CallFailed),
        ("psycopg2.OperationalError", Ambiguous, Unavailable),
        ("werkzeug.exceptions.InternalServerError", Ambiguous, Unavailable),
        ("builtins.MemoryError", Ambiguous, Unavailable),
        ("odoo.exceptions.SomethingNew", Ambiguous, Unavailable),
        ("", Ambiguous, Unavailable),
    ],
)
def test_what_says_nothing_about_the_effect_is_doubt(name: str, on_write: type, on_read: type) -> None:
    for profile, expected in ((Profile.WRITE, on_write), (Profile.READ, on_read)):
        assert type(error_of({"name": name}, profile)) is expected
        case = {"api": "json2", "status": 500, "error": {"name": name, "arguments": []}}
        with pytest.raises(UpstreamError) as raised:
            read(case, profile)
        assert type(raised.value) is expected


@pytest.mark.parametrize("error", [None, "text", 1, [], {"data": None}, {"data": {"name": None}}])
def test_errors_without_a_name_are_doubt(error: object) -> None:
    answer = httpx2.Response(200, json={"error": error if error is not None else {}})
    with pytest.raises(Ambiguous):
        jsonrpc.read_answer(answer, Profile.WRITE)


@pytest.mark.parametrize(
    ("status", "expected"), [(401, AuthRefused), (403, AuthRefused), (404, Unavailable), (413, Unavailable)]
)
def test_who_stands_in_front_of_odoo_and_says_no_leaves_no_doubt(status: int, expected: type) -> None:
    for reader in READ.values():
        with pytest.raises(UpstreamError) as raised:
            reader(httpx2.Response(status, json={"message": "no"}), Profile.WRITE)
        assert type(raised.value) is expected


def test_json2_answers_the_value_itself_or_nothing() -> None:
    for content, value in ((b"null", None), (b"", None), (b"true", True), (b"[643]", [643])):
        assert json2.read_answer(httpx2.Response(200, content=content), Profile.WRITE) == value


def test_only_a_business_message_reaches_a_person_and_never_a_trace() -> None:
    data = {
        "name": "odoo.exceptions.UserError",
        "message": "You need to supply a Lot/Serial number",
        "arguments": ["secret-argument"],
        "debug": "Traceback (most recent call last): secret-debug",
    }
    error = error_of(data, Profile.WRITE)
    assert str(error) == "odoo: You need to supply a Lot/Serial number"
    hidden = error_of({**data, "name": "builtins.ValueError"}, Profile.WRITE)
    assert str(hidden) == "odoo: ValueError in Odoo's own code"


def test_the_code_does_not_matter() -> None:
    for code in (200, 0):
        data = {"name": "odoo.exceptions.ValidationError", "message": "m"}
        answer = httpx2.Response(200, json={"error": {"code": code, "data": data}})
        with pytest.raises(Rejected):
            jsonrpc.read_answer(answer, Profile.WRITE)


@pytest.mark.parametrize("body", [b"[]", b"null", b"no json", b'{"result": '])
def test_a_body_that_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError):
        jsonrpc.read_answer(httpx2.Response(200, content=body), Profile.READ)


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
        ({"version": "19.1+e", "version_info": ["saas~19", 1, 0, "final", 0, "e"]}, 19),
        ({}, 0),
    ],
)
def test_versions_of_other_shapes(info: dict[str, Any], expected: int) -> None:
    assert parse_version(info).major == expected


@pytest.mark.parametrize(("method", "ids"), [("button_validate", None), ("write", []), ("create", [])])
def test_a_call_on_no_records_is_never_sent(method: str, ids: list[int] | None) -> None:
    # Odoo would answer true and do nothing (odoo.md §1.1).
    with pytest.raises(ValueError, match="records"):
        records(method, ids)


def test_a_call_on_records_or_on_the_model() -> None:
    assert (records("write", (1, 2)), records("search_read", None)) == ([1, 2], None)
