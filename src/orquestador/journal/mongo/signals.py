"""Claims, leases and signals: what moves work rows without their documents."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pymongo import ReturnDocument, UpdateMany, UpdateOne

from orquestador.journal.mongo.rows import (
    FREE,
    NEVER_PROJECTED,
    begins_with,
    born_if_absent,
    literal,
    newborn,
    signal,
    to_works,
)
from orquestador.journal.mongo.store import Doc, Expression, Store, bulk_all
from orquestador.model.work import Kind, Work
from orquestador.ports import Mark


async def claim(
    store: Store, *, kind: Kind, owner: str, limit: int, lease_s: float, channel: str | None
) -> list[Work]:
    """Rows leased to the owner, most urgent, then oldest first.

    Candidates are found, taken by one update that looks again at each of them, and read back by the token of
    this claim: what somebody else took in between is not among them.
    """
    token = uuid.uuid4().hex
    hint = "claim_channel" if channel is not None and kind is Kind.LISTING else "claim_any"
    rows: list[Doc] = []
    while len(rows) < limit:
        now = store.now()
        free: Doc = {"todo": True, "kind": kind.value, "$expr": _claimable(now)}
        if channel is not None:
            free["channel"] = channel
        wanted = limit - len(rows)
        candidates = (
            store.work.find(free, {"_id": 1}, hint=hint)
            .sort([("urgency", -1), ("due_at", 1)])
            .limit(wanted)
            .batch_size(wanted + 1)
        )
        ids = [row["_id"] for row in await candidates.to_list()]
        if not ids:
            break
        lease = {"owner": literal(owner), "claim": token, "lease_until": {"$add": [now, lease_s]}}
        taken = await store.quick_work.update_many({"_id": {"$in": ids}, **free}, [{"$set": lease}])
        if taken.modified_count:
            mine = store.work.find({"_id": {"$in": ids}, "claim": token}, NEVER_PROJECTED)
            rows += await mine.batch_size(len(ids) + 1).to_list()
        if taken.modified_count == len(ids):
            break
        # Others were faster with some of them: there may be more behind.
    rows.sort(key=lambda row: (-row["urgency"], row["due_at"]))
    return to_works(rows)


def _claimable(now: Expression) -> Expression:
    return {"$and": [{"$lte": ["$due_at", now]}, {"$lte": ["$lease_until", now]}]}


async def renew(store: Store, owner: str, lease_s: float) -> None:
    await store.quick_work.update_many(
        {"owner": owner}, [{"$set": {"lease_until": {"$add": [store.now(), lease_s]}}}]
    )


async def release(store: Store, owner: str, ids: Sequence[str], due_at: float | None) -> None:
    change = FREE if due_at is None else {**FREE, "$set": {**FREE["$set"], "due_at": due_at}}
    await store.quick_work.update_many({"_id": {"$in": list(ids)}, "owner": owner}, change)


async def free_lapsed(store: Store) -> int:
    """Give back every lease that is over."""
    over = {"$lte": ["$lease_until", store.now()]}
    freed = await store.quick_work.update_many({"owner": {"$gte": ""}, "$expr": over}, FREE)
    return freed.modified_count


async def free_owners(store: Store, prefix: str) -> int:
    """Give back every lease, on rows and by name, of owners whose name begins so."""
    freed = await store.quick_work.update_many({"owner": begins_with(prefix)}, FREE)
    await store.leases.delete_many({"owner": begins_with(prefix)})
    return freed.modified_count


async def mark(store: Store, marks: Sequence[Mark]) -> int:
    """Signal every managed listing of each SKU."""
    now = store.now()
    alike: dict[tuple[str, str | None, float | None, int], list[str]] = {}
    for m, times in Counter(marks).items():
        alike.setdefault((m.reason, m.own_channel, m.due_at, times), []).append(m.sku)
    operations: list[Any] = []
    for (reason, own, due_at, times), skus in alike.items():
        own_times = {"$cond": [{"$eq": ["$channel", literal(own)]}, times, 0]}
        stage = signal(
            now,
            now if due_at is None else due_at,
            reason,
            times,
            own_seq={"$add": ["$own_seq", own_times]},
        )
        listings = {"skus": {"$in": skus}, "kind": Kind.LISTING.value, "managed": True}
        operations.append(UpdateMany(listings, [stage]))
    return await bulk_all(store.work, operations)


async def touch(store: Store, ids: Sequence[str], reason: str, due_at: float | None) -> int:
    """Signal rows by id; order rows come into being."""
    now = store.now()
    due = now if due_at is None else due_at
    operations: list[Any] = []
    for work, times in Counter(ids).items():
        kind, _, rest = work.partition(":")
        channel, _, ref = rest.partition(":")
        stage = signal(now, due, reason, times)
        if kind == Kind.ORDER.value and ref:
            born = born_if_absent(newborn(Kind.ORDER, channel, ref), now)
            operations.append(UpdateOne({"_id": work}, [born, stage], upsert=True))
        else:
            operations.append(UpdateOne({"_id": work}, [stage]))
    return await bulk_all(store.work, operations)


async def acquire(store: Store, name: str, owner: str, ttl_s: float) -> bool:
    now = store.now()
    # A lease that does not exist is over: what is missing sorts before every number.
    free = {"$or": [{"$eq": ["$owner", literal(owner)]}, {"$lte": ["$until", now]}]}
    lease = {
        "owner": {"$cond": [free, literal(owner), "$owner"]},
        "until": {"$cond": [free, {"$add": [now, ttl_s]}, "$until"]},
    }
    held = await store.leases.find_one_and_update(
        {"_id": name}, [{"$set": lease}], upsert=True, return_document=ReturnDocument.AFTER
    )
    return held is not None and held["owner"] == owner


async def yield_lease(store: Store, name: str, owner: str) -> None:
    await store.leases.delete_one({"_id": name, "owner": owner})
