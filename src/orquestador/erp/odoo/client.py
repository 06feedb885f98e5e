"""Finds out what a server is and talks to it in the best way it has."""

from __future__ import annotations

import asyncio
import email.utils
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.faults import fault_in
from orquestador.erp.odoo.json2 import Json2
from orquestador.erp.odoo.jsonrpc import JsonRpc
from orquestador.erp.odoo.rpc import Row
from orquestador.http_base import CallFailed, CallNote, HttpBase, Profile

FIRST_JSON2 = 19
JSON2 = Json2.name
READ_TRIES = 4
"""A read that met a conflict is simply made again; a write never is (odoo.md §3)."""
_VERSION_PATH = "/web/version"


@dataclass(frozen=True, slots=True)
class Version:
    text: str
    major: int
    """0 = it does not say."""


class Client:
    """JSON-2 where the server has it (19 and later) and we hold an API key; else JSON-RPC.

    Asked again by `version`, so an upgraded Odoo is met by what fits it once its set-up is read again.
    """

    def __init__(self, settings: OdooSettings, http: HttpBase) -> None:
        self._settings, self._http = settings, http
        self._jsonrpc, self._json2 = JsonRpc(settings, http), Json2(settings, http)
        self._chosen: JsonRpc | Json2 | None = None
        self._choosing = asyncio.Lock()
        self.server_date: float | None = None
        """Odoo's clock when it last told its version (seconds since the epoch, whole)."""

    @property
    def api(self) -> str | None:
        """`JSON-2`, `JSON-RPC`, or None when nothing was asked yet."""
        return self._chosen.name if self._chosen is not None else None

    async def version(self) -> Version:
        """Needs no credentials. `/web/version` is new in 19; before there is `common.version`."""
        url = f"{self._settings.url.rstrip('/')}{_VERSION_PATH}"
        info = await self._http.fetch(
            "GET", url, self._web_version, profile=Profile.READ, note=CallNote("version")
        )
        version = parse_version(info if info is not None else await self._jsonrpc.version())
        s = self._settings
        # JSON-2 is told both in headers, which hold no more than this; what is no key, JSON-RPC refuses.
        speakable = (s.db + s.secret).isascii() and (s.db + s.secret).isprintable()
        fits = version.major >= FIRST_JSON2 and s.is_key and speakable
        self._chosen = self._json2 if fits else self._jsonrpc
        return version

    async def uid(self) -> int:
        """Our user's id; AuthRefused when the credentials are wrong."""
        return await (await self._transport()).uid()

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
        transport = await self._transport()
        tries = 1 if write else READ_TRIES
        while True:
            tries -= 1
            try:
                return await transport.call(model, method, ids, kwargs, context, write=write)
            except CallFailed:
                # A lost race in Odoo's database is over at once; a check of ten reads must not fail for one.
                if tries == 0:
                    raise

    async def _transport(self) -> JsonRpc | Json2:
        async with self._choosing:
            if self._chosen is None:
                await self.version()
            assert self._chosen is not None
            return self._chosen

    def _web_version(self, answer: httpx2.Response) -> Row | None:
        """None where it is not there, whatever is there instead."""
        try:
            self.server_date = email.utils.parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        except ValueError:
            self.server_date = None
        try:
            info = answer.json() if answer.status_code == 200 else None
        except ValueError:
            return None
        return info if isinstance(info, dict) and "version_info" in info else None


def speaks(answer: httpx2.Response) -> bool:
    """Whether an answer is Odoo's own, whatever its status: a JSON-2 fault, or the lack of `/web/version`."""
    if answer.status_code < 500 and answer.url.path.endswith(_VERSION_PATH):
        return True
    return fault_in(answer) is not None


def parse_version(info: Row) -> Version:
    """`*version_info` starts with the major number; online versions say "saas~18" there."""
    parts = info.get("server_version_info") or info.get("version_info")
    major = parts[0] if isinstance(parts, list) and parts else 0
    if isinstance(major, str):
        major = int("".join(c for c in major if c.isdigit()) or 0)
    text = info.get("server_serie") or info.get("server_version") or info.get("version") or "?"
    return Version(str(text), int(major))
