"""Questions to the journal that no worker asks in its loop: pages, counts, sums."""

from __future__ import annotations

import heapq
import math
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from orquestador.journal.columns import UnitSums
from orquestador.journal.sqlite.rows import COLUMNS, UNFINISHED, many
from orquestador.model.orders import Units
from orquestador.model.work import Kind, State, work_id
from orquestador.ports import WorkCounts, WorkQuery

RECENT_MAX = 200
"""Orders a SKU."""
CREATED_AT = COLUMNS.split(", ").index("created_at")


def get(connection: sqlite3.Connection, ids: Sequence[str]) -> list[Any]:
    sql = f"SELECT {COLUMNS} FROM work WHERE id IN (SELECT value FROM json_each(?))"
    asked = set(ids)
    # A text with a NUL arrives cut in json_each: what it then finds was not asked for.
    return [row for row in connection.execute(sql, (many(asked),)).fetchall() if row[0] in asked]


def effects_due(
    connection: sqlite3.Connection, now: float, limit: int, channels: Sequence[str] | None
) -> list[Any]:
    if channels is None:
        return connection.execute(
            f"SELECT {COLUMNS} FROM work WHERE effect_due_at <= ? ORDER BY effect_due_at LIMIT ?",
            (now, limit),
        ).fetchall()
    # One walk per channel, so that what others have piled up costs nothing.
    sql = f"""SELECT effect_due_at, n, {COLUMNS} FROM work WHERE channel = ? AND effect_due_at <= ?
              ORDER BY effect_due_at LIMIT ?"""
    walks = [connection.execute(sql, (channel, now, limit)) for channel in dict.fromkeys(channels)]
    ordered = heapq.merge(*walks, key=lambda row: (row[0], row[1]))
    return [row[2:] for row, _ in zip(ordered, range(limit), strict=False)]


def open_orders_before(connection: sqlite3.Connection, channel: str, instant: float, limit: int) -> list[Any]:
    """Oldest first."""
    return connection.execute(
        f"SELECT {COLUMNS} FROM work WHERE channel = ? AND began_at < ? ORDER BY began_at LIMIT ?",
        (channel, instant, limit),
    ).fetchall()


def orders_read_before(
    connection: sqlite3.Connection, channel: str, instant: float, limit: int, after: tuple[float, str]
) -> list[tuple[float, str]]:
    return connection.execute(
        """SELECT read_at, id FROM work WHERE channel = ? AND read_at < ? AND (read_at, id) > (?, ?)
           ORDER BY read_at, id LIMIT ?""",
        (channel, instant, *after, limit),
    ).fetchall()


def units(connection: sqlite3.Connection, now: float, skus: Sequence[str]) -> dict[str, Units]:
    rows = connection.execute(
        """SELECT sku, channel, sum(unproven) + sum(CASE WHEN held_until > ? THEN held ELSE 0 END),
                  sum(reserved)
           FROM order_units WHERE counts = 1 AND sku IN (SELECT value FROM json_each(?))
           GROUP BY sku, channel""",
        (now, many(skus)),
    ).fetchall()
    sums = UnitSums(skus)
    for sku, channel, missing, held_back in rows:
        sums.add(sku, channel, missing, held_back)
    return sums.units()


def recent_orders(connection: sqlite3.Connection, skus: Sequence[str], since: float) -> list[Any]:
    named = ", ".join(f"work.{column}" for column in COLUMNS.split(", "))
    # Rows are numbered as they are made, so the newest of a SKU come first from its index.
    sql = f"""SELECT {named} FROM order_units JOIN work ON work.n = order_units.work
              WHERE order_units.sku = ? ORDER BY order_units.work DESC LIMIT {RECENT_MAX}"""
    found: dict[str, Any] = {}
    for sku in dict.fromkeys(skus):
        for row in connection.execute(sql, (sku,)):
            if row[CREATED_AT] < since:
                break
            found[row[0]] = row
    return list(found.values())


# --- pages of work ------------------------------------------------------------------------------------------


def find(connection: sqlite3.Connection, query: WorkQuery) -> tuple[list[Any], str | None]:
    """A page, newest change first, and the cursor of the next. ValueError for a cursor that is not ours."""
    before = _parse_cursor(query.after)
    if query.text is not None or query.sku is not None:
        ordered: Iterator[Any] = iter(_picked(connection, query, before))
    else:
        ordered = _recent(connection, query, before)
    page = [row for row, _ in zip(ordered, range(query.limit + 1), strict=False)]
    if len(page) <= query.limit:
        return [row[2:] for row in page], None
    page = page[: query.limit]
    return [row[2:] for row in page], f"{page[-1][0]!r}_{page[-1][1]}"


def _parse_cursor(cursor: str | None) -> tuple[float, int]:
    if cursor is None:
        return (math.inf, 0)
    updated_at, _, n = cursor.partition("_")
    return (float(updated_at), int(n))


def _recent(connection: sqlite3.Connection, query: WorkQuery, before: tuple[float, int]) -> Iterator[Any]:
    """All rows that fit, merged from one ordered walk per kind and state."""
    channel = "AND channel = ?" if query.channel else ""
    sql = f"""SELECT updated_at, n, {COLUMNS} FROM work
              WHERE kind = ? AND state = ? AND (updated_at, n) < (?, ?) {channel}
              ORDER BY updated_at DESC, n DESC LIMIT ?"""
    bound = (*before, *([query.channel] if query.channel else []), query.limit + 1)
    walks = [
        connection.execute(sql, (kind.value, state.value, *bound))
        for kind in ([query.kind] if query.kind else Kind)
        for state in (query.states or State)
    ]
    return heapq.merge(*walks, key=lambda row: (row[0], row[1]), reverse=True)


def _picked(connection: sqlite3.Connection, query: WorkQuery, before: tuple[float, int]) -> list[Any]:
    """The rows of one SKU or one order, which are few enough to be sorted."""
    among: list[str] = []
    bound: list[object] = []
    if query.sku is not None:
        among.append(
            "n IN (SELECT n FROM work WHERE sku = ? UNION ALL SELECT work FROM order_units WHERE sku = ?)"
        )
        bound += [query.sku, query.sku]
    if query.text is not None:
        ids = [work_id(Kind(k), c, query.text) for k, c in _kinds_and_channels(connection)]
        among.append(
            """n IN (SELECT n FROM work WHERE id IN (SELECT value FROM json_each(?))
                     UNION ALL SELECT n FROM work WHERE number = ?)"""
        )
        bound += [many(ids), query.text]
    if query.kind is not None:
        among.append("+kind = ?")
        bound.append(query.kind.value)
    if query.states:
        among.append("+state IN (SELECT value FROM json_each(?))")
        bound.append(many(state.value for state in query.states))
    if query.channel is not None:
        among.append("+channel = ?")
        bound.append(query.channel)
    return connection.execute(
        f"""SELECT updated_at, n, {COLUMNS} FROM work
            WHERE {" AND ".join(among)} AND (+updated_at, +n) < (?, ?)
            ORDER BY updated_at DESC, n DESC LIMIT ?""",
        (*bound, *before, query.limit + 1),
    ).fetchall()


def _kinds_and_channels(connection: sqlite3.Connection) -> list[Any]:
    return connection.execute("SELECT DISTINCT kind, channel FROM tallies").fetchall()


# --- counts -------------------------------------------------------------------------------------------------


def counts(connection: sqlite3.Connection) -> WorkCounts:
    tallies = connection.execute("SELECT kind, channel, state, rows FROM tallies WHERE rows > 0").fetchall()
    sources = connection.execute(
        "SELECT source, sum(receipts), max(last_at) FROM sources GROUP BY source"
    ).fetchall()
    oldest: dict[Kind, float] = {}
    for kind in Kind:
        for ready in (0, 1):
            due_at = connection.execute(
                f"SELECT min(due_at) FROM work WHERE ready = ? AND kind = ? AND {UNFINISHED}",
                (ready, kind.value),
            ).fetchone()[0]
            if due_at is not None:
                oldest[kind] = min(due_at, oldest.get(kind, due_at))
    last_by_source = {source: last_at for source, _, last_at in sources}
    return WorkCounts(
        rows={(Kind(k), c, State(s)): n for k, c, s, n in tallies},
        oldest_due_at=oldest,
        open_effects=connection.execute("SELECT count(*) FROM work WHERE effect_open = 1").fetchone()[0],
        open_jobs=_open_jobs(connection),
        receipts=sum(n for _, n, _ in sources),
        last_receipt_at=max(last_by_source.values(), default=None),
        last_receipt_at_by_source=last_by_source,
    )


def _open_jobs(connection: sqlite3.Connection) -> int:
    channels = {channel for _, channel in _kinds_and_channels(connection)}
    return sum(
        connection.execute("SELECT count(*) FROM jobs WHERE channel = ? AND open = 1", (channel,)).fetchone()[
            0
        ]
        for channel in channels
    )
