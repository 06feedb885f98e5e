"""What the MongoDB journal acknowledged is there, whatever happens to the server, the process or the line
between two writes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from orquestador.clock import ManualClock, SystemClock
from orquestador.journal.mongo import MongoJournal
from orquestador.model.budget import FALABELLA_FEEDS
from orquestador.model.errors import StoreUnavailable
from orquestador.model.logs import LogFilter
from orquestador.model.notices import NoticeKind
from orquestador.model.work import Kind, State
from orquestador.ports import Accepted, Mark, NewReceipt, OpenedJob, Save, WorkQuery
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
from tests.engines import DRIVER_LEAKS, Mongod, shared_mongod

pytestmark = DRIVER_LEAKS
HERE = Path(__file__).parent
ACKNOWLEDGED = 300
ABANDONED_S = 61.0
"""Beyond every sweep's patience."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Mongod]:
    """One that may be killed."""
    server = Mongod(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def journal(clock: ManualClock) -> AsyncIterator[MongoJournal]:
    """On the shared server, in a database of its own."""
    database = f"orquestador_crash_{uuid.uuid4().hex[:8]}"
    journal = await MongoJournal.open(shared_mongod().uri, clock, database=database, store_time=False)
    yield journal
    await journal.close()
    async with AsyncMongoClient[Any](shared_mongod().uri) as client:
        await client.drop_database(database)


class Cut:
    """The connection breaks at the n-th command of this name on this collection, before the server acts."""

    def __init__(self, journal: MongoJournal, command: str, collection: str, nth: int = 1) -> None:
        database = journal._store.database.name
        self._fault = {
            "failCommands": [command],
            "namespace": f"{database}.{collection}",
            "closeConnection": True,
        }
        self._nth = nth

    async def __aenter__(self) -> None:
        await self._set({"skip": self._nth - 1})

    async def __aexit__(self, *_: object) -> None:
        await self._set("off")

    async def _set(self, mode: object) -> None:
        async with AsyncMongoClient[Any](shared_mongod().uri) as client:
            await client.admin.command(
                {"configureFailPoint": "failCommand", "mode": mode, "data": self._fault}
            )


# --- the server dies ----------------------------------------------------------------------------------------


async def _accept_until_it_dies(server: Mongod, clock: ManualClock, prefix: str) -> tuple[set[str], int]:
    """Ids that were acknowledged before the server was killed in the middle of it, and how many were not."""
    journal = await MongoJournal.open(server.uri, clock, store_time=False)
    acknowledged: set[str] = set()
    refused = 0
    numbers = itertools.count()

    async def keep_accepting() -> None:
        nonlocal refused
        for n in numbers:
            name = f"{prefix}-{n}"
            try:
                accepted = await journal.accept(receipt(name, name, at=clock.now()))
            except StoreUnavailable:
                refused += 1
                return
            acknowledged.add(accepted.receipt_id)
            if len(acknowledged) == ACKNOWLEDGED:
                server.kill()

    await asyncio.gather(*(keep_accepting() for _ in range(16)))
    await journal.close()
    return acknowledged, refused


async def test_every_acknowledged_receipt_survives_kill_9(own_server: Mongod, clock: ManualClock) -> None:
    acknowledged: set[str] = set()
    for life in range(3):
        more, refused = await _accept_until_it_dies(own_server, clock, f"life{life}")
        acknowledged |= more
        assert refused == 16
        own_server.start()
    clock.advance(ABANDONED_S)
    journal = await MongoJournal.open(own_server.uri, clock, store_time=False)
    await journal.recover()
    stored = {r.id for r in await journal.receipts(LogFilter(), 10**6, None)}
    assert len(acknowledged) >= 3 * ACKNOWLEDGED
    assert acknowledged <= stored
    # Those that were stored and not acknowledged have been bumped by the sweep.
    works, _ = await journal.find(WorkQuery(kind=Kind.ORDER, limit=10**6))
    assert {w.ref for w in works} == stored
    assert (await journal.counts()).receipts == len(stored)
    assert len(await claimed_ids(journal, limit=10**6)) == len(stored)
    await journal.close()


async def test_a_server_that_is_away_is_told_within_seconds_and_found_again(
    own_server: Mongod, clock: ManualClock
) -> None:
    journal = await MongoJournal.open(own_server.uri, clock, store_time=False)
    await journal.accept(receipt("before", "A1"))
    own_server.kill()
    began = time.monotonic()
    group = [journal.accept(receipt(f"r{n}", f"B{n}")) for n in range(50)]
    answers = await asyncio.gather(*group, return_exceptions=True)
    assert {type(a) for a in answers} == {StoreUnavailable}
    assert time.monotonic() - began < 6
    with pytest.raises(StoreUnavailable):
        await journal.get([order_id("A1")])
    own_server.start()
    deadline = time.monotonic() + 20
    while True:
        try:
            assert not (await journal.accept(receipt("after", "A2"))).duplicate
            break
        except StoreUnavailable:
            assert time.monotonic() < deadline
    assert [r.id for r in await journal.receipts(LogFilter(), 9, None)] == ["before", "after"]
    await journal.close()


@pytest.mark.parametrize("hangs", [False, True], ids=["away", "hangs"])
async def test_every_sender_is_answered_in_time_however_long_the_server_is_away(
    own_server: Mongod, clock: ManualClock, hangs: bool
) -> None:
    journal = await MongoJournal.open(own_server.uri, clock, store_time=False)
    await journal.accept(receipt("before", "A1"))
    if hangs:
        own_server.signal(signal.SIGSTOP)
    else:
        own_server.kill()
    waits: list[float] = []
    refused: list[str] = []
    end = time.monotonic() + 6

    async def sender(number: int) -> None:
        for n in itertools.count():
            began, name = time.monotonic(), f"r{number}-{n}"
            if began > end:
                return
            with pytest.raises(StoreUnavailable):
                await journal.accept(receipt(name, name))
            refused.append(name)
            waits.append(time.monotonic() - began)

    try:
        # Each begins when another one's commit is under way.
        await asyncio.gather(*(sender(n) for n in range(20)))
    finally:
        if hangs:
            own_server.signal(signal.SIGCONT)
        else:
            own_server.start()
    assert len(waits) >= 40
    assert max(waits) < 3.5
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(StoreUnavailable):
            await journal.accept(receipt("after", "A2"))
            break
        assert time.monotonic() < deadline
    await journal.close()


async def test_a_server_that_is_not_there_cannot_be_opened(clock: ManualClock) -> None:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable) as told:
        await MongoJournal.open("mongodb://nobody:hidden@127.0.0.1:1/", clock)
    assert "hidden" not in str(told.value)
    assert time.monotonic() - began < 6


async def test_errors_tell_no_data(own_server: Mongod, clock: ManualClock) -> None:
    journal = await MongoJournal.open(own_server.uri, clock, store_time=False)
    own_server.kill()
    with pytest.raises(StoreUnavailable) as told:
        await journal.accept(receipt("r1", "customer@example.com", body=b"private"))
    assert "customer" not in str(told.value)
    assert "private" not in str(told.value)
    await journal.close()


async def test_a_frozen_server_stops_nobody_for_long(
    own_server: Mongod, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orquestador.journal.mongo.store.ANSWER_MS", 500)
    journal = await MongoJournal.open(own_server.uri, clock, store_time=False)
    own_server.signal(signal.SIGSTOP)
    try:
        with pytest.raises(StoreUnavailable):
            await journal.accept(receipt("r1", "A1"))
    finally:
        own_server.signal(signal.SIGCONT)
    # It may have arrived: the retry meets itself or is the first, either is a success.
    deadline = time.monotonic() + 20
    while True:
        try:
            assert await journal.accept(receipt("r1", "A1")) == Accepted("r1", duplicate=False)
            break
        except StoreUnavailable:
            assert time.monotonic() < deadline
    assert len(await journal.receipts_for(order_id("A1"))) == 1
    await journal.close()


# --- a process dies, or its line is cut, between two writes -------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        receipt("r1", "A1"),
        receipt("r1", "A1", kind=NoticeKind.UNREADABLE, reason="no_order_id"),
        receipt("r1", "S1", kind=NoticeKind.STOCK, source="falabella.stock"),
    ],
    ids=["order", "unreadable", "stock"],
)
async def test_a_receipt_that_did_not_bump_is_bumped_by_the_sweep(
    journal: MongoJournal, clock: ManualClock, said: NewReceipt
) -> None:
    await journal.upsert_listings([listing_row("S1")])
    await settle(journal, clock, listing_id("S1"))
    command = "insert" if said.notice.kind is NoticeKind.ORDER else "update"
    async with Cut(journal, command, "orq_work"):
        with pytest.raises(StoreUnavailable):
            await journal.accept(said)
    (stored,) = await journal.receipts(LogFilter(), 10, None)
    assert stored.id == "r1"
    await journal.recover()  # it may still be at work
    clock.advance(ABANDONED_S)
    for _ in range(2):
        await journal.recover()
        rows = await journal.get([order_id("A1"), listing_id("S1"), order_id("receipt:r1")])
        (bumped,) = [row for row in rows if row.state is not State.SETTLED]
        assert bumped.id == stored.work_ids[0]
        assert bumped.state is (State.DEAD if said.notice.kind is NoticeKind.UNREADABLE else State.DUE)
        assert (await journal.counts()).receipts == 1


async def test_a_receipt_that_was_cut_off_and_sent_again_is_a_success(
    journal: MongoJournal, clock: ManualClock
) -> None:
    async with Cut(journal, "insert", "orq_work"):
        with pytest.raises(StoreUnavailable):
            await journal.accept(receipt("r1", "A1", dedupe="same"))
    assert await journal.accept(receipt("r1", "A1", dedupe="same")) == Accepted("r1", duplicate=False)
    assert await journal.accept(receipt("r2", "A1", dedupe="same")) == Accepted("r1", duplicate=True)
    assert (await the_row(journal, order_id("A1"))).wanted == 2
    clock.advance(ABANDONED_S)
    await journal.recover()
    assert (await journal.counts()).receipts == 1


async def _open_tickets(journal: MongoJournal) -> int:
    async with AsyncMongoClient[Any](shared_mongod().uri) as client:
        counters = await client[journal._store.database.name]["orq_counters"].find_one({"_id": "receipts"})
    assert counters is not None
    return len(counters["open"])


async def test_under_load_a_ticket_ends_with_the_next_one(
    journal: MongoJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orquestador.journal.mongo.group.GROUP_MAX", 7)
    both = [receipt(f"r{n}", f"A{n}", source=f"falabella.{('order', 'stock')[n % 2]}") for n in range(100)]
    await asyncio.gather(*map(journal.accept, both))
    assert await _open_tickets(journal) == 0
    counts = await journal.counts()
    assert counts.receipts == 100
    assert set(counts.last_receipt_at_by_source) == {"falabella.order", "falabella.stock"}


@pytest.mark.parametrize("swept", [False, True], ids=["by the next", "by the sweep"])
async def test_a_ticket_whose_end_was_cut_off_with_the_next_one_ends_once(
    journal: MongoJournal, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, swept: bool
) -> None:
    monkeypatch.setattr("orquestador.journal.mongo.group.GROUP_MAX", 1)
    async with Cut(journal, "findAndModify", "orq_counters", nth=2):
        answers = await asyncio.gather(
            *(journal.accept(receipt(f"r{n}", f"A{n}")) for n in (1, 2)), return_exceptions=True
        )
    assert answers[0] == Accepted("r1", duplicate=False)
    assert isinstance(answers[1], StoreUnavailable)
    assert await _open_tickets(journal) == 1
    if swept:
        clock.advance(ABANDONED_S)
        await journal.recover()
        assert await _open_tickets(journal) == 0
    await journal.accept(receipt("r3", "A3"))
    assert await _open_tickets(journal) == 0
    assert (await journal.counts()).receipts == 2


async def test_marks_of_a_saved_row_are_delivered_by_the_sweep(
    journal: MongoJournal, clock: ManualClock
) -> None:
    await journal.upsert_listings([listing_row("S1")])
    await settle(journal, clock, listing_id("S1"))
    row = order_row(seen("A1", ("S1", 2), at=clock.now()))
    async with Cut(journal, "update", "orq_work", nth=2):
        with pytest.raises(StoreUnavailable):
            await journal.save([Save(row, marks=(Mark("S1", "order", CHANNEL),))])
    # The row is there with its units, so whoever looks at the listing from now on counts them.
    assert (await journal.units(["S1"]))["S1"].unproven == 2
    assert (await the_row(journal, listing_id("S1"))).state is State.SETTLED
    # A later save of the row does not lose what is still to be delivered.
    work = await the_row(journal, row.id)
    assert await journal.save([Save(replace(work, reason="later"))]) == [True]
    clock.advance(5)
    for _ in range(2):
        await journal.recover()
        listing = await the_row(journal, listing_id("S1"))
        assert (listing.state, listing.own_seq, listing.reason) == (State.DUE, 1, "order")


async def test_a_job_that_was_never_opened_pushes_nothing_and_holds_nothing(
    journal: MongoJournal, clock: ManualClock
) -> None:
    await journal.upsert_listings([listing_row("S1")])
    works = await journal.claim(Kind.LISTING, "w1", 10, 30)
    job = job_of("j1", *works, at=clock.now())
    async with Cut(journal, "update", "orq_jobs", nth=2):
        with pytest.raises(StoreUnavailable):
            await journal.open_job(job, works, "feeds", FALABELLA_FEEDS)
    assert await journal.open_jobs(CHANNEL) == await journal.recent_jobs(CHANNEL, 9) == []
    assert (await journal.budget("feeds", FALABELLA_FEEDS)).tokens == 48
    assert await journal.recover() == 0  # it may still be at work
    assert await claimed_ids(journal, Kind.LISTING) == []
    clock.advance(ABANDONED_S)
    assert await journal.recover() == 1
    assert await claimed_ids(journal, Kind.LISTING) == [listing_id("S1")]
    assert (await the_row(journal, listing_id("S1"))).listing.job_id is None


async def test_a_process_that_slept_while_it_opened_a_job_may_not_push_it(
    journal: MongoJournal, clock: ManualClock
) -> None:
    await journal.upsert_listings([listing_row("S1")])
    works = await journal.claim(Kind.LISTING, "w1", 10, 30)
    asleep = {
        "failCommands": ["update"],
        "namespace": f"{journal._store.database.name}.orq_work",
        "blockConnection": True,
        "blockTimeMS": 700,
    }
    async with AsyncMongoClient[Any](shared_mongod().uri) as client:
        fault = {"configureFailPoint": "failCommand", "mode": {"times": 1}, "data": asleep}
        await client.admin.command(fault)
    opening = asyncio.ensure_future(
        journal.open_job(job_of("j1", *works, at=clock.now()), works, "feeds", FALABELLA_FEEDS)
    )
    jobs = journal._store.jobs
    deadline = time.monotonic() + 5
    while not await jobs.count_documents({"opening_at": {"$exists": True}}):
        assert time.monotonic() < deadline
    clock.advance(ABANDONED_S)
    await jobs.delete_many({"opening_at": {"$lte": clock.now() - 60}})  # as a sweep elsewhere does
    assert await opening == OpenedJob(None)
    assert await claimed_ids(journal, Kind.LISTING, owner="w2") == [listing_id("S1")]


# --- several processes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("replica_set", [False, True], ids=["single", "replica set"])
async def test_two_processes_that_claim_at_once_never_get_the_same_row(replica_set: bool) -> None:
    uri, database = shared_mongod(replica_set=replica_set).uri, f"orquestador_claims_{uuid.uuid4().hex[:8]}"
    journal = await MongoJournal.open(uri, SystemClock(), database=database)
    ids = [order_id(f"A{n}") for n in range(400)]
    await journal.touch(ids, "poll")
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            str(HERE / "mongo_claiming_child.py"),
            *(uri, database, f"w{n}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for n in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert await child.stdout.readline() == b"ready\n"
    shares = [
        (await told)[0].decode().split()
        for told in [asyncio.ensure_future(c.communicate(b"go\n")) for c in children]
    ]
    assert all(shares)
    assert sorted(shares[0] + shares[1]) == sorted(ids)
    await journal._store.client.drop_database(database)
    await journal.close()


async def test_leases_are_the_servers_whatever_the_clock_of_a_process_says() -> None:
    uri, database = shared_mongod().uri, f"orquestador_time_{uuid.uuid4().hex[:8]}"
    slow = await MongoJournal.open(uri, ManualClock(1_000.0), database=database)
    fast = await MongoJournal.open(uri, ManualClock(9_999_999_999.0), database=database)
    await slow.touch([order_id("A1")], "poll")
    assert await claimed_ids(slow, owner="w1", lease_s=60) == [order_id("A1")]
    assert await claimed_ids(fast, owner="w2") == []
    assert await slow.acquire("lane", "w1", 60)
    assert not await fast.acquire("lane", "w2", 60)
    assert await slow.acquire("short", "w1", 0.05)
    deadline = time.monotonic() + 5
    while not await fast.acquire("short", "w2", 60):
        assert time.monotonic() < deadline
    row = await the_row(fast, order_id("A1"))
    assert abs(row.updated_at - time.time()) < 60
    await slow._store.client.drop_database(database)
    await slow.close()
    await fast.close()


async def test_a_closed_journal_says_so(journal: MongoJournal, clock: ManualClock) -> None:
    database = journal._store.database.name
    other = await MongoJournal.open(shared_mongod().uri, clock, database=database, store_time=False)
    accepting = asyncio.ensure_future(other.accept(receipt("r1", "A1")))
    await asyncio.sleep(0)
    await other.close()
    assert (await accepting).receipt_id == "r1"
    with pytest.raises(StoreUnavailable):
        await other.accept(receipt("r2", "A2"))
    with pytest.raises(StoreUnavailable):
        await other.get([order_id("A1")])
    await other.close()


async def test_a_cancelled_caller_disturbs_nobody(journal: MongoJournal) -> None:
    calls = [asyncio.ensure_future(journal.accept(receipt(f"r{n}", "A1"))) for n in range(20)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    assert len(await asyncio.gather(*calls[1::2])) == 10
