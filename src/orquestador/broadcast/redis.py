"""The broadcast on Redis: what any process publishes reaches the listeners of every process."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections import deque
from collections.abc import Mapping
from typing import Self

from orquestador.broadcast.local import SIZE, LocalBroadcast
from orquestador.circuit import Circuit, CircuitState
from orquestador.model.errors import Unavailable
from orquestador.ports import MISSED, Clock, Event, Listener
from orquestador.redis_link import ANSWER_S, CONNECT_S, RedisLink, Subscription

CHUNK_EVENTS = 100
"""One message carries that many."""
PROBE_MAX_S = 5.0


class RedisBroadcast:
    """Implements `ports.Broadcast` for the processes that share a Redis and a prefix.

    Events travel in natural batches, at most `SIZE` wait; what did not get through is told to the listeners
    as MISSED with the next that does, and a listener who could not hear for a while is told so, too. Only a
    process where somebody has listened is subscribed.
    """

    def __init__(self, url: str, clock: Clock, prefix: str) -> None:
        self._clock = clock
        self._channel = f"{prefix}:events"
        self._link = RedisLink(url, "broadcast")
        self._circuit = Circuit(clock, max_probe_s=PROBE_MAX_S)
        self._here = LocalBroadcast(clock)
        self._subscription = Subscription(
            self._link, self._channel, heard=self._heard, came=self._came, went=self._link.complain
        )
        self._waiting: deque[Event] = deque()
        self._lost = 0
        self._sender: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(cls, url: str, clock: Clock, *, prefix: str) -> Self:
        """In use after at most a second; with a `problem`, where Redis does not answer.

        Raises ValueError when the URL is none of `redis://`, `rediss://`, `unix://`.
        """
        broadcast = cls(url, clock, prefix)
        await broadcast._send_one([], CONNECT_S)
        return broadcast

    @property
    def problem(self) -> str | None:
        """Why Redis is not used now, for `health` and `doctor`; None while it is."""
        away = self._circuit.state is not CircuitState.CLOSED
        return self._circuit.last_error if away else self._subscription.problem

    @property
    def lost(self) -> int:
        """Events that wait to be told as MISSED."""
        return self._lost

    def publish(self, topic: str, facts: Mapping[str, object]) -> None:
        if self._closed:
            return
        if len(self._waiting) >= SIZE:
            self._waiting.popleft()
            self._lost += 1
        self._waiting.append(Event(topic, self._clock.now(), dict(facts)))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send(), name="broadcast-redis-send")

    async def _send(self) -> None:
        try:
            while self._waiting:
                count = min(CHUNK_EVENTS, len(self._waiting))
                await self._send_one([self._waiting.popleft() for _ in range(count)], ANSWER_S)
        finally:
            self._sender = None

    async def _send_one(self, events: list[Event], answer_s: float) -> None:
        """One message; what it did not get through with is lost, and counted."""
        lost, self._lost = self._lost, 0
        try:
            probe = self._circuit.admit()
        except Unavailable:
            self._lost += lost + len(events)
            return
        gap = [Event(MISSED, self._clock.now(), {"count": lost})] if lost else []
        try:
            text = json.dumps([[e.topic, e.at, e.facts] for e in itertools.chain(gap, events)], default=str)
            async with asyncio.timeout(answer_s):
                if probe:
                    await self._link.drop_idle()
                await self._link.client.publish(self._channel, text)
        except Exception as error:  # noqa: BLE001 - whatever the library makes of it, an event is all that is lost
            self._lost += lost + len(events)
            self._circuit.failed(self._link.told(error), probe=probe)
            self._link.complain(self._circuit.last_error or "", lost=self._lost)
        except BaseException:
            self._circuit.gave_up()
            raise
        else:
            self._circuit.succeeded()
            self._link.relieved()

    async def listen(self) -> Listener:
        if not self._closed:
            await self._subscription.start()
        return await self._here.listen()

    def _heard(self, text: str) -> None:
        with contextlib.suppress(ValueError, TypeError):
            for topic, at, facts in json.loads(text):
                self._here.deliver(Event(str(topic), float(at), dict(facts)))

    def _came(self) -> None:
        # Whoever listens now did so before the subscription stood, or while it was broken.
        self._here.deliver(Event(MISSED, self._clock.now()))

    def end(self) -> None:
        self._here.end()

    async def close(self) -> None:
        """What has not been sent is not sent any more."""
        self._closed = True
        self.end()
        if self._sender is not None:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
        await self._subscription.close()
        await self._link.close()
