"""What the web needs from the rest of the house; the composition root supplies it.

The routes do parsing, proofs, roles and shapes; what decides or changes something is behind `Services`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from orquestador.model.errors import OrquestadorError
from orquestador.model.notices import Notice
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
    Journal,
    Listener,
    LogSink,
    ProductProblem,
)
from orquestador.web.shapes import (
    BackupResult,
    ChannelView,
    FlowHealth,
    GoLivePreview,
    GoLiveRequest,
    GoLiveResult,
    MoveRequest,
    MoveResult,
    PauseView,
    ReconcileView,
    Registered,
    StatusReport,
)


class NotPossible(OrquestadorError):
    """What was asked for contradicts the present state (HTTP 409); `remedy` is what a person can do."""

    def __init__(self, detail: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(detail)


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
