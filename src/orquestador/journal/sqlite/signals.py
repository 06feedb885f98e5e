"""Claims, leases and signals: what moves work rows without their documents."""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from orquestador.journal.sqlite.rows import CLAIMABLE, COLUMNS, UNFINISHED, distinct, many, signal
from orquestador.model.work import Kind
from orquestador.ports import Mark


def claim(
    connection: sqlite3.Connection,
    *,
    now: float,
    kind: Kind,
    owner: str,
    limit: int,
    lease_s: float,
    channel: str | None,
) -> list[Any]:
    """Rows leased to the owner, most urgent, then oldest first."""
    free_lapsed(connection, now)
    connection.execute(
        f"UPDATE work SET ready = 1 WHERE ready = 0 AND kind = ? AND due_at <= ? AND {UNFINISHED}",
        (kind.value, now),
    )
    channels = (
        [channel] if channel else distinct(connection, "channel", f"{CLAIMABLE} AND kind = ?", kind.value)
    )
    sql = f"""SELECT -urgency, due_at, n FROM work WHERE {CLAIMABLE} AND kind = ? AND channel = ?
              ORDER BY urgency DESC, due_at LIMIT ?"""
    best = heapq.nsmallest(
        limit,
        (row for name in channels for row in connection.execute(sql, (kind.value, name, limit)).fetchall()),
    )
    if not best:
        return []
    rows = connection.execute(
        f"""UPDATE work SET owner = ?, lease_until = ? WHERE n IN (SELECT value FROM json_each(?))
            RETURNING {COLUMNS}""",
        (owner, now + lease_s, many(n for _, _, n in best)),
    ).fetchall()
    rows.sort(key=lambda row: (-row[10], row[8]))
    return rows


def free_lapsed(connection: sqlite3.Connection, now: float) -> int:
    """Give back every lease that is over."""
    freed = 0
    for owner in list(distinct(connection, "owner", "owner IS NOT NULL")):
        freed += connection.execute(
            "UPDATE work SET owner = NULL, lease_until = NULL WHERE owner = ? AND lease_until <= ?",
            (owner, now),
        ).rowcount
    return freed


def free_owners(connection: sqlite3.Connection, prefix: str) -> int:
    """Give back every lease, on rows and by name, of owners whose name begins so."""
    freed = 0
    for owner in list(distinct(connection, "owner", "owner IS NOT NULL")):
        if owner.startswith(prefix):
            freed += connection.execute(
                "UPDATE work SET owner = NULL, lease_until = NULL WHERE owner = ?", (owner,)
            ).rowcount
    for name, owner in connection.execute("SELECT name, owner FROM leases").fetchall():
        if owner.startswith(prefix):
            connection.execute("DELETE FROM leases WHERE name = ?", (name,))
    return freed


def renew(connection: sqlite3.Connection, *, owner: str, until: float) -> None:
    connection.execute("UPDATE work SET lease_until = ? WHERE owner = ?", (until, owner))


def release(
    connection: sqlite3.Connection, *, now: float, owner: str, ids: Iterable[str], due_at: float | None
) -> None:
    connection.executemany(
        """UPDATE work SET owner = NULL, lease_until = NULL,
               due_at = coalesce(?1, due_at), ready = (coalesce(?1, due_at) <= ?2)
           WHERE id = ?3 AND owner = ?4""",
        [(due_at, now, row, owner) for row in ids],
    )


_MARK = f"""
    UPDATE work SET own_seq = own_seq + (channel = :own), {signal(":due", ":now", ":reason")}
    WHERE sku = :sku AND kind = 'listing' AND managed = 1"""


def mark(connection: sqlite3.Connection, now: float, marks: Iterable[Mark]) -> int:
    """Signal every managed listing of each SKU."""
    return sum(
        connection.execute(
            _MARK,
            {
                "own": m.own_channel or "",
                "due": now if m.due_at is None else m.due_at,
                "now": now,
                "reason": m.reason,
                "sku": m.sku,
            },
        ).rowcount
        for m in marks
    )


_TOUCH = f"UPDATE work SET {signal(':due', ':now', ':reason')} WHERE id = :id"
_TOUCH_ORDER = f"""
    INSERT INTO work (id, kind, channel, ref, state, wanted, done, rev, due_at, ready, reason, created_at,
                      updated_at)
    VALUES (:id, 'order', :channel, :ref, 'due', 1, 0, 1, :due, :due <= :now, :reason, :now, :now)
    ON CONFLICT (id) DO UPDATE SET {signal(":due", ":now", ":reason")}"""


def touch(
    connection: sqlite3.Connection, *, now: float, ids: Sequence[str], reason: str, due_at: float | None
) -> int:
    """Signal rows by id; order rows come into being."""
    touched = 0
    for work in ids:
        bound = {"id": work, "now": now, "due": now if due_at is None else due_at, "reason": reason}
        kind, _, rest = work.partition(":")
        channel, _, ref = rest.partition(":")
        if kind == Kind.ORDER.value and ref:
            bound |= {"channel": channel, "ref": ref}
            touched += connection.execute(_TOUCH_ORDER, bound).rowcount
        else:
            touched += connection.execute(_TOUCH, bound).rowcount
    return touched


def acquire(connection: sqlite3.Connection, *, now: float, name: str, owner: str, ttl_s: float) -> bool:
    return (
        connection.execute(
            """INSERT INTO leases VALUES (:name, :owner, :until) ON CONFLICT DO UPDATE
               SET owner = excluded.owner, until = excluded.until WHERE owner = :owner OR until <= :now""",
            {"name": name, "owner": owner, "until": now + ttl_s, "now": now},
        ).rowcount
        > 0
    )


def yield_lease(connection: sqlite3.Connection, *, name: str, owner: str) -> None:
    connection.execute("DELETE FROM leases WHERE name = ? AND owner = ?", (name, owner))
