"""Follow each open job to the result of every record (design §7.5)."""

from __future__ import annotations

from dataclasses import replace

from orquestador.flows.context import Context, stock_lane
from orquestador.flows.events import JOB, of_job
from orquestador.flows.pause import paused
from orquestador.model.errors import Rejected, UpstreamError
from orquestador.model.logs import LogStatus
from orquestador.model.stock import Job, JobRecord, JobState, Listing, RecordOutcome, Shown, record_outcomes
from orquestador.model.work import ATTEMPTS_MAX, State, Work, backoff_s
from orquestador.ops.serving import serving
from orquestador.ports import Channel, Save

JOB_MAX_S = 600.0
LOOK_UP_MAX_S = 60.0
LOOK_UP_EVERY_S = 5.0
DOUBT_S = 3600.0
"""So long a push that was lost sight of may still arrive, and a number that is read proves nothing."""
CANCEL_TRIES_S = 60.0
"""So long a cancellation that fails is tried again before the listings are freed without it."""
UNANSWERED_MAX_S = 1800.0
"""A job that nobody can say anything about for so long must not hold its listings any longer."""


class JobFollower:
    """Looks at the open jobs of one channel; one runner per channel."""

    def __init__(self, context: Context, channel: Channel) -> None:
        self._x, self._channel = context, channel

    async def run_once(self) -> float | None:
        """Look at every job that is due; returns when the next one is, None = there is none.

        Raises the first UpstreamError, after the other jobs were looked at too: none of them hides another.
        """
        x, next_at, failed = self._x, None, None
        for job in await x.journal.open_jobs(self._channel.id):
            try:
                after = await self._look(job) if job.next_look_at <= x.clock.now() else job
            except UpstreamError as error:
                failed = failed or error
                continue
            if after.is_open:
                next_at = min(next_at or after.next_look_at, after.next_look_at)
        if failed is not None:
            raise failed
        return next_at

    async def _look(self, job: Job) -> Job:
        try:
            return await self._asked(job)
        except UpstreamError as error:
            if self._age(job) <= UNANSWERED_MAX_S:
                raise
            return await self.give_up(job, JobState.UNVERIFIED, f"unanswered:{error.detail}")

    def _age(self, job: Job) -> float:
        return self._x.clock.now() - (job.sent_at or job.computed_at)

    async def _asked(self, job: Job) -> Job:
        x, now, age = self._x, self._x.clock.now(), self._age(job)
        if job.external_id is None:
            return await self._look_up(job, age)
        try:
            with serving(skus=job.skus):
                report = await self._channel.report(job.external_id, [r.ref for r in job.records])
        except Rejected as error:
            return await self.give_up(job, JobState.UNVERIFIED, f"no_report:{error.detail}")
        if report.finished:
            return await self._finish(replace(record_outcomes(job, report.outcomes), note=report.note))
        # To cancel is a write: a paused installation goes on looking.
        if age > JOB_MAX_S and not await paused(x):
            try:
                await self._channel.cancel_job(job.external_id)
            except UpstreamError:
                if age <= JOB_MAX_S + CANCEL_TRIES_S:
                    raise
            return await self.give_up(job, JobState.UNVERIFIED, "no_end")
        waiting = replace(job, next_look_at=now + x.settings.feed_poll_s, note=report.note)
        await x.journal.save_job(waiting)
        return waiting

    async def _look_up(self, job: Job, age: float) -> Job:
        """The process died, or the answer was lost, between the call and the id: find the job by what it
        contains."""
        x = self._x
        known = frozenset(
            j.external_id for j in await x.journal.recent_jobs(job.channel, 200) if j.external_id
        )
        found = await self._channel.find_job(
            {r.ref: r.quantity for r in job.records}, job.sent_at or job.computed_at, known
        )
        if found is not None:
            named = replace(job, state=JobState.FOLLOWING, external_id=found, next_look_at=x.clock.now())
            await x.journal.save_job(named)
            return await self._asked(named)
        if age > LOOK_UP_MAX_S:
            return await self.give_up(job, JobState.UNVERIFIED, "never_arrived")
        later = replace(job, next_look_at=x.clock.now() + LOOK_UP_EVERY_S)
        await x.journal.save_job(later)
        return later

    async def give_up(self, job: Job, state: JobState, note: str, *, attempt: bool = False) -> Job:
        """Free its listings: each is due again with its current number. UNVERIFIED: it may still arrive."""
        given_up = replace(job, state=state)
        for record in job.records:
            unknown = replace(record, outcome=RecordOutcome.UNKNOWN, reason=note)
            await self._release(given_up, unknown, attempt=attempt)
        ended = replace(job, state=state, done_at=self._x.clock.now(), note=note)
        await self._x.journal.save_job(ended)
        self._tell(ended, LogStatus.ERROR)
        return ended

    async def _finish(self, job: Job) -> Job:
        for record in job.records:
            await self._release(job, record, attempt=record.outcome is RecordOutcome.REFUSED)
        done = replace(job, state=JobState.DONE, done_at=self._x.clock.now())
        await self._x.journal.save_job(done)
        refused = [r for r in done.records if r.outcome is not RecordOutcome.ACCEPTED]
        self._tell(done, LogStatus.ERROR if refused else LogStatus.SUCCESS)
        # What changed meanwhile had to wait for this job, and goes now.
        await self._x.queue.wake(stock_lane(job.channel), [r.sku for r in done.records])
        return done

    async def _release(self, job: Job, record: JobRecord, *, attempt: bool) -> None:
        """Write what became of one record to its listing; a signal may move the row meanwhile, so until it
        is stored."""
        while True:
            rows = await self._x.journal.get([record.work_id])
            if not rows or not isinstance(rows[0].doc, Listing) or rows[0].doc.job_id != job.id:
                return
            row = self._after(rows[0], job, record, attempt=attempt)
            if all(await self._x.save([Save(row)])):
                return

    def _after(self, work: Work, job: Job, record: JobRecord, *, attempt: bool) -> Work:
        now = self._x.clock.now()
        free = replace(
            work.listing, job_id=None, why=record.reason, sent=record.quantity, sent_at=job.sent_at
        )
        if job.state is JobState.UNVERIFIED:
            free = replace(free, doubt_until=now + DOUBT_S)
        match record.outcome:
            case RecordOutcome.ACCEPTED:
                shown = Shown(record.wanted, now, record.own_seq)
                return replace(
                    work,
                    doc=replace(free, confirmed=shown, doubt_until=None, why=work.listing.settled_why),
                    state=State.SETTLED,
                    done=max(work.done, record.version),
                    attempts=0,
                    reason=None,
                    due_at=now,
                )
            case RecordOutcome.NOT_FOUND:
                return replace(
                    work,
                    doc=replace(free, missing=True),
                    state=State.DEAD,
                    done=max(work.done, record.version),
                    reason="sku_not_found_on_channel",
                )
        attempts = work.attempts + 1 if attempt else work.attempts
        if attempts >= ATTEMPTS_MAX:
            return replace(
                work,
                doc=free,
                state=State.DEAD,
                attempts=attempts,
                done=max(work.done, record.version),
                reason=f"refused:{record.reason or ''}",
            )
        wait = backoff_s(attempts, self._x.rng.random()) if attempt else 0.0
        return replace(
            work, doc=free, state=State.WAITING, attempts=attempts, due_at=now + wait, reason=record.reason
        )

    def _tell(self, job: Job, status: LogStatus) -> None:
        """Its end, for those who watch and for those who look later."""
        self._x.broadcast.publish(JOB, of_job(job))
        bad = {
            r.ref: f"{r.outcome.value}:{r.reason or ''}"
            for r in job.records
            if r.outcome is not None and r.outcome is not RecordOutcome.ACCEPTED
        }
        self._x.log(
            "stock.confirm",
            status,
            request={"job": job.id, "externalId": job.external_id},
            response={
                "state": job.state.value,
                "records": len(job.records),
                "notAccepted": bad,
                "note": job.note,
            },
            skus=job.skus,
        )
