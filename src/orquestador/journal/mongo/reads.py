"""Questions to the journal that no worker asks in its loop: pages, counts, sums."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from orquestador.journal.columns import UnitSums
from orquestador.journal.mongo.rows import NEVER_PROJECTED, OPEN, to_works
from orquestador.journal.mongo.schema import COUNTERS
from orquestador.journal.mongo.store import Doc, Store
from orquestador.model.orders import Units
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import WorkCounts, WorkQuery

NEWEST_FIRST = [("updated_at", -1), ("_id", -1)]


async def get(store: Store, ids: Sequence[str]) -> list[Work]:
    found = store.work.find({"_id": {"$in": list(ids)}}, NEVER_PROJECTED)
    return to_works(await found.batch_size(1000).to_list())


async def effects_due(store: Store, limit: int, channels: Sequence[str] | None) -> list[Work]:
    due: Doc = {"effect_due_at": {"$gte": -math.inf}, "$expr": {"$lte": ["$effect_due_at", store.now()]}}
    if channels is not None:
        if not channels:
            return []
        due["channel"] = {"$in": list(channels)}
    found = store.work.find(due, NEVER_PROJECTED).sort("effect_due_at", 1).limit(limit)
    return to_works(await found.batch_size(limit + 1).to_list())


async def open_orders_before(store: Store, channel: str, instant: float, limit: int) -> list[Work]:
    """Oldest first."""
    began = {"channel": channel, "began_at": {"$lt": instant}}
    found = store.work.find(began, NEVER_PROJECTED).sort("began_at", 1).limit(limit)
    return to_works(await found.batch_size(limit + 1).to_list())


async def orders_read_before(
    store: Store, channel: str, instant: float, limit: int, after: tuple[float, str]
) -> list[tuple[float, str]]:
    at, work = after
    asked: list[Doc] = [
        {"channel": channel, "read_at": {"$gte": at, "$lt": instant}},
        {"$or": [{"read_at": {"$gt": at}}, {"_id": {"$gt": work}}]},
    ]
    found = store.work.find({"$and": asked}, {"read_at": 1}, hint="read")
    rows = await found.sort([("read_at", 1), ("_id", 1)]).limit(limit).batch_size(limit + 1).to_list()
    return [(row["read_at"], row["_id"]) for row in rows]


async def recent_orders(store: Store, skus: Sequence[str], since: float) -> list[Work]:
    made: Doc = {"skus": {"$in": list(skus)}, "kind": Kind.ORDER.value, "created_at": {"$gte": since}}
    found = store.work.find(made, NEVER_PROJECTED)
    return to_works(await found.batch_size(1000).to_list())


async def units(store: Store, skus: Sequence[str]) -> dict[str, Units]:
    asked = {"units.sku": {"$in": list(skus)}}
    held = {"$cond": [{"$gt": ["$units.until", store.now()]}, "$units.held", 0]}
    sums = await store.work.aggregate(
        [
            {"$match": asked},
            {"$project": {"channel": 1, "units": 1}},
            {"$unwind": "$units"},
            {"$match": asked},
            {
                "$group": {
                    "_id": {"sku": "$units.sku", "channel": "$channel"},
                    "unproven": {"$sum": {"$add": ["$units.unproven", held]}},
                    "reserved": {"$sum": "$units.reserved"},
                }
            },
        ]
    )
    totals = UnitSums(skus)
    async for row in sums:
        totals.add(row["_id"]["sku"], row["_id"]["channel"], int(row["unproven"]), int(row["reserved"]))
    return totals.units()


# --- pages of work ------------------------------------------------------------------------------------------


async def find(store: Store, query: WorkQuery) -> tuple[list[Work], str | None]:
    """A page, newest change first, and the cursor of the next. ValueError for a cursor that is not ours."""
    wanted: Doc = {
        "kind": {"$in": [query.kind.value] if query.kind else [kind.value for kind in Kind]},
        "state": {"$in": [state.value for state in query.states or State]},
    }
    if query.channel is not None:
        wanted["channel"] = query.channel
    every: list[Doc] = []
    if query.after is not None:
        instant, id_ = _parse_cursor(query.after)
        wanted["updated_at"] = {"$lte": instant}
        every.append({"$or": [{"updated_at": {"$lt": instant}}, {"_id": {"$lt": id_}}]})
    if query.text is not None:
        ids = [work_id(Kind(kind), channel, query.text) for kind, channel in await _channels(store)]
        every.append({"$or": [{"_id": {"$in": ids}}, {"number": query.text}]})
    if query.sku is not None:
        wanted["skus"] = query.sku
    if every:
        wanted["$and"] = every
    # Few rows have one SKU or one name, and these are sorted; all others are walked in order.
    hint = "sku" if query.sku is not None else None if query.text is not None else "recent"
    found = store.work.find(wanted, NEVER_PROJECTED, hint=hint).sort(NEWEST_FIRST)
    page = to_works(await found.limit(query.limit + 1).batch_size(query.limit + 2).to_list())
    if len(page) <= query.limit:
        return page, None
    page = page[: query.limit]
    return page, f"{page[-1].updated_at!r}_{page[-1].id}"


def _parse_cursor(cursor: str) -> tuple[float, str]:
    updated_at, _, id_ = cursor.partition("_")
    return float(updated_at), id_


async def _channels(store: Store) -> list[tuple[str, str]]:
    """The few (kind, channel) pairs that there are, each found by a look into the index."""
    return [
        (kind.value, channel)
        for kind in Kind
        for channel in await store.work.distinct("channel", {"kind": kind.value})
    ]


# --- counts -------------------------------------------------------------------------------------------------


async def counts(store: Store) -> WorkCounts:
    """Answered from the index alone: a tally kept up to date by every write would make them all meet there.

    What is settled is most of it, and a plain count of a range is four times faster than a sum over it.
    """
    rows: dict[tuple[Kind, str, State], int] = {}
    oldest: dict[Kind, float] = {}
    unsettled = [state.value for state in State if state is not State.SETTLED]
    kinds = [kind.value for kind in Kind]
    tally: list[Doc] = [
        {"$match": {"kind": {"$in": kinds}, "channel": {"$gte": ""}, "state": {"$in": unsettled}}},
        {
            "$group": {
                "_id": {"kind": "$kind", "channel": "$channel", "state": "$state"},
                "rows": {"$sum": 1},
                "due_at": {"$min": "$due_at"},
            }
        },
    ]
    async for row in await store.work.aggregate(tally, hint="tally"):
        key = row["_id"]
        kind, state = Kind(key["kind"]), State(key["state"])
        rows[kind, key["channel"], state] = row["rows"]
        if state.value in OPEN:
            oldest[kind] = min(float(row["due_at"]), oldest.get(kind, math.inf))
    for name, channel in await _channels(store):
        settled = {"kind": name, "channel": channel, "state": State.SETTLED.value}
        if n := await store.work.count_documents(settled, hint="tally"):
            rows[Kind(name), channel, State.SETTLED] = n
    sources = await doors(store)
    last_by_source: dict[str, float] = {}
    for door in sources:
        last_by_source[door["source"]] = max(door["last_at"], last_by_source.get(door["source"], -math.inf))
    return WorkCounts(
        rows=rows,
        oldest_due_at=oldest,
        open_effects=await store.work.count_documents({"effect_open": True}, hint="open_effects"),
        open_jobs=await store.jobs.count_documents({"open": True}, hint="open"),
        receipts=sum(door["n"] for door in sources),
        last_receipt_at=max(last_by_source.values(), default=None),
        last_receipt_at_by_source=last_by_source,
    )


async def doors(store: Store) -> list[dict[str, Any]]:
    """What came by each (source, channel): how many receipts are stored, and when the last one came."""
    counters = await store.counters.find_one(COUNTERS, {"sources": 1})
    return list(counters["sources"].values()) if counters else []
