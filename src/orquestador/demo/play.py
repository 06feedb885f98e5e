"""Plays a scenario on the stage: waits are for a state, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from orquestador.demo.arithmetic import Fate, Row, all_agree, compare
from orquestador.demo.scenario import BodyOrder, MarketOrder, Notices, Scenario
from orquestador.demo.stage import E012_S, FEED_DELAY_S, SHUFFLE_S, Seen, Stage

SEEDED_UNITS = 1_000
LOOK_EVERY_S = 0.15
PATIENCE_S = 60.0
"""Given up when nothing that is seen has changed for so long."""
LONGEST_S = 300.0

_SWITCHES: dict[Notices, dict[str, float]] = {
    Notices.CALM: {"webhook_duplicate": 0, "webhook_reorder": 0},
    Notices.DOUBLED: {"webhook_duplicate": 1, "webhook_reorder": 0},
    Notices.SHUFFLED: {"webhook_duplicate": 1, "webhook_reorder": SHUFFLE_S},
}


class Audience(Protocol):
    """Who watches."""

    def phase(self, code: str, **facts: object) -> None: ...

    def seen(self, seen: Seen) -> None: ...


class Play:
    """One performance of a scenario."""

    def __init__(self, scenario: Scenario, stage: Stage, audience: Audience) -> None:
        self._scenario, self._stage, self._audience = scenario, stage, audience
        self._ids: dict[int, str] = {}
        self._next_look_at = 0.0

    def set_up(self) -> None:
        """The warehouse as it is before anything happens; listings still show their old numbers."""
        for sku, units in self._scenario.initial.items():
            self._stage.move(sku, units - SEEDED_UNITS)
        self._stage.switch(feed_delay_s=FEED_DELAY_S, e012_s=E012_S)

    def perform(self) -> tuple[Row, ...]:
        """All of it; the comparison once everything is quiet, or when it no longer gets there."""
        self._orders()
        self._until(self._ready_for_change)
        self._changes()
        self._audience.phase("demo.settling")
        self._until(lambda seen: seen.quiet and all_agree(self._rows(seen)))
        return self._rows(self._stage.see())

    def _orders(self) -> None:
        self._audience.phase("demo.ordering", n=len(self._scenario.orders))
        bodies = iter(self._scenario.body_orders)
        for notices in Notices:
            self._stage.switch(**_SWITCHES[notices])
            for n, order in self._market(notices):
                self._ids[n] = self._stage.place(
                    order.sale.lines, from_marketplace_stock=order.sale.from_marketplace_stock
                )
                if (told := next(bodies, None)) is not None:
                    self._tell(told)
                self._show()
            for n, order in self._market(notices):
                for status in order.steps:
                    self._stage.set_status(self._ids[n], status)
            # What is held back to be shuffled leaves now: later notices are of another kind.
            self._until(lambda seen: seen.notices_pending == 0)
        for told in bodies:
            self._tell(told)
            self._show()
        for n, _ in self._late():
            self._stage.set_status(self._ids[n], "ready_to_ship")
            self._stage.set_status(self._ids[n], "shipped")
        self._stage.switch(**_SWITCHES[Notices.CALM])

    def _changes(self) -> None:
        """Cancellations and a warehouse at work."""
        self._audience.phase("demo.changing")
        for n, order in enumerate(self._scenario.market_orders):
            if order.sale.fate is not Fate.SOLD:
                self._stage.set_status(self._ids[n], "canceled")
        for movement in self._scenario.movements:
            self._stage.move(movement.sku, movement.delta)

    def _ready_for_change(self, seen: Seen) -> bool:
        """What will be cancelled was taken out before, and what was dispatched is known to be: a cancellation
        that comes earlier is another story."""
        cancelled = {
            self._ids[n]
            for n, order in enumerate(self._scenario.market_orders)
            if order.sale.fate is not Fate.SOLD
        }
        return cancelled <= seen.taken and all(
            self._stage.knows_shipped(self._ids[n]) for n, _ in self._late()
        )

    def _market(self, notices: Notices) -> list[tuple[int, MarketOrder]]:
        orders = enumerate(self._scenario.market_orders)
        return [(n, order) for n, order in orders if order.notices is notices]

    def _late(self) -> list[tuple[int, MarketOrder]]:
        orders = enumerate(self._scenario.market_orders)
        return [(n, order) for n, order in orders if order.sale.fate is Fate.CANCELLED_LATE]

    def _tell(self, order: BodyOrder) -> None:
        for body in order.bodies:
            self._stage.tell(order.order_id, body)

    def _show(self) -> None:
        if time.monotonic() > self._next_look_at:
            self._look()

    def _look(self) -> Seen:
        began = time.monotonic()
        seen = self._stage.see()
        self._audience.seen(seen)
        # A big state is slow to read: at most a third of the time is spent looking.
        now = time.monotonic()
        self._next_look_at = now + max(LOOK_EVERY_S, 2 * (now - began))
        return seen

    def _until(self, reached: Callable[[Seen], bool]) -> None:
        """Look until it is so, or nothing has changed for PATIENCE_S; what is missing shows in the table."""
        before, began = None, time.monotonic()
        changed_at = began
        while True:
            seen = self._look()
            if reached(seen):
                return
            now = time.monotonic()
            if seen != before:
                before, changed_at = seen, now
            if now > changed_at + PATIENCE_S or now > began + LONGEST_S:
                return
            time.sleep(max(0.0, self._next_look_at - now))

    def _rows(self, seen: Seen) -> tuple[Row, ...]:
        return compare(self._scenario.expected, seen.erp, seen.listings)
