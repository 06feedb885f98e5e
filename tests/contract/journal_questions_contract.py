"""Contract of a journal, part 3: sums, pages and counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orquestador.clock import ManualClock
from orquestador.model.orders import LineState, Order, Owner
from orquestador.model.work import Kind, State
from orquestador.ports import Journal, Save, WorkQuery
from tests.contract.journal_data import (
    CHANNEL,
    listing_row,
    order_id,
    order_row,
    receipt,
    seen,
    settle,
    the_row,
)


class QuestionContract:
    async def test_units_are_what_is_committed_and_not_proven(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        now = clock.now()
        orders = [
            seen("A1", ("S1", 2), ("S2", 1), ("S1", 3), at=now, reserved=True),
            seen("A2", ("S1", 10), at=now, channel="other", reserved=True),
            seen("A3", ("S1", 100), at=now, state=LineState.NOT_COMMITTED),
            seen("A4", ("S1", 1000), at=now, owner=Owner.MARKETPLACE),
            replace(seen("A5", ("S1", 5000), at=now), history=True),
        ]
        assert all(await journal.save([Save(order_row(order)) for order in orders]))
        units = await journal.units(["S1", "S2", "S3"])
        assert units["S1"].unproven == 15
        assert units["S1"].reserved == {CHANNEL: 5, "other": 10}
        assert units["S1"].unproven_of == {CHANNEL: 5, "other": 10}
        assert (units["S2"].unproven, units["S3"].unproven, units["S3"].reserved) == (1, 0, {})

    async def test_a_proven_order_no_longer_counts(self, journal: Journal, clock: ManualClock) -> None:
        order = seen("A1", ("S1", 2), at=clock.now())
        await journal.save([Save(order_row(order))])
        work = await the_row(journal, order_id("A1"))
        taken = replace(order, lines=(replace(order.lines[0], taken=2),))
        await journal.save([Save(replace(work, doc=taken))])
        assert (await journal.units(["S1"]))["S1"].unproven == 0

    async def test_units_of_an_unknown_owner_are_held_for_an_hour(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        order = seen("A1", ("S1", 2), at=clock.now(), owner=Owner.UNKNOWN)
        await journal.save([Save(order_row(order))])
        assert (await journal.units(["S1"]))["S1"].unproven == 2
        clock.advance(3600)
        assert (await journal.units(["S1"]))["S1"].unproven == 0

    async def test_recent_orders_are_found_by_the_skus_of_their_lines(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        for ref, *skus in (("A1", "S1"), ("A2", "S2", "S1"), ("A3", "S3"), ("A4", "S\0$")):
            await journal.save([Save(order_row(seen(ref, *((s, 1) for s in skus), at=clock.now())))])
            clock.advance(10.0)
        taken = await the_row(journal, order_id("A1"))
        assert taken.order is not None
        await journal.save([Save(replace(taken, doc=replace(taken.order, history=True)))])
        await journal.upsert_listings([listing_row("S1")])

        async def found(since: float, *skus: str) -> list[str]:
            return sorted(w.ref for w in await journal.recent_orders(skus, since))

        start = clock.now() - 40.0
        assert await found(start, "S1") == ["A1", "A2"]
        assert await found(start + 5.0, "S1") == ["A2"]
        assert await found(start, "S1", "S2", "S3", "S9") == ["A1", "A2", "A3"]
        assert await found(start, "S\0$") == ["A4"]
        assert await found(start) == []

    async def test_many_skus_are_asked_at_once(self, journal: Journal, clock: ManualClock) -> None:
        skus = [f"S{n}" for n in range(1500)]
        await journal.save([Save(order_row(seen("A1", *((s, 1) for s in skus), at=clock.now())))])
        assert sum(u.unproven for u in (await journal.units(skus)).values()) == 1500

    async def test_open_orders_before_an_instant(self, journal: Journal, clock: ManualClock) -> None:
        start = clock.now()
        orders: list[Order] = []
        for n, state in enumerate([LineState.COMMITTED, LineState.NOT_COMMITTED, LineState.SHIPPED]):
            orders.append(seen(f"A{n}", ("S1", 1), at=start + n, state=state))
        orders.append(seen("cancelled", ("S1", 1), at=start, state=LineState.CANCELLED))
        orders.append(seen("fulfilled", ("S1", 1), at=start, owner=Owner.MARKETPLACE))
        orders.append(replace(seen("history", ("S1", 1), at=start), history=True))
        orders.append(seen("elsewhere", ("S1", 1), at=start, channel="other"))
        orders.append(replace(seen("body", ("S1", 1), at=start + 50), body_backed=True, created_at=start))
        assert all(await journal.save([Save(order_row(order)) for order in orders]))
        found = await journal.open_orders_before(CHANNEL, start + 2, 10)
        assert [w.ref for w in found] == ["A0", "A1"]
        assert [w.ref for w in await journal.open_orders_before(CHANNEL, start + 99, 3)] == ["A0", "A1", "A2"]
        assert {w.ref for w in await journal.open_orders_before(CHANNEL, start + 99, 9)} == {
            "A0",
            "A1",
            "A2",
            "body",
        }

    async def test_orders_that_could_still_be_cancelled_by_when_they_were_read(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        start = clock.now()
        orders = [seen(f"A{n}", ("S1", 1), at=start + n // 2) for n in range(5)]
        orders.append(seen("uncommitted", ("S1", 1), at=start + 2, state=LineState.NOT_COMMITTED))
        orders.append(seen("unknown", ("S1", 1), at=start + 3, owner=Owner.UNKNOWN))
        orders.append(seen("shipped", ("S1", 1), at=start, state=LineState.SHIPPED))
        orders.append(seen("cancelled", ("S1", 1), at=start, state=LineState.CANCELLED))
        orders.append(seen("fulfilled", ("S1", 1), at=start, owner=Owner.MARKETPLACE))
        orders.append(replace(seen("history", ("S1", 1), at=start), history=True))
        orders.append(replace(seen("body", ("S1", 1), at=start), body_backed=True))
        orders.append(replace(seen("twin", ("S1", 1), at=start), adopted_by="A0"))
        orders.append(seen("elsewhere", ("S1", 1), at=start, channel="other"))
        assert all(await journal.save([Save(order_row(order)) for order in orders]))
        first = await journal.orders_read_before(CHANNEL, start + 3, 3)
        assert first == [(start + n // 2, order_id(f"A{n}")) for n in range(3)]
        rest = await journal.orders_read_before(CHANNEL, start + 3, 9, first[-1])
        assert [work for _, work in rest] == [order_id(ref) for ref in ("A3", "A4", "uncommitted")]
        assert await journal.orders_read_before(CHANNEL, start + 9, 9, rest[-1]) == [
            (start + 3, order_id("unknown"))
        ]
        [row] = await journal.get([order_id("A0")])
        later = replace(seen("A0", ("S1", 1), at=start + 7, state=LineState.SHIPPED), first_seen_at=start)
        assert all(await journal.save([Save(replace(row, doc=later))]))
        assert (await journal.orders_read_before(CHANNEL, start + 9, 1))[0][1] == order_id("A1")

    async def test_find_pages_newest_change_first(self, journal: Journal, clock: ManualClock) -> None:
        for n in range(7):
            await journal.touch([order_id(f"A{n}")], "poll")
            clock.advance(n % 2)
        await journal.upsert_listings([listing_row("S1")])
        found: list[str] = []
        cursor: str | None = None
        while True:
            page, cursor = await journal.find(WorkQuery(kind=Kind.ORDER, limit=3, after=cursor))
            found += [w.ref for w in page]
            if cursor is None:
                break
        assert found == [f"A{n}" for n in (6, 5, 4, 3, 2, 1, 0)]

    async def test_find_by_state_channel_sku_and_text(self, journal: Journal, clock: ManualClock) -> None:
        now = clock.now()
        rows = [
            order_row(seen("A1", ("S1", 1), at=now, number="N-1"), State.DEAD),
            order_row(seen("A2", ("S1", 1), at=now), State.SETTLED),
            order_row(seen("A1", ("S2", 1), at=now, channel="other"), State.DEAD),
            listing_row("S1"),
        ]
        assert all(await journal.save([Save(row) for row in rows]))
        a1, a2, other, s1 = (row.id for row in rows)
        cases: list[tuple[WorkQuery, set[str]]] = [
            (WorkQuery(), {a1, a2, other, s1}),
            (WorkQuery(kind=Kind.LISTING), {s1}),
            (WorkQuery(states=(State.DEAD,)), {a1, other}),
            (WorkQuery(states=(State.DEAD, State.DUE)), {a1, other, s1}),
            (WorkQuery(channel="other"), {other}),
            (WorkQuery(sku="S1"), {a1, a2, s1}),
            (WorkQuery(sku="S1", kind=Kind.ORDER, states=(State.SETTLED,)), {a2}),
            (WorkQuery(text="A1"), {a1, other}),
            (WorkQuery(text="A1", channel=CHANNEL), {a1}),
            (WorkQuery(text="N-1"), {a1}),
            (WorkQuery(text="S1"), {s1}),
            (WorkQuery(text="nobody"), set()),
        ]
        for query, expected in cases:
            found, cursor = await journal.find(query)
            assert ({w.id for w in found}, cursor) == (expected, None), query
        with pytest.raises(ValueError):
            await journal.find(WorkQuery(after="not ours"))

    async def test_counts_follow_every_change(self, journal: Journal, clock: ManualClock) -> None:
        await journal.accept(receipt("r1", "A1", at=clock.now()))
        await journal.accept(receipt("r2", "A2", at=clock.now() + 1, source="other.door"))
        clock.advance(5)
        await journal.upsert_listings([listing_row("S1")])
        await settle(journal, clock, order_id("A1"))
        counts = await journal.counts()
        assert counts.rows == {
            (Kind.ORDER, CHANNEL, State.SETTLED): 1,
            (Kind.ORDER, CHANNEL, State.DUE): 1,
            (Kind.LISTING, CHANNEL, State.DUE): 1,
        }
        assert counts.oldest_due_at == {Kind.ORDER: clock.now() - 5, Kind.LISTING: clock.now()}
        assert (counts.receipts, counts.last_receipt_at) == (2, clock.now() - 4)
        assert counts.last_receipt_at_by_source == {
            "falabella.order": clock.now() - 5,
            "other.door": clock.now() - 4,
        }
        assert (counts.open_effects, counts.open_jobs) == (0, 0)
