"""The body of a request, as bytes, with a limit that holds before anything is parsed."""

from __future__ import annotations

from starlette.types import Receive


class Disconnected(Exception):
    """The client went away in the middle of its body."""


class TooLarge(Exception):
    """More bytes came than the limit allows; the rest was not read."""


async def read_body(receive: Receive, limit_bytes: int) -> bytes:
    """The whole body. Raises TooLarge or Disconnected."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit_bytes:
            raise TooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
