"""The sandbox as a program: one process, one address, everything in memory."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from types import FrameType
from typing import Literal

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from orquestador.sandbox.falabella.api import Api
from orquestador.sandbox.falabella.control import Control
from orquestador.sandbox.falabella.world import KEY, USER, Options, World


def create_app(options: Options) -> Starlette:
    """The application; its world starts moving with its lifespan. `app.state.world` is the world."""
    world = World(options)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        moving = asyncio.create_task(world.run())
        try:
            yield
        finally:
            world.stop()
            moving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await moving
            await world.close()

    app = Starlette(
        routes=[
            Route("/", Api(world).answer, methods=["GET", "POST"]),
            Mount("/_sandbox", routes=Control(world).routes()),
        ],
        lifespan=lifespan,
    )
    app.state.world = world
    return app


class SandboxServer(uvicorn.Server):
    """Prints one line when it can be called, and does not wait for answers that hang on purpose."""

    def __init__(self, app: Starlette, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                app, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=2
            )
        )
        self._world: World = app.state.world
        self._listener = listener

    @property
    def url(self) -> str:
        host, port = self._listener.getsockname()[:2]
        return f"http://{host}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"sandbox falabella listening on {self.url}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._world.stop()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True


def serve(
    *,
    host: str = "127.0.0.1",
    port: int,
    seed_catalog: int = 100,
    webhook: str | None = None,
    latency: Literal["none", "measured"] = "none",
    clock: Literal["real", "fast"] = "real",
    fast_rate: float = 60.0,
    business_unit: str = "FACL",
    user: str = USER,
    key: str = KEY,
) -> None:
    """Serves until SIGTERM or SIGINT; port 0 takes a free one, the ready line says which.

    Raises OSError when the address cannot be had.
    """
    options = Options(
        seed_catalog=seed_catalog,
        webhook=webhook,
        latency=latency,
        clock=clock,
        fast_rate=fast_rate,
        business_unit=business_unit,
        user=user,
        key=key,
    )
    listener = socket.create_server((host, port), backlog=2048)
    SandboxServer(create_app(options), listener).run(sockets=[listener])
