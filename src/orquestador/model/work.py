"""One row per thing to keep right (design §5): an order, a listing, or a manual movement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orquestador.model.orders import ManualMovement, Order
from orquestador.model.stock import FROZEN, Listing

MANUAL_CHANNEL = "manual"
ATTEMPTS_MAX = 8
BACKOFF_BASE_S = 1.0
BACKOFF_MAX_S = 300.0


class Kind(StrEnum):
    ORDER = "order"
    LISTING = "listing"
    MOVEMENT = "movement"


class State(StrEnum):
    SETTLED = "settled"
    DUE = "due"
    WAITING = "waiting"
    DEAD = "dead"


Doc = Order | Listing | ManualMovement


@dataclass(frozen=True, slots=True)
class Work:
    """A row as it was read; every change is compare-and-set on `rev`.

    `wanted` and `own_seq` are moved by signals alone, so a signal never makes a running worker's save fail;
    a save that closes only an older version leaves the row due.
    """

    id: str
    kind: Kind
    channel: str
    ref: str
    state: State
    wanted: int
    done: int
    rev: int
    due_at: float
    attempts: int = 0
    urgency: float = 0.0
    own_seq: int = 0
    """Listing: how many times an order of its own channel changed its committed units."""
    reason: str | None = None
    """Why it waits or is dead, for a person."""
    failing_since: float | None = None
    created_at: float = 0.0
    updated_at: float = 0.0
    doc: Doc | None = None
    """None for a row that a signal created and no worker has looked at yet."""

    @property
    def order(self) -> Order | None:
        return self.doc if isinstance(self.doc, Order) else None

    @property
    def listing(self) -> Listing:
        assert isinstance(self.doc, Listing)
        return self.doc

    @property
    def differs(self) -> bool:
        """A managed listing whose computed number is not what its channel is known to show: what a push would
        send."""
        listing = self.doc
        if not isinstance(listing, Listing) or not listing.managed or listing.wanted is None:
            return False
        if listing.why == FROZEN:
            return False
        return not listing.shows(listing.wanted, self.own_seq)

    @property
    def movement(self) -> ManualMovement:
        assert isinstance(self.doc, ManualMovement)
        return self.doc


def work_id(kind: Kind, channel: str, ref: str) -> str:
    """`order:<channel>:<order>`, `listing:<channel>:<ref>`, `movement:manual:<key>`."""
    return f"{kind}:{channel}:{ref}"


def backoff_s(attempts: int, jitter: float) -> float:
    """Seconds until the next try after `attempts` failures; `jitter` in [0, 1) spreads them over half the
    span."""
    span = float(min(BACKOFF_MAX_S, BACKOFF_BASE_S * 2 ** min(attempts, 20)))
    return span * (0.5 + 0.5 * jitter)
