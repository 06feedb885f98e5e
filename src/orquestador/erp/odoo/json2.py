"""Odoo's JSON-2 (`/json/2/<model>/<method>`, 19 and later, with an API key; odoo.md §1.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.faults import error_of, fault_in
from orquestador.erp.odoo.rpc import mapping, records
from orquestador.http_base import CallNote, HttpBase, Profile
from orquestador.model.errors import AuthRefused, Unavailable


class Json2:
    """The key alone says who we are, on every call; there is no login."""

    name = "JSON-2"

    def __init__(self, settings: OdooSettings, http: HttpBase) -> None:
        self._http = http
        self._url = f"{settings.url.rstrip('/')}/json/2"
        # The second one matters only where one host serves several databases.
        self._headers = {"Authorization": f"bearer {settings.secret}", "X-Odoo-Database": settings.db}
        self._uid: int | None = None
        self._asking = asyncio.Lock()

    async def uid(self) -> int:
        """The id of the user whose key it is."""
        async with self._asking:
            if self._uid is None:
                uid = mapping(await self.call("res.users", "context_get")).get("uid")
                if not isinstance(uid, int) or isinstance(uid, bool):
                    raise Unavailable("odoo: the answer does not say whose key it is")
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
        on = records(method, ids)
        body: dict[str, object] = {
            **({"ids": on} if on is not None else {}),
            **(kwargs or {}),
            **({"context": dict(context)} if context else {}),
        }
        profile = Profile.WRITE if write else Profile.READ
        try:
            return await self._http.fetch(
                "POST",
                f"{self._url}/{model}/{method}",
                lambda answer: read_answer(answer, profile),
                profile=profile,
                note=CallNote(f"{model}.{method}", request=body),
                json=body,
                headers=self._headers,
            )
        except AuthRefused:
            self._uid = None
            raise


def read_answer(answer: httpx2.Response, profile: Profile) -> object:
    """The value, which is the whole body, or the error that it is; no body is None."""
    if answer.status_code == 200:
        return answer.json() if answer.content else None
    fault = fault_in(answer)
    if fault is not None:
        raise error_of(fault, profile)
    if answer.status_code in (401, 403):
        raise AuthRefused(f"odoo: HTTP {answer.status_code}")
    # Below 500 and not Odoo's own words: somebody in front of it did not let the call through.
    raise Unavailable(f"odoo: HTTP {answer.status_code} from /json/2")
