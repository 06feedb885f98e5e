"""The MongoDB log store keeps the contract of log stores, and never costs its callers time."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from orquestador.clock import ManualClock
from orquestador.model.errors import StoreUnavailable
from orquestador.model.logs import LogEntry, LogFilter, LogStatus
from orquestador.ops import mongologs
from orquestador.ops.mongologs import BUFFER_MAX, MongoLogSink
from tests.contract.log_contract import LogSinkContract, entry
from tests.contract.mongo_plans import Recorder, assert_no_walk
from tests.engines import DRIVER_LEAKS, Mongod, shared_mongod

pytestmark = DRIVER_LEAKS


@pytest.fixture
async def database() -> AsyncIterator[str]:
    name = f"orquestador_logs_{uuid.uuid4().hex[:8]}"
    yield name
    async with AsyncMongoClient[Any](shared_mongod().uri) as client:
        await client.drop_database(name)


async def _until_found(sink: MongoLogSink, count: int) -> list[LogEntry]:
    deadline = time.monotonic() + 20
    while True:
        found = await sink.query(LogFilter(), count, None)
        if len(found) == count:
            return found
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


class TestMongoLogSink(LogSinkContract):
    @pytest.fixture
    async def sink(self, database: str) -> AsyncIterator[MongoLogSink]:
        sink = await MongoLogSink.open(shared_mongod().uri, ManualClock(), database=database)
        yield sink
        await sink.close()

    async def test_entries_arrive_without_a_flush(self, sink: MongoLogSink) -> None:
        sink.write(entry("e1", 1.0))
        await _until_found(sink, 1)

    async def test_entries_survive_a_restart(self, sink: MongoLogSink, database: str) -> None:
        sink.write(entry("e1", 1.0))
        await sink.close()
        again = await MongoLogSink.open(shared_mongod().uri, ManualClock(), database=database)
        assert [e.id for e in await again.query(LogFilter(), 10, None)] == ["e1"]
        await again.close()

    async def test_what_does_not_fit_is_counted_and_told(self, sink: MongoLogSink) -> None:
        for n in range(BUFFER_MAX + 7):  # without an await the writer cannot take any
            sink.write(entry(f"e{n}", 1.0))
        await sink.flush()
        (told,) = await sink.query(LogFilter(service="orchestrator"), 10, None)
        assert (told.action, told.status) == ("logs.dropped", LogStatus.ERROR)
        assert told.response == {"dropped": sink.dropped} == {"dropped": 7}

    async def test_a_huge_entry_spares_its_neighbours(self, sink: MongoLogSink) -> None:
        sink.write(entry("before", 1.0))
        sink.write(entry("huge", 2.0, skus=("x" * 2**24,)))
        sink.write(entry("after", 3.0))
        await sink.flush()
        assert [e.id for e in await sink.query(LogFilter(), 10, None)] == ["after", "before"]
        assert sink.dropped == 1

    async def test_a_closed_store_answers_no_question(self, sink: MongoLogSink) -> None:
        await sink.close()
        with pytest.raises(StoreUnavailable):
            await sink.query(LogFilter(), 1, None)


async def test_no_question_walks_through_all_entries(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()

    def recorded(*args: Any, **kwargs: Any) -> AsyncMongoClient[Any]:
        return AsyncMongoClient(*args, event_listeners=[recorder], **kwargs)

    monkeypatch.setattr(mongologs, "AsyncMongoClient", recorded)
    sink = await MongoLogSink.open(shared_mongod().uri, ManualClock(), database=database)
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
    assert len(recorder.commands) == 5
    async with AsyncMongoClient[Any](shared_mongod().uri) as client:
        for command in recorder.commands:
            await assert_no_walk(client[database], command)


async def test_entries_wait_for_a_server_that_is_away(tmp_path: Path) -> None:
    server = Mongod(tmp_path)
    server.start()
    try:
        sink = await MongoLogSink.open(server.uri, ManualClock())
        server.kill()
        began = time.monotonic()
        for n in range(100):
            sink.write(entry(f"e{n:02}", float(n)))
        assert time.monotonic() - began < 0.5
        with pytest.raises(StoreUnavailable):
            await sink.query(LogFilter(), 1, None)
        server.start()
        found = await _until_found(sink, 100)
        assert [e.id for e in found] == [f"e{n:02}" for n in range(99, -1, -1)]
        assert sink.dropped == 0
        server.kill()
        sink.write(entry("lost", 1.0))
        await sink.close()  # does not wait for a server
        assert sink.dropped == 1
    finally:
        server.kill()


async def test_a_server_that_is_not_there_is_told_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await MongoLogSink.open("mongodb://127.0.0.1:1/", ManualClock())
    assert time.monotonic() - began < 8
