"""The webhooks: a small ASGI application in front of the API, because this is the hot path (design §14).

A request is proven, read, and answered 200 only after its receipt is committed (promise P1). Anything but 200
makes a marketplace repeat for 30 days (falabella.md 7.3), so that is reserved for what a repetition can heal.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from orquestador.model.errors import StoreUnavailable
from orquestador.model.logs import LogEntry, LogStatus
from orquestador.model.notices import Notice, NoticeKind
from orquestador.ops.health import RequestCounts
from orquestador.ops.ratelimit import RequestLimits
from orquestador.ports import Accepted, InvalidBody
from orquestador.web import problems
from orquestador.web.body import Disconnected, TooLarge, read_body
from orquestador.web.config import BODY_MAX_BYTES, ODOO_DOOR, Door, WebConfig
from orquestador.web.local import client_address, is_local
from orquestador.web.odoo_body import read_odoo_notice
from orquestador.web.problems import Problem, ProblemError
from orquestador.web.proof import SIGNATURE_HEADER, Proof, read_proof
from orquestador.web.services import Services
from orquestador.web.tracing import trace_id_of

ODOO_WAIT_S = 0.040
"""Odoo 17 and 18 call inside their own transaction, so they wait no longer than this (design §7.2)."""
_FURTHER = "/webhooks/"
_log = structlog.get_logger("orquestador.web.intake")


@dataclass(frozen=True, slots=True)
class Route:
    """A webhook address without its secret. `source` is the word in the receipt, its last part the action."""

    path: str
    door: Door | None
    source: str
    stock: bool = False

    @property
    def action(self) -> str:
        return f"webhook.{self.source.rpartition('.')[2]}"

    @property
    def service(self) -> str:
        return self.door.channel if self.door else "orchestrator"


@dataclass(slots=True)
class _Request:
    """One webhook call with what its log entry needs."""

    route: Route
    scope: Scope
    trace_id: str
    started: float
    received_at: float


class Intake:
    """Answers the webhook routes and hands everything else to `app`."""

    def __init__(
        self,
        services: Services,
        config: WebConfig,
        limits: RequestLimits,
        counts: RequestCounts,
        app: ASGIApp,
    ) -> None:
        self._services, self._limits, self._counts = services, limits, counts
        self._app = app
        self._doors = {door.name: door for door in config.doors}
        self._routes = tuple(
            Route(path, self._doors.get(name), f"{name}.{what}", stock)
            for path, name, what, stock in (
                ("/falabella/webhook/order", "falabella", "order", False),
                ("/falabella/webhook/stock", "falabella", "stock", True),
                ("/odoo/webhook/stock-change", ODOO_DOOR, "stock", True),
            )
        )
        self._background: set[asyncio.Task[Accepted]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._match(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        route, path_secret = found
        headers = {name: value for name, value in scope["headers"] if name in _HEADERS}
        request = _Request(
            route=route,
            scope=scope,
            trace_id=trace_id_of(headers.get(b"traceparent")),
            started=time.perf_counter(),
            received_at=self._services.clock.now(),
        )
        try:
            if scope["method"] != "POST":
                raise ProblemError(problems.method_not_allowed("POST"))
            proof = read_proof(headers.get(SIGNATURE_HEADER), scope["query_string"], path_secret)
            body = await self._proven_body(request, proof, headers.get(b"content-length"), receive)
            answer = await self._receive(request, body)
        except Disconnected:
            return
        except ProblemError as e:
            self._log_refusal(request, e.problem)
            await problems.send_problem(send, e.problem, request.trace_id)
            return
        await problems.send_json(send, 200, answer, ((b"x-trace-id", request.trace_id.encode()),))

    def _match(self, path: str) -> tuple[Route, str] | None:
        """The route and the secret that follows it in the path."""
        for route in self._routes:
            if path.startswith(route.path):
                rest = path[len(route.path) :]
                if not rest or rest[0] == "/":
                    return route, rest[1:]
        if path.startswith(_FURTHER):
            name, _, secret = path[len(_FURTHER) :].partition("/")
            door = self._doors.get(name)
            what = "stock" if name == ODOO_DOOR else "order"
            return Route(_FURTHER + (name if door else "***"), door, f"{name}.{what}"), secret
        return None

    async def _proven_body(
        self, request: _Request, proof: Proof, length: bytes | None, receive: Receive
    ) -> bytes:
        """The body of a proven sender; nothing is read of what is surely refused."""
        door = request.route.door
        opened = door is not None and door.secret is None and door.open_locally and is_local(request.scope)
        if proof.is_empty and not opened:
            raise await self._refused(request)
        if door is not None and door.local_only and not is_local(request.scope):
            raise await self._refused(request)
        if length is not None and length.isdigit() and int(length[:20]) > BODY_MAX_BYTES:
            raise ProblemError(problems.too_large(BODY_MAX_BYTES))
        try:
            body = await read_body(receive, BODY_MAX_BYTES)
        except TooLarge:
            raise ProblemError(problems.too_large(BODY_MAX_BYTES)) from None
        if not opened and not (door and door.secret and proof.holds(door.secret, body)):
            raise await self._refused(request)
        return body

    async def _refused(self, request: _Request) -> ProblemError:
        """A failed proof. Only these are counted against an address: a proven sender never gets here."""
        wait_s = await self._limits.failed_proof(client_address(request.scope))
        if wait_s is not None:
            return ProblemError(problems.too_many_failures(wait_s))
        door = request.route.door
        if door and door.secret is None:
            detail = f"This door is closed: {door.setting} is not set, or still the sample value."
            remedy = f"Set {door.setting} to a long random text, restart, and send it."
        elif door and door.local_only and not is_local(request.scope):
            detail = f"{door.setting} is still the sample value, which proves only clients on this machine."
            remedy = f"Set {door.setting} to a long random text, restart, and send it."
        else:
            detail = "The secret or signature is missing or wrong."
            remedy = "Send the secret as last part of the path, as ?token= or as x-falabella-signature."
        return ProblemError(problems.unproven(detail, remedy))

    async def _receive(self, request: _Request, body: bytes) -> bytes:
        route = request.route
        assert route.door is not None
        try:
            if route.door.name == ODOO_DOOR:
                return await self._receive_odoo(request, route.door, body)
            notice = self._read_notice(route, route.door, body)
            accepted = await self._services.accept(
                route.source, route.door.channel, notice, body, request.received_at, request.trace_id
            )
        except InvalidBody as e:
            raise ProblemError(problems.invalid_field(e.field, f"{e.field}: {e.problem}", e.remedy)) from e
        except StoreUnavailable as e:
            raise ProblemError(problems.store_unavailable()) from e
        except Exception as e:
            # The edge: the sender gets a problem without details, the log gets them all.
            _log.exception("webhook_failed", trace_id=request.trace_id, source=route.source)
            raise ProblemError(problems.internal()) from e
        return _answer(notice, accepted)

    def _read_notice(self, route: Route, door: Door, body: bytes) -> Notice:
        channel = self._services.channels[door.channel]
        try:
            return channel.read_notice(body, stock=route.stock)
        except InvalidBody:
            raise
        except Exception as e:  # noqa: BLE001 - a body that trips a parser is kept for a person, not repeated for 30 days
            _log.warning("notice_unreadable", source=route.source, error=type(e).__name__)
            return Notice(
                NoticeKind.UNREADABLE,
                dedupe=hashlib.sha256(body).hexdigest(),
                reason=f"the body cannot be read ({type(e).__name__})",
            )

    async def _receive_odoo(self, request: _Request, door: Door, body: bytes) -> bytes:
        """Hint first, then the journal while Odoo may wait; the journaling goes on behind the answer."""
        said = read_odoo_notice(body)
        if said.products:
            self._services.hint_products(said.products)
        if said.skus:
            self._services.hint_skus(said.skus)
        task = asyncio.ensure_future(
            self._services.accept(
                request.route.source, door.channel, said.notice, body, request.received_at, request.trace_id
            )
        )
        self._background.add(task)
        task.add_done_callback(self._journaled)
        await asyncio.wait((task,), timeout=ODOO_WAIT_S)
        accepted = task.result() if task.done() and task.exception() is None else None
        return _answer(said.notice, accepted)

    def _journaled(self, task: asyncio.Task[Accepted]) -> None:
        self._background.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # No harm to stock: the hint was taken, and the cursor over Odoo's changes is the promise.
            _log.warning("odoo_notice_not_journaled", error=type(error).__name__)

    def _log_refusal(self, request: _Request, problem: Problem) -> None:
        if problem.status == 429:
            # Its address has filled enough of the log already.
            self._counts.count(f"{request.scope['method']} {request.route.path}", problem.status)
            return
        request_facts = {
            "method": request.scope["method"],
            "path": request.route.path,
            "client": client_address(request.scope),
        }
        self._services.logs.write(
            LogEntry(
                id=uuid.uuid4().hex,
                service=request.route.service,
                action=request.route.action,
                status=LogStatus.ERROR,
                timestamp=request.received_at,
                request=request_facts,
                response={"status": problem.status, "detail": problem.detail, "field": problem.field},
                duration_ms=(time.perf_counter() - request.started) * 1000.0,
                trace_id=request.trace_id,
            )
        )


_ABOUT_ORDERS = (NoticeKind.ORDER, NoticeKind.UNREADABLE)
_HEADERS = frozenset((SIGNATURE_HEADER, b"content-length", b"traceparent"))


def _answer(notice: Notice, accepted: Accepted | None) -> bytes:
    order = notice.refs[0] if notice.kind in _ABOUT_ORDERS and notice.refs else None
    # Written by hand: building a dict and dumping it is a tenth of the whole request.
    return (
        f'{{"success": true, "message": {_text(_message(notice, accepted))}, "orderId": {_text(order)}, '
        f'"receiptId": {_text(accepted.receipt_id if accepted else None)}, '
        f'"duplicate": {"true" if accepted and accepted.duplicate else "false"}}}'
    ).encode()


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring_ascii(value)


def _message(notice: Notice, accepted: Accepted | None) -> str:
    if notice.kind is NoticeKind.IGNORED:
        return f"ignored: {notice.reason or notice.event or 'nothing to do'}"
    if notice.kind is NoticeKind.UNREADABLE:
        return f"kept for a person: {notice.reason or 'the body cannot be read'}"
    return "already received" if accepted and accepted.duplicate else "accepted"
