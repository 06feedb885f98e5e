"""A journal's file as the source of a migration: locked, read, and left as it is."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from orquestador.journal import transfer
from orquestador.journal.sqlite import rows as work_rows
from orquestador.journal.sqlite import schema
from orquestador.journal.sqlite.errors import from_sqlite
from orquestador.journal.sqlite.lock import FileLock
from orquestador.journal.sqlite.receipts import COLUMNS as RECEIPT_COLUMNS
from orquestador.journal.transfer import SourceState
from orquestador.ops.filestate import file_states, open_unchanged
from orquestador.ops.transfer import Position, Row, SourceTable

COPY_SUFFIX = ".migrating"


class SqliteSource:
    """The tables of a journal that nobody serves meanwhile."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection = path, connection
        self.tables: list[SourceTable] = [
            _Table(connection, "receipts", f"SELECT {RECEIPT_COLUMNS} FROM receipts", ("seq",), _receipt),
            _Table(
                connection,
                "work",
                f"SELECT n, {work_rows.COLUMNS}, effect_due_at FROM work",
                ("n",),
                lambda row: Row([row[0]], row[1], transfer.WorkRow(*row[1:])),
            ),
            _Table(
                connection,
                "names",
                "SELECT channel, name, work_id FROM names",
                ("channel", "name"),
                lambda row: Row([row[0], row[1]], transfer.NameRow(*row).shown, transfer.NameRow(*row)),
            ),
            _Table(
                connection,
                "jobs",
                "SELECT id, channel, open, computed_at, doc FROM jobs",
                ("id",),
                lambda row: Row(
                    [row[0]], row[0], transfer.JobRow(row[0], row[1], bool(row[2]), row[3], row[4])
                ),
            ),
            _Table(
                connection,
                "budgets",
                "SELECT name, doc FROM budgets",
                ("name",),
                lambda row: Row([row[0]], row[0], transfer.BudgetRow(*row)),
            ),
            _Table(
                connection,
                "rules",
                "SELECT channel, ref, rev, doc FROM rules",
                ("channel", "ref"),
                lambda row: Row([row[0], row[1]], transfer.RuleRow(*row).shown, transfer.RuleRow(*row)),
            ),
            _Table(
                connection,
                "meta",
                "SELECT name, value FROM meta",
                ("name",),
                lambda row: Row([row[0]], row[0], transfer.MetaRow(*row)),
            ),
            _Counters(connection),
        ]

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Raises StoreLocked while a process serves it; JournalTooNew or NotAJournal.

        An older file is copied, and the copy is brought to the newest version: beside it and only meanwhile.
        """
        with contextlib.ExitStack() as undo:
            lock = FileLock(path.with_name(path.name + ".lock"))
            lock.take()
            undo.callback(lock.release)
            copy = path.with_name(path.name + COPY_SUFFIX)
            _remove(copy)  # of a run that was killed
            try:
                connection = undo.enter_context(contextlib.closing(open_unchanged(path)))
                version, steps = schema.version_of(connection, path), schema.migrations()
                schema.refuse_newer(path, version, len(steps))
                if version < len(steps):
                    undo.callback(_remove, copy)
                    schema.copy_from(connection, copy)
                    schema.prepare(copy, steps)
                    _remove(copy.with_name(f"{copy.name}.v{version}.bak"))
                    connection = undo.enter_context(contextlib.closing(open_unchanged(copy)))
                yield cls(path, connection)
            except sqlite3.Error as error:
                raise from_sqlite(error) from error

    def state(self, beside: Sequence[Path] = ()) -> SourceState:
        """`beside` are other files that must not change meanwhile either."""
        first = self._connection.execute("SELECT id, created_at FROM work ORDER BY n LIMIT 1").fetchone()
        newest = self._connection.execute("SELECT max(updated_at) FROM work").fetchone()[0]
        return SourceState(
            origin=f"{socket.gethostname()}:{self._path.absolute()}",
            first=None if first is None else f"{first[0]} {first[1]!r}",
            files=tuple(state for path in (self._path, *beside) for state in file_states(path)),
            seq=_last_seq(self._connection),
            newest=0.0 if newest is None else float(newest),
        )


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", ".part"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Table:
    connection: sqlite3.Connection
    name: str
    select: str
    key: tuple[str, ...]
    to_row: Callable[[Any], Row]

    def count(self) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM {self.name}").fetchone()[0])

    def rows(self, after: Position | None) -> Generator[Row, None, None]:
        keys = ", ".join(self.key)
        behind = f"WHERE ({keys}) > ({', '.join('?' * len(self.key))})" if after is not None else ""
        found = self.connection.execute(f"{self.select} {behind} ORDER BY {keys}", after or ())
        with contextlib.closing(found):
            for row in found:
                yield self.to_row(row)


def _receipt(row: Any) -> Row:
    fields = transfer.ReceiptRow(*row)
    fields = fields._replace(body_backed=bool(fields.body_backed), refs=tuple(json.loads(row[10])))
    return Row([fields.seq], fields.id, fields)


class _Counters:
    name = "counters"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self) -> int:
        return len(self._all())

    def rows(self, after: Position | None) -> Generator[Row, None, None]:
        for at, row in enumerate(self._all()):
            if after is None or at > int(after[0]):
                yield Row([at], row.shown, row)

    def _all(self) -> list[transfer.CounterRow]:
        shrunk = self._connection.execute("SELECT value FROM counters WHERE name = 'shrunk_until'").fetchone()
        doors = self._connection.execute(
            "SELECT source, channel, receipts, last_at FROM sources ORDER BY source, channel"
        )
        return [
            transfer.CounterRow(transfer.SEQ, _last_seq(self._connection)),
            transfer.CounterRow(transfer.SHRUNK_UNTIL, float(shrunk[0])),
            *(
                transfer.CounterRow(transfer.RECEIVED, count, source, channel, float(last_at))
                for source, channel, count, last_at in doors.fetchall()
            ),
        ]


def _last_seq(connection: sqlite3.Connection) -> int:
    given = connection.execute("SELECT value FROM counters WHERE name = 'receipt_seq'").fetchone()[0]
    stored = connection.execute("SELECT max(seq) FROM receipts").fetchone()[0]
    return max(int(given), stored or 0)
