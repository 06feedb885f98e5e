"""Listings whose channel shows another number than it should although nothing is under way (design §8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from orquestador.model.work import State, Work

REFUSED = "refused"


class Drift(StrEnum):
    """Why the number differs, as far as can be told."""

    NEVER_SENT = "never_sent"
    """No push of ours ever went out for it."""
    REJECTED = "rejected"
    """The channel refuses our number; to repeat it helps nobody, a person has to look."""
    EDITED = "edited"
    """The channel's number changed with no own order and no job between: by hand, or by another tool."""
    SOLD = "sold"
    """Orders of the channel's own changed units since the number that we knew; or it shows again what was
    confirmed before them, as when a push that took long writes over a sale."""
    MISSED = "missed"
    """The channel shows what we knew; what it should show has changed, and nothing had told."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """One listing that differs."""

    sku: str
    ref: str
    shows: int
    should: int
    drift: Drift
    repaired: bool
    """Marked due; False for one that a person has to look at, or while the channel observes."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What one run over a channel found. Instants in seconds."""

    channel: str
    started_at: float
    finished_at: float
    listings: int = 0
    """Managed listings that were compared."""
    under_way: int = 0
    """Listings that a push or a signal already takes care of, left alone."""
    not_shown: int = 0
    """Managed listings for which the channel answered no number."""
    unknown: int = 0
    """Listings whose SKU the ERP has no number for."""
    frozen: int = 0
    """Listings that a person froze, left alone."""
    drift: dict[str, int] = field(default_factory=dict)
    """Listings by class."""
    repaired: int = 0
    items: tuple[Drifted, ...] = ()
    """The first ones, for a person."""


def under_way(work: Work) -> bool:
    """True while something else already looks after this listing."""
    return work.listing.job_id is not None or (
        work.state in (State.DUE, State.WAITING) and not _refused(work)
    )


def looked_at(work: Work) -> bool:
    """True for a listing whose number is ours to keep right, also one that the channel refuses."""
    listing = work.listing
    if not listing.managed or listing.missing:
        return False
    return work.state is not State.DEAD or _refused(work)


def drift_of(work: Work, shows: int) -> Drift:
    """The class of a settled or refused listing that shows another number than it should."""
    listing, newest = work.listing, work.listing.newest
    if _refused(work):
        return Drift.REJECTED
    if newest is not None and newest.own_seq != work.own_seq:
        return Drift.SOLD
    if newest is not None and newest.quantity != shows:
        before = listing.confirmed
        sold_since = before is not None and before.own_seq != work.own_seq and before.quantity == shows
        return Drift.SOLD if sold_since else Drift.EDITED
    return Drift.NEVER_SENT if listing.sent is None else Drift.MISSED


def _refused(work: Work) -> bool:
    """Refused by the channel for what it is: given up, or tried again later with its current number."""
    if work.state is State.DEAD:
        return (work.reason or "").startswith(f"{REFUSED}:")
    return work.state is State.WAITING and work.attempts > 0
