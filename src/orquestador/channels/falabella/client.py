"""Calls of the Seller Center API: signed afresh, sent once, answered with an envelope or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import httpx2

from orquestador.channels.falabella.config import FalabellaConfig
from orquestador.channels.falabella.envelope import Answer, Node, child, decode, is_envelope
from orquestador.channels.falabella.sign import signed_query, timestamp, user_agent
from orquestador.circuit import Circuit
from orquestador.http_base import CallLogger, CallNote, HttpBase, Profile
from orquestador.ports import Clock

CONTENT_TYPE = "text/xml; charset=UTF-8"


class Calls(Protocol):
    """What orders, stock and webhooks need of the API. Methods raise the UpstreamError tree."""

    async def get(
        self,
        action: str,
        parameters: Mapping[str, str] | None = None,
        *,
        version: str = "1.0",
        order_ids: tuple[str, ...] = (),
        skus: tuple[str, ...] = (),
    ) -> Answer:
        """A read."""
        ...

    async def post(
        self,
        action: str,
        parameters: Mapping[str, str] | None = None,
        *,
        content: bytes = b"",
        skus: tuple[str, ...] = (),
    ) -> Answer:
        """A write: Ambiguous when it may have arrived."""
        ...


class FalabellaClient:
    """One account's way to the API. Raises the UpstreamError tree and never repeats a call by itself."""

    def __init__(
        self,
        config: FalabellaConfig,
        clock: Clock,
        log: CallLogger | None = None,
        circuit: Circuit | None = None,
    ) -> None:
        self._config, self._clock = config, clock
        self.http = HttpBase(
            config.id,
            clock,
            log=log,
            circuit=circuit,
            read=config.read_timeouts,
            write=config.write_timeouts,
            headers={"User-Agent": user_agent(config.seller_id, config.business_unit)},
            speaks=_speaks,
        )

    async def get(
        self,
        action: str,
        parameters: Mapping[str, str] | None = None,
        *,
        version: str = "1.0",
        order_ids: tuple[str, ...] = (),
        skus: tuple[str, ...] = (),
    ) -> Answer:
        return await self._call("GET", action, parameters or {}, None, version, order_ids, skus)

    async def post(
        self,
        action: str,
        parameters: Mapping[str, str] | None = None,
        *,
        content: bytes = b"",
        skus: tuple[str, ...] = (),
    ) -> Answer:
        return await self._call("POST", action, parameters or {}, content, "1.0", (), skus)

    async def close(self) -> None:
        await self.http.close()

    async def _call(
        self,
        method: str,
        action: str,
        parameters: Mapping[str, str],
        content: bytes | None,
        version: str,
        order_ids: tuple[str, ...],
        skus: tuple[str, ...],
    ) -> Answer:
        config = self._config
        sent = {
            **parameters,
            "Action": action,
            "Format": "JSON",
            "Timestamp": timestamp(self._clock.now()),
            "UserID": config.user_id,
            "Version": version,
        }
        shown: dict[str, object] = {"Action": action, "Version": version, **parameters}
        if content:
            shown["body"] = content
        write = method == "POST"
        success = await self.http.fetch(
            method,
            f"{config.api_url.rstrip('/')}/?{signed_query(sent, config.api_key)}",
            lambda answer: decode(answer.content, write=write),
            profile=Profile.WRITE if write else Profile.READ,
            note=CallNote(action=action, request=shown, order_ids=order_ids, skus=skus),
            content=content,
            headers={"Content-Type": CONTENT_TYPE} if write else None,
        )
        head: Node = child(success, "Head")
        return Answer(head, child(success, "Body"))


def _speaks(answer: httpx2.Response) -> bool:
    return is_envelope(answer.content)
