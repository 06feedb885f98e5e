"""The one writer: what is ready together is committed together, and closing leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from orquestador.journal.sqlite.writer import Writer
from orquestador.model.errors import StoreUnavailable


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER)")
    return connection


def _rows(path: Path) -> list[int]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]


class _Groups:
    """Inserts numbers and remembers how many came together."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def insert(self, connection: sqlite3.Connection, numbers: Sequence[int]) -> list[int]:
        self.sizes.append(len(numbers))
        connection.executemany("INSERT INTO t VALUES (?)", [(n,) for n in numbers])
        return [n * 10 for n in numbers]


async def test_what_is_ready_in_one_turn_of_the_loop_is_one_commit(tmp_path: Path) -> None:
    path, groups = tmp_path / "t.sqlite3", _Groups()
    writer = Writer(_open(path), asyncio.get_running_loop())
    answers = await asyncio.gather(*[writer.run_grouped(groups.insert, n) for n in range(50)])
    await writer.close()
    assert answers == [n * 10 for n in range(50)]
    assert groups.sizes == [50]
    assert _rows(path) == list(range(50))


async def test_closing_commits_what_was_asked_for_in_the_same_turn(tmp_path: Path) -> None:
    path, groups = tmp_path / "t.sqlite3", _Groups()
    writer = Writer(_open(path), asyncio.get_running_loop())
    answers = await asyncio.gather(
        *[writer.run_grouped(groups.insert, n) for n in range(3)], writer.close(), return_exceptions=True
    )
    assert answers == [0, 10, 20, None]
    assert _rows(path) == [0, 1, 2]


async def test_a_closed_writer_takes_nothing(tmp_path: Path) -> None:
    writer = Writer(_open(tmp_path / "t.sqlite3"), asyncio.get_running_loop())
    await writer.close()
    with pytest.raises(StoreUnavailable):
        await writer.run(lambda connection: None)
