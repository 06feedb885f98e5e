"""A house in memory behind the web, and a client in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import cast
from zoneinfo import ZoneInfo

import httpx2

from orquestador.broadcast.local import LocalBroadcast
from orquestador.channels.falabella.webhook import read_notice
from orquestador.clock import ManualClock
from orquestador.model.drift import Drift, Drifted, Reconciled
from orquestador.model.logs import LogEntry, LogFilter
from orquestador.model.notices import Notice
from orquestador.model.plans import Pushed
from orquestador.model.stock import Availability, Listing, Shown
from orquestador.model.work import Kind, State, Work
from orquestador.ops.auth import ApiKey, Role
from orquestador.ops.health import RequestCounts
from orquestador.ops.ratelimit import Counters, Rate
from orquestador.ports import (
    Accepted,
    Broadcast,
    Channel,
    Duplicate,
    Journal,
    Listener,
    LogSink,
    ProductProblem,
    Receipt,
    WorkQuery,
)
from orquestador.web.app import create_app
from orquestador.web.config import Door, WebConfig
from orquestador.web.services import NotPossible
from orquestador.web.shapes import (
    BackupResult,
    ChannelView,
    FlowHealth,
    GoLivePreview,
    GoLiveRequest,
    GoLiveResult,
    MoveRequest,
    MoveResult,
    MoveState,
    PauseView,
    ReconcileView,
    Registered,
    StatusReport,
)
from tests.unit.web.held_plans import HeldPlans
from tests.unit.web.held_rules import HeldRules

SECRET = "a-secret-that-nobody-guesses"
ODOO_SECRET = "another/secret+with=signs"
NOW = 1_800_000_000.0
KEYS = (
    ApiKey("vera", Role.VIEWER, "viewer-key-0000000"),
    ApiKey("omar", Role.OPERATOR, "operator-key-00000"),
    ApiKey("ana", Role.ADMIN, "admin-key-00000000"),
)


class HandClock:
    """A clock that a test moves by hand."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        return event.is_set()


class MemoryLog:
    """The part of LogSink that the web uses, as it is promised."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []

    def write(self, entry: LogEntry) -> None:
        self.entries.append(entry)

    async def flush(self) -> None:
        pass

    async def query(self, filter: LogFilter, limit: int, before: tuple[float, str] | None) -> list[LogEntry]:
        found = [
            e
            for e in self.entries
            if (before is None or (e.timestamp, e.id) < before)
            and (filter.service in (None, e.service))
            and (filter.action in (None, e.action))
            and (filter.status in (None, e.status))
            and (filter.order_id is None or filter.order_id in e.order_ids)
            and (filter.sku is None or filter.sku in e.skus)
            and (filter.since is None or e.timestamp >= filter.since)
            and (filter.until is None or e.timestamp <= filter.until)
        ]
        return sorted(found, key=lambda e: (e.timestamp, e.id), reverse=True)[:limit]


class MemoryJournal:
    """The part of Journal that the web uses, as it is promised."""

    def __init__(self) -> None:
        self.kept: list[Receipt] = []
        self.works: dict[str, Work] = {}

    async def receipts(
        self, filter: LogFilter, limit: int, before: tuple[float, str] | None
    ) -> list[Receipt]:
        found = [
            r
            for r in self.kept
            if (before is None or (r.received_at, r.id) < before)
            and (filter.order_id is None or filter.order_id in r.notice.refs)
            and (filter.sku is None or filter.sku.encode() in r.body)
            and (filter.since is None or r.received_at >= filter.since)
            and (filter.until is None or r.received_at <= filter.until)
        ]
        return sorted(found, key=lambda r: (r.received_at, r.id), reverse=True)[:limit]

    async def receipts_for(self, work_id: str) -> list[Receipt]:
        return [r for r in self.kept if work_id in r.work_ids]

    async def get(self, work_ids: Sequence[str]) -> list[Work]:
        return [self.works[i] for i in work_ids if i in self.works]

    async def listings_for(self, skus: Sequence[str]) -> list[Work]:
        return [w for w in self.works.values() if w.kind is Kind.LISTING and w.listing.sku in skus]

    async def find(self, query: WorkQuery) -> tuple[list[Work], str | None]:
        found = [
            w
            for w in self.works.values()
            if query.kind in (None, w.kind)
            and (not query.states or w.state in query.states)
            and query.channel in (None, w.channel)
            and query.text in (None, w.ref)
        ]
        start = int(query.after or 0)
        end = start + query.limit
        return found[start:end], str(end) if end < len(found) else None


class SimpleChannel:
    """Falabella's door without an account behind it."""

    id = kind = "falabella"

    def read_notice(self, body: bytes, *, stock: bool) -> Notice:
        return read_notice(body, stock=stock)


@dataclass
class House:
    """Services in memory; `fails` is raised by the next calls, `held` makes the journal wait."""

    clock: HandClock = field(default_factory=HandClock)
    memory: MemoryJournal = field(default_factory=MemoryJournal)
    log: MemoryLog = field(default_factory=MemoryLog)
    channel: object = field(default_factory=SimpleChannel)
    fails: Exception | None = None
    held: asyncio.Event | None = None
    hinted: list[int | str] = field(default_factory=list)
    flows: tuple[FlowHealth, ...] = (FlowHealth("intake", True), FlowHealth("erp", True))
    stocks: dict[str, Availability | ProductProblem] = field(default_factory=dict)
    twins: list[Duplicate] = field(default_factory=list)
    moved: list[MoveRequest] = field(default_factory=list)
    move_result: MoveResult | None = None
    reconciling: bool = False
    done_by: list[tuple[str, ...]] = field(default_factory=list)
    went_live: GoLiveRequest | None = None
    mode: str = "observe"
    mode_note: str = "It only observes."
    paused: PauseView | None = None
    rules: HeldRules = field(default_factory=HeldRules)
    plans: HeldPlans = field(default_factory=HeldPlans)
    broadcast: Broadcast = field(default_factory=lambda: LocalBroadcast(ManualClock()))

    @property
    def channels(self) -> Mapping[str, Channel]:
        return {"falabella": cast("Channel", self.channel)}

    @property
    def journal(self) -> Journal:
        return cast("Journal", self.memory)

    @property
    def logs(self) -> LogSink:
        return cast("LogSink", self.log)

    def _fail(self) -> None:
        if self.fails:
            raise self.fails

    async def accept(
        self, source: str, channel: str, notice: Notice, body: bytes, received_at: float, trace_id: str
    ) -> Accepted:
        if self.held:
            await self.held.wait()
        self._fail()
        same = [r for r in self.memory.kept if r.notice.dedupe == notice.dedupe and r.source == source]
        if same:
            return Accepted(same[0].id, duplicate=True)
        seq = len(self.memory.kept) + 1
        works = tuple(f"order:{channel}:{ref}" for ref in notice.refs)
        receipt = Receipt(
            seq=seq,
            id=f"r{seq:04}",
            channel=channel,
            source=source,
            body=body,
            received_at=received_at,
            notice=notice,
            trace_id=trace_id,
            work_ids=works,
        )
        self.memory.kept.append(receipt)
        return Accepted(receipt.id, duplicate=False)

    def hint_products(self, product_ids: Iterable[int]) -> None:
        self.hinted += product_ids

    def hint_skus(self, skus: Iterable[str]) -> None:
        self.hinted += skus

    async def listen(self) -> Listener:
        self._fail()
        return await self.broadcast.listen()

    async def stock(self, sku: str, channel: str | None = None) -> Availability | ProductProblem:
        self._fail()
        return self.stocks.get(sku, ProductProblem.UNKNOWN)

    async def duplicates(self) -> tuple[float, Sequence[Duplicate]]:
        self._fail()
        return NOW, self.twins

    async def move(self, request: MoveRequest) -> MoveResult:
        self._fail()
        if self.move_result:
            return self.move_result
        before = [m for m in self.moved if m.key == request.key]
        if before and before[0].request_hash != request.request_hash:
            return MoveResult(MoveState.KEY_REUSED)
        self.moved.append(request)
        movement = f"manual/{request.key}/1"
        return MoveResult(MoveState.APPLIED, movement, 10.0, 7.5, duplicate=bool(before))

    async def readiness(self) -> tuple[FlowHealth, ...]:
        self._fail()
        return self.flows

    async def status(self, lang: str | None = None) -> StatusReport:
        return StatusReport(
            attention=False,
            sentence="Todo bien." if lang == "es" else "All well.",
            next_step=None,
            version="0",
            mode="observe",
            now=NOW,
            started_at=NOW - 60,
            due=0,
            waiting=0,
            dead=0,
            oldest_due_at=None,
            open_effects=0,
            open_jobs=0,
            receipts=0,
            last_receipt_at=None,
        )

    async def retry(self, work_id: str, by: str) -> Work | None:
        self.done_by.append(("retry", work_id, by))
        work = self.memory.works.get(work_id)
        return replace(work, state=State.DUE) if work else None

    async def discard(self, work_id: str, note: str | None, by: str) -> Work | None:
        self.done_by.append(("discard", work_id, note or "", by))
        work = self.memory.works.get(work_id)
        if work and work.state is State.SETTLED:
            raise NotPossible("It is settled already.", "Leave it.")
        return replace(work, state=State.SETTLED) if work else None

    async def adopt_order(self, work_id: str, by: str) -> Work | None:
        self.done_by.append(("adopt", work_id, by))
        return self.memory.works.get(work_id)

    async def push(self, channel: str | None, sku: str | None, by: str) -> Pushed:
        self._fail()
        self.done_by.append(("push", channel or "", sku or "", by))
        return Pushed(3, 1)

    async def pause(self, reason: str | None, by: str) -> PauseView:
        self.done_by.append(("pause", reason or "", by))
        self.paused = PauseView(NOW, by, reason)
        return self.paused

    async def resume(self, by: str) -> bool:
        self.done_by.append(("resume", by))
        before, self.paused = self.paused, None
        return before is not None

    async def reconcile_views(self) -> tuple[ReconcileView, ...]:
        item = Drifted("SKU-1", "SKU-1", 99, 7, Drift.EDITED, repaired=True)
        last = Reconciled("falabella", 1.0, 2.0, 10, drift={"edited": 1}, repaired=1, items=(item,))
        return (ReconcileView("falabella", self.reconciling, "idle", 0, 0, None, last),)

    async def reconcile(self, channel: str | None, by: str) -> tuple[ReconcileView, ...]:
        self.reconciling = True
        self.done_by.append(("reconcile", channel or "", by))
        return await self.reconcile_views()

    async def channel_views(self) -> tuple[ChannelView, ...]:
        return (ChannelView("falabella", "falabella", False, None, False),)

    async def go_live_preview(self, channel: str | None = None) -> GoLivePreview:
        return GoLivePreview("observe", False, await self.channel_views(), ())

    async def go_live(self, request: GoLiveRequest) -> GoLiveResult:
        self.went_live = request
        return GoLiveResult(NOW, ("falabella",), len(request.take_now), 0)

    async def backup(self, path: str, by: str) -> BackupResult:
        return BackupResult(path, 4096)

    async def registered(self) -> tuple[Registered, ...]:
        return (Registered("falabella", "webhook", "w1", "onOrderCreated"),)

    async def uninstall(self, ids: Sequence[str] | None, by: str) -> tuple[Registered, ...]:
        return tuple(replace(r, removed=True) for r in await self.registered() if ids is None or r.id in ids)


def config(**changes: object) -> WebConfig:
    doors = (
        Door("falabella", "falabella", SECRET, "FALABELLA_WEBHOOK_SECRET"),
        Door("odoo", "odoo", ODOO_SECRET, "ODOO_WEBHOOK_SECRET"),
    )
    base = WebConfig("0.0", ZoneInfo("America/Santiago"), doors, failed_proof_rate=Rate(10, 60))
    return replace(base, **changes)  # type: ignore[arg-type]


def open_doors(*, locally: bool) -> tuple[Door, ...]:
    return (
        Door("falabella", "falabella", None, "FALABELLA_WEBHOOK_SECRET", locally),
        Door("odoo", "odoo", None, "ODOO_WEBHOOK_SECRET", locally),
    )


@asynccontextmanager
async def client(
    house: House,
    settings: WebConfig | None = None,
    *,
    address: str = "127.0.0.1",
    host: str = "127.0.0.1:3000",
    counts: RequestCounts | None = None,
    counters: Counters | None = None,
) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(house, settings or config(), counts, counters)
    transport = httpx2.ASGITransport(app=app, client=(address, 50_000))
    async with httpx2.AsyncClient(transport=transport, base_url=f"http://{host}") as http:
        yield http


def order_work(ref: str, state: State = State.DUE, channel: str = "falabella") -> Work:
    return Work(
        id=f"order:{channel}:{ref}",
        kind=Kind.ORDER,
        channel=channel,
        ref=ref,
        state=state,
        wanted=2,
        done=1,
        rev=3,
        due_at=NOW,
        created_at=NOW,
        updated_at=NOW,
    )


def listing_work(ref: str, *, differs: bool) -> Work:
    listing = Listing("falabella", ref, ref, wanted=9 if differs else 10, live=Shown(10, NOW, 0))
    return replace(order_work(ref), id=f"listing:falabella:{ref}", kind=Kind.LISTING, own_seq=0, doc=listing)
