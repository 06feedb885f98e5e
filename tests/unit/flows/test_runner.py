"""A loop that fails for a reason of our own is remembered until it succeeds, so that `status` can tell."""

from __future__ import annotations

from pathlib import Path

from orquestador.clock import ManualClock
from orquestador.flows.context import Context
from orquestador.flows.hints import Hints
from orquestador.flows.runner import Runner
from orquestador.journal.sqlite import SqliteJournal
from orquestador.ports import Process, ProcessRole
from tests.fakes.context import flow_context
from tests.fakes.wait import eventually


async def _context(clock: ManualClock, folder: Path) -> Context:
    """On a journal of its own, without an upstream; the test closes the journal."""
    journal = await SqliteJournal.open(folder / "journal.sqlite3", clock)
    return flow_context(journal, clock)


async def test_a_failing_loop_is_known_since_its_first_failure_and_forgotten_when_it_works(
    tmp_path: Path,
) -> None:
    clock = ManualClock(1000.0)
    context = await _context(clock, tmp_path)
    healthy = False

    async def step() -> float:
        if not healthy:
            raise ZeroDivisionError
        return 60.0

    runner = Runner(context, Hints(context, None), Process("test", ProcessRole.ALL, "0", 0.0))
    runner._timed("trouble", step)

    def failed_often() -> bool:
        clock.advance(2.0)
        return context.counters.get("trouble:internal_error", 0) >= 3

    await eventually(lambda: context.failures.of("trouble") is not None)
    await eventually(failed_often)
    series = context.failures.of("trouble")
    assert series and (series.since, series.error, series.away) == (1000.0, "ZeroDivisionError", False)
    healthy = True

    def recovered() -> bool:
        clock.advance(2.0)
        return context.failures.of("trouble") is None

    await eventually(recovered)
    await runner.stop()
    await context.journal.close()


async def test_a_drain_that_finds_nothing_because_its_failed_work_was_put_off_has_not_recovered(
    tmp_path: Path,
) -> None:
    """The tester's case: the push loop failed every two seconds, and in between it had nothing to do."""
    clock = ManualClock(1000.0)
    context = await _context(clock, tmp_path)
    looks = 0
    healthy = False

    async def step() -> int:
        nonlocal looks
        looks += 1
        if not healthy and looks % 2:
            raise ZeroDivisionError
        return 0

    runner = Runner(context, Hints(context, None), Process("test", ProcessRole.ALL, "0", 0.0))
    runner._drain("push:shop", step, "lane")

    def looked(times: int) -> bool:
        clock.advance(0.25)
        return looks >= times

    await eventually(lambda: looks == 1)
    await eventually(lambda: looked(8))
    series = context.failures.of("push:shop")
    assert series and series.since == 1000.0
    healthy = True
    await eventually(lambda: looked(9) and context.failures.of("push:shop") is None)
    await runner.stop()
    await context.journal.close()
