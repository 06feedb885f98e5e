"""Reads beside the writer: a few connections, each read a snapshot of its own."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from orquestador.journal.sqlite.errors import from_sqlite
from orquestador.model.errors import StoreUnavailable

T = TypeVar("T")


class Readers:
    """As many reads at once as there are connections; the others wait their turn."""

    def __init__(self, connections: list[sqlite3.Connection]) -> None:
        self._free: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._count = len(connections)
        for connection in connections:
            self._free.put(connection)
        self._pool = ThreadPoolExecutor(len(connections), thread_name_prefix="journal-reader")
        self._closed = False

    async def run(self, read: Callable[[sqlite3.Connection], T]) -> T:
        if self._closed:
            raise StoreUnavailable("the journal is closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, read)

    def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._free.get()
        try:
            connection.execute("BEGIN")
            try:
                return read(connection)
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise from_sqlite(error) from error
        finally:
            self._free.put(connection)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)
        for _ in range(self._count):
            self._free.get().close()
