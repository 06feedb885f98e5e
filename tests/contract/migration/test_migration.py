"""`migrate-store`: all of an SQLite store arrives in MongoDB, whatever happens, or none of it counts."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from orquestador.app.migrate import Outcome, Plan, migrate
from orquestador.clock import ManualClock
from orquestador.journal.mongo import MongoJournal
from orquestador.journal.mongo.target import Standing
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.errors import MigrationRefused, StoreUnavailable, StoreUnfinished
from orquestador.model.logs import LogFilter
from orquestador.model.notices import NoticeKind
from orquestador.model.orders import LineState, Owner
from orquestador.model.work import Kind, State
from orquestador.ops import transfer
from orquestador.ops.logsink import SqliteLogSink
from orquestador.ops.mongologs import MongoLogSink
from orquestador.ops.transfer import BATCH_BYTES, Checksum, Row, batches
from orquestador.ports import Save
from orquestador.settings import Settings, journal_file, logs_file
from tests.contract.journal_data import (
    CHANNEL,
    listing_row,
    order_id,
    order_row,
    receipt,
    seen,
    the_row,
    with_effect,
)
from tests.contract.migration.data import META, NAMES, all_receipts, assert_same, settings_of
from tests.contract.migration.run import (
    OwnDatabase,
    Steps,
    database_of,
    files,
    lines_until_killed,
    run,
    sides,
    uri_of,
)
from tests.engines import DRIVER_LEAKS, shared_mongod

pytestmark = DRIVER_LEAKS  # clients that are closed right after they were refused

# --- everything arrives -------------------------------------------------------------------------------------


async def test_all_of_it_arrives(shop: Settings, clock: ManualClock) -> None:
    before = files(shop.data_dir)
    outcome = await run(shop)
    assert outcome.state == "done"
    assert {t.name: t.source_rows for t in outcome.tables if t.source_rows < 5} == {
        "jobs": 2,
        "budgets": 2,
        "rules": 3,
        "meta": 3,
    }
    assert all(t.agree and t.source_checksum == t.target_checksum for t in outcome.tables)
    assert files(shop.data_dir) == before
    async with sides(shop, clock) as (old, new):
        for later in (0, 6, 60, 4000):
            clock.advance(later)
            await assert_same(old, new, clock)
        for name, value in META.items():
            assert await new.journal.get_meta(name) == value
        for journal in (old.journal, new.journal):
            owners = await journal.claim_names(CHANNEL, [*NAMES, "new"], "nobody")
            assert owners == dict.fromkeys(NAMES, order_id("A1")) | {"new": "nobody"}


async def test_the_new_store_goes_on_where_the_old_one_was(shop: Settings, clock: ManualClock) -> None:
    await run(shop)
    async with sides(shop, clock) as (old, new):
        for journal in (old.journal, new.journal):
            await journal.recover("somebody")  # as a start does: leases do not go along
            assert await journal.acquire("lane", "next", 30)
        clock.advance(1000)
        for kind in Kind:
            taken = [{w.id: w for w in await side.journal.claim(kind, "w1", 100, 30)} for side in (old, new)]
            assert taken[0].keys() == taken[1].keys()
            assert kind is Kind.MOVEMENT or taken[0]
        # A text that came before is known, and numbers go on behind the last one.
        for side in (old, new):
            known = receipt("r-again", "A1", dedupe="r0-1")
            assert await side.journal.accept(known) == (await old.journal.accept(known))
            assert (await side.journal.accept(known)).receipt_id == "r0-1"
            await side.journal.accept(receipt("r-next", "A1"))
        last = [(await side.journal.receipts_for(order_id("A1")))[-1] for side in (old, new)]
        assert [r.id for r in last] == ["r-next", "r-next"]
        every = await all_receipts(new.journal, LogFilter())
        assert len({r.seq for r in every}) == len(every)
        assert max(r.seq for r in every) == last[1].seq
        # A row moves on by its revision.
        for side in (old, new):
            row = await the_row(side.journal, order_id("A0"))
            assert await side.journal.save([Save(replace(row, state=State.DEAD, done=row.wanted))]) == [True]
            assert await side.journal.save([Save(row)]) == [False]
        assert await new.journal.expire(clock.now() + 10, clock.now() + 10) > 0


async def test_a_store_with_nothing_in_it(tmp_path: Path, uri: str, clock: ManualClock) -> None:
    shop = settings_of(tmp_path, uri)
    journal = await SqliteJournal.open(journal_file(shop), clock)
    await journal.close()
    assert (await run(shop)).state == "done"
    async with sides(shop, clock) as (old, new):
        await assert_same(old, new, clock)
        assert not (await new.journal.accept(receipt("r1", "A1"))).duplicate


async def test_what_a_killed_process_left_beside_the_file_goes_along(
    tmp_path: Path, uri: str, clock: ManualClock
) -> None:
    shop = settings_of(tmp_path, uri)
    journal = await SqliteJournal.open(journal_file(shop), clock)
    await asyncio.gather(*(journal.accept(receipt(f"r{n}", f"A{n}")) for n in range(30)))
    # As a kill leaves them: the file and its log, not put together yet.
    left = tmp_path / "left"
    left.mkdir()
    for path in journal_file(shop).parent.iterdir():
        (left / path.name).write_bytes(path.read_bytes())
    await journal.close()
    shop = settings_of(tmp_path, uri, DATA_DIR=str(left))
    before = files(left)
    assert before.keys() == {"orquestador.sqlite3", "orquestador.sqlite3-wal"}
    outcome = await run(shop)
    assert {t.name: t.target_rows for t in outcome.tables}["receipts"] == 30
    assert files(left) == before
    async with sides(shop, clock) as (old, new):
        await assert_same(old, new, clock)


text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
refs = st.sampled_from(["A1", "A2", "A3"]) | text
skus = st.sampled_from(["S1", "S2"]) | text
lines = st.lists(st.tuples(skus, st.integers(1, 100_000)), max_size=3)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
notices = st.tuples(
    st.lists(refs, max_size=3, unique=True),
    st.sampled_from(list(NoticeKind)),
    st.sampled_from(["", "same", "other"]) | text,
    st.binary(max_size=40),
    st.sampled_from([CHANNEL, "falabella-pe"]),
)
orders = st.tuples(
    refs,
    lines,
    st.sampled_from(list(LineState)),
    st.sampled_from(list(Owner)),
    st.sampled_from(list(State)),
    st.booleans(),
    st.none() | st.floats(0, 2e9),
    st.none() | text,
)


@given(
    said=st.lists(notices, max_size=8),
    rows=st.lists(orders, max_size=8),
    offers=st.lists(skus, max_size=4, unique=True),
    facts=st.dictionaries(text, json_values, max_size=3),
    names=st.lists(text, max_size=3, unique=True),
    rows_in_a_batch=st.integers(1, 4),
)
@settings(max_examples=8, phases=(Phase.explicit, Phase.generate))
def test_whatever_is_in_it_arrives(
    said: list[Any],
    rows: list[Any],
    offers: list[str],
    facts: dict[str, Any],
    names: list[str],
    rows_in_a_batch: int,
) -> None:
    clock = ManualClock()

    async def go(folder: Path, uri: str) -> None:
        shop = settings_of(folder, uri)
        journal = await SqliteJournal.open(journal_file(shop), clock)
        await journal.upsert_listings([listing_row(sku) for sku in offers])
        for n, (about, kind, dedupe, body, channel) in enumerate(said):
            await journal.accept(
                receipt(f"r{n}", *about, kind=kind, dedupe=dedupe, body=body, channel=channel, at=float(n))
            )
        for ref, items, state, owner, stands, effect, due, number in rows:
            order = seen(ref, *items, at=clock.now(), state=state, owner=owner, number=number)
            order = with_effect(order) if effect else order
            known = await journal.get([order_id(ref)])
            row = (
                replace(known[0], doc=order, state=stands, done=known[0].wanted)
                if known
                else order_row(order, stands)
            )
            await journal.save([Save(row, effect_due_at=due)])
        for name, value in facts.items():
            await journal.set_meta(name, value)
        await journal.claim_names(CHANNEL, names, "order:falabella:A1")
        await journal.close()
        logs = await SqliteLogSink.open(logs_file(shop), clock)
        await logs.close()
        assert (await run(shop)).state == "done"
        async with sides(shop, clock) as (old, new):
            await assert_same(old, new, clock)
            for name, value in facts.items():
                assert await new.journal.get_meta(name) == value
            owned = await old.journal.claim_names(CHANNEL, names, "x")
            assert await new.journal.claim_names(CHANNEL, names, "x") == owned

    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(OwnDatabase(shared_mongod().uri)) as database,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setattr(transfer, "BATCH_ROWS", rows_in_a_batch)
        asyncio.run(go(Path(folder), database.uri))


# --- killed on the way --------------------------------------------------------------------------------------


async def test_a_run_that_is_killed_again_and_again_goes_on_each_time(
    shop: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    before = files(shop.data_dir)
    runs: list[list[str]] = []
    for kill_at in itertools.count(2, 7):  # each run gets a little further before it is killed
        runs.append(await asyncio.to_thread(lines_until_killed, tmp_path, 8, kill_at))
        if runs[-1][-1] == "done":
            break
        with pytest.raises(StoreUnfinished, match="migrate-store"):
            await MongoJournal.open(uri_of(shop), clock)
    assert len(runs) > 5
    # Not one of them copied anything a second time that an earlier one had told to be there.
    assert runs[0][0] == "plan empty"
    assert {said[0] for said in runs[2:]} == {"plan begun"}
    starts = [int(said[1].rpartition(" ")[2]) for said in runs if len(said) > 1]
    assert starts == sorted(starts)
    assert starts[-1] > 0
    assert files(shop.data_dir) == before
    async with sides(shop, clock) as (old, new):
        await assert_same(old, new, clock)
        await _indexed_like_a_new_one(shop, clock)


async def _indexed_like_a_new_one(shop: Settings, clock: ManualClock) -> None:
    with database_of(shop) as database:
        uri = uri_of(shop)
        fresh = await MongoJournal.open(uri, clock, database=f"{database.name}_copy")
        logs = await MongoLogSink.open(uri, clock, database=f"{database.name}_copy")
        await fresh.close()
        await logs.close()
        copy = database.client[f"{database.name}_copy"]
        for name in ("receipts", "work", "names", "jobs", "leases", "logs_1"):
            made = database[f"orq_{name}"].index_information()
            assert made == copy[f"orq_{name}"].index_information(), name


async def test_it_goes_on_after_a_failure_at_any_write(
    shop: Settings, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server refuses everything from the n-th write of a run on, for every n until a run has fewer; each
    run has less left to do."""
    monkeypatch.setattr(transfer, "BATCH_ROWS", 4)
    writes = ["insert", "update", "delete", "drop", "createIndexes"]
    fault = {"failCommands": writes, "errorCode": 8000}
    failures = 0
    with database_of(shop) as database:

        def switch(mode: object) -> None:
            database.client.admin.command({"configureFailPoint": "failCommand", "mode": mode, "data": fault})

        state = ""
        while not state:
            switch({"skip": failures})
            try:
                state = (await run(shop)).state
            except StoreUnavailable:
                failures += 1
            finally:
                switch("off")
    assert (state, failures > 7) == ("done", True), failures
    async with sides(shop, clock) as (old, new):
        await assert_same(old, new, clock)


async def test_a_source_that_was_used_in_between_begins_again(
    shop: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    await asyncio.to_thread(lines_until_killed, tmp_path, 5, 8)
    journal = await SqliteJournal.open(journal_file(shop), clock)
    await journal.accept(receipt("later", "A1"))
    row = await the_row(journal, order_id("A0"))  # one that may have been copied
    assert await journal.save([Save(replace(row, reason="changed"))]) == [True]
    await journal.close()
    plans: list[Plan] = []

    def agree(plan: Plan) -> bool:
        plans.append(plan)
        return True

    outcome = await migrate(shop, Steps(), agree)
    assert isinstance(outcome, Outcome)
    assert (outcome.state, plans[0].standing) == ("done", Standing.OUTDATED)
    async with sides(shop, clock) as (old, new):
        await assert_same(old, new, clock)


# --- a difference is found ----------------------------------------------------------------------------------


async def test_a_difference_is_told_and_nobody_serves_it(shop: Settings, clock: ManualClock) -> None:
    def spoil(step: str, table: str) -> None:
        if step == "index":
            with database_of(shop) as database:
                database["orq_work"].update_one({"_id": order_id("A0")}, {"$inc": {"wanted": 1}})
                database["orq_work"].update_one({"_id": order_id("A1")}, {"$unset": {"units": ""}})
                database["orq_receipts"].delete_one({"_id": "r0-2"})
                database["orq_names"].insert_one({"_id": "x", "channel": "c", "name": "n", "work_id": "w"})
                database["orq_meta"].insert_one({"_id": "odd"})
                database["orq_counters"].update_one({}, {"$set": {"seq": 1}})
                database["orq_logs_1"].update_one({"_id": 1}, {"$set": {"subjects": []}})

    outcome = await run(shop, spoil)
    assert outcome.state == "differs"
    found = {t.name: t.differing for t in outcome.tables if not t.agree}
    assert found == {
        "work": [order_id("A0"), order_id("A1")],
        "receipts": ["r0-2"],
        "names": ["c:n"],
        "meta": ["odd"],
        "counters": ["seq"],
        "logs": ["log-0"],
    }
    with pytest.raises(StoreUnfinished):
        await MongoJournal.open(uri_of(shop), clock)
    assert (await run(shop)).state == "done"  # from the beginning
    async with sides(shop, clock) as (old, new):
        await assert_same(old, new, clock)


async def test_a_source_that_somebody_writes_to_meanwhile_does_not_count(
    shop: Settings, clock: ManualClock
) -> None:
    def write(step: str, table: str) -> None:
        if (step, table) == ("check", "logs"):
            with contextlib.closing(sqlite3.connect(journal_file(shop))) as connection, connection:
                connection.execute("UPDATE work SET wanted = wanted + 1")

    with pytest.raises(MigrationRefused) as caught:
        await run(shop, write)
    assert caught.value.code == "source_changed"
    assert (await run(shop)).state == "done"
    async with sides(shop, clock) as (old, new):
        await assert_same(old, new, clock)


# --- comparing ----------------------------------------------------------------------------------------------


def _rows(*fields: tuple[object, ...]) -> list[Row]:
    return [Row([], str(f[0]), f) for f in fields]


def test_a_checksum_knows_rows_and_no_order() -> None:
    def summed(*fields: tuple[object, ...]) -> Checksum:
        checksum = Checksum()
        checksum.add(_rows(*fields))
        return checksum

    one, other = summed(("a", 1), ("b", b"\0"), ("c", None)), summed(("c", None), ("a", 1), ("b", b"\0"))
    assert (one.text, one.differs_in(other)) == (other.text, [])
    different: list[tuple[object, ...]] = [("a", 2), ("a", "1"), ("a", 1.0), ("a", True), ("a", None), ("a",)]
    texts = {summed(fields).text for fields in [("a", 1), *different]}
    assert len(texts) == 7
    twice = summed(("a", 1), ("a", 1))
    assert twice.text not in (summed().text, summed(("a", 1)).text)


def test_batches_are_bounded_by_rows_and_by_bytes() -> None:
    small = list(batches(iter(_rows(*((n,) for n in range(2_500))))))
    assert [len(batch) for batch in small] == [1_000, 1_000, 500]
    large = list(batches(iter(_rows(*((n, b"x" * 2**20) for n in range(20))))))
    assert [len(batch) for batch in large] == [BATCH_BYTES // 2**20] * 2 + [4]
    assert list(batches(iter(()))) == []


def test_the_lock_is_free_after_a_refusal(tmp_path: Path) -> None:
    shop = settings_of(tmp_path, "mongodb://127.0.0.1:1/x")
    shop.data_dir.mkdir()
    (shop.data_dir / "orquestador.sqlite3").write_bytes(b"")
    with pytest.raises(Exception, match="reached"):
        asyncio.run(migrate(shop, Steps(), lambda _: True))
    assert [path.name for path in shop.data_dir.iterdir()] == ["orquestador.sqlite3"]
