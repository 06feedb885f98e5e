"""Start the Odoo sandbox: a process (`serve`), inside a test (`running`), or an ASGI app (`create_app`)."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Literal

import uvicorn
from starlette.applications import Starlette

from orquestador.sandbox.odoo.control import Control
from orquestador.sandbox.odoo.core import Core, Options
from orquestador.sandbox.odoo.rpc import Rpc

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 10.0
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox in a thread of this process."""

    url: str
    core: Core


def create_app(options: Options) -> Starlette:
    """The sandbox as an ASGI application, with a database of its own."""
    return _app(Core(options))


def serve(
    *,
    host: str = "127.0.0.1",
    port: int,
    version: int | str = 18,
    seed_catalog: int = 100,
    webhook: str | None = None,
    latency: Literal["none", "measured"] = "none",
) -> None:
    """Serve until SIGTERM or SIGINT. Port 0 takes a free one.

    When it listens, one line says so on stdout: `sandbox odoo 18 listening on http://127.0.0.1:PORT`.
    """
    options = Options(version=int(version), seed_catalog=seed_catalog, webhook=webhook, latency=latency)
    core = Core(options)
    listener = _listen(host, port)
    url = f"http://{host}:{listener.getsockname()[1]}"

    def ready() -> None:
        sys.stdout.write(f"sandbox odoo {options.version} listening on {url}\n")
        sys.stdout.flush()

    with listener:
        _Server(core, ready).run(sockets=[listener])


@contextlib.contextmanager
def running(options: Options | None = None, *, host: str = "127.0.0.1") -> Iterator[Running]:
    """A sandbox on a free port, in a thread, for as long as the block runs."""
    core = Core(options or Options())
    listener = _listen(host, 0)
    ready = threading.Event()
    server = _Server(core, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        if not ready.wait(_START_TIMEOUT_S):
            raise TimeoutError(f"the Odoo sandbox did not start within {_START_TIMEOUT_S:.0f} s")
        yield Running(url=f"http://{host}:{listener.getsockname()[1]}", core=core)
    finally:
        server.stop()
        thread.join(_STOP_TIMEOUT_S)
        listener.close()


class _Server(uvicorn.Server):
    """uvicorn that says when it listens, and lets hanging answers go when it is told to stop."""

    def __init__(self, core: Core, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                _app(core),
                log_level="error",
                access_log=False,
                lifespan="on",
                timeout_graceful_shutdown=1,
                backlog=_BACKLOG,
            )
        )
        self._core = core
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._core.stopping.set()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.stop()
        super().handle_exit(sig, frame)

    def stop(self) -> None:
        """End soon; safe from any thread."""
        self.should_exit = True


def _app(core: Core) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await core.open()
        try:
            yield
        finally:
            await core.close()

    app = Starlette(routes=[*Rpc(core).routes(), *Control(core).routes()], lifespan=lifespan)
    app.state.core = core
    return app


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(_BACKLOG)
    listener.set_inheritable(True)
    return listener
