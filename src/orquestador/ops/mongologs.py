"""Call logs in MongoDB, beside the journal's collections and never in its way (design §10)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import uuid
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Self

from bson.errors import BSONError
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import BulkWriteError, OperationFailure, PyMongoError
from pymongo.write_concern import WriteConcern

from orquestador.model.errors import StoreUnavailable
from orquestador.model.logs import LogEntry, LogFilter, LogStatus
from orquestador.ports import Clock

DATABASE = "orquestador"
COLLECTION = "orq_logs_1"
"""The number is the version of its documents: logs are no truth that would have to be migrated, so another
version simply begins its own, and the old one can be dropped."""
BUFFER_MAX = 20_000
"""Entries that wait to be written; further ones are dropped and counted."""
BATCH_EVERY_S = 0.2
AGAIN_S = 1.0
"""While the server is away: how often it is tried."""
DUPLICATE_KEY = 11000
TOO_LARGE = (2, 10334)
POOL_MAX = 2
SELECT_MS = 2_000
ANSWER_MS = 10_000

INDEXES = [
    IndexModel([("timestamp", -1), ("id", -1)], name="recent"),
    # Finds entries by order (`o:<id>`) and SKU (`s:<sku>`), in the order in which they are shown.
    IndexModel([("subjects", 1), ("timestamp", -1), ("id", -1)], name="subjects"),
]
_NEWEST_FIRST = [("timestamp", -1), ("id", -1)]

Doc = dict[str, Any]


class MongoLogSink:
    """Implements `ports.LogSink`: one task that writes a batch at most every 200 ms, and nothing while idle.

    While the server is away entries wait, up to `BUFFER_MAX` of them; a flush and the end do not.
    """

    def __init__(self, client: AsyncMongoClient[Doc], database: str | None, clock: Clock) -> None:
        self._client, self._clock = client, clock
        chosen = client[database] if database else client.get_default_database(DATABASE)
        # Not journaled: the last moment of the logs may be lost, the caller's time may not.
        self._entries: AsyncCollection[Doc] = chosen.get_collection(
            COLLECTION, write_concern=WriteConcern(w=1)
        )
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[LogEntry] = deque()
        self._filled, self._hurry, self._stored = asyncio.Event(), asyncio.Event(), asyncio.Condition()
        self._told_filled = False
        self._accepted = self._finished = 0
        self._flushing = 0
        self._closed = False
        self._told = 0
        self.dropped = 0
        """Entries that could not be kept since the start; the log itself says so as well."""
        self._writer = asyncio.create_task(self._work(), name="log-writer")

    @classmethod
    async def open(cls, uri: str, clock: Clock, *, database: str | None = None) -> Self:
        """`database`, else the URI's, else `orquestador`. StoreUnavailable after 2 s without a server."""
        client: AsyncMongoClient[Doc] = AsyncMongoClient(
            uri,
            appname="orquestador-logs",
            maxPoolSize=POOL_MAX,
            serverSelectionTimeoutMS=SELECT_MS,
            connectTimeoutMS=SELECT_MS,
            socketTimeoutMS=ANSWER_MS,
        )
        sink = None
        try:
            sink = cls(client, database, clock)
            durable = sink._entries.with_options(write_concern=WriteConcern(w=1, j=True))
            await durable.create_indexes(INDEXES)
        except BaseException as error:
            if sink is not None:
                await sink.close()
            await client.close()
            if isinstance(error, PyMongoError):
                raise _unavailable(error) from error
            raise
        return sink

    def write(self, entry: LogEntry) -> None:
        if self._closed or len(self._waiting) >= BUFFER_MAX:
            self.dropped += 1
            return
        self._accepted += 1
        self._waiting.append(entry)
        if not self._told_filled:
            self._told_filled = True
            # Also from another thread, and harmless once the loop has ended.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._filled.set)

    async def query(self, filter: LogFilter, limit: int, before: tuple[float, str] | None) -> list[LogEntry]:
        """Newest first by (timestamp, id), strictly before the cursor; `until` is exclusive."""
        conditions = _conditions(filter, before)
        # The walk goes along the index of the first subject, or of all entries; the rest filters it.
        hint = "subjects" if any("subjects" in condition for condition in conditions) else "recent"
        found = self._entries.find({"$and": conditions} if conditions else {}, hint=hint)
        found = found.sort(_NEWEST_FIRST).limit(limit).batch_size(limit + 1)
        try:
            return [_to_entry(doc) for doc in await found.to_list()]
        except PyMongoError as error:
            raise _unavailable(error) from error

    async def expire(self, before: float) -> int:
        """Drops entries older than that; returns how many."""
        try:
            return (
                await self._entries.delete_many({"timestamp": {"$lt": before}}, hint="recent")
            ).deleted_count
        except PyMongoError as error:
            raise _unavailable(error) from error

    async def flush(self) -> None:
        """Returns when everything written before this call is stored or counted as dropped."""
        target = self._accepted
        self._flushing += 1
        self._hurry.set()
        try:
            async with self._stored:
                await self._stored.wait_for(lambda: self._finished >= target)
        finally:
            self._flushing -= 1

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._hurry.set()
            self._filled.set()
        await self._writer
        await self._client.close()

    # --- the writer ---

    async def _work(self) -> None:
        while not (self._closed and not self._waiting):
            await self._filled.wait()
            # What comes within this time shares a write; a flush or the end does not wait for it.
            await self._rest(BATCH_EVERY_S)
            self._told_filled = False
            self._filled.clear()
            batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
            docs = [doc for entry in batch if (doc := _to_doc(entry)) is not None]
            self.dropped += len(batch) - len(docs)
            await self._store(docs)
            async with self._stored:
                self._finished += len(batch)
                self._stored.notify_all()

    async def _rest(self, seconds: float) -> None:
        if not (self._closed or self._flushing):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._hurry.wait()
        self._hurry.clear()

    async def _store(self, docs: list[Doc]) -> None:
        """Returns when they are stored; while the server is away, when somebody does not want to wait."""
        count = len(docs)
        if (dropped := self.dropped - self._told) and (
            told := _to_doc(self._confession(dropped))
        ) is not None:
            docs = [*docs, told]
        while True:
            try:
                refused = await self._insert(docs)
            except PyMongoError:
                if self._closed or self._flushing:
                    self.dropped += count
                    return
                await self._rest(AGAIN_S)
            else:
                self.dropped += refused
                self._told += dropped
                return

    async def _insert(self, docs: Sequence[Doc]) -> int:
        """How many the server or the encoding refused; each fails alone. Those that a broken call had stored
        meet themselves, because the driver gave them their ids."""
        if not docs:
            return 0
        try:
            await self._entries.insert_many(docs, ordered=False)
        except BulkWriteError as error:
            return sum(e["code"] != DUPLICATE_KEY for e in error.details["writeErrors"])
        except (BSONError, OperationFailure, OverflowError) as error:
            if isinstance(error, OperationFailure) and error.code not in TOO_LARGE:
                raise
            if len(docs) == 1:
                return 1
            half = len(docs) // 2
            return await self._insert(docs[:half]) + await self._insert(docs[half:])
        return 0

    def _confession(self, dropped: int) -> LogEntry:
        return LogEntry(
            id=uuid.uuid4().hex,
            service="orchestrator",
            action="logs.dropped",
            status=LogStatus.ERROR,
            timestamp=self._clock.now(),
            response={"dropped": dropped},
        )


def _unavailable(error: PyMongoError) -> StoreUnavailable:
    return StoreUnavailable(f"the log store cannot answer: {type(error).__name__}")


def subjects_of(order_ids: Iterable[str], skus: Iterable[str]) -> list[str]:
    return sorted({_text(f"o:{o}") for o in order_ids} | {_text(f"s:{s}") for s in skus})


def _text(value: str) -> str:
    """A lone surrogate must not cost the entry."""
    return value.encode(errors="backslashreplace").decode()


def _to_doc(entry: LogEntry) -> Doc | None:
    """None for an entry that cannot be stored."""
    try:
        if not math.isfinite(entry.timestamp):
            return None
        return {
            "id": _text(entry.id),
            "timestamp": float(entry.timestamp),
            "service": _text(entry.service),
            "action": _text(entry.action),
            "status": entry.status.value,
            "duration_ms": float(entry.duration_ms),
            "trace_id": entry.trace_id and _text(entry.trace_id),
            # As text: any key and any number of a foreign body survives.
            "request": json.dumps(entry.request, default=str),
            "response": json.dumps(entry.response, default=str),
            "order_ids": json.dumps(entry.order_ids),
            "skus": json.dumps(entry.skus),
            "links": json.dumps(entry.links),
            "subjects": subjects_of(entry.order_ids, entry.skus),
        }
    except Exception:  # noqa: BLE001 - whatever a caller put in, it must not stop the others
        return None


def _to_entry(doc: Doc) -> LogEntry:
    return LogEntry(
        id=doc["id"],
        timestamp=doc["timestamp"],
        service=doc["service"],
        action=doc["action"],
        status=LogStatus(doc["status"]),
        duration_ms=doc["duration_ms"],
        trace_id=doc["trace_id"],
        request=json.loads(doc["request"]),
        response=json.loads(doc["response"]),
        order_ids=tuple(json.loads(doc["order_ids"])),
        skus=tuple(json.loads(doc["skus"])),
        links=tuple(json.loads(doc["links"])),
    )


def _conditions(filter: LogFilter, before: tuple[float, str] | None) -> list[Doc]:
    subjects = subjects_of([filter.order_id] if filter.order_id else [], [filter.sku] if filter.sku else [])
    every: list[Doc] = [{"subjects": subject} for subject in subjects]
    if before is not None:
        instant, id_ = before
        every.append({"timestamp": {"$lte": instant}})
        every.append({"$or": [{"timestamp": {"$lt": instant}}, {"id": {"$lt": _text(id_)}}]})
    if filter.since is not None:
        every.append({"timestamp": {"$gte": filter.since}})
    if filter.until is not None:
        every.append({"timestamp": {"$lt": filter.until}})
    for field, value in (("service", filter.service), ("action", filter.action), ("status", filter.status)):
        if value is not None:
            every.append({field: _text(str(value))})
    return every
