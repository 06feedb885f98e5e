"""Compare-and-set of work rows with what is derived from their documents."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from pymongo import UpdateOne

from orquestador.journal.codec import encode_doc
from orquestador.journal.columns import Columns, columns_of
from orquestador.journal.mongo.errors import DUPLICATE_KEY
from orquestador.journal.mongo.rows import OPEN, literal, todo
from orquestador.journal.mongo.signals import mark
from orquestador.journal.mongo.store import Doc, Expression, Store, bulk
from orquestador.model.stock import Listing
from orquestador.model.work import State
from orquestador.ports import Mark, Save

_CONVERSION_FAILURE = 241
_REFUSED = (DUPLICATE_KEY, _CONVERSION_FAILURE)
_ABSENT: Expression = "$$REMOVE"


@dataclass(frozen=True, slots=True)
class EncodedSave:
    save: Save
    doc: str | None
    columns: Columns


def encode(save: Save) -> EncodedSave:
    """Raises ValueError when the document cannot be stored and read back."""
    work = save.work
    doc = None if work.doc is None else encode_doc(work.kind, work.doc)
    return EncodedSave(save, doc, columns_of(work))


async def store_all(store: Store, saves: Sequence[EncodedSave]) -> list[bool]:
    """Each on its own; False where `rev` had moved on.

    A row carries the marks of its save in its `outbox`, in the same atomic write. They are delivered before
    this returns; after a crash the sweep delivers them.
    """
    token = uuid.uuid4().hex
    stored = await compare_and_set(store, saves, outbox=token)
    posted = [e for e, done in zip(saves, stored, strict=True) if done and e.save.marks]
    if posted:
        await mark(store, [m for e in posted for m in e.save.marks])
        await delivered(store, [e.save.work.id for e in posted], token)
    return stored


async def delivered(store: Store, ids: Sequence[str], token: str) -> None:
    """Take the marks with this token out of the outboxes."""
    await store.quick_work.update_many({"_id": {"$in": list(ids)}}, {"$pull": {"outbox": {"token": token}}})


async def compare_and_set(
    store: Store, saves: Sequence[EncodedSave], *, outbox: str = "", condition: Doc | None = None
) -> list[bool]:
    """The rows alone, in one bulk write that tells which of them were stored.

    Each is an upsert on (id, rev): where `rev` has moved on, it tries to insert a second row of that id, and
    the unique index names it.
    """
    now = store.now()
    operations = [
        UpdateOne(
            {"_id": e.save.work.id, "rev": e.save.work.rev, **(condition or {})},
            [{"$set": _fields(e, now, outbox)}],
            upsert=True,
        )
        for e in saves
    ]
    if not operations:
        return []
    _, errors = await bulk(store.work, operations)
    for error in errors.values():
        if error["code"] not in _REFUSED:
            raise ValueError(f"the journal cannot store this row (code {error['code']})")
    return [n not in errors for n in range(len(operations))]


def _fields(encoded: EncodedSave, now: Expression, outbox: str) -> Doc:
    work, columns = encoded.save.work, encoded.columns
    fields = {
        "done": work.done,
        "urgency": work.urgency,
        "reason": literal(work.reason),
        "lease_until": 0.0,
        "owner": _ABSENT,
        "claim": _ABSENT,
        "updated_at": now,
        **_derived(encoded),
    }
    if encoded.save.marks:
        posted = [_posted(m, outbox) for m in encoded.save.marks]
        at: Expression = {
            "$map": {"input": literal(posted), "in": {"$mergeObjects": ["$$this", {"at": now}]}}
        }
        fields["outbox"] = {"$concatArrays": [{"$ifNull": ["$outbox", []]}, at]}
    state, rests = work.state.value, work.state in (State.SETTLED, State.DEAD)
    if work.rev == 0:
        unclosed = rests and work.wanted > work.done
        state = State.DUE.value if unclosed else state
        return fields | {
            "kind": work.kind.value,
            "channel": literal(work.channel),
            "ref": literal(work.ref),
            "rev": 1,
            "wanted": work.wanted,
            "own_seq": work.own_seq,
            "created_at": work.created_at or now,
            "attempts": work.attempts,
            "failing_since": work.failing_since,
            "state": state,
            "due_at": now if unclosed else work.due_at,
            "todo": todo(state in OPEN, literal(columns.job_id)),
        }
    # A signal came since the row was read, or the version that is wanted is not closed: it may not rest.
    signalled = {"$gt": ["$wanted", min(work.wanted, work.done) if rests else work.wanted]}
    # Whatever made it rest is over; what waits keeps its attempts.
    revived = signalled if rests else False
    return fields | {
        # A row that does not exist (a row is never deleted, but its database may be) is not made by this:
        # the conversion fails for it.
        "rev": {"$cond": [{"$eq": [{"$type": "$kind"}, "missing"]}, _failing(), work.rev + 1]},
        "state": {"$cond": [signalled, State.DUE.value, state]},
        "due_at": {"$cond": [signalled, {"$min": ["$due_at", now]}, work.due_at]},
        "attempts": {"$cond": [revived, 0, work.attempts]},
        "failing_since": {"$cond": [revived, None, work.failing_since]},
        "todo": todo({"$or": [signalled, state in OPEN]}, literal(columns.job_id)),
    }


def _failing() -> Expression:
    return {"$toInt": {"$concat": ["no row ", "$_id"]}}


_DERIVED = (
    "skus",
    "units",
    "number",
    "managed",
    "job_id",
    "effect_open",
    "effect_due_at",
    "began_at",
    "read_at",
)


def derived(columns: Columns, effect_due_at: float | None, *, listing: bool) -> Doc:
    """What a row holds beside its document, so that it can be found; what does not apply is absent."""
    # Most orders count for nothing any more: they are absent from the index of sums.
    counting = [
        {"sku": u.sku, "unproven": u.unproven, "held": u.held, "until": u.held_until, "reserved": u.reserved}
        for u in columns.units
        if u.counts
    ]
    skus = [columns.sku] if columns.sku is not None else [u.sku for u in columns.units]
    fields = {
        "skus": skus or None,
        "units": counting or None,
        "number": columns.number,
        "managed": columns.managed if listing else None,
        "job_id": columns.job_id,
        "effect_open": columns.effect_open or None,
        "effect_due_at": effect_due_at,
        "began_at": columns.began_at,
        "read_at": columns.read_at,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _derived(encoded: EncodedSave) -> Doc:
    save = encoded.save
    plain = derived(encoded.columns, save.effect_due_at, listing=isinstance(save.work.doc, Listing))
    fields = {name: literal(plain[name]) if name in plain else _ABSENT for name in _DERIVED}
    return {"doc": literal(encoded.doc), **fields}


def _posted(mark_: Mark, token: str) -> Doc:
    return {
        "token": token,
        "sku": mark_.sku,
        "reason": mark_.reason,
        "own": mark_.own_channel,
        "due_at": mark_.due_at,
    }


def to_mark(posted: Doc) -> Mark:
    return Mark(posted["sku"], posted["reason"], posted["own"], posted["due_at"])
