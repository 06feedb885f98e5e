"""Call logs in an SQLite file of their own, so that they never slow a commit of the journal (design §10)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sqlite3
import threading
import uuid
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from orquestador.model.errors import StoreUnavailable
from orquestador.model.logs import LogEntry, LogFilter, LogStatus
from orquestador.ports import Clock

SCHEMA_VERSION = 1
BUFFER_MAX = 20_000
"""Entries that wait to be written; further ones are dropped and counted."""
BATCH_EVERY_S = 0.2
EXPIRE_CHUNK = 1_000

_SCHEMA = """
    CREATE TABLE entries (
        n           INTEGER PRIMARY KEY,
        id          TEXT NOT NULL,
        timestamp   REAL NOT NULL,
        service     TEXT NOT NULL,
        action      TEXT NOT NULL,
        status      TEXT NOT NULL,
        duration_ms REAL NOT NULL,
        trace_id    TEXT,
        request     TEXT NOT NULL,
        response    TEXT NOT NULL,
        order_ids   TEXT NOT NULL,
        skus        TEXT NOT NULL,
        links       TEXT NOT NULL
    );
    CREATE INDEX entries_recent ON entries (timestamp, id);
    -- Finds entries by order (`o:<id>`) and SKU (`s:<sku>`), in the order in which they are shown.
    CREATE TABLE subjects (
        subject   TEXT NOT NULL,
        timestamp REAL NOT NULL,
        id        TEXT NOT NULL,
        n         INTEGER NOT NULL,
        PRIMARY KEY (subject, timestamp, id, n)
    ) WITHOUT ROWID;
"""
COLUMNS = (
    "id, timestamp, service, action, status, duration_ms, trace_id, request, response, order_ids, skus, links"
)


class SqliteLogSink:
    """Implements `ports.LogSink`: one writer thread, a batch at most every 200 ms, nothing while idle."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._waiting: deque[LogEntry] = deque()
        self._filled = threading.Event()
        self._hurry = threading.Event()
        self._stored = threading.Condition()
        self._accepted = 0
        self._finished = 0
        self._closed = False
        self._told = 0
        self.dropped = 0
        """Entries that could not be kept since the start; the log itself says so as well."""
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="log-reader")
        self._thread = threading.Thread(target=self._work, name="log-writer", daemon=True)

    @classmethod
    async def open(cls, path: Path, clock: Clock) -> Self:
        """Raises StoreUnavailable when the file cannot be used. A file of another version is set aside: logs
        are no truth that would have to be migrated."""
        sink = cls(path, clock)
        try:
            await asyncio.to_thread(_prepare, path)
        except (sqlite3.Error, OSError) as error:
            sink._readers.shutdown()
            raise StoreUnavailable(f"the log store cannot be opened: {error}") from error
        sink._thread.start()
        return sink

    def write(self, entry: LogEntry) -> None:
        if self._closed or len(self._waiting) >= BUFFER_MAX:
            self.dropped += 1
            return
        self._accepted += 1
        self._waiting.append(entry)
        if not self._filled.is_set():
            self._filled.set()

    async def query(self, filter: LogFilter, limit: int, before: tuple[float, str] | None) -> list[LogEntry]:
        """Newest first by (timestamp, id), strictly before the cursor; `until` is exclusive."""
        sql, bound = _question(filter, limit, before)
        rows = await self._read(lambda connection: connection.execute(sql, bound).fetchall())
        return [_to_entry(row) for row in rows]

    async def expire(self, before: float) -> int:
        """Drops entries older than that, in small transactions; returns how many."""
        return int(await self._read(lambda connection: _expire(connection, before)))

    async def flush(self) -> None:
        """Returns when everything written before this call is stored or counted as dropped."""
        await asyncio.to_thread(self._flush, self._accepted)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._hurry.set()
            self._filled.set()
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._readers.shutdown)

    async def _read(self, read: Any) -> Any:
        def run() -> Any:
            with contextlib.closing(_connect(self._path)) as connection:
                return read(connection)

        if self._closed:
            raise StoreUnavailable("the log store is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, run)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the log store cannot answer: {error}") from error

    def _flush(self, target: int) -> None:
        self._hurry.set()
        with self._stored:
            self._stored.wait_for(lambda: self._finished >= target)

    # --- the writer's thread ---

    def _work(self) -> None:
        with contextlib.closing(_connect(self._path)) as connection:
            while True:
                self._filled.wait()
                # What comes within this time shares a commit; a flush or the end does not wait for it.
                if not self._closed:
                    self._hurry.wait(BATCH_EVERY_S)
                self._hurry.clear()
                self._filled.clear()
                batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
                self._store(connection, batch)
                with self._stored:
                    self._finished += len(batch)
                    self._stored.notify_all()
                if self._closed and not self._waiting:
                    return

    def _store(self, connection: sqlite3.Connection, batch: list[LogEntry]) -> None:
        refused = 0
        try:
            with connection:
                for entry in batch:
                    try:
                        _insert(connection, _to_row(entry))
                    except sqlite3.OperationalError:
                        raise
                    except Exception:  # noqa: BLE001 - an entry that cannot be stored must not stop the others
                        refused += 1
                if dropped := self.dropped + refused - self._told:
                    _insert(connection, _to_row(self._confession(dropped)))
        except sqlite3.Error:
            self.dropped += len(batch)
        else:
            self.dropped += refused
            self._told += dropped

    def _confession(self, dropped: int) -> LogEntry:
        return LogEntry(
            id=uuid.uuid4().hex,
            service="orchestrator",
            action="logs.dropped",
            status=LogStatus.ERROR,
            timestamp=self._clock.now(),
            response={"dropped": dropped},
        )


_Row = tuple[tuple[Any, ...], tuple[str, ...]]
"""The columns of an entry, and its subjects."""


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=5.0, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with contextlib.closing(_connect(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == SCHEMA_VERSION:
        return
    if version != 0:
        path.replace(path.with_name(f"{path.name}.v{version}.bak"))
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    with contextlib.closing(_connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN;{_SCHEMA};PRAGMA user_version = {SCHEMA_VERSION};COMMIT;")


def _subjects(order_ids: Iterable[str], skus: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({f"o:{o}" for o in order_ids} | {f"s:{s}" for s in skus}))


def _text(value: str) -> str:
    """A lone surrogate must not cost the entry."""
    return value.encode(errors="backslashreplace").decode()


def _to_row(entry: LogEntry) -> _Row:
    columns = (
        _text(entry.id),
        float(entry.timestamp),
        _text(entry.service),
        _text(entry.action),
        entry.status.value,
        float(entry.duration_ms),
        entry.trace_id and _text(entry.trace_id),
        json.dumps(entry.request, default=str),
        json.dumps(entry.response, default=str),
        json.dumps(entry.order_ids),
        json.dumps(entry.skus),
        json.dumps(entry.links),
    )
    return columns, _subjects(map(_text, entry.order_ids), map(_text, entry.skus))


def _insert(connection: sqlite3.Connection, row: _Row) -> None:
    columns, subjects = row
    n = connection.execute(
        f"INSERT INTO entries ({COLUMNS}) VALUES ({', '.join('?' * len(columns))})", columns
    ).lastrowid
    connection.executemany(
        "INSERT OR IGNORE INTO subjects VALUES (?, ?, ?, ?)",
        [(s, columns[1], columns[0], n) for s in subjects],
    )


def _to_entry(row: Any) -> LogEntry:
    return LogEntry(
        id=row[0],
        timestamp=row[1],
        service=row[2],
        action=row[3],
        status=LogStatus(row[4]),
        duration_ms=row[5],
        trace_id=row[6],
        request=json.loads(row[7]),
        response=json.loads(row[8]),
        order_ids=tuple(json.loads(row[9])),
        skus=tuple(json.loads(row[10])),
        links=tuple(json.loads(row[11])),
    )


def _question(
    filter: LogFilter, limit: int, before: tuple[float, str] | None
) -> tuple[str, tuple[object, ...]]:
    subjects = _subjects([filter.order_id] if filter.order_id else [], [filter.sku] if filter.sku else [])
    # The walk goes along the index of the first subject, or of all entries; the rest filters it.
    table, prefix = ("entries AS e", "e")
    if subjects:
        table, prefix = ("subjects AS s JOIN entries AS e ON e.n = s.n", "s")
    where: list[str] = []
    bound: list[object] = []

    def add(condition: str, *values: object) -> None:
        where.append(condition)
        bound.extend(values)

    if subjects:
        add("s.subject = ?", _text(subjects[0]))
    for subject in subjects[1:]:
        add(
            "EXISTS (SELECT 1 FROM subjects AS o WHERE o.subject = ? AND o.timestamp = s.timestamp "
            "AND o.id = s.id AND o.n = s.n)",
            _text(subject),
        )
    if before is not None:
        add(f"({prefix}.timestamp, {prefix}.id) < (?, ?)", *before)
    if filter.since is not None:
        add(f"{prefix}.timestamp >= ?", filter.since)
    if filter.until is not None:
        add(f"{prefix}.timestamp < ?", filter.until)
    for column, value in (("service", filter.service), ("action", filter.action), ("status", filter.status)):
        if value is not None:
            add(f"e.{column} = ?", _text(str(value)))
    columns = ", ".join(f"e.{name}" for name in COLUMNS.split(", "))
    conditions = f"WHERE {' AND '.join(where)}" if where else ""
    order = f"ORDER BY {prefix}.timestamp DESC, {prefix}.id DESC LIMIT ?"
    return f"SELECT {columns} FROM {table} {conditions} {order}", (*bound, limit)


def _expire(connection: sqlite3.Connection, before: float) -> int:
    dropped = 0
    while True:
        with connection:
            rows = connection.execute(
                "SELECT n, id, timestamp, order_ids, skus FROM entries WHERE timestamp < ? LIMIT ?",
                (before, EXPIRE_CHUNK),
            ).fetchall()
            for n, id_, at, order_ids, skus in rows:
                subjects = _subjects(map(_text, json.loads(order_ids)), map(_text, json.loads(skus)))
                connection.executemany(
                    "DELETE FROM subjects WHERE subject = ? AND timestamp = ? AND id = ? AND n = ?",
                    [(subject, at, id_, n) for subject in subjects],
                )
                connection.execute("DELETE FROM entries WHERE n = ?", (n,))
        dropped += len(rows)
        if len(rows) < EXPIRE_CHUNK:
            return dropped
