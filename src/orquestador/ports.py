"""The Protocols between the flows and the outside: Journal, LogSink, Queue, Cache, Broadcast, Erp, Channel,
Clock.

Adapters implement them, flows use nothing else, and `tests/contract/` holds the suite that every adapter
passes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orquestador.model.budget import Budget, BudgetSpec
from orquestador.model.effects import KeyState
from orquestador.model.logs import LogEntry, LogFilter
from orquestador.model.notices import Notice
from orquestador.model.orders import Announcement, Direction, SeenOrder, Units
from orquestador.model.stock import Availability, Job, RecordOutcome, WriteMeans
from orquestador.model.work import Kind, State, Work


class Clock(Protocol):
    """Time. Tests and the demo may move it; everything that waits, waits here."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        """Wait until the event is set (True) or the time is over (False); does not clear the event."""
        ...


# --- journal --------------------------------------------------------------------------------------


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

    async def effects_due(self, limit: int) -> list[Work]:
        """Rows (orders and movements) whose saved `effect_due_at` is past, oldest first, whatever their
        state or lease. The ERP lane holds a lease of its own (`acquire`), so rows are not claimed; its
        saves are compare-and-set like all others."""
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


class LogSink(Protocol):
    """Call logs: written in batches off the caller's path; may lose the last second to a kill -9."""

    def write(self, entry: LogEntry) -> None:
        """Never blocks, never raises."""
        ...

    async def query(
        self, filter: LogFilter, limit: int, before: tuple[float, str] | None
    ) -> list[LogEntry]: ...

    async def expire(self, before: float) -> int: ...

    async def flush(self) -> None: ...

    async def close(self) -> None: ...


class Queue(Protocol):
    """Only wakes workers: losing everything in it costs a second, nothing else."""

    async def wake(self, lane: str, ids: Iterable[str], urgency: float = 0.0) -> None:
        """Ids coalesce; a higher urgency of the same id wins."""
        ...

    async def wait(self, lane: str, limit: int, timeout_s: float) -> list[str]:
        """Up to `limit` ids, urgent ones first; [] after `timeout_s`. Waits through the Clock."""
        ...

    @property
    def problem(self) -> str | None:
        """Why it cannot wake anybody now, in words without secrets; None while it can."""
        ...

    async def close(self) -> None: ...


# --- what may be lost at any moment ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer of the cache, and since when it has it."""

    value: str
    stored_at: float


@dataclass(frozen=True, slots=True)
class CacheMiss:
    """Nothing usable is remembered; take it along to `set`. Equal misses of a key had no `forget` between
    them. `token` None = nothing can be stored now."""

    token: str | None


class Cache(Protocol):
    """Short-lived answers by key. May forget anything at any moment; never raises, never takes longer than
    about 200 ms: a cache that is away has only misses."""

    async def get(self, key: str) -> Remembered | CacheMiss: ...

    async def set(self, key: str, value: str, ttl_s: float, miss: CacheMiss) -> bool:
        """Remember the answer to this miss for `ttl_s` seconds (at most 600). False, and nothing stored, when
        the key was forgotten after the miss: the answer may be older than the change."""
        ...

    async def forget(self, keys: Iterable[str]) -> None:
        """After this, no answer that was fetched before it is given. Called after the change it is about."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person may want to look at again. Ids, SKUs, states, reasons; no personal data."""

    topic: str
    at: float
    facts: Mapping[str, object] = field(default_factory=dict)


MISSED = "missed"
"""Topic of the event that stands for those that did not get through; `count` when it is known."""


class Listener(Protocol):
    """What one reader has not taken yet; bounded, the oldest give way to one MISSED event."""

    @property
    def closed(self) -> bool:
        """Nothing will come any more."""
        ...

    async def take(self, timeout_s: float) -> list[Event]:
        """Everything since the last take, oldest first; [] after `timeout_s` or at the end. Waits through the
        Clock."""
        ...

    def close(self) -> None: ...


class Broadcast(Protocol):
    """Tells whoever looks that something changed, in any process. Not the truth, and kept nowhere."""

    def publish(self, topic: str, facts: Mapping[str, object]) -> None:
        """Never waits, never raises."""
        ...

    async def listen(self) -> Listener:
        """From now on (where another process publishes: from when it can be heard)."""
        ...

    def end(self) -> None:
        """Close every listener: the process is about to stop."""
        ...

    async def close(self) -> None: ...


# --- ERP ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Movement:
    """Units to move under a key. `items` are (product id, quantity); several rows of one product add up."""

    key: str
    direction: Direction
    items: tuple[tuple[int, float], ...]
    erp_id: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    state: KeyState
    erp_id: int | None = None
    moved: Mapping[int, float] = field(default_factory=dict)
    """Per *requested* product id, how many units of it are proven moved (a kit counts in kits)."""
    recipes: Mapping[int, tuple[tuple[int, float], ...]] = field(default_factory=dict)
    """Per requested product id and unit, the (product id, quantity) moves recorded."""
    short: frozenset[int] = frozenset()
    """Products that had to be forced for lack of stock: the oversold alert."""
    reason: str | None = None


class ProductProblem(StrEnum):
    UNKNOWN = "unknown_sku"
    DUPLICATE = "duplicate_sku"
    NOT_STOCKED = "not_stocked"
    """A consumable or a service: no movement, no listing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `doctor` or readiness. `code` selects the text, `facts` fill it in."""

    code: str
    level: str
    """ok | warning | error"""
    facts: Mapping[str, object] = field(default_factory=dict)
    stops: str | None = None
    """The flow that this finding stops (`erp`, or a channel id); None = none."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A webhook registered on the other side."""

    id: str
    url: str
    events: tuple[str, ...]
    ours: bool = field(default=True, compare=False)
    """This installation made it; others' are shown, and never removed."""


@dataclass(frozen=True, slots=True)
class Changes:
    skus: frozenset[str]
    cursor: str


class Erp(Protocol):
    """Where the stock truth lives. Methods raise Unavailable or AuthRefused for the whole call; per
    movement there is an Outcome. Reads may be retried by the caller, `apply` never blindly."""

    async def check(self) -> list[Finding]:
        """Version, rights, warehouse, locations: what could give wrong numbers is an error that stops the
        flow."""
        ...

    async def products(self, skus: Sequence[str]) -> dict[str, int | ProductProblem]:
        """The product id of each SKU, or why there is none that we may use; asked now, never remembered: a
        ledger is about to freeze it."""
        ...

    async def skus_of(self, product_ids: Sequence[int]) -> dict[int, str]:
        """For hints: may be as old as PRODUCT_CACHE_S, which costs speed and nothing else."""
        ...

    async def availability(self, skus: Sequence[str]) -> dict[str, Availability | ProductProblem]:
        """What can still be promised, scoped to the configured locations, one call per 500 SKUs. A SKU
        missing from the ERP's answer is missing here: unknown, never 0."""
        ...

    async def apply(self, movements: Sequence[Movement], *, force: bool = True) -> dict[str, Outcome]:
        """Create and validate these new movements in as few calls as possible; short stock is forced to the
        full quantity, or, with force=False, REFUSED before anything moves. Outcomes by key: DONE, REFUSED,
        DOUBTFUL, or (the key exists) whatever `ask` would say."""
        ...

    async def ask(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        """What the ERP contains for each: by id, else by name in the company, else by origin."""
        ...

    async def finish(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        """Bring movements that `ask` found OPEN (`erp_id` set) to their full quantity and done."""
        ...

    async def void(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        """Occupy each key with a cancelled document, so that a late request hits the unique index:
        CANCELLED, or DONE when it had happened after all."""
        ...

    async def changed_since(self, cursor: str | None) -> Changes:
        """SKUs whose stock or reservations moved since the cursor (with an overlap); None = only give a
        cursor."""
        ...

    async def registrations(self) -> list[Registration]:
        """The webhook rules that we created there."""
        ...

    async def unregister(self, registration_id: str) -> None: ...

    async def close(self) -> None: ...


# --- channels -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderHead:
    """An order in a channel's list: enough to decide whether to read it."""

    order_id: str
    number: str | None
    created_at: float | None
    states: tuple[str, ...]
    open: bool
    """Could still be shipped or cancelled."""
    fingerprint: str
    """Changes when the listed facts change."""


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    ref: str
    sku: str
    quantity: int | None


@dataclass(frozen=True, slots=True)
class JobReport:
    finished: bool
    outcomes: Mapping[str, tuple[RecordOutcome, str | None]] = field(default_factory=dict)
    """By channel ref, when finished."""
    note: str | None = None


class Channel(Protocol):
    """One seller account on one marketplace. Methods raise the UpstreamError tree."""

    id: str
    kind: str
    has_api: bool
    """False when no credentials are configured: simple bodies still work."""
    budget: BudgetSpec
    max_batch: int
    write_means: WriteMeans

    def read_notice(self, body: bytes, *, stock: bool) -> Notice:
        """What a webhook body says. Raises InvalidBody for a malformed simple body or no JSON at all."""
        ...

    def simple_orders(self, receipts: Sequence[Receipt]) -> list[SeenOrder]:
        """The body-backed receipts among these as orders, in order of their timestamp."""
        ...

    def announcements(self, receipts: Sequence[Receipt]) -> list[Announcement]:
        """The states that these hints announced; the truth is read, this only says what to wait for."""
        ...

    async def read_orders(self, order_ids: Sequence[str]) -> list[SeenOrder]:
        """Re-read orders by id; an order that does not exist is absent."""
        ...

    def orders_updated(self, since: float) -> AsyncIterator[list[OrderHead]]:
        """Every order updated since then, page by page, surviving a shifting list."""
        ...

    def catalogue(self) -> AsyncIterator[list[CatalogueRow]]: ...

    async def push(self, quantities: Mapping[str, int]) -> str:
        """Send absolute numbers (at most `max_batch`); returns the job's external id. Ambiguous when it may
        have arrived."""
        ...

    async def report(self, external_id: str, refs: Sequence[str]) -> JobReport: ...

    async def find_job(
        self, quantities: Mapping[str, int], since: float, known: frozenset[str]
    ) -> str | None:
        """A job that we sent but whose id we never learned."""
        ...

    async def cancel_job(self, external_id: str) -> None: ...

    async def check(self) -> list[Finding]: ...

    async def registrations(self) -> list[Registration]: ...

    async def register(self, url: str) -> Registration: ...

    async def unregister(self, registration_id: str) -> None: ...

    async def close(self) -> None: ...


MovementState = KeyState
"""The same words, where the adapter speaks of a movement."""


class InvalidBody(Exception):
    """A webhook body is malformed: `field` is where, `problem` what, `remedy` what to send instead."""

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        self.field, self.problem, self.remedy = field, problem, remedy
        super().__init__(f"{field}: {problem}. {remedy}")
