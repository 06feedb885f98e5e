"""Compare-and-set of work rows with what is derived from their documents."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from orquestador.journal.codec import encode_doc
from orquestador.journal.columns import Columns, SkuUnits, columns_of
from orquestador.journal.sqlite.signals import mark
from orquestador.model.work import Kind, State
from orquestador.ports import Save


@dataclass(frozen=True, slots=True)
class EncodedSave:
    save: Save
    doc: str | None
    columns: Columns


def encode(save: Save) -> EncodedSave:
    """Raises ValueError when the document cannot be stored and read back."""
    work = save.work
    return EncodedSave(
        save=save,
        doc=None if work.doc is None else encode_doc(work.kind, work.doc),
        columns=columns_of(work),
    )


_INSERT = """
    INSERT INTO work (id, kind, channel, ref, state, wanted, done, rev, due_at, ready, attempts, urgency,
                      own_seq, reason, failing_since, created_at, updated_at, sku, number, managed, job_id,
                      effect_open, effect_due_at, began_at, read_at, doc)
    VALUES (:id, :kind, :channel, :ref, :state, :wanted, :done, 1, :due_at, :due_at <= :now, :attempts,
            :urgency, :own_seq, :reason, :failing_since, :created_at, :now, :sku, :number, :managed, :job_id,
            :effect_open, :effect_due_at, :began_at, :read_at, :doc)
    ON CONFLICT (id) DO NOTHING RETURNING n"""

# A signal came since the row was read, or the version that is wanted is not closed: it may not rest.
_SIGNALLED = "(wanted > :wanted OR (wanted > :done AND :state IN ('settled', 'dead')))"
# Whatever made it rest is over; what waits keeps its attempts.
_REVIVED = f"({_SIGNALLED} AND :state IN ('settled', 'dead'))"
_UPDATE = f"""
    UPDATE work SET
        rev = rev + 1, done = :done, urgency = :urgency, reason = :reason, updated_at = :now,
        state = CASE WHEN {_SIGNALLED} THEN 'due' ELSE :state END,
        due_at = CASE WHEN {_SIGNALLED} THEN min(due_at, :now) ELSE :due_at END,
        ready = {_SIGNALLED} OR :due_at <= :now,
        attempts = CASE WHEN {_REVIVED} THEN 0 ELSE :attempts END,
        failing_since = CASE WHEN {_REVIVED} THEN NULL ELSE :failing_since END,
        owner = NULL, lease_until = NULL,
        sku = :sku, number = :number, managed = :managed, job_id = :job_id, effect_open = :effect_open,
        effect_due_at = :effect_due_at, began_at = :began_at, read_at = :read_at, doc = :doc
    WHERE id = :id AND rev = :rev"""


def store(connection: sqlite3.Connection, now: float, encoded: EncodedSave, *, condition: str = "") -> bool:
    """One compare-and-set; False when the row has moved on, and then nothing is stored."""
    work, columns = encoded.save.work, encoded.columns
    bound: dict[str, object] = {
        "id": work.id,
        "kind": work.kind.value,
        "channel": work.channel,
        "ref": work.ref,
        "state": work.state.value,
        "wanted": work.wanted,
        "done": work.done,
        "rev": work.rev,
        "due_at": work.due_at,
        "attempts": work.attempts,
        "urgency": work.urgency,
        "own_seq": work.own_seq,
        "reason": work.reason,
        "failing_since": work.failing_since,
        "created_at": work.created_at or now,
        "now": now,
        "sku": columns.sku,
        "number": columns.number,
        "managed": columns.managed,
        "job_id": columns.job_id,
        "effect_open": columns.effect_open,
        "effect_due_at": encoded.save.effect_due_at,
        "began_at": columns.began_at,
        "read_at": columns.read_at,
        "doc": encoded.doc,
    }
    if work.rev == 0 and work.wanted > work.done and work.state in (State.SETTLED, State.DEAD):
        bound |= {"state": State.DUE.value, "due_at": now}
    sql = _INSERT if work.rev == 0 else f"{_UPDATE} {condition} RETURNING n"
    stored = connection.execute(sql, bound).fetchall()
    if not stored:
        return False
    if work.kind is Kind.ORDER:
        _replace_units(connection, stored[0][0], work.channel, columns.units)
    mark(connection, now, encoded.save.marks)
    return True


def store_all(connection: sqlite3.Connection, now: float, saves: Iterable[EncodedSave]) -> list[bool]:
    return [store(connection, now, save) for save in saves]


def _replace_units(connection: sqlite3.Connection, n: int, channel: str, units: tuple[SkuUnits, ...]) -> None:
    wanted = {(n, u.sku, channel, u.unproven, u.held, u.held_until, u.reserved, int(u.counts)) for u in units}
    stored = set(connection.execute("SELECT * FROM order_units WHERE work = ?", (n,)).fetchall())
    # Most saves change no sum: then nothing is written.
    connection.executemany(
        "DELETE FROM order_units WHERE work = ? AND sku = ?", [row[:2] for row in stored - wanted]
    )
    connection.executemany("INSERT INTO order_units VALUES (?, ?, ?, ?, ?, ?, ?, ?)", wanted - stored)
