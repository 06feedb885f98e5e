"""The one way out over HTTP: pace, four time-outs, typed errors, a circuit breaker, a record of each call.

What an exception means depends on whether the call writes (`Profile.WRITE`):

    never sent (cannot connect)        Unavailable            Unavailable
    cut off, timed out, 5xx, 408       Unavailable (read)     Ambiguous (write: it may have happened)
    no JSON/XML but HTML               Unavailable (read)     Ambiguous (write; 4xx: Unavailable)
    429                                RateLimited            RateLimited
"""

from __future__ import annotations

import email.utils
import functools
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2

from orquestador.circuit import Circuit
from orquestador.model.errors import Ambiguous, RateLimited, Unavailable, UpstreamError
from orquestador.model.logs import LogStatus
from orquestador.ops.confidential import is_confidential
from orquestador.ops.redact import MASK, redact, redact_text
from orquestador.ops.serving import served
from orquestador.pace import Pace
from orquestador.ports import Clock

T = TypeVar("T")

KEEP_ALIVE_S = 4.0
"""Shorter than what servers keep (5 s and more): a write on a connection being closed would be a doubt."""


class Profile(StrEnum):
    """Whether a call changes something over there: decides time-outs and what an interrupted call means."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class TimeOuts:
    """Seconds. `read` is the wait for (each part of) the answer."""

    read_s: float = 15.0
    connect_s: float = 5.0
    write_s: float = 15.0
    pool_s: float = 30.0

    def httpx(self) -> httpx2.Timeout:
        return httpx2.Timeout(connect=self.connect_s, read=self.read_s, write=self.write_s, pool=self.pool_s)


@dataclass(frozen=True, slots=True)
class CallNote:
    """What the caller knows about a call, for its log entry; what is left empty comes from `serving`."""

    action: str
    request: object = None
    """What was asked, in the upstream's words; never credentials (it is redacted as well)."""
    order_ids: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    trace_id: str | None = None
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One upstream call as it went: redacted, cut, ready for a log entry; it started at `at`."""

    service: str
    action: str
    status: LogStatus
    at: float
    duration_ms: float
    request: object
    response: object
    order_ids: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    trace_id: str | None = None
    links: tuple[str, ...] = ()


CallLogger = Callable[[CallRecord], None]
"""Gets each call's record; must neither block nor raise."""


class CallFailed(Unavailable):
    """This call failed and may be tried again; the upstream as a whole is well (the circuit stays closed)."""


class HttpBase:
    """One client for one upstream. No redirects, no proxies from the environment, no cookies kept."""

    def __init__(
        self,
        service: str,
        clock: Clock,
        *,
        log: CallLogger | None = None,
        circuit: Circuit | None = None,
        pace: Pace | None = None,
        read: TimeOuts = TimeOuts(),
        write: TimeOuts = TimeOuts(read_s=60.0),
        max_connections: int = 8,
        headers: Mapping[str, str] | None = None,
        speaks: Callable[[httpx2.Response], bool] | None = None,
    ) -> None:
        """`speaks`: True for an answer of the upstream itself whatever its status says; `parse` judges it."""
        self.service = service
        self.circuit = circuit or Circuit(clock)
        self._clock, self._pace = clock, pace
        self._log = log
        self._speaks = speaks
        self._timeouts = {Profile.READ: read.httpx(), Profile.WRITE: write.httpx()}
        self._client = httpx2.AsyncClient(
            limits=httpx2.Limits(
                max_connections=max_connections,
                max_keepalive_connections=max_connections,
                keepalive_expiry=KEEP_ALIVE_S,
            ),
            follow_redirects=False,
            verify=_trust(),
            trust_env=False,
            headers=dict(headers or {}),
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        profile: Profile,
        note: CallNote,
        params: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """The answer of the upstream itself: 2xx, or a 4xx other than 408 and 429 that is not HTML."""
        return await self.fetch(
            method,
            url,
            _as_is,
            profile=profile,
            note=note,
            params=params,
            content=content,
            json=json,
            headers=headers,
        )

    async def fetch(
        self,
        method: str,
        url: str,
        parse: Callable[[httpx2.Response], T],
        *,
        profile: Profile,
        note: CallNote,
        params: Mapping[str, str] | None = None,
        content: bytes | str | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """`parse(answer)`; what it raises is what is logged, so an error inside a 200 counts as one.

        With a pace it first waits for its turn, which is no part of the call's time-outs or logged duration.
        """
        call = functools.partial(
            self._fetch, method, url, parse, profile, note, params, content, json, headers
        )
        if self._pace is None:
            return await call()
        # Nobody waits for a turn only to hear that the circuit is open.
        self.circuit.refuse_while_open()
        async with self._pace.turn():
            return await call()

    async def _fetch(
        self,
        method: str,
        url: str,
        parse: Callable[[httpx2.Response], T],
        profile: Profile,
        note: CallNote,
        params: Mapping[str, str] | None,
        content: bytes | str | None,
        json: object,
        headers: Mapping[str, str] | None,
    ) -> T:
        probe = self.circuit.admit()
        at, began = self._clock.now(), time.perf_counter()
        status, settled = LogStatus.ERROR, False
        shown: object = None
        http: dict[str, object] = {}
        try:
            answer = await self._send(method, url, profile, params, content, json, headers)
            http = {"httpStatus": answer.status_code}
            try:
                value = parse(answer)
            except Unavailable as error:
                if not isinstance(error, RateLimited | CallFailed):
                    settled = True
                    self.circuit.failed(str(error), probe=probe)
                raise
            except ValueError as error:
                raise _unreadable(self.service, profile) from error
            status, shown = LogStatus.SUCCESS, _body(answer) if value is answer else value
            return value
        except _Sent as error:
            settled = True
            self.circuit.failed(error.outcome.detail, probe=probe)
            shown = {"error": type(error.outcome).__name__, "detail": error.outcome.detail}
            raise error.outcome from error.__cause__
        except UpstreamError as error:
            if not settled:
                settled = True
                self.circuit.succeeded()
            shown = {**http, "error": type(error).__name__, "detail": error.detail}
            raise
        finally:
            if status is LogStatus.SUCCESS:
                self.circuit.succeeded()
            elif not settled and probe:
                self.circuit.gave_up()
            self._record(note, status, at, (time.perf_counter() - began) * 1000.0, method, url, shown)

    async def close(self) -> None:
        if self._pace is not None:
            await self._pace.close()
        await self._client.aclose()

    async def _send(
        self,
        method: str,
        url: str,
        profile: Profile,
        params: Mapping[str, str] | None,
        content: bytes | str | None,
        json: object,
        headers: Mapping[str, str] | None,
    ) -> httpx2.Response:
        try:
            answer = await self._client.request(
                method,
                url,
                params=params,
                content=content,
                json=json,
                headers=headers,
                timeout=self._timeouts[profile],
            )
        except httpx2.PoolTimeout as error:
            raise CallFailed(f"{self.service}: {_what(error)}") from error  # our own crowd, not their failure
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise _Sent(Unavailable(f"{self.service}: {_what(error)}")) from error
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _Sent(_interrupted(profile, f"{self.service}: {_what(error)}")) from error
        status = answer.status_code
        if status == 429:
            raise RateLimited(f"{self.service}: HTTP 429", retry_at=self._retry_at(answer))
        if self._speaks is not None and self._speaks(answer):
            return answer
        if status >= 500 or status == 408:
            raise _Sent(_interrupted(profile, f"{self.service}: HTTP {status}"))
        if 300 <= status < 400:
            host = urlsplit(answer.headers.get("location", "")).netloc
            raise _Sent(Unavailable(f"{self.service}: HTTP {status}, redirected to {host or 'another page'}"))
        if "html" in answer.headers.get("content-type", ""):
            detail = f"{self.service}: a web page instead of an answer (HTTP {status})"
            raise _Sent(Unavailable(detail) if status >= 400 else _interrupted(profile, detail))
        return answer

    def _retry_at(self, answer: httpx2.Response) -> float | None:
        text = answer.headers.get("retry-after", "").strip()
        if text.isdigit():
            return self._clock.now() + float(text)
        try:
            return email.utils.parsedate_to_datetime(text).timestamp()
        except ValueError:
            return None

    def _record(
        self,
        note: CallNote,
        status: LogStatus,
        at: float,
        duration_ms: float,
        method: str,
        url: str,
        shown: object,
    ) -> None:
        if self._log is None:
            return
        around = served()
        request = note.request if note.request is not None else f"{method} {redact_text(url)}"
        if is_confidential():
            request = shown = MASK
        self._log(
            CallRecord(
                service=self.service,
                action=note.action,
                status=status,
                at=at,
                duration_ms=duration_ms,
                request=redact(request),
                response=redact(shown),
                order_ids=note.order_ids or around.order_ids,
                skus=note.skus or around.skus,
                trace_id=note.trace_id or around.trace_id,
                links=note.links or around.links,
            )
        )


@functools.cache
def _trust() -> ssl.SSLContext:
    """One for all clients, because reading the certificates is slow; SSL_CERT_FILE (a private CA) counts."""
    return httpx2.create_ssl_context()


class _Sent(Exception):
    """A failure of the transport, as against an answer of the upstream; `outcome` is what the caller gets."""

    def __init__(self, outcome: UpstreamError) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


def _as_is(answer: httpx2.Response) -> httpx2.Response:
    return answer


def _interrupted(profile: Profile, detail: str) -> UpstreamError:
    return Ambiguous(detail) if profile is Profile.WRITE else Unavailable(detail)


def _unreadable(service: str, profile: Profile) -> UpstreamError:
    return _interrupted(profile, f"{service}: an answer that cannot be read")


def _what(error: Exception) -> str:
    # The class says what happened; the message may hold the URL, and the URL a signature.
    return {
        "ConnectError": "cannot connect",
        "ConnectTimeout": "connecting timed out",
        "PoolTimeout": "none of our connections became free",
        "ReadTimeout": "no answer in time",
        "WriteTimeout": "sending timed out",
        "RemoteProtocolError": "the connection was cut",
        "ReadError": "the connection was cut",
        "WriteError": "the connection was cut",
    }.get(type(error).__name__, type(error).__name__)


def _body(answer: httpx2.Response) -> object:
    try:
        return answer.json()
    except ValueError:
        return answer.text
