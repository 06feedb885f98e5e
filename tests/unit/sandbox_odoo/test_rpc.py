"""The wire: versions, log-in, faults of the protocol, workers, costs and the process itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from orquestador.sandbox.odoo import costs
from orquestador.sandbox.odoo.core import Options
from orquestador.sandbox.odoo.server import running
from tests.unit.sandbox_odoo.client import Fault, Odoo, eventually

A = "SKU-00001"


def test_version_and_log_in(odoo: Odoo) -> None:
    version = odoo.rpc("common", "version", [])["result"]
    assert version["server_version_info"][0] == odoo.version
    assert odoo.http.get("/web/version").status_code == (200 if odoo.version >= 19 else 404)
    assert odoo.rpc("common", "authenticate", ["sandbox", "admin", "admin", {}])["result"] == 2
    assert odoo.rpc("common", "login", ["sandbox", "admin", "wrong"])["result"] is False
    assert odoo.rpc("db", "list", [])["result"] == ["sandbox"]
    wrong = odoo.rpc("common", "authenticate", ["other", "admin", "admin", {}])["error"]
    assert wrong["data"]["name"] == "psycopg2.OperationalError"


def test_execute_takes_positional_arguments(odoo: Odoo) -> None:
    args = ["sandbox", 2, "admin", "product.product", "search", [["default_code", "=", A]]]
    assert odoo.rpc("object", "execute", args)["result"] == [odoo.product(A)]


@pytest.mark.parametrize(
    ("model", "method", "args", "name"),
    [
        ("no.such.model", "search", [[]], "odoo.exceptions.UserError"),
        ("stock.picking", "_action_done", [[1]], "odoo.exceptions.AccessError"),
        ("stock.picking", "no_such_method", [[1]], "builtins.AttributeError"),
        ("stock.picking", "new", [{}], "builtins.AttributeError"),  # of ours, not public
        ("product.product", "read", [[1], ["no_such_field"]], "builtins.ValueError"),
        ("product.product", "create", [{"no_such_field": 1}], "builtins.ValueError"),
        ("product.product", "search_count", [[], 0, 0, 0, 0], "builtins.TypeError"),
        ("product.product", "create", [{}], "odoo.exceptions.ValidationError"),
    ],
)
def test_a_wrong_call_has_the_real_servers_error_name(
    odoo: Odoo, model: str, method: str, args: list[object], name: str
) -> None:
    with pytest.raises(Fault) as raised:
        odoo.call(model, method, *args)
    assert raised.value.name == name
    assert raised.value.code == (0 if odoo.version >= 19 else 200)


def test_create_takes_its_values_by_position(odoo: Odoo) -> None:
    values = [odoo.delivery("ch/1/1", [odoo.line(A, 1)])]
    with pytest.raises(Fault) as raised:
        odoo.call("stock.picking", "create", vals_list=values)
    assert raised.value.name == "builtins.IndexError"
    assert odoo.call("stock.picking", "search_count", [["name", "=", "ch/1/1"]]) == 0


def test_a_group_is_asked_of_the_model_up_to_17_and_of_a_user_later(odoo: Odoo) -> None:
    ids = [[2]] if odoo.version >= 18 else []
    assert odoo.call("res.users", "has_group", *ids, group_ext_id="stock.group_stock_user") is True
    wrong = [] if odoo.version >= 18 else [[2]]
    with pytest.raises(Fault) as raised:
        odoo.call("res.users", "has_group", *wrong, group_ext_id="stock.group_stock_user")
    assert raised.value.name in ("builtins.ValueError", "builtins.TypeError", "builtins.IndexError")


def test_json2_exists_on_19_only(odoo: Odoo) -> None:
    headers = {"Authorization": "bearer admin"}
    response = odoo.http.post("/json/2/product.product/search_count", json={"domain": []}, headers=headers)
    assert response.status_code == (200 if odoo.version >= 19 else 404)
    if odoo.version >= 19:
        assert response.json() == 6


@pytest.mark.parametrize(
    ("model", "method", "named", "status", "name"),
    [
        ("no.such.model", "search", {}, 404, "werkzeug.exceptions.NotFound"),
        ("stock.picking", "no_such_method", {"ids": [1]}, 404, "werkzeug.exceptions.NotFound"),
        ("stock.picking", "_action_done", {"ids": [1]}, 403, "odoo.exceptions.AccessError"),
        ("product.product", "write", {"ids": [99999999], "vals": {}}, 404, "odoo.exceptions.MissingError"),
        ("product.product", "write", {"ids": [1]}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("product.product", "create", {"ids": [1]}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("product.product", "search_count", {"nope": 1}, 422, "werkzeug.exceptions.UnprocessableEntity"),
        ("product.product", "create", {"vals_list": [{}]}, 422, "odoo.exceptions.ValidationError"),
        ("product.product", "read", {"ids": [51], "fields": ["no_such_field"]}, 500, "builtins.ValueError"),
    ],
)
def test_json2_faults_have_their_own_status(
    odoo19: Odoo, model: str, method: str, named: dict[str, object], status: int, name: str
) -> None:
    headers = {"Authorization": "bearer admin", "X-Odoo-Database": "sandbox"}
    response = odoo19.http.post(f"/json/2/{model}/{method}", json=named, headers=headers)
    assert (response.status_code, response.json()["name"]) == (status, name)
    assert set(response.json()) == {"name", "message", "arguments", "context", "debug"}


def test_json2_of_a_database_that_is_not_there_is_an_unknown_page(odoo19: Odoo) -> None:
    headers = {"Authorization": "bearer admin", "X-Odoo-Database": "other"}
    response = odoo19.http.post("/json/2/res.users/context_get", json={}, headers=headers)
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")


def test_json2_gives_up_a_lost_race_with_500(odoo19: Odoo) -> None:
    odoo19.faults(error_rate=1)
    headers = {"Authorization": "bearer admin"}
    response = odoo19.http.post("/json/2/product.product/search_count", json={}, headers=headers)
    assert (response.status_code, response.json()["name"]) == (500, "psycopg2.errors.SerializationFailure")


def test_no_connection_is_kept_open(odoo18: Odoo) -> None:
    response = odoo18.http.post(
        "/jsonrpc", json={"id": 7, "params": {"service": "common", "method": "version"}}
    )
    assert response.headers["connection"] == "close"
    assert response.json()["id"] == 7


def test_four_requests_are_worked_on_at_a_time(odoo18: Odoo) -> None:
    odoo18.faults(delay_s=0.3)
    started = time.monotonic()
    with ThreadPoolExecutor(12) as pool:
        waiting = [pool.submit(odoo18.call, "product.product", "search_count", []) for _ in range(12)]
        assert [one.result() for one in waiting] == [6] * 12
    assert time.monotonic() - started >= 0.9  # three times four, though all came at once


def test_racing_clients_create_one_picking_of_a_name(odoo: Odoo) -> None:
    vals = odoo.delivery("ch/1/1", [odoo.line(A, 1)])

    def create(_: int) -> str:
        with httpx2.Client(base_url=odoo.url, timeout=30, trust_env=False) as http:
            try:
                Odoo(odoo.url, odoo.version, http).call("stock.picking", "create", vals)
            except Fault as fault:
                return fault.name
            return "created"

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(create, range(8)))
    assert answers == ["created", *["odoo.exceptions.ValidationError"] * 7]


def _cost(version: int, pickings: int, moves: int) -> float:
    calls = ("stock.picking.create", "stock.picking.button_validate")
    return sum(costs.write_ms(version, call, pickings, moves) for call in calls)


@pytest.mark.parametrize(
    ("version", "pickings", "moves", "measured_ms"),
    [
        (17, 1, 1, 199),
        (17, 1, 10, 566),
        (17, 1, 100, 3300),
        (17, 100, 100, 4600),
        (19, 1, 1, 276),
        (19, 1, 10, 524),
        (19, 1, 100, 3000),
        (19, 100, 100, 3800),
        (18, 1, 1, 190),
        (18, 100, 100, 4000),
    ],
)
def test_the_cost_model_is_within_a_fifth_of_what_was_measured(
    version: int, pickings: int, moves: int, measured_ms: float
) -> None:
    assert _cost(version, pickings, moves) == pytest.approx(measured_ms, rel=0.2)


def test_reading_many_costs_more_than_reading_one() -> None:
    assert costs.read_ms(18, 500, True) == pytest.approx(126, rel=0.1)
    assert costs.read_ms(18, 500, False) == pytest.approx(45, rel=0.1)
    assert costs.read_ms(18, 1, False) == pytest.approx(20, rel=0.1)


@pytest.fixture(scope="module")
def measured() -> Iterator[Odoo]:
    """A sandbox as slow as the real one."""
    with (
        running(Options(version=18, seed_catalog=2, latency="measured")) as sandbox,
        httpx2.Client(base_url=sandbox.url, timeout=30, trust_env=False) as http,
    ):
        yield Odoo(sandbox.url, 18, http)


def test_batching_pays_and_measured_calls_take_their_time(measured: Odoo) -> None:
    vals = [measured.delivery(f"ch/{number}/1", [measured.line(A, 1)]) for number in range(5)]
    started = time.monotonic()
    ids = measured.call("stock.picking", "create", vals[:4])
    measured.validate(*ids)
    batch = (time.monotonic() - started) / 4
    started = time.monotonic()
    measured.validate(measured.call("stock.picking", "create", vals[4]))
    alone = time.monotonic() - started
    assert alone >= 0.18
    assert alone > 1.8 * batch


def test_the_server_goes_on_when_the_client_has_gone(measured: Odoo) -> None:
    picking = measured.create("cut/1/1", measured.line(A, 1))
    with (
        httpx2.Client(base_url=measured.url, timeout=0.03, trust_env=False) as http,
        pytest.raises(httpx2.TimeoutException),
    ):
        Odoo(measured.url, 18, http).validate(picking)
    assert measured.picking(picking)["state"] == "draft"  # nothing can be seen yet
    eventually(lambda: measured.picking(picking)["state"] == "done")


def _start(*arguments: str) -> subprocess.Popen[str]:
    code = f"from orquestador.sandbox.odoo.server import serve; serve({', '.join(arguments)})"
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_the_process_says_where_it_listens_and_stops_at_once() -> None:
    process = _start("port=0", "version=19", "seed_catalog=1")
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line.startswith("sandbox odoo 19 listening on http://127.0.0.1:")
        url = line.split()[-1]
        with httpx2.Client(base_url=url, timeout=10, trust_env=False) as http:
            odoo = Odoo(url, 19, http)
            odoo.faults(commit_then_timeout=1)
            vals = odoo.delivery("ch/1/1", [odoo.line(A, 1)])
            hanging = threading.Thread(target=_ignore, args=(url, vals))
            hanging.start()
            eventually(lambda: len(odoo.state()["pickings"]) == 1)
        started = time.monotonic()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
        assert time.monotonic() - started < 3
        hanging.join(5)
        assert (out, err) == ("", "")
    finally:
        process.kill()
        process.wait()


def _ignore(url: str, vals: dict[str, object]) -> None:
    with httpx2.Client(base_url=url, timeout=30, trust_env=False) as http:
        answer = http.post(
            "/jsonrpc",
            json={
                "params": {
                    "service": "object",
                    "method": "execute_kw",
                    "args": ["sandbox", 2, "admin", "stock.picking", "create", [vals]],
                }
            },
        )
        assert answer.status_code == 504


def test_a_version_that_is_not_simulated_is_refused() -> None:
    with pytest.raises(ValueError, match="17, 18, 19"), running(Options(version=16)):
        pass
