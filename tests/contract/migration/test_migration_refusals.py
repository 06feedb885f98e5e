"""What `migrate-store` refuses, and what it says; what was refused is as it was."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sqlite3
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

import orquestador
from orquestador.app.history import CHANNELS_SEEN
from orquestador.app.migrate import Plan, migrate
from orquestador.clock import ManualClock
from orquestador.i18n import has
from orquestador.journal.mongo import MongoJournal, dump, restore
from orquestador.journal.mongo import schema as mongo_schema
from orquestador.journal.mongo.target import Standing
from orquestador.journal.sqlite import JournalTooNew, NotAJournal, SqliteJournal, schema
from orquestador.model.errors import MigrationRefused, StoreLocked, StoreUnfinished
from orquestador.ports import Process, ProcessRole
from orquestador.settings import Settings, journal_file, logs_file
from tests.contract.journal_data import order_id, receipt, the_row
from tests.contract.migration.data import all_work, assert_same, settings_of
from tests.contract.migration.run import (
    Steps,
    content,
    database_of,
    files,
    lines_until_killed,
    refused,
    run,
    sides,
    uri_of,
)
from tests.engines import DRIVER_LEAKS
from tests.terminal import at_a_terminal

pytestmark = DRIVER_LEAKS  # clients that are closed right after they were refused


# --- refused ------------------------------------------------------------------------------------------------


async def test_a_store_in_use_is_refused_and_the_target_left_alone(
    shop: Settings, clock: ManualClock
) -> None:
    journal = await SqliteJournal.open(journal_file(shop), clock)
    with pytest.raises(StoreLocked):
        await run(shop)
    await journal.close()
    assert content(shop) == {}


async def test_a_plan_that_nobody_agrees_to_changes_nothing(shop: Settings) -> None:
    plan = await migrate(shop, Steps(), lambda _: False)
    assert isinstance(plan, Plan)
    assert (plan.standing, plan.rows["receipts"], plan.logs_left) == (Standing.EMPTY, 21, False)
    assert content(shop) == {}


async def test_a_database_in_use_is_refused_and_left_alone(shop: Settings, clock: ManualClock) -> None:
    journal = await MongoJournal.open(uri_of(shop), clock)
    await journal.accept(receipt("r1", "A1"))
    await journal.close()
    before = content(shop)
    told = await refused(shop)
    assert (told.code, told.facts["held"]) == ("not_empty", ["receipts", "work", "counters"])
    assert content(shop) == before


async def test_a_database_that_was_only_looked_at_is_as_good_as_empty(
    shop: Settings, clock: ManualClock
) -> None:
    journal = await MongoJournal.open(uri_of(shop), clock)
    await journal.set_meta(CHANNELS_SEEN, ["other"])
    await journal.close()
    assert (await run(shop)).state == "done"
    async with sides(shop, clock) as (old, new):
        await assert_same(old, new, clock)
        assert await new.journal.get_meta(CHANNELS_SEEN) is None


async def test_a_database_that_somebody_serves_isrefused(shop: Settings, clock: ManualClock) -> None:
    journal = await MongoJournal.open(uri_of(shop), clock)
    me = Process("host-1", ProcessRole.API, "1", clock.now())
    await journal.tell(me)
    assert (await refused(shop)).code == "target_served"
    await journal.leave(me.owner)

    def tell(step: str, table: str) -> None:
        if (step, table) == ("copy", "names"):
            with database_of(shop) as database:
                database["orq_processes"].insert_one({"_id": me.owner})

    # One that opened it just before the mark, and told of itself only later: what it accepts is not lost.
    with pytest.raises(MigrationRefused, match="target_served"):
        await run(shop, tell)
    assert (await refused(shop)).code == "target_served"
    await journal.close()


async def test_the_unfinished_copy_of_another_store_is_refused_and_left_alone(
    shop: Settings, clock: ManualClock, tmp_path: Path, uri: str
) -> None:
    await asyncio.to_thread(lines_until_killed, tmp_path, 5, 8)
    before = content(shop)
    other = tmp_path / "other"
    other.mkdir()
    theirs = settings_of(other, uri)
    journal = await SqliteJournal.open(journal_file(theirs), clock)
    await journal.touch([order_id("Z1")], "poll")
    await journal.close()
    told = await refused(theirs)
    assert told.code == "other_migration"
    assert str(told.facts["origin"]).endswith(str(journal_file(shop)))
    assert content(shop) == before
    assert (await run(shop)).state == "done"
    assert (await refused(theirs)).code == "other_journal"


async def test_a_second_run_says_when_it_was_done(shop: Settings, clock: ManualClock) -> None:
    first = await run(shop)
    before = content(shop)
    again = await run(shop)
    assert again == replace(first, state="already_done")
    journal_file(shop).unlink()
    assert await run(shop) == again
    assert content(shop) == before


async def test_a_source_that_went_on_by_itself_afterwards_is_told(shop: Settings, clock: ManualClock) -> None:
    await run(shop)
    journal = await SqliteJournal.open(journal_file(shop), clock)
    await journal.close()  # a look alone is no use
    assert (await run(shop)).state == "already_done"
    journal = await SqliteJournal.open(journal_file(shop), clock)
    await journal.accept(receipt("later", "A1"))
    await journal.close()
    before = content(shop)
    assert (await refused(shop)).code == "used_since"
    assert content(shop) == before


async def test_no_target_and_no_source(tmp_path: Path, uri: str) -> None:
    assert (await refused(settings_of(tmp_path, ""))).code == "no_target"
    shop = settings_of(tmp_path, uri)
    assert (await refused(shop)).code == "no_source"
    assert not shop.data_dir.exists()
    assert content(shop) == {}


async def test_a_foreign_or_newer_file_is_refused_and_left_alone(
    shop: Settings, tmp_path: Path, uri: str
) -> None:
    with contextlib.closing(sqlite3.connect(journal_file(shop))) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = files(shop.data_dir)
    with pytest.raises(JournalTooNew):
        await run(shop)
    assert files(shop.data_dir) == before
    journal_file(shop).write_bytes(b"a text, and no database" * 200)
    with pytest.raises(NotAJournal):
        await run(shop)
    assert content(shop) == {}


async def test_a_receipt_that_mongodb_cannot_hold_is_named(shop: Settings, clock: ManualClock) -> None:
    journal = await SqliteJournal.open(journal_file(shop), clock)
    await journal.accept(receipt("huge", "A1", body=b"x" * (16 * 2**20)))
    await journal.close()
    told = await refused(shop)
    assert (told.code, told.facts["table"], told.facts["id"]) == ("row_refused", "receipts", "huge")


# --- older files --------------------------------------------------------------------------------------------


async def test_an_older_file_is_read_by_way_of_a_copy(
    shop: Settings, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = [*schema.migrations(), "UPDATE work SET attempts = 77 WHERE id = 'order:falabella:A0'"]
    monkeypatch.setattr(schema, "migrations", lambda: steps)
    before = files(shop.data_dir)
    assert (await run(shop)).state == "done"
    assert files(shop.data_dir) == before  # neither changed nor with a copy beside it
    async with sides(shop, clock) as (old, new):  # this brings the file itself to that version
        await assert_same(old, new, clock)
        assert (await the_row(new.journal, order_id("A0"))).attempts == 77


async def test_call_logs_of_another_version_are_left_behind_and_that_is_said(
    shop: Settings, clock: ManualClock
) -> None:
    with contextlib.closing(sqlite3.connect(logs_file(shop))) as connection:
        connection.execute("PRAGMA user_version = 7")
    outcome = await run(shop)
    assert (outcome.state, outcome.logs_left) == ("done", True)
    assert next(t for t in outcome.tables if t.name == "logs").target_rows == 0


# --- others meet the unfinished database --------------------------------------------------------------------


async def test_nothing_is_restored_over_an_unfinished_copy(
    shop: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    uri = uri_of(shop)
    async with AsyncMongoClient[Any](uri) as client:
        name = client.get_default_database().name
    other = await MongoJournal.open(uri, clock, database=f"{name}_copy")
    await other.backup(str(tmp_path / "dump"))
    await other.close()
    await asyncio.to_thread(lines_until_killed, tmp_path, 5, 3)
    with pytest.raises(StoreUnfinished):
        await restore(uri, tmp_path / "dump")
    assert set(dump.COLLECTIONS) == {t.name for t in (await run(shop)).tables} - {"logs"}


async def test_the_copy_is_a_journal_of_the_newest_version(shop: Settings, clock: ManualClock) -> None:
    await run(shop)
    with database_of(shop) as database:
        version = database["orq_schema"].find_one(mongo_schema.VERSION)
        assert version == {"_id": "journal", "version": len(mongo_schema.STEPS)}
    async with sides(shop, clock) as (_, new):
        assert await all_work(new.journal)
        assert not await new.journal.processes()


# --- a person at a terminal ---------------------------------------------------------------------------------


def _at_a_terminal(folder: Path, answer: str) -> tuple[int, str]:
    return at_a_terminal(
        [sys.executable, "-m", "orquestador", "migrate-store"],
        [answer],
        folder=folder,
        env={**os.environ, "APP_LANG": "es", "COLUMNS": "120", "TERM": "xterm"},
        asks="]",
        quiet_s=30.0,
    )


async def test_a_person_is_asked_and_sees_how_it_goes(shop: Settings, tmp_path: Path) -> None:
    code, screen = await asyncio.to_thread(_at_a_terminal, tmp_path, "")
    assert (code, "No se copió nada" in screen) == (2, True)
    assert content(shop) == {}
    code, screen = await asyncio.to_thread(_at_a_terminal, tmp_path, "s")
    assert code == 0, screen
    for words in ("avisos", "Copia: pedidos", "Verificación: registro de llamadas", "100%", "Todo está en"):
        assert words in screen, words


REFUSALS = re.compile(r'(?:MigrationRefused\(\s*|(?="other_))"(\w+)"')


def test_every_refusal_has_words_and_a_remedy() -> None:
    source = Path(orquestador.__file__).parent
    texts = [path.read_text() for path in source.rglob("*.py") if "MigrationRefused" in path.read_text()]
    codes = {code for text in texts for code in REFUSALS.findall(text)}
    assert {"not_empty", "other_journal", "other_migration", "row_refused", "used_since"} <= codes
    assert all(has(f"migrate.{code}") and has(f"migrate.{code}.do") for code in codes), codes
