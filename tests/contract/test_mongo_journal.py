"""The MongoDB journal keeps the contract of journals, on a single server and on a replica set, and no command
of it walks through a whole collection."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest
from pymongo import AsyncMongoClient

from orquestador.clock import ManualClock
from orquestador.journal.mongo import MongoJournal
from orquestador.journal.mongo import store as store_module
from tests.contract.journal_contract import JournalContract
from tests.contract.mongo_plans import Recorder, assert_no_walk
from tests.engines import shared_mongod


class MongoContract(JournalContract):
    replica_set: ClassVar[bool]
    checked: ClassVar[set[str]]

    @pytest.fixture
    async def journal(
        self, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[MongoJournal]:
        server, recorder = shared_mongod(replica_set=self.replica_set), Recorder()

        def recorded(*args: Any, **kwargs: Any) -> AsyncMongoClient[Any]:
            return AsyncMongoClient(*args, event_listeners=[recorder], **kwargs)

        async with AsyncMongoClient[Any](server.uri) as client:
            # The indexes stay from test to test: making them is what takes time.
            database = client["orquestador_contract"]
            for name in await database.list_collection_names():
                if name != "orq_schema":
                    await database[name].delete_many({})
            counters = {"_id": "receipts", "seq": 0, "open": {}, "sources": {}, "shrunk_until": 0.0}
            await database["orq_counters"].insert_one(counters)
            monkeypatch.setattr(store_module, "AsyncMongoClient", recorded)
            journal = await MongoJournal.open(server.uri, clock, database=database.name, store_time=False)
            yield journal
            await journal.close()
            for command in recorder.commands:
                await assert_no_walk(database, command, self.checked)


class TestMongoJournal(MongoContract):
    replica_set = False
    checked: ClassVar[set[str]] = set()


class TestMongoJournalOnReplicaSet(MongoContract):
    replica_set = True
    checked: ClassVar[set[str]] = set()
