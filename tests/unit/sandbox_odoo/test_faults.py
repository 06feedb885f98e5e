"""The switches of `POST /_sandbox/faults`: each does what its name says, and nothing when it is off."""

from __future__ import annotations

import threading
import time

import httpx2
import pytest

from tests.unit.sandbox_odoo.client import Fault, Odoo, eventually

A = "SKU-00001"


def test_a_write_commits_although_its_answer_never_comes(odoo: Odoo) -> None:
    odoo.faults(commit_then_timeout=1)
    impatient = httpx2.Client(base_url=odoo.url, timeout=0.3, trust_env=False)
    with impatient, pytest.raises(httpx2.TimeoutException):
        Odoo(odoo.url, odoo.version, impatient).create("ch/1/1", odoo.line(A, 2))
    (picking,) = odoo.call("stock.picking", "search", [["name", "=", "ch/1/1"]])  # reads never hang
    assert odoo.validate(picking) is True  # and only one write did
    assert odoo.stock(A)[0] == 998.0


def test_hanging_answers_hold_no_worker(odoo18: Odoo) -> None:
    odoo18.faults(commit_then_timeout=6)
    values = [odoo18.delivery(f"ch/{number}/1", [odoo18.line(A, 1)]) for number in range(6)]

    def create(vals: dict[str, object]) -> None:
        with (
            httpx2.Client(base_url=odoo18.url, timeout=0.5, trust_env=False) as http,
            pytest.raises(httpx2.TimeoutException),
        ):
            Odoo(odoo18.url, 18, http).call("stock.picking", "create", vals)

    threads = [threading.Thread(target=create, args=(vals,)) for vals in values]
    for thread in threads:
        thread.start()
    eventually(lambda: odoo18.call("stock.picking", "search_count", []) == 6)
    for thread in threads:
        thread.join(5)


def test_the_wizard_comes_whatever_the_context_says(odoo: Odoo) -> None:
    picking = odoo.create("ch/1/1", odoo.line(A, 2))
    odoo.faults(wizard=1)
    assert odoo.validate(picking)["res_model"] == "stock.backorder.confirmation"
    assert odoo.picking(picking)["state"] == "assigned"
    assert odoo.stock(A) == (1000.0, 998.0)
    assert odoo.validate(picking) is True


def test_the_error_rate_fails_calls_before_they_do_anything(odoo: Odoo) -> None:
    vals = odoo.delivery("ch/1/1", [odoo.line(A, 2)])
    odoo.faults(error_rate=1)
    with pytest.raises(Fault) as raised:
        odoo.call("stock.picking", "create", vals)
    assert raised.value.name == "psycopg2.errors.SerializationFailure"
    odoo.faults(error_rate=0.5)
    failed = 0
    for _ in range(60):
        try:
            odoo.call("stock.picking", "search_count", [])
        except Fault:
            failed += 1
    assert 10 < failed < 50
    odoo.faults(error_rate=None)
    assert odoo.call("stock.picking", "search_count", []) == 0


def test_an_error_status_answers_html(odoo: Odoo) -> None:
    odoo.faults(error_status=502)
    response = odoo.http.post("/jsonrpc", json={"params": {"service": "common", "method": "version"}})
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (502, "text/html")
    odoo.faults(error_status=0)
    assert odoo.stock(A)[0] == 1000.0


def test_dropped_quantities_read_zero_although_the_stock_is_there(odoo: Odoo) -> None:
    odoo.faults(drop_free_qty=True)
    assert odoo.stock(A) == (0.0, 0.0)
    odoo.faults(drop_free_qty=False)
    assert odoo.stock(A) == (1000.0, 1000.0)


def test_a_delay_makes_an_impatient_client_give_up(odoo18: Odoo) -> None:
    odoo18.faults(delay_s=0.3)
    impatient = httpx2.Client(base_url=odoo18.url, timeout=0.05, trust_env=False)
    with impatient, pytest.raises(httpx2.TimeoutException):
        Odoo(odoo18.url, 18, impatient).call("res.partner", "create", {"name": "late"})
    # The server goes on after the client has gone (odoo.md 7).
    eventually(lambda: odoo18.call("res.partner", "search_count", [["name", "=", "late"]]) == 1)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"no_such_fault": 1}, "no_such_fault"),
        ({"error_rate": 2}, "error_rate"),
        ({"error_status": 200}, "error_status"),
        ({"wizard": "yes"}, "wizard"),
        ({"commit_then_timeout": -1}, "commit_then_timeout"),
    ],
)
def test_a_wrong_fault_is_named_and_changes_nothing(odoo18: Odoo, body: dict[str, object], name: str) -> None:
    response = odoo18.http.post("/_sandbox/faults", json={"drop_free_qty": True, **body})
    assert response.status_code == 422
    assert name in response.json()["error"]
    assert odoo18.http.get("/_sandbox/faults").json()["drop_free_qty"] == 0


def test_faults_merge_are_shown_and_end_with_reset(odoo18: Odoo) -> None:
    odoo18.faults(wizard=True, commit_then_timeout=2)
    odoo18.faults(commit_then_timeout=None)
    shown = odoo18.http.get("/_sandbox/faults").json()
    assert shown["wizard"] is True
    assert shown["commit_then_timeout"] == 0
    odoo18.control("reset")
    assert not any(odoo18.http.get("/_sandbox/faults").json().values())


def test_a_call_takes_one_of_a_counted_fault(odoo18: Odoo) -> None:
    odoo18.faults(wizard=2)
    picking = odoo18.create("ch/1/1", odoo18.line(A, 2))
    started = time.monotonic()
    answers = [odoo18.validate(picking) is True for _ in range(3)]
    assert answers == [False, False, True]
    assert time.monotonic() - started < 5
