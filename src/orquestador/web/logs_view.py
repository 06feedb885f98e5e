"""The log as one list: receipts (a webhook's own entry) and call logs, newest first (design §10)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic_core import from_json

from orquestador.model.logs import LogEntry, LogFilter, LogStatus
from orquestador.model.notices import NoticeKind
from orquestador.ops.redact import redact
from orquestador.ports import Journal, LogSink, Receipt
from orquestador.web.problems import ProblemError, invalid_field
from orquestador.web.render import instant

Cursor = tuple[float, str]
T = TypeVar("T", LogEntry, Receipt)

ROUNDS_MAX = 20
"""Pages of the stores looked through for one page of ours; a rare filter goes on behind `nextCursor`."""
_STORE_PAGE = 500
_LOST_PLUS = re.compile(r" (\d\d:?\d\d)$")


@dataclass(frozen=True, slots=True)
class LogPage:
    items: list[LogEntry]
    next_cursor: str | None


async def read_page(
    journal: Journal, sink: LogSink, wanted: LogFilter, limit: int, cursor: Cursor | None
) -> LogPage:
    """One page of the merged list. Raises StoreUnavailable."""
    # What a webhook's action and status are is decided here, so the journal is not asked about them.
    of_receipts = replace(wanted, action=None, status=None)

    async def receipts(count: int, before: Cursor | None) -> list[LogEntry]:
        if wanted.service in ("api", "orchestrator"):
            return []
        return [entry_of(r) for r in await journal.receipts(of_receipts, count, before)]

    async def calls(count: int, before: Cursor | None) -> list[LogEntry]:
        return await sink.query(wanted, count, before)

    items: list[LogEntry] = []
    for page in range(ROUNDS_MAX):
        batch, exhausted = await _merged(receipts, calls, limit + 1 if page == 0 else _STORE_PAGE, cursor)
        for entry in batch:
            if len(items) == limit:
                return LogPage(items, _encode(items[-1]))
            if _matches(entry, wanted):
                items.append(entry)
            cursor = (entry.timestamp, entry.id)
        if exhausted:
            return LogPage(items, None)
    return LogPage(items, encode_cursor(cursor) if cursor else None)


_Source = Callable[[int, Cursor | None], Awaitable[list[LogEntry]]]


async def _merged(
    receipts: _Source, calls: _Source, count: int, before: Cursor | None
) -> tuple[list[LogEntry], bool]:
    """The next entries of both, newest first, as far down as both are known; True when nothing is below."""
    pages = [await receipts(count, before), await calls(count, before)]
    full = [page[-1] for page in pages if len(page) == count]
    entries = sorted((e for page in pages for e in page), key=_order, reverse=True)
    if not full:
        return entries, True
    # Below the end of a full page that source may have more, which would come between.
    floor = max(_order(last) for last in full)
    return [e for e in entries if _order(e) >= floor], False


def _order(entry: LogEntry) -> Cursor:
    return entry.timestamp, entry.id


def _matches(entry: LogEntry, wanted: LogFilter) -> bool:
    """For receipts, whose service, action and status are made here."""
    return (
        (wanted.service is None or entry.service == wanted.service)
        and (wanted.action is None or entry.action == wanted.action)
        and (wanted.status is None or entry.status is wanted.status)
    )


def entry_of(receipt: Receipt) -> LogEntry:
    """A receipt as the log entry of its webhook."""
    notice = receipt.notice
    unreadable = notice.kind is NoticeKind.UNREADABLE
    response: dict[str, object] = {"status": 200, "kind": notice.kind.value}
    if notice.reason:
        response["reason"] = notice.reason
    return LogEntry(
        id=receipt.id,
        service=receipt.channel,
        action=f"webhook.{receipt.source.rpartition('.')[2]}",
        status=LogStatus.ERROR if unreadable else LogStatus.SUCCESS,
        timestamp=receipt.received_at,
        request=redact(_readable(receipt.body)),
        response=redact(response),
        duration_ms=receipt.duration_ms,
        order_ids=notice.refs if notice.kind in (NoticeKind.ORDER, NoticeKind.UNREADABLE) else (),
        skus=notice.refs if notice.kind is NoticeKind.STOCK else _skus(receipt.body),
        trace_id=receipt.trace_id,
    )


def _readable(body: bytes) -> object:
    try:
        return from_json(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _skus(body: bytes) -> tuple[str, ...]:
    """The SKUs that a simple order names."""
    parsed = _readable(body)
    rows = parsed.get("products") if isinstance(parsed, dict) else None
    if not isinstance(rows, list):
        return ()
    found = (row.get("sku") for row in rows if isinstance(row, dict))
    return tuple(dict.fromkeys(sku for sku in found if isinstance(sku, str)))


def render(entry: LogEntry, order_id: str | None, sku: str | None) -> dict[str, object]:
    """An entry in the words of design §9b; of several orders or SKUs the one asked for comes first."""
    row: dict[str, object] = {
        "id": entry.id,
        "service": entry.service,
        "action": entry.action,
        "status": entry.status.value,
        "request": entry.request,
        "response": entry.response,
        "duration": round(entry.duration_ms, 3),
        "orderId": _one(entry.order_ids, order_id),
        "productSku": _one(entry.skus, sku),
        "timestamp": instant(entry.timestamp),
        "traceId": entry.trace_id,
    }
    more = {"orderIds": entry.order_ids, "productSkus": entry.skus, "links": entry.links}
    row.update({name: list(values) for name, values in more.items() if len(values) > 1})
    return row


def _one(values: tuple[str, ...], asked: str | None) -> str | None:
    return asked if asked in values else next(iter(values), None)


def encode_cursor(cursor: Cursor) -> str:
    at, entry_id = cursor
    return base64.urlsafe_b64encode(f"{at!r}|{entry_id}".encode()).decode().rstrip("=")


def _encode(entry: LogEntry) -> str:
    return encode_cursor(_order(entry))


def decode_cursor(text: str) -> Cursor:
    """Raises a 422 problem for anything that we did not hand out."""
    try:
        at, _, entry_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().partition("|")
        seconds = float(at)
        if not entry_id or not 0 <= seconds < 1e11:
            raise ValueError
    except (ValueError, binascii.Error):
        detail = "cursor: it is not a cursor of ours"
        raise ProblemError(
            invalid_field("cursor", detail, "Send nextCursor of the previous page as it is.")
        ) from None
    return seconds, entry_id


def parse_instant(name: str, text: str, zone: ZoneInfo, *, end: bool) -> float:
    """A filter's date or time. A date alone is that whole day, and a time without offset is meant, in `zone`.

    Raises a 422 problem that names the filter.
    """
    # "+00:00" that was not encoded arrives as " 00:00".
    text = _LOST_PLUS.sub(r"+\1", text.strip())
    try:
        if len(text) <= 10:
            day = date.fromisoformat(text) + timedelta(days=1 if end else 0)
            moment = datetime.combine(day, time.min, zone)
            return moment.timestamp() - (1e-6 if end else 0.0)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError):
        remedy = "Send a date (2026-11-24) or an instant (2026-11-24T12:00:00Z)."
        raise ProblemError(invalid_field(name, f"{name}: it is no date or instant", remedy)) from None
