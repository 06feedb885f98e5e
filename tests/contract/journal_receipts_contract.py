"""Contract of a journal, part 1: receipts and what they wake."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from orquestador.clock import ManualClock
from orquestador.model.logs import LogFilter, LogStatus
from orquestador.model.notices import NoticeKind
from orquestador.model.work import State
from orquestador.ports import Accepted, Journal, Save
from tests.contract.journal_data import (
    claimed_ids,
    listing_id,
    listing_row,
    order_id,
    order_row,
    receipt,
    seen,
    settle,
    the_row,
)


class ReceiptContract:
    async def test_an_order_receipt_is_stored_and_its_work_is_due(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        body = b'\xff\x00{"raw": true}'
        assert await journal.accept(receipt("r1", "A1", body=body)) == Accepted("r1", duplicate=False)
        (stored,) = await journal.receipts_for(order_id("A1"))
        assert (stored.id, stored.body, stored.trace_id) == ("r1", body, "trace-r1")
        assert stored.work_ids == (order_id("A1"),)
        assert stored.notice == receipt("r1", "A1").notice
        work = await the_row(journal, order_id("A1"))
        assert (work.state, work.wanted, work.done, work.doc) == (State.DUE, 1, 0, None)
        assert (work.due_at, work.created_at, work.channel, work.ref) == (
            clock.now(),
            clock.now(),
            "falabella",
            "A1",
        )

    async def test_a_duplicate_stores_no_second_row_but_bumps(self, journal: Journal) -> None:
        await journal.accept(receipt("r1", "A1", dedupe="same"))
        again = await journal.accept(receipt("r2", "A1", dedupe="same"))
        assert again == Accepted("r1", duplicate=True)
        assert len(await journal.receipts_for(order_id("A1"))) == 1
        assert (await the_row(journal, order_id("A1"))).wanted == 2
        assert (await journal.counts()).receipts == 1

    async def test_the_same_text_from_another_channel_or_door_is_no_duplicate(self, journal: Journal) -> None:
        await journal.accept(receipt("r1", "A1", dedupe="same"))
        other_channel = await journal.accept(receipt("r2", "A1", dedupe="same", channel="falabella-pe"))
        other_door = await journal.accept(receipt("r3", "A1", dedupe="same", source="falabella.stock"))
        assert (other_channel.duplicate, other_door.duplicate) == (False, False)

    async def test_receipts_without_a_dedupe_text_are_never_duplicates(self, journal: Journal) -> None:
        for n in range(3):
            assert not (await journal.accept(receipt(f"r{n}", "A1", dedupe=""))).duplicate

    async def test_a_retry_with_the_same_id_meets_itself(self, journal: Journal) -> None:
        first = await journal.accept(receipt("r1", "A1"))
        assert await journal.accept(receipt("r1", "A1")) == first
        assert len(await journal.receipts_for(order_id("A1"))) == 1
        assert (await journal.counts()).receipts == 1

    async def test_equal_receipts_at_once_store_one_row(self, journal: Journal) -> None:
        group = [receipt(f"r{n}", "A1", dedupe="same") for n in range(20)] + [
            receipt("r0", "A1", dedupe="same")
        ]
        answers = await asyncio.gather(*map(journal.accept, group))
        (stored,) = await journal.receipts_for(order_id("A1"))
        assert {a.receipt_id for a in answers} == {stored.id}
        assert (await the_row(journal, order_id("A1"))).wanted == len(group)

    async def test_a_receipt_of_several_orders_wakes_them_all(self, journal: Journal) -> None:
        await journal.accept(receipt("r1", "A1", "A2", "A2"))
        assert sorted(await claimed_ids(journal)) == [order_id("A1"), order_id("A2")]
        assert [r.id for r in await journal.receipts_for(order_id("A2"))] == ["r1"]

    async def test_receipts_of_an_order_come_oldest_first_and_seq_grows(self, journal: Journal) -> None:
        for n in range(5):
            await journal.accept(receipt(f"r{9 - n}", "A1"))
        found = await journal.receipts_for(order_id("A1"))
        assert [r.id for r in found] == ["r9", "r8", "r7", "r6", "r5"]
        assert [r.seq for r in found] == sorted({r.seq for r in found})

    async def test_a_stock_notice_wakes_listings_by_ref_or_sku(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        await journal.upsert_listings(
            [listing_row("S1"), listing_row("S2"), listing_row("S1", channel="other")]
        )
        await settle(journal, clock, listing_id("S1"), listing_id("S2"), listing_id("S1", "other"))
        await journal.accept(receipt("r1", "S1", "unknown", kind=NoticeKind.STOCK, source="falabella.stock"))
        states = {w.id: w.state for w in await journal.listings_for(["S1", "S2"])}
        assert states == {
            listing_id("S1"): State.DUE,
            listing_id("S2"): State.SETTLED,
            listing_id("S1", "other"): State.SETTLED,
        }

    async def test_an_unreadable_notice_is_a_dead_letter_that_stays(self, journal: Journal) -> None:
        await journal.accept(receipt("r1", kind=NoticeKind.UNREADABLE, reason="no_order_id", dedupe="x"))
        await journal.accept(receipt("r2", kind=NoticeKind.UNREADABLE, reason="no_order_id", dedupe="x"))
        work = await the_row(journal, order_id("receipt:r1"))
        assert (work.state, work.reason, work.wanted - work.done) == (State.DEAD, "no_order_id", 0)
        assert [r.id for r in await journal.receipts_for(work.id)] == ["r1"]
        assert await claimed_ids(journal) == []
        assert await journal.get([order_id("receipt:r2")]) == []

    @pytest.mark.parametrize("kind", [NoticeKind.IGNORED, NoticeKind.FEED, NoticeKind.PRODUCT])
    async def test_other_notices_are_kept_and_wake_nothing(self, journal: Journal, kind: NoticeKind) -> None:
        await journal.accept(receipt("r1", "77", kind=kind))
        (stored,) = await journal.receipts(LogFilter(), 10, None)
        assert (stored.notice.kind, stored.notice.refs, stored.work_ids) == (kind, ("77",), ())
        assert (await journal.counts()).rows == {}

    async def test_a_hostile_receipt_fails_alone(self, journal: Journal) -> None:
        good = [receipt(f"good-{n}", f"A{n}") for n in range(30)]
        hostile = [
            receipt("surrogate-ref", "\ud800"),
            receipt("surrogate-event", "B1", event="\udfff"),
            receipt("no-instant", "B2", at=float("nan")),
        ]
        harmless = [
            receipt("nul", "C\x00D", body=b"\x00"),
            receipt("digits", "C2", body=b'{"orderId": ' + b"9" * 25 + b"}"),
            receipt("large", "C3", body=b"x" * (2**20)),
        ]
        group = [*good[:10], *hostile, *good[10:20], *harmless, *good[20:]]
        answers = await asyncio.gather(*map(journal.accept, group), return_exceptions=True)
        for asked, answer in zip(group, answers, strict=True):
            if asked in hostile:
                assert isinstance(answer, ValueError), asked.id
            else:
                assert answer == Accepted(asked.id, duplicate=False)
        assert len(await journal.receipts(LogFilter(), 100, None)) == len(good) + len(harmless)
        assert [r.id for r in await journal.receipts_for(order_id("C\x00D"))] == ["nul"]

    async def test_a_signal_revives_a_dead_or_settled_row_and_keeps_the_attempts_of_a_waiting_one(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        for state in (State.DEAD, State.SETTLED, State.WAITING):
            row = order_row(seen(state.value, ("S1", 1), at=clock.now()), state)
            row = replace(row, attempts=5, reason="why", due_at=clock.now() + 300)
            assert await journal.save([Save(row)]) == [True]
        clock.advance(10)
        await asyncio.gather(*(journal.accept(receipt(s.value, s.value)) for s in State))
        for state, attempts in ((State.DEAD, 0), (State.SETTLED, 0), (State.WAITING, 5)):
            row = await the_row(journal, order_id(state.value))
            expected = State.WAITING if state is State.WAITING else State.DUE
            assert (row.state, row.attempts, row.due_at) == (expected, attempts, clock.now())
        assert len(await claimed_ids(journal)) == 4

    async def test_receipts_are_listed_newest_first_in_pages(self, journal: Journal) -> None:
        for n in range(7):
            await journal.accept(receipt(f"r{n}", f"A{n}", at=1000.0 + n // 2))
        expected = ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]
        found: list[str] = []
        cursor: tuple[float, str] | None = None
        while page := await journal.receipts(LogFilter(), 2, cursor):
            found += [r.id for r in page]
            cursor = (page[-1].received_at, page[-1].id)
        assert found == expected

    async def test_receipts_are_filtered(self, journal: Journal, clock: ManualClock) -> None:
        await journal.save([Save(order_row(seen("A1", ("S1", 1), at=clock.now(), number="N-1")))])
        await journal.accept(receipt("r1", "A1", at=1000.0))
        await journal.accept(receipt("r2", "A2", at=2000.0, event="simple"))
        await journal.accept(receipt("r3", "S1", at=3000.0, kind=NoticeKind.STOCK, source="falabella.stock"))
        await journal.accept(receipt("r4", at=4000.0, kind=NoticeKind.UNREADABLE, channel="falabella-pe"))
        await journal.accept(
            receipt("r5", "S1", kind=NoticeKind.STOCK, channel="odoo", source="odoo.stock", at=5000.0)
        )
        cases = {
            "order": (LogFilter(order_id="A1"), ["r1"]),
            "number": (LogFilter(order_id="N-1"), ["r1"]),
            "sku": (LogFilter(sku="S1"), ["r5", "r3", "r1"]),
            "sku of nobody": (LogFilter(sku="S2"), []),
            "since": (LogFilter(since=3000.0), ["r5", "r4", "r3"]),
            "until": (LogFilter(until=3000.0), ["r2", "r1"]),
            "service": (LogFilter(service="odoo"), ["r5"]),
            "channel": (LogFilter(service="falabella-pe"), ["r4"]),
            "source": (LogFilter(action="falabella.stock"), ["r3"]),
            "event": (LogFilter(action="simple"), ["r2"]),
            "error": (LogFilter(status=LogStatus.ERROR), ["r4"]),
            "success": (LogFilter(status=LogStatus.SUCCESS), ["r5", "r3", "r2", "r1"]),
            "pending": (LogFilter(status=LogStatus.PENDING), []),
            "both": (LogFilter(sku="S1", service="falabella", since=2000.0), ["r3"]),
        }
        for name, (wanted, expected) in cases.items():
            assert [r.id for r in await journal.receipts(wanted, 10, None)] == expected, name
