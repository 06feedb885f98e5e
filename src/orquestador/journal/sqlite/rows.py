"""The columns of a work row, and what a signal does to them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from orquestador.journal.codec import decode_doc
from orquestador.model.work import Kind, State, Work

COLUMNS = (
    "id, kind, channel, ref, state, wanted, done, rev, due_at, attempts, urgency, own_seq, "
    "reason, failing_since, created_at, updated_at, doc"
)

CLAIMABLE = "ready = 1 AND owner IS NULL AND job_id IS NULL AND state IN ('due', 'waiting')"
UNFINISHED = "state IN ('due', 'waiting')"


def signal(due: str, now: str, reason: str = "NULL") -> str:
    """The assignments of a signal: `wanted` grows, what was closed is due again and starts afresh, what waits
    is looked at earlier but keeps its attempts and its reason. `rev` stays: no running save fails."""
    closed = "work.state IN ('settled', 'dead')"
    # `ready` may say less than it could: a claim makes up for it.
    return f"""
        wanted = work.wanted + 1,
        state = CASE work.state WHEN 'waiting' THEN 'waiting' ELSE 'due' END,
        due_at = CASE WHEN {closed} THEN {due} ELSE min(work.due_at, {due}) END,
        ready = ({due} <= {now}),
        attempts = CASE WHEN {closed} THEN 0 ELSE work.attempts END,
        failing_since = CASE WHEN {closed} THEN NULL ELSE work.failing_since END,
        reason = CASE work.state WHEN 'waiting' THEN work.reason ELSE {reason} END,
        updated_at = {now}"""


def to_work(row: Any) -> Work:
    kind = Kind(row[1])
    return Work(
        id=row[0],
        kind=kind,
        channel=row[2],
        ref=row[3],
        state=State(row[4]),
        wanted=row[5],
        done=row[6],
        rev=row[7],
        due_at=float(row[8]),  # RETURNING gives whole reals as integers
        attempts=row[9],
        urgency=float(row[10]),
        own_seq=row[11],
        reason=row[12],
        failing_since=None if row[13] is None else float(row[13]),
        created_at=float(row[14]),
        updated_at=float(row[15]),
        doc=None if row[16] is None else decode_doc(kind, row[16]),
    )


def to_works(rows: Iterable[Any]) -> list[Work]:
    return [to_work(row) for row in rows]


def many(values: Iterable[str | int]) -> str:
    """One bound value for any number of texts or row numbers: `IN (SELECT value FROM json_each(?))`."""
    return json.dumps(list(values))


def distinct(connection: sqlite3.Connection, column: str, condition: str, *bound: object) -> Iterator[str]:
    """The few values of a text column that leads an index, each found by one look instead of a scan."""
    sql = f"SELECT min({column}) FROM work WHERE {condition} AND {column} > ?"
    value = connection.execute(sql, (*bound, "")).fetchone()[0]
    while value is not None:
        yield value
        value = connection.execute(sql, (*bound, value)).fetchone()[0]
