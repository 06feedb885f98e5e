"""A database as the target of a migration: marked from before its first row to after its last check.

The mark stands in the `schema` collection beside the version:

    {"_id": "migration", "state": "marked" | "copying" | "failed" | "done", "source": {...},
     "begun_at": seconds, "cursors": {"receipts": [17], ...}, "copied": {"receipts": 17, ...},
     "finished_at": seconds, "report": {...}}

While it is not `done` no service opens the database (`schema.prepare`), and there is no version yet.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

import pymongo
from pymongo.errors import DuplicateKeyError

from orquestador.journal.mongo import schema
from orquestador.journal.mongo.errors import from_mongo
from orquestador.journal.mongo.store import SERVER_NOW, Doc, Store, connect
from orquestador.journal.mongo.tables import tables
from orquestador.journal.transfer import SourceState
from orquestador.model.errors import MigrationRefused
from orquestador.ops.logcopy import MongoLogTable, log_collection, make_log_indexes
from orquestador.ops.transfer import Position, TargetTable

MARKED, COPYING, FAILED = "marked", "copying", "failed"
_HOLDS = ("receipts", "work", "names", "jobs", "budgets", "rules", "leases")
_TRACES = ("meta", "counters")
"""Of a command that only looked at an empty database."""


class Standing(StrEnum):
    """How a target stands to a source."""

    EMPTY = "empty"
    BEGUN = "begun"
    """Goes on where it was."""
    OUTDATED = "outdated"
    """The source has been used since, or the check found a difference: what is there is thrown away."""
    DONE = "done"
    USED_SINCE = "used_since"
    """Done, but the source went on by itself afterwards."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a target knows of its migration; times in seconds since the epoch."""

    state: str
    begun_at: float
    source: Mapping[str, Any]
    cursors: Mapping[str, Position] = field(default_factory=dict)
    copied: Mapping[str, int] = field(default_factory=dict)
    finished_at: float | None = None
    report: Mapping[str, Any] | None = None


class MongoTarget:
    def __init__(self, store: Store, traces: Sequence[str]) -> None:
        self._store, self._traces = store, list(traces)
        self._logs = log_collection(store.database, store.durable)
        self.tables: list[TargetTable] = [*tables(store), MongoLogTable(self._logs)]

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, uri: str, *, traces: Sequence[str] = (), database: str | None = None
    ) -> AsyncIterator[Self]:
        """Changes nothing. What goes wrong inside becomes what `errors.from_mongo` says.

        `traces` are the small facts that every command leaves in a database that it looks at.
        """
        client = None
        try:
            client = connect(uri)
            yield cls(await Store.of(client, database, lambda: SERVER_NOW), traces)
        except Exception as error:
            told = from_mongo(error)
            if told is error:
                raise
            raise told from error
        finally:
            if client is not None:
                await client.close()

    @property
    def database(self) -> str:
        return self._store.database.name

    async def mark(self) -> Mark | None:
        found = await self._store.schema.find_one(schema.MIGRATION, {"_id": 0})
        return None if found is None else Mark(**found)

    async def standing(self, source: SourceState) -> Standing:
        """Raises MigrationRefused for a database with something else in it."""
        mark = await self.mark()
        if mark is None or mark.state == MARKED:
            await self._refuse_content()
            return Standing.EMPTY
        known = mark.source
        if known["first"] is not None and source.first is not None and known["first"] != source.first:
            code = "other_journal" if mark.state == schema.MIGRATED else "other_migration"
            raise MigrationRefused(code, database=self.database, origin=known["origin"])
        if mark.state == schema.MIGRATED:
            same = (known["seq"], known["newest"]) == (source.seq, source.newest)
            return Standing.DONE if same else Standing.USED_SINCE
        same = mark.state == COPYING and known["files"] == [list(state) for state in source.files]
        return Standing.BEGUN if same else Standing.OUTDATED

    async def begin(self, source: SourceState, now: float) -> Mark:
        """Mark the database, empty it of an outdated copy, and say where to go on. From here on no service
        opens it."""
        standing = await self.standing(source)
        mark = {"state": COPYING, "begun_at": now, "source": asdict(source), "cursors": {}, "copied": {}}
        if standing is Standing.EMPTY:
            await self._begin_in_empty(mark)
        elif standing is Standing.OUTDATED:
            await self.refuse_served()
            await self._drop((*_HOLDS, *_TRACES))
            with pymongo.timeout(schema.MIGRATE_S):
                await self._logs.drop()
            await self._store.schema.delete_one(schema.VERSION)
            await self._store.schema.replace_one(schema.MIGRATION, mark)
        elif standing is not Standing.BEGUN:
            raise MigrationRefused("ended_meanwhile")
        begun = await self.mark()
        assert begun is not None
        return begun

    async def _begin_in_empty(self, mark: Doc) -> None:
        marked = {**schema.MIGRATION, **mark, "state": MARKED}
        with contextlib.suppress(DuplicateKeyError):  # by a run that was killed here
            await self._store.schema.insert_one(marked)
        try:
            # A service that began in between has not seen the mark.
            await self._refuse_content()
        except MigrationRefused:
            await self._store.schema.delete_one({**schema.MIGRATION, "state": MARKED})
            raise
        await self._drop(_TRACES)
        await self._store.schema.delete_one(schema.VERSION)
        await self._store.schema.replace_one({**schema.MIGRATION, "state": MARKED}, mark)

    async def _drop(self, names: Sequence[str]) -> None:
        for name in names:
            with pymongo.timeout(schema.MIGRATE_S):
                await self._store.collection(name).drop()

    async def _refuse_content(self) -> None:
        await self.refuse_served()
        held = [name for name in _HOLDS if await self._store.collection(name).find_one({}, {"_id": 1})]
        if await self._store.meta.find_one({"_id": {"$nin": self._traces}}, {"_id": 1}):
            held.append("meta")
        if await self._store.counters.find_one({"seq": {"$ne": 0}}, {"_id": 1}):
            held.append("counters")
        if await self._logs.find_one({}, {"_id": 1}):
            held.append("logs")
        if held:
            raise MigrationRefused("not_empty", database=self.database, held=held)

    async def refuse_served(self) -> None:
        """A service that opened the database before it was marked is still there: every one tells of itself.
        What it does must not be thrown away with an outdated copy."""
        if await self._store.processes.find_one({}, {"_id": 1}):
            raise MigrationRefused("target_served", database=self.database)

    async def passed(self, table: str, at: Position, copied: int) -> None:
        """All rows up to this position are durable in the target."""
        await self._store.schema.update_one(
            schema.MIGRATION, {"$set": {f"cursors.{table}": at, f"copied.{table}": copied}}
        )

    async def index(self) -> None:
        """What a new database has and one that was only filled lacks. Takes minutes with millions of rows."""
        await schema.build(self._store, len(schema.STEPS))
        with pymongo.timeout(schema.MIGRATE_S):
            await make_log_indexes(self._logs)

    async def finish(self, report: Doc, now: float) -> None:
        """Checked and whole: from here on a service opens it."""
        version = {"$set": {"version": len(schema.STEPS)}}
        await self._store.schema.update_one(schema.VERSION, version, upsert=True)
        done = {"state": schema.MIGRATED, "finished_at": now, "report": report}
        await self._store.schema.update_one(schema.MIGRATION, {"$set": done})

    async def fail(self) -> None:
        """The check found a difference: the next run begins again."""
        await self._store.schema.update_one(schema.MIGRATION, {"$set": {"state": FAILED}})
