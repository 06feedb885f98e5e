"""Rules of channels and offers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from orquestador.journal.codec import decode_rule, encode_rule
from orquestador.journal.rules import after_rule, rule_cursor
from orquestador.journal.sqlite.rows import many
from orquestador.model.rules import StoredRule
from orquestador.ports import RuleQuery


def of_refs(connection: sqlite3.Connection, channel: str, refs: Sequence[str]) -> list[StoredRule]:
    asked = set(refs)
    rows = connection.execute(
        "SELECT rev, doc FROM rules WHERE channel = ? AND ref IN (SELECT value FROM json_each(?))",
        (channel, many(asked)),
    )
    # A text with a NUL arrives cut in json_each: what it then finds was not asked for.
    return [rule for rule in map(_rule, rows.fetchall()) if rule.ref in asked]


def save(connection: sqlite3.Connection, rules: Sequence[tuple[StoredRule, str]]) -> list[bool]:
    """Each with its encoded document."""
    return [_save(connection, rule, doc) for rule, doc in rules]


def _save(connection: sqlite3.Connection, rule: StoredRule, doc: str) -> bool:
    fields = {
        "channel": rule.channel,
        "ref": rule.ref,
        "erp_sku": rule.fields.erp_sku,
        "frozen": rule.fields.freeze is not None,
        "empty": rule.is_empty,
        "tell_at": rule.tell_at,
        "rev": rule.rev,
        "doc": doc,
    }
    if rule.rev == 0:
        sql = """INSERT INTO rules VALUES (:channel, :ref, :erp_sku, :frozen, :empty, :tell_at, 1, :doc)
                 ON CONFLICT DO NOTHING"""
    else:
        sql = """UPDATE rules SET erp_sku = :erp_sku, frozen = :frozen, empty = :empty, tell_at = :tell_at,
                     rev = rev + 1, doc = :doc
                 WHERE channel = :channel AND ref = :ref AND rev = :rev"""
    return connection.execute(sql, fields).rowcount > 0


def find(connection: sqlite3.Connection, query: RuleQuery) -> tuple[list[StoredRule], str | None]:
    """A page by channel and ref, and the cursor of the next. ValueError for a cursor that is not ours."""
    wanted = ["empty = 0"]
    # Few rules have one SKU, and these are sorted; all others are walked in order.
    wanted.append("(+channel, +ref) > (?, ?)" if query.sku is not None else "(channel, ref) > (?, ?)")
    bound: list[object] = [*(after_rule(query.after) if query.after is not None else ("", ""))]
    if query.channel is not None:
        wanted.append("channel = ?")
        bound.append(query.channel)
    if query.sku is not None:
        wanted.append("(ref = ? OR erp_sku = ?)")
        bound += [query.sku, query.sku]
    if query.frozen:
        wanted.append("frozen = 1")
    rows = connection.execute(
        f"SELECT rev, doc FROM rules WHERE {' AND '.join(wanted)} ORDER BY channel, ref LIMIT ?",
        (*bound, query.limit + 1),
    ).fetchall()
    page = [_rule(row) for row in rows]
    if len(page) <= query.limit:
        return page, None
    return page[: query.limit], rule_cursor(page[query.limit - 1])


def to_tell(connection: sqlite3.Connection, now: float, limit: int) -> list[StoredRule]:
    rows = connection.execute(
        "SELECT rev, doc FROM rules WHERE tell_at <= ? ORDER BY tell_at LIMIT ?", (now, limit)
    )
    return [_rule(row) for row in rows.fetchall()]


def unproven_orders(connection: sqlite3.Connection, skus: Sequence[str]) -> list[str]:
    rows = connection.execute(
        """SELECT DISTINCT work.id FROM order_units JOIN work ON work.n = order_units.work
           WHERE counts = 1 AND order_units.sku IN (SELECT value FROM json_each(?))
               AND (unproven > 0 OR held > 0)""",
        (many(skus),),
    )
    return [id_ for (id_,) in rows.fetchall()]


def encoded(rules: Sequence[StoredRule]) -> list[tuple[StoredRule, str]]:
    return [(rule, encode_rule(rule)) for rule in rules]


def _rule(row: tuple[int, str]) -> StoredRule:
    return decode_rule(row[1], row[0])
