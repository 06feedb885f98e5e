"""`orquestador up` whose receipts go nowhere: the same app and settings, only `accept` answers at once.

What is left is what HTTP, the proof and the parsing cost: the ceiling of `bench.ack`.
"""

from __future__ import annotations

from pathlib import Path

from orquestador.app.build import new_id, open_service
from orquestador.app.serve import run, web_server
from orquestador.app.services import HouseServices
from orquestador.model.notices import Notice
from orquestador.ops.logging import configure
from orquestador.ports import Accepted
from orquestador.settings import load, web_config
from orquestador.web.app import create_app


class Forgetful(HouseServices):
    """The house without its memory."""

    async def accept(
        self, source: str, channel: str, notice: Notice, body: bytes, received_at: float, trace_id: str
    ) -> Accepted:
        return Accepted(new_id(), duplicate=False)


async def _serve() -> None:
    settings = load(Path(".env"))
    configure(settings.log_level, settings.log_format)
    async with open_service(settings) as service:
        app = create_app(Forgetful(service), web_config(settings))
        await web_server(app, settings, service.context.broadcast.end).serve()


if __name__ == "__main__":
    run(_serve)
