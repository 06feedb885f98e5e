"""The brake of one channel, asked just before a batch is sent (design §7.8, docs/adr/0022).

Counts, trip and approvals are one small fact of the journal, changed by compare-and-set: every process sees
the same, and a batch without a zero or a jump writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace

from pydantic import TypeAdapter

from orquestador.flows.context import Context
from orquestador.flows.events import PLAN
from orquestador.flows.live import Candidate
from orquestador.flows.walk import all_listings
from orquestador.model.brakes import (
    COUNTED,
    DAY_S,
    HELD,
    Brake,
    Change,
    Move,
    Trip,
    TripKind,
    is_counted,
    judge,
    move_of,
    release,
)
from orquestador.model.logs import LogStatus
from orquestador.model.plans import change_of
from orquestador.model.stock import Listing, held_back
from orquestador.model.work import State, Work
from orquestador.ports import Finding

HELD_AGAIN_S = 300.0
"""A held number is computed again after this, so that a plan shows what is true now."""
SIZE_FOR_S = 600.0
TIDY_EVERY_S = 30.0
SEEN_AFTER_S = 60.0
"""An own order that is this much older than the number that was read is in that number already."""
CAS_TRIES = 20
_STORED = TypeAdapter(Brake)


def stored_name(channel: str) -> str:
    """Under which name the journal keeps a channel's brake."""
    return f"brake:{channel}"


async def load_brakes(context: Context) -> None:
    """Read the brakes of all channels, for whoever is asked how things are."""
    for channel in context.channels:
        await read_brake(context, channel)


def _is_held(work: Work, trip: Trip) -> bool:
    if work.listing.job_id is not None or not work.differs:
        return False
    move = change_of(work).move
    return trip.kind is TripKind.FIRST_PUSH or move is Move.ZERO or move.up


async def read_brake(context: Context, channel: str) -> Brake:
    return (await _read(context, channel))[1]


async def _read(context: Context, channel: str) -> tuple[object, Brake]:
    """As it is stored, and as it is."""
    stored = await context.journal.get_meta(stored_name(channel))
    brake = as_stored(stored)
    context.modes.brakes[channel] = brake
    return stored, brake


async def change_brake(context: Context, channel: str, to: Callable[[Brake], Brake]) -> tuple[Brake, Brake]:
    """The brake before and after a change; `to` is asked again when somebody was faster."""
    x = context
    for _ in range(CAS_TRIES):
        stored, brake = await _read(x, channel)
        after = to(brake)
        if after is brake or await x.journal.swap_meta(stored_name(channel), stored, asdict(after)):
            x.modes.brakes[channel] = after
            return brake, after
    raise RuntimeError("a brake that others change all the time")


async def held_works(context: Context, channel: str, trip: Trip) -> list[Work]:
    """The listings that a tripped brake keeps from being sent, in no special order; also one that waits for
    something else at the moment."""
    found: list[Work] = []
    async for works in all_listings(context.journal, channel):
        found += [w for w in works if w.state in (State.DUE, State.WAITING) and _is_held(w, trip)]
    return found


def braked(channel: str, brake: Brake | None) -> Finding | None:
    """What a person is told of a brake that holds; one that was told no waits for the ERP's numbers."""
    if brake is None or brake.trip is None:
        return None
    trip = brake.trip
    facts = {
        "channel": channel,
        "plan": trip.id,
        "listings": trip.count,
        "limit": trip.limit,
        "window": trip.window.value,
    }
    if trip.rejected_at is not None:
        return Finding("plan_rejected", "warning", {**facts, "by": trip.rejected_by or "?"})
    code = "first_push" if trip.kind is TripKind.FIRST_PUSH else f"brake_{trip.kind.value}"
    return Finding(code, "error", facts)


def as_stored(stored: object | None) -> Brake:
    """The brake of a small fact that the journal keeps; None = nothing was ever counted."""
    return Brake() if stored is None else _STORED.validate_python(stored)


def shown_by(listing: Listing) -> int | None:
    return None if listing.newest is None else listing.newest.quantity


class Brakes:
    """Of one channel; where several processes push it, they share what is stored."""

    def __init__(self, context: Context, channel: str) -> None:
        self._x, self._channel = context, channel
        self._size: tuple[float, int] | None = None
        self._tidied_at = 0.0

    async def sort(
        self, candidates: Sequence[Candidate]
    ) -> tuple[list[Candidate], Mapping[str, list[Candidate]]]:
        """Which of them may be sent now; and the others, by the reason for which they wait. What counts is
        stored before this returns."""
        x = self._x
        golive = x.modes.of(self._channel)
        first = golive is not None and not golive.pushes_approved
        changes = await self._changes(candidates)
        counts = any(change.move in COUNTED and not change.explained for change in changes)
        size = await self._catalogue() if counts or first else 0
        new_id, held = x.new_id(), dict[str, str]()

        def judged(brake: Brake) -> Brake:
            nonlocal held
            limits, now = x.settings.brakes, x.clock.now()
            answer = judge(brake, changes, limits=limits, size=size, now=now, new_id=new_id, first=first)
            held = dict(answer.held)
            return answer.brake

        before, after = await change_brake(x, self._channel, judged)
        if after.trip is not None and before.trip is None:
            self._tell(after)
        waiting: dict[str, list[Candidate]] = {}
        for candidate in candidates:
            if why := held.get(candidate.work.ref):
                waiting.setdefault(why, []).append(candidate)
        return [_freed(c) for c in candidates if c.work.ref not in held], waiting

    async def tidy(self) -> None:
        """After a person's no: let go once nothing dangerous is held any more."""
        x, now = self._x, self._x.clock.now()
        trip = x.modes.brakes.get(self._channel, Brake()).trip
        if trip is None or trip.rejected_at is None or now < self._tidied_at + TIDY_EVERY_S:
            return
        self._tidied_at = now
        brake = await read_brake(x, self._channel)
        held = [change_of(work) for work in await held_works(x, self._channel, trip)]
        if trip.kind is TripKind.FIRST_PUSH or any(is_counted(change, brake, now) for change in held):
            return
        _, after = await change_brake(
            x, self._channel, lambda b: release(b, now) if b.trip is not None and b.trip.id == trip.id else b
        )
        if after.trip is None:
            x.log("plan.released", LogStatus.SUCCESS, response={"channel": self._channel, "plan": trip.id})
            tell_plan(x, self._channel, trip.id, "released")

    async def _changes(self, candidates: Sequence[Candidate]) -> list[Change]:
        zeroes = {
            c.work.ref: c for c in candidates if move_of(shown_by(c.work.listing), c.wanted) is Move.ZERO
        }
        sold = await self._sold(list(zeroes.values()))
        changes = []
        for candidate in candidates:
            ref, shows = candidate.work.ref, shown_by(candidate.work.listing)
            gone = sold.get(ref, 0) + held_back(candidate.work.listing)
            # While the ERP is away a number falls by what was sold, and by nothing else.
            explained = ref in zeroes and (
                candidate.closes is not None or (shows is not None and gone >= shows)
            )
            changes.append(Change(ref, shows, candidate.wanted, explained))
        return changes

    async def _sold(self, candidates: Sequence[Candidate]) -> Mapping[str, int]:
        """Units that orders of the last day took of what each listing shows, by ref."""
        if not candidates:
            return {}
        x = self._x
        skus = sorted({c.work.listing.sku for c in candidates})
        orders = await x.journal.recent_orders(skus, x.clock.now() - DAY_S)
        sales: dict[str, list[tuple[str, float, int]]] = {}
        for work in orders:
            order = work.order
            if order is None or order.adopted_by:
                continue
            for line in order.lines:
                if line.should_be_out:
                    sale = work.channel, order.first_seen_at, line.should_be_out
                    sales.setdefault(line.sku, []).append(sale)
        return {c.work.ref: self._of(c, sales.get(c.work.listing.sku, ())) for c in candidates}

    def _of(self, candidate: Candidate, sales: Sequence[tuple[str, float, int]]) -> int:
        """The channel takes its own sales off the number that it shows, so older ones explain nothing."""
        newest = candidate.work.listing.newest
        read_at = newest.at if newest is not None else 0.0
        return sum(
            units
            for channel, seen_at, units in sales
            if channel != self._channel or seen_at > read_at - SEEN_AFTER_S
        )

    async def _catalogue(self) -> int:
        """Listings that the shares are of: managed ones that show something, or did before we zeroed them."""
        x, now = self._x, self._x.clock.now()
        if self._size is None or now >= self._size[0] + SIZE_FOR_S:
            zeroed = (await read_brake(x, self._channel)).zeroed
            size = 0
            async for works in all_listings(x.journal, self._channel):
                size += sum(_in_catalogue(work, zeroed) for work in works)
            self._size = now, size
        return self._size[1]

    def _tell(self, brake: Brake) -> None:
        """The alert: in the log, to those who watch, and (by what is stored) in status and readiness."""
        x, trip = self._x, brake.trip
        assert trip is not None
        facts = {
            "channel": self._channel,
            "plan": trip.id,
            "kind": trip.kind.value,
            "window": trip.window.value,
            "listings": trip.count,
            "limit": trip.limit,
            "catalogue": trip.size,
        }
        first = trip.kind is TripKind.FIRST_PUSH
        x.count("first_pushes" if first else "brakes_tripped")
        x.log("stock.brake", LogStatus.PENDING if first else LogStatus.ERROR, response=facts)
        tell_plan(x, self._channel, trip.id, "waiting")


def _freed(candidate: Candidate) -> Candidate:
    """It goes now, so nothing says any more that it is held."""
    work = candidate.work
    if work.listing.why not in HELD:
        return candidate
    return replace(candidate, work=replace(work, doc=replace(work.listing, why=None)))


def tell_plan(context: Context, channel: str, plan: str, state: str) -> None:
    """Those who watch look at the plans again."""
    context.broadcast.publish(PLAN, {"channel": channel, "id": plan, "state": state})


def _in_catalogue(work: Work, zeroed: Mapping[str, float]) -> bool:
    listing = work.listing
    if not listing.managed or listing.missing:
        return False
    return shown_by(listing) != 0 or work.ref in zeroed
