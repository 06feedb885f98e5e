"""Our own flows in that day: the real workers and pusher over a journal file, on a clock that we move."""

from __future__ import annotations

import bisect
import contextlib
import math
import random
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.day.market import Day, Event, Feed, Market, TooMany, What, steps
from bench.day.simple import HEARD_AFTER_S, STEP_S
from orquestador.clock import ManualClock
from orquestador.flows.buffer_watch import AutoBuffers
from orquestador.flows.context import Context, FlowSettings
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import go_live, load_modes
from orquestador.flows.jobs import JobFollower
from orquestador.flows.orders import OrderWorker
from orquestador.flows.poll import CataloguePoll, OrdersPoll
from orquestador.flows.push import Pusher
from orquestador.flows.rules import change
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.brakes import Limits
from orquestador.model.budget import DAY_S, FALABELLA_FEEDS, BudgetSpec
from orquestador.model.errors import RateLimited
from orquestador.model.orders import LineState, SeenLine
from orquestador.model.rules import CHANNEL_WIDE, Auto
from orquestador.model.stock import RecordOutcome
from orquestador.model.work import Kind, State
from orquestador.ports import JobReport, Mark, OrderHead, WorkQuery
from orquestador.queue.local import LocalQueue
from tests.fakes.channel import FakeChannel
from tests.fakes.crash import Crash
from tests.fakes.erp import FakeErp
from tests.fakes.logs import NoLogs

MIDNIGHT = 1_750_000_000.0
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where a journal file costs no disk: its time is not what is measured."""


@dataclass
class DayErp(FakeErp):
    """The fake ERP without its sums over all documents: nothing is only promised here."""

    numbers: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.names = sorted(self.stock)
        self.numbers = {name: n for n, name in enumerate(self.names, 1)}

    def product(self, sku: str) -> int:
        return self.numbers[sku]

    def sku(self, product: int) -> str:
        return self.names[product - 1]

    def free(self, sku: str) -> float:
        return float(self.stock[sku])


@dataclass
class DayChannel(FakeChannel):
    """The fake channel on the market's numbers and limits."""

    market: Market | None = None
    kill_next: bool = False
    """The next call is paid and not made: the process ends before it."""
    budget: BudgetSpec = FALABELLA_FEEDS
    max_batch: int = 500
    _created: list[tuple[float, str]] = field(default_factory=list)
    _by_id: dict[str, Feed] = field(default_factory=dict)

    def bought(self, order_id: str, sku: str) -> None:
        line = SeenLine("0", sku, 1, LineState.COMMITTED, "pending", reserved=True)
        self.orders[order_id], self.created[order_id] = {"0": line}, self.now()
        self._created.append((self.now(), order_id))

    async def orders_updated(self, since: float) -> AsyncIterator[list[OrderHead]]:
        first = bisect.bisect_left(self._created, (since, ""))
        yield [OrderHead(i, f"N{i}", at, (), True, "new") for at, i in self._created[first:]]

    async def push(self, quantities: Mapping[str, int]) -> str:
        assert self.market is not None
        if self.kill_next:
            self.kill_next = False
            raise Crash
        try:
            feed = self.market.push(self.now() - MIDNIGHT, quantities)
        except TooMany:
            raise RateLimited("too many feeds") from None
        self._by_id[feed.id] = feed
        return feed.id

    async def report(self, external_id: str, refs: Sequence[str]) -> JobReport:
        done = self._by_id[external_id].applied
        return JobReport(done, dict.fromkeys(refs, (RecordOutcome.ACCEPTED, None)) if done else {})


@dataclass(frozen=True, slots=True)
class Pace:
    """`restart_every_s`: the process ends and another one opens the same file, every second time in the
    middle of a push that is paid and not made."""

    step_s: float = STEP_S
    restart_every_s: float = math.inf
    batch: int = 500
    auto_buffer: bool = False
    """With `buffer = auto` for the whole channel."""
    brakes: Limits = field(default_factory=Limits)


class Ours:
    def __init__(self, market: Market, pace: Pace = Pace()) -> None:
        self.name = "orquestador, buffer auto" if pace.auto_buffer else "orquestador"
        self.key = "orquestador_auto_buffer" if pace.auto_buffer else "orquestador"
        self.market = market
        self._pace = pace
        self._clock = ManualClock(MIDNIGHT)
        self._erp = DayErp(self._clock.now, dict(market.shelf))
        self._channel = DayChannel(self._clock.now, market.shown, market=market, max_batch=pace.batch)
        self._rng = random.Random(1)
        self._heard: list[tuple[float, str]] = []
        self._number = 0
        self.restarts = 0
        self.killed = 0

    async def run(self, day: Day, until: float = DAY_S) -> None:
        with tempfile.TemporaryDirectory(prefix="orq-day-", dir=MEMORY) as folder:
            file = Path(folder, "journal.sqlite3")
            await self._open(file)
            again = self._pace.restart_every_s
            for at, happened in steps(day, self._pace.step_s, until):
                ends = at >= again
                self._channel.kill_next = killed = ends and self.restarts % 2 == 0
                try:
                    await self._step(at, happened)
                except Crash:
                    self.killed += 1
                else:
                    ends = ends and not killed  # no push in this step: it dies in a later one
                if ends:
                    again += self._pace.restart_every_s
                    self.restarts += 1
                    await self._journal.close()
                    await self._open(file)
            await self._journal.close()
        self.market.close(until)

    async def _open(self, file: Path) -> None:
        clock, channel = self._clock, self._channel
        self._journal = await SqliteJournal.open(file, clock)
        self._x = x = Context(
            journal=self._journal,
            queue=LocalQueue(clock),
            erp=self._erp,
            channels={channel.id: channel},
            clock=clock,
            logs=NoLogs(),
            settings=FlowSettings(brakes=self._pace.brakes),
            owner=f"bench-{self.restarts}",
            new_id=lambda: f"{self._rng.getrandbits(64):016x}",
        )
        x.gates.report("erp", [])
        x.gates.report(channel.id, [])
        if self.restarts:
            await load_modes(x)
        else:
            await go_live(x, channel, ())
            if self._pace.auto_buffer:
                await change(x, channel.id, CHANNEL_WIDE, "bench", lambda f: replace(f, buffer=Auto.AUTO))
        await CataloguePoll(x, channel).run_once()
        self._follower = JobFollower(x, channel)
        self._pusher = Pusher(x, self._erp, channel, OrdersPoll(x, channel), self._follower)
        self._worker, self._lane = OrderWorker(x), ErpLane(x, self._erp)
        self._buffers, self._buffers_at = AutoBuffers(x), 0.0
        self._look_at = self._idle_until = 0.0

    async def _step(self, at: float, happened: Sequence[Event]) -> None:
        market, clock, journal = self.market, self._clock, self._journal
        clock.advance(MIDNIGHT + at - clock.now())
        market.run_feeds(at)
        signals = [f"order:{self._channel.id}:{i}" for e in happened if (i := self._happens(e))]
        heard = [Mark(sku, "erp") for due, sku in self._heard if due <= at]
        if at >= self._buffers_at and self._pace.auto_buffer:
            self._buffers_at = at + await self._buffers.run_once()
            self._idle_until = at
        if at < self._idle_until and not signals and not heard:
            return
        if signals:
            await journal.touch(signals, "webhook")
        if heard:
            self._heard = [(due, sku) for due, sku in self._heard if due > at]
            await journal.mark(heard)
        ran = bool(signals)
        while await self._worker.run_once():
            ran = True
        if ran or at % 60.0 < self._pace.step_s:  # nothing in the lane waits for less than a minute
            while await self._lane.run_once():
                ran = True
        if self._look_at <= clock.now():
            self._look_at = await self._follower.run_once() or math.inf
        while await self._pusher.run_once():
            ran, self._look_at = True, 0.0
        self._idle_until = at if ran else min(await self._next_due(), self._look_at) - MIDNIGHT

    async def _next_due(self) -> float:
        """When something of the flows is due by itself, at most a minute from now."""
        query = WorkQuery(Kind.LISTING, (State.WAITING, State.DUE), limit=500)
        rows, more = await self._journal.find(query)
        now = self._clock.now()
        free = [row.due_at for row in rows if row.listing.job_id is None]
        return now if more else min([now + 60.0, *free])

    def _happens(self, event: Event) -> str | None:
        """The order that came of it, if one did."""
        market, sku = self.market, event.sku
        if event.what is What.BUYER:
            if not market.buy(event.at, sku):
                return None
            self._number += 1
            self._channel.bought(str(self._number), sku)
            return str(self._number)
        if event.what is What.OTHER_TOOL:
            with contextlib.suppress(TooMany):
                market.spend(event.at)
            return None
        if event.what is What.ELSEWHERE and market.shelf[sku] <= 0:
            return None
        units = event.units if event.what is What.MOVE else -1
        market.move(event.at, sku, units)
        self._erp.move_by_hand(sku, units)
        self._heard.append((event.at + HEARD_AFTER_S, sku))
        return None
