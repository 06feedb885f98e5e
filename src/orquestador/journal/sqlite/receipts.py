"""Inbound notices: accepted in groups, read by order and newest first."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from functools import cache
from json.encoder import encode_basestring_ascii
from typing import Any, NamedTuple

from orquestador.journal.rules import work_ids
from orquestador.journal.sqlite.rows import signal
from orquestador.model.notices import Notice, NoticeKind
from orquestador.ports import Accepted, Clock, NewReceipt, Receipt

ROWS_MAX = 64
"""Rows in one statement. Each statement gives the interpreter lock away and has to win it back, so that few
large ones are several times faster than many small ones."""

COLUMNS = (
    "seq, id, channel, source, dedupe, received_at, kind, event, body_backed, reason, refs, trace_id, "
    "duration_ms, body"
)
_WIDTH = COLUMNS.count(",") + 1


class Encoded(NamedTuple):
    """A receipt ready to be bound, so that nothing about its content can fail inside the group."""

    id: str
    channel: str
    source: str
    dedupe: str | None
    received_at: float
    kind: NoticeKind
    refs: tuple[str, ...]
    work_ids: tuple[str, ...]
    reason: str | None
    row: tuple[Any, ...]
    """The columns after `seq`."""


def encode(receipt: NewReceipt) -> Encoded:
    """Raises ValueError when a text cannot be stored (a lone surrogate)."""
    notice = receipt.notice
    texts = (receipt.id, receipt.channel, receipt.source, notice.dedupe, notice.event, receipt.trace_id)
    "".join((*texts, *notice.refs, notice.reason or "")).encode()
    ids = work_ids(notice.kind, receipt.channel, notice.refs, receipt.id)
    dedupe = notice.dedupe or None
    received_at = float(receipt.received_at)
    row = (
        receipt.id,
        receipt.channel,
        receipt.source,
        dedupe,
        received_at,
        str(notice.kind),
        notice.event,
        notice.body_backed,
        notice.reason,
        _json_list(notice.refs),
        receipt.trace_id,
        float(receipt.duration_ms),
        bytes(receipt.body),
    )
    # By position: this is the hot path (web/intake.py).
    return Encoded(
        receipt.id,
        receipt.channel,
        receipt.source,
        dedupe,
        received_at,
        notice.kind,
        notice.refs,
        ids,
        notice.reason,
        row,
    )


def _json_list(texts: tuple[str, ...]) -> str:
    # What json.dumps writes, without the encoder that it builds for each call.
    return f"[{', '.join([encode_basestring_ascii(text) for text in texts])}]"


def to_receipt(row: Any) -> Receipt:
    kind = NoticeKind(row[6])
    refs = tuple(json.loads(row[10]))
    return Receipt(
        seq=row[0],
        id=row[1],
        channel=row[2],
        source=row[3],
        body=row[13],
        received_at=row[5],
        notice=Notice(
            kind=kind,
            refs=refs,
            event=row[7],
            dedupe=row[4] or "",
            body_backed=bool(row[8]),
            reason=row[9],
        ),
        trace_id=row[11],
        work_ids=work_ids(kind, row[2], refs, row[1]),
        duration_ms=row[12],
    )


@cache
def _insert_receipts(rows: int) -> str:
    values = ", ".join(["(" + ", ".join("?" * _WIDTH) + ")"] * rows)
    return f"INSERT INTO receipts ({COLUMNS}) VALUES {values} ON CONFLICT DO NOTHING"


@cache
def _insert_links(rows: int) -> str:
    return f"INSERT INTO receipt_works VALUES {', '.join(['(?, ?)'] * rows)} ON CONFLICT DO NOTHING"


@cache
def _bump_orders(rows: int) -> str:
    values = ", ".join(
        f"(?{at}, 'order', ?{at + 1}, ?{at + 2}, 'due', 1, 0, 1, ?1, 1, ?1, ?1)"
        for at in range(2, 2 + 3 * rows, 3)
    )
    return f"""
        INSERT INTO work (id, kind, channel, ref, state, wanted, done, rev, due_at, ready, created_at,
                          updated_at)
        VALUES {values} ON CONFLICT (id) DO UPDATE SET {signal("?1", "?1")}"""


_BUMP_LISTINGS = f"""
    UPDATE work SET {signal(":now", ":now")}
    WHERE kind = 'listing' AND channel = :channel AND managed = 1 AND (id = :id OR sku = :ref)"""

_DEAD_LETTER = """
    INSERT INTO work (id, kind, channel, ref, state, wanted, done, rev, due_at, ready, reason, created_at,
                      updated_at)
    VALUES (?, 'order', ?, ?, 'dead', 1, 1, 1, ?, 0, ?, ?, ?) ON CONFLICT (id) DO NOTHING"""


class Intake:
    """Stores receipts on the writer's thread; it alone gives out `seq`."""

    def __init__(self, clock: Clock, last_seq: int) -> None:
        self._clock = clock
        self._last_seq = last_seq

    def accept(self, connection: sqlite3.Connection, group: Sequence[Encoded]) -> list[Accepted]:
        """Store a group and bump its works, all or nothing."""
        now = self._clock.now()
        first_seq = self._last_seq + 1
        self._last_seq += len(group)
        accepted, stored = self._store(connection, first_seq, group)
        links = [value for seq, e in stored for work in e.work_ids for value in (work, seq)]
        for some in _cut(links, 2 * ROWS_MAX):
            connection.execute(_insert_links(len(some) // 2), some)
        orders = [
            value
            for e in group
            if e.kind is NoticeKind.ORDER
            for work, ref in zip(e.work_ids, e.refs, strict=True)
            for value in (work, e.channel, ref)
        ]
        for some in _cut(orders, 3 * ROWS_MAX):
            connection.execute(_bump_orders(len(some) // 3), (now, *some))
        for e in group:
            if e.kind is NoticeKind.STOCK:
                for work, ref in zip(e.work_ids, e.refs, strict=True):
                    bound = {"now": now, "channel": e.channel, "id": work, "ref": ref}
                    connection.execute(_BUMP_LISTINGS, bound)
        for _, e in stored:
            if e.kind is NoticeKind.UNREADABLE:
                bound_row = (e.work_ids[0], e.channel, f"receipt:{e.id}", now, e.reason, now, now)
                connection.execute(_DEAD_LETTER, bound_row)
        _count(connection, [e for _, e in stored], self._last_seq)
        return accepted

    def _store(
        self, connection: sqlite3.Connection, first_seq: int, group: Sequence[Encoded]
    ) -> tuple[list[Accepted], list[tuple[int, Encoded]]]:
        """The answers, and which of the group are new, with their `seq`."""
        numbered = list(enumerate(group, start=first_seq))
        inserted = 0
        for some in _cut(numbered, ROWS_MAX):
            values = [value for seq, e in some for value in (seq, *e.row)]
            inserted += connection.execute(_insert_receipts(len(some)), values).rowcount
        if inserted == len(group):
            return [Accepted(e.id, duplicate=False) for e in group], numbered
        accepted: list[Accepted] = []
        stored: list[tuple[int, Encoded]] = []
        for seq, e in numbered:
            known = connection.execute("SELECT seq FROM receipts WHERE id = ?", (e.id,)).fetchone()
            if known is None:
                original = connection.execute(
                    "SELECT id FROM receipts WHERE dedupe = ? AND source = ? AND channel = ?",
                    (e.dedupe, e.source, e.channel),
                ).fetchone()
                accepted.append(Accepted(original[0], duplicate=True))
                continue
            # A retried commit that meets itself is a success, and has been counted.
            accepted.append(Accepted(e.id, duplicate=False))
            if known[0] == seq:
                stored.append((seq, e))
        return accepted, stored


def _count(connection: sqlite3.Connection, stored: Sequence[Encoded], last_seq: int) -> None:
    connection.execute("UPDATE counters SET value = ? WHERE name = 'receipt_seq'", (last_seq,))
    counts = Counter((e.source, e.channel) for e in stored)
    last_at: dict[tuple[str, str], float] = {}
    for e in stored:
        at = (e.source, e.channel)
        last_at[at] = max(e.received_at, last_at.get(at, e.received_at))
    for (source, channel), n in counts.items():
        connection.execute(
            """INSERT INTO sources VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
               SET receipts = receipts + excluded.receipts, last_at = max(last_at, excluded.last_at)""",
            (source, channel, n, last_at[source, channel]),
        )


def _cut(values: Sequence[Any], size: int) -> list[Sequence[Any]]:
    if len(values) <= size:
        return [values] if values else []
    return [values[at : at + size] for at in range(0, len(values), size)]


def of_work(connection: sqlite3.Connection, id: str) -> list[Any]:
    """Rows of the receipts that speak of a work row, oldest first."""
    return connection.execute(
        f"""SELECT {COLUMNS} FROM receipts WHERE seq IN (SELECT seq FROM receipt_works WHERE work_id = ?)
            ORDER BY seq""",
        (id,),
    ).fetchall()
