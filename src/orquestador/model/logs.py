"""Log entries: every inbound request and every upstream call (design §10)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LogStatus(StrEnum):
    SUCCESS = "success"
    ERROR = "error"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """`request` and `response` are redacted, JSON-ready and cut at 4 KB before they come here;
    `duration_ms` in ms."""

    id: str
    service: str
    action: str
    status: LogStatus
    timestamp: float
    request: object = None
    response: object = None
    duration_ms: float = 0.0
    order_ids: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    trace_id: str | None = None
    links: tuple[str, ...] = ()
    """Trace ids of the orders that one call served."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    service: str | None = None
    action: str | None = None
    status: LogStatus | None = None
    order_id: str | None = None
    sku: str | None = None
    since: float | None = None
    until: float | None = None
