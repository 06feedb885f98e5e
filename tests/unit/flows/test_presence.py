"""Every process tells and sees the others; what a dead one held is free long before its leases lapse."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.flows.context import Context, FlowSettings
from orquestador.flows.presence import LOOK_AGAIN_S, Presence, workers
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.work import Kind
from orquestador.ports import Process, ProcessRole
from tests.fakes.context import flow_context

LEASE_S = FlowSettings().owner_lease_s


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", ManualClock(1000.0))
    yield journal
    await journal.close()


def process(journal: SqliteJournal, owner: str, role: ProcessRole) -> tuple[Context, Presence]:
    context = flow_context(journal, clock_of(journal), owner=owner, alone=False)
    return context, Presence(context, Process(owner, role, "1", clock_of(journal).now()))


def clock_of(journal: SqliteJournal) -> ManualClock:
    clock = journal._clock
    assert isinstance(clock, ManualClock)
    return clock


async def test_the_dead_are_found_and_what_they_held_is_free(journal: SqliteJournal) -> None:
    clock = clock_of(journal)
    api, api_presence = process(journal, "api", ProcessRole.API)
    _, worker_presence = process(journal, "worker", ProcessRole.WORKER)
    await worker_presence.run_once()
    await api_presence.run_once()
    assert [p.owner for p in workers(api)] == ["worker"]
    await journal.touch(["order:shop:1"], "poll")
    assert len(await journal.claim(Kind.ORDER, "worker", 10, 30.0)) == 1
    for _ in range(3):
        clock.advance(LEASE_S / 3)
        await api_presence.run_once()
    assert await journal.claim(Kind.ORDER, "other", 10, 30.0) == []
    assert [p.owner for p in workers(api)] == ["worker"]
    clock.advance(LEASE_S / 3)
    await api_presence.run_once()
    assert not workers(api)
    assert [p.owner for p in api.processes] == ["api"]
    assert api.counters["processes_lost"] == 1
    assert len(await journal.claim(Kind.ORDER, "other", 10, 30.0)) == 1


async def test_after_an_outage_of_the_store_nobody_is_buried(journal: SqliteJournal) -> None:
    clock = clock_of(journal)
    one, one_presence = process(journal, "one", ProcessRole.WORKER)
    _, other_presence = process(journal, "other", ProcessRole.WORKER)
    await one_presence.run_once()
    await other_presence.run_once()
    clock.advance(LEASE_S * 3)  # nobody could tell
    await one_presence.run_once()
    assert one.counters == {}
    assert [p.silent_s for p in one.processes] == [0.0, LEASE_S * 3]
    assert [p.owner for p in workers(one)] == ["one"]  # the other one is not proven to work
    clock.advance(LEASE_S / 3)
    await other_presence.run_once()
    await one_presence.run_once()
    assert len(workers(one)) == 2


async def test_after_an_outage_a_worker_that_was_well_has_time_to_tell(journal: SqliteJournal) -> None:
    """Else `no_worker` would be told for seconds, by whichever process looked first."""
    clock = clock_of(journal)
    _, worker_presence = process(journal, "worker", ProcessRole.WORKER)
    api, api_presence = process(journal, "api", ProcessRole.API)
    assert await api_presence.run_once() == LOOK_AGAIN_S
    await worker_presence.run_once()
    assert await api_presence.run_once() == LEASE_S / 3
    clock.advance(LEASE_S * 3)
    await api_presence.run_once()
    assert [p.owner for p in workers(api)] == ["worker"]
    clock.advance(LEASE_S / 3)
    await api_presence.run_once()  # it had its time
    assert not workers(api)
    assert api.counters["processes_lost"] == 1


async def test_loops_that_stand_still_are_told(journal: SqliteJournal) -> None:
    clock = clock_of(journal)
    worker, presence = process(journal, "worker", ProcessRole.WORKER)
    worker.failures.failed("push:shop", KeyError("x"), clock.now(), away=False)
    clock.advance(61)
    await presence.run_once()
    (told,) = await journal.processes()
    (standing,) = told.standing
    assert (standing.loop, standing.error, standing.since, standing.away) == (
        "push:shop", "KeyError", 1000.0, False,
    )  # fmt: skip
    await presence.leave()
    assert await journal.processes() == []
    assert replace(told, standing=()) == Process("worker", ProcessRole.WORKER, "1", 1000.0)


async def test_a_process_that_is_known_to_have_died_is_not_waited_for(journal: SqliteJournal) -> None:
    worker, worker_presence = process(journal, "host-1-a", ProcessRole.WORKER)
    _, gone = process(journal, "host-2-b", ProcessRole.WORKER)
    await gone.run_once()
    assert await journal.acquire("owner:erp", "host-2-b", LEASE_S)
    await journal.touch(["order:shop:1"], "poll")
    assert len(await journal.claim(Kind.ORDER, "host-2-b/orders/", 10, 30.0)) == 1
    await worker_presence.run_once()
    assert [p.owner for p in workers(worker)] == ["host-2-b", "host-1-a"]
    worker.died = lambda owner: owner == "host-2-b"
    await worker_presence.run_once()
    assert [p.owner for p in workers(worker)] == ["host-1-a"]
    assert await journal.acquire("owner:erp", "host-1-a", LEASE_S)
    assert len(await journal.claim(Kind.ORDER, "host-1-a/orders/", 10, 30.0)) == 1


async def test_one_that_died_during_an_outage_is_not_counted(journal: SqliteJournal) -> None:
    """Its silence was short when it was last looked at, which says nothing for it now."""
    clock = clock_of(journal)
    _, worker_presence = process(journal, "worker", ProcessRole.WORKER)
    api, api_presence = process(journal, "api", ProcessRole.API)
    await worker_presence.run_once()
    await api_presence.run_once()
    clock.advance(LEASE_S * 3)
    api.died = lambda owner: owner == "worker"
    await api_presence.run_once()
    assert [p.owner for p in api.processes] == ["api"]
    assert not workers(api)
