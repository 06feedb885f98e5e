"""Clocks: the system's, one that tests move by hand, and one that follows a sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import httpx2

FIRST_ANSWER_S = 2.0
LONG_POLL_S = 20.0
RETRY_FIRST_S = 0.1
RETRY_MAX_S = 2.0
JITTER_S = 1.0
"""A followed clock that seems to be behind ours by less than this is late in its answer, not set back."""


class SystemClock:
    """The time of this machine."""

    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        return await _set_within(event, timeout_s)


async def _set_within(event: asyncio.Event, timeout_s: float) -> bool:
    if event.is_set():
        return True
    try:
        # Not wait_for: on Python 3.11 it swallows a cancellation that meets the event, and a loop goes on.
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True


class ManualClock:
    """Stands still until `advance` moves it; whoever sleeps until then wakes. For tests."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self._now = now
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on by `seconds` and wake those whose time has come; they run when the caller next awaits."""
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, alarm = heapq.heappop(self._sleepers)
            if not alarm.done():
                alarm.set_result(None)

    @property
    def sleepers(self) -> int:
        """How many tasks sleep or wait with a time-out now."""
        return sum(not alarm.done() for _, _, alarm in self._sleepers)

    def _alarm(self, seconds: float) -> asyncio.Future[None]:
        alarm: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if seconds <= 0:
            alarm.set_result(None)
        else:
            heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), alarm))
        return alarm

    async def sleep(self, seconds: float) -> None:
        await self._alarm(seconds)
        await asyncio.sleep(0)

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        if event.is_set():
            return True
        alarm = self._alarm(timeout_s)
        setting = asyncio.ensure_future(event.wait())
        either: set[asyncio.Future[Any]] = {alarm, setting}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
            setting.cancel()
        return event.is_set()


CLOCK_PATH = "/_sandbox/clock"


class FollowedClock:
    """The time of a sandbox at `url`, which may jump or run faster: sleepers notice at once.

    Until the sandbox first answers this is the system's time; while it is away, it goes on at the last rate.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/").removesuffix(CLOCK_PATH) + CLOCK_PATH
        # (instant, monotonic reading at it, rate): one tuple, so that other threads read a consistent one.
        self._base = (time.time(), time.monotonic(), 1.0)
        self._changed = asyncio.Event()
        self._answered = asyncio.Event()
        self._version = 0
        self._follower: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to follow; waits up to two seconds for the first answer."""
        self._follower = asyncio.create_task(self._follow(), name="clock-follower")
        await _set_within(self._answered, FIRST_ANSWER_S)

    async def close(self) -> None:
        if self._follower is not None:
            self._follower.cancel()
            self._answered.set()  # nobody need wait for an answer any more
            with contextlib.suppress(asyncio.CancelledError):
                await self._follower

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def now(self) -> float:
        instant, since, rate = self._base
        return instant + (time.monotonic() - since) * rate

    async def sleep(self, seconds: float) -> None:
        deadline = self.now() + seconds
        while (left_s := deadline - self.now()) > 0:
            await _set_within(self._changed, left_s / self._base[2])
        await asyncio.sleep(0)

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        if event.is_set():
            return True
        setting = asyncio.ensure_future(event.wait())
        sleeping = asyncio.ensure_future(self.sleep(timeout_s))
        try:
            await asyncio.wait({setting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            setting.cancel()
            sleeping.cancel()
        return event.is_set()

    async def _follow(self) -> None:
        import httpx2  # late: only the demo and tests follow a clock, and the import is slow

        retry_s = RETRY_FIRST_S
        timeout = httpx2.Timeout(5.0, read=LONG_POLL_S + 5.0)
        async with httpx2.AsyncClient(timeout=timeout, trust_env=False) as client:
            while True:
                try:
                    await self._read(client)
                    retry_s = RETRY_FIRST_S
                except (httpx2.HTTPError, ValueError, TypeError, LookupError):
                    # Away, or not a sandbox (yet). It is real time that brings it back.
                    await asyncio.sleep(retry_s)
                    retry_s = min(RETRY_MAX_S, retry_s * 2)

    async def _read(self, client: httpx2.AsyncClient) -> None:
        answer = await client.get(self._url, params={"after": self._version, "wait_s": LONG_POLL_S})
        answer.raise_for_status()
        seen = answer.json()
        instant, rate = float(seen["now"]), float(seen["rate"])
        if rate <= 0:
            raise ValueError(rate)
        self._version = int(seen["version"])
        ours = self.now()
        if ours - JITTER_S < instant < ours:
            instant = ours
        self._base = (instant, time.monotonic(), rate)
        self._answered.set()
        # Whoever waits on the old event looks at the new time; later ones wait for the next change.
        self._changed.set()
        self._changed = asyncio.Event()
