"""Retention: receipts expire, long closed orders shrink, keys and ledgers stay for ever."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace

from orquestador.journal.rules import smaller, work_ids
from orquestador.journal.sqlite import saves
from orquestador.journal.sqlite.rows import COLUMNS, many, to_work
from orquestador.model.notices import NoticeKind
from orquestador.ports import Save

CHUNK = 500
"""Rows in one transaction, so that a commit of the intake never waits long for the upkeep."""

Cursor = tuple[float, str]
START: Cursor = (0.0, "")


def expire_receipts(
    connection: sqlite3.Connection, before: float, cursor: Cursor
) -> tuple[int, Cursor | None]:
    """Drop old receipts of settled work, one chunk; the second value goes on, or is None at the end."""
    rows = connection.execute(
        """SELECT received_at, id, seq, kind, channel, source, refs FROM receipts
           WHERE (received_at, id) > (?, ?) AND received_at < ? ORDER BY received_at, id LIMIT ?""",
        (*cursor, before, CHUNK),
    ).fetchall()
    dropped = 0
    for _, receipt, seq, kind, channel, source, refs in rows:
        ids = work_ids(NoticeKind(kind), channel, tuple(json.loads(refs)), receipt)
        # A body-backed order that still waits has its truth in here.
        unsettled = connection.execute(
            "SELECT 1 FROM work WHERE id IN (SELECT value FROM json_each(?)) AND +state <> 'settled' LIMIT 1",
            (many(ids),),
        ).fetchone()
        if unsettled:
            continue
        connection.execute("DELETE FROM receipts WHERE seq = ?", (seq,))
        connection.executemany(
            "DELETE FROM receipt_works WHERE work_id = ? AND seq = ?", [(i, seq) for i in ids]
        )
        connection.execute(
            "UPDATE sources SET receipts = receipts - 1 WHERE source = ? AND channel = ?", (source, channel)
        )
        dropped += 1
    return dropped, (rows[-1][0], rows[-1][1]) if len(rows) == CHUNK else None


def shrink_orders(connection: sqlite3.Connection, before: float) -> tuple[int, bool]:
    """Shrink orders untouched since `before`, one chunk; the second value says whether there may be more."""
    since = connection.execute("SELECT value FROM counters WHERE name = 'shrunk_until'").fetchone()[0]
    rows = connection.execute(
        f"""SELECT {COLUMNS} FROM work WHERE kind = 'order' AND state = 'settled'
            AND updated_at >= ? AND updated_at < ? ORDER BY updated_at LIMIT ?""",
        (since, before, CHUNK),
    ).fetchall()
    # Several rows may share the last instant: the next chunk begins with it again, and finds them shrunk.
    more = len(rows) == CHUNK and rows[-1][15] > since
    shrunk = 0
    for work in map(to_work, rows):
        order = work.order
        if order is None or order.open_effect or work.wanted > work.done:
            continue
        small = smaller(order)
        if small != order:
            doc = saves.encode(Save(replace(work, doc=small))).doc
            connection.execute("UPDATE work SET doc = ?, rev = rev + 1 WHERE id = ?", (doc, work.id))
            shrunk += 1
    connection.execute(
        "UPDATE counters SET value = ? WHERE name = 'shrunk_until'", (rows[-1][15] if more else before,)
    )
    return shrunk, more
