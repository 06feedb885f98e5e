"""What a push would change, and what a brake holds of it until a person decides."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orquestador.model.brakes import Change, Move, Trip
from orquestador.model.work import State, Work


def change_of(work: Work, *, explained: bool = False) -> Change:
    """What a push would do to this listing, by what is known now."""
    listing = work.listing
    shows = None if listing.newest is None else listing.newest.quantity
    return Change(work.ref, shows, listing.wanted or 0, explained)


@dataclass(frozen=True, slots=True)
class Diff:
    """One listing whose number a push would change."""

    channel: str
    ref: str
    """The channel's key for the offer."""
    sku: str
    seller_sku: str | None
    shows: int | None
    """What buyers see, by what is known; None = nobody knows."""
    shows_at: float | None
    wanted: int
    wanted_at: float | None
    move: Move
    why: str | None
    """Why it was not sent yet."""
    state: State

    @property
    def change(self) -> Change:
        return Change(self.ref, self.shows, self.wanted)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a brake holds until a person decides."""

    channel: str
    trip: Trip
    works: Sequence[Work]

    @property
    def id(self) -> str:
        return self.trip.id

    @property
    def changes(self) -> Mapping[Move, int]:
        return Counter(change_of(work).move for work in self.works)

    @property
    def digest(self) -> str:
        """Which listings, and in which direction: another digest is another plan."""
        lines = sorted(f"{work.ref}\t{change_of(work).move.up}" for work in self.works)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]

    @property
    def diffs(self) -> list[Diff]:
        """The most dangerous first."""
        rank = (Move.ZERO, Move.JUMP, Move.RISE, Move.FALL, Move.SAME)
        diffs = (diff_of(work) for work in self.works)
        return sorted(diffs, key=lambda d: (rank.index(d.move), d.sku, d.ref))


class PlanChanged(Exception):
    """It is not what the person saw any more; nothing was approved."""


@dataclass(slots=True)
class Rehearsal:
    """What a push would do now, by numbers read for it."""

    looked: int = 0
    unknown: int = 0
    """Listings without a number: the ERP did not answer for them."""
    unread: int = 0
    """Listings whose channel did not say what it shows; what was known of them counts."""
    items: list[Diff] = field(default_factory=list)
    held: dict[tuple[str, str], str] = field(default_factory=dict)
    """Why each of those would wait, by channel and ref."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """Listings made due by a person."""

    due: int
    held: int
    """How many of them wait for a decision about a plan."""


def diff_of(work: Work) -> Diff:
    """Of a listing, by the numbers of the newest look."""
    listing, newest = work.listing, work.listing.newest
    change = change_of(work)
    return Diff(
        work.channel,
        work.ref,
        listing.sku,
        listing.seller_sku,
        change.shows,
        None if newest is None else newest.at,
        change.wanted,
        listing.wanted_at,
        change.move,
        listing.why,
        work.state,
    )
