"""The cache on Redis, shared by every process of an installation. Why it is so: docs/adr/0013.

A key holds its answer, or the token of the miss whose answer may be stored: `forget` deletes either, so that
an answer that was fetched before it finds its token gone. The same after a flush, an eviction or a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Self, TypeVar, cast

from orquestador.circuit import Circuit, CircuitState
from orquestador.model.errors import Unavailable
from orquestador.ports import CacheMiss, Clock, Remembered
from orquestador.redis_link import CHUNK_KEYS, CONNECT_S, RedisLink

ANSWER_S = 0.2
PENDING_S = 60
"""An answer that took longer to fetch is not stored."""
TTL_MAX_S = 600.0
OWED_MAX = 10_000
OWED_AGAIN_S = 1.0
PROBE_MAX_S = 5.0
_KEPT, _PENDING = "v", "p"

_T = TypeVar("_T")

_SWAP = """
local found = redis.call('GET', KEYS[1]) or ''
if found == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return ARGV[2]
end
return found
"""


class RedisCache:
    """Implements `ports.Cache`.

    While Redis is away everything is a miss, found out at most once every few seconds; what had to be
    forgotten meanwhile is forgotten as soon as it is back, and before the next answer. Other processes that
    still reach Redis may give the old answer until then, at most for its time to live.
    """

    def __init__(self, url: str, clock: Clock, prefix: str) -> None:
        self._clock = clock
        self._link = RedisLink(url, "cache")
        self._circuit = Circuit(clock, max_probe_s=PROBE_MAX_S)
        self._swap = self._link.client.register_script(_SWAP)
        self._prefix = f"{prefix}:cache:"
        self._owed: dict[str, int] = {}
        self._order = itertools.count()
        self._blind_until = 0.0
        self._payer: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, clock: Clock, *, prefix: str) -> Self:
        """A cache in use after at most a second; with a `problem`, where Redis does not answer.

        Raises ValueError when the URL is none of `redis://`, `rediss://`, `unix://`.
        """
        cache = cls(url, clock, prefix)
        await cache._ask(cache._ping, CONNECT_S)
        return cache

    @property
    def problem(self) -> str | None:
        """Why Redis is not used now, for `health` and `doctor`; None while it is."""
        return None if self._circuit.state is CircuitState.CLOSED else self._circuit.last_error

    async def get(self, key: str) -> Remembered | CacheMiss:
        found = await self._ask(lambda: self._get(key))
        return CacheMiss(None) if found is None or self._blind() else found

    async def set(self, key: str, value: str, ttl_s: float, miss: CacheMiss) -> bool:
        ttl_s, now = min(ttl_s, TTL_MAX_S), self._clock.now()
        if miss.token is None or ttl_s < 0.001:
            return False
        kept = f"{_KEPT}{now!r} {now + ttl_s!r} {value}"
        return await self._ask(lambda: self._swapped(key, miss.token, kept, ttl_s)) == kept

    async def forget(self, keys: Iterable[str]) -> None:
        self._owed |= {key: next(self._order) for key in keys}
        if self._owed:
            await self._ask(self._nothing_else)
        if self._owed and self._payer is None:
            self._payer = asyncio.create_task(self._pay(), name="cache-redis-forget")
        if len(self._owed) > OWED_MAX:
            # Too many to remember: nothing that may be older than this is given any more.
            self._owed.clear()
            self._blind_until = self._clock.now() + TTL_MAX_S

    async def close(self) -> None:
        if self._payer is not None:
            self._payer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._payer
        await self._link.close()

    def _blind(self) -> bool:
        return self._clock.now() < self._blind_until

    async def _ask(self, call: Callable[[], Awaitable[_T]], answer_s: float = ANSWER_S) -> _T | None:
        """The answer, once all that is owed is forgotten; None when Redis does not do it in time."""
        try:
            probe = self._circuit.admit()
        except Unavailable:
            return None
        try:
            async with asyncio.timeout(answer_s):
                if probe:
                    await self._link.drop_idle()
                if self._owed:
                    await self._forget_owed()
                answer = await call()
        except Exception as error:  # noqa: BLE001 - whatever the library makes of it, it is a miss
            self._circuit.failed(self._link.told(error), probe=probe)
            self._link.complain(self._circuit.last_error or "")
            return None
        except BaseException:
            if probe:
                self._circuit.gave_up()
            raise
        self._circuit.succeeded()
        self._link.relieved()
        return answer

    async def _pay(self) -> None:
        """A process that reads nothing must forget as well, once Redis is back with what it had stored."""
        try:
            while self._owed:
                await self._clock.sleep(OWED_AGAIN_S)
                await self._ask(self._nothing_else)
        finally:
            self._payer = None

    async def _forget_owed(self) -> None:
        while self._owed:
            taken = dict(itertools.islice(self._owed.items(), CHUNK_KEYS))
            await self._link.client.unlink(*(self._prefix + key for key in taken))
            for key, order in taken.items():
                # Forgotten again meanwhile, perhaps after an answer that was stored after our call.
                if self._owed.get(key) == order:
                    del self._owed[key]

    async def _get(self, key: str) -> Remembered | CacheMiss:
        raw = cast(str | None, await self._link.client.get(self._prefix + key)) or ""
        found = self._read(raw)
        if found is None:
            token = secrets.token_hex(8)
            found = self._read(await self._swapped(key, raw, _PENDING + token, PENDING_S))
        return found or CacheMiss(None)

    def _read(self, raw: str) -> Remembered | CacheMiss | None:
        """None = nothing, or what has had its time, or what is none of ours."""
        if raw.startswith(_PENDING):
            return CacheMiss(raw)
        stored_at, _, rest = raw.removeprefix(_KEPT).partition(" ")
        until, _, value = rest.partition(" ")
        try:
            if raw.startswith(_KEPT) and self._clock.now() < float(until):
                return Remembered(value, float(stored_at))
        except ValueError:
            pass
        return None

    async def _swapped(self, key: str, expected: str | None, value: str, ttl_s: float) -> str:
        """Replace what is expected there; returns what is there now."""
        args: list[str | int] = [expected or "", value, max(1, round(ttl_s * 1000))]
        return cast(str, await self._swap(keys=[self._prefix + key], args=args))

    async def _ping(self) -> bool:
        return bool(await self._link.client.ping())

    async def _nothing_else(self) -> None:
        return None
