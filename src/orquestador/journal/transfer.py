"""The journal's rows as they go from one engine to another: documents as text of `codec`, nothing derived.

Leases are no part of it. What an engine derives from a document it derives anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class ReceiptRow(NamedTuple):
    seq: int
    id: str
    channel: str
    source: str
    dedupe: str | None
    received_at: float
    kind: str
    event: str
    body_backed: bool
    reason: str | None
    refs: tuple[str, ...]
    trace_id: str
    duration_ms: float
    body: bytes

    @property
    def shown(self) -> str:
        return self.id


class WorkRow(NamedTuple):
    id: str
    kind: str
    channel: str
    ref: str
    state: str
    wanted: int
    done: int
    rev: int
    due_at: float
    attempts: int
    urgency: float
    own_seq: int
    reason: str | None
    failing_since: float | None
    created_at: float
    updated_at: float
    doc: str | None
    effect_due_at: float | None

    @property
    def shown(self) -> str:
        return self.id


class NameRow(NamedTuple):
    channel: str
    name: str
    work_id: str

    @property
    def shown(self) -> str:
        return f"{self.channel}:{self.name}"


class JobRow(NamedTuple):
    id: str
    channel: str
    open: bool
    computed_at: float
    doc: str

    @property
    def shown(self) -> str:
        return self.id


class BudgetRow(NamedTuple):
    name: str
    doc: str

    @property
    def shown(self) -> str:
        return self.name


class RuleRow(NamedTuple):
    channel: str
    ref: str
    rev: int
    doc: str

    @property
    def shown(self) -> str:
        return f"{self.channel}:{self.ref or '*'}"


class MetaRow(NamedTuple):
    name: str
    value: str

    @property
    def shown(self) -> str:
        return self.name


class CounterRow(NamedTuple):
    """`seq` (the last that was given), `shrunk_until`, or what came by one door."""

    name: str
    value: float
    source: str | None = None
    channel: str | None = None
    last_at: float | None = None

    @property
    def shown(self) -> str:
        return " ".join([part for part in (self.name, self.source, self.channel) if part])


TableRow = ReceiptRow | WorkRow | NameRow | JobRow | BudgetRow | RuleRow | MetaRow | CounterRow
"""`shown` is what a person is told of it."""
SEQ, SHRUNK_UNTIL, RECEIVED = "seq", "shrunk_until", "received"


@dataclass(frozen=True, slots=True)
class SourceState:
    """Which journal this is and whether it has been used since somebody looked."""

    origin: str
    """`<host>:<file>`, for a person."""
    first: str | None
    """The first row that it ever had; rows are never deleted. None = it has none yet."""
    files: tuple[tuple[str, int, int], ...]
    """(name, bytes, modified in ns) of every file that holds something of it."""
    seq: int
    """The last receipt's."""
    newest: float
    """When a row was last changed (seconds since the epoch)."""
