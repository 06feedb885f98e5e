"""One Redis, as the queue, the cache and the broadcast use it: the connection, what is told when it fails,
and a subscription that comes back by itself (docs/adr/0012)."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError

CHUNK_KEYS = 500
ANSWER_S = 0.5
CONNECT_S = 1.0
HEARTBEAT_S = 10.0
RETRY_FIRST_S = 0.05
RETRY_MAX_S = 1.0
STEADY_S = 5.0
"""A connection that lived this long was a good one: the next pause is short again."""
COMPLAIN_EVERY_S = 60.0
CONNECTIONS_MAX = 8

_log = structlog.get_logger(__name__)


def pool_of(url: str, *, answer_s: float, connect_s: float) -> BlockingConnectionPool:
    """At most CONNECTIONS_MAX connections, none made before the first call; a call waits `answer_s` for one.

    Raises ValueError when the URL is none of `redis://`, `rediss://`, `unix://`.
    """
    return BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS_MAX,
        timeout=answer_s,
        socket_connect_timeout=connect_s,
        socket_timeout=None,  # every call has a time-out of its own
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        decode_responses=True,
        encoding_errors="surrogatepass",  # a hostile address, id or SKU is a name like any other
    )


class RedisLink:
    """A pool of connections, none made before the first call; `user` is who complains in the log."""

    def __init__(self, url: str, user: str) -> None:
        """Raises ValueError when the URL is none of `redis://`, `rediss://`, `unix://`."""
        self._pool = pool_of(url, answer_s=ANSWER_S, connect_s=CONNECT_S)
        self.client = Redis.from_pool(self._pool)
        where = self._pool.connection_kwargs
        self._where = str(where.get("path") or f"{where.get('host')}:{where.get('port')}")
        self._user = user
        self._quiet_until = 0.0
        self._complained = False

    def told(self, error: Exception) -> str:
        """What is wrong with it, for a person."""
        if isinstance(error, AuthenticationError):
            what = "refuses the login: check the user and password in REDIS_URL"
        elif isinstance(error, TimeoutError):
            what = "does not answer in time"
        else:
            what = f"cannot be used: {str(error)[:200] or type(error).__name__}"
        return f"Redis at {self._where} {what}"

    def complain(self, problem: str, **facts: object) -> None:
        """A warning, at most one a minute."""
        now = time.monotonic()
        if now >= self._quiet_until:
            self._quiet_until, self._complained = now + COMPLAIN_EVERY_S, True
            _log.warning(f"{self._user} degraded", problem=problem, **facts)

    def relieved(self, **facts: object) -> None:
        """It is well again; told when there was a complaint."""
        if self._complained:
            self._complained = False
            _log.info(f"{self._user} back", **facts)

    async def drop_idle(self) -> None:
        """Close the connections that nobody uses: they may lead to a host that is gone."""
        await self._pool.disconnect(inuse_connections=False)

    async def close(self) -> None:
        with contextlib.suppress(RedisError, OSError):
            await self.client.aclose()


async def nothing_to_prove() -> None:
    """The `prove` of a subscription that only listens."""


class Subscription:
    """Hears one channel as long as Redis lets it, and looks for Redis again by itself; never raises.

    `up` when subscribed and `prove` (calls that must work beside it) came back; then `came` is called, and
    `heard` with each message. `went` is told the problem each time there is one.
    """

    def __init__(
        self,
        link: RedisLink,
        channel: str,
        *,
        heard: Callable[[str], None],
        came: Callable[[], None],
        went: Callable[[str], None],
        prove: Callable[[], Awaitable[None]] = nothing_to_prove,
    ) -> None:
        self._link, self._channel, self._prove = link, channel, prove
        self._heard, self._came, self._went = heard, came, went
        self._supervisor: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._session: asyncio.Timeout | None = None
        self.up = False
        self.problem: str | None = None

    async def start(self) -> None:
        """Returns after the first attempt, well or not."""
        if self._supervisor is None:
            self._supervisor = asyncio.create_task(self._supervise(), name=f"redis:{self._channel}")
        await self._tried.wait()

    async def close(self) -> None:
        self.up = False
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor

    def failed(self, error: Exception) -> None:
        """Redis does not do its work, here or in a call beside it: end the session and look for it again."""
        if self.up:
            self.up = False
            if self._session is not None:
                self._session.reschedule(asyncio.get_running_loop().time())
        elif self.problem is not None and isinstance(error, TimeoutError):
            return  # the end of a session says less than what ended it
        self.problem = self._link.told(error)
        self._went(self.problem)

    async def _supervise(self) -> None:
        pause_s = RETRY_FIRST_S
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(CONNECT_S) as session:
                    await self._serve(session)
            except Exception as error:  # noqa: BLE001 - it must come back, whatever the library raised
                self.failed(error)
            self._tried.set()
            await self._link.drop_idle()
            if time.monotonic() - began > STEADY_S:
                pause_s = RETRY_FIRST_S
            # It is real time that brings a server back, whatever clock the rest follows.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))
            pause_s = min(RETRY_MAX_S, pause_s * 2)

    async def _serve(self, session: asyncio.Timeout) -> None:
        """Subscribe, prove, then pass on what is heard until the link breaks."""
        async with self._link.client.pubsub() as pubsub:
            await pubsub.subscribe(self._channel)
            if await pubsub.get_message(timeout=CONNECT_S) is None:
                raise TimeoutError
            await self._prove()
            session.reschedule(None)
            self._session, self.up, self.problem = session, True, None
            self._tried.set()
            self._came()
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
