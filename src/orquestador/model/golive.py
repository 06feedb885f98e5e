"""Joining a shop that already sells: what was sold before go-live is history (design §6.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from orquestador.model.orders import Order


@dataclass(frozen=True, slots=True)
class GoLive:
    """The instant from which a channel's orders count, and the orders that were already there in that very
    second.

    Channels date orders in whole seconds (falabella.md 2.1), so the second of go-live itself is settled by
    `known`: the ids that the channel listed when go-live was given.
    """

    since: float
    known: tuple[str, ...] = ()
    pushes_approved: bool = True
    """False: the first push waits for a yes, which the channel's brake remembers."""

    def is_history(self, order: Order) -> bool:
        """True for an order sold before go-live, unless a person asked to take it out or we already did
        something."""
        if order.take_anyway or order.effects or any(line.taken for line in order.lines):
            return False
        if order.body_backed or order.created_at is None:
            return order.first_seen_at < self.since
        second = math.floor(self.since)
        return order.created_at < second or (order.created_at < second + 1 and order.order_id in self.known)
