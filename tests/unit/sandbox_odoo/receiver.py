"""A webhook receiver that keeps what it gets and can look back into the sandbox while it is being called."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]


class Receiver(ThreadingHTTPServer):
    """Keeps bodies and what `look` returned during each call."""

    daemon_threads = True

    def __init__(self, look: Callable[[Body], Any] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.seen: list[Any] = []
        self.look = look
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Take one event."""
        body: Body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        self.server.headers.append(dict(self.headers.items()))
        if self.server.look is not None:
            self.server.seen.append(self.server.look(body))
        with contextlib.suppress(ConnectionError):  # the sender waits one second only
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextlib.contextmanager
def receiving(look: Callable[[Body], Any] | None = None) -> Iterator[Receiver]:
    """A receiver for as long as the block runs."""
    server = Receiver(look)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()
