"""What the web needs from the rest of the house; the composition root supplies it.

The routes do parsing, proofs, roles and shapes; what decides or changes something is behind `Services`.
Values are frozen dataclasses with snake_case fields; the routes render them in camelCase, and a float field
whose name ends in `_at` (or is `as_of`, `now`, `timestamp`) as an RFC 3339 instant.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from orquestador.model.drift import Reconciled
from orquestador.model.errors import OrquestadorError
from orquestador.model.notices import Notice
from orquestador.model.orders import Direction
from orquestador.model.plans import Diff, Plan, Pushed, Rehearsal
from orquestador.model.rules import StoredRule
from orquestador.model.rules_csv import Conflict, ImportReport
from orquestador.model.stock import Availability
from orquestador.model.work import Work
from orquestador.ports import (
    Accepted,
    Channel,
    Clock,
    Duplicate,
    Finding,
    Journal,
    Listener,
    LogSink,
    ProductProblem,
)


class NotPossible(OrquestadorError):
    """What was asked for contradicts the present state (HTTP 409); `remedy` is what a person can do."""

    def __init__(self, detail: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(detail)


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


class RuleDesk(Protocol):
    """Rules of channels and offers. A `Conflict` is why a change is not made; nothing is stored then."""

    async def put(
        self, channel: str | None, sku: str | None, fields: Mapping[str, object], by: str
    ) -> StoredRule | Conflict: ...

    async def clear(self, channel: str, sku: str | None, by: str) -> StoredRule | None: ...

    async def freeze(
        self, channel: str | None, sku: str | None, reason: str | None, by: str
    ) -> Sequence[StoredRule]: ...

    async def unfreeze(self, channel: str | None, sku: str | None, by: str) -> Sequence[StoredRule]: ...

    async def export(self, channel: str | None) -> str: ...

    async def import_csv(
        self, text: str, by: str, *, dry_run: bool, skip_conflicts: bool
    ) -> ImportReport: ...


class PlanDesk(Protocol):
    """What brakes hold, and what a push would change. None = there is no such plan."""

    async def plans(self) -> list[Plan]: ...

    async def plan(self, plan_id: str) -> Plan | None: ...

    async def approve(self, plan_id: str, by: str, seen: str | None = None) -> Plan | None:
        """`seen`: the digest of the plan that was looked at. Raises PlanChanged."""
        ...

    async def reject(self, plan_id: str, by: str) -> Plan | None: ...

    async def diff(
        self, channel: str | None, sku: str | None, limit: int, after: str | None
    ) -> tuple[list[Diff], str | None]: ...

    async def rehearse(self, channel: str | None, sku: str | None) -> Rehearsal:
        """Raises Unavailable when the ERP does not answer."""
        ...


class Services(Protocol):
    """Methods raise StoreUnavailable (503), the UpstreamError tree (503 / 502) and NotPossible (409)."""

    @property
    def channels(self) -> Mapping[str, Channel]: ...

    @property
    def journal(self) -> Journal: ...

    @property
    def logs(self) -> LogSink: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def rules(self) -> RuleDesk: ...

    @property
    def plans(self) -> PlanDesk: ...

    @property
    def mode(self) -> str:
        """`live` once every channel went live, else `observe`, whatever the setting MODE says."""
        ...

    @property
    def mode_note(self) -> str:
        """What the mode means now and what changes it, in the service's language."""
        ...

    @property
    def paused(self) -> PauseView | None:
        """The emergency stop, while it holds."""
        ...

    # intake
    async def accept(
        self, source: str, channel: str, notice: Notice, body: bytes, received_at: float, trace_id: str
    ) -> Accepted:
        """Commit the receipt (`source` as in NewReceipt: `falabella.order`, `falabella.stock`, `odoo.stock`),
        then wake workers."""
        ...

    def hint_products(self, product_ids: Iterable[int]) -> None:
        """These ERP products may have changed. In memory, coalesced, never blocks, never raises."""
        ...

    def hint_skus(self, skus: Iterable[str]) -> None:
        """The same by SKU."""
        ...

    async def listen(self) -> Listener:
        """What changes from now on, for one reader."""
        ...

    # ERP
    async def stock(self, sku: str, channel: str | None = None) -> Availability | ProductProblem:
        """From a short cache or the ERP; `as_of` is when the ERP was read. In the places that this channel
        publishes; None = in the default warehouse."""
        ...

    async def duplicates(self) -> tuple[float, Sequence[Duplicate]]:
        """When the ERP was asked, at most a minute ago, and its SKUs that several products have, by SKU."""
        ...

    async def move(self, request: MoveRequest) -> MoveResult:
        """Do it once under its key, waiting a few seconds at most. StoreUnavailable = nothing was stored."""
        ...

    # operator
    async def readiness(self) -> tuple[FlowHealth, ...]:
        """From what is known already: fast, no upstream call. Raises StoreUnavailable when nothing could be
        stored now."""
        ...

    async def status(self, lang: str | None = None) -> StatusReport: ...

    async def retry(self, work_id: str, by: str) -> Work | None:
        """Make it due now with fresh attempts; None = no such work."""
        ...

    async def discard(self, work_id: str, note: str | None, by: str) -> Work | None:
        """Settled by a person; None = no such work, NotPossible = nothing to settle."""
        ...

    async def adopt_order(self, work_id: str, by: str) -> Work | None:
        """Take over an order from before go-live: its units are taken out of the ERP from now on. None = no
        such order, NotPossible = not an order from before go-live."""
        ...

    async def pause(self, reason: str | None, by: str) -> PauseView:
        """Write nothing to the other systems from now on."""
        ...

    async def resume(self, by: str) -> bool:
        """Write again; False when it was not paused."""
        ...

    async def reconcile_views(self) -> tuple[ReconcileView, ...]: ...

    async def reconcile(self, channel: str | None, by: str) -> tuple[ReconcileView, ...]:
        """Start comparing this channel (None = every one) in the background; those that run go on.
        NotPossible where there is no ERP or no API access."""
        ...

    async def channel_views(self) -> tuple[ChannelView, ...]: ...

    async def go_live_preview(self, channel: str | None = None) -> GoLivePreview:
        """Of this channel, or of all that are not live yet. NotPossible = no such channel."""

    async def go_live(self, request: GoLiveRequest) -> GoLiveResult: ...

    async def push(self, channel: str | None, sku: str | None, by: str) -> Pushed:
        """Make these listings due now. NotPossible while only observing."""
        ...

    async def backup(self, path: str, by: str) -> BackupResult:
        """A hot, consistent copy at this path of the service's machine; NotPossible when the file exists."""
        ...

    async def registered(self) -> tuple[Registered, ...]:
        """What we registered elsewhere and is still there."""
        ...

    async def uninstall(self, ids: Sequence[str] | None, by: str) -> tuple[Registered, ...]:
        """Remove these (None = all) and say what became of each."""
        ...
