"""Retention: receipts expire, long closed orders shrink, keys and ledgers stay for ever."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from pymongo import UpdateOne

from orquestador.journal.mongo import saves
from orquestador.journal.mongo.receipts import source_field
from orquestador.journal.mongo.rows import NEVER_PROJECTED, to_work
from orquestador.journal.mongo.schema import COUNTERS
from orquestador.journal.mongo.store import Doc, Store, bulk
from orquestador.journal.rules import smaller
from orquestador.model.work import Kind, State
from orquestador.ports import Save

CHUNK = 500
"""Rows in one write, so that a commit of the intake never waits long for the upkeep."""

Cursor = tuple[float, str]


async def expire_receipts(store: Store, before: float) -> int:
    """Drop old receipts of settled work; returns how many."""
    gone = 0
    cursor: Cursor | None = None
    while True:
        old: list[Doc] = [{"received_at": {"$lt": before}}]
        if cursor is not None:
            old.append({"received_at": {"$gte": cursor[0]}})
            old.append({"$or": [{"received_at": {"$gt": cursor[0]}}, {"_id": {"$gt": cursor[1]}}]})
        shown = {"received_at": 1, "works": 1, "source": 1, "channel": 1}
        found = store.receipts.find({"$and": old}, shown, hint="recent")
        found = found.sort([("received_at", 1), ("_id", 1)]).limit(CHUNK).batch_size(CHUNK + 1)
        docs = await found.to_list()
        gone += await _drop(store, docs)
        if len(docs) < CHUNK:
            return gone
        cursor = (docs[-1]["received_at"], docs[-1]["_id"])


async def _drop(store: Store, docs: list[Doc]) -> int:
    named = {work for doc in docs for work in doc["works"]}
    # A body-backed order that still waits has its truth in here.
    unsettled = {"_id": {"$in": list(named)}, "state": {"$ne": State.SETTLED.value}}
    needed = {row["_id"] for row in await store.work.find(unsettled, {"_id": 1}).to_list()}
    drop = [doc for doc in docs if needed.isdisjoint(doc["works"])]
    if not drop:
        return 0
    deleted = await store.receipts.delete_many({"_id": {"$in": [doc["_id"] for doc in drop]}})
    counted = Counter(f"{source_field(doc['source'], doc['channel'])}.n" for doc in drop)
    await store.quick_counters.update_one(COUNTERS, {"$inc": {at: -n for at, n in counted.items()}})
    return deleted.deleted_count


async def shrink_orders(store: Store, before: float) -> int:
    """Shrink orders untouched since `before`; returns how many."""
    counters = await store.counters.find_one(COUNTERS, {"shrunk_until": 1})
    since = float(counters["shrunk_until"]) if counters else 0.0
    shrunk = 0
    while True:
        wanted = {
            "kind": Kind.ORDER.value,
            "state": State.SETTLED.value,
            "updated_at": {"$gte": since, "$lt": before},
        }
        found = store.work.find(wanted, NEVER_PROJECTED, hint="recent").sort("updated_at", 1).limit(CHUNK)
        rows = await found.batch_size(CHUNK + 1).to_list()
        shrunk += await _shrink(store, rows)
        # Several rows may share the last instant: the next chunk begins with it again, and finds them shrunk.
        more = len(rows) == CHUNK and rows[-1]["updated_at"] > since
        since = rows[-1]["updated_at"] if more else before
        await store.quick_counters.update_one(COUNTERS, {"$set": {"shrunk_until": since}})
        if not more:
            return shrunk


async def _shrink(store: Store, rows: list[Doc]) -> int:
    operations = []
    for work in map(to_work, rows):
        order = work.order
        if order is None or order.open_effect or work.wanted > work.done:
            continue
        small = smaller(order)
        if small != order:
            doc = saves.encode(Save(replace(work, doc=small))).doc
            unmoved = {"_id": work.id, "rev": work.rev}
            operations.append(UpdateOne(unmoved, {"$set": {"doc": doc}, "$inc": {"rev": 1}}))
    return (await bulk(store.work, operations))[0] if operations else 0
