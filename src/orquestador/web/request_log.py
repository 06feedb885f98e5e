"""Around the API: a trace id, the limit on bodies, a log entry per request, an answer to every error."""

from __future__ import annotations

import json
import time
import uuid

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orquestador.model.logs import LogEntry, LogStatus
from orquestador.ops.health import RequestCounts
from orquestador.ops.redact import LIMIT_CHARS, redact
from orquestador.web import problems
from orquestador.web.body import Disconnected, TooLarge, read_body
from orquestador.web.config import BODY_MAX_BYTES
from orquestador.web.local import client_address
from orquestador.web.services import Services
from orquestador.web.tracing import trace_id_of

_READS = ("GET", "HEAD", "OPTIONS")
_COUNTED_ONLY = ("/health", "/metrics")
_log = structlog.get_logger("orquestador.web")


class RequestLog:
    """Around the API. Health, metrics and refusals of the rate limits are only counted, everything else is
    logged as service `api`."""

    def __init__(self, app: ASGIApp, services: Services, counts: RequestCounts) -> None:
        self._app, self._services, self._counts = app, services, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        trace_id = trace_id_of(headers.get(b"traceparent"))
        scope.setdefault("state", {})["trace_id"] = trace_id
        exchange = _Exchange(send, trace_id)
        at, started = self._services.clock.now(), time.perf_counter()
        body = b""
        try:
            with structlog.contextvars.bound_contextvars(trace_id=trace_id):
                if scope["method"] not in _READS:
                    body = await read_body(receive, BODY_MAX_BYTES)
                    receive = _replay(body, receive)
                await self._app(scope, receive, exchange.send)
        except Disconnected:
            return
        except TooLarge:
            await problems.send_problem(exchange.send, problems.too_large(BODY_MAX_BYTES), trace_id)
        except Exception:  # noqa: BLE001
            # The edge: whoever asks gets a problem without details, the log gets them all.
            _log.exception("request_failed", trace_id=trace_id, method=scope["method"])
            if not exchange.started:
                await problems.send_problem(exchange.send, problems.internal(), trace_id)
        duration_ms = (time.perf_counter() - started) * 1000.0
        self._record(scope, exchange, body, at, duration_ms, trace_id)

    def _record(
        self, scope: Scope, exchange: _Exchange, body: bytes, at: float, duration_ms: float, trace_id: str
    ) -> None:
        route = scope.get("route")
        # An address that is none of ours may hold anything, a secret too, and there are endlessly many.
        path = str(getattr(route, "path", "(unknown address)"))
        action = f"{scope['method']} {path.replace(':path}', '}')}"
        self._counts.count(action, exchange.status)
        if path.startswith(_COUNTED_ONLY) or exchange.status == 429:
            return
        params = scope.get("path_params", {})
        request: dict[str, object] = {"method": scope["method"], "path": scope["path"]}
        if scope["query_string"]:
            request["query"] = "?" + scope["query_string"].decode("latin-1")
        request["by"] = scope["state"].get("caller", client_address(scope))
        sent = _readable(body)
        if sent is not None:
            request["body"] = sent
        response: dict[str, object] = {"status": exchange.status}
        if scope["method"] not in _READS or exchange.status >= 400:
            response["body"] = _readable(bytes(exchange.body))
        sku = params.get("sku") or (sent.get("sku") if isinstance(sent, dict) else None)
        order_id = params.get("order_id")
        self._services.logs.write(
            LogEntry(
                id=uuid.uuid4().hex,
                service="api",
                action=action,
                status=LogStatus.ERROR if exchange.status >= 400 else _success(exchange.status),
                timestamp=at,
                request=redact(request),
                response=redact(response),
                duration_ms=duration_ms,
                order_ids=(order_id,) if order_id else (),
                skus=(sku,) if isinstance(sku, str) else (),
                trace_id=trace_id,
            )
        )


def _success(status: int) -> LogStatus:
    return LogStatus.PENDING if status == 202 else LogStatus.SUCCESS


def _readable(body: bytes) -> object:
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body[:LIMIT_CHARS].decode("utf-8", "replace")


def _replay(body: bytes, receive: Receive) -> Receive:
    """`receive` as if the body had not been read yet."""
    pending = [body]

    async def replayed() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replayed


class _Exchange:
    """The answer on its way: its status and the beginning of its body."""

    def __init__(self, send: Send, trace_id: str) -> None:
        self._send = send
        self._trace_header = (b"x-trace-id", trace_id.encode())
        self.status = 500
        self.started = False
        self.body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = [h for h in message.get("headers", ()) if h[0] != b"x-trace-id"]
            message = {**message, "headers": [*headers, self._trace_header]}
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")[: 4 * LIMIT_CHARS - len(self.body)]
        await self._send(message)
