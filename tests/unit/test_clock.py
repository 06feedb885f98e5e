"""Clocks: the system's, the one tests move by hand, and the one that follows a sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orquestador.clock import FollowedClock, ManualClock, SystemClock
from orquestador.ports import Clock

HOUR_S = 3600.0


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock(), FollowedClock("http://127.0.0.1:9")])
async def test_waiting_for_an_event_that_is_set_takes_no_time(clock: Clock) -> None:
    event = asyncio.Event()
    event.set()
    assert await clock.wait(event, HOUR_S)
    assert event.is_set()


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock(), FollowedClock("http://127.0.0.1:9")])
async def test_an_event_ends_a_wait(clock: Clock) -> None:
    event = asyncio.Event()
    waiting = asyncio.ensure_future(clock.wait(event, HOUR_S))
    await asyncio.sleep(0)
    event.set()
    assert await asyncio.wait_for(waiting, 5)


@pytest.mark.parametrize("clock", [SystemClock(), FollowedClock("http://127.0.0.1:9")])
async def test_real_clocks_end_by_themselves(clock: Clock) -> None:
    began = time.time()
    assert abs(clock.now() - began) < 1
    await clock.sleep(0.02)
    assert not await clock.wait(asyncio.Event(), 0.02)
    assert time.time() - began >= 0.04 - 1e-3


@pytest.mark.parametrize("clock", [SystemClock(), ManualClock(), FollowedClock("http://127.0.0.1:9")])
async def test_no_time_is_no_wait(clock: Clock) -> None:
    await clock.sleep(0)
    await clock.sleep(-1)
    assert not await clock.wait(asyncio.Event(), 0)


async def test_a_manual_clock_wakes_exactly_those_whose_time_has_come() -> None:
    clock = ManualClock()
    woken: list[int] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleeper(s)) for s in (30, 10, 20)]
    waiting = asyncio.create_task(clock.wait(asyncio.Event(), 15))
    await asyncio.sleep(0)
    assert clock.sleepers == 4
    clock.advance(10)
    await asyncio.wait_for(tasks[1], 5)
    clock.advance(10)
    assert not await asyncio.wait_for(waiting, 5)
    await asyncio.wait_for(tasks[2], 5)
    assert (woken, clock.sleepers) == ([10, 20], 1)
    clock.advance(10)
    await asyncio.wait_for(tasks[0], 5)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock()
    sleeping = asyncio.create_task(clock.sleep(10))
    await asyncio.sleep(0)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    assert clock.sleepers == 0
    clock.advance(20)


# --- following a sandbox


class Sandbox:
    """The clock end of a sandbox: what it answers can be changed, and whoever waits for a change is told."""

    def __init__(self) -> None:
        self.offset = 1_000_000.0
        self.rate = 1.0
        self.version = 1
        self.asked = 0
        self.broken = False
        self._changed = asyncio.Condition()

    def now(self) -> float:
        return time.time() + self.offset

    async def change(self, *, advance_s: float = 0.0, rate: float = 1.0) -> None:
        async with self._changed:
            self.offset += advance_s
            self.rate = rate
            self.version += 1
            self._changed.notify_all()

    async def answer(self, request: Request) -> Response:
        self.asked += 1
        if self.broken:
            return Response("away", status_code=503)
        after = int(request.query_params["after"])
        async with self._changed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(
                    self._changed.wait_for(lambda: self.version != after or self.broken),
                    float(request.query_params["wait_s"]),
                )
        return JSONResponse({"now": self.now(), "rate": self.rate, "version": self.version})


@contextmanager
def _free_port() -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        yield listening


@asynccontextmanager
async def _serving(sandbox: Sandbox, listening: socket.socket) -> AsyncIterator[None]:
    app = Starlette(routes=[Route("/_sandbox/clock", sandbox.answer)])
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=0, lifespan="off")
    )
    server.config.load()
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        sandbox.broken = True
        await sandbox.change()
        server.should_exit = True
        await serving


async def _until(condition: object, *, within_s: float = 10.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_a_followed_clock_shows_the_sandboxs_time_and_its_jumps() -> None:
    sandbox = Sandbox()
    with _free_port() as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        async with _serving(sandbox, listening), FollowedClock(url) as clock:
            assert abs(clock.now() - sandbox.now()) < 1
            sleeping = asyncio.create_task(clock.sleep(2 * HOUR_S))
            waiting = asyncio.create_task(clock.wait(asyncio.Event(), HOUR_S))
            await sandbox.change(advance_s=HOUR_S + 1)
            assert not await asyncio.wait_for(waiting, 10)
            assert not sleeping.done()
            await sandbox.change(advance_s=HOUR_S)
            await asyncio.wait_for(sleeping, 10)
            asked = sandbox.asked
            await clock.sleep(0.2)
            assert sandbox.asked <= asked + 1  # it waits for changes, it does not poll


async def test_a_followed_clock_runs_at_the_sandboxs_rate() -> None:
    sandbox = Sandbox()
    with _free_port() as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with _serving(sandbox, listening), FollowedClock(url) as clock:
            sleeping = asyncio.create_task(clock.sleep(60))
            await asyncio.sleep(0)
            await sandbox.change(rate=1000.0)
            began = time.monotonic()
            await asyncio.wait_for(sleeping, 10)
            assert time.monotonic() - began < 5


async def test_a_sandbox_that_goes_away_and_comes_back() -> None:
    sandbox = Sandbox()
    with _free_port() as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with _serving(sandbox, listening), FollowedClock(url) as clock:
            sandbox.broken = True
            await sandbox.change(advance_s=HOUR_S)
            asked = sandbox.asked
            await _until(lambda: sandbox.asked > asked + 1)
            before = clock.now()
            await clock.sleep(0.02)
            assert before < clock.now() < before + 60
            sandbox.broken = False
            await sandbox.change(advance_s=10 * HOUR_S)
            await _until(lambda: abs(clock.now() - sandbox.now()) < 1)


async def test_without_an_answer_it_is_the_systems_time() -> None:
    with _free_port() as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        clock = FollowedClock(url)
        starting = asyncio.create_task(clock.start())
        await asyncio.sleep(0)
        assert abs(clock.now() - time.time()) < 1
        await clock.close()
        await starting
