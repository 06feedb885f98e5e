"""A shop of its own: a folder, a port that nobody listens on, and the commands run in this process."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orquestador.app.build import open_context
from orquestador.cli import app
from orquestador.flows.context import Context
from orquestador.flows.intake import Intake
from orquestador.flows.orders import OrderWorker
from orquestador.model.orders import Line, LineState, Order, Owner
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import Save
from orquestador.settings import Settings, load


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Shop:
    """Runs commands, and puts things into the store behind their back."""

    folder: Path
    port: int

    @property
    def env(self) -> dict[str, str | None]:
        return {
            "DATA_DIR": str(self.folder / "data"),
            "PORT": str(self.port),
            "APP_LANG": "en",
            "MODE": "observe",
        }

    def run(self, *args: str, **env: str) -> Ended:
        options = ["--env-file", str(self.folder / ".env")]
        result = CliRunner().invoke(app, [*options, *args], env={**self.env, **env})
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    def settings(self) -> Settings:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.env.items():
                patch.setenv(name, str(value))
            return load(None)

    def write(self, change: Callable[[Context], Awaitable[None]]) -> None:
        async def go() -> None:
            async with open_context(self.settings(), serving=True) as context:
                await change(context)

        asyncio.run(go())

    def receive(self, order_id: str, *, status: str = "confirmed", sku: str = "SKU-00001") -> None:
        """A simple order body came in and was folded."""

        async def change(x: Context) -> None:
            body = json.dumps(
                {
                    "orderId": order_id,
                    "products": [{"sku": sku, "quantity": 2, "price": 1}],
                    "status": status,
                    "timestamp": "2026-11-24T03:00:00Z",
                }
            ).encode()
            notice = x.channels["falabella"].read_notice(body, stock=False)
            await Intake(x).accept("falabella.order", "falabella", notice, body, x.clock.now(), "0" * 32)
            await OrderWorker(x).run_once()

        self.write(change)

    def bury(self, order_id: str, reason: str = "unknown_sku:NOPE") -> str:
        """An order that needs a person; returns its work id."""
        key = work_id(Kind.ORDER, "falabella", order_id)

        async def change(x: Context) -> None:
            now = x.clock.now()
            committed = LineState.COMMITTED
            line = Line("1", "NOPE", 1, committed, committed, "pending", Owner.SELLER, problem=reason)
            order = Order(
                "falabella", order_id, first_seen_at=now, as_of=now, number=f"N{order_id}", lines=(line,)
            )
            work = Work(
                key, Kind.ORDER, "falabella", order_id, State.DEAD, 1, 1, 0, now, reason=reason, doc=order
            )
            assert await x.journal.save([Save(work)]) == [True]

        self.write(change)
        return key
