"""`orquestador up`: the web server and the flows in one process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import structlog
import uvicorn

from orquestador import __version__
from orquestador.app.build import open_service
from orquestador.app.services import HouseServices
from orquestador.ops.logging import configure_logging
from orquestador.settings import Settings, language, problems, web_config
from orquestador.web.application import create_app

_log = structlog.get_logger(__name__)


async def serve(settings: Settings, env_file: Path | None) -> None:
    """Run until SIGTERM or SIGINT. Raises StoreLocked when this data folder is already served."""
    configure_logging(settings.log_level, settings.log_format)
    async with open_service(settings) as service:
        service.context.gates.report("settings", problems(settings, env_file))
        services = HouseServices(service)
        app = create_app(services, web_config(settings, __version__))
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=5,
                lifespan="off",
            )
        )
        _log.info(
            "starting",
            version=__version__,
            host=settings.host,
            port=settings.port,
            mode=services.mode,
            language=language(settings),
        )
        await server.serve()


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
