"""One process of the service, from its first attempt to open the store to its last lease given back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from orquestador import __version__
from orquestador.app.build import Service, open_service
from orquestador.app.limits import open_counters
from orquestador.app.services import HouseServices
from orquestador.model.errors import StoreUnavailable, StoreUnsuitable
from orquestador.ops.ratelimit import Counters
from orquestador.ports import ProcessRole
from orquestador.settings import Settings, language, problems, web_config
from orquestador.web.app import create_app
from orquestador.web.problems import send_json, send_problem, store_unavailable

_log = structlog.get_logger(__name__)
AGAIN_S = 1.0
LIVE = "/health/live"


class Front:
    """The service of this process, and its web as an ASGI application.

    While MongoDB is away the service cannot be opened: it is tried every second, and meanwhile every request
    is answered 503, so that a marketplace comes again.
    """

    def __init__(self, settings: Settings, env_file: Path | None, role: ProcessRole) -> None:
        self._settings, self._env_file, self._role = settings, env_file, role
        self._app: ASGIApp | None = None
        self._service: Service | None = None
        self._tried, self._closing = asyncio.Event(), asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    async def open(self, failed: Callable[[], None]) -> None:
        """Returns when the store was opened, or was away at the first attempt.

        Raises what a person must repair (StoreLocked, StoreUnsuitable, InvalidSetting); when that is found
        out later, `failed` is called, and `close` raises it.
        """
        self._life = asyncio.create_task(self._live(), name="front")
        tried = asyncio.create_task(self._tried.wait())
        await asyncio.wait((self._life, tried), return_when=asyncio.FIRST_COMPLETED)
        tried.cancel()
        if self._life.done():
            await self._life
        self._life.add_done_callback(lambda life: failed() if not self._closing.is_set() else None)

    def ending(self) -> None:
        """A signal came: answers that last for ever end now, for the server waits for those under way."""
        if self._service is not None:
            self._service.context.broadcast.end()

    async def close(self) -> None:
        """Flows stopped, leases given back, stores closed."""
        self._closing.set()
        if self._life is not None:
            await self._life

    def missing(self) -> Sequence[str]:
        """Loops that should run and do not; none while the store is away."""
        return self._service.runner.ended if self._service is not None else ()

    async def _live(self) -> None:
        while not self._closing.is_set():
            try:
                async with (
                    open_service(self._settings, self._role) as service,
                    open_counters(self._settings, service.context.clock) as counters,
                ):
                    self._opened(service, counters)
                    await self._closing.wait()
                    self._app = self._service = None
            except StoreUnsuitable:
                raise
            except StoreUnavailable as error:
                if self._closing.is_set():
                    return
                _log.warning("store_away", detail=error.detail, again_in_s=AGAIN_S)
                self._tried.set()
                await self._pause()

    def _opened(self, service: Service, counters: Counters) -> None:
        service.context.gates.report("settings", problems(self._settings, self._env_file))
        services = HouseServices(service)
        self._app = create_app(services, web_config(self._settings), counters=counters)
        self._service = service
        _log.info(
            "starting",
            version=__version__,
            role=self._role.value,
            host=self._settings.host,
            port=self._settings.port,
            mode=services.mode,
            language=language(self._settings),
        )
        self._tried.set()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), AGAIN_S)
        except TimeoutError:
            return

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == LIVE:
            # The process is well: whoever restarted it would change nothing.
            await send_json(send, 200, b'{"status":"starting"}', ())
        elif scope["type"] == "http":
            await send_problem(send, store_unavailable(), None)
