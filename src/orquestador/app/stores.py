"""Opens the stores that the settings ask for: SQLite and what lives in the process, or MongoDB and Redis."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from orquestador.app.volatile import Volatile, local_volatile, open_volatile
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.errors import InvalidSetting
from orquestador.ops.logsink import SqliteLogSink
from orquestador.ports import Clock, Journal, LogSink
from orquestador.settings import Settings, journal_file, logs_file


@dataclass(frozen=True, slots=True)
class Stores:
    journal: Journal
    logs: LogSink
    volatile: Volatile
    alone: bool
    """No other process can serve this journal."""


async def open_stores(settings: Settings, clock: Clock, stack: AsyncExitStack, *, serving: bool) -> Stores:
    """Stores that the stack closes again; a Redis that does not answer is waited for by its adapter.

    Raises StoreLocked when another process has the data folder, StoreUnavailable when MongoDB does not
    answer, InvalidSetting for an address that a driver cannot use.
    """
    if settings.mongodb_uri is None:
        return await _embedded(settings, clock, stack, serving=serving)
    return await _production(settings, settings.mongodb_uri.get_secret_value(), clock, stack)


async def _production(settings: Settings, uri: str, clock: Clock, stack: AsyncExitStack) -> Stores:
    # Imported here: the drivers take 20 MB and a fifth of a second, which the embedded shape need not pay.
    from orquestador.journal.mongo import MongoJournal
    from orquestador.ops.mongologs import MongoLogSink

    try:
        # Instants are the server's, unless a sandbox's clock says what time it is.
        journal = await MongoJournal.open(uri, clock, store_time=settings.clock_url is None)
        stack.push_async_callback(journal.close)
        logs = await MongoLogSink.open(uri, clock)
        stack.push_async_callback(logs.close)
    except ValueError as error:
        raise InvalidSetting("MONGODB_URI", str(error), "mongodb://localhost:27017/orquestador") from None
    return Stores(journal, logs, await open_volatile(settings, clock, stack), alone=False)


async def _embedded(settings: Settings, clock: Clock, stack: AsyncExitStack, *, serving: bool) -> Stores:
    await asyncio.to_thread(settings.data_dir.mkdir, parents=True, exist_ok=True, mode=0o700)
    journal = await SqliteJournal.open(journal_file(settings), clock, serving=serving)
    stack.push_async_callback(journal.close)
    logs = await SqliteLogSink.open(logs_file(settings), clock)
    stack.push_async_callback(logs.close)
    return Stores(journal, logs, local_volatile(clock, stack), alone=True)
