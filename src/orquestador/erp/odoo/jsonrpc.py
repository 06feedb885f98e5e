"""Odoo's JSON-RPC (`/jsonrpc`, 15 to 19; odoo.md §1.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import httpx2

from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.faults import error_of
from orquestador.erp.odoo.rpc import Row, mapping, records
from orquestador.http_base import CallNote, HttpBase, Profile
from orquestador.model.errors import AuthRefused, Unavailable

T = TypeVar("T")


class JsonRpc:
    """The uid is asked once (a login costs Odoo 350-700 ms, odoo.md §2) and forgotten when it is refused."""

    name = "JSON-RPC"

    def __init__(self, settings: OdooSettings, http: HttpBase) -> None:
        self._settings, self._http = settings, http
        self._url = f"{settings.url.rstrip('/')}/jsonrpc"
        self._uid: int | None = None
        self._login = asyncio.Lock()

    async def version(self) -> Row:
        """`common.version`: needs no credentials."""
        return await self._post("common", "version", [], mapping, Profile.READ, CallNote("version"))

    async def uid(self) -> int:
        """Our user's id; AuthRefused when the name or the secret is wrong."""
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
        ids: Sequence[int] | None = None,
        kwargs: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        *,
        write: bool = False,
    ) -> Any:
        s = self._settings
        args, named = _arguments(method, records(method, ids), kwargs or {}, context or {})
        note = CallNote(f"{model}.{method}", request={"args": args, "kwargs": named})
        full = [s.db, await self.uid(), s.secret, model, method, args, named]
        profile = Profile.WRITE if write else Profile.READ
        try:
            return await self._post("object", "execute_kw", full, _anything, profile, note)
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
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 1,
            "params": {"service": service, "method": method, "args": args},
        }
        return await self._http.fetch(
            "POST",
            self._url,
            lambda answer: shape(read_answer(answer, profile)),
            profile=profile,
            note=note,
            json=body,
        )


# What goes first, by position. For `create` RPC looks at the type of it; versions up to 15, and modules that
# override `write`, call it by other names.
_FIRST = {"create": "vals_list", "search": "domain", "search_count": "domain", "write": "vals"}


def _arguments(
    method: str, ids: list[int] | None, kwargs: Mapping[str, object], context: Mapping[str, object]
) -> tuple[list[object], Row]:
    """What goes by position, and what by name."""
    named = {**kwargs, **({"context": dict(context)} if context else {})}
    first = _FIRST.get(method)
    args = [ids] if ids is not None else []
    return [*args, *([named.pop(first)] if first in named else [])], named


def read_answer(answer: httpx2.Response, profile: Profile) -> object:
    """The result of a JSON-RPC answer, or the error that it is; an absent result is None (odoo.md §1.2)."""
    if answer.status_code != 200:
        if answer.status_code in (401, 403):
            raise AuthRefused(f"odoo: HTTP {answer.status_code}")
        raise Unavailable(f"odoo: HTTP {answer.status_code} from /jsonrpc")
    body = mapping(answer.json())
    error = body.get("error")
    if error is not None:
        # Always HTTP 200; `error.code` is 200 up to 18 and 0 since, and says nothing.
        raise error_of(error.get("data") if isinstance(error, dict) else None, profile)
    return body.get("result")


def _anything(value: object) -> object:
    return value
