"""The journal's file: one owner, a version, copies; what it holds survives a restart."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.journal.sqlite import JournalTooNew, NotAJournal, SqliteJournal, schema
from orquestador.model.budget import FALABELLA_FEEDS
from orquestador.model.errors import StoreLocked
from orquestador.model.orders import LineState, Owner
from orquestador.model.work import Kind, State
from orquestador.ports import Save
from tests.contract.journal_data import (
    claimed_ids,
    job_of,
    listing_row,
    order_id,
    order_row,
    receipt,
    seen,
    the_row,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.sqlite3"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def _user_version(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("serving", [True, False])
async def test_a_second_opener_is_refused_and_told_who_has_it(
    path: Path, clock: ManualClock, serving: bool
) -> None:
    first = await SqliteJournal.open(path, clock)
    with pytest.raises(StoreLocked, match=f"process {os.getpid()}.*DATA_DIR"):
        await SqliteJournal.open(path, clock, serving=serving)
    await first.close()
    second = await SqliteJournal.open(path, clock, serving=serving)
    await second.close()


async def test_a_refused_file_lets_go_of_the_lock(path: Path, clock: ManualClock) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is a text, and no database" * 100)
    for _ in range(2):
        with pytest.raises(NotAJournal):
            await SqliteJournal.open(path, clock)


async def test_the_file_is_its_owners_alone(path: Path, clock: ManualClock) -> None:
    journal = await SqliteJournal.open(path, clock)
    await journal.accept(receipt("r1", "A1"))
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name
    await journal.close()


async def test_everything_survives_a_restart(path: Path, clock: ManualClock) -> None:
    journal = await SqliteJournal.open(path, clock)
    await journal.accept(receipt("r1", "A1"))
    await journal.upsert_listings([listing_row("S1")])
    works = await journal.claim(Kind.LISTING, "w1", 1, 30)
    job = job_of("j1", *works, at=clock.now())
    await journal.open_job(job, works, "budget", FALABELLA_FEEDS)
    await journal.update_budget("budget", FALABELLA_FEEDS, throttled=True)
    budget = await journal.budget("budget", FALABELLA_FEEDS)
    await journal.set_meta("since", 12.5)
    await journal.close()
    again = await SqliteJournal.open(path, clock)
    assert [r.id for r in await again.receipts_for(order_id("A1"))] == ["r1"]
    assert await again.open_jobs("falabella") == [job]
    assert await again.budget("budget", FALABELLA_FEEDS) == budget
    assert budget.tokens == 0
    assert await again.get_meta("since") == 12.5
    await again.close()


async def test_a_serving_open_frees_every_lease_and_a_command_does_not(
    path: Path, clock: ManualClock
) -> None:
    journal = await SqliteJournal.open(path, clock)
    await journal.accept(receipt("r1", "A1"))
    await claimed_ids(journal, lease_s=3600)
    assert await journal.acquire("lane", "w1", 3600)
    await journal.close()
    command = await SqliteJournal.open(path, clock, serving=False)
    assert await claimed_ids(command, owner="w2") == []
    await command.close()
    serving = await SqliteJournal.open(path, clock)
    assert await claimed_ids(serving, owner="w3") == [order_id("A1")]
    assert await serving.acquire("lane", "w3", 30)
    await serving.close()


async def test_a_newer_file_is_refused_and_left_alone(path: Path, clock: ManualClock) -> None:
    journal = await SqliteJournal.open(path, clock)
    await journal.close()
    newer = len(schema.migrations()) + 1
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
        connection.execute("PRAGMA journal_mode = DELETE")
    before = _digest(path)
    with pytest.raises(JournalTooNew, match=f"version {newer}"):
        await SqliteJournal.open(path, clock)
    assert _digest(path) == before
    assert [f.name for f in path.parent.iterdir() if f.suffix == ".bak"] == []


async def test_a_database_of_something_else_is_refused_and_left_alone(path: Path, clock: ManualClock) -> None:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE customers (name TEXT);")
    before = _digest(path)
    with pytest.raises(NotAJournal):
        await SqliteJournal.open(path, clock)
    assert _digest(path) == before


async def test_an_older_file_is_copied_then_migrated(path: Path, clock: ManualClock) -> None:
    journal = await SqliteJournal.open(path, clock)
    await journal.accept(receipt("r1", "A1"))
    await journal.close()
    version = _user_version(path)
    steps = [*schema.migrations(), "CREATE TABLE later (x); INSERT INTO later SELECT n FROM work"]
    schema.prepare(path, steps)
    assert _user_version(path) == version + 1
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM later").fetchone() == (1,)
    backup = path.with_name(f"{path.name}.v{version}.bak")
    assert _user_version(backup) == version
    old = await SqliteJournal.open(backup, clock)
    assert [r.id for r in await old.receipts_for(order_id("A1"))] == ["r1"]
    await old.close()
    schema.prepare(path, steps)  # again: there is nothing left to do


async def test_orders_of_an_older_file_are_read_again_too(path: Path, clock: ManualClock) -> None:
    step = next(n for n, sql in enumerate(schema.migrations()) if "ADD COLUMN read_at" in sql)
    journal = await SqliteJournal.open(path, clock)
    orders = [
        seen("open", ("S1", 1), at=10.0),
        seen("shipped", ("S1", 1), at=10.0, state=LineState.SHIPPED),
        seen("cancelled", ("S1", 1), at=10.0, state=LineState.CANCELLED),
        seen("fulfilled", ("S1", 1), at=10.0, owner=Owner.MARKETPLACE),
        replace(seen("history", ("S1", 1), at=10.0), history=True),
        replace(seen("body", ("S1", 1), at=10.0), body_backed=True),
        replace(seen("twin", ("S1", 1), at=10.0), adopted_by="open"),
    ]
    assert all(await journal.save([Save(order_row(order)) for order in orders]))
    await journal.accept(receipt("r1", "unread"))
    await journal.close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript("DROP INDEX work_read; ALTER TABLE work DROP COLUMN read_at;")
        connection.executescript(f"PRAGMA user_version = {step};")
    schema.prepare(path, schema.migrations()[: step + 1])
    journal = await SqliteJournal.open(path, clock)
    assert await journal.orders_read_before("falabella", 99.0, 9) == [(10.0, order_id("open"))]
    await journal.close()


async def test_a_migration_that_fails_changes_nothing(path: Path, clock: ManualClock) -> None:
    journal = await SqliteJournal.open(path, clock)
    await journal.close()
    version = _user_version(path)
    with pytest.raises(Exception, match="syntax error"):
        schema.prepare(path, [*schema.migrations(), "CREATE TABLE later (x); NONSENSE"])
    assert _user_version(path) == version
    journal = await SqliteJournal.open(path, clock)
    assert not (await journal.accept(receipt("r1", "A1"))).duplicate
    await journal.close()


async def test_a_copy_is_one_whole_file_that_opens(path: Path, clock: ManualClock, tmp_path: Path) -> None:
    journal = await SqliteJournal.open(path, clock)
    await journal.save([Save(order_row(seen("A1", ("S1", 2), at=clock.now())))])
    copy = tmp_path / "copies" / "yesterday.sqlite3"
    copy.parent.mkdir()
    await journal.backup(str(copy))
    row = await the_row(journal, order_id("A1"))
    await journal.save([Save(replace(row, state=State.DEAD, done=row.wanted))])
    await journal.backup(str(copy.with_name("today")))
    await journal.close()
    assert sorted(f.name for f in copy.parent.iterdir()) == ["today", "yesterday.sqlite3"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    restored = await SqliteJournal.open(copy, clock)
    assert (await the_row(restored, order_id("A1"))).state is State.SETTLED
    assert (await restored.units(["S1"]))["S1"].unproven == 2
    await restored.close()
