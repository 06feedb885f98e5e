"""Odoo's JSON-RPC (`/jsonrpc`, 15 to 19) and what its errors mean (odoo.md §1.2, §3)."""

from __future__ import annotations

import asyncio
import email.utils
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import httpx2

from orquestador.erp.odoo.config import OdooSettings
from orquestador.http_base import CallFailed, CallNote, HttpBase, Profile
from orquestador.model.errors import Ambiguous, AuthRefused, Rejected, Unavailable, UpstreamError
from orquestador.ops.redact import redact_text

T = TypeVar("T")

Row = dict[str, Any]
"""One record of Odoo as it answers it; many2one as [id, name] or False."""

_REFUSED = frozenset({"AccessDenied", "AccessError", "SessionExpiredException"})
_BUSINESS = frozenset({"UserError", "ValidationError", "MissingError", "RedirectWarning"})
# What Python code inside Odoo raises; the transaction was rolled back (odoo.md §3).
_CODE = frozenset(
    f"builtins.{name}"
    for name in (
        "AssertionError",
        "AttributeError",
        "IndexError",
        "KeyError",
        "NameError",
        "NotImplementedError",
        "RecursionError",
        "TypeError",
        "ValueError",
        "ZeroDivisionError",
    )
)


# Transactions that got in each other's way (odoo.md §7): the server as a whole is well.
_CONFLICT = frozenset(
    f"psycopg2.errors.{name}" for name in ("SerializationFailure", "LockNotAvailable", "DeadlockDetected")
)


class Transport(Protocol):
    """One way to call a method of an Odoo model. Raises the UpstreamError tree."""

    async def call(
        self,
        model: str,
        method: str,
        args: Sequence[object],
        kwargs: Mapping[str, object] | None = None,
        *,
        write: bool = False,
    ) -> Any: ...


READ_TRIES = 4
"""A read that met a conflict is simply made again; a write never is (odoo.md §3)."""


class JsonRpc:
    """The uid is asked once (a login costs Odoo 350-700 ms, odoo.md §2) and forgotten when it is refused."""

    def __init__(self, settings: OdooSettings, http: HttpBase) -> None:
        self._settings, self._http = settings, http
        self._url = f"{settings.url.rstrip('/')}/jsonrpc"
        self._uid: int | None = None
        self._login = asyncio.Lock()
        self.server_date: float | None = None
        """Odoo's clock in its last answer (seconds since the epoch, whole)."""

    async def version(self) -> Row:
        """`common.version`: needs no credentials."""
        return await self._post("common", "version", [], _mapping, Profile.READ, CallNote("version"))

    async def uid(self) -> int:
        """Our user's id; AuthRefused when the name, the secret or the database is wrong."""
        async with self._login:
            if self._uid is None:
                s = self._settings
                note = CallNote("authenticate", request={"db": s.db})
                args: list[object] = [s.db, s.username, s.secret, {}]
                uid = await self._post("common", "authenticate", args, _anything, Profile.READ, note)
                # Bad credentials answer false, not an error (odoo.md §2).
                if not isinstance(uid, int) or isinstance(uid, bool):
                    raise AuthRefused("odoo: user name or password is refused")
                self._uid = uid
            return self._uid

    async def call(
        self,
        model: str,
        method: str,
        args: Sequence[object],
        kwargs: Mapping[str, object] | None = None,
        *,
        write: bool = False,
    ) -> Any:
        s = self._settings
        uid = await self.uid()
        note = CallNote(
            f"{model}.{method}", request={"args": list(args), **({"kwargs": kwargs} if kwargs else {})}
        )
        full = [s.db, uid, s.secret, model, method, list(args), dict(kwargs or {})]
        profile = Profile.WRITE if write else Profile.READ
        tries = 1 if write else READ_TRIES
        while True:
            tries -= 1
            try:
                return await self._post("object", "execute_kw", full, _anything, profile, note)
            except CallFailed:
                # A lost race in Odoo's database is over at once; a check of ten reads must not fail for one.
                if tries == 0:
                    raise
            except AuthRefused:
                self._uid = None
                raise

    async def _post(
        self,
        service: str,
        method: str,
        args: list[object],
        shape: Callable[[object], T],
        profile: Profile,
        note: CallNote,
    ) -> T:
        def parse(answer: httpx2.Response) -> T:
            self._note_date(answer)
            return shape(read_answer(answer, profile))

        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 1,
            "params": {"service": service, "method": method, "args": args},
        }
        return await self._http.fetch("POST", self._url, parse, profile=profile, note=note, json=body)

    def _note_date(self, answer: httpx2.Response) -> None:
        try:
            self.server_date = email.utils.parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        except ValueError:
            self.server_date = None


def read_answer(answer: httpx2.Response, profile: Profile) -> object:
    """The result of a JSON-RPC answer, or the error that it is; an absent result is None (odoo.md §1.2)."""
    if answer.status_code != 200:
        if answer.status_code in (401, 403):
            raise AuthRefused(f"odoo: HTTP {answer.status_code}")
        raise Unavailable(f"odoo: HTTP {answer.status_code} from /jsonrpc")
    body = _mapping(answer.json())
    error = body.get("error")
    if error is not None:
        raise error_of(error, profile)
    return body.get("result")


def error_of(error: object, profile: Profile) -> UpstreamError:
    """What an `error` means, by `data.name` only: texts change with the language, `code` with the version."""
    data = error.get("data") if isinstance(error, dict) else None
    data = data if isinstance(data, dict) else {}
    name = str(data.get("name") or "unknown error")
    short = name.rpartition(".")[2]
    if name.startswith("odoo.") and short in _REFUSED:
        return AuthRefused(f"odoo: {short}")
    if name.startswith("odoo.exceptions.") and short in _BUSINESS:
        # The message is written for people; `debug` holds the trace and stays behind.
        message = redact_text(str(data.get("message") or "").strip(), 300)
        return Rejected(f"odoo: {message or short}", code=short)
    if name in _CODE:
        return Rejected(f"odoo: {short} in Odoo's own code", code=short)
    # psycopg2.*, a lock, out of memory: the state is unknown (odoo.md §3).
    detail = f"odoo: {name}"
    if profile is Profile.WRITE:
        return Ambiguous(detail)
    return CallFailed(detail) if name in _CONFLICT else Unavailable(detail)


def rows(answer: object) -> list[Row]:
    """The records of a read or search_read."""
    if isinstance(answer, list) and all(isinstance(row, dict) for row in answer):
        return answer
    raise Unavailable("odoo: an answer that is not a list of records")


def ref(value: object) -> int | None:
    """The id in a many2one value: [id, name] (RPC), id (webhooks) or False."""
    if isinstance(value, list | tuple) and value:
        value = value[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _mapping(value: object) -> Row:
    if isinstance(value, dict):
        return value
    raise ValueError("not an object")


def _anything(value: object) -> object:
    return value
