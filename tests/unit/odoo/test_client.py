"""What goes over the wire to each version, and what comes back, in real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from orquestador.clock import SystemClock
from orquestador.erp.odoo.client import READ_TRIES, Client, speaks
from orquestador.erp.odoo.config import OdooSettings
from orquestador.http_base import CallFailed, CallRecord, HttpBase
from orquestador.model.errors import Ambiguous, AuthRefused, Rejected, Unavailable, UpstreamError
from orquestador.model.logs import LogStatus
from tests.unit.odoo.recorded import VERSIONS, body_of, fault_name, recorded
from tests.unit.odoo.test_faults import EXPECTED
from tests.unit.odoo.wire import PAGE, Wire, serving

CONTEXT = {"allowed_company_ids": [1]}
CONFLICT = {"name": "psycopg2.errors.SerializationFailure", "message": "", "arguments": [], "context": {}}


@asynccontextmanager
async def client_of(
    wire: Wire, *, key: bool = True, log: list[CallRecord] | None = None
) -> AsyncIterator[Client]:
    http = HttpBase("odoo", SystemClock(), log=log.append if log is not None else None, speaks=speaks)
    settings = OdooSettings(wire.url, "shop", "bot@example.com", "k3y", is_key=key)
    yield Client(settings, http)
    await http.close()


@pytest.mark.parametrize(
    ("version", "key", "api"),
    [
        (15, True, "JSON-RPC"),
        (17, True, "JSON-RPC"),
        (18, True, "JSON-RPC"),
        (19, False, "JSON-RPC"),
        (19, True, "JSON-2"),
        (20, True, "JSON-2"),
    ],
)
async def test_the_transport_that_fits(version: int, key: bool, api: str) -> None:
    async with serving(version, answer=lambda _: (200, {})) as wire, client_of(wire, key=key) as client:
        await client.call("stock.picking", "action_cancel", [1], write=True)
        assert client.api == api
        assert wire.calls[0].path.startswith("/json/2/" if api == "JSON-2" else "/jsonrpc")
        assert (await client.version()).major == version
        assert await client.uid() == 7


async def test_what_no_header_can_hold_goes_in_a_body() -> None:
    async with serving(19, answer=lambda _: (200, {})) as wire:
        http = HttpBase("odoo", SystemClock(), speaks=speaks)
        client = Client(OdooSettings(wire.url, "almacén", "bot@example.com", "k3y", is_key=True), http)
        await client.call("stock.picking", "action_cancel", [1], write=True)
        assert wire.calls[0].body["params"]["args"][0] == "almacén"
        await http.close()


async def test_an_upgraded_server_is_met_by_what_fits_it() -> None:
    async with serving(18) as wire, client_of(wire) as client:
        await client.version()
        assert client.api == "JSON-RPC"
        wire.version = 19
        await client.version()
        assert client.api == "JSON-2"


async def test_what_json2_sends() -> None:
    async with serving(19, answer=lambda _: (200, True)) as wire, client_of(wire) as client:
        await client.call("stock.move", "write", [5, 6], {"vals": {"quantity": 2.0}}, CONTEXT, write=True)
        await client.call("stock.picking", "create", kwargs={"vals_list": [{"name": "k"}]}, write=True)
        write, create = wire.calls
        assert (write.method, write.path) == ("POST", "/json/2/stock.move/write")
        assert write.headers["authorization"] == "bearer k3y"
        assert write.headers["x-odoo-database"] == "shop"
        assert write.body == {"ids": [5, 6], "vals": {"quantity": 2.0}, "context": CONTEXT}
        assert create.body == {"vals_list": [{"name": "k"}]}


async def test_what_json_rpc_sends() -> None:
    async with (
        serving(18, answer=lambda _: (200, {"result": True})) as wire,
        client_of(wire, key=False) as client,
    ):
        await client.call("stock.move", "write", [5, 6], {"vals": {"quantity": 2.0}}, CONTEXT, write=True)
        await client.call("stock.picking", "create", kwargs={"vals_list": [{"name": "k"}]}, write=True)
        await client.call("stock.picking", "search_read", kwargs={"domain": []}, context=CONTEXT)
        sent = [a.body["params"]["args"] for a in wire.calls]
        assert [args[:3] for args in sent] == [["shop", 7, "k3y"]] * 3
        assert [args[3:] for args in sent] == [
            ["stock.move", "write", [[5, 6], {"quantity": 2.0}], {"context": CONTEXT}],
            ["stock.picking", "create", [[{"name": "k"}]], {}],
            ["stock.picking", "search_read", [], {"domain": [], "context": CONTEXT}],
        ]


@pytest.mark.parametrize("version", [18, 19])
async def test_a_call_on_no_records_never_leaves(version: int) -> None:
    async with serving(version) as wire, client_of(wire) as client:
        none: tuple[list[int] | None, ...] = (None, [])
        for ids in none:
            with pytest.raises(ValueError, match="records"):
                await client.call("stock.picking", "button_validate", ids, write=True)
        assert wire.calls == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_every_recorded_answer_over_the_wire(version: int) -> None:
    """The whole way: detection, HTTP, parsing; and nothing of a trace in what is logged."""
    cases = [c for c in recorded(version, "jsonrpc", "json2") if c.get("service", "object") == "object"]
    log: list[CallRecord] = []
    played: dict[str, Any] = {}
    async with (
        serving(version, answer=lambda _: (played["status"], body_of(played))) as wire,
        client_of(wire, key=False, log=log) as by_password,
        client_of(wire, key=True, log=log) as by_key,
    ):
        for case in cases:
            played = case
            client = by_key if case["api"] == "json2" else by_password
            answer: object = None
            error: UpstreamError | None = None
            log.clear()
            try:
                answer = await client.call("stock.picking", "action_cancel", [1], write=True)
            except UpstreamError as raised:
                error = raised
            if "error" in case:
                assert type(error) is EXPECTED[fault_name(case)], case["case"]
                assert log[-1].status is LogStatus.ERROR
            else:
                assert error is None
                assert answer == case["answer"]
            assert "secret" not in f"{error} {log}"
            assert "k3y" not in str(log)
    assert {c["api"] for c in cases} == ({"jsonrpc", "json2"} if version >= 19 else {"jsonrpc"})


@pytest.mark.parametrize("http", ["1.0", "1.1"])
@pytest.mark.parametrize("version", [18, 19])
async def test_a_server_that_keeps_no_connection_open(version: int, http: str) -> None:
    async with serving(version, http=http, answer=lambda _: (200, {"result": True})) as wire:
        async with client_of(wire) as client:
            for _ in range(20):
                await client.call("stock.picking", "action_cancel", [1], write=True)
        assert len(wire.calls) == 20
        assert wire.connections == len(wire.asked)


def conflict(version: int) -> tuple[int, Any]:
    return (500, CONFLICT) if version >= 19 else (200, {"error": {"code": 200, "data": CONFLICT}})


@pytest.mark.parametrize("version", [18, 19])
async def test_a_lost_race_is_run_again_by_a_read_and_never_by_a_write(version: int) -> None:
    async with serving(version, answer=lambda _: conflict(version)) as wire, client_of(wire) as client:
        with pytest.raises(CallFailed):
            await client.call("stock.quant", "search_read", kwargs={"domain": []})
        assert len(wire.calls) == READ_TRIES
        wire.asked.clear()
        with pytest.raises(Ambiguous):
            await client.call("stock.picking", "button_validate", [1], write=True)
        assert len(wire.calls) == 1


@pytest.mark.parametrize("version", [18, 19])
async def test_a_page_of_a_proxy_is_no_answer_of_odoo(version: int) -> None:
    async with serving(version, answer=lambda _: (502, PAGE)) as wire, client_of(wire) as client:
        with pytest.raises(Ambiguous):
            await client.call("stock.picking", "button_validate", [1], write=True)
    async with serving(version, answer=lambda _: (404, PAGE)) as wire, client_of(wire) as client:
        with pytest.raises(Unavailable):
            await client.call("stock.picking", "button_validate", [1], write=True)


async def test_a_key_that_is_refused_forgets_whose_it_was() -> None:
    fault = {"name": "werkzeug.exceptions.Unauthorized", "message": "", "arguments": [], "context": {}}
    async with serving(19, answer=lambda _: (401, fault)) as wire, client_of(wire) as client:
        await client.uid()
        await client.uid()
        assert [a.path for a in wire.asked].count("/json/2/res.users/context_get") == 1
        with pytest.raises(AuthRefused):
            await client.call("stock.picking", "search_read", kwargs={"domain": []})
        await client.uid()
        assert [a.path for a in wire.asked].count("/json/2/res.users/context_get") == 2


async def test_a_missing_record_is_a_definitive_no_over_http_404() -> None:
    fault = {"name": "odoo.exceptions.MissingError", "message": "gone", "arguments": ["gone"], "context": {}}
    async with serving(19, answer=lambda _: (404, fault)) as wire, client_of(wire) as client:
        with pytest.raises(Rejected, match="gone"):
            await client.call("stock.picking", "write", [1], {"vals": {}}, write=True)
