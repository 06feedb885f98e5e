"""The adapters alone, for commands that look at the other systems themselves: no store, no log, no flow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from orquestador.app.build import build_channel, build_clock, open_erp
from orquestador.channels.falabella.channel import FalabellaChannel
from orquestador.cli.session import Session
from orquestador.erp.odoo import OdooErp
from orquestador.model.logs import LogEntry, LogFilter
from orquestador.ports import Clock
from orquestador.settings import falabella_accounts


class NoLogs:
    """A `LogSink` that keeps nothing."""

    def write(self, entry: LogEntry) -> None:
        pass

    async def query(self, filter: LogFilter, limit: int, before: tuple[float, str] | None) -> list[LogEntry]:
        return []

    async def expire(self, before: float) -> int:
        return 0

    async def flush(self) -> None:
        pass

    async def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Adapters:
    clock: Clock
    erp: OdooErp | None
    channels: tuple[FalabellaChannel, ...]


@asynccontextmanager
async def open_adapters(session: Session) -> AsyncIterator[Adapters]:
    """What is configured, ready to be asked; closed at the end."""
    settings = session.settings
    async with AsyncExitStack() as stack:
        clock = await build_clock(settings, stack)
        channels = []
        for account in falabella_accounts(settings):
            channel = build_channel(account, settings, clock, NoLogs())
            stack.push_async_callback(channel.close)
            channels.append(channel)
        erp = await open_erp(settings, clock, NoLogs(), stack)
        yield Adapters(clock, erp, tuple(channels))
