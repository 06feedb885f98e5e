"""A server that answers what it is told: one request a connection, as Odoo's multi-process server does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

PAGE = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>"


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


Answer = tuple[int, Any]
"""Status, and what is sent as JSON; text goes as HTML."""


@dataclass(slots=True)
class Wire:
    """`answer` gives the answer to each call of a model; who we are and what it is are answered by itself."""

    version: int
    answer: Callable[[Asked], Answer] = lambda _: (200, None)
    http: str = "1.1"
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def calls(self) -> list[Asked]:
        """Calls of a model, whatever they went over, but for the question who we are."""
        return [a for a in self.asked if _is_call(a)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
            content = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = first.split(" ")
            asked = Asked(method, path, headers, json.loads(content) if content else None)
            self.asked.append(asked)
            status, body = self._answer(asked)
            kind = "text/html" if isinstance(body, str) else "application/json"
            sent = (body if isinstance(body, str) else json.dumps(body)).encode()
            # HTTP/1.0 closes without a word; 1.1 announces it.
            close = "Connection: close\r\n" if self.http == "1.1" else ""
            writer.write(
                f"HTTP/{self.http} {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {len(sent)}\r\n{close}\r\n".encode()
                + sent
            )
            await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    def _answer(self, asked: Asked) -> Answer:
        if asked.path == "/web/version":
            info = {"version_info": [self.version, 0, 0, "final", 0, ""], "version": f"{self.version}.0"}
            return (200, info) if self.version >= 19 else (404, PAGE)
        if _is_call(asked):
            return self.answer(asked)
        if asked.path.endswith("/res.users/context_get"):
            return 200, {"lang": "es_CL", "tz": False, "uid": 7}
        info = {
            "server_version_info": [self.version, 0, 0, "final", 0, ""],
            "server_serie": f"{self.version}.0",
        }
        told = {"version": info, "authenticate": 7}[asked.body["params"]["method"]]
        return 200, {"jsonrpc": "2.0", "id": 1, "result": told}


def _is_call(asked: Asked) -> bool:
    if asked.path == "/jsonrpc":
        return bool(asked.body["params"]["service"] == "object")
    return asked.path.startswith("/json/2/") and not asked.path.endswith("/res.users/context_get")


@asynccontextmanager
async def serving(version: int, **more: Any) -> AsyncIterator[Wire]:
    wire = Wire(version, **more)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await server.wait_closed()
