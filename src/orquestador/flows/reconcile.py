"""The live channel against what each listing should show: drift is classified, repaired, told (design §8).

Drift is a difference on two reads with no own order and no job between. A run reads all numbers of a channel
in pages, waits a moment for orders that would explain a difference, and reads those listings again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from orquestador.flows.context import Context, stock_lane
from orquestador.flows.live import MOVED_AGAIN_S
from orquestador.flows.places import Overlaps
from orquestador.flows.poll import OrdersPoll
from orquestador.flows.rules import rules_of
from orquestador.flows.walk import all_listings
from orquestador.model.drift import Drift, Drifted, Reconciled, drift_of, looked_at, under_way
from orquestador.model.errors import Unavailable
from orquestador.model.logs import LogStatus
from orquestador.model.orders import Units
from orquestador.model.rules import as_held
from orquestador.model.stock import Availability, Shown, WriteMeans, net_quantity
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import Channel, Erp, ProductProblem, Save

PAGE = 500
"""Listings a page, so at most as many SKUs a call of the ERP."""
CONFIRM_AFTER_S = MOVED_AGAIN_S
FAILED_AGAIN_S = 60.0
LOOK_S = 5.0
CAS_TRIES = 20
LOGGED = 50
ITEMS = 200
FOLD_LOOKS = 12
FOLD_LOOK_S = 1.0
_STORED = TypeAdapter(Reconciled)


@dataclass(slots=True)
class Progress:
    """How far a run is; read by those who watch."""

    phase: str = "idle"
    """idle | channel (its numbers are read) | compare | confirm"""
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    work: Work
    shows: int
    should: int
    read_at: float


@dataclass(frozen=True, slots=True)
class _Compared:
    seen: list[_Seen]
    unknown: int = 0
    """Without a number in the ERP."""
    frozen: int = 0


class Reconcile:
    """One channel. One run at a time in a process; two processes only ask twice, and repair once."""

    def __init__(self, context: Context, erp: Erp, channel: Channel, poll: OrdersPoll) -> None:
        self._x, self._erp, self._channel, self._poll = context, erp, channel, poll
        self._scope = context.settings.scope_of(channel.id)
        self._overlaps = Overlaps(context, erp, channel.id)
        self._lock = asyncio.Lock()
        self._not_before = 0.0
        self._first_at = context.clock.now()
        self.progress = Progress()

    @property
    def running(self) -> bool:
        return self._lock.locked()

    async def last(self) -> Reconciled | None:
        """The newest run, of whichever process."""
        stored = await self._x.journal.get_meta(f"reconcile:{self._channel.id}")
        try:
            return None if stored is None else _STORED.validate_python(stored)
        except ValidationError:
            return None  # written by another version

    async def run_when_due(self, every_s: float) -> float:
        """Run if the last run began `every_s` ago; returns the seconds until the next look. Raises what `run`
        raises, and then rests for a minute."""
        x, now = self._x, self._x.clock.now()
        last = await self.last()
        at = max(self._not_before, (last.started_at if last else self._first_at) + every_s)
        if now < at:
            return min(LOOK_S, at - now)
        if x.gates.stopped(self._channel.id) or x.gates.pushes_stopped(self._scope):
            return LOOK_S
        self._not_before = now + FAILED_AGAIN_S
        await self.run()
        return LOOK_S

    async def run(self) -> Reconciled:
        """Compare every listing, repair what differs. Raises Unavailable when the channel or the ERP does not
        answer; nothing was repaired then."""
        async with self._lock:
            try:
                return await self._run()
            finally:
                self.progress = Progress()

    async def _run(self) -> Reconciled:
        x, channel = self._x, self._channel
        result = Reconciled(channel.id, x.clock.now(), 0.0)
        await self._poll.before_push()
        first_read_at = x.clock.now()
        numbers = await self._all_numbers()
        self.progress = Progress("compare", 0, len(numbers))
        suspects: list[_Seen] = []
        # By id: pages of `find` are by last change, and rows that change meanwhile would be passed over.
        ids = [work_id(Kind.LISTING, channel.id, ref) for ref in sorted(numbers)]
        for start in range(0, len(ids), PAGE):
            works = await x.journal.get(ids[start : start + PAGE])
            mine = [w for w in works if looked_at(w)]
            # What is only due, or waits, may have drifted, too: it rests by the second read, or is left.
            idle = [w for w in mine if w.listing.job_id is None and not _confirmed_since(w, first_read_at)]
            compared = await self._compare(idle, numbers, first_read_at)
            suspects += [s for s in compared.seen if s.shows != s.should]
            result = replace(
                result,
                listings=result.listings + len(compared.seen),
                under_way=result.under_way + len(mine) - len(idle),
                unknown=result.unknown + compared.unknown,
                frozen=result.frozen + compared.frozen,
            )
            self.progress.done += len(ids[start : start + PAGE])
        result = replace(result, not_shown=await self._not_shown(numbers))
        drifted, busy = await self._confirmed(suspects) if suspects else ([], 0)
        items = await self._repair(drifted)
        result = replace(
            result,
            finished_at=x.clock.now(),
            under_way=result.under_way + busy,
            drift=dict(Counter(item.drift.value for item in items)),
            repaired=sum(item.repaired for item in items),
            items=tuple(items[:ITEMS]),
        )
        await x.journal.set_meta(f"reconcile:{channel.id}", _STORED.dump_python(result, mode="json"))
        self._tell(result, items)
        return result

    async def _not_shown(self, numbers: Mapping[str, int]) -> int:
        """Listings of ours without a number on the channel."""
        count = 0
        async for works in all_listings(self._x.journal, self._channel.id):
            count += sum(w.ref not in numbers and looked_at(w) and not under_way(w) for w in works)
        return count

    async def _all_numbers(self) -> dict[str, int]:
        numbers: dict[str, int] = {}
        self.progress = Progress("channel")
        async for page in self._channel.live_pages():
            numbers |= page
            self.progress.done = len(numbers)
        return numbers

    async def _compare(self, works: Sequence[Work], numbers: dict[str, int], read_at: float) -> _Compared:
        """What each shows and should show, by its rule; what a rule keeps from being sent is left out."""
        rules = await rules_of(self._x, self._channel.id, [w.listing for w in works])
        works = [w for w in works if rules[w.ref].publish]
        sent = [w for w in works if rules[w.ref].freeze is None]
        frozen = len(works) - len(sent)
        skus = sorted({w.listing.sku for w in sent})
        if not skus:
            return _Compared([], frozen=frozen)
        units = await self._x.journal.units([*skus, *(w.ref for w in sent if w.ref not in skus)])
        unproven = await self._overlaps.unproven(units)
        answers = await self._erp.availability(skus, self._scope)
        seen: list[_Seen] = []
        for work in sent:
            answer = answers.get(work.listing.sku)
            if isinstance(answer, Availability) or answer is ProductProblem.ARCHIVED:
                own = units.get(work.ref, Units())
                out = unproven.get(work.listing.sku, 0)
                should = 0  # archived: whatever a rule says
                if isinstance(answer, Availability):
                    rule = as_held(rules[work.ref], work.listing.auto_buffer)
                    should = net_quantity(answer.available, out, rule)
                shows = numbers[work.ref]
                if self._channel.live_means is WriteMeans.GROSS:
                    shows = max(0, shows - own.reserved.get(self._channel.id, 0))
                seen.append(_Seen(work, shows, should, read_at))
        return _Compared(seen, len(sent) - len(seen), frozen)

    async def _confirmed(self, suspects: Sequence[_Seen]) -> tuple[list[_Seen], int]:
        """Those that differ still, with no own order and no job between; and how many are under way."""
        x = self._x
        self.progress = Progress("confirm", 0, len(suspects))
        await x.clock.sleep(CONFIRM_AFTER_S)
        await self._poll.before_push(x.clock.now())
        for _ in range(FOLD_LOOKS):
            if await self._poll.all_folded():
                break
            await x.clock.sleep(FOLD_LOOK_S)
        found: list[_Seen] = []
        busy = 0
        for start in range(0, len(suspects), PAGE):
            some = {s.work.id: s for s in suspects[start : start + PAGE]}
            rows = [w for w in await self._rested(list(some)) if looked_at(w)]
            busy += sum(under_way(w) for w in rows)
            same = [w for w in rows if not under_way(w) and _untouched(some[w.id].work, w)]
            read_at = x.clock.now()
            numbers = await self._channel.live([w.ref for w in same])
            compared = await self._compare([w for w in same if w.ref in numbers], numbers, read_at)
            found += [s for s in compared.seen if s.shows != s.should]
            self.progress.done += len(some)
        return found, busy

    async def _rested(self, ids: Sequence[str]) -> list[Work]:
        """The rows once the signals that came meanwhile are dealt with, or after a while as they are."""
        rows = await self._x.journal.get(ids)
        for _ in range(FOLD_LOOKS):
            if not any(under_way(w) and w.listing.job_id is None for w in rows):
                break
            await self._x.clock.sleep(FOLD_LOOK_S)
            rows = await self._x.journal.get(ids)
        return rows

    async def _repair(self, drifted: Sequence[_Seen]) -> list[Drifted]:
        """What is done about each."""
        acts = self._x.modes.of(self._channel.id) is not None
        items: list[Drifted] = []
        due: dict[str, _Seen] = {}
        for seen in drifted:
            listing, drift = seen.work.listing, drift_of(seen.work, seen.shows)
            repaired = acts and drift is not Drift.REJECTED
            items.append(Drifted(listing.sku, listing.ref, seen.shows, seen.should, drift, repaired))
            if repaired:
                due[seen.work.id] = seen
        ids = list(due)
        for start in range(0, len(ids), PAGE):
            await self._mark({i: due[i] for i in ids[start : start + PAGE]})
        await self._x.queue.wake(stock_lane(self._channel.id), [s.work.listing.sku for s in due.values()])
        return items

    async def _mark(self, due: dict[str, _Seen]) -> None:
        """Store what they show, and make them due: the pusher reads once more and sends what differs. Two
        reads agreed already, so it need not wait for another. A signal, or the pusher, may move a row
        meanwhile, so until it is stored."""
        x = self._x
        for _ in range(CAS_TRIES):
            saves: list[Save] = []
            for row in await x.journal.get(list(due)):
                seen = due[row.id]
                if row.listing.job_id is None and _untouched(seen.work, row):
                    live = Shown(seen.shows, seen.read_at, row.own_seq)
                    doc = replace(row.listing, live=live, why=None)
                    now = x.clock.now()
                    saves.append(Save(replace(row, doc=doc, state=State.DUE, due_at=now, reason="reconcile")))
            stored = await x.save(saves)
            due = {s.work.id: due[s.work.id] for s, ok in zip(saves, stored, strict=True) if not ok}
            if not due:
                return

    def _tell(self, result: Reconciled, items: Sequence[Drifted]) -> None:
        x = self._x
        x.count("reconciles")
        x.count("reconcile_listings", result.listings)
        for drift in Drift:
            mine = [item for item in items if item.drift is drift]
            if not mine:
                continue
            x.count(f"drift_{drift.value}", len(mine))
            for start in range(0, len(mine), LOGGED):
                some = mine[start : start + LOGGED]
                shown = {item.sku: {"shows": item.shows, "should": item.should} for item in some}
                x.log(
                    "stock.drift",
                    LogStatus.ERROR if drift is Drift.REJECTED else LogStatus.SUCCESS,
                    request={"channel": result.channel, "class": drift.value},
                    response=shown,
                    skus=[item.sku for item in some],
                )
        x.log(
            "stock.reconcile",
            LogStatus.SUCCESS,
            request={"channel": result.channel},
            response={
                "listings": result.listings,
                "underWay": result.under_way,
                "notShown": result.not_shown,
                "drift": result.drift,
                "repaired": result.repaired,
            },
            duration_ms=(result.finished_at - result.started_at) * 1000,
        )


def _confirmed_since(work: Work, read_at: float) -> bool:
    """A job ended after the numbers were read: they may be older than what it wrote."""
    confirmed = work.listing.confirmed
    return confirmed is not None and confirmed.at > read_at


def _untouched(before: Work, now: Work) -> bool:
    """No own order and no job between. That it was looked at, and found right by what is known, explains
    nothing."""
    one, other = before.listing, now.listing
    return before.own_seq == now.own_seq and (one.sent_at, one.confirmed) == (other.sent_at, other.confirmed)


class Reconciles:
    """The channels of this process, for its own timer and for a person who asks now."""

    def __init__(self, context: Context, polls: dict[str, OrdersPoll]) -> None:
        self._x = context
        erp = context.erp
        self.of: dict[str, Reconcile] = {
            name: Reconcile(context, erp, context.channels[name], poll)
            for name, poll in polls.items()
            if erp is not None
        }
        self.problems: dict[str, str] = {}
        """Why the last run that a person asked for ended early."""
        self._asked: dict[str, asyncio.Task[None]] = {}

    def start(self, channel: str) -> None:
        """Run one now, unless one runs."""
        if self.of[channel].running:
            return
        self.problems.pop(channel, None)
        self._asked[channel] = asyncio.create_task(self._one(channel), name=f"reconcile:{channel}:asked")

    def running(self, channel: str) -> bool:
        asked = self._asked.get(channel)
        return self.of[channel].running or (asked is not None and not asked.done())

    async def _one(self, channel: str) -> None:
        try:
            await self.of[channel].run()
        except Unavailable as error:
            self.problems[channel] = error.detail
        except Exception as error:  # noqa: BLE001 - told to whoever asked, and the process goes on
            self._x.count("reconcile:internal_error")
            self.problems[channel] = getattr(error, "detail", None) or type(error).__name__

    async def stop(self) -> None:
        for task in self._asked.values():
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)
