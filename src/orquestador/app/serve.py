"""`orquestador up`, `api` and `worker`: the processes of the service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import STARTUP_FAILURE
from uvicorn.loops.auto import auto_loop_factory
from uvicorn.supervisors import Multiprocess

from orquestador.app.front import Front
from orquestador.app.heartbeat import heartbeat
from orquestador.model.errors import OrquestadorError
from orquestador.ops.logging import configure
from orquestador.ports import ProcessRole
from orquestador.settings import Settings, load

_log = structlog.get_logger(__name__)
GRACE_S = 5
"""Requests that are being answered get so long."""
ORPHAN_LOOK_S = 1.0
_ENV_FILE = "ORQUESTADOR_ENV_FILE"
"""Tells the processes of `api --workers` which `.env` their parent was given; empty = none."""
_PARENT = "ORQUESTADOR_PARENT"
"""Tells them who it is: one that starts as it is killed would take whoever inherits it for its parent."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `main` on the fast event loop; what is missing for speed is told (design §14)."""
    missing = [name for name in ("uvloop", "httptools") if find_spec(name) is None]
    if missing:
        _log.warning("slow_web_server", missing=missing, remedy="pip install 'uvicorn[standard]'")
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(main())


async def serve(settings: Settings, env_file: Path | None, role: ProcessRole = ProcessRole.ALL) -> None:
    """Answer HTTP, and run the flows where the role says so, until SIGTERM or SIGINT.

    Raises StoreLocked when this data folder is already served, StoreUnsuitable, InvalidSetting.
    """
    configure(settings.log_level, settings.log_format)
    front = Front(settings, env_file, role)
    server = web_server(front, settings, front.ending)

    def stop() -> None:
        server.should_exit = True

    await front.open(stop)
    try:
        await server.serve()
    finally:
        await front.close()


async def work(settings: Settings, env_file: Path | None, beat: Path | None = None) -> None:
    """Run the flows without a door of its own, until SIGTERM or SIGINT; `beat` is the file of its heartbeat.

    Raises as `serve` does, and OSError when that file cannot be made.
    """
    configure(settings.log_level, settings.log_format)
    front, stopped = Front(settings, env_file, ProcessRole.WORKER), asyncio.Event()
    with _on_signals(lambda _number: stopped.set()):
        await front.open(stopped.set)
        try:
            async with heartbeat(beat, front.missing):
                await stopped.wait()
        finally:
            await front.close()


def serve_api(settings: Settings, env_file: Path | None, workers: int) -> bool:
    """Several processes behind one socket, kept alive until SIGTERM or SIGINT; SIGHUP replaces one after the
    other. Returns whether they could all start; raises SystemExit when the address cannot be listened on."""
    configure(settings.log_level, settings.log_format)
    os.environ[_ENV_FILE] = str(env_file.absolute()) if env_file else ""
    os.environ[_PARENT] = str(os.getpid())
    config = uvicorn.Config(
        f"{__name__}:api_process", factory=True, workers=workers, lifespan="on", **_options(settings)
    )
    supervisor = Multiprocess(config, sockets=[config.bind_socket()])
    supervisor.run()
    return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)


def api_process() -> ASGIApp:
    """What each process of `api --workers` runs."""
    given = os.environ.get(_ENV_FILE)
    env_file = Path(given) if given else None
    settings = load(env_file)
    configure(settings.log_level, settings.log_format)
    return _ApiProcess(Front(settings, env_file, ProcessRole.API))


class _ApiProcess:
    """The front, opened and closed by the server's own life; it ends when its parent does."""

    def __init__(self, front: Front) -> None:
        self._front, self._parent = front, int(os.environ[_PARENT])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._front(scope, receive, send)
            return
        await receive()
        try:
            await self._front.open(_end)
        except OrquestadorError as error:
            await send({"type": "lifespan.startup.failed", "message": error.detail})
            return
        _also_on_signals(self._front.ending)
        watch = asyncio.create_task(self._watch_parent())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        watch.cancel()
        await self._front.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _watch_parent(self) -> None:
        """A killed parent cannot tell its children, and they would keep the address."""
        while os.getppid() == self._parent:  # noqa: ASYNC110 - the kernel has no event for it
            await asyncio.sleep(ORPHAN_LOOK_S)
        _log.warning("parent_gone")
        _end()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def web_server(app: ASGIApp, settings: Settings, ending: Callable[[], None]) -> uvicorn.Server:
    """The server of all addresses; `serve()` runs it until a signal comes, which calls `ending` first."""
    return _Server(uvicorn.Config(app, lifespan="off", **_options(settings)), ending)


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_S,
    }


@contextlib.contextmanager
def _on_signals(told: Callable[[int], None]) -> Iterator[None]:
    """The process stays alive after a signal, so that the flows stop in order."""
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, told, number)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def _also_on_signals(ending: Callable[[], None]) -> None:
    """In a process whose server is uvicorn's own: before what it does on a signal."""
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        theirs = signal.getsignal(number)

        def both(number: int, frame: FrameType | None, theirs: Any = theirs) -> None:
            loop.call_soon_threadsafe(ending)
            theirs(number, frame)

        if callable(theirs):
            signal.signal(number, both)


class _Server(uvicorn.Server):
    """Uvicorn would raise the signal again once it has stopped."""

    def __init__(self, config: uvicorn.Config, ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._ending = ending

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._ending()
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with _on_signals(lambda number: self.handle_exit(number, None)):
            yield
