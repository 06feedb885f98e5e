"""The journal: receipts, work, jobs, budgets, leases, and the processes that serve it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orquestador.model.budget import Budget, BudgetSpec
from orquestador.model.logs import LogFilter
from orquestador.model.notices import Notice
from orquestador.model.orders import Units
from orquestador.model.rules import StoredRule
from orquestador.model.stock import Job
from orquestador.model.work import Kind, State, Work


@dataclass(frozen=True, slots=True)
class NewReceipt:
    """An inbound notice about to be journaled. `id` is made by the receiver, so a retried commit that meets
    itself is a success."""

    id: str
    channel: str
    source: str
    """Which door: `falabella.order`, `falabella.stock`, `odoo.stock`."""
    body: bytes
    received_at: float
    notice: Notice
    trace_id: str
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Receipt:
    """A stored notice; immutable. `seq` grows in commit order."""

    seq: int
    id: str
    channel: str
    source: str
    body: bytes
    received_at: float
    notice: Notice
    trace_id: str
    work_ids: tuple[str, ...]
    duration_ms: float = 0.0
    """From the arrival of the request to the commit."""


@dataclass(frozen=True, slots=True)
class Accepted:
    receipt_id: str
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A signal to a listing: some number of this SKU may have changed."""

    sku: str
    reason: str
    own_channel: str | None = None
    """The channel whose own order changed committed units: its shown number moved by itself."""
    due_at: float | None = None
    """Not before; None = now."""


@dataclass(frozen=True, slots=True)
class Save:
    """A compare-and-set of one row on `work.rev` (0 = must not exist), which also gives the lease back.

    In one atomic write: the row, the sums of its units (from its doc) and its `marks`. Where an engine cannot
    change several rows at once, the marks are stored with the row and delivered right after it, or by
    `recover` when the process dies in between; never before it, when they would be looked at too early.

    No signal is lost: where the stored `wanted` has moved past `work.wanted` (as it was read), or the new
    state is settled or dead and `wanted` is greater than `work.done`, the row is left due at once instead. A
    row saved as waiting with `done` behind `wanted` waits until its `due_at`.
    """

    work: Work
    marks: tuple[Mark, ...] = ()
    effect_due_at: float | None = None
    """When the ERP lane must look at this row (see `effects_due`); None = it has nothing to do here. Stored
    as given."""


@dataclass(frozen=True, slots=True)
class OpenedJob:
    job: Job | None
    """The job with the records whose listings could be claimed; None when none could or the budget was
    empty."""
    retry_at: float | None = None
    """When the budget was empty: the instant at which a call is free."""


@dataclass(frozen=True, slots=True)
class WorkQuery:
    kind: Kind | None = None
    states: tuple[State, ...] = ()
    channel: str | None = None
    sku: str | None = None
    text: str | None = None
    """An order id, order number or ref, exactly."""
    limit: int = 50
    after: str | None = None
    """Cursor from the previous page."""


@dataclass(frozen=True, slots=True)
class RuleQuery:
    channel: str | None = None
    sku: str | None = None
    """A seller SKU, or the ERP's SKU that a mapping names, exactly."""
    frozen: bool = False
    """Only those with a freeze."""
    limit: int = 50
    after: str | None = None
    """Cursor from the previous page."""


@dataclass(frozen=True, slots=True)
class WorkCounts:
    """What `status` shows: rows by (kind, channel, state) and the oldest unfinished instant by kind."""

    rows: Mapping[tuple[Kind, str, State], int]
    oldest_due_at: Mapping[Kind, float]
    open_effects: int
    open_jobs: int
    receipts: int
    last_receipt_at: float | None
    last_receipt_at_by_source: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standstill:
    """A loop of a process that keeps failing."""

    loop: str
    error: str
    """The class of the last error, which alone says nothing personal."""
    since: float
    away: bool
    """An upstream is to blame, not the process or its store."""


class ProcessRole(StrEnum):
    ALL = "all"
    API = "api"
    """Answers HTTP and journals what comes in; runs no flow."""
    WORKER = "worker"

    @property
    def works(self) -> bool:
        return self is not ProcessRole.API


@dataclass(frozen=True, slots=True)
class Process:
    """A serving process, as it told of itself last."""

    owner: str
    """As in the leases that it holds."""
    role: ProcessRole
    version: str
    started_at: float
    standing: tuple[Standstill, ...] = ()
    silent_s: float = 0.0
    """Seconds since then, by the store's clock; the journal fills it in."""


class Journal(Protocol):
    """The truth. Every method raises StoreUnavailable when the store cannot answer or commit.

    A returned write is durable. Instants and leases use the store's clock.
    """

    # receipts
    async def accept(self, receipt: NewReceipt) -> Accepted:
        """Commit a receipt and bump the `wanted` of its works (an ORDER notice: one row per ref, created if
        absent; a STOCK notice: the listings of that channel with that ref or SKU), in a natural group
        commit.

        A body whose (channel, source, dedupe) is already stored answers `duplicate=True`, never before the
        original is durable; it stores no second row but bumps all the same. An UNREADABLE notice becomes a
        dead work row of its own (kind order, ref `receipt:<id>`), so that a person sees it.
        """
        ...

    async def receipts_for(self, work_id: str) -> list[Receipt]:
        """The receipts of one order, oldest first."""
        ...

    async def receipts(
        self, filter: LogFilter, limit: int, before: tuple[float, str] | None
    ) -> list[Receipt]:
        """Newest first by (received_at, id), strictly before the cursor."""
        ...

    # work
    async def claim(
        self, kind: Kind, owner: str, limit: int, lease_s: float, channel: str | None = None
    ) -> list[Work]:
        """Lease up to `limit` rows that are due (state due or waiting, `due_at` past, no live lease), most
        urgent, then oldest first. A listing that is in an open job is not claimed."""
        ...

    async def renew(self, owner: str, lease_s: float) -> None:
        """Prolong every lease of this owner."""
        ...

    async def save(self, saves: Sequence[Save]) -> list[bool]:
        """Apply each compare-and-set on its own; False where `rev` had moved on (nothing of that save is
        stored)."""
        ...

    async def get(self, work_ids: Sequence[str]) -> list[Work]:
        """The rows that exist, any order."""
        ...

    async def release(self, owner: str, work_ids: Sequence[str], due_at: float | None = None) -> None:
        """Give leases back without any other change (an outage uses up no attempt)."""
        ...

    async def mark(self, marks: Sequence[Mark]) -> int:
        """Make every managed listing of these SKUs due; returns how many rows were marked."""
        ...

    async def touch(self, work_ids: Sequence[str], reason: str, due_at: float | None = None) -> int:
        """Bump `wanted` and make due (creating order rows that do not exist yet), as a signal does."""
        ...

    async def effects_due(self, limit: int, channels: Sequence[str] | None = None) -> list[Work]:
        """Rows (orders and movements) whose saved `effect_due_at` is past, oldest first, whatever their
        state or lease; of these channels alone when they are named. An ERP lane holds a lease of its own
        (`acquire`), so rows are not claimed; its saves are compare-and-set like all others."""
        ...

    async def claim_names(self, channel: str, names: Sequence[str], work_id: str) -> dict[str, str]:
        """Own these order names (id, number) of a channel if nobody does; returns the owner work id of
        each. Atomic and for ever: the first one wins, which keeps a body-backed order and its API twin from
        both taking stock."""
        ...

    async def reassign_names(self, channel: str, from_work_id: str, to_work_id: str) -> None:
        """After an adoption: names owned by the first now belong to the second."""
        ...

    async def find(self, query: WorkQuery) -> tuple[list[Work], str | None]:
        """A page of rows, newest change first, and the cursor of the next page."""
        ...

    async def counts(self) -> WorkCounts: ...

    async def units(self, skus: Sequence[str]) -> dict[str, Units]:
        """Committed-unproven and channel-reserved units per SKU over all orders, at the store's now."""
        ...

    async def open_orders_before(self, channel: str, instant: float, limit: int) -> list[Work]:
        """Orders of a channel first seen or created before `instant` that still have units out or open."""
        ...

    async def orders_read_before(
        self, channel: str, instant: float, limit: int, after: tuple[float, str] = (0.0, "")
    ) -> list[tuple[float, str]]:
        """When each order of a channel's API that could still be cancelled was last read, with its work id,
        where that was before `instant`: the longest ago first, behind `after`."""
        ...

    # listings and jobs
    async def upsert_listings(self, works: Sequence[Work]) -> int:
        """Create the listing rows that do not exist (due), and refresh `managed`, and `live` of the settled
        ones, of those in no open job; one that shows another number than we knew, or is managed now and was
        not before, is due. Returns how many were created."""
        ...

    async def listings_for(self, skus: Sequence[str]) -> list[Work]: ...

    async def open_job(
        self, job: Job, works: Sequence[Work], budget_name: str, spec: BudgetSpec
    ) -> OpenedJob:
        """Take one call from the budget, claim each listing (compare-and-set on its `rev`, not in an open
        job) and store the job, in one atomic write; nothing happens when the budget is empty."""
        ...

    async def save_job(self, job: Job) -> None: ...

    async def open_jobs(self, channel: str) -> list[Job]: ...

    async def recent_jobs(self, channel: str, limit: int) -> list[Job]: ...

    async def budget(self, name: str, spec: BudgetSpec) -> Budget: ...

    async def update_budget(self, name: str, spec: BudgetSpec, *, throttled: bool) -> Budget:
        """After a call: slow down (a 429) or recover half-way to the published pace (accepted)."""
        ...

    # rules
    async def rules(self, channel: str, refs: Sequence[str]) -> list[StoredRule]:
        """The rows of these refs that exist (`""`: the channel's own), empty ones too; any order."""
        ...

    async def save_rules(self, rules: Sequence[StoredRule]) -> list[bool]:
        """Each a compare-and-set on its `rev` (0 = must not exist); False where it had moved on."""
        ...

    async def find_rules(self, query: RuleQuery) -> tuple[list[StoredRule], str | None]:
        """A page of rules that say something, by channel and ref, and the cursor of the next page."""
        ...

    async def rules_to_tell(self, limit: int) -> list[StoredRule]:
        """Rules whose `tell_at` is past, the oldest first."""
        ...

    async def recent_orders(self, skus: Sequence[str], since: float) -> list[Work]:
        """Orders with lines of these SKUs (the ERP's) whose rows were made since then; the oldest may be
        missing where a SKU has more than 200."""
        ...

    async def unproven_orders(self, skus: Sequence[str]) -> list[str]:
        """Work ids of the orders with committed units of these SKUs that are not proven out of the ERP."""
        ...

    # leases, small facts, upkeep
    async def acquire(self, name: str, owner: str, ttl_s: float) -> bool:
        """Hold or prolong a named lease; False while somebody else's is alive."""
        ...

    async def yield_lease(self, name: str, owner: str) -> None: ...

    async def tell(self, process: Process) -> None:
        """This process is alive now. No promise rests on it, so it need not be durable."""
        ...

    async def processes(self) -> list[Process]:
        """Every process that told and has not left, the one longest alive first."""
        ...

    async def leave(self, owner: str) -> int:
        """This process is gone: nothing of it is told any more, and its leases, on rows and by name, are
        free. Returns how many rows."""
        ...

    async def get_meta(self, name: str) -> object | None: ...

    async def set_meta(self, name: str, value: object) -> None: ...

    async def set_meta_if_absent(self, name: str, value: object) -> object:
        """The stored value: ours, or the one that was there."""
        ...

    async def swap_meta(self, name: str, seen: object | None, value: object) -> bool:
        """Compare-and-set: store `value` where what is stored is `seen` as it was read (None = nothing);
        False, and nothing changes, where it is something else by now."""
        ...

    async def recover(self, owner_prefix: str | None = None) -> int:
        """Free every lapsed lease (with an owner prefix: every lease of those owners, dead for sure);
        returns how many rows."""
        ...

    async def expire(self, receipts_before: float, closed_before: float) -> int:
        """Drop old receipts and shrink orders closed that long to their keys and ledger; never a key, a
        ledger or anything open."""
        ...

    async def backup(self, path: str) -> None:
        """A consistent copy while running."""
        ...

    async def close(self) -> None: ...
