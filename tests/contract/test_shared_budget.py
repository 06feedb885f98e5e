"""One row pays for the calls of a channel, whichever process makes them, and before they are made (P4, design
§7.7). A file has one process at a time, a database many."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from orquestador.clock import ManualClock
from orquestador.journal.mongo import MongoJournal
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.budget import BudgetSpec
from orquestador.model.work import Kind
from orquestador.ports import Journal
from tests.contract.journal_data import job_of, listing_row
from tests.engines import shared_mongod

SCARCE = BudgetSpec(burst=6, interval_s=120.0, per_day=770, spare=1)
Opener = Callable[[], Awaitable[Journal]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def database(clock: ManualClock) -> AsyncIterator[Opener]:
    name, uri = f"orq_budget_{uuid.uuid4().hex[:8]}", shared_mongod().uri

    async def open_one() -> Journal:
        return await MongoJournal.open(uri, clock, database=name, store_time=False)

    yield open_one
    async with AsyncMongoClient[Any](uri) as client:
        await client.drop_database(name)


@pytest.fixture
def file(clock: ManualClock, tmp_path: Path) -> Opener:
    async def open_one() -> Journal:
        return await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)

    return open_one


async def test_two_processes_never_make_more_calls_than_one_might(
    database: Opener, clock: ManualClock
) -> None:
    processes = [await database(), await database()]
    await processes[0].upsert_listings([listing_row(f"S{n}") for n in range(20)])
    works = await processes[0].claim(Kind.LISTING, "w1", 20, 30)
    opened = await asyncio.gather(
        *(
            processes[n % 2].open_job(job_of(f"j{n}", work, at=clock.now()), [work], "shop", SCARCE)
            for n, work in enumerate(works)
        )
    )
    assert sum(o.job is not None for o in opened) == SCARCE.usable == 5
    assert {o.retry_at for o in opened if o.job is None} == {clock.now() + 120.0}
    for journal in processes:
        assert (await journal.budget("shop", SCARCE)).tokens == 0
        await journal.close()


async def test_the_refusal_that_one_process_met_slows_the_other_down(database: Opener) -> None:
    first, second = await database(), await database()
    await first.update_budget("shop", SCARCE, throttled=True)
    seen = await second.budget("shop", SCARCE)
    assert (seen.tokens, seen.interval_s) == (0.0, 240.0)
    await second.update_budget("shop", SCARCE, throttled=False)
    assert (await first.budget("shop", SCARCE)).interval_s == 120.0
    await first.close()
    await second.close()


async def _dies_before_the_call(opener: Opener, clock: ManualClock) -> None:
    """Who does has paid for it all the same."""
    journal = await opener()
    await journal.upsert_listings([listing_row("S1")])
    works = await journal.claim(Kind.LISTING, "w1", 1, 30)
    assert (await journal.open_job(job_of("j1", *works, at=clock.now()), works, "shop", SCARCE)).job
    await journal.close()  # and the call was never made
    again = await opener()
    assert (await again.budget("shop", SCARCE)).tokens == SCARCE.usable - 1
    await again.close()


async def test_a_call_is_paid_before_it_is_made_on_sqlite(file: Opener, clock: ManualClock) -> None:
    await _dies_before_the_call(file, clock)


async def test_a_call_is_paid_before_it_is_made_on_mongodb(database: Opener, clock: ManualClock) -> None:
    await _dies_before_the_call(database, clock)
