"""What exists once has one owner, and another within seconds of its death (design §12)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.flows.context import FlowSettings
from orquestador.flows.ownership import Ownership
from orquestador.journal.sqlite import SqliteJournal
from tests.fakes.context import flow_context

TTL_S = FlowSettings().owner_lease_s


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", ManualClock(1000.0))
    yield journal
    await journal.close()


def process(journal: SqliteJournal, clock: ManualClock, owner: str, *, alone: bool = False) -> Ownership:
    context = flow_context(journal, clock, owner=owner, alone=alone)
    return Ownership(context)


@pytest.fixture
def clock(journal: SqliteJournal) -> ManualClock:
    clock = journal._clock
    assert isinstance(clock, ManualClock)
    return clock


async def test_one_owner_at_a_time_while_it_lives(journal: SqliteJournal, clock: ManualClock) -> None:
    first, second = process(journal, clock, "a"), process(journal, clock, "b")
    for _ in range(10):
        assert await first.holds("erp")
        assert not await second.holds("erp")
        clock.advance(TTL_S / 2)
    assert await second.holds("channel")


async def test_a_long_step_keeps_its_lease_by_prolonging(journal: SqliteJournal, clock: ManualClock) -> None:
    first, second = process(journal, clock, "a"), process(journal, clock, "b")
    assert await first.holds("erp")
    for _ in range(10):
        clock.advance(TTL_S / 3)
        await first.prolong()
        assert not await second.holds("erp")


async def test_a_dead_owner_is_followed_within_ten_seconds(
    journal: SqliteJournal, clock: ManualClock
) -> None:
    first, second = process(journal, clock, "a"), process(journal, clock, "b")
    assert await first.holds("erp")
    clock.advance(10.0)
    assert await second.holds("erp")
    assert not await first.holds("erp")


async def test_a_graceful_stop_hands_over_at_once(journal: SqliteJournal, clock: ManualClock) -> None:
    first, second = process(journal, clock, "a"), process(journal, clock, "b")
    assert await first.holds("erp")
    await first.give_up()
    assert await second.holds("erp")


async def test_alone_in_its_store_a_process_asks_nobody(journal: SqliteJournal, clock: ManualClock) -> None:
    assert await process(journal, clock, "a").holds("erp")
    assert await process(journal, clock, "b", alone=True).holds("erp")
