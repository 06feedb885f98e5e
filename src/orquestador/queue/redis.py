"""The queue on Redis: wakes workers of any process within milliseconds. Why it is so: docs/adr/0012.

A lane is two keys: a sorted set of its ids, most urgent first and then by arrival, and a hash that finds an
id in it. Whoever fills an empty lane publishes its name. A waiter looks *after* it is subscribed, so a lane
is never filled unheard; and whoever finds Redis again looks once more.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Self, TypeVar, cast

from orquestador.ports import Clock
from orquestador.redis_link import ANSWER_S, RedisLink, Subscription

KEYS_TTL_S = 3600
"""A hint this old is worth nothing: the journal has been asked thousands of times since."""
LANE_MAX_IDS = 100_000
"""More in a lane nobody serves are dropped; likewise in what this process has not sent yet."""
CHUNK_IDS = 500
"""What one script call adds, so that Redis is never busy with us for more than about a millisecond."""

_T = TypeVar("_T")

# Members are the arrival (15 digits) and the id. An id that was evicted from one key alone is simply new.
_WAKE = """
local due, ids = KEYS[1], KEYS[2]
local size = redis.call('ZCARD', due)
local room, was_empty, refused = tonumber(ARGV[1]) - size, size == 0, 0
local arrival = redis.call('HINCRBY', ids, 'n', (#ARGV - 4) / 2) - (#ARGV - 4) / 2
for n = 5, #ARGV, 2 do
  local id, member = 'i' .. ARGV[n + 1], nil
  if not was_empty then
    member = redis.call('HGET', ids, id)
    if member and not redis.call('ZSCORE', due, member) then member = nil end
  end
  if member then
    redis.call('ZADD', due, 'LT', ARGV[n], member)
  elseif room > 0 then
    arrival, room = arrival + 1, room - 1
    member = string.format('%015.0f', arrival) .. ARGV[n + 1]
    redis.call('HSET', ids, id, member)
    redis.call('ZADD', due, ARGV[n], member)
  else
    refused = refused + 1
  end
end
redis.call('EXPIRE', due, ARGV[2])
redis.call('EXPIRE', ids, ARGV[2])
if was_empty then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
return refused
"""

_TAKE = """
local found, taken, fields = redis.call('ZPOPMIN', KEYS[1], ARGV[1]), {}, {}
for n = 1, #found, 2 do
  local id = string.sub(found[n], 16)
  taken[#taken + 1], fields[#fields + 1] = id, 'i' .. id
end
if #taken > 0 then
  if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('DEL', KEYS[2])
  else
    for n = 1, #fields, 500 do
      redis.call('HDEL', KEYS[2], unpack(fields, n, math.min(n + 499, #fields)))
    end
  end
end
return taken
"""


class _Lanes:
    """The lanes in Redis, and whether it answers; looks for it again by itself, and never raises."""

    def __init__(self, url: str, prefix: str, heard: Callable[[str], None], back: Callable[[], None]) -> None:
        self._link = RedisLink(url, "queue")
        self._wake = self._link.client.register_script(_WAKE)
        self._take = self._link.client.register_script(_TAKE)
        self._prefix = f"{prefix}:queue:"
        self._channel = f"{self._prefix}woken"
        self._back = back
        self._woken = Subscription(
            self._link,
            self._channel,
            heard=heard,
            came=self._came,
            went=lambda problem: self._complain(),
            prove=self._prove,
        )
        self.dropped = 0

    @property
    def up(self) -> bool:
        return self._woken.up

    @property
    def problem(self) -> str | None:
        return self._woken.problem

    async def start(self) -> None:
        """Returns after the first attempt, well or not."""
        await self._woken.start()

    async def close(self) -> None:
        await self._woken.close()
        await self._link.close()

    async def wake(self, lane: str, urgencies: list[tuple[str, float]]) -> None:
        """Add a chunk of ids; those that did not fit, or did not get through, count as dropped."""
        refused = await self._call(self._add(lane, urgencies)) if self.up else None
        if refused is None or refused > 0:
            self.drop(len(urgencies) if refused is None else refused)

    async def take(self, lane: str, limit: int) -> list[str]:
        if not self.up or limit <= 0:
            return []
        return await self._call(self._pop(lane, limit)) or []

    def drop(self, count: int) -> None:
        self.dropped += count
        self._complain()

    def _complain(self) -> None:
        self._link.complain(self.problem or "a lane is full", dropped=self.dropped)

    def _came(self) -> None:
        self._link.relieved(dropped=self.dropped)
        self._back()

    async def _prove(self) -> None:
        """Both scripts may run: a full, read-only or restricted server is as good as none."""
        probe = f"probe-{secrets.token_hex(8)}"
        await self._add(probe, [("probe", 0.0)])
        await self._pop(probe, 1)

    def _keys(self, lane: str) -> list[str]:
        # The braces keep both keys in one slot of a Redis Cluster.
        return [f"{self._prefix}{{{lane}}}:due", f"{self._prefix}{{{lane}}}:ids"]

    async def _add(self, lane: str, urgencies: list[tuple[str, float]]) -> int:
        args: list[str | int] = [LANE_MAX_IDS, KEYS_TTL_S, self._channel, lane]
        for name, urgency in urgencies:
            args += (repr(-urgency), name)
        return cast(int, await self._wake(keys=self._keys(lane), args=args))

    async def _pop(self, lane: str, limit: int) -> list[str]:
        return cast(list[str], await self._take(keys=self._keys(lane), args=[limit]))

    async def _call(self, call: Awaitable[_T]) -> _T | None:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await call
        except Exception as error:  # noqa: BLE001 - whatever the library makes of it, a hint is all that is lost
            self._woken.failed(error)
            return None


@dataclass(slots=True)
class _Batch:
    """Ids on their way to Redis: whatever was woken while the batch before was sent."""

    lanes: dict[str, dict[str, float]] = field(default_factory=dict)
    size: int = 0
    sent: asyncio.Event = field(default_factory=asyncio.Event)


class RedisQueue:
    """Implements `ports.Queue` for the processes that share a Redis and a prefix.

    `wake` never waits and never raises: ids travel in natural batches, and while Redis is away they are
    dropped and counted. `wait` then lasts until its time-out, and returns early when Redis is back.
    """

    def __init__(self, url: str, clock: Clock, prefix: str) -> None:
        self._clock = clock
        self._lanes = _Lanes(url, prefix, self._heard, self._look_again)
        self._waiters: dict[str, set[asyncio.Event]] = {}
        # Lanes found empty, of which nothing was heard since: looking again each second would cost an idle
        # process more than all else that it does.
        self._empty: set[str] = set()
        self._filling = _Batch()
        self._sending = _Batch()
        self._sender: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str, clock: Clock, *, prefix: str) -> Self:
        """A queue in use after at most a second; degraded, with a `problem`, where Redis does not answer.

        Raises ValueError when the URL is none of `redis://`, `rediss://`, `unix://`.
        """
        queue = cls(url, clock, prefix)
        await queue._lanes.start()
        return queue

    @property
    def problem(self) -> str | None:
        """Why Redis is not used now, for `health` and `doctor`; None while it is."""
        return self._lanes.problem

    @property
    def dropped(self) -> int:
        """Ids not passed on since the start; the journal's own look, every second, finds their work."""
        return self._lanes.dropped

    async def wake(self, lane: str, ids: Iterable[str], urgency: float = 0.0) -> None:
        if self._closed:
            return
        names = list(ids)
        if not self._lanes.up:
            self._lanes.drop(len(names))
            return
        batch = self._filling
        for name in names:
            known = batch.lanes.setdefault(lane, {})
            if name in known:
                known[name] = max(known[name], urgency)
            elif batch.size < LANE_MAX_IDS:
                known[name] = urgency
                batch.size += 1
            else:
                self._lanes.drop(1)
        if batch.size and self._sender is None:
            self._sender = asyncio.create_task(self._send(), name="queue-redis-send")

    async def _send(self) -> None:
        try:
            while self._filling.size:
                batch, self._filling = self._filling, _Batch()
                self._sending = batch
                try:
                    for lane, urgencies in batch.lanes.items():
                        left = iter(urgencies.items())
                        while chunk := list(itertools.islice(left, CHUNK_IDS)):
                            await self._lanes.wake(lane, chunk)
                finally:
                    batch.sent.set()
        finally:
            self._sender = None

    async def wait(self, lane: str, limit: int, timeout_s: float) -> list[str]:
        deadline = self._clock.now() + timeout_s
        heard = asyncio.Event()
        self._waiters.setdefault(lane, set()).add(heard)
        try:
            while not self._closed:
                # Before the look: what is published from here on sets it again.
                heard.clear()
                # Whoever does not wait could not hear what is on its way, so there is always that one look.
                idle = timeout_s > 0 and self._nothing_new(lane)
                taken = [] if idle else await self._take(lane, limit, heard)
                left_s = deadline - self._clock.now()
                if taken or left_s <= 0:
                    return taken
                if not await self._clock.wait(heard, left_s):
                    return []
            return []
        finally:
            waiters = self._waiters[lane]
            waiters.discard(heard)
            if not waiters:
                del self._waiters[lane]

    def _nothing_new(self, lane: str) -> bool:
        return lane in self._empty and not self._on_its_way(lane)

    def _on_its_way(self, lane: str) -> _Batch | None:
        """What this process has woken before is seen by its own next look."""
        return next(
            (b for b in (self._filling, self._sending) if lane in b.lanes and not b.sent.is_set()), None
        )

    async def _take(self, lane: str, limit: int, heard: asyncio.Event) -> list[str]:
        if (batch := self._on_its_way(lane)) is not None:
            await batch.sent.wait()
        taken = await self._lanes.take(lane, limit)
        if len(taken) < limit and self._lanes.up and not heard.is_set():
            self._empty.add(lane)
        return taken

    def _heard(self, lane: str) -> None:
        self._empty.discard(lane)
        for waiter in self._waiters.get(lane, ()):
            waiter.set()

    def _look_again(self) -> None:
        self._empty.clear()
        for lane in self._waiters:
            self._heard(lane)

    async def close(self) -> None:
        """Sends what is on its way; everyone who waits gets [] at once."""
        self._closed = True
        self._look_again()
        if self._sender is not None:
            await self._sender
        await self._lanes.close()
