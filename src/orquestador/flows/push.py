"""Flow 2: due listings of one channel become numbers, and the numbers that differ become one job (design
§7.3-7.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from orquestador.flows.context import Context, jobs_lane, stock_lane
from orquestador.flows.events import JOB, of_job
from orquestador.flows.gathering import Gathering
from orquestador.flows.hands import in_hand
from orquestador.flows.jobs import JobFollower
from orquestador.flows.pause import LOOK_AGAIN_S, PAUSED, paused
from orquestador.flows.places import Overlaps
from orquestador.flows.poll import OrdersPoll
from orquestador.flows.rules import rules_of
from orquestador.model.errors import Ambiguous, AuthRefused, RateLimited, Rejected, Unavailable
from orquestador.model.logs import LogStatus
from orquestador.model.orders import Units
from orquestador.model.rules import Effective, decided_by
from orquestador.model.stock import (
    FROZEN,
    Availability,
    Job,
    JobRecord,
    JobState,
    Listing,
    net_quantity,
    urgency,
    written_quantity,
)
from orquestador.model.work import Kind, State, Work
from orquestador.ops.serving import serving
from orquestador.ports import Channel, Erp, ProductProblem, Save

UNKNOWN_AGAIN_S = 60.0
ERP_AWAY_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listing whose number should change."""

    work: Work
    wanted: int
    written: int
    closes: int | None = None
    """The version that a confirmation closes; None = the one that was claimed."""


class Pusher:
    """Computes and sends for one channel; one runner per channel."""

    def __init__(
        self, context: Context, erp: Erp, channel: Channel, poll: OrdersPoll, follower: JobFollower
    ) -> None:
        self._x, self._erp, self._channel = context, erp, channel
        self._poll, self._follower = poll, follower
        self._scope = context.settings.scope_of(channel.id)
        self._overlaps = Overlaps(context, erp, channel.id)
        self._owner = context.owner
        self._gathering = Gathering(context, channel)
        self._oversold: set[str] = set()

    async def run_once(self) -> int:
        """One batch of due listings; returns how many. Raises Unavailable or AuthRefused, with everything
        given back."""
        if self._x.gates.stopped(self._channel.id):
            return 0
        async with in_hand(self._x, stock_lane(self._channel.id)) as self._owner:
            return await self._run()

    async def _run(self) -> int:
        x, channel = self._x, self._channel
        works = await x.journal.claim(
            Kind.LISTING, self._owner, channel.max_batch, x.settings.lease_s, channel.id
        )
        if not works:
            return 0
        self._gathering.forget(works)
        try:
            candidates = await self._decide(works)
            if candidates and len(works) < channel.max_batch:
                # What became due meanwhile goes along: a scarce call must not be spent on a part of it.
                room = channel.max_batch - len(works)
                await self._gathering.bring_along([c.work for c in candidates], room)
                more = await x.journal.claim(
                    Kind.LISTING, self._owner, channel.max_batch - len(works), x.settings.lease_s, channel.id
                )
                if more:
                    works = [*works, *more]
                    candidates += await self._decide(more)
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

    async def _decide(self, works: Sequence[Work]) -> list[Candidate]:
        """Settle the listings that show the right number already; the rest are candidates."""
        x, channel = self._x, self._channel
        # This order matters: newest orders, then the units not yet proven out of the ERP, then what the ERP
        # still has (design §7.3). A unit counted twice on the way makes the number lower for a moment, never
        # higher.
        if channel.has_api:
            await self._poll.before_push()
        await self._save([_missing(w) for w in works if w.listing.missing])
        rules = await rules_of(x, channel.id, [w.listing for w in works])
        works = await self._aligned([w for w in works if not w.listing.missing], rules)
        skus = sorted({w.listing.sku for w in works})
        units = await x.journal.units([*skus, *(w.ref for w in works if w.ref not in skus)])
        try:
            unproven = await self._overlaps.unproven(units)
            if x.gates.pushes_stopped(self._scope):
                return await self._lowered(works, units, unproven, rules)
            known = await self._erp.availability(skus, self._scope)
        except Unavailable:
            # Without the ERP nobody can say which units leave other places: all of them count.
            everywhere = {sku: of.unproven for sku, of in units.items()}
            return await self._lowered(works, units, everywhere, rules)
        now, candidates, saves = x.clock.now(), [], []
        for work in works:
            answer = known.get(work.listing.sku)
            if not isinstance(answer, Availability):
                saves.append(self._unknown(work, answer, now))
                continue
            rule, waiting = rules[work.ref], unproven.get(work.listing.sku, 0)
            wanted = net_quantity(answer.available, waiting, rule.rule)
            candidate = Candidate(work, wanted, self._written(wanted, units, work.ref))
            listing = replace(
                work.listing,
                wanted=candidate.wanted,
                wanted_at=answer.as_of,
                available=answer.available,
                # The policy of now: the catalogue may not have been read since it changed.
                managed=rule.publish,
                rule=decided_by(answer.available, waiting, rule),
            )
            self._watch_oversold(listing, answer)
            if not listing.managed:
                saves.append(_settle(work, replace(listing, why="unmanaged"), now))
            elif rule.freeze is not None:
                saves.append(_settle(work, replace(listing, why=FROZEN), now))
            elif listing.shows(candidate.wanted, work.own_seq):
                why = "oversold" if answer.available < 0 else None
                saves.append(_settle(work, replace(listing, why=why), now))
            elif x.modes.of(channel.id) is None:
                saves.append(_settle(work, replace(listing, why="observing"), now))
            else:
                due = replace(work, doc=listing, urgency=urgency(listing, candidate.wanted))
                candidates.append(replace(candidate, work=due))
        await self._save(saves)
        return sorted(candidates, key=lambda c: -c.work.urgency)

    async def _lowered(
        self,
        works: Sequence[Work],
        units: Mapping[str, Units],
        unproven: Mapping[str, int],
        rules: Mapping[str, Effective],
    ) -> list[Candidate]:
        """While the ERP is away a known number may fall by what was sold since, never rise (design §7.3).

        These rows stay due, so that each gets its real number when the ERP is back.
        """
        x, candidates = self._x, []
        for work in works:
            listing = work.listing
            newest = listing.newest
            rule = rules[work.ref]
            live = x.modes.of(self._channel.id) is not None and rule.publish and rule.freeze is None
            if not live or newest is None or listing.available is None:
                continue
            waiting = unproven.get(listing.sku, 0)
            wanted = net_quantity(listing.available, waiting, rule.rule)
            if wanted < newest.quantity or (wanted == newest.quantity and newest.own_seq != work.own_seq):
                written = self._written(wanted, units, work.ref)
                use = decided_by(listing.available, waiting, rule)
                doc = replace(listing, wanted=wanted, wanted_at=x.clock.now(), why="erp_away", rule=use)
                due = replace(work, doc=doc, urgency=urgency(listing, wanted))
                candidates.append(Candidate(due, wanted, written, closes=work.done))
        taken = {c.work.id for c in candidates}
        rest = [w.id for w in works if w.id not in taken]
        await x.journal.release(self._owner, rest, x.clock.now() + ERP_AWAY_AGAIN_S)
        return candidates

    def _watch_oversold(self, listing: Listing, answer: Availability) -> None:
        """More was sold than there is: told once, when it shows."""
        if answer.available >= 0:
            self._oversold.discard(listing.sku)
        elif listing.sku not in self._oversold and listing.why != "oversold":
            # The listing says it only once its number is settled; until then it is looked at again and again.
            self._oversold.add(listing.sku)
            self._x.count("oversold")
            self._x.log(
                "stock.oversold",
                LogStatus.ERROR,
                response={"sku": listing.sku, "available": answer.available},
                skus=[listing.sku],
            )

    async def _aligned(self, works: Sequence[Work], rules: Mapping[str, Effective]) -> list[Work]:
        """Those that have the product, and are managed, as their rules say now. The others are stored so
        first and looked at again: before that no signal of their stock finds them."""
        saves, aligned = [], []
        for work in works:
            rule, listing = rules[work.ref], work.listing
            own = listing.seller_sku or listing.sku
            sku = rule.erp_sku or own
            if sku == listing.sku and (listing.managed or not rule.publish):
                aligned.append(work)
                continue
            # What was known of the other product is not known of this one.
            available = listing.available if sku == listing.sku else None
            doc = replace(listing, sku=sku, managed=rule.publish, available=available)
            doc = replace(doc, seller_sku=None if sku == own else own)
            saves.append(Save(replace(work, doc=doc, state=State.DUE, due_at=self._x.clock.now())))
        await self._save(saves)
        return aligned

    def _written(self, wanted: int, units: Mapping[str, Units], ref: str) -> int:
        own = units.get(ref, Units())
        return written_quantity(wanted, own, self._channel.id, self._channel.write_means)

    def _unknown(self, work: Work, problem: ProductProblem | None, now: float) -> Save:
        """Not a number: never 0 (design §7.3)."""
        listing = work.listing
        if problem is None:
            row = replace(
                work, state=State.WAITING, due_at=now + UNKNOWN_AGAIN_S, reason="erp_did_not_answer_sku"
            )
            return Save(row)
        why = problem.value
        state = State.DEAD if problem is ProductProblem.DUPLICATE else State.SETTLED
        row = replace(work, doc=replace(listing, why=why), state=state, reason=why, done=work.wanted)
        return Save(row)

    async def _send(self, candidates: Sequence[Candidate]) -> None:
        x, channel, now = self._x, self._channel, self._x.clock.now()
        if await paused(x):
            # The numbers go on being computed: what would change after `resume` can be looked at.
            await self._postpone(candidates, now + LOOK_AGAIN_S, PAUSED)
            return
        wait = await self._gathering.wait([c.work for c in candidates])
        if wait is not None:
            self._gathering.hold(c.work for c in candidates)
            await self._postpone(candidates, *wait)
            return
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
            await self._postpone(candidates, opened.retry_at, "budget")
            return
        taken = {record.work_id for record in opened.job.records} if opened.job else set()
        await self._give_back(c.work.id for c in candidates if c.work.id not in taken)
        if opened.job is None:
            return
        self._gathering.pushed(now)
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
            await self._follower.give_up(job, JobState.FAILED, f"rejected:{error.detail}", attempt=True)
        except (Unavailable, AuthRefused) as error:
            await self._follower.give_up(job, JobState.FAILED, f"away:{error.detail}")
            raise
        else:
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

    async def _postpone(self, candidates: Sequence[Candidate], at: float, why: str) -> None:
        saves = [
            Save(
                replace(
                    c.work,
                    doc=replace(c.work.listing, why=why),
                    state=State.WAITING,
                    due_at=at,
                    reason=why,
                )
            )
            for c in candidates
        ]
        await self._save(saves)

    async def _save(self, saves: Sequence[Save]) -> None:
        stored = await self._x.save(saves)
        await self._give_back(s.work.id for s, ok in zip(saves, stored, strict=True) if not ok)

    async def _give_back(self, ids: Iterable[str]) -> None:
        """Rows that somebody changed meanwhile are due again now, not when our lease is over."""
        if changed := list(ids):
            await self._x.journal.release(self._owner, changed)


def _missing(work: Work) -> Save:
    """A signal does not bring back an offer that the channel does not know."""
    return Save(replace(work, state=State.DEAD, done=work.wanted, reason="sku_not_found_on_channel"))


def _settle(work: Work, listing: Listing, now: float) -> Save:
    row = replace(
        work, doc=listing, state=State.SETTLED, done=work.wanted, reason=None, due_at=now, attempts=0
    )
    return Save(row)


def _shown(quantities: Mapping[str, int], most: int = 50) -> dict[str, object]:
    shown: dict[str, object] = dict(list(quantities.items())[:most])
    if len(quantities) > most:
        shown["…"] = f"{len(quantities) - most} more"
    return shown
