"""The feed engine: writes are queued and processed later, in order, SKU by SKU (falabella.md 4)."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from orquestador.sandbox.falabella.stock import SELLER_FACILITY, Stock
from orquestador.sandbox.falabella.switches import Switches

FeedStatus = Literal["Queued", "Processing", "Finished", "Canceled", "Error"]
FEED_STATUSES: tuple[FeedStatus, ...] = ("Queued", "Processing", "Finished", "Canceled", "Error")
LIST_WINDOW_S = 30 * 86_400.0


@dataclass(slots=True)
class Record:
    """One SKU of a feed. `quantity` None: the feed does not change its stock. `error` "": accepted."""

    sku: str
    quantity: int | None
    previous: int | None
    facility: str = SELLER_FACILITY
    fault: str = ""  # what is already wrong with the written record itself
    changes: dict[str, str] = field(default_factory=dict)
    error: str = ""
    applied: bool = False


@dataclass(slots=True)
class Feed:
    """One accepted write call. `previous` of a record is the number shown when it was accepted."""

    feed: str
    action: str
    at: float
    raw: str
    records: list[Record]
    status: FeedStatus = "Queued"
    updated_at: float = 0.0

    @property
    def ended(self) -> bool:
        return self.status in ("Finished", "Canceled", "Error")

    @property
    def failed(self) -> list[Record]:
        return [record for record in self.records if record.error]


class FeedEngine:
    """Feeds in the order of acceptance. Numbers apply when a feed is *processed*, not when it is sent."""

    def __init__(self, stock: Stock, products: dict[str, dict[str, str]]) -> None:
        self._stock = stock
        self._products = products
        self._open: list[Feed] = []
        self._last_end = 0.0
        self.feeds: dict[str, Feed] = {}

    def accept(self, action: str, raw: str, records: list[Record], now: float) -> Feed:
        feed = Feed(str(uuid.uuid4()), action, now, raw, records, updated_at=now)
        self.feeds[feed.feed] = feed
        self._open.append(feed)
        return feed

    def cancel(self, feed: Feed, now: float) -> bool:
        """Only a feed that still waits can be cancelled."""
        if feed.status != "Queued":
            return False
        feed.status, feed.updated_at = "Canceled", now
        self._open.remove(feed)
        return True

    def listed(self, now: float) -> list[Feed]:
        """The last 30 days, newest first."""
        return [feed for feed in reversed(self.feeds.values()) if feed.at >= now - LIST_WINDOW_S]

    def next_due(self, switches: Switches) -> float | None:
        """When the state of a feed changes next; None if nothing is under way."""
        if not self._open or (switches.feed_never_ends == "Queued"):
            return None
        starts = [feed.at + switches.feed_delay_s / 3 for feed in self._open if feed.status == "Queued"]
        ends = [] if switches.feed_never_ends else [self._end_of(self._open[0], switches)]
        return min(starts + ends, default=None)

    def tick(self, now: float, switches: Switches, on_end: Callable[[Feed], None]) -> None:
        """Brings every feed to its state at `now`; feeds end in the order in which they were accepted."""
        if switches.feed_never_ends == "Queued":
            return
        for feed in self._open:
            start = feed.at + switches.feed_delay_s / 3
            if feed.status == "Queued" and start <= now:
                feed.status, feed.updated_at = "Processing", start
        if switches.feed_never_ends:
            return
        while self._open and (end := self._end_of(self._open[0], switches)) <= now:
            feed = self._open.pop(0)
            self._process(feed, switches)
            feed.updated_at = self._last_end = end
            on_end(feed)

    def _end_of(self, feed: Feed, switches: Switches) -> float:
        return max(feed.at + switches.feed_delay_s, self._last_end)

    def _process(self, feed: Feed, switches: Switches) -> None:
        for record in feed.records:
            record.error = "Internal error" if switches.feed_error else self._refusal(record, switches)
            if record.error:
                continue
            if record.quantity is not None:
                self._stock.write(record.sku, record.quantity, switches.write_means, record.facility)
            self._products[record.sku].update(record.changes)
            record.applied = True
        feed.status = "Error" if switches.feed_error else "Finished"

    def _refusal(self, record: Record, switches: Switches) -> str:
        if self._stock.shown(record.sku) is None:
            return f"Seller SKU '{record.sku}' not found"
        if record.fault:
            return record.fault
        if record.quantity is not None and record.quantity < 0:
            return "Negative value is not allowed"
        return switches.reject_skus.get(record.sku, "")
