"""`orquestador up`: the web server and the flows in one process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from uvicorn.loops.auto import auto_loop_factory

from orquestador import __version__
from orquestador.app.build import open_service
from orquestador.app.services import HouseServices
from orquestador.ops.logging import configure
from orquestador.settings import Settings, language, problems, web_config
from orquestador.web.app import create_app
from orquestador.web.services import Services

_log = structlog.get_logger(__name__)


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `main` on the fast event loop; what is missing for speed is told (design §14)."""
    missing = [name for name in ("uvloop", "httptools") if find_spec(name) is None]
    if missing:
        _log.warning("slow_web_server", missing=missing, remedy="pip install 'uvicorn[standard]'")
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(main())


async def serve(settings: Settings, env_file: Path | None) -> None:
    """Run until SIGTERM or SIGINT. Raises StoreLocked when this data folder is already served."""
    configure(settings.log_level, settings.log_format)
    async with open_service(settings) as service:
        service.context.gates.report("settings", problems(settings, env_file))
        services = HouseServices(service)
        _log.info(
            "starting",
            version=__version__,
            host=settings.host,
            port=settings.port,
            mode=services.mode,
            language=language(settings),
        )
        await web_server(services, settings).serve()


def web_server(services: Services, settings: Settings) -> uvicorn.Server:
    """The server of all addresses; `serve()` runs it until a signal comes."""
    return _Server(
        uvicorn.Config(
            create_app(services, web_config(settings)),
            host=settings.host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            lifespan="off",
        )
    )


class _Server(uvicorn.Server):
    """Leaves the process alive after a signal, so that the flows stop in order: uvicorn would raise it
    again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
