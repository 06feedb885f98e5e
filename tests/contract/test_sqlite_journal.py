"""The SQLite journal keeps the contract of journals, and no statement of it walks through a whole table."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from orquestador.clock import ManualClock
from orquestador.journal.sqlite import SqliteJournal
from tests.contract.journal_contract import JournalContract

SMALL = ("json_each", "tallies", "sources", "leases", "budgets", "sqlite_schema", "CONSTANT", "ROW")
"""What may be walked through: a bound list (newer SQLite: ROW), tables that do not grow with the orders."""


class TestSqliteJournal(JournalContract):
    checked: ClassVar[set[str]] = set()

    @pytest.fixture
    async def journal(
        self, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[SqliteJournal]:
        statements: list[str] = []
        connect = sqlite3.connect

        def traced(*args: Any, **kwargs: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*args, **kwargs)
            connection.set_trace_callback(statements.append)
            return connection

        with monkeypatch.context() as patched:
            patched.setattr(sqlite3, "connect", traced)
            journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
        yield journal
        await journal.close()
        self.check_plans(tmp_path / "journal.sqlite3", statements)

    def check_plans(self, path: Path, statements: list[str]) -> None:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            for traced in statements:
                statement = re.sub(r"\bInf\b", "9e999", traced)  # as the trace prints it, it is no number
                shape = re.sub(r"'[^']*'|-?\d+(\.\d+)?(e[+-]?\d+)?", "?", statement)[:600]
                if shape in self.checked or not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE)\b", statement):
                    continue
                self.checked.add(shape)
                for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall():
                    walks = re.match(r"SCAN (?:\d+[ -])?(\w+)", step)
                    assert not walks or walks[1] in SMALL, f"{step}: {statement[:1000]}"
