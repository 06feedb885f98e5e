"""Contract of a journal, part 4: listings, jobs and the budget that pays for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from orquestador.clock import ManualClock
from orquestador.model.budget import FALABELLA_FEEDS, BudgetSpec
from orquestador.model.stock import Job, JobState, Shown
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import Journal, Mark, OpenedJob, Save
from tests.contract.journal_data import (
    CHANNEL,
    claimed_ids,
    job_of,
    listing_id,
    listing_row,
    order_row,
    seen,
    settle,
    the_row,
)

BUDGET = "falabella"


async def _claimed(journal: Journal, clock: ManualClock, *skus: str) -> list[Work]:
    await journal.upsert_listings([listing_row(sku) for sku in skus])
    return await journal.claim(Kind.LISTING, "w1", 100, 30)


async def _open(journal: Journal, job: Job, works: list[Work]) -> OpenedJob:
    return await journal.open_job(job, works, BUDGET, FALABELLA_FEEDS)


class ListingContract:
    # rows

    async def test_upsert_creates_due_rows_once(self, journal: Journal, clock: ManualClock) -> None:
        assert await journal.upsert_listings([listing_row("S1"), listing_row("S2")]) == 2
        await settle(journal, clock, listing_id("S1"))
        assert await journal.upsert_listings([listing_row("S1"), listing_row("S3")]) == 1
        assert sorted(await claimed_ids(journal, Kind.LISTING)) == [listing_id("S2"), listing_id("S3")]

    async def test_upsert_refreshes_what_is_live_and_another_number_is_due(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        def read(quantity: int) -> Work:
            row = listing_row("S1")
            return replace(row, doc=replace(row.listing, live=Shown(quantity, clock.now(), 0), wanted=99))

        await journal.upsert_listings([read(7)])
        await journal.mark([Mark("S1", "test", own_channel=CHANNEL)])
        await settle(journal, clock, listing_id("S1"))
        for quantity, state in ((7, State.SETTLED), (8, State.DUE)):
            clock.advance(1.0)
            before = await the_row(journal, listing_id("S1"))
            await journal.upsert_listings([read(quantity)])
            row = await the_row(journal, listing_id("S1"))
            # What is read counts with the own orders that were known by then.
            assert row.listing.live == Shown(quantity, clock.now(), 1)
            assert (row.listing.wanted, row.state) == (before.listing.wanted, state)
            assert row.rev > before.rev

    async def test_upsert_does_not_believe_a_number_that_may_be_older_than_a_signal(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.upsert_listings([listing_row("S1")])
        read = listing_row("S1")
        live = replace(read.listing, live=Shown(7, clock.now(), 0))
        await journal.upsert_listings([replace(read, doc=live)])
        assert (await the_row(journal, listing_id("S1"))).listing.live is None

    async def test_upsert_does_not_touch_a_listing_in_an_open_job(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        works = await _claimed(journal, clock, "S1")
        await _open(journal, job_of("j1", *works, at=clock.now()), works)
        read = listing_row("S1")
        live = replace(read.listing, live=Shown(7, clock.now(), 0))
        assert await journal.upsert_listings([replace(read, doc=live)]) == 0
        row = await the_row(journal, listing_id("S1"))
        assert (row.listing.live, row.listing.job_id) == (None, "j1")

    async def test_another_sku_behind_an_offer_makes_it_due(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.upsert_listings([listing_row("S1")])
        await settle(journal, clock, listing_id("S1"))
        read = listing_row("S1")
        await journal.upsert_listings([replace(read, doc=replace(read.listing, sku="NEW"))])
        assert [w.id for w in await journal.listings_for(["NEW"])] == [listing_id("S1")]
        assert await journal.listings_for(["S1"]) == []
        assert await claimed_ids(journal, Kind.LISTING) == [listing_id("S1")]

    async def test_an_offer_follows_the_publish_policy_and_is_due_when_it_comes_in(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        row = listing_row("S1")
        for managed, due in ((True, [listing_id("S1")]), (False, []), (True, [listing_id("S1")])):
            await journal.upsert_listings([replace(row, doc=replace(row.listing, managed=managed))])
            assert (await the_row(journal, listing_id("S1"))).listing.managed is managed
            assert await claimed_ids(journal, Kind.LISTING) == due
            await settle(journal, clock, listing_id("S1"))

    async def test_a_walk_over_all_listings_misses_none_that_changes_meanwhile(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        refs = ["B:2", "a", "ñ", "Z", "\0", "~"]
        rows = [listing_row(ref) for ref in refs]
        elsewhere = [replace(row, id=work_id(Kind.LISTING, f"{CHANNEL}2", row.ref)) for row in rows]
        await journal.upsert_listings([*rows, *elsewhere])
        await journal.save([Save(order_row(seen("A1", ("S1", 1), at=clock.now())))])
        walked: list[str] = []
        last = ""
        while page := await journal.listings(CHANNEL, 2, last):
            last = page[-1].id
            walked += [work.ref for work in page]
            clock.advance(1.0)
            await journal.touch([work.id for work in rows], "rule")
        assert sorted(walked) == sorted(refs)
        assert walked == sorted(refs, key=str.encode)
        assert len(await journal.listings(None, 100)) == 2 * len(refs)
        assert await journal.listings("nobody", 100) == []

    async def test_listings_for_many_skus(self, journal: Journal) -> None:
        await journal.upsert_listings([listing_row(f"S{n}") for n in range(600)])
        found = await journal.listings_for([f"S{n}" for n in range(600)])
        assert len(found) == 600

    # jobs

    async def test_a_job_claims_its_listings_and_pays_one_call(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        works = await _claimed(journal, clock, "S1", "S2")
        changed = [replace(w, doc=replace(w.listing, wanted=5)) for w in works]
        job = job_of("j1", *works, at=clock.now())
        assert await _open(journal, job, changed) == OpenedJob(job)
        assert await journal.open_jobs(CHANNEL) == [job]
        for sku in ("S1", "S2"):
            listing = (await the_row(journal, listing_id(sku))).listing
            assert (listing.job_id, listing.wanted) == ("j1", 5)
        assert (await journal.budget(BUDGET, FALABELLA_FEEDS)).tokens == 48
        assert (await journal.counts()).open_jobs == 1

    async def test_a_job_leaves_out_listings_that_moved_on(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        works = await _claimed(journal, clock, "S1", "S2")
        moved = next(w for w in works if w.ref == "S1")
        await journal.save([Save(replace(moved, reason="moved on", state=State.WAITING))])
        opened = await _open(journal, job_of("j1", *works, at=clock.now()), works)
        assert opened.job is not None
        assert [r.ref for r in opened.job.records] == ["S2"]
        assert (await the_row(journal, moved.id)).listing.job_id is None

    async def test_a_listing_is_in_one_open_job_at_most(self, journal: Journal, clock: ManualClock) -> None:
        works = await _claimed(journal, clock, "S1")
        await _open(journal, job_of("j1", *works, at=clock.now()), works)
        again = [await the_row(journal, listing_id("S1"))]
        refused = await _open(journal, job_of("j2", *again, at=clock.now()), again)
        assert refused == OpenedJob(None)
        assert [j.id for j in await journal.open_jobs(CHANNEL)] == ["j1"]
        assert (await journal.budget(BUDGET, FALABELLA_FEEDS)).tokens == 48

    async def test_an_empty_budget_changes_nothing_and_says_when(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        spec = BudgetSpec(burst=1, interval_s=120, per_day=770)
        works = await _claimed(journal, clock, "S1", "S2")
        first = await journal.open_job(job_of("j1", works[0], at=clock.now()), works[:1], BUDGET, spec)
        assert first.job is not None
        second = job_of("j2", works[1], at=clock.now())
        empty = await journal.open_job(second, works[1:], BUDGET, spec)
        assert empty == OpenedJob(None, retry_at=clock.now() + 120)
        row = await the_row(journal, works[1].id)
        assert (row.listing.job_id, row.rev) == (None, works[1].rev)
        assert [j.id for j in await journal.open_jobs(CHANNEL)] == ["j1"]
        clock.advance(120)
        assert (await journal.open_job(second, works[1:], BUDGET, spec)).job == second

    async def test_jobs_opened_at_once_never_spend_a_call_twice(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        spec = BudgetSpec(burst=5, interval_s=120, per_day=770)
        works = await _claimed(journal, clock, *(f"S{n}" for n in range(20)))
        calls = [
            journal.open_job(job_of(f"j{n}", w, at=clock.now()), [w], BUDGET, spec)
            for n, w in enumerate(works)
        ]
        opened = await asyncio.gather(*calls)
        assert sum(o.job is not None for o in opened) == 5
        assert len(await journal.open_jobs(CHANNEL)) == 5

    async def test_a_signal_reaches_a_listing_in_a_job_when_the_job_lets_go(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        works = await _claimed(journal, clock, "S1")
        job = job_of("j1", *works, at=clock.now())
        await _open(journal, job, works)
        assert await journal.mark([Mark("S1", "stock")]) == 1
        clock.advance(60)
        assert await claimed_ids(journal, Kind.LISTING) == []
        row = await the_row(journal, listing_id("S1"))
        free = replace(row.listing, job_id=None, confirmed=Shown(5, clock.now(), 0))
        closed = replace(row, doc=free, state=State.SETTLED, done=job.records[0].version)
        assert await journal.save([Save(closed)]) == [True]
        assert await claimed_ids(journal, Kind.LISTING) == [listing_id("S1")]

    async def test_a_listing_of_an_ended_job_without_a_new_signal_rests(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        works = await _claimed(journal, clock, "S1")
        job = job_of("j1", *works, at=clock.now())
        await _open(journal, job, works)
        row = await the_row(journal, listing_id("S1"))
        closed = replace(
            row, doc=replace(row.listing, job_id=None), state=State.SETTLED, done=job.records[0].version
        )
        assert await journal.save([Save(closed)]) == [True]
        assert await claimed_ids(journal, Kind.LISTING) == []

    async def test_jobs_are_kept_and_listed(self, journal: Journal, clock: ManualClock) -> None:
        works = await _claimed(journal, clock, "S1", "S2", "S3")
        for n, work in enumerate(works):
            clock.advance(1)
            await _open(journal, job_of(f"j{n}", work, at=clock.now()), [work])
        ended = replace((await journal.open_jobs(CHANNEL))[0], state=JobState.DONE, external_id="feed-1")
        await journal.save_job(ended)
        assert [j.id for j in await journal.open_jobs(CHANNEL)] == ["j1", "j2"]
        recent = await journal.recent_jobs(CHANNEL, 10)
        assert [j.id for j in recent] == ["j2", "j1", "j0"]
        assert recent[-1] == ended
        assert await journal.recent_jobs("other", 10) == []

    async def test_recover_frees_listings_of_ended_jobs_alone(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        works = await _claimed(journal, clock, "S1", "S2")
        for n, work in enumerate(works):
            await _open(journal, job_of(f"j{n}", work, at=clock.now()), [work])
        for job in await journal.open_jobs(CHANNEL):
            if job.id == "j0":
                await journal.save_job(replace(job, state=JobState.UNVERIFIED))
        assert await journal.recover() == 1
        (freed,) = await journal.claim(Kind.LISTING, "w2", 10, 30)
        assert (freed.id, freed.listing.job_id) == (works[0].id, None)
        assert freed.wanted == works[0].wanted + 1  # a signal: what the job did is not known
        assert await journal.recover() == 0

    # budget

    async def test_a_new_budget_is_full_and_refills(self, journal: Journal, clock: ManualClock) -> None:
        assert (await journal.budget(BUDGET, FALABELLA_FEEDS)).tokens == 49
        works = await _claimed(journal, clock, "S1")
        await _open(journal, job_of("j1", *works, at=clock.now()), works)
        clock.advance(60)
        assert (await journal.budget(BUDGET, FALABELLA_FEEDS)).tokens == 48.5
        assert (await journal.budget("other", FALABELLA_FEEDS)).tokens == 49

    async def test_a_429_empties_the_budget_and_a_success_heals_it(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        slower = await journal.update_budget(BUDGET, FALABELLA_FEEDS, throttled=True)
        assert (slower.tokens, slower.interval_s) == (0, 240)
        assert await journal.budget(BUDGET, FALABELLA_FEEDS) == slower
        healed = await journal.update_budget(BUDGET, FALABELLA_FEEDS, throttled=False)
        assert (healed.tokens, healed.interval_s) == (0, 120)
