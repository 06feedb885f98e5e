"""Contract of a journal, part 5: small facts, retention, copies."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from orquestador.clock import ManualClock
from orquestador.model.logs import LogFilter
from orquestador.model.orders import Direction, Effect, EffectItem, EffectState, Order
from orquestador.model.work import State
from orquestador.ports import Journal, Save
from tests.contract.journal_data import CHANNEL, order_id, order_row, receipt, seen, settle, the_row

DAY_S = 86_400.0


def _taken(ref: str, at: float) -> Order:
    """An order whose two units are proven out."""
    order = seen(ref, ("S1", 2), at=at)
    item = EffectItem(order.lines[0].line_id, "S1", 2, 11, ((11, 2.0),))
    effect = Effect(
        1, f"{CHANNEL}/{ref}/1", Direction.OUT, (item,), at, EffectState.APPLIED, done_at=at, erp_id=5
    )
    line = replace(order.lines[0], taken=2, product_id=11, recipe=((11, 1.0),))
    return replace(order, lines=(line,), effects=(effect,), trace_id="t")


class UpkeepContract:
    async def test_small_facts_are_kept(self, journal: Journal) -> None:
        assert await journal.get_meta("cursor") is None
        value = {"at": 12.5, "ids": ["1", None, True], "text": "ñ"}
        await journal.set_meta("cursor", value)
        assert await journal.get_meta("cursor") == value
        await journal.set_meta("cursor", 7)
        assert await journal.get_meta("cursor") == 7

    async def test_the_first_of_two_facts_wins(self, journal: Journal) -> None:
        answers = await asyncio.gather(*(journal.set_meta_if_absent("since", n) for n in range(10)))
        assert set(answers) == {await journal.get_meta("since")}

    async def test_a_fact_is_swapped_by_one_alone(self, journal: Journal) -> None:
        tried = await asyncio.gather(*(journal.swap_meta("brake", None, {"n": n}) for n in range(10)))
        assert sum(tried) == 1
        stored = await journal.get_meta("brake")
        assert stored == {"n": tried.index(True)}
        assert not await journal.swap_meta("brake", {"n": 99}, {"n": 100})
        assert await journal.get_meta("brake") == stored
        odd = {"at": 0.1 + 0.2, "ñ.$": ["1", None, True], "deep": {"b": 1, "a": 2}}
        assert await journal.swap_meta("brake", stored, odd)
        seen = await journal.get_meta("brake")
        tried = await asyncio.gather(*(journal.swap_meta("brake", seen, {"m": n}) for n in range(10)))
        assert sum(tried) == 1
        assert await journal.get_meta("brake") == {"m": tried.index(True)}

    async def test_a_fact_that_was_forgotten_is_swapped_as_if_it_had_never_been(
        self, journal: Journal
    ) -> None:
        await journal.set_meta("brake", None)
        assert not await journal.swap_meta("brake", 1, 2)
        assert await journal.swap_meta("brake", None, 2)
        assert not await journal.swap_meta("brake", None, 3)
        assert await journal.get_meta("brake") == 2

    async def test_old_receipts_expire_but_not_those_of_open_work(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        start = clock.now()
        for ref in ("settled", "open", "dead"):
            await journal.accept(receipt(ref, ref, at=start))
        await settle(journal, clock, order_id("settled"))
        dead = await the_row(journal, order_id("dead"))
        await journal.save([Save(replace(dead, state=State.DEAD, done=dead.wanted))])
        clock.advance(30 * DAY_S)
        await journal.accept(receipt("new", "settled", at=clock.now()))
        await settle(journal, clock, order_id("settled"))
        assert await journal.expire(clock.now() - DAY_S, 0.0) == 1
        left = await journal.receipts(LogFilter(), 10, None)
        assert {r.id for r in left} == {"new", "open", "dead"}
        assert [r.id for r in await journal.receipts_for(order_id("settled"))] == ["new"]
        assert (await journal.counts()).receipts == 3

    async def test_many_receipts_expire_in_small_steps(self, journal: Journal, clock: ManualClock) -> None:
        await asyncio.gather(*(journal.accept(receipt(f"r{n}", "A1", at=clock.now())) for n in range(1200)))
        await settle(journal, clock, order_id("A1"))
        assert await journal.expire(clock.now() + 1, 0.0) == 1200
        assert await journal.receipts_for(order_id("A1")) == []

    async def test_sequence_numbers_are_never_used_again(self, journal: Journal, clock: ManualClock) -> None:
        await journal.accept(receipt("r1", "A1", at=clock.now()))
        (first,) = await journal.receipts_for(order_id("A1"))
        await settle(journal, clock, order_id("A1"))
        await journal.expire(clock.now() + 1, 0.0)
        await journal.accept(receipt("r2", "A1", at=clock.now()))
        (second,) = await journal.receipts_for(order_id("A1"))
        assert second.seq > first.seq

    async def test_closed_orders_shrink_but_keep_keys_and_ledger(
        self, journal: Journal, clock: ManualClock
    ) -> None:
        start = clock.now()
        await journal.save([Save(order_row(_taken("A1", start)))])
        clock.advance(200 * DAY_S)
        await journal.save([Save(order_row(_taken("A2", start)))])
        assert await journal.expire(0.0, clock.now() - 180 * DAY_S) == 1
        old = (await the_row(journal, order_id("A1"))).order
        assert old is not None
        full = _taken("A1", start)
        assert [(e.n, e.key, e.state, e.erp_id) for e in old.effects] == [
            (e.n, e.key, e.state, e.erp_id) for e in full.effects
        ]
        assert old.lines == full.lines
        assert (old.trace_id, old.effects[0].items) == (None, ())
        assert (await the_row(journal, order_id("A2"))).order == _taken("A2", start)

    async def test_a_shrunk_order_comes_back_to_life(self, journal: Journal, clock: ManualClock) -> None:
        await journal.save([Save(order_row(_taken("A1", clock.now())))])
        clock.advance(200 * DAY_S)
        assert await journal.expire(0.0, clock.now() - 1) == 1
        assert await journal.expire(0.0, clock.now() - 1) == 0
        await journal.accept(receipt("late", "A1", at=clock.now()))
        row = await the_row(journal, order_id("A1"))
        assert row.state is State.DUE
        await journal.save(
            [Save(replace(row, doc=_taken("A1", clock.now()), state=State.SETTLED, done=row.wanted))]
        )
        clock.advance(200 * DAY_S)
        assert await journal.expire(0.0, clock.now() - 1) == 1

    async def test_nothing_open_shrinks(self, journal: Journal, clock: ManualClock) -> None:
        order = _taken("A1", clock.now())
        opened = replace(order, effects=(replace(order.effects[0], state=EffectState.INTENT),))
        rows = [order_row(opened), order_row(_taken("A2", clock.now()), State.DEAD)]
        await journal.save([Save(row) for row in rows])
        clock.advance(200 * DAY_S)
        assert await journal.expire(0.0, clock.now() - 1) == 0

    async def test_names_and_facts_outlive_everything(self, journal: Journal, clock: ManualClock) -> None:
        await journal.claim_names(CHANNEL, ["1"], order_id("A1"))
        await journal.save([Save(order_row(_taken("A1", clock.now())))])
        clock.advance(999 * DAY_S)
        await journal.expire(clock.now(), clock.now())
        assert await journal.claim_names(CHANNEL, ["1"], order_id("B")) == {"1": order_id("A1")}

    async def test_a_copy_can_be_made_while_receipts_come_in(
        self, journal: Journal, tmp_path: Path, clock: ManualClock
    ) -> None:
        going_on = True

        async def keep_writing(n: int) -> int:
            written = 0
            while going_on:
                await journal.accept(receipt(f"r{n}-{written}", f"A{n}", at=clock.now()))
                written += 1
            return written

        writers = [asyncio.create_task(keep_writing(n)) for n in range(4)]
        await journal.accept(receipt("before", "B1", at=clock.now()))
        await journal.backup(str(tmp_path / "copy"))
        going_on = False
        written = sum(await asyncio.gather(*writers))
        assert (await journal.counts()).receipts == written + 1
        assert (tmp_path / "copy").exists()
