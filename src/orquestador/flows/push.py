"""Flow 2: due listings of one channel become numbers, and the numbers that differ become one job (design
§7.3-7.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orquestador.flows.brakes import HELD_AGAIN_S, Brakes
from orquestador.flows.context import Context, jobs_lane, stock_lane
from orquestador.flows.events import JOB, of_job
from orquestador.flows.gathering import Gathering
from orquestador.flows.halves import Halves
from orquestador.flows.hands import in_hand
from orquestador.flows.jobs import JobFollower
from orquestador.flows.live import Candidate, LiveCheck
from orquestador.flows.numbers import Numbers
from orquestador.flows.pause import LOOK_AGAIN_S, PAUSED, paused
from orquestador.flows.poll import OrdersPoll
from orquestador.model.errors import (
    AccessDenied,
    Ambiguous,
    AuthRefused,
    RateLimited,
    Rejected,
    StoreUnavailable,
    Unavailable,
)
from orquestador.model.logs import LogStatus
from orquestador.model.stock import Job, JobRecord, JobState
from orquestador.model.work import Kind, State, Work
from orquestador.ops.serving import serving
from orquestador.ports import Channel, Erp, Save

TOP_UPS = 3
"""Claims for one batch: what already shows its number leaves room for others."""
FOLD_AGAIN_S = 0.5
OUTRUN_MAX = 5
"""Looks in a row that own orders may make late."""
DENIALS_MAX = 8
"""More pushes in a row that are denied than it takes to find one listing: the account lacks the right."""
POISON_MAX = 5
"""Listings of one step that may be set aside for errors of ours; with more it is not about them."""


class Pusher:
    """Computes and sends for one channel; one runner per channel."""

    def __init__(
        self, context: Context, erp: Erp, channel: Channel, poll: OrdersPoll, follower: JobFollower
    ) -> None:
        self._x, self._channel = context, channel
        self._poll, self._follower = poll, follower
        self._numbers = Numbers(context, erp, channel)
        self._brakes = Brakes(context, channel.id)
        self._live = LiveCheck(context, channel)
        self._owner = context.owner
        self._gathering = Gathering(context, channel)
        self._halves = Halves()
        self._outrun: dict[str, int] = {}
        self._denials = DENIALS_MAX
        """In a row; before the first push nobody knows whether the account has the right."""
        self._poisoned = 0

    async def run_once(self) -> int:
        """One batch of due listings; returns how many. Raises Unavailable or AuthRefused, with everything
        given back."""
        if self._x.gates.stopped(self._channel.id):
            return 0
        await self._brakes.tidy()
        async with in_hand(self._x, stock_lane(self._channel.id)) as self._owner:
            return await self._run()

    async def _run(self) -> int:
        x, channel = self._x, self._channel
        works: list[Work] = []
        candidates: list[Candidate] = []
        self._poisoned = 0
        try:
            # What became due meanwhile goes along: a scarce call must not be spent on a part of it.
            for _ in range(TOP_UPS):
                room = channel.max_batch - len(candidates)
                more = await x.journal.claim(Kind.LISTING, self._owner, room, x.settings.lease_s, channel.id)
                if not more:
                    break
                works += more
                decided = await self._isolated(more)
                candidates += decided
                self._gathering.forget({w.id for w in more} - {c.work.id for c in decided})
                room = channel.max_batch - len(candidates)
                if not candidates or room <= 0:
                    break
                await self._gathering.bring_along([c.work for c in candidates], room)
            if candidates:
                with serving(
                    skus=list(dict.fromkeys(s for c in candidates for s in (c.work.listing.sku, c.work.ref)))
                ):
                    await self._send(candidates)
        except Exception:
            # Whatever went wrong, nobody's attempt is spent and the rows are looked at again soon.
            await x.journal.release(self._owner, [w.id for w in works], x.clock.now() + x.settings.tick_s)
            raise
        return len(works)

    async def _isolated(self, works: Sequence[Work]) -> list[Candidate]:
        """Decide, whatever one of them does: a listing that we cannot handle must not block its batch (P5).
        Halves of it, then, until that one is alone."""
        try:
            return await self._decide(works)
        except (Unavailable, AuthRefused, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - an edge: counted and told in _poison
            if len(works) == 1:
                await self._poison(works[0], error)
                return []
        fresh = {w.id: w.rev for w in await self._x.journal.get([w.id for w in works])}
        # What the try above has stored is decided.
        open_ = [w for w in works if fresh.get(w.id) == w.rev]
        half = (len(open_) + 1) // 2
        found: list[Candidate] = []
        for some in (open_[:half], open_[half:]):
            if some:
                found += await self._isolated(some)
        return found

    async def _poison(self, work: Work, error: Exception) -> None:
        """A bug of ours about one row: it goes to a person with the name of the error. Raises when it is
        about more than a few: then something else is wrong."""
        x = self._x
        self._poisoned += 1
        if self._poisoned > POISON_MAX:
            raise error
        x.count("push_internal_errors")
        reason = f"internal_error:{type(error).__name__}"
        row = replace(work, state=State.DEAD, done=work.wanted, reason=reason)
        await self._save([Save(row)])
        skus = list(dict.fromkeys((work.listing.sku, work.ref)))
        x.log("stock.dead", LogStatus.ERROR, response={"reason": reason}, skus=skus)

    async def _decide(self, works: Sequence[Work]) -> list[Candidate]:
        """Settle the listings that show the right number already; the rest are candidates."""
        if self._channel.has_api:
            read_at = max((w.listing.live.at for w in works if w.listing.live), default=0.0)
            await self._poll.before_push(read_at)
        decided = await self._numbers.decide(works)
        await self._save(decided.saves)
        if decided.later:
            await self._x.journal.release(self._owner, decided.later, decided.later_at)
        return await self._checked(decided.candidates)

    async def _checked(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Those of them that have to be sent, the most urgent first, by what the channel shows right now."""
        if not candidates or not await self._all_folded(candidates):
            return []
        read_at = self._x.clock.now()
        send, saves = await self._live.look(candidates)
        await self._save(saves)
        if send:
            # A sale of the last moment may show already: its order is read before its unit is offered again.
            await self._poll.before_push(read_at)
            if not await self._all_folded(send):
                return []
            send = await self._of_now(send)
        return sorted(send, key=lambda c: -c.work.urgency)

    async def _of_now(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Without those that orders changed since they were decided: sold since, or out of the ERP since and
        so counted twice. They are looked at again at once; one that sells all the time is not left out for
        ever."""
        journal = self._x.journal
        fresh = {w.id: w.own_seq for w in await journal.get([c.work.id for c in candidates])}
        units = await journal.units(sorted({c.work.listing.sku for c in candidates}))
        changed = [
            c.work.id
            for c in candidates
            if fresh.get(c.work.id) != c.work.own_seq or units[c.work.listing.sku].unproven != c.unproven
        ]
        self._outrun = {i: self._outrun.get(i, 0) + 1 for i in changed}
        late = {i for i in changed if self._outrun[i] <= OUTRUN_MAX}
        await self._give_back(late)
        return [c for c in candidates if c.work.id not in late]

    async def _all_folded(self, candidates: Sequence[Candidate]) -> bool:
        """Whether every order that was found counts in these numbers; else they are looked at again soon."""
        if await self._poll.all_folded():
            return True
        await self._postpone(candidates, self._x.clock.now() + FOLD_AGAIN_S, "orders_first")
        return False

    async def _send(self, candidates: Sequence[Candidate]) -> None:
        x, channel, now = self._x, self._channel, self._x.clock.now()
        if await paused(x):
            # The numbers go on being computed: what would change after `resume` can be looked at.
            await self._postpone(candidates, now + LOOK_AGAIN_S, PAUSED)
            return
        candidates, held = await self._brakes.sort(candidates)
        for why, some in held.items():
            self._gathering.forget(c.work.id for c in some)
            await self._postpone(some, now + HELD_AGAIN_S, why)
        if not candidates:
            return
        wait = await self._gathering.wait([c.work for c in candidates])
        if wait is not None:
            await self._hold(candidates, *wait)
            return
        candidates, later = self._halves.split(candidates)
        if later:
            await self._postpone(later, now + x.settings.tick_s, "coalescing")
        job = Job(
            id=x.new_id(),
            channel=channel.id,
            computed_at=now,
            records=tuple(
                JobRecord(
                    work_id=c.work.id,
                    ref=c.work.ref,
                    sku=c.work.listing.sku,
                    quantity=c.written,
                    wanted=c.wanted,
                    version=c.work.wanted if c.closes is None else c.closes,
                    own_seq=c.work.own_seq,
                )
                for c in candidates
            ),
            sent_at=now,
            next_look_at=now + x.settings.feed_first_poll_s,
        )
        opened = await x.journal.open_job(job, [c.work for c in candidates], channel.id, channel.budget)
        if opened.retry_at is not None:
            await self._hold(candidates, opened.retry_at, "budget")
            return
        taken = {record.work_id for record in opened.job.records} if opened.job else set()
        await self._give_back(c.work.id for c in candidates if c.work.id not in taken)
        if opened.job is None:
            return
        self._gathering.pushed(taken, now)
        x.broadcast.publish(JOB, of_job(opened.job))
        await self._call(opened.job)

    async def _call(self, job: Job) -> None:
        x, channel = self._x, self._channel
        quantities = {r.ref: r.quantity for r in job.records}
        try:
            external_id = await channel.push(quantities)
        except RateLimited as error:
            await x.journal.update_budget(channel.id, channel.budget, throttled=True)
            await self._follower.give_up(job, JobState.FAILED, f"rate_limited:{error.detail}")
        except Ambiguous as error:
            # It may have arrived: the follower looks it up before anything of it is sent again.
            await x.journal.save_job(replace(job, note=f"ambiguous:{error.detail}"))
            await x.queue.wake(jobs_lane(channel.id), [job.id])
        except Rejected as error:
            self._halves.refused(job)
            await self._follower.give_up(job, JobState.FAILED, f"rejected:{error.detail}", attempt=True)
        except AccessDenied as error:
            # A missing right refuses every push, a SKU that is not ours only its own (falabella.md 1.6).
            # As long as others are accepted, a lone listing is to blame.
            self._halves.refused(job)
            self._denials += 1
            allowed = self._denials <= DENIALS_MAX
            blamed = allowed and len(job.records) == 1
            note = f"rejected:{error.detail}" if blamed else f"away:{error.detail}"
            await self._follower.give_up(job, JobState.FAILED, note, attempt=blamed)
            if not allowed:
                raise
        except (Unavailable, AuthRefused) as error:
            await self._follower.give_up(job, JobState.FAILED, f"away:{error.detail}")
            raise
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - an edge: counted, told by the job, and tried in parts
            x.count("push_internal_errors")
            self._halves.refused(job)
            note = f"internal_error:{type(error).__name__}"
            await self._follower.give_up(job, JobState.UNVERIFIED, note, attempt=True)
        else:
            if self._denials > DENIALS_MAX:
                # The right is there now: what was in question was not about any listing.
                self._halves.forget()
            self._denials = 0
            self._halves.accepted(job)
            following = replace(job, state=JobState.FOLLOWING, external_id=external_id)
            await x.journal.save_job(following)
            await x.journal.update_budget(channel.id, channel.budget, throttled=False)
            await x.queue.wake(jobs_lane(channel.id), [job.id])
            x.log(
                "stock.push",
                LogStatus.PENDING,
                request={"job": job.id, "quantities": _shown(quantities)},
                response={"externalId": external_id},
                skus=job.skus,
            )

    async def _hold(self, candidates: Sequence[Candidate], at: float, why: str) -> None:
        """They wait for a call."""
        times = self._gathering.hold([c.work for c in candidates], at)
        await self._save([_later(c, until, why) for c, until in zip(candidates, times, strict=True)])

    async def _postpone(self, candidates: Sequence[Candidate], at: float, why: str) -> None:
        await self._save([_later(c, at, why) for c in candidates])

    async def _save(self, saves: Sequence[Save]) -> None:
        stored = await self._x.save(saves)
        await self._give_back(s.work.id for s, ok in zip(saves, stored, strict=True) if not ok)

    async def _give_back(self, ids: Iterable[str]) -> None:
        """Rows that somebody changed meanwhile are due again now, not when our lease is over."""
        if changed := list(ids):
            await self._x.journal.release(self._owner, changed)


def _later(candidate: Candidate, at: float, why: str) -> Save:
    work = candidate.work
    doc = replace(work.listing, why=why)
    return Save(replace(work, doc=doc, state=State.WAITING, due_at=at, reason=why))


def _shown(quantities: Mapping[str, int], most: int = 50) -> dict[str, object]:
    shown: dict[str, object] = dict(list(quantities.items())[:most])
    if len(quantities) > most:
        shown["…"] = f"{len(quantities) - most} more"
    return shown
