"""The one writer: a thread that commits whatever queued while its last commit ran."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from orquestador.journal.sqlite.errors import from_sqlite
from orquestador.model.errors import StoreUnavailable

T = TypeVar("T")
A = TypeVar("A")

Operation = Callable[[sqlite3.Connection], Any]
Group = Callable[[sqlite3.Connection, Sequence[Any]], Sequence[Any]]

_Item = tuple["asyncio.Future[Any]", Group | None, Any]
"""A future, and an operation (no group) or an argument for its group."""
_Answer = tuple["asyncio.Future[Any]", Any, Exception | None]

BATCH_FULL = 2_000
"""From so many items on a transaction takes no more: the first of them should not wait long for the last."""


class Writer:
    """Natural group commit: no timer, an idle writer commits one operation at once.

    A batch is one transaction. When it fails and the store is well, its members are committed one by one, so
    that a hostile one fails alone. An operation must not commit, and must be safe to repeat after a rollback.
    """

    def __init__(self, connection: sqlite3.Connection, loop: asyncio.AbstractEventLoop) -> None:
        self._connection = connection
        self._loop = loop
        self._queue: queue.SimpleQueue[list[_Item] | None] = queue.SimpleQueue()
        self._waiting: list[_Item] = []
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="journal-writer", daemon=True)
        self._thread.start()

    async def run(self, operation: Callable[[sqlite3.Connection], T]) -> T:
        """What the operation returned, once it is durable."""
        return cast("T", await self._submit(None, operation))

    async def run_grouped(
        self, group: Callable[[sqlite3.Connection, Sequence[A]], Sequence[T]], item: A
    ) -> T:
        """As `run`, but all items of a batch with the same group are handed to one call of it."""
        return cast("T", await self._submit(group, item))

    def _submit(self, group: Group | None, argument: object) -> asyncio.Future[Any]:
        if self._closed:
            raise StoreUnavailable("the journal is closed")
        future: asyncio.Future[Any] = self._loop.create_future()
        if not self._waiting:
            # Whoever is ready in this turn of the loop comes along: waking the thread for each alone would
            # make it take the processor from the loop each time, for a commit of one.
            self._loop.call_soon(self._hand_over)
        self._waiting.append((future, group, argument))
        return future

    def _hand_over(self) -> None:
        if self._waiting:
            self._queue.put(self._waiting)
            self._waiting = []

    async def close(self) -> None:
        """Commits what is queued, then ends the thread and its connection."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while True:
            items = self._queue.get()
            batch: list[_Item] = []
            while items is not None:
                batch += items
                if len(batch) >= BATCH_FULL:
                    break
                try:
                    items = self._queue.get_nowait()
                except queue.Empty:
                    break
            if batch:
                self._answer(self._commit(batch))
            if items is None:
                break
        self._connection.close()

    def _answer(self, answers: list[_Answer]) -> None:
        # A closed loop has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(_deliver, answers)

    def _commit(self, batch: list[_Item]) -> list[_Answer]:
        try:
            results = self._transaction(batch)
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to the callers, and the thread goes on
            told = from_sqlite(error)
            if len(batch) == 1 or isinstance(told, StoreUnavailable):
                return [(future, None, from_sqlite(error)) for future, _, _ in batch]
            return [answer for item in batch for answer in self._commit([item])]
        return [(item[0], result, None) for item, result in zip(batch, results, strict=True)]

    def _transaction(self, batch: list[_Item]) -> list[Any]:
        connection = self._connection
        results: list[Any] = [None] * len(batch)
        groups: dict[Group, list[int]] = {}
        connection.execute("BEGIN IMMEDIATE")
        try:
            for at, (_, group, argument) in enumerate(batch):
                if group is None:
                    results[at] = argument(connection)
                else:
                    groups.setdefault(group, []).append(at)
            for group, members in groups.items():
                outcomes = group(connection, [batch[at][2] for at in members])
                for at, outcome in zip(members, outcomes, strict=True):
                    results[at] = outcome
            connection.execute("COMMIT")
        except BaseException:
            # Some failures (a full disk) have rolled back already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return results


def _deliver(answers: list[_Answer]) -> None:
    for future, result, error in answers:
        if future.done():  # the caller was cancelled; what it wrote is durable all the same
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
