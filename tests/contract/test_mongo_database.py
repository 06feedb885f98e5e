"""The journal's database: a version, neighbours, copies; what it holds survives a restart."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import stat
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from orquestador.clock import ManualClock
from orquestador.journal.mongo import DumpRefused, JournalTooNew, MongoJournal, receipt_log, restore, schema
from orquestador.journal.mongo.store import POOL_MAX, Store
from orquestador.model.budget import FALABELLA_FEEDS
from orquestador.model.errors import StoreUnavailable
from orquestador.model.logs import LogFilter
from orquestador.model.orders import LineState
from orquestador.model.rules import RuleFields, StoredRule
from orquestador.model.stock import JobState
from orquestador.model.work import Kind, State
from orquestador.ports import Save, WorkQuery
from tests.contract.journal_data import (
    CHANNEL,
    claimed_ids,
    job_of,
    listing_id,
    listing_row,
    order_id,
    order_row,
    receipt,
    seen,
    settle,
    the_row,
)
from tests.engines import shared_mongod


@pytest.fixture(params=[False, True], ids=["single", "replica set"])
def uri(request: pytest.FixtureRequest) -> str:
    return shared_mongod(replica_set=request.param).uri


@pytest.fixture
async def client(uri: str) -> AsyncIterator[AsyncMongoClient[Any]]:
    async with AsyncMongoClient[Any](uri) as client:
        yield client


@pytest.fixture
async def database(client: AsyncMongoClient[Any]) -> AsyncIterator[str]:
    name = f"orquestador_db_{uuid.uuid4().hex[:8]}"
    yield name
    await client.drop_database(name)
    await client.drop_database(f"{name}_copy")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def _open(uri: str, clock: ManualClock, database: str) -> MongoJournal:
    return await MongoJournal.open(uri, clock, database=database, store_time=False)


# --- schema -------------------------------------------------------------------------------------------------


async def test_everything_survives_a_restart(uri: str, clock: ManualClock, database: str) -> None:
    journal = await _open(uri, clock, database)
    await journal.accept(receipt("r1", "A1"))
    await journal.upsert_listings([listing_row("S1")])
    works = await journal.claim(Kind.LISTING, "w1", 1, 30)
    job = job_of("j1", *works, at=clock.now())
    await journal.open_job(job, works, "budget", FALABELLA_FEEDS)
    await journal.update_budget("budget", FALABELLA_FEEDS, throttled=True)
    budget = await journal.budget("budget", FALABELLA_FEEDS)
    await journal.set_meta("since", 12.5)
    await journal.close()
    again = await _open(uri, clock, database)
    assert [r.id for r in await again.receipts_for(order_id("A1"))] == ["r1"]
    assert await again.open_jobs(CHANNEL) == [job]
    assert await again.budget("budget", FALABELLA_FEEDS) == budget
    assert budget.tokens == 0
    assert await again.get_meta("since") == 12.5
    await again.close()


async def test_a_newer_database_is_refused_and_left_alone(
    uri: str, clock: ManualClock, database: str, client: AsyncMongoClient[Any]
) -> None:
    newer = {"_id": "journal", "version": len(schema.STEPS) + 1}
    await client[database]["orq_schema"].insert_one(newer)
    with pytest.raises(JournalTooNew, match=f"version {newer['version']}"):
        await _open(uri, clock, database)
    assert await client[database].list_collection_names() == ["orq_schema"]
    assert await client[database]["orq_schema"].find_one() == newer


async def test_a_server_that_is_too_old_is_refused(
    uri: str, clock: ManualClock, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orquestador.journal.mongo.store.WIRE_MIN", 999)
    with pytest.raises(StoreUnavailable, match="too old"):
        await _open(uri, clock, database)


async def test_an_older_database_is_upgraded_once_by_whoever_comes_first(
    uri: str, clock: ManualClock, database: str
) -> None:
    journal = await _open(uri, clock, database)
    await journal.accept(receipt("r1", "A1"))
    store = journal._store

    async def later(store: Store) -> None:
        await store.work.update_many({"later": None}, {"$set": {"later": 1}})

    steps = [*schema.STEPS, later]
    await asyncio.gather(*(schema.prepare(store, steps) for _ in range(5)))
    assert await schema.version_of(store) == len(steps)
    assert await store.work.count_documents({"later": 1}) == 1
    await schema.prepare(store, steps)  # again: there is nothing left to do
    await journal.close()
    with pytest.raises(JournalTooNew):
        await _open(uri, clock, database)


async def test_orders_of_an_older_database_are_read_again_too(
    uri: str, clock: ManualClock, database: str
) -> None:
    journal = await _open(uri, clock, database)
    orders = [
        seen("open", ("S1", 1), at=10.0),
        seen("shipped", ("S1", 1), at=10.0, state=LineState.SHIPPED),
        replace(seen("history", ("S1", 1), at=10.0), history=True),
    ]
    assert all(await journal.save([Save(order_row(order)) for order in orders]))
    store = journal._store
    step = schema.STEPS.index(schema._read_at)
    await store.work.update_many({"read_at": {"$exists": True}}, {"$unset": {"read_at": ""}})
    await store.work.drop_index("read")
    await store.schema.update_one(schema.VERSION, {"$set": {"version": step}})
    await schema.prepare(store, schema.STEPS[: step + 1])
    assert await journal.orders_read_before(CHANNEL, 99.0, 9) == [(10.0, order_id("open"))]
    await journal.close()


async def test_a_step_that_fails_leaves_the_version(uri: str, clock: ManualClock, database: str) -> None:
    journal = await _open(uri, clock, database)

    async def broken(store: Store) -> None:
        raise ArithmeticError("broken")

    with pytest.raises(ArithmeticError):
        await schema.prepare(journal._store, [*schema.STEPS, broken])
    assert await schema.version_of(journal._store) == len(schema.STEPS)
    await journal.close()


async def test_processes_that_start_together_make_one_database(
    uri: str, clock: ManualClock, database: str
) -> None:
    journals = await asyncio.gather(*(_open(uri, clock, database) for _ in range(4)))
    group = [journal.accept(receipt(f"r{n}", "A1", dedupe="same")) for n, journal in enumerate(journals)]
    answers = await asyncio.gather(*group)
    assert len({a.receipt_id for a in answers}) == 1
    assert sum(not a.duplicate for a in answers) == 1
    assert (await the_row(journals[0], order_id("A1"))).wanted == 4
    for journal in journals:
        await journal.close()


async def test_what_else_is_in_the_database_is_left_alone(
    uri: str, clock: ManualClock, database: str, client: AsyncMongoClient[Any]
) -> None:
    """The original system kept its logs in the database that MONGODB_URI names."""
    await client[database]["logs"].insert_one({"_id": 1, "service": "falabella"})
    journal = await _open(uri, clock, database)
    await journal.accept(receipt("r1", "A1"))
    await journal.close()
    assert await client[database]["logs"].find().to_list() == [{"_id": 1, "service": "falabella"}]
    ours = set(await client[database].list_collection_names()) - {"logs"}
    assert ours
    assert all(name.startswith("orq_") for name in ours)


async def test_the_database_is_the_uris_unless_another_is_given(
    uri: str, clock: ManualClock, database: str
) -> None:
    named = uri.replace("/?", f"/{database}?") if "?" in uri else uri + database
    journal = await MongoJournal.open(named, clock)
    assert journal._store.database.name == database
    await journal.close()


async def test_many_callers_share_few_connections(
    uri: str, clock: ManualClock, database: str, client: AsyncMongoClient[Any]
) -> None:
    async def connections() -> int:
        return int((await client.admin.command("serverStatus"))["connections"]["current"])

    journal = await _open(uri, clock, database)
    before = await connections()
    calls = [journal.get([order_id(f"A{n}")]) for n in range(300)]
    _, during = await asyncio.gather(asyncio.gather(*calls), connections())
    assert max(during, await connections()) <= before + POOL_MAX + 1
    await journal.close()


async def test_texts_that_look_like_commands_are_texts(uri: str, clock: ManualClock, database: str) -> None:
    journal = await _open(uri, clock, database)
    hostile = ("$rev", "$$ROOT", "a.b", "a\0b", "{'$ne': 1}")
    for text in hostile:
        await journal.accept(receipt(f"r{text}", text, event=text))
        order = seen(f"{text}2", (text, 1), at=clock.now(), number=text, channel=text)
        row = replace(order_row(order), reason=text)
        assert await journal.save([Save(row)]) == [True]
        assert await journal.save([Save(replace(await the_row(journal, row.id), wanted=2))]) == [True]
        found, _ = await journal.find(WorkQuery(text=text, channel=text))
        assert [(w.doc, w.reason) for w in found] == [(order, text)]
        assert (await journal.units([text]))[text].unproven == 1
        assert await journal.acquire(text, text, 30)
        assert not await journal.acquire(text, "other", 30)
        assert await journal.claim_names(text, [text], row.id) == {text: row.id}
        await journal.set_meta(text, {text: text})
        assert await journal.get_meta(text) == {text: text}
        assert await journal.budget(text, FALABELLA_FEEDS) == await journal.budget("b", FALABELLA_FEEDS)
    assert len(await claimed_ids(journal, owner="$owner")) == len(hostile)
    await journal.renew("$owner", 60)
    assert await journal.recover("$own") == len(hostile)
    assert await journal.touch([order_id("$rev")], "$reason") == 1
    await journal.close()


async def test_receipts_of_a_sku_with_very_many_orders(
    uri: str, clock: ManualClock, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = await _open(uri, clock, database)
    for n in range(12):
        ref = f"A{n}"
        sku = "HOT" if n % 3 else "COLD"
        await journal.accept(receipt(f"r{n:02}", ref, at=1000.0 + n // 2))
        work = await the_row(journal, order_id(ref))
        await journal.save([Save(replace(work, doc=seen(ref, (sku, 1), at=clock.now())))])

    async def pages() -> list[str]:
        found: list[str] = []
        cursor: tuple[float, str] | None = None
        while page := await journal.receipts(LogFilter(sku="HOT"), 3, cursor):
            found += [r.id for r in page]
            cursor = (page[-1].received_at, page[-1].id)
        return found

    expected = [f"r{n:02}" for n in range(11, -1, -1) if n % 3]
    assert await pages() == expected
    monkeypatch.setattr(receipt_log, "FEW", 2)
    monkeypatch.setattr(receipt_log, "CHUNK", 4)
    assert await pages() == expected
    await journal.close()


# --- copies -------------------------------------------------------------------------------------------------


async def _filled(uri: str, clock: ManualClock, database: str) -> MongoJournal:
    journal = await _open(uri, clock, database)
    await journal.save([Save(order_row(seen("A1", ("S1", 2), at=clock.now())))])
    await journal.accept(receipt("r1", "A1", body=b"\xff\x00", at=clock.now()))
    await journal.accept(receipt("r2", "A2", at=clock.now()))
    await journal.upsert_listings([listing_row("S1"), listing_row("S2")])
    works = [w for w in await journal.claim(Kind.LISTING, "w1", 10, 3600) if w.ref == "S1"]
    await journal.open_job(job_of("j1", *works, at=clock.now()), works, "feeds", FALABELLA_FEEDS)
    await journal.claim_names(CHANNEL, ["A1", "N\0-1"], order_id("A1"))
    await journal.set_meta("since", {"at": 12.5, "n": 10**30})
    return journal


async def test_a_copy_is_restored_as_it_was(
    uri: str, clock: ManualClock, database: str, tmp_path: Path
) -> None:
    journal = await _filled(uri, clock, database)
    dump = tmp_path / "yesterday.gz"
    dump.write_text("an earlier one")
    await journal.backup(str(dump))
    assert stat.S_IMODE(dump.stat().st_mode) == 0o600
    assert [f.name for f in tmp_path.iterdir()] == ["yesterday.gz"]
    row = await the_row(journal, order_id("A1"))
    await journal.save([Save(replace(row, state=State.DEAD, done=row.wanted))])  # is not in the copy
    counted = await restore(uri, dump, database=f"{database}_copy")
    assert (counted["receipts"], counted["work"], counted["jobs"]) == (2, 4, 1)
    copy = await _open(uri, clock, f"{database}_copy")
    assert await the_row(copy, order_id("A1")) == row
    assert await copy.receipts(LogFilter(), 9, None) == await journal.receipts(LogFilter(), 9, None)
    assert (await copy.units(["S1"]))["S1"].unproven == 2
    assert await copy.claim_names(CHANNEL, ["N\0-1"], "x") == {"N\0-1": order_id("A1")}
    assert await copy.get_meta("since") == {"at": 12.5, "n": 10**30}
    assert (await copy.budget("feeds", FALABELLA_FEEDS)).tokens == 48
    assert (await copy.counts()).receipts == 2
    assert (await copy.accept(receipt("r9", "A1", dedupe="r1"))).duplicate
    # What was under way is nobody's any more: the job is closed, its listing is due, leases are over.
    (job,) = await copy.recent_jobs(CHANNEL, 9)
    assert (job.state, await copy.open_jobs(CHANNEL)) == (JobState.UNVERIFIED, [])
    await copy.recover()
    assert sorted(await claimed_ids(copy, Kind.LISTING)) == [listing_id("S1"), listing_id("S2")]
    await copy.close()
    await journal.close()


async def test_rules_are_told_again_after_a_restore_whatever_was_seen_of_them(
    uri: str, clock: ManualClock, database: str, tmp_path: Path
) -> None:
    journal = await _open(uri, clock, database)
    rule = StoredRule(CHANNEL, "$S.1", RuleFields(cap=5, erp_sku="ODOO"), changed_by="ana")
    await journal.save_rules([rule])
    await journal.backup(str(tmp_path / "copy"))
    await journal.close()
    counted = await restore(uri, tmp_path / "copy", database=f"{database}_copy")
    assert counted["rules"] == 1
    copy = await _open(uri, clock, f"{database}_copy")
    assert await copy.rules_to_tell(9) == [replace(rule, rev=1, tell_at=0.0)]
    await copy.close()


async def test_a_copy_from_before_there_were_rules_is_restored(
    uri: str, clock: ManualClock, database: str, tmp_path: Path
) -> None:
    journal = await _filled(uri, clock, database)
    await journal.backup(str(tmp_path / "new"))
    await journal.close()
    lines = gzip.decompress((tmp_path / "new").read_bytes()).splitlines(keepends=True)
    end = json.loads(lines[-1])["end"]
    assert end.pop("rules") == 0
    lines[0] = json.dumps({**json.loads(lines[0]), "schema": 1}).encode() + b"\n"
    sha256 = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
    lines[-1] = json.dumps({"end": end, "sha256": sha256}).encode() + b"\n"
    (tmp_path / "old").write_bytes(gzip.compress(b"".join(lines)))
    counted = await restore(uri, tmp_path / "old", database=f"{database}_copy")
    assert (counted["receipts"], counted["rules"]) == (2, 0)
    copy = await _open(uri, clock, f"{database}_copy")
    assert await copy.save_rules([StoredRule(CHANNEL, "A", RuleFields(cap=5))]) == [True]
    assert (await copy.counts()).receipts == 2
    await copy.close()


async def test_a_copy_made_under_load_lacks_nothing_that_it_rests_on(
    uri: str, clock: ManualClock, database: str, tmp_path: Path
) -> None:
    journal = await _open(uri, clock, database)
    going_on = True

    async def keep_writing(n: int) -> None:
        m = 0
        while going_on:
            ref = f"A{n}-{m}"
            await journal.claim_names(CHANNEL, [ref], order_id(ref))
            await journal.accept(receipt(f"r{ref}", ref, at=clock.now()))
            await settle(journal, clock, order_id(ref))
            m += 1

    writers = [asyncio.create_task(keep_writing(n)) for n in range(8)]
    while (await journal.counts()).receipts < 300:
        pass
    await journal.backup(str(tmp_path / "copy"))
    going_on = False
    await asyncio.gather(*writers)
    await journal.close()
    await restore(uri, tmp_path / "copy", database=f"{database}_copy")
    clock.advance(100)
    copy = await _open(uri, clock, f"{database}_copy")
    await copy.recover()
    receipts = await copy.receipts(LogFilter(), 10**6, None)
    works, _ = await copy.find(WorkQuery(limit=10**6))
    by_id = {work.id: work for work in works}
    assert len(receipts) >= 300
    # Each receipt has woken its work, and each row has its name.
    assert all(by_id[r.work_ids[0]].wanted for r in receipts)
    owners = await copy.claim_names(CHANNEL, [w.ref for w in works], "nobody")
    assert owners == {w.ref: w.id for w in works}
    await copy.close()


def _of_schema(dump: bytes, version: int) -> bytes:
    now = f'"schema":{len(schema.STEPS)}'.encode()
    assert now in dump
    return dump.replace(now, f'"schema":{version}'.encode(), 1)


async def test_a_damaged_or_foreign_copy_writes_nothing(
    uri: str, clock: ManualClock, database: str, client: AsyncMongoClient[Any], tmp_path: Path
) -> None:
    journal = await _filled(uri, clock, database)
    whole = tmp_path / "whole"
    await journal.backup(str(whole))
    await journal.close()
    text = gzip.decompress(whole.read_bytes())
    lines = text.splitlines(keepends=True)
    damaged = {
        "empty": b"",
        "no gzip": b"no gzip",
        "cut": whole.read_bytes()[:-40],
        "cut at a line": gzip.compress(b"".join(lines[:-1])),
        "a line is missing": gzip.compress(b"".join(lines[:2] + lines[3:])),
        "another number": gzip.compress(text.replace(b'"wanted":1', b'"wanted":2', 1)),
        "foreign": gzip.compress(b'{"format": "something else"}\n'),
        "newer": gzip.compress(text.replace(b'"version":1', b'"version":2', 1)),
        "newer schema": gzip.compress(_of_schema(text, 99)),
    }
    for name, content in damaged.items():
        (tmp_path / "damaged").write_bytes(content)
        with pytest.raises(DumpRefused):
            await restore(uri, tmp_path / "damaged", database=f"{database}_copy")
        assert f"{database}_copy" not in await client.list_database_names(), name
    with pytest.raises(DumpRefused, match="not empty"):
        await restore(uri, whole, database=database)
    assert (await restore(uri, whole, database=f"{database}_copy"))["receipts"] == 2
