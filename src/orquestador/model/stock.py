"""Listings and the number that each one should show (design §7)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from orquestador.model.orders import Units

LIVE_MOVED = "live_moved"
"""Why a listing is looked at: its number was read to have changed while nothing of ours did."""
FROZEN = "frozen"
"""Why the number of a listing is not sent: a person froze it, or its channel."""

ARCHIVED = "archived_sku"
"""Why a listing shows 0: its product is no longer sold."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How availability becomes a channel's number: hold `buffer` units back, show a `share` (0 to 1) of the
    rest, never more than `cap`; or a `fixed` number, as long as there are so many or `allow_oversell`."""

    buffer: int = 0
    cap: int | None = None
    share: float = 1.0
    fixed: int | None = None
    allow_oversell: bool = False


@dataclass(frozen=True, slots=True)
class RuleUse:
    """The field of a rule that gave a listing its number: its name, where it stands (`sku`, `channel`,
    `default`) and its value."""

    field: str
    level: str
    value: float
    speed: float | None = None
    """Of an automatic buffer: units sold an hour lately."""
    window_s: float | None = None
    """The same: seconds until a number that is sent next can show."""


@dataclass(frozen=True, slots=True)
class Availability:
    """What the ERP can still promise of a SKU over the configured locations; may be below 0 or a fraction."""

    sku: str
    available: float
    on_hand: float
    reserved: float
    as_of: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A number that the channel showed or accepted, when, and how many own orders we had seen by then."""

    quantity: int
    at: float
    own_seq: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A SKU's offer on one channel: what it should show, what was sent, what the channel accepted and what
    was read."""

    channel: str
    ref: str
    """The channel's own key for the offer (Falabella: SellerSku)."""
    sku: str
    location: str = ""
    managed: bool = True
    wanted: int | None = None
    wanted_at: float | None = None
    available: float | None = None
    """What the ERP could promise when it was last read, to fall from while it is away."""
    sent: int | None = None
    sent_at: float | None = None
    confirmed: Shown | None = None
    live: Shown | None = None
    job_id: str | None = None
    doubt_until: float | None = None
    """An earlier push may still arrive until then: that the right number shows now does not settle it."""
    missing: bool = False
    """The channel said that it does not know the ref; only a catalogue read, or a person, says otherwise."""
    why: str | None = None
    """Why the number is not newer, for a person."""
    seller_sku: str | None = None
    """The channel's SKU of the offer where a mapping gave it another one (`sku` is the ERP's)."""
    rule: RuleUse | None = None
    """Which rule gave `wanted`; None = it is what the ERP can promise."""
    auto_buffer: int | None = None
    """Units that an automatic buffer held back from `wanted`; None = its rule has none."""

    @property
    def settled_why(self) -> str | None:
        """What a person should know of a listing that shows its right number."""
        if self.why == ARCHIVED:
            return ARCHIVED
        return "oversold" if (self.available or 0.0) < 0 else None

    def doubtful(self, now: float) -> bool:
        """True while a number that shows is no proof, because a lost push may still write over it."""
        return self.doubt_until is not None and now < self.doubt_until

    def shows(self, quantity: int, own_seq: int) -> bool:
        """True when the newest thing we know is that the channel shows this number and no own order came
        since."""
        newest = self.newest
        return newest is not None and newest.quantity == quantity and newest.own_seq == own_seq

    @property
    def newest(self) -> Shown | None:
        """The newest number that we know the channel to show."""
        known = [s for s in (self.confirmed, self.live) if s is not None]
        return max(known, key=lambda s: s.at, default=None)


def net_quantity(available: float, unproven: int, rule: Rule) -> int:
    """The number a channel may show: max(0, rule(floor(free - unproven))) (design §7.3)."""
    free = max(0, free_units(available, unproven))
    if rule.fixed is not None:
        return rule.fixed if rule.allow_oversell else min(rule.fixed, free)
    shown = shared_units(free, rule)
    return shown if rule.cap is None else min(shown, rule.cap)


def free_units(available: float, unproven: int) -> int:
    """Whole units that nobody has bought; below 0 when more was sold than there is."""
    # 1e-6: quantities arrive as floats; 6.999999 is seven units, not six.
    return math.floor(available - unproven + 1e-6)


def shared_units(free: int, rule: Rule) -> int:
    """What of `free` units a rule leaves before its cap."""
    # The same for shares: 0.29 of 100 is 29.
    return math.floor(max(0, free - rule.buffer) * rule.share + 1e-6)


class WriteMeans(StrEnum):
    """What a written number means to the channel; not established for Falabella (falabella.md 3.2), hence a
    setting."""

    NET = "net"
    GROSS = "gross"


def written_quantity(net: int, units: Units, channel: str, means: WriteMeans) -> int:
    """What to write so that the channel shows `net`."""
    return net + units.reserved.get(channel, 0) if means is WriteMeans.GROSS else net


URGENT = 90.0
"""From here on a listing may use the calls that are kept: it falls to nothing, or near it to less than a
half."""
RETURNS = 60.0
"""From here on a listing is not gathered with others: it comes back, and shows nothing until then."""


def held_back(listing: Listing) -> int:
    """Units that an automatic buffer keeps from the number that is wanted, and that are there."""
    rule = listing.rule
    return int(rule.value) if rule is not None and rule.speed is not None else 0


NEAR_ZERO = 5
"""Units: below so many left a fall is as risky as it looks, above them ever less."""


def urgency(listing: Listing, wanted: int) -> float:
    """Who goes first when calls are scarce; larger is sooner. A falling number near zero is the riskiest."""
    newest = listing.newest
    if newest is None:
        return 1.0
    shown = newest.quantity
    if wanted >= shown:
        return RETURNS if shown == 0 < wanted else 0.0
    # What an automatic buffer holds back is there all the same: its change alone is never urgent.
    left = min(shown, wanted + held_back(listing))
    if left == 0:
        return 100.0
    return 10.0 + min(1.0, NEAR_ZERO / left) * min(80.0, 80.0 * (shown - left) / (left + 1))


class RecordOutcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One listing inside a push: the number, and the versions that it was computed from."""

    work_id: str
    ref: str
    sku: str
    quantity: int
    wanted: int
    version: int
    own_seq: int
    outcome: RecordOutcome | None = None
    reason: str | None = None


class JobState(StrEnum):
    SENDING = "sending"
    FOLLOWING = "following"
    DONE = "done"
    UNVERIFIED = "unverified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Job:
    """One push and its receipt on the channel (a Falabella feed), followed to the result of each record."""

    id: str
    channel: str
    records: tuple[JobRecord, ...]
    computed_at: float
    state: JobState = JobState.SENDING
    external_id: str | None = None
    sent_at: float | None = None
    next_look_at: float = 0.0
    done_at: float | None = None
    note: str | None = None

    @property
    def skus(self) -> list[str]:
        """Of the ERP and of the channel, where they differ: what the job is found by."""
        return list(dict.fromkeys(sku for r in self.records for sku in (r.sku, r.ref)))

    @property
    def is_open(self) -> bool:
        return self.state in (JobState.SENDING, JobState.FOLLOWING)


def record_outcomes(job: Job, outcomes: Mapping[str, tuple[RecordOutcome, str | None]]) -> Job:
    """The job with the outcome of each of its records, by channel ref; a ref without one is unknown."""
    records = tuple(
        replace(r, outcome=o, reason=why)
        for r in job.records
        for o, why in [outcomes.get(r.ref, (RecordOutcome.UNKNOWN, None))]
    )
    return replace(job, records=records)
