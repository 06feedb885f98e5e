"""A load generator on raw sockets: an HTTP library would measure itself."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(slots=True)
class Load:
    """What one run sent and got; only what was answered after the warm-up and before the end counts."""

    seconds: float
    latencies_s: list[float] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    """Bodies of every 200, also those of the warm-up."""
    refused: int = 0

    @property
    def per_second(self) -> float:
        return len(self.latencies_s) / self.seconds


class _Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last is complete."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._buffer = b""
        self._sent_at = 0.0
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's inherits from none of asyncio's
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._run.next_request())

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        end = data.find(_HEAD_END)
        if end < 0:
            self._buffer = data
            return
        length = self._run.length_of(data[:end])
        body_at = end + len(_HEAD_END)
        if len(data) < body_at + length:
            self._buffer = data
            return
        self._buffer = b""
        goes_on = self._run.answered(self._sent_at, data[9:12] == b"200", data[body_at : body_at + length])
        if goes_on:
            self._send()
        else:
            self._ended = True
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._run.lost(None if self._ended else exc or ConnectionResetError("the server closed a connection"))


class _Run:
    def __init__(
        self, request: Callable[[int], bytes], connections: int, warm_up_s: float, seconds: float
    ) -> None:
        self._request = request
        self._sent = 0
        self._open = connections
        self._begin = time.perf_counter() + warm_up_s
        self._end = self._begin + seconds
        self.load = Load(seconds)
        self.done = asyncio.Event()
        self.error: Exception | None = None

    def next_request(self) -> bytes:
        self._sent += 1
        return self._request(self._sent)

    def length_of(self, head: bytes) -> int:
        at = head.lower().find(_LENGTH) + len(_LENGTH)
        if at < len(_LENGTH):
            raise ValueError("an answer without content-length")
        return int(head[at:].split(b"\r", 1)[0])

    def answered(self, sent_at: float, well: bool, body: bytes) -> bool:
        now = time.perf_counter()
        if well:
            self.load.answers.append(body)
            if self._begin <= now < self._end:
                self.load.latencies_s.append(now - sent_at)
        else:
            self.load.refused += 1
        return now < self._end

    def lost(self, error: Exception | None) -> None:
        self._open -= 1
        self.error = self.error or error
        if not self._open or error:
            self.done.set()


async def _run(
    url: str, request: Callable[[int], bytes], connections: int, warm_up_s: float, seconds: float
) -> Load:
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or 80
    loop = asyncio.get_running_loop()
    run = _Run(request, connections, warm_up_s, seconds)
    for _ in range(connections):
        await loop.create_connection(lambda: _Connection(run), host, port)
    await asyncio.wait_for(run.done.wait(), warm_up_s + seconds + 10.0)
    if run.error is not None:
        raise run.error
    return run.load


def run_load(
    url: str, request: Callable[[int], bytes], *, connections: int, warm_up_s: float, seconds: float
) -> Load:
    """Keep `connections` requests in flight; `request(n)` is the n-th one as it goes over the wire.

    Raises OSError when the server drops a connection, TimeoutError when it stops answering.
    """
    gc.collect()
    gc.disable()  # what a run keeps is all alive: looking for garbage in it would only stop the clock
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_run(url, request, connections, warm_up_s, seconds))
    finally:
        gc.enable()
