"""The fields of a work row, and what a signal does to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orquestador.journal.codec import decode_doc
from orquestador.journal.mongo.store import Doc, Expression
from orquestador.model.work import Kind, State, Work

OPEN = [State.DUE.value, State.WAITING.value]

FREE: Doc = {"$set": {"lease_until": 0.0}, "$unset": {"owner": "", "claim": ""}}
"""Gives a lease back."""

NEVER_PROJECTED: Doc = {"skus": 0, "units": 0, "outbox": 0}
"""Derived fields that no reader of a row needs."""


def literal(value: object) -> Expression:
    """A value as itself: a text that begins with a dollar would be read as a path."""
    return {"$literal": value}


def todo(open_: Expression = True, job: Expression = "$job_id") -> Expression:
    """The mark of rows that may be claimed: alone in the claim indexes, so absent and not False."""
    return {
        "$cond": [{"$and": [open_, {"$eq": [{"$ifNull": [job, None]}, None]}]}, True, "$$REMOVE"],
    }


def signal(now: Expression, due: Expression, reason: str | None, times: int = 1, **more: Expression) -> Doc:
    """The stage of a signal: `wanted` grows, what was closed is due again and starts afresh, what waits is
    looked at earlier but keeps its attempts and its reason. `rev` stays: no running save fails."""
    open_ = {"$in": ["$state", OPEN]}
    waits = {"$eq": ["$state", State.WAITING.value]}
    return {
        "$set": {
            "wanted": {"$add": ["$wanted", times]},
            "state": {"$cond": [waits, State.WAITING.value, State.DUE.value]},
            "due_at": {"$cond": [open_, {"$min": ["$due_at", due]}, due]},
            "attempts": {"$cond": [open_, "$attempts", 0]},
            "failing_since": {"$cond": [open_, "$failing_since", None]},
            "reason": {"$cond": [waits, "$reason", literal(reason)]},
            "updated_at": now,
            "todo": todo(),
            **more,
        }
    }


def newborn(kind: Kind, channel: str, ref: str) -> Doc:
    """A row that a signal creates, before that signal."""
    return {
        "kind": kind.value,
        "channel": channel,
        "ref": ref,
        "wanted": 0,
        "done": 0,
        "rev": 1,
        "attempts": 0,
        "urgency": 0.0,
        "own_seq": 0,
        "lease_until": 0.0,
    }


def born_if_absent(born: Doc, now: Expression) -> Doc:
    """The stage before a signal where the row may not exist yet."""
    return {"$replaceWith": {"$mergeObjects": [literal(born), {"created_at": now}, "$$ROOT"]}}


def to_work(row: Doc) -> Work:
    kind, doc = Kind(row["kind"]), row.get("doc")
    return Work(
        id=row["_id"],
        kind=kind,
        channel=row["channel"],
        ref=row["ref"],
        state=State(row["state"]),
        wanted=row["wanted"],
        done=row["done"],
        rev=row["rev"],
        due_at=float(row["due_at"]),
        attempts=row["attempts"],
        urgency=float(row["urgency"]),
        own_seq=row["own_seq"],
        reason=row.get("reason"),
        failing_since=row.get("failing_since"),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        doc=None if doc is None else decode_doc(kind, doc),
    )


def to_works(rows: Iterable[Doc]) -> list[Work]:
    return [to_work(row) for row in rows]


def begins_with(prefix: str) -> dict[str, Any]:
    """The condition on a text, as a range that an index serves."""
    return {"$gte": prefix, "$lt": prefix + "\U0010ffff"}
