"""Names of orders and small facts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from orquestador.journal.codec import NOTHING, decode_value


def claim_names(
    connection: sqlite3.Connection, channel: str, names: Sequence[str], work_id: str
) -> dict[str, str]:
    """The owner of each name, which is this row where nobody was before."""
    connection.executemany(
        "INSERT INTO names VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(channel, name, work_id) for name in names],
    )
    sql = "SELECT work_id FROM names WHERE channel = ? AND name = ?"
    return {name: connection.execute(sql, (channel, name)).fetchone()[0] for name in names}


def reassign_names(connection: sqlite3.Connection, channel: str, from_id: str, to_id: str) -> None:
    connection.execute(
        "UPDATE names SET work_id = ? WHERE channel = ? AND work_id = ?", (to_id, channel, from_id)
    )


def get_meta(connection: sqlite3.Connection, name: str) -> object | None:
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return decode_value(row[0]) if row else None


def set_meta(connection: sqlite3.Connection, name: str, encoded: str) -> None:
    connection.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, encoded)
    )


def set_meta_if_absent(connection: sqlite3.Connection, name: str, encoded: str) -> object:
    connection.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO NOTHING", (name, encoded))
    return get_meta(connection, name)


def swap_meta(connection: sqlite3.Connection, name: str, before: str, after: str) -> bool:
    """`before` as text of `codec`; that of None stands for a fact that is not there, too."""
    if before == NOTHING:
        sql = "INSERT INTO meta VALUES (:name, :after) ON CONFLICT DO NOTHING RETURNING name"
        if connection.execute(sql, {"name": name, "after": after}).fetchall():
            return True
    sql = "UPDATE meta SET value = :after WHERE name = :name AND value = :before RETURNING name"
    return bool(connection.execute(sql, {"name": name, "before": before, "after": after}).fetchall())
