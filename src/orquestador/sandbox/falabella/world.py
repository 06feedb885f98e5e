"""The seller's account: everything the sandbox remembers, and what makes it move."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Literal

from orquestador.sandbox.falabella.budget import FeedBudget
from orquestador.sandbox.falabella.clock import SandboxClock
from orquestador.sandbox.falabella.country import COUNTRIES
from orquestador.sandbox.falabella.feeds import Feed, FeedEngine
from orquestador.sandbox.falabella.orders import Buyer, Item, Order, OrderBook, OrderLine, spelled
from orquestador.sandbox.falabella.stock import initial_stock
from orquestador.sandbox.falabella.switches import Switches
from orquestador.sandbox.falabella.webhooks import ALL_EVENTS, Webhooks

#: Actions with feed events by the documentation; it is older than UpdateStock (falabella.md 7.2).
PRODUCT_FEEDS = ("ProductUpdate",)

USER, KEY = "ops@example.com", "test-api-key-0000"


@dataclass(frozen=True, slots=True)
class Options:
    """How a sandbox is started."""

    seed_catalog: int = 100
    webhook: str | None = None
    latency: Literal["none", "measured"] = "none"
    clock: Literal["real", "fast"] = "real"
    business_unit: str = "FACL"
    fast_rate: float = 60.0
    user: str = USER
    key: str = KEY
    seed: int = 1


class World:
    """One seller. A change of state never awaits, so that calls do not interleave."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.country = COUNTRIES[options.business_unit]
        self.clock = SandboxClock(options.fast_rate if options.clock == "fast" else 1.0)
        self.closing = asyncio.Event()
        self._fill()

    def _fill(self) -> None:
        self.switches = Switches()
        self.rng = random.Random(self.options.seed)
        self.stock = initial_stock(self.options.seed_catalog)
        self.opened_at = self.clock.now()
        self.products: dict[str, dict[str, str]] = {
            sku: {"Price": f"{1990 + 10 * n}.00", "SpecialPrice": "", "Status": "active"}
            for n, sku in enumerate(self.stock.seller)
        }
        self.orders = OrderBook(self.stock)
        self.feeds = FeedEngine(self.stock, self.products)
        self.budget = FeedBudget()
        self.webhooks = Webhooks(self.clock, lambda: self.switches, self.rng)
        self.calls: Counter[str] = Counter()
        self.refused_429 = 0
        if self.options.webhook:
            self.webhooks.register(self.options.webhook, ALL_EVENTS, "web")

    async def reset(self) -> None:
        """A new account: nothing on its way, default switches. The clock goes on."""
        await self.webhooks.close()
        self._fill()
        self.clock.poke()

    async def run(self) -> None:
        """Moves feeds and webhooks on, whenever something is due."""
        while True:
            self.tick()
            due = [
                at for at in (self.feeds.next_due(self.switches), self.webhooks.next_due()) if at is not None
            ]
            await self.clock.sleep_until(min(due, default=None))

    def stop(self) -> None:
        """Ends every answer that hangs on purpose."""
        self.closing.set()
        self.clock.stop()

    async def close(self) -> None:
        await self.webhooks.close()

    def tick(self) -> None:
        """Brings the account to the present; every call does it first, so that no answer is stale."""
        now = self.clock.now()
        self.feeds.tick(now, self.switches, lambda feed: self._feed_event("onFeedCompleted", feed))
        self.webhooks.tick(now)

    def switch(self, changes: dict[str, Any]) -> None:
        self.switches = self.switches.merged(changes)
        self.clock.poke()

    def count_down(self, name: Literal["infra_html", "commit_then_timeout"]) -> bool:
        """Whether the next call has this fault; uses one up."""
        left: int = getattr(self.switches, name)
        if left <= 0:
            return False
        changes: dict[str, Any] = {name: left - 1}
        self.switches = replace(self.switches, **changes)
        return True

    def take_budget(self) -> bool:
        """Spends one feed-creating call, or counts the refusal."""
        switches = self.switches
        allowed = self.budget.take(
            self.clock.now(),
            burst=switches.budget_burst,
            interval_s=switches.budget_interval_s,
            per_day=switches.budget_per_day,
            strict=switches.budget_strict,
        )
        if not allowed:
            self.refused_429 += 1
        return allowed

    def accept_feed(self, feed: Feed) -> None:
        self._feed_event("onFeedCreated", feed)
        self.clock.poke()

    def place_order(
        self,
        lines: list[OrderLine],
        *,
        created_ago_s: float,
        status: str,
        notify: bool,
        buyer: Buyer | None = None,
        currency: str = "",
    ) -> Order:
        now = self.clock.now()
        order = self.orders.place(
            lines,
            now=now,
            created_at=now - created_ago_s,
            status=status,
            buyer=buyer,
            currency=currency or self.country.currency,
        )
        if notify:
            self.webhooks.notify("onOrderCreated", {"OrderId": order.order_id}, order.order_id)
        return order

    def set_status(self, order: Order, items: list[Item], status: str, *, notify: bool = True) -> list[Item]:
        """Moves the items and announces those that changed."""
        moves = not self.switches.order_time_stays
        changed = self.orders.set_status(order, items, status, self.clock.now(), order_moves=moves)
        if changed and notify:
            payload = {
                "OrderId": order.order_id,
                "OrderItemIds": [item.item_id for item in changed],
                "NewStatus": spelled(status, alternative=self.switches.alt_spelling),
            }
            self.webhooks.notify("onOrderItemsStatusChanged", payload, order.order_id)
        return changed

    def _feed_event(self, event: str, feed: Feed) -> None:
        wanted = self.switches.feed_events
        if wanted == "all" or (wanted == "product" and feed.action in PRODUCT_FEEDS):
            self.webhooks.notify(event, {"Feed": feed.feed}, feed.feed)
