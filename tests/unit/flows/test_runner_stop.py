"""A graceful stop: steps under way come to their end, all else ends at once, nothing stays leased."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.flows.context import Context, FlowSettings
from orquestador.flows.hints import Hints
from orquestador.flows.runner import FINISH_S, Runner
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.errors import Unavailable
from orquestador.model.work import Kind
from orquestador.ports import Process, ProcessRole
from tests.fakes.context import flow_context
from tests.fakes.wait import eventually

SETTINGS = FlowSettings()


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    clock = ManualClock(1000.0)
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
    yield flow_context(journal, clock, settings=SETTINGS, owner="me", alone=False)
    await journal.close()


@pytest.fixture
def runner(context: Context) -> Runner:
    return Runner(context, Hints(context, None), Process("me", ProcessRole.ALL, "0", 0.0))


def clock_of(context: Context) -> ManualClock:
    assert isinstance(context.clock, ManualClock)
    return context.clock


class Call:
    """A step that waits for somebody else's answer."""

    def __init__(self, answer: float | Exception = 60.0) -> None:
        self.answer, self.began, self.ends, self.outcome = answer, 0, asyncio.Event(), ""

    async def step(self) -> float:
        self.began += 1
        try:
            await self.ends.wait()
        except asyncio.CancelledError:
            self.outcome = "cut off"
            raise
        self.outcome = "ended"
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def drain(self) -> int:
        return int(await self.step())


async def test_idle_loops_end_at_once(context: Context, runner: Runner) -> None:
    looks: list[str] = []

    async def timed() -> float:
        looks.append("timed")
        return 3600.0

    async def drain() -> int:
        looks.append("drain")
        return 0

    runner.start()
    runner._timed("an hour's sleep", timed)
    runner._drain("waits for the queue", drain, "lane")
    await eventually(lambda: {"timed", "drain"} <= set(looks) and not runner._busy)
    # The clock stands still, so whatever waited for it would wait for ever.
    await asyncio.wait_for(runner.stop(), 5)
    assert await context.journal.processes() == []


@pytest.mark.parametrize(
    "answer", [60.0, Unavailable("away"), ZeroDivisionError()], ids=["well", "away", "bug"]
)
async def test_steps_that_are_under_way_end_and_are_the_last(
    runner: Runner, answer: float | Exception
) -> None:
    timed, drain = Call(answer), Call(answer)
    runner._timed("timed", timed.step)
    runner._drain("drain", drain.drain, "lane")
    await eventually(lambda: bool(timed.began and drain.began))
    stopping = asyncio.create_task(runner.stop())
    await eventually(lambda: runner._stopping)
    assert not stopping.done()
    timed.ends.set()
    drain.ends.set()
    await asyncio.wait_for(stopping, 5)  # and nobody sleeps until his next step: the clock stands still
    assert [(c.outcome, c.began) for c in (timed, drain)] == [("ended", 1)] * 2


async def test_what_is_held_stays_ours_while_a_step_is_under_way_and_is_free_after_it(
    context: Context, runner: Runner
) -> None:
    journal, clock, call = context.journal, clock_of(context), Call()
    runner.start()
    assert await runner._ownership.holds("owner:erp")
    await journal.touch(["order:shop:1"], "poll")
    assert len(await journal.claim(Kind.ORDER, "me", 10, SETTINGS.lease_s)) == 1
    runner._timed("a call", call.step)
    await eventually(lambda: call.began == 1)
    stopping = asyncio.create_task(runner.stop())
    await eventually(lambda: runner._stopping)
    told = -1.0
    for _ in range(6):  # longer than a lease
        clock.advance(SETTINGS.owner_lease_s / 3)
        for _ in range(200):
            await asyncio.sleep(0.001)
            if (told := (await journal.processes())[0].silent_s) == 0.0:
                break
        assert told == 0.0
        assert not await journal.acquire("owner:erp", "other", 9.0)
    call.ends.set()
    await asyncio.wait_for(stopping, 5)
    assert call.outcome == "ended"
    assert await journal.processes() == []
    assert await journal.acquire("owner:erp", "other", 9.0)
    assert len(await journal.claim(Kind.ORDER, "other", 10, SETTINGS.lease_s)) == 1


async def test_a_step_without_an_end_is_cut_off(
    context: Context, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert FINISH_S < 20  # what a service manager waits at least
    monkeypatch.setattr("orquestador.flows.runner.FINISH_S", 0.05)
    call = Call()
    runner._timed("a call", call.step)
    await eventually(lambda: call.began == 1)
    await runner.stop()
    assert call.outcome == "cut off"
    assert await context.journal.processes() == []
