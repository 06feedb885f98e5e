"""Listings, and the jobs that push them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pymongo import UpdateOne

from orquestador.journal.codec import decode_job, encode_job
from orquestador.journal.mongo import budgets, saves
from orquestador.journal.mongo.rows import NEVER_PROJECTED, literal, signal, to_work, to_works
from orquestador.journal.mongo.store import Doc, Expression, Store, bulk
from orquestador.journal.rules import in_job, is_news, refreshed, to_create
from orquestador.model.budget import BudgetSpec
from orquestador.model.stock import Job, Listing
from orquestador.model.work import Kind, Work
from orquestador.ports import OpenedJob, Save

CHUNK = 500
TRIES = 3
ABANDONED_S = 60.0
"""A job that has been opening for so long belongs to a process that is gone, or is refused its opening."""


async def upsert(store: Store, works: Sequence[Work]) -> int:
    """Create the missing rows, due; refresh what was read live of those that are in no open job."""
    now = await store.instant()
    created = 0
    for at in range(0, len(works), CHUNK):
        some = works[at : at + CHUNK]
        encoded = [saves.encode(Save(to_create(work, now))) for work in some]
        made = await saves.compare_and_set(store, encoded)
        created += sum(made)
        there = {work.id: work.listing for work, new in zip(some, made, strict=True) if not new}
        for _ in range(TRIES):
            there = await _refresh(store, there)
    return created


async def _refresh(store: Store, seen: dict[str, Listing]) -> dict[str, Listing]:
    """Write what was seen; returns the rows that moved while it was compared."""
    if not seen:
        return seen
    now = store.now()
    found = store.work.find({"_id": {"$in": list(seen)}, "job_id": None}, NEVER_PROJECTED)
    changed: list[UpdateOne] = []
    ids: list[str] = []
    for row in await found.batch_size(CHUNK + 1).to_list():
        known = to_work(row)
        listing = refreshed(known, seen[known.id])
        if listing == known.listing:
            continue
        ids.append(known.id)
        changed.append(_refreshing(known, listing, now))
    if not changed:
        return {}
    done, _ = await bulk(store.work, changed)
    if done == len(changed):
        return {}
    # Those that were written show no difference the next time.
    return {id_: seen[id_] for id_ in ids}


def _refreshing(known: Work, listing: Listing, now: Expression) -> UpdateOne:
    # A signal does not move `rev`, but it makes what was read about the row too old.
    unmoved = {"_id": known.id, "rev": known.rev, "wanted": known.wanted, "job_id": None}
    encoded = saves.encode(Save(replace(known, doc=listing)))
    fields: Doc = {
        "rev": known.rev + 1,
        "doc": literal(encoded.doc),
        "skus": literal([listing.sku]),
        "managed": listing.managed,
        "updated_at": now,
    }
    stages: list[Doc] = [{"$set": fields}]
    if is_news(known.listing, listing):
        stages.append({"$set": _due_again(now)})
    return UpdateOne(unmoved, stages)


def _due_again(now: Expression) -> Doc:
    """Looked at once more, whatever state it is in."""
    fields: Doc = signal(now, now, None)["$set"]
    return {name: fields[name] for name in ("wanted", "updated_at", "todo")} | {
        "state": "due",
        "due_at": now,
    }


async def of_skus(store: Store, skus: Sequence[str]) -> list[Work]:
    found = store.work.find({"skus": {"$in": list(skus)}, "kind": Kind.LISTING.value}, NEVER_PROJECTED)
    return to_works(await found.batch_size(1000).to_list())


async def open_job(
    store: Store, job: Job, works: Sequence[saves.EncodedSave], budget_name: str, spec: BudgetSpec
) -> OpenedJob:
    """Pay one call, announce the job, claim its listings one by one, then open it with those.

    A crash in between costs a paid call, and the listings wait until the sweep frees them: a job that is only
    announced is nobody's to push. Opening fails once the sweep has taken the announcement away, so that a
    process that slept in between cannot push listings that were given to another job.
    """
    retry_at = await budgets.pay(store, budget_name, spec)
    if retry_at is not None:
        return OpenedJob(None, retry_at)
    await store.jobs.update_one({"_id": job.id}, [{"$set": {"opening_at": store.now()}}], upsert=True)
    claims = await saves.compare_and_set(store, works, condition={"job_id": None})
    claimed = {e.save.work.id for e, done in zip(works, claims, strict=True) if done}
    opened = replace(job, records=tuple(r for r in job.records if r.work_id in claimed))
    if not opened.records:
        await store.jobs.delete_one({"_id": job.id, "opening_at": {"$exists": True}})
        await budgets.give_back(store, budget_name, spec)
        return OpenedJob(None)
    still_ours = {"_id": job.id, "opening_at": {"$exists": True}}
    change = {"$set": _fields(opened), "$unset": {"opening_at": ""}}
    if (await store.jobs.update_one(still_ours, change)).matched_count:
        return OpenedJob(opened)
    await free_listings(store, job.id)
    return OpenedJob(None)


def _fields(job: Job) -> Doc:
    return {
        "channel": job.channel,
        "open": job.is_open,
        "computed_at": job.computed_at,
        "doc": encode_job(job),
    }


async def save_job(store: Store, job: Job) -> None:
    await store.jobs.update_one({"_id": job.id}, {"$set": _fields(job)}, upsert=True)


async def open_jobs(store: Store, channel: str) -> list[Job]:
    """Oldest first."""
    found = store.jobs.find({"open": True, "channel": channel}, {"doc": 1}).sort("computed_at", 1)
    return [decode_job(row["doc"]) for row in await found.to_list()]


async def recent_jobs(store: Store, channel: str, limit: int) -> list[Job]:
    """Newest first."""
    found = store.jobs.find({"channel": channel}, {"doc": 1}).sort("computed_at", -1).limit(limit)
    return [decode_job(row["doc"]) for row in await found.to_list()]


async def free_orphans(store: Store) -> int:
    """Listings whose job has ended or was never opened are due again: nobody else will free them."""
    now = await store.instant()
    await store.jobs.delete_many({"opening_at": {"$lte": now - ABANDONED_S}})
    claimed = await store.work.distinct("job_id", {"job_id": {"$gte": ""}})
    if not claimed:
        return 0
    alive = {"_id": {"$in": claimed}, "$or": [{"open": True}, {"opening_at": {"$exists": True}}]}
    living = {row["_id"] for row in await store.jobs.find(alive, {"_id": 1}).to_list()}
    return sum([await free_listings(store, job) for job in claimed if job not in living])


async def free_listings(store: Store, job_id: str) -> int:
    """Make the listings of a job due again, out of it: what it did is not known."""
    now = store.now()
    operations = []
    for row in await store.work.find({"job_id": job_id}, NEVER_PROJECTED).batch_size(1000).to_list():
        work = to_work(row)
        doc = saves.encode(Save(in_job(work, None))).doc
        fields: Doc = {"rev": work.rev + 1, "doc": literal(doc), "job_id": "$$REMOVE"}
        operations.append(
            UpdateOne(
                {"_id": work.id, "rev": work.rev, "job_id": job_id},
                [{"$set": fields}, {"$set": _due_again(now)}],
            )
        )
    return (await bulk(store.work, operations))[0] if operations else 0
