"""What every flow needs: the ports, a few knobs, and the gates that say whether a flow may run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orquestador.flows.events import News, of_work
from orquestador.flows.failures import Failures
from orquestador.flows.pressure import Pressure
from orquestador.flows.recent_sales import RecentSales
from orquestador.flows.without import NoBroadcast, NoCache
from orquestador.model.brakes import Brake, Limits
from orquestador.model.golive import GoLive
from orquestador.model.logs import LogEntry, LogStatus
from orquestador.model.orders import OrderMode
from orquestador.model.pause import Pause
from orquestador.model.places import Scope, distinct
from orquestador.model.stock import Rule
from orquestador.model.work import Work
from orquestador.ports import (
    Broadcast,
    Cache,
    Channel,
    Clock,
    Erp,
    Finding,
    Journal,
    LogSink,
    Mark,
    Process,
    Queue,
    Save,
)

ORDERS_LANE = "orders"
ERP_LANE = "erp"
HINTS_LANE = "hints"


def stock_lane(channel: str) -> str:
    return f"stock:{channel}"


def jobs_lane(channel: str) -> str:
    return f"jobs:{channel}"


def stock_key(sku: str, scope: Scope | None = None) -> str:
    """What the cache calls the ERP's number of a SKU within a scope; None = the default one."""
    return f"stock:{sku}" if scope is None else f"stock@{scope}:{sku}"


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """Knobs of the flows; seconds unless the name says otherwise."""

    prefix: str = ""
    order_sources: Mapping[str, str] = field(default_factory=dict)
    """Per channel id; `auto` where none is said."""
    order_modes: Mapping[str, OrderMode] = field(default_factory=dict)
    """Per channel id; `deliver` where none is said."""
    warehouse: str | None = None
    """The default one; None = the only one there is."""
    scopes: Mapping[str, Scope] = field(default_factory=dict)
    """Per channel id; the stock of the default warehouse where none is said."""
    one_buyer: frozenset[str] = frozenset()
    """Channel ids whose sale orders all have one contact: their buyers are not read."""
    rules: Mapping[str, Rule] = field(default_factory=dict)
    """Per channel id, where nobody has set another one for the channel or the SKU."""
    publish: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    """Per channel id `all`, `none`, or the SKUs that are managed; `all` where nothing is said."""
    brakes: Limits = field(default_factory=Limits)
    fold_batch: int = 200
    erp_batch: int = 50
    lease_s: float = 30.0
    owner_lease_s: float = 9.0
    tick_s: float = 1.0
    feed_first_poll_s: float = 30.0
    feed_poll_s: float = 15.0
    orders_poll_s: float = 60.0
    orders_overlap_s: float = 900.0
    orders_wide_overlap_s: float = 48 * 3600.0
    orders_wide_every_s: float = 24 * 3600.0
    orders_reread_s: float = 6 * 3600.0
    """Every order that could still be cancelled is read at least so often."""
    erp_poll_s: float = 30.0
    erp_sweep_s: float = 1800.0
    catalogue_poll_s: float = 3600.0
    reconcile_s: float = 600.0
    check_s: float = 60.0
    erp_check_s: float = 60.0
    hint_delays_s: Sequence[float] = (2.0, 30.0, 150.0)
    receipt_ttl_s: float = 30 * 86_400.0
    log_ttl_s: float = 14 * 86_400.0
    order_close_s: float = 180 * 86_400.0
    manual_wait_s: float = 10.0

    def publishes(self, channel: str, sku: str) -> bool:
        """Whether the channel's publish policy includes a new listing of this SKU."""
        policy = self.publish.get(channel, "all")
        return policy == "all" if isinstance(policy, str) else sku in policy

    def rule_of(self, channel: str) -> Rule:
        return self.rules.get(channel, Rule())

    @property
    def default_scope(self) -> Scope:
        return Scope(self.warehouse)

    def scope_of(self, channel: str) -> Scope:
        return self.scopes.get(channel, self.default_scope)

    @property
    def warehouses(self) -> tuple[str | None, ...]:
        """Those in use, the default one first."""
        return tuple(dict.fromkeys((self.warehouse, *(s.warehouse for s in self.scopes.values()))))

    def lane_of(self, warehouse: str | None) -> str:
        """The ERP lane of a warehouse in use; of any other the default one's."""
        others = self.warehouses[1:]
        return f"{ERP_LANE}:{warehouse}" if warehouse in others else ERP_LANE


class Gates:
    """Findings that stop a flow (`erp`, or a channel id) until a later check is clean. Never the intake."""

    def __init__(self) -> None:
        self._findings: dict[str, tuple[Finding, ...]] = {}

    def report(self, upstream: str, findings: Sequence[Finding]) -> None:
        self._findings[upstream] = tuple(findings)

    def of(self, upstream: str) -> tuple[Finding, ...]:
        """What was found last; nothing before the first check."""
        return self._findings.get(upstream, ())

    def stopped(self, flow: str) -> Finding | None:
        """The first finding that stops this flow; a flow whose upstream was never checked is stopped too."""
        if flow not in self._findings:
            return Finding("not_checked_yet", "warning", {"upstream": flow}, stops=flow)
        return next((f for f in self._findings[flow] if f.stops == flow), None)

    def lane_stopped(self, warehouse: str | None) -> Finding | None:
        """The first finding that stops the ERP lane of this warehouse: of the ERP as a whole, or its own."""
        own = f"{ERP_LANE}:{warehouse or ''}"
        return self.stopped(ERP_LANE) or next((f for f in self.of(ERP_LANE) if f.stops == own), None)

    def pushes_stopped(self, scope: Scope) -> Finding | None:
        """The first finding that makes the ERP's numbers of this scope useless."""
        own = f"scope:{scope}"
        stopped = self.lane_stopped(scope.warehouse)
        return stopped or next((f for f in self.of(ERP_LANE) if f.stops == own), None)

    def findings(self) -> tuple[Finding, ...]:
        return tuple(f for found in self._findings.values() for f in found)


class Modes:
    """Which channels are live, and whether all of it is paused, as stored in the journal (`golive:<channel>`,
    `paused`, `brake:<channel>`)."""

    def __init__(self) -> None:
        self._live: dict[str, GoLive] = {}
        self.paused: Pause | None = None
        self.brakes: dict[str, Brake] = {}
        """Of each channel as it was read last; who decides by it reads it again (`flows.brakes`)."""
        self.followed: set[str] = set()
        """Channels whose work was looked at again after this process had heard of their go-live."""

    def set(self, channel: str, golive: GoLive) -> None:
        self._live[channel] = golive

    def of(self, channel: str) -> GoLive | None:
        return self._live.get(channel)

    @property
    def any_live(self) -> bool:
        return bool(self._live)


@dataclass(slots=True)
class Hands:
    """Owners of the leases on rows that the steps of this process have, or may have (`in_hand`)."""

    busy: set[str] = field(default_factory=set)
    doubtful: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Context:
    """Built once by the composition root; flows keep no other shared state."""

    journal: Journal
    queue: Queue
    erp: Erp | None
    channels: Mapping[str, Channel]
    clock: Clock
    logs: LogSink
    settings: FlowSettings
    owner: str
    new_id: Callable[[], str]
    alone: bool = True
    """No other process can serve this store (the embedded one): nothing needs a named lease."""
    died: Callable[[str], bool] = lambda owner: False
    """Whether this owner was a process of this machine that is surely gone."""
    processes: Sequence[Process] = ()
    """Who serves this store, as of a few seconds ago (`presence`); empty before the first look."""
    cache: Cache = field(default_factory=NoCache)
    broadcast: Broadcast = field(default_factory=NoBroadcast)
    news: News = field(default_factory=News)
    gates: Gates = field(default_factory=Gates)
    modes: Modes = field(default_factory=Modes)
    rng: random.Random = field(default_factory=random.Random)
    counters: dict[str, int] = field(default_factory=dict)
    failures: Failures = field(default_factory=Failures)
    pressure: Pressure = field(default_factory=Pressure)
    sales: RecentSales = field(default_factory=RecentSales)
    hands: Hands = field(default_factory=Hands)

    @property
    def mode(self) -> str:
        """`live` once every channel went live, else `observe`: what is stored, whatever MODE says."""
        return "live" if all(self.modes.of(c) is not None for c in self.channels) else "observe"

    @property
    def observing(self) -> tuple[str, ...]:
        """The channels that have not gone live."""
        return tuple(c for c in self.channels if self.modes.of(c) is None)

    def count(self, name: str, n: int = 1) -> None:
        self.counters[name] = self.counters.get(name, 0) + n

    def log(
        self,
        action: str,
        status: LogStatus,
        *,
        request: object = None,
        response: object = None,
        order_ids: Sequence[str] = (),
        skus: Sequence[str] = (),
        trace_id: str | None = None,
        links: Sequence[str] = (),
        service: str = "orchestrator",
        duration_ms: float = 0.0,
    ) -> None:
        """One log entry of ours, off the caller's path."""
        self.logs.write(
            LogEntry(
                id=self.new_id(),
                service=service,
                action=action,
                status=status,
                timestamp=self.clock.now(),
                request=request,
                response=response,
                duration_ms=duration_ms,
                order_ids=tuple(order_ids),
                skus=tuple(skus),
                trace_id=trace_id,
                links=tuple(links),
            )
        )

    async def save(self, saves: Sequence[Save]) -> list[bool]:
        """Save and wake whom it concerns: the ERP lane, the pushers, and workers of rows that are due at
        once, and those who watch."""
        if not saves:
            return []
        stored = await self.journal.save(saves)
        done = [save for save, ok in zip(saves, stored, strict=True) if ok]
        await self.wake_erp(save.work for save in done if save.effect_due_at is not None)
        await self.wake_stock(mark for save in done for mark in save.marks)
        for save in done:
            self.tell(save.work)
        return stored

    def tell(self, work: Work) -> None:
        """This row was saved: those who watch are told what is new."""
        if self.news.is_new(work):
            self.broadcast.publish(work.kind, of_work(work))

    async def wake_erp(self, works: Iterable[Work]) -> None:
        """Each row's ERP lane."""
        lanes: dict[str, list[str]] = {}
        for work in works:
            lane = self.settings.lane_of(self.settings.scope_of(work.channel).warehouse)
            lanes.setdefault(lane, []).append(work.id)
        for lane, ids in lanes.items():
            await self.queue.wake(lane, ids)

    async def wake_stock(self, marks: Iterable[Mark]) -> None:
        skus = {mark.sku for mark in marks}
        if skus:
            for channel in self.channels:
                await self.queue.wake(stock_lane(channel), skus)

    async def stock_changed(self, skus: Iterable[str]) -> None:
        """The ERP's numbers of these SKUs may be others now: no older answer is given after this."""
        scopes = [
            None,
            *(s for s in distinct(self.settings.scopes.values()) if s != self.settings.default_scope),
        ]
        await self.cache.forget([stock_key(sku, scope) for sku in dict.fromkeys(skus) for scope in scopes])

    async def reload(self, work: Work) -> Work | None:
        rows = await self.journal.get([work.id])
        return rows[0] if rows else None
