"""How fast one upstream is asked: so many calls a second, so many at a time, the urgent ones first.

Each process keeps it by itself; with shared counters the calls a second are those of all of them together.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum
from fractions import Fraction

from orquestador.model.errors import RateLimited
from orquestador.ops.ratelimit import Counters, Rate
from orquestador.ports import Clock

PASSED_OVER = 4
"""Who was passed over so often goes next, whatever his rank: as many calls as one batch of orders takes."""
PATIENCE_S = 30.0
"""What has the last rank and could not go within this is refused at once: its line must not grow for ever."""
HELD_S, HELD_MAX_S = 10.0, 600.0
"""How long nothing is sent after a 429 that names no instant; doubled while they go on."""
ASK_AGAIN_S = 0.01
"""The shortest pause before the shared counters are asked again."""


class Rank(IntEnum):
    """Who goes before whom when calls wait for their turn."""

    FIRST = 0
    """What moves stock, and what must be known for it."""
    HOUSE = 1
    """What the flows ask by themselves: few, one after the other."""
    LAST = 2
    """What strangers may ask for any number of times."""


_rank: ContextVar[Rank] = ContextVar("rank", default=Rank.HOUSE)


@contextmanager
def ranked(rank: Rank) -> Iterator[None]:
    """Calls made inside, also by tasks started inside, have this rank."""
    token = _rank.set(rank)
    try:
        yield
    finally:
        _rank.reset(token)


@dataclass(slots=True)
class _Line:
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    passed_over: int = 0


class Pace:
    """Calls begin at least 1 / `calls_per_s` seconds apart (no bursts; None = no such limit), and at most
    `in_flight` are under way.

    Time spent waiting is the `Clock`'s, and no part of the call that then begins: its time-outs start when
    its turn has come. `counters` share `calls_per_s` with other processes, as an average: two calls of two
    processes may begin closer together.
    """

    def __init__(
        self,
        service: str,
        clock: Clock,
        *,
        calls_per_s: float | None = None,
        in_flight: int = 2,
        counters: Counters | None = None,
    ) -> None:
        self._service, self._clock = service, clock
        self._counters, self._rate = counters if calls_per_s else None, _rate(calls_per_s)
        self._interval_s = 1.0 / calls_per_s if calls_per_s else 0.0
        self._in_flight = in_flight
        self._under_way = 0
        self._began_at: float | None = None
        self._held_until = 0.0
        self._hold_s = HELD_S
        self._lines = {rank: _Line() for rank in Rank}
        self._giving: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Callers that wait for their turn now."""
        return sum(not one.done() for line in self._lines.values() for one in line.waiting)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and keep it while the call inside is under way.

        Raises RateLimited, with the instant to come again, after a 429 and when too many wait already.
        """
        await self._wait()
        try:
            self._refuse_while_held()
            yield
        except RateLimited as error:
            self._hold(error.retry_at)
            raise
        else:
            self._hold_s = HELD_S
        finally:
            self._under_way -= 1
            self._ended.set()

    async def close(self) -> None:
        """Nobody who still waits gets a turn."""
        if self._giving is not None:
            self._giving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._giving

    # --- waiting

    async def _wait(self) -> None:
        self._refuse_while_held()
        if self._counters is None and not self.waiting and self._may_begin():
            self._begin()
            return
        rank = _rank.get()
        if rank is Rank.LAST:
            self._refuse_when_hopeless()
        line = self._lines[rank].waiting
        me: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(me)
        if self._giving is None or self._giving.done():
            self._giving = asyncio.create_task(self._give_turns(), name="pace")
        try:
            await me
        except asyncio.CancelledError:
            if me.done() and not me.cancelled():
                # The turn came in the same moment.
                self._under_way -= 1
                self._ended.set()
            else:
                with contextlib.suppress(ValueError):
                    line.remove(me)
            raise

    async def _give_turns(self) -> None:
        """Alive while somebody waits: who is next is decided when the turn comes, not when he came."""
        while self.waiting:
            if self._under_way >= self._in_flight:
                self._ended.clear()
                await self._ended.wait()
            elif (left_s := self._left_s()) > 0 or (left_s := await self._others_s()) > 0:
                await self._clock.sleep(left_s)
            elif (next_one := self._next()) is not None:
                self._begin()
                next_one.set_result(None)

    def _next(self) -> asyncio.Future[None] | None:
        """Taken out of his line; None when all have given up."""
        for line in self._lines.values():
            while line.waiting and line.waiting[0].done():
                del line.waiting[0]
        lines = [line for line in self._lines.values() if line.waiting]
        if not lines:
            return None
        chosen = next((line for line in reversed(lines) if line.passed_over >= PASSED_OVER), lines[0])
        for line in lines:
            line.passed_over = 0 if line is chosen else line.passed_over + 1
        return chosen.waiting.popleft()

    def _may_begin(self) -> bool:
        return self._under_way < self._in_flight and self._left_s() <= 0

    async def _others_s(self) -> float:
        """Seconds until all processes together have room for a call; 0 = it is counted, and may begin."""
        if self._counters is None or self._rate is None:
            return 0.0
        left_s = await self._counters.hit("pace", self._service, self._rate)
        return 0.0 if left_s is None else max(ASK_AGAIN_S, left_s)

    def _begin(self) -> None:
        self._under_way += 1
        self._began_at = self._clock.now()

    def _left_s(self) -> float:
        """Seconds until the next call may begin; a clock that was set back costs one interval at most."""
        if self._began_at is None:
            return 0.0
        now = self._clock.now()
        self._began_at = min(self._began_at, now)
        return self._began_at + self._interval_s - now

    def _refuse_when_hopeless(self) -> None:
        ahead_s = len(self._lines[Rank.LAST].waiting) * self._interval_s
        if ahead_s > PATIENCE_S:
            detail = f"{self._service}: too many of our calls wait for their turn"
            raise RateLimited(detail, retry_at=self._clock.now() + ahead_s)

    # --- a 429

    def _hold(self, retry_at: float | None) -> None:
        now = self._clock.now()
        if now < self._held_until:
            return  # refused by ourselves, or one of several that were under way together
        wanted = self._hold_s if retry_at is None else retry_at - now
        self._held_until = now + min(HELD_MAX_S, max(0.0, wanted))
        self._hold_s = min(HELD_MAX_S, self._hold_s * 2)

    def _refuse_while_held(self) -> None:
        left_s = self._held_until - self._clock.now()
        if 0 < left_s <= HELD_MAX_S:
            raise RateLimited(f"{self._service}: it asked us to slow down", retry_at=self._held_until)


def _rate(calls_per_s: float | None) -> Rate | None:
    if not calls_per_s:
        return None
    exact = Fraction(calls_per_s).limit_denominator(100)
    return Rate(exact.numerator, exact.denominator)
