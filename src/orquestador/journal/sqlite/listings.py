"""Listings, the jobs that push them and the budget that pays for each push."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from orquestador.journal.codec import decode_budget, decode_job, encode_budget, encode_job
from orquestador.journal.rules import is_news, refreshed
from orquestador.journal.sqlite import saves
from orquestador.journal.sqlite.rows import COLUMNS, distinct, many, to_work
from orquestador.model.budget import Budget, BudgetSpec, succeeded, take, throttled
from orquestador.model.stock import Job, Listing
from orquestador.ports import OpenedJob, Save


def upsert(connection: sqlite3.Connection, now: float, works: Sequence[saves.EncodedSave]) -> int:
    """Create the missing rows, due; refresh what was read live of those that are in no open job."""
    created = 0
    for encoded in works:
        if saves.store(connection, now, encoded):
            created += 1
            continue
        seen = encoded.save.work.listing
        row = connection.execute(
            f"SELECT {COLUMNS} FROM work WHERE id = ? AND job_id IS NULL", (encoded.save.work.id,)
        ).fetchone()
        known = to_work(row) if row else None
        if known is None or not isinstance(known.doc, Listing):
            continue
        listing = refreshed(known, seen)
        if listing == known.doc:
            continue
        wanted = known.wanted + is_news(known.doc, listing)
        doc = saves.encode(Save(replace(known, doc=listing))).doc
        connection.execute(
            """UPDATE work SET rev = rev + 1, wanted = :wanted, doc = :doc, sku = :sku, managed = :managed,
                   updated_at = :now,
                   state = CASE WHEN :wanted > wanted THEN 'due' ELSE state END,
                   due_at = CASE WHEN :wanted > wanted THEN :now ELSE due_at END,
                   ready = CASE WHEN :wanted > wanted THEN 1 ELSE ready END
               WHERE id = :id""",
            {
                "wanted": wanted,
                "doc": doc,
                "sku": listing.sku,
                "managed": listing.managed,
                "now": now,
                "id": known.id,
            },
        )
    return created


def of_skus(connection: sqlite3.Connection, skus: Sequence[str]) -> list[Any]:
    return connection.execute(
        f"SELECT {COLUMNS} FROM work WHERE sku IN (SELECT value FROM json_each(?)) AND kind = 'listing'",
        (many(skus),),
    ).fetchall()


def open_job(
    connection: sqlite3.Connection,
    *,
    now: float,
    job: Job,
    works: Sequence[saves.EncodedSave],
    budget_name: str,
    spec: BudgetSpec,
) -> OpenedJob:
    """Pay one call, claim the listings, store the job: all of it or nothing."""
    paid, retry_at = take(budget(connection, now, budget_name, spec), spec, now)
    if retry_at is not None:
        return OpenedJob(None, retry_at)
    claimed = {
        encoded.save.work.id
        for encoded in works
        if saves.store(connection, now, encoded, condition="AND job_id IS NULL")
    }
    opened = replace(job, records=tuple(r for r in job.records if r.work_id in claimed))
    if not opened.records:
        return OpenedJob(None)
    _store_budget(connection, budget_name, paid)
    save_job(connection, opened)
    return OpenedJob(opened)


def save_job(connection: sqlite3.Connection, job: Job) -> None:
    connection.execute(
        """INSERT INTO jobs VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
           SET channel = excluded.channel, open = excluded.open, computed_at = excluded.computed_at,
               doc = excluded.doc""",
        (job.id, job.channel, job.is_open, job.computed_at, encode_job(job)),
    )


def open_jobs(connection: sqlite3.Connection, channel: str) -> list[Job]:
    """Oldest first."""
    rows = connection.execute(
        "SELECT doc FROM jobs WHERE channel = ? AND open = 1 ORDER BY computed_at", (channel,)
    )
    return [decode_job(doc) for (doc,) in rows.fetchall()]


def recent_jobs(connection: sqlite3.Connection, channel: str, limit: int) -> list[Job]:
    """Newest first."""
    rows = connection.execute(
        "SELECT doc FROM jobs WHERE channel = ? ORDER BY computed_at DESC LIMIT ?", (channel, limit)
    )
    return [decode_job(doc) for (doc,) in rows.fetchall()]


def free_orphans(connection: sqlite3.Connection, now: float) -> int:
    """Listings whose job has ended or was never stored are due again: nobody else will free them."""
    freed = 0
    for job_id in list(distinct(connection, "job_id", "job_id IS NOT NULL")):
        open_now = connection.execute("SELECT open FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if open_now is not None and open_now[0]:
            continue
        rows = connection.execute(f"SELECT {COLUMNS} FROM work WHERE job_id = ?", (job_id,)).fetchall()
        for work in map(to_work, rows):
            doc = saves.encode(Save(replace(work, doc=replace(work.listing, job_id=None)))).doc
            connection.execute(
                """UPDATE work SET rev = rev + 1, wanted = wanted + 1, state = 'due', due_at = :now,
                       ready = 1, job_id = NULL, doc = :doc, updated_at = :now WHERE id = :id""",
                {"now": now, "doc": doc, "id": work.id},
            )
            freed += 1
    return freed


def budget(connection: sqlite3.Connection, now: float, name: str, spec: BudgetSpec) -> Budget:
    """The bucket refilled to now; a full one when it was never used."""
    row = connection.execute("SELECT doc FROM budgets WHERE name = ?", (name,)).fetchone()
    return decode_budget(row[0]).refill(spec, now) if row else Budget.full(spec, now)


def update_budget(
    connection: sqlite3.Connection, *, now: float, name: str, spec: BudgetSpec, slower: bool
) -> Budget:
    known = budget(connection, now, name, spec)
    changed = throttled(known, now) if slower else succeeded(known, spec)
    _store_budget(connection, name, changed)
    return changed


def _store_budget(connection: sqlite3.Connection, name: str, budget: Budget) -> None:
    connection.execute(
        "INSERT INTO budgets VALUES (?, ?) ON CONFLICT DO UPDATE SET doc = excluded.doc",
        (name, encode_budget(budget)),
    )
