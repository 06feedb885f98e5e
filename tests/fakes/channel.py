"""A marketplace in memory that keeps the promises of the `Channel` port, and breaks where a test tells it
to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from orquestador.model.budget import BudgetSpec
from orquestador.model.errors import Ambiguous, Rejected, Unavailable
from orquestador.model.notices import Notice, NoticeKind
from orquestador.model.orders import Announcement, LineState, SeenLine, SeenOrder
from orquestador.model.sales import Customer, SoldLine, SoldOrder
from orquestador.model.stock import RecordOutcome, WriteMeans
from orquestador.ports import CatalogueRow, Finding, JobReport, OrderHead, Receipt, Registration

RESERVES = (LineState.COMMITTED,)


@dataclass
class Feed:
    id: str
    quantities: dict[str, int]
    at: float
    finished: bool = False
    unknown: set[str] = field(default_factory=set)


@dataclass
class FakeChannel:
    """`shown` is what buyers see. A sale lowers it by itself, a cancellation gives it back, a feed
    overwrites it."""

    now: Callable[[], float]
    shown: dict[str, int] = field(default_factory=dict)
    orders: dict[str, dict[str, SeenLine]] = field(default_factory=dict)
    created: dict[str, float] = field(default_factory=dict)
    feeds: list[Feed] = field(default_factory=list)
    fault: str = ""
    needless: list[tuple[str, int]] = field(default_factory=list)
    """What was pushed although it showed already."""
    spoils: set[str] = field(default_factory=set)
    """Refs for whose sake a push is refused as a whole."""
    unpriced: set[str] = field(default_factory=set)
    sales_read: int = 0
    id: str = "shop"
    kind: str = "fake"
    has_api: bool = True
    budget: BudgetSpec = field(default_factory=lambda: BudgetSpec(1000, 1.0, 100_000))
    max_batch: int = 100
    write_means: WriteMeans = WriteMeans.NET
    live_means: WriteMeans = WriteMeans.NET

    def _take_fault(self) -> str:
        fault, self.fault = self.fault, ""
        if fault == "away":
            raise Unavailable("the channel is away")
        return fault

    # what happens over there

    def sell(self, order_id: str, items: Sequence[tuple[str, int]]) -> None:
        lines = {}
        for i, (sku, quantity) in enumerate(items):
            lines[str(i)] = SeenLine(str(i), sku, quantity, LineState.COMMITTED, "pending", reserved=True)
            self.shown[sku] -= quantity
        self.orders[order_id], self.created[order_id] = lines, self.now()

    def set_state(self, order_id: str, line_id: str, state: LineState) -> None:
        line = self.orders[order_id][line_id]
        if state is LineState.CANCELLED:
            self.shown[line.sku] += line.quantity
        self.orders[order_id][line_id] = replace(line, state=state, raw_state=state.value, reserved=False)

    def feeds_run(self) -> None:
        for feed in self.feeds:
            if not feed.finished:
                feed.finished = True
                feed.unknown = set(feed.quantities) - set(self.shown)
                self.shown.update(
                    {r: self._shows(r, q) for r, q in feed.quantities.items() if r in self.shown}
                )

    def _shows(self, ref: str, written: int) -> int:
        """What buyers see of a written number."""
        gross = self.write_means is WriteMeans.GROSS
        return written - self.reserved(ref) if gross else written

    def reserved(self, ref: str) -> int:
        """Units held back for orders that are not sent yet."""
        lines = [line for order in self.orders.values() for line in order.values()]
        return sum(line.quantity for line in lines if line.sku == ref and line.reserved)

    # the port

    async def read_sales(self, order_ids: Sequence[str], *, customers: bool) -> dict[str, SoldOrder]:
        """Everything costs 1,000; orders in `unpriced` say nothing."""
        self.sales_read += 1
        self._take_fault()
        sold = {}
        for order_id in order_ids:
            if order_id in self.orders:
                price = None if order_id in self.unpriced else Decimal(1000)
                lines = tuple(SoldLine(line, price) for line in self.orders[order_id])
                who = Customer("Buyer", email=f"{order_id}@example.com") if customers else None
                sold[order_id] = SoldOrder(order_id, None, "CLP", lines, who)
        return sold

    def read_notice(self, body: bytes, *, stock: bool) -> Notice:
        return Notice(NoticeKind.ORDER, (body.decode(),), "fake", body.decode())

    def simple_orders(self, receipts: Sequence[Receipt]) -> list[SeenOrder]:
        return []

    def announcements(self, receipts: Sequence[Receipt]) -> list[Announcement]:
        return []

    async def read_orders(self, order_ids: Sequence[str]) -> list[SeenOrder]:
        self._take_fault()
        return [
            SeenOrder(
                self.id, i, self.now(), tuple(self.orders[i].values()), f"N{i}", created_at=self.created[i]
            )
            for i in order_ids
            if i in self.orders
        ]

    async def orders_updated(self, since: float) -> AsyncIterator[list[OrderHead]]:
        self._take_fault()
        yield [
            OrderHead(i, f"N{i}", self.created[i], (), True, repr(lines)) for i, lines in self.orders.items()
        ]

    async def catalogue(self) -> AsyncIterator[list[CatalogueRow]]:
        self._take_fault()
        yield [CatalogueRow(sku, sku, quantity) for sku, quantity in self.shown.items()]

    async def live(self, refs: Sequence[str]) -> dict[str, int]:
        self._take_fault()
        return {ref: self._read(ref) for ref in refs if ref in self.shown}

    async def live_pages(self) -> AsyncIterator[dict[str, int]]:
        self._take_fault()
        yield {ref: self._read(ref) for ref in self.shown}

    def _read(self, ref: str) -> int:
        gross = self.live_means is WriteMeans.GROSS
        return self.shown[ref] + (self.reserved(ref) if gross else 0)

    async def push(self, quantities: Mapping[str, int]) -> str:
        fault = self._take_fault()
        if self.spoils & quantities.keys():
            raise Rejected("the feed is not readable")
        feed = Feed(f"feed-{len(self.feeds)}", dict(quantities), self.now())
        self.needless += [
            (r, q) for r, q in quantities.items() if r in self.shown and self._shows(r, q) == self.shown[r]
        ]
        if fault != "late":
            self.feeds.append(feed)
        if fault:
            raise Ambiguous("cut off")
        return feed.id

    async def report(self, external_id: str, refs: Sequence[str]) -> JobReport:
        self._take_fault()
        feed = next(f for f in self.feeds if f.id == external_id)
        return JobReport(
            feed.finished,
            {
                r: (RecordOutcome.NOT_FOUND if r in feed.unknown else RecordOutcome.ACCEPTED, None)
                for r in refs
            },
        )

    async def find_job(
        self, quantities: Mapping[str, int], since: float, known: frozenset[str]
    ) -> str | None:
        self._take_fault()
        return next(
            (f.id for f in self.feeds if f.id not in known and f.quantities == dict(quantities)), None
        )

    async def cancel_job(self, external_id: str) -> None: ...

    async def check(self) -> list[Finding]:
        return []

    async def registrations(self) -> list[Registration]:
        return []

    async def register(self, url: str) -> Registration:
        return Registration("1", url, ())

    async def unregister(self, registration_id: str) -> None: ...

    async def close(self) -> None: ...
