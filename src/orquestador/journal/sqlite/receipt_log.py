"""Receipts as log entries: newest first, by the filters of `GET /logs`."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

from orquestador.journal.sqlite.receipts import COLUMNS
from orquestador.journal.sqlite.rows import many
from orquestador.model.logs import LogFilter, LogStatus
from orquestador.model.notices import NoticeKind
from orquestador.model.work import Kind, work_id

_OF_WORKS = "seq IN (SELECT seq FROM receipt_works WHERE work_id IN (SELECT value FROM json_each(?)))"
_OF_ORDERS_WITH_SKU = """
    seq IN (SELECT r.seq FROM order_units AS u JOIN work AS w ON w.n = u.work
            JOIN receipt_works AS r ON r.work_id = w.id WHERE u.sku = ?)"""


def page(
    connection: sqlite3.Connection, filter: LogFilter, limit: int, before: tuple[float, str] | None
) -> list[Any]:
    """Rows strictly before the cursor, by (received_at, id) descending.

    `service` is a channel id or the first part of a source (`falabella` of `falabella.order`), `action` a
    source or an event. An unreadable notice is an error, every other one a success.
    """
    where = ["(received_at, id) < (?, ?)"]
    bound: list[object] = [*(before or (math.inf, ""))]
    if filter.since is not None:
        where.append("received_at >= ?")
        bound.append(filter.since)
    if filter.until is not None:
        where.append("received_at < ?")
        bound.append(filter.until)
    if filter.service is not None:
        where.append("(+channel = ? OR substr(+source, 1, ?) = ?)")
        bound += [filter.service, len(filter.service) + 1, filter.service + "."]
    if filter.action is not None:
        where.append("(+source = ? OR event = ?)")
        bound += [filter.action, filter.action]
    if filter.status is LogStatus.PENDING:
        return []
    if filter.status is not None:
        where.append(f"kind {'=' if filter.status is LogStatus.ERROR else '<>'} ?")
        bound.append(NoticeKind.UNREADABLE.value)
    if filter.order_id is not None:
        where.append(_OF_WORKS)
        bound.append(many(_works_of_order(connection, filter.order_id)))
    if filter.sku is not None:
        where.append(f"({_OF_WORKS} OR {_OF_ORDERS_WITH_SKU})")
        bound += [many(_ids(connection, Kind.LISTING, filter.sku)), filter.sku]
    return connection.execute(
        f"""SELECT {COLUMNS} FROM receipts WHERE {" AND ".join(where)}
            ORDER BY received_at DESC, id DESC LIMIT ?""",
        (*bound, limit),
    ).fetchall()


def _works_of_order(connection: sqlite3.Connection, order_id: str) -> list[str]:
    """Rows under this order id, or whose order carries it as its number."""
    numbered = connection.execute("SELECT id FROM work WHERE number = ?", (order_id,)).fetchall()
    return _ids(connection, Kind.ORDER, order_id) + [row[0] for row in numbered]


def _ids(connection: sqlite3.Connection, kind: Kind, ref: str) -> list[str]:
    channels = connection.execute("SELECT DISTINCT channel FROM sources").fetchall()
    return [work_id(kind, channel, ref) for (channel,) in channels]
