"""Calls counted in Redis, for processes that answer under one address; alone while Redis is away.

The limiter must never be what fails or delays a request. So the first call that Redis does not answer in time
is the last one to wait: from then on this process counts in its own memory, and a task looks for Redis.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections import OrderedDict

import structlog
from limits.aio.storage import RedisStorage
from redis.exceptions import RedisError

from orquestador.ops.counters import NAMES_MAX, MemoryCounters, WindowCounters
from orquestador.ops.ratelimit import Rate
from orquestador.redis_link import pool_of

ANSWER_S = 0.25
RETRY_FIRST_S = 0.1
RETRY_MAX_S = 1.0
_PROBE = Rate(1, 1)
_log = structlog.get_logger(__name__)


class SharedCounters:
    """Implements `ratelimit.Counters` for the processes that share a Redis and a prefix.

    Every key begins with `<prefix>:` and expires within two windows. A caller that was refused is refused
    from memory until his time has come, so that a flood costs Redis little. Raises ValueError when the URL is
    none of `redis://`, `rediss://`, `unix://`.
    """

    def __init__(self, url: str, prefix: str, alone: MemoryCounters) -> None:
        self._pool = pool_of(url, answer_s=ANSWER_S, connect_s=ANSWER_S)
        # The library would take unix:// for another server; the pool knows the address.
        storage = RedisStorage(
            "redis://",
            implementation="redispy",
            key_prefix=prefix,
            connection_pool=self._pool,  # type: ignore[arg-type]  # typed as if only numbers and texts went there
        )
        self._shared = WindowCounters(storage)
        self._alone = alone
        self._refused: OrderedDict[str, float] = OrderedDict()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False
        self.problem: str | None = None
        """Why every process counts alone now, for `health`; None while they share."""

    async def close(self) -> None:
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
        with contextlib.suppress(RedisError, OSError):
            await self._pool.aclose()

    async def hit(self, rule: str, name: str, rate: Rate) -> float | None:
        caller, now = f"{rule}/{name}", time.monotonic()
        if (until := self._refused.get(caller, now)) > now:
            return until - now
        if self.problem is None and not self._closed:
            try:
                async with asyncio.timeout(ANSWER_S):
                    wait_s = await self._shared.hit(rule, name, rate)
            except Exception as error:  # noqa: BLE001 - whatever the library makes of it, counting alone goes on
                self._lost(error)
            else:
                self._remember(caller, now, wait_s)
                return wait_s
        return await self._alone.hit(rule, name, rate)

    def _remember(self, caller: str, now: float, wait_s: float | None) -> None:
        self._refused.pop(caller, None)
        if wait_s is not None:
            self._refused[caller] = now + wait_s
            if len(self._refused) > NAMES_MAX:
                self._refused.popitem(last=False)

    def _lost(self, error: Exception) -> None:
        if self.problem is None and not self._closed:
            self.problem = _told(error)
            _log.warning("rate limits counted alone", problem=self.problem)
            self._looking = asyncio.create_task(self._look(), name="limits-redis")

    async def _look(self) -> None:
        """Until Redis does what is asked of it: not every Redis that answers a ping can be written to."""
        pause_s = RETRY_FIRST_S
        while self.problem is not None:
            # It is real time that brings a server back, whatever clock the rest follows.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(RETRY_MAX_S, pause_s * 2)
            try:
                async with asyncio.timeout(ANSWER_S):
                    await self._pool.disconnect(
                        inuse_connections=False
                    )  # they may lead to a host that is gone
                    await self._shared.hit("probe", secrets.token_hex(8), _PROBE)
            except Exception as error:  # noqa: BLE001 - it must come back, whatever the library raised
                self.problem = _told(error)
            else:
                self.problem = None
        _log.info("rate limits shared again")


def _told(error: Exception) -> str:
    # The class and nothing else: messages of the client may repeat what was sent.
    return (
        "Redis does not answer in time"
        if isinstance(error, TimeoutError)
        else f"Redis: {type(error).__name__}"
    )
