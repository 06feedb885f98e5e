"""What the routes are given and show: frozen dataclasses with snake_case fields.

The routes render them in camelCase, and a float field whose name ends in `_at` (or is `as_of`, `now`,
`timestamp`) as an RFC 3339 instant.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from orquestador.model.drift import Reconciled
from orquestador.model.orders import Direction
from orquestador.ports import (
    Finding,
)

# --- manual stock movements ---


@dataclass(frozen=True, slots=True)
class MoveRequest:
    """A stock movement that a person asks for. `key` is the idempotency key, given or made by the web."""

    key: str
    sku: str
    direction: Direction
    quantity: int
    reason: str
    reference: str | None = None
    allow_negative: bool = False
    by: str = "local"
    """Name of the API key that asked."""
    trace_id: str | None = None
    warehouse: str | None = None
    """Its code; None = the default one."""

    @property
    def request_hash(self) -> str:
        """Equal for two requests that ask for the same; kept in `ManualMovement.request_hash`."""
        facts: list[object] = [
            self.sku,
            self.direction.value,
            self.quantity,
            self.reason,
            self.reference,
            self.allow_negative,
        ]
        if self.warehouse is not None:
            facts.append(self.warehouse)
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


class MoveState(StrEnum):
    APPLIED = "applied"
    """Read back in the ERP: `previous_stock` and `new_stock` are set (200)."""
    STORED = "stored"
    """Written down, not yet proven in the ERP (202)."""
    KEY_REUSED = "key_reused"
    """The key belongs to a movement that asked for something else (409)."""
    BELOW_ZERO = "below_zero"
    """It would take the stock below zero and `allow_negative` was not given; nothing moved (409)."""
    UNKNOWN_SKU = "unknown_sku"
    """404; nothing moved."""
    UNKNOWN_WAREHOUSE = "unknown_warehouse"
    """The ERP has no such warehouse for us, or not in a safe set-up: `reason`; nothing is stored (422)."""
    REFUSED = "refused"
    """The ERP, or the product, definitively does not allow it; `reason` says why; nothing moved (409)."""


@dataclass(frozen=True, slots=True)
class MoveResult:
    state: MoveState
    movement: str | None = None
    """The ERP key, `<PREFIX>manual/<idempotency key>/1`."""
    previous_stock: float | None = None
    new_stock: float | None = None
    duplicate: bool = False
    """This key had asked for the same before: nothing was done again."""
    reason: str | None = None


# --- status and readiness ---


@dataclass(frozen=True, slots=True)
class FlowHealth:
    """Whether one flow may run: `intake`, `erp`, `orders:<channel>`, `stock:<channel>`."""

    flow: str
    ready: bool
    reason: str | None = None
    """For a person, in the service's language; None when ready."""
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class PauseView:
    """The emergency stop: since when nothing is written to the other systems, by whom and why."""

    since_at: float
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class UpstreamStatus:
    """One outside system: when it last answered well, and what is left of its scarce calls."""

    name: str
    ok: bool
    last_good_at: float | None = None
    problem: str | None = None
    budget_left: float | None = None
    budget_size: int | None = None
    used_today: int | None = None
    per_day: int | None = None
    next_call_at: float | None = None


@dataclass(frozen=True, slots=True)
class WorkCount:
    kind: str
    channel: str
    state: str
    count: int


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process that serves this store."""

    owner: str
    role: str
    """all | api | worker"""
    version: str
    started_at: float
    silent_s: float
    """Seconds since it was heard of."""


@dataclass(frozen=True, slots=True)
class ReconcileView:
    """The comparison of one channel with what its listings should show."""

    channel: str
    running: bool
    """In the process that answers."""
    phase: str
    """idle | channel | compare | confirm"""
    done: int
    total: int
    """0 = not known yet."""
    problem: str | None = None
    """Why the last run that was asked for here ended early."""
    last: Reconciled | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The one screen at 3 a.m. `attention` is what `orquestador status` exits 1 for."""

    attention: bool
    sentence: str
    next_step: str | None
    version: str
    mode: str
    now: float
    started_at: float
    due: int
    waiting: int
    dead: int
    oldest_due_at: float | None
    open_effects: int
    open_jobs: int
    receipts: int
    last_receipt_at: float | None
    flows: tuple[FlowHealth, ...] = ()
    upstreams: tuple[UpstreamStatus, ...] = ()
    work: tuple[WorkCount, ...] = ()
    findings: tuple[Finding, ...] = ()
    paused: PauseView | None = None
    processes: tuple[ProcessView, ...] = ()
    reconciled: tuple[ReconcileView, ...] = ()


# --- channels, go-live, what we left elsewhere ---


@dataclass(frozen=True, slots=True)
class ChannelView:
    id: str
    kind: str
    has_api: bool
    orders_since_at: float | None
    """The go-live instant; None while observing."""
    pushes_approved: bool
    listings: int = 0
    budget_left: float | None = None
    budget_size: int | None = None
    used_today: int | None = None
    per_day: int | None = None
    last_good_at: float | None = None
    problem: str | None = None
    warehouse: str | None = None
    """Code of the warehouse that its orders are taken from; None = the only one there is."""
    locations: tuple[str, ...] = ()
    """What it publishes the stock of; none = the stock location of that warehouse."""


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An open order older than go-live: are its units already out of the ERP, or to be taken out now?"""

    work_id: str
    channel: str
    order_id: str
    number: str | None
    created_at: float | None
    lines: tuple[OpenLine, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenLine:
    sku: str
    quantity: int
    state: str


@dataclass(frozen=True, slots=True)
class GoLivePreview:
    mode: str
    already_live: bool
    channels: tuple[ChannelView, ...]
    open_orders: tuple[OpenOrder, ...]
    listings_to_change: int = 0
    """How many listings would get another number by the first push."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class GoLiveRequest:
    take_now: tuple[str, ...] = ()
    """Work ids of open orders whose units are still in the ERP; all others count as already taken out."""
    approve_pushes: bool = False
    by: str = "local"
    channel: str | None = None
    """None = every channel that is not live yet."""


@dataclass(frozen=True, slots=True)
class GoLiveResult:
    orders_since_at: float
    channels: tuple[str, ...]
    taken_now: int
    taken_before: int


@dataclass(frozen=True, slots=True)
class Registered:
    """Something of ours on another system (a webhook, a cancelled marker): what `uninstall` removes."""

    system: str
    kind: str
    id: str
    description: str
    removed: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class BackupResult:
    path: str
    size_bytes: int
