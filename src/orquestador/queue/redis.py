"""The queue on Redis: wakes workers of any process within milliseconds. Why it is so: docs/adr/0012.

A lane is two keys: a sorted set of its ids, most urgent first and then by arrival, and a hash that finds an
id in it. Whoever fills an empty lane publishes its name. A waiter looks *after* it is subscribed, so a lane
is never filled unheard; and whoever finds Redis again looks once more.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar, cast

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

from orquestador.ports import Clock

KEYS_TTL_S = 3600
"""A hint this old is worth nothing: the journal has been asked thousands of times since."""
LANE_MAX_IDS = 100_000
"""More in a lane nobody serves are dropped; likewise in what this process has not sent yet."""
CHUNK_IDS = 500
"""What one script call adds, so that Redis is never busy with us for more than about a millisecond."""
ANSWER_S = 0.5
CONNECT_S = 1.0
HEARTBEAT_S = 10.0
RETRY_FIRST_S = 0.05
RETRY_MAX_S = 1.0
STEADY_S = 5.0
"""A connection that lived this long was a good one: the next pause is short again."""
COMPLAIN_EVERY_S = 60.0
CONNECTIONS_MAX = 8

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)

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


class _Link:
    """One Redis, and whether it answers; looks for it again by itself, and never raises."""

    def __init__(self, url: str, prefix: str, heard: Callable[[str], None], back: Callable[[], None]) -> None:
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS_MAX,
            timeout=ANSWER_S,
            socket_connect_timeout=CONNECT_S,
            socket_timeout=None,  # every call has a time-out of its own
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            decode_responses=True,
            encoding_errors="surrogatepass",  # a hostile id must not stop the lane
        )
        self._client = Redis.from_pool(self._pool)
        self._wake = self._client.register_script(_WAKE)
        self._take = self._client.register_script(_TAKE)
        self._prefix = f"{prefix}:queue:"
        self._channel = f"{self._prefix}woken"
        self._heard, self._back = heard, back
        where = self._pool.connection_kwargs
        self._where = str(where.get("path") or f"{where.get('host')}:{where.get('port')}")
        self._supervisor: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._session: asyncio.Timeout | None = None
        self._quiet_until = 0.0
        self._complained = False
        self.up = False
        self.problem: str | None = None
        self.dropped = 0

    async def start(self) -> None:
        """Returns after the first attempt, well or not."""
        self._supervisor = asyncio.create_task(self._supervise(), name="queue-redis")
        await self._tried.wait()

    async def close(self) -> None:
        self.up = False
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
        with contextlib.suppress(RedisError, OSError):
            await self._client.aclose()

    async def wake(self, lane: str, urgencies: list[tuple[str, float]]) -> None:
        """Add a chunk of ids; those that did not fit, or did not get through, count as dropped."""
        refused = await self._call(self._add(lane, urgencies)) if self.up else None
        if refused is None or refused > 0:
            self.drop(len(urgencies) if refused is None else refused)

    async def take(self, lane: str, limit: int) -> list[str]:
        if not self.up or limit <= 0:
            return []
        return await self._call(self._pop(lane, limit)) or []

    async def remove_all(self) -> None:
        """Delete every key below our prefix, a page at a time. Raises what the library raises."""
        pattern = re.sub(r"([\[\]*?\\^-])", r"\\\1", self._prefix) + "*"
        found: list[str] = []
        async for key in self._client.scan_iter(match=pattern, count=CHUNK_IDS):
            found.append(key)
        for n in range(0, len(found), CHUNK_IDS):
            await self._client.unlink(*found[n : n + CHUNK_IDS])

    def drop(self, count: int) -> None:
        self.dropped += count
        self._complain()

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
            self._fail(error)
            return None

    def _fail(self, error: Exception) -> None:
        """Redis does not do its work: degrade, and let the supervisor look for it again."""
        if self.up:
            self.up = False
            if self._session is not None:
                self._session.reschedule(asyncio.get_running_loop().time())
        elif self.problem is not None and isinstance(error, TimeoutError):
            return  # the end of a session says less than what ended it
        self.problem = f"Redis at {self._where} {_told(error)}"
        self._complain()

    def _complain(self) -> None:
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until, self._complained = now + COMPLAIN_EVERY_S, True
            _log.warning("queue degraded", problem=self.problem or "a lane is full", dropped=self.dropped)

    async def _supervise(self) -> None:
        pause_s = RETRY_FIRST_S
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(CONNECT_S) as session:
                    await self._serve(session)
            except Exception as error:  # noqa: BLE001 - it must come back, whatever the library raised
                self._fail(error)
            self._tried.set()
            await self._pool.disconnect(inuse_connections=False)  # they may lead to a host that is gone
            if time.monotonic() - began > STEADY_S:
                pause_s = RETRY_FIRST_S
            # It is real time that brings a server back, whatever clock the rest follows.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(RETRY_MAX_S, pause_s * 2)

    async def _serve(self, session: asyncio.Timeout) -> None:
        """Subscribe, prove that both scripts may run, then pass on what is heard until the link breaks."""
        async with self._client.pubsub() as pubsub:
            await pubsub.subscribe(self._channel)
            if await pubsub.get_message(timeout=CONNECT_S) is None:
                raise TimeoutError
            probe = f"probe-{secrets.token_hex(8)}"
            await self._add(probe, [("probe", 0.0)])
            await self._pop(probe, 1)
            session.reschedule(None)
            self._session, self.up, self.problem = session, True, None
            self._tried.set()
            if self._complained:
                self._complained = False
                _log.info("queue back", dropped=self.dropped)
            self._back()
            try:
                await self._listen(pubsub)
            finally:
                self._session = None

    async def _listen(self, pubsub: PubSub) -> None:
        asked = False
        while True:
            message: dict[str, Any] | None = await pubsub.get_message(
                timeout=CONNECT_S if asked else HEARTBEAT_S
            )
            if message is not None:
                asked = False
                if message["type"] == "message":
                    self._heard(message["data"])
            elif asked:
                raise TimeoutError
            else:
                asked = True
                await pubsub.ping()


def _told(error: Exception) -> str:
    if isinstance(error, AuthenticationError):
        return "refuses the login: check the user and password in REDIS_URL"
    if isinstance(error, TimeoutError):
        return "does not answer in time"
    return f"cannot be used: {str(error)[:200] or type(error).__name__}"


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
        self._link = _Link(url, prefix, self._heard, self._look_again)
        self._waiters: dict[str, set[asyncio.Event]] = {}
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
        await queue._link.start()
        return queue

    @property
    def problem(self) -> str | None:
        """Why Redis is not used now, for `health` and `doctor`; None while it is."""
        return self._link.problem

    @property
    def dropped(self) -> int:
        """Ids not passed on since the start; the journal's own look, every second, finds their work."""
        return self._link.dropped

    async def wake(self, lane: str, ids: Iterable[str], urgency: float = 0.0) -> None:
        if self._closed:
            return
        names = list(ids)
        if not self._link.up:
            self._link.drop(len(names))
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
                self._link.drop(1)
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
                            await self._link.wake(lane, chunk)
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
                taken = await self._take(lane, limit)
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

    async def _take(self, lane: str, limit: int) -> list[str]:
        # What this process has woken before is seen by its own next look.
        for batch in (self._filling, self._sending):
            if lane in batch.lanes:
                await batch.sent.wait()
                break
        return await self._link.take(lane, limit)

    def _heard(self, lane: str) -> None:
        for waiter in self._waiters.get(lane, ()):
            waiter.set()

    def _look_again(self) -> None:
        for lane in self._waiters:
            self._heard(lane)

    async def remove_all(self) -> None:
        """Delete what this prefix has in Redis: for a demo or a test that leaves nothing behind. Raises
        RedisError or OSError when Redis does not answer."""
        await self._link.remove_all()

    async def close(self) -> None:
        """Sends what is on its way; everyone who waits gets [] at once."""
        self._closed = True
        self._look_again()
        if self._sender is not None:
            await self._sender
        await self._link.close()
