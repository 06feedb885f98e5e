"""Contract of a journal, part 2: claims, leases, compare-and-set and signals."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from orquestador.clock import ManualClock
from orquestador.model.orders import Direction, ManualMovement
from orquestador.model.work import MANUAL_CHANNEL, Kind, State, Work, work_id
from orquestador.ports import Journal, Mark, Process, ProcessRole, Save, Standstill, WorkQuery
from tests.contract.journal_data import (
    CHANNEL,
    claimed_ids,
    listing_id,
    listing_row,
    order_id,
    order_row,
    receipt,
    seen,
    settle,
    the_row,
    with_effect,
)


class WorkContract:
    # claims and leases

    async def test_a_claimed_row_is_nobody_elses_until_its_lease_is_over(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.accept(receipt("r1", "A1"))
        assert await claimed_ids(journal, owner="w1", lease_s=30) == [order_id("A1")]
        assert await claimed_ids(journal, owner="w2") == []
        clock.advance(29)
        assert await claimed_ids(journal, owner="w2") == []
        clock.advance(1)
        assert await claimed_ids(journal, owner="w2") == [order_id("A1")]

    async def test_a_renewed_lease_holds(self, journal: Journal, clock: ManualClock) -> None:
        await journal.accept(receipt("r1", "A1"))
        await claimed_ids(journal, owner="w1", lease_s=30)
        clock.advance(20)
        await journal.renew("w1", 30)
        clock.advance(20)
        assert await claimed_ids(journal, owner="w2") == []

    async def test_claims_at_once_share_the_rows(self, journal: Journal) -> None:
        await journal.touch([order_id(f"A{n}") for n in range(50)], "poll")
        shares = await asyncio.gather(*(claimed_ids(journal, owner=f"w{n}", limit=7) for n in range(10)))
        assert sorted(row for share in shares for row in share) == sorted(
            order_id(f"A{n}") for n in range(50)
        )

    async def test_the_most_urgent_come_first_then_the_oldest_of_every_channel(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        rows = []
        for sku, channel, urgency, age in [
            ("old", "a", 0, 90),
            ("older", "b", 0, 100),
            ("urgent", "b", 10, 1),
            ("critical", "a", 100, 1),
            ("new", "a", 0, 5),
        ]:
            row = replace(listing_row(sku, channel=channel), urgency=float(urgency), due_at=clock.now() - age)
            rows.append(row)
        assert all(await journal.save([Save(row) for row in rows]))
        first = await claimed_ids(journal, Kind.LISTING, limit=3)
        assert first == [listing_id("critical", "a"), listing_id("urgent", "b"), listing_id("older", "b")]
        rest = await claimed_ids(journal, Kind.LISTING)
        assert rest == [listing_id("old", "a"), listing_id("new", "a")]

    async def test_a_claim_keeps_to_its_kind_and_channel(self, journal: Journal) -> None:
        await journal.accept(receipt("r1", "A1"))
        await journal.accept(receipt("r2", "A2", channel="other"))
        await journal.upsert_listings([listing_row("S1")])
        works = await journal.claim(Kind.ORDER, "w1", 10, 30, "other")
        assert [w.id for w in works] == [order_id("A2", "other")]
        assert await claimed_ids(journal, Kind.LISTING) == [listing_id("S1")]

    async def test_waiting_rows_are_claimed_when_their_time_has_come(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        row = replace(
            order_row(seen("A1", at=clock.now()), State.WAITING, done=0), due_at=clock.now() + 60, attempts=3
        )
        await journal.save([Save(row)])
        assert await claimed_ids(journal) == []
        clock.advance(60)
        (work,) = await journal.claim(Kind.ORDER, "w1", 10, 30)
        assert (work.state, work.attempts) == (State.WAITING, 3)

    async def test_a_released_row_is_due_again_and_keeps_its_attempts(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.touch([order_id("A1"), order_id("A2")], "poll")
        ids = await claimed_ids(journal, owner="w1")
        await journal.release("w1", ids[:1])
        await journal.release("w1", ids[1:], due_at=clock.now() + 60)
        await journal.release("somebody", ids)
        assert await claimed_ids(journal, owner="w2") == ids[:1]
        clock.advance(60)
        assert sorted(await claimed_ids(journal, owner="w3")) == sorted(ids)

    async def test_only_the_owner_gives_a_lease_back(self, journal: Journal) -> None:
        await journal.touch([order_id("A1")], "poll")
        ids = await claimed_ids(journal, owner="w1")
        await journal.release("w2", ids)
        assert await claimed_ids(journal, owner="w2") == []

    async def test_recover_frees_lapsed_leases_and_those_of_dead_owners(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.touch([order_id(f"A{n}") for n in range(3)], "poll")
        for owner in ("host-1:a", "host-1:b", "host-2:a"):
            await claimed_ids(journal, owner=owner, limit=1, lease_s=30)
        assert await journal.acquire("lane", "host-1:a", 30)
        assert await journal.recover() == 0
        assert await journal.recover("host-1:") == 2
        assert await journal.acquire("lane", "host-3:a", 30)
        clock.advance(31)
        assert await journal.recover() == 1
        assert len(await claimed_ids(journal)) == 3

    async def test_processes_tell_and_are_seen_until_they_leave(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        stands = Standstill("push:shop", "KeyError", 12.5, away=False)
        api = Process("host:api", ProcessRole.API, "1", started_at=10.0)
        worker = Process("host:worker", ProcessRole.WORKER, "1", 5.0, (stands,))
        assert await journal.processes() == []
        await journal.tell(api)
        clock.advance(4)
        await journal.tell(worker)
        assert await journal.processes() == [worker, replace(api, silent_s=4.0)]
        await journal.tell(replace(api, standing=(stands,)))
        assert await journal.processes() == [worker, replace(api, standing=(stands,))]
        await journal.leave("host:worker")
        await journal.leave("host:nobody")
        assert [p.owner for p in await journal.processes()] == ["host:api"]

    async def test_what_a_process_held_is_free_when_it_has_left(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.touch([order_id(f"A{n}") for n in range(3)], "poll")
        assert len(await claimed_ids(journal, owner="w1", limit=2)) == 2
        kept = await claimed_ids(journal, owner="w2")
        assert await journal.acquire("lane", "w1", 30)
        await journal.tell(Process("w1", ProcessRole.WORKER, "1", clock.now()))
        assert await journal.leave("w1") == 2
        assert await journal.acquire("lane", "w2", 30)
        assert len(await claimed_ids(journal, owner="w3")) == 2
        assert len(kept) == 1

    async def test_a_named_lease_has_one_holder_at_a_time(self, journal: Journal, clock: ManualClock) -> None:
        assert await journal.acquire("lane", "w1", 30)
        assert await journal.acquire("lane", "w1", 30)
        assert not await journal.acquire("lane", "w2", 30)
        assert await journal.acquire("other", "w2", 30)
        await journal.yield_lease("lane", "w2")
        assert not await journal.acquire("lane", "w2", 30)
        await journal.yield_lease("lane", "w1")
        assert await journal.acquire("lane", "w2", 30)
        clock.advance(30)
        assert await journal.acquire("lane", "w1", 30)

    # compare-and-set

    async def test_a_save_needs_the_revision_that_was_read(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        order = seen("A1", ("S1", 2), at=clock.now())
        assert await journal.save([Save(order_row(order))]) == [True]
        assert await journal.save([Save(order_row(order))]) == [False]
        work = await the_row(journal, order_id("A1"))
        assert work.doc == order
        newer = replace(work, doc=replace(order, number="N-1"), reason="newer")
        assert await journal.save([Save(newer), Save(replace(work, reason="late"))]) == [True, False]
        stored = await the_row(journal, order_id("A1"))
        assert (stored.rev, stored.reason, stored.order) == (work.rev + 1, "newer", newer.doc)

    async def test_a_lost_save_stores_nothing_of_itself(self, journal: Journal, clock: ManualClock) -> None:
        await journal.upsert_listings([listing_row("S1")])
        await settle(journal, clock, listing_id("S1"))
        row = order_row(seen("A1", ("S1", 2), at=clock.now()))
        await journal.save([Save(row)])
        late = replace(row, rev=7, doc=seen("A1", ("S1", 50), at=clock.now()))
        assert await journal.save([Save(late, marks=(Mark("S1", "order"),))]) == [False]
        assert (await journal.units(["S1"]))["S1"].unproven == 2
        assert (await the_row(journal, listing_id("S1"))).state is State.SETTLED

    async def test_a_document_that_cannot_be_stored_fails_alone(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        hostile = order_row(replace(seen("A1", at=clock.now()), trace_id="\ud800"))
        good = [order_row(seen(f"B{n}", ("S1", 1), at=clock.now())) for n in range(10)]
        calls = [journal.save([Save(row)]) for row in [*good[:5], hostile, *good[5:]]]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(answers[5], ValueError)
        assert [a for a in answers if not isinstance(a, BaseException)] == [[True]] * 10

    async def test_numbers_beyond_64_bits_do_not_break_a_save(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        row = order_row(seen("A1", ("S1", 10**25), at=clock.now()))
        assert await journal.save([Save(row)]) == [True]
        assert (await the_row(journal, row.id)).doc == row.doc
        assert (await journal.units(["S1"]))["S1"].unproven >= 100_000

    async def test_a_save_gives_the_lease_back(self, journal: Journal, clock: ManualClock) -> None:
        await journal.accept(receipt("r1", "A1"))
        (work,) = await journal.claim(Kind.ORDER, "w1", 1, 30)
        assert await journal.save([Save(replace(work, state=State.DUE, due_at=clock.now()))]) == [True]
        assert await claimed_ids(journal, owner="w2") == [work.id]

    # signals

    async def test_a_signal_during_the_work_leaves_the_row_due(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        for state in (State.SETTLED, State.DEAD, State.WAITING):
            ref = state.value
            await journal.touch([order_id(ref)], "poll")
            (work,) = await journal.claim(Kind.ORDER, "w1", 1, 30)
            await journal.accept(receipt(f"during {ref}", ref))
            closed = replace(
                work, state=state, done=work.wanted, doc=seen(ref, at=clock.now()), due_at=clock.now() + 600
            )
            assert await journal.save([Save(closed)]) == [True]
            row = await the_row(journal, order_id(ref))
            assert (row.state, row.wanted, row.done) == (State.DUE, 2, 1)
            assert await claimed_ids(journal, owner="w2") == [order_id(ref)]

    async def test_an_unclosed_version_may_wait_but_not_rest(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.touch([order_id(f"A{n}") for n in range(4)], "poll")
        later = clock.now() + 60
        states = dict(zip((State.WAITING, State.DUE, State.SETTLED, State.DEAD), range(4), strict=True))
        works = {w.ref: w for w in await journal.claim(Kind.ORDER, "w1", 4, 30)}
        await journal.save([Save(replace(works[f"A{n}"], state=s, due_at=later)) for s, n in states.items()])
        assert sorted(await claimed_ids(journal)) == [order_id("A2"), order_id("A3")]
        clock.advance(60)
        assert sorted(await claimed_ids(journal, owner="w2")) == sorted(order_id(f"A{n}") for n in range(4))

    async def test_an_open_row_that_nobody_claimed_is_due_at_once_as_well(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        row = order_row(seen("A1", at=clock.now()), State.WAITING, done=0)
        await journal.save([Save(replace(row, due_at=clock.now() + 600))])
        work = await the_row(journal, row.id)
        assert await journal.save([Save(replace(work, state=State.SETTLED))]) == [True]
        left = await the_row(journal, row.id)
        assert (left.state, left.due_at) == (State.DUE, clock.now())

    async def test_touch_creates_order_rows_only(self, journal: Journal) -> None:
        ids = [order_id("with:colon and /"), listing_id("S1"), "movement:manual:k", "nonsense"]
        assert await journal.touch(ids, "poll") == 1
        work = await the_row(journal, order_id("with:colon and /"))
        assert (work.channel, work.ref, work.reason) == (CHANNEL, "with:colon and /", "poll")

    async def test_a_later_touch_does_not_delay_what_is_due(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.touch([order_id("A1")], "poll", due_at=clock.now() + 60)
        assert await claimed_ids(journal) == []
        await journal.touch([order_id("A1")], "webhook")
        await journal.touch([order_id("A1")], "poll", due_at=clock.now() + 90)
        assert await claimed_ids(journal) == [order_id("A1")]

    async def test_a_mark_wakes_every_managed_listing_of_the_sku(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        rows = [listing_row("S1"), listing_row("S1", channel="other"), listing_row("S2")]
        rows.append(listing_row("S1", channel="hidden", managed=False))
        await journal.upsert_listings(rows)
        await settle(journal, clock, *(row.id for row in rows))
        assert await journal.mark([Mark("S1", "stock", own_channel="other"), Mark("S9", "stock")]) == 2
        found = {w.channel: w for w in await journal.listings_for(["S1"])}
        assert {c: w.state for c, w in found.items()} == {
            CHANNEL: State.DUE,
            "other": State.DUE,
            "hidden": State.SETTLED,
        }
        assert {c: w.own_seq for c, w in found.items()} == {CHANNEL: 0, "other": 1, "hidden": 0}

    async def test_a_mark_for_later_waits(self, journal: Journal, clock: ManualClock) -> None:
        await journal.upsert_listings([listing_row("S1")])
        await settle(journal, clock, listing_id("S1"))
        await journal.mark([Mark("S1", "hint", due_at=clock.now() + 30)])
        assert await claimed_ids(journal, Kind.LISTING) == []
        clock.advance(30)
        assert await claimed_ids(journal, Kind.LISTING) == [listing_id("S1")]

    async def test_signals_do_not_disturb_a_running_worker(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.upsert_listings([listing_row("S1")])
        (work,) = await journal.claim(Kind.LISTING, "w1", 1, 30)
        await journal.mark([Mark("S1", "order", own_channel=CHANNEL)])
        saved = replace(work, state=State.SETTLED, done=work.wanted)
        assert await journal.save([Save(saved)]) == [True]
        row = await the_row(journal, work.id)
        assert (row.own_seq, row.state) == (1, State.DUE)

    async def test_marks_and_the_row_are_one_write(self, journal: Journal, clock: ManualClock) -> None:
        await journal.upsert_listings([listing_row("S1")])
        await settle(journal, clock, listing_id("S1"))
        row = order_row(seen("A1", ("S1", 2), at=clock.now()))
        assert await journal.save([Save(row, marks=(Mark("S1", "order", CHANNEL),))]) == [True]
        listing = await the_row(journal, listing_id("S1"))
        assert (listing.state, listing.own_seq, listing.reason) == (State.DUE, 1, "order")

    # effects

    async def test_rows_are_for_the_erp_lane_from_their_instant_on(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        rows = [order_row(with_effect(seen(f"A{n}", at=clock.now())), s) for n, s in enumerate(State)]
        saves = [Save(row, effect_due_at=clock.now() + 10 - n) for n, row in enumerate(rows)]
        saves.append(Save(order_row(seen("B", at=clock.now()))))
        assert all(await journal.save(saves))
        assert await journal.effects_due(10) == []
        clock.advance(10)
        assert [w.ref for w in await journal.effects_due(10)] == ["A3", "A2", "A1", "A0"]
        assert [w.ref for w in await journal.effects_due(1)] == ["A3"]
        assert (await journal.counts()).open_effects == 4
        (last,) = await journal.get([order_id("A3")])
        assert await journal.save([Save(last)]) == [True]
        assert [w.ref for w in await journal.effects_due(10)] == ["A2", "A1", "A0"]

    async def test_the_lane_of_a_warehouse_asks_for_its_channels_alone(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        for n, channel in enumerate(("shop", "peru", "shop", "manual")):
            row = order_row(seen(f"A{n}", at=clock.now(), channel=channel))
            assert all(await journal.save([Save(row, effect_due_at=clock.now() - n)]))
        assert [w.ref for w in await journal.effects_due(10, ["shop"])] == ["A2", "A0"]
        assert [w.ref for w in await journal.effects_due(10, ["shop", "manual", "shop"])] == [
            "A3",
            "A2",
            "A0",
        ]
        assert [w.ref for w in await journal.effects_due(2, ["shop", "peru"])] == ["A2", "A1"]
        assert await journal.effects_due(10, ["nobody"]) == []
        assert await journal.effects_due(10, []) == []
        assert len(await journal.effects_due(10)) == 4

    async def test_a_manual_movement_is_work_as_well(self, journal: Journal, clock: ManualClock) -> None:
        doc = ManualMovement("k1", "S1", Direction.OUT, 3, "broken", request_hash="h")
        row = Work(
            id=work_id(Kind.MOVEMENT, MANUAL_CHANNEL, "k1"),
            kind=Kind.MOVEMENT,
            channel=MANUAL_CHANNEL,
            ref="k1",
            state=State.DUE,
            wanted=1,
            done=0,
            rev=0,
            due_at=clock.now(),
            doc=doc,
        )
        assert await journal.save([Save(row, effect_due_at=clock.now())]) == [True]
        assert (await journal.effects_due(5))[0].movement == doc
        found, _ = await journal.find(WorkQuery(sku="S1"))
        assert [w.id for w in found] == [row.id]

    # names

    async def test_the_first_owner_of_a_name_keeps_it(self, journal: Journal) -> None:
        assert await journal.claim_names(CHANNEL, ["1", "N1"], "order:a") == {"1": "order:a", "N1": "order:a"}
        assert await journal.claim_names(CHANNEL, ["N1", "2"], "order:b") == {"N1": "order:a", "2": "order:b"}
        assert await journal.claim_names("other", ["1"], "order:c") == {"1": "order:c"}
        await journal.reassign_names(CHANNEL, "order:a", "order:b")
        assert await journal.claim_names(CHANNEL, ["1", "N1"], "order:d") == {"1": "order:b", "N1": "order:b"}
        assert await journal.claim_names("other", ["1"], "order:d") == {"1": "order:c"}

    async def test_names_claimed_at_once_have_one_owner(self, journal: Journal) -> None:
        answers = await asyncio.gather(
            *(journal.claim_names(CHANNEL, ["X"], f"order:{n}") for n in range(20))
        )
        assert len({answer["X"] for answer in answers}) == 1
