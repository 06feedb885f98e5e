"""Brakes: how many listings of a channel may be zeroed or jump before a person is asked (design §7.8)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

HOUR_S = 3_600.0
DAY_S = 86_400.0
APPROVAL_S = 1_800.0
"""A person's yes is about the numbers of now, not of this evening."""
COUNT_AGAIN_S = 300.0
"""A listing that is counted already is counted again only after this: while it waits for a call nothing is
written."""
JUMP_TIMES = 3
JUMP_UNITS = 20

BRAKE = "brake"
"""Why a listing waits while the brake holds it."""
FIRST_PUSH = "first_push"
"""Why a listing waits before a person has said yes to a channel's first push."""
HELD = frozenset({BRAKE, FIRST_PUSH})


class Move(StrEnum):
    """What a push would do to the number of a listing."""

    SAME = "same"
    """Sent again, because it is not sure that it shows."""
    FALL = "fall"
    ZERO = "zero"
    RISE = "rise"
    JUMP = "jump"

    @property
    def up(self) -> bool:
        return self in (Move.RISE, Move.JUMP)


COUNTED = (Move.ZERO, Move.JUMP)


@dataclass(frozen=True, slots=True)
class Limits:
    """From how many listings on a person is asked: a share of the catalogue, and never fewer than
    `listings`."""

    listings: int = 10
    hour: float = 0.10
    day: float = 0.30

    def stops_at(self, window: Window, size: int) -> int:
        """The count that is not reached without a yes, for a catalogue of this size."""
        share = self.hour if window is Window.HOUR else self.day
        # 1e-9: ten per cent of 200 is 20, whatever a float makes of it.
        return max(self.listings, math.ceil(share * size - 1e-9))


class Window(StrEnum):
    HOUR = "hour"
    DAY = "day"

    @property
    def seconds(self) -> float:
        return HOUR_S if self is Window.HOUR else DAY_S


@dataclass(frozen=True, slots=True)
class Change:
    """A number about to be sent; `shows` is what buyers see now (None: nobody knows)."""

    ref: str
    shows: int | None
    wanted: int
    explained: bool = False
    """Orders account for a fall to zero."""

    @property
    def move(self) -> Move:
        return move_of(self.shows, self.wanted)


def move_of(shows: int | None, wanted: int) -> Move:
    """A number that nobody knows is taken for the worse: not 0 before a zero, and 0 before a rise."""
    if wanted == 0:
        return Move.SAME if shows == 0 else Move.ZERO
    before = max(0, shows or 0)
    if wanted == before:
        return Move.SAME
    if wanted < before:
        return Move.FALL
    return Move.JUMP if is_jump(before, wanted) else Move.RISE


def is_jump(before: int, wanted: int) -> bool:
    return wanted >= JUMP_TIMES * before and wanted >= before + JUMP_UNITS


class TripKind(StrEnum):
    ZERO = "zero"
    JUMP = "jump"
    FIRST_PUSH = "first_push"
    """Nothing is wrong: a channel's first push waits for a yes."""


@dataclass(frozen=True, slots=True)
class Trip:
    """The brake holds since `tripped_at`; `id` is that of the plan that waits for a decision."""

    id: str
    tripped_at: float
    kind: TripKind
    window: Window = Window.HOUR
    count: int = 0
    """Listings that it would have been."""
    limit: int = 0
    """The count that is not reached without a yes."""
    size: int = 0
    """Of the catalogue, as it was counted then."""
    rejected_at: float | None = None
    rejected_by: str | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """A person's yes to one listing: a direction, and how far."""

    up: bool
    wanted: int
    until: float

    def covers(self, change: Change, now: float) -> bool:
        """Whether that yes was about this change too; numbers are computed again after it, and a worse one is
        asked again."""
        if now >= self.until or change.move.up is not self.up:
            return False
        if self.up:
            return not is_jump(self.wanted, change.wanted)
        return change.wanted > 0 or self.wanted == 0


@dataclass(frozen=True, slots=True)
class Brake:
    """What is kept of one channel. Every change is compare-and-set on the whole; `rev` grows with each."""

    rev: int = 0
    zeroed: Mapping[str, float] = field(default_factory=dict)
    """Listings that were sent as zero without an order that explains it, and when."""
    jumped: Mapping[str, float] = field(default_factory=dict)
    trip: Trip | None = None
    approved: Mapping[str, Approved] = field(default_factory=dict)
    opened_at: float | None = None
    """When a person said yes to the first push, where it needed one."""

    def counted(self, move: Move) -> Mapping[str, float]:
        return self.zeroed if move is Move.ZERO else self.jumped

    def covers(self, change: Change, now: float) -> bool:
        approved = self.approved.get(change.ref)
        return approved is not None and approved.covers(change, now)


@dataclass(frozen=True, slots=True)
class Judged:
    brake: Brake
    """To be stored before anything is sent, where it differs from the one that was read."""
    held: Mapping[str, str]
    """Why each of those waits that may not be sent, by ref."""


def is_counted(change: Change, brake: Brake, now: float) -> bool:
    """Whether it counts for the brake: a zero that no order explains, or a jump, that nobody said yes to."""
    if change.move is Move.ZERO and change.explained:
        return False
    return change.move in COUNTED and not brake.covers(change, now)


def judge(
    brake: Brake,
    changes: Sequence[Change],
    *,
    limits: Limits,
    size: int,
    now: float,
    new_id: str,
    first: bool,
) -> Judged:
    """What of a batch may be sent, and the brake after it.

    A batch that would go over a limit trips the brake as a whole: none of what counts in it is sent. `first`:
    the channel has not pushed before, and that needs a yes. `size`: listings that the shares are of.
    """
    trip = brake.trip
    if trip is None and first and brake.opened_at is None and changes:
        trip = Trip(new_id, now, TripKind.FIRST_PUSH, size=size)
    if trip is not None and trip.kind is TripKind.FIRST_PUSH:
        held = {c.ref: FIRST_PUSH for c in changes}
        return Judged(brake if trip is brake.trip else _next(brake, now, trip=trip), held)
    dangerous = [c for c in changes if is_counted(c, brake, now)]
    if trip is None:
        trip = _tripped(brake, dangerous, limits, size, now, new_id)
    if trip is None:
        return Judged(_count(brake, dangerous, now), {})
    stopped = {c.ref for c in dangerous}
    stopped |= {c.ref for c in changes if c.move.up and not brake.covers(c, now)}
    after = brake if trip is brake.trip else _next(brake, now, trip=trip)
    return Judged(after, dict.fromkeys(sorted(stopped), BRAKE))


def _tripped(
    brake: Brake, dangerous: Sequence[Change], limits: Limits, size: int, now: float, new_id: str
) -> Trip | None:
    for move in COUNTED:
        refs = {c.ref for c in dangerous if c.move is move}
        if not refs:
            continue
        for window in Window:
            since = now - window.seconds
            count = len(refs | {ref for ref, at in brake.counted(move).items() if at > since})
            stops_at = limits.stops_at(window, size)
            if count >= stops_at:
                return Trip(new_id, now, TripKind(move.value), window, count, stops_at, size)
    return None


def _count(brake: Brake, dangerous: Iterable[Change], now: float) -> Brake:
    """The same brake where all of them are counted already."""
    fresh = [c for c in dangerous if brake.counted(c.move).get(c.ref, -math.inf) <= now - COUNT_AGAIN_S]
    if not fresh:
        return brake
    return _next(
        brake,
        now,
        zeroed={**brake.zeroed, **{c.ref: now for c in fresh if c.move is Move.ZERO}},
        jumped={**brake.jumped, **{c.ref: now for c in fresh if c.move is Move.JUMP}},
    )


def _next(brake: Brake, now: float, **changes: object) -> Brake:
    """The brake after a change, without what is too old to count."""
    after = replace(brake, rev=brake.rev + 1, **changes)  # type: ignore[arg-type]
    return replace(
        after,
        zeroed={ref: at for ref, at in after.zeroed.items() if at > now - DAY_S},
        jumped={ref: at for ref, at in after.jumped.items() if at > now - DAY_S},
        approved={ref: yes for ref, yes in after.approved.items() if yes.until > now},
    )


def approve(brake: Brake, changes: Iterable[Change], now: float) -> Brake:
    """A person's yes to these changes, for half an hour. What was counted goes on counting, so that anything
    else soon asks again."""
    trip = brake.trip
    yes = {c.ref: Approved(c.move.up, c.wanted, now + APPROVAL_S) for c in changes if c.move is not Move.SAME}
    opened = now if trip is not None and trip.kind is TripKind.FIRST_PUSH else brake.opened_at
    return _next(brake, now, trip=None, approved={**brake.approved, **yes}, opened_at=opened)


def reject(brake: Brake, now: float, by: str) -> Brake:
    """A person's no: what is held stays held, until nothing in it is dangerous any more (`release`)."""
    trip = brake.trip
    if trip is None or trip.rejected_at is not None:
        return brake
    return _next(brake, now, trip=replace(trip, rejected_at=now, rejected_by=by))


def release(brake: Brake, now: float) -> Brake:
    """After a no, when the numbers that were refused are gone: the brake holds no longer."""
    return _next(brake, now, trip=None)
