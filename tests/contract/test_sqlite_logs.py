"""The SQLite log store keeps the contract of log stores, and never costs its callers time."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.model.errors import StoreUnavailable
from orquestador.model.logs import LogFilter, LogStatus
from orquestador.ops.logsink import BATCH_EVERY_S, BUFFER_MAX, SqliteLogSink
from tests.contract.log_contract import LogSinkContract, entry


def _traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement from here on, of any connection."""
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(path: Path, **options: bool) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(path, **options)  # type: ignore[call-overload]
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    return statements


class TestSqliteLogSink(LogSinkContract):
    @pytest.fixture
    async def sink(self, tmp_path: Path) -> AsyncIterator[SqliteLogSink]:
        sink = await SqliteLogSink.open(tmp_path / "logs.sqlite3", ManualClock())
        yield sink
        await sink.close()

    async def test_entries_arrive_without_a_flush(self, sink: SqliteLogSink) -> None:
        sink.write(entry("e1", 1.0))
        deadline = time.monotonic() + 10
        while not await sink.query(LogFilter(), 1, None):
            assert time.monotonic() < deadline

    async def test_what_does_not_fit_is_counted_and_told(self, sink: SqliteLogSink, tmp_path: Path) -> None:
        with contextlib.closing(sqlite3.connect(tmp_path / "logs.sqlite3")) as other:
            other.execute("BEGIN IMMEDIATE")  # holds the writer up
            sink.write(entry("first", 0.0))
            flushing = asyncio.ensure_future(sink.flush())
            deadline = time.monotonic() + 10
            while not sink.dropped:
                assert time.monotonic() < deadline
                for n in range(BUFFER_MAX):
                    sink.write(entry(f"e{n}", 1.0))
                await asyncio.sleep(0)
            other.execute("ROLLBACK")
        await flushing
        await sink.flush()
        (told,) = await sink.query(LogFilter(service="orchestrator"), 10, None)
        assert (told.action, told.status) == ("logs.dropped", LogStatus.ERROR)
        assert told.response == {"dropped": sink.dropped}

    async def test_entries_survive_a_restart(self, sink: SqliteLogSink, tmp_path: Path) -> None:
        sink.write(entry("e1", 1.0))
        await sink.close()
        again = await SqliteLogSink.open(tmp_path / "logs.sqlite3", ManualClock())
        assert [e.id for e in await again.query(LogFilter(), 10, None)] == ["e1"]
        await again.close()

    async def test_the_file_is_its_owners_alone(self, sink: SqliteLogSink, tmp_path: Path) -> None:
        assert stat.S_IMODE((tmp_path / "logs.sqlite3").stat().st_mode) == 0o600

    async def test_a_file_of_another_version_is_set_aside(self, sink: SqliteLogSink, tmp_path: Path) -> None:
        await sink.close()
        with contextlib.closing(sqlite3.connect(tmp_path / "logs.sqlite3")) as connection:
            connection.execute("PRAGMA user_version = 99")
        again = await SqliteLogSink.open(tmp_path / "logs.sqlite3", ManualClock())
        assert await again.query(LogFilter(), 10, None) == []
        await again.close()
        assert (tmp_path / "logs.sqlite3.v99.bak").exists()

    async def test_a_closed_store_answers_no_question(self, sink: SqliteLogSink) -> None:
        await sink.close()
        with pytest.raises(StoreUnavailable):
            await sink.query(LogFilter(), 1, None)


async def test_entries_share_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = _traced(monkeypatch)
    sink = await SqliteLogSink.open(tmp_path / "logs.sqlite3", ManualClock())
    statements.clear()
    began, n = time.monotonic(), 0
    while statements.count("COMMIT") < 3:
        sink.write(entry(f"e{n}", float(n)))
        n += 1
        await asyncio.sleep(0.001)
    assert time.monotonic() - began > 3 * BATCH_EVERY_S * 0.9
    await sink.close()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "logs.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreUnavailable):
        await SqliteLogSink.open(tmp_path / "logs.sqlite3", ManualClock())


async def test_no_question_walks_through_all_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = _traced(monkeypatch)
    sink = await SqliteLogSink.open(tmp_path / "logs.sqlite3", ManualClock())
    sink.write(entry("e1", 1.0, orders=("A1",), skus=("S1",)))
    await sink.flush()
    for wanted in (
        LogFilter(),
        LogFilter(service="odoo"),
        LogFilter(order_id="A1"),
        LogFilter(sku="S1", order_id="A1"),
    ):
        await sink.query(wanted, 10, (5.0, "x"))
    await sink.expire(2.0)
    await sink.close()
    monkeypatch.undo()
    with contextlib.closing(sqlite3.connect(tmp_path / "logs.sqlite3")) as connection:
        for statement in statements:
            if statement.lstrip().startswith(("SELECT", "DELETE")):
                for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}"):
                    assert not step.startswith("SCAN"), f"{step}: {statement}"
                    assert "USE TEMP B-TREE" not in step, f"{step}: {statement}"
