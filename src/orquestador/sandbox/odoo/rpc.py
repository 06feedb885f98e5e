"""The two external APIs: JSON-RPC on every version and JSON-2 on 19 (odoo.md 1)."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from orquestador.sandbox.odoo import costs
from orquestador.sandbox.odoo.core import HANG_S, Core, Outcome
from orquestador.sandbox.odoo.errors import (
    AccessDenied,
    AccessError,
    NoSuchDatabase,
    NotFound,
    Unauthorized,
    UnprocessableEntity,
    UserError,
    fault_data,
    http_status,
    rpc_error,
)

DATABASE = "sandbox"
_CLOSE = {"Connection": "close"}  # the multi-process server keeps no connection open (odoo.md 1.2)
_SERVER_VERSION = {17: "17.0", 18: "18.0-20250702", 19: "19.0"}


class Rpc:
    """HTTP handlers of the external APIs."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def routes(self) -> list[Route]:
        """The routes this version has."""
        found = [
            Route("/jsonrpc", self.jsonrpc, methods=["POST"]),
            Route("/web/webclient/version_info", self.version_info, methods=["POST"]),
        ]
        if self._core.options.version >= 19:
            found.append(Route("/web/version", self.web_version, methods=["GET"]))
            found.append(Route("/json/2/{model}/{method}", self.json2, methods=["POST"]))
        return found

    # -- JSON-RPC ------------------------------------------------------------------------------------------

    async def jsonrpc(self, request: Request) -> Response:
        """Answer one call: HTTP 200 with `result` or `error`; None leaves `result` out (recorded)."""
        if (broken := self._broken()) is not None:
            return broken
        call_id: Any = None
        answer: dict[str, Any]
        async with self._core.workers:
            try:
                body = json.loads(await request.body())
                call_id, params = body.get("id"), body["params"]
                outcome = await self._service(params["service"], params["method"], params.get("args") or [])
                answer = {} if outcome.value is None else {"result": outcome.value}
            except Exception as error:  # noqa: BLE001 -- the edge: every fault becomes an answer
                outcome, answer = Outcome(None), {"error": rpc_error(error, self._core.options.version)}
        if outcome.hangs:
            return await self._hang(request)
        return JSONResponse({"jsonrpc": "2.0", "id": call_id, **answer}, headers=_CLOSE)

    async def version_info(self, request: Request) -> Response:
        """What clients such as odoorpc ask first."""
        body = json.loads(await request.body() or b"{}")
        answer = {"jsonrpc": "2.0", "id": body.get("id"), "result": self._version()}
        return JSONResponse(answer, headers=_CLOSE)

    async def web_version(self, _: Request) -> Response:
        """The plain version answer of 19."""
        version = self._version()
        answer = {"version_info": version["server_version_info"], "version": version["server_serie"]}
        return JSONResponse(answer, headers=_CLOSE)

    async def _service(self, service: str, method: str, args: Sequence[Any]) -> Outcome:
        if service == "common":
            return Outcome(await self._common(method, args))
        if service == "db":
            if method == "list":
                return Outcome([DATABASE])
            if method == "server_version":
                return Outcome(_SERVER_VERSION[self._core.options.version])
            raise UserError(f"Method {method} does not exist on service db")
        if service != "object" or method not in ("execute", "execute_kw"):
            raise KeyError(f"{service}.{method}")
        database, uid, password, model, name, *rest = args
        uid = self._check(database, uid, password)
        if method == "execute":
            return await self._core.call(model, name, rest, {}, uid)
        positional, named = [*rest, [], {}][:2] if len(rest) < 2 else rest[:2]
        if name == "create" and not positional:
            raise IndexError(
                "list index out of range"
            )  # RPC looks at what comes first, to know what to answer
        return await self._core.call(model, name, positional or [], named or {}, uid)

    async def _common(self, method: str, args: Sequence[Any]) -> Any:
        if method == "version":
            return self._version()
        if method == "about":
            return "See http://openerp.com"
        if method in ("login", "authenticate"):
            if args[0] != DATABASE:
                raise NoSuchDatabase(f'database "{args[0]}" does not exist')
            if self._core.options.latency == "measured":
                await asyncio.sleep(costs.LOGIN_MS / 1000)
            return self._core.user(str(args[2]), login=str(args[1])) or False
        raise UserError(f"Method not found: {method}")

    def _check(self, database: Any, uid: Any, password: Any) -> int:
        if database != DATABASE:
            raise NoSuchDatabase(f'database "{database}" does not exist')
        user = self._core.user(str(password), uid=uid) if isinstance(uid, int) else None
        if user is None:
            raise AccessDenied("Access Denied")
        return user

    def _version(self) -> dict[str, Any]:
        version = self._core.options.version
        return {
            "server_version": _SERVER_VERSION[version],
            "server_version_info": [version, 0, 0, "final", 0, ""],
            "server_serie": f"{version}.0",
            "protocol_version": 1,
        }

    # -- JSON-2 --------------------------------------------------------------------------------------------

    async def json2(self, request: Request) -> Response:
        """Answer one call: the bare value with 200, or the fault object with its own status."""
        if (broken := self._broken()) is not None:
            return broken
        if request.headers.get("x-odoo-database", DATABASE) != DATABASE:
            # Without a database there are no such routes either: the page of any unknown address.
            page = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>"
            return HTMLResponse(page, status_code=404, headers=_CLOSE)
        async with self._core.workers:
            try:
                uid = self._check_bearer(request)
                model, method = request.path_params["model"], request.path_params["method"]
                named = json.loads(await request.body() or b"{}")
                outcome = await self._core.call(model, method, [], self._bound(model, method, named), uid)
            except Exception as error:  # noqa: BLE001 -- the edge: every fault becomes an answer
                data = fault_data(error)
                if isinstance(error, Unauthorized):
                    del data["debug"]  # recorded: no trace for those who may not know
                return JSONResponse(data, status_code=http_status(error), headers=_CLOSE)
        if outcome.hangs:
            return await self._hang(request)
        return JSONResponse(outcome.value, headers=_CLOSE)

    def _check_bearer(self, request: Request) -> int:
        """A user's password is its key here."""
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        user = self._core.user(key) if kind.lower() == "bearer" else None
        if user is None:
            raise Unauthorized("401 Unauthorized", "Invalid apikey")
        return user

    def _bound(self, model: str, method: str, named: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by name; without `ids` a method of records gets none (recorded: true, no effect)."""
        try:
            function = self._core.resolve(model, method)
        except AccessError:
            raise
        except (UserError, AttributeError) as error:
            raise NotFound("404 Not Found", str(error.args[0])) from error
        signature = inspect.signature(function)
        given = {name: value for name, value in named.items() if name != "context"}
        if "ids" in signature.parameters:
            given = {"ids": [], **given}
        try:
            signature.bind(None, **given)
        except TypeError as error:
            raise UnprocessableEntity("422 Unprocessable Entity", str(error)) from error
        return {**given, "context": named.get("context") or {}}

    # -- faults --------------------------------------------------------------------------------------------

    def _broken(self) -> Response | None:
        status = int(self._core.faults.value("error_status"))
        if not status:
            return None
        page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>"
        return HTMLResponse(page, status_code=status, headers=_CLOSE)

    async def _hang(self, request: Request) -> Response:
        """Say nothing until the client gives up, the server stops or the time is over."""
        gone = asyncio.ensure_future(_disconnected(request))
        stopping = asyncio.ensure_future(self._core.stopping.wait())
        await asyncio.wait({gone, stopping}, timeout=HANG_S, return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        stopping.cancel()
        return HTMLResponse("<html><body>504 Gateway Time-out</body></html>", status_code=504, headers=_CLOSE)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
