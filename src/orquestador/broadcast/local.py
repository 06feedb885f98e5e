"""The broadcast inside one process: what the embedded shape uses."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from orquestador.ports import MISSED, Clock, Event, Listener

SIZE = 1_000
"""Events that one listener keeps until they are taken."""


class Mailbox:
    """Implements `ports.Listener`."""

    def __init__(self, clock: Clock, size: int, on_close: Callable[[Mailbox], None]) -> None:
        self._clock, self._size, self._on_close = clock, size, on_close
        self._events: deque[Event] = deque()
        self._missed: int | None = 0
        """None = an unknown number."""
        self._filled = asyncio.Event()
        self.closed = False

    def put(self, event: Event) -> None:
        if event.topic == MISSED:
            count = event.facts.get("count")
            self._miss(count if isinstance(count, int) else None)
        else:
            if len(self._events) >= self._size:
                self._events.popleft()
                self._miss(1)
            self._events.append(event)
        self._filled.set()

    def _miss(self, count: int | None) -> None:
        self._missed = None if count is None or self._missed is None else self._missed + count

    async def take(self, timeout_s: float) -> list[Event]:
        deadline = self._clock.now() + timeout_s
        while True:
            taken = self._drain()
            left_s = deadline - self._clock.now()
            if taken or self.closed or left_s <= 0:
                return taken
            await self._clock.wait(self._filled, left_s)

    def _drain(self) -> list[Event]:
        taken = list(self._events)
        if self._missed != 0:
            facts = {} if self._missed is None else {"count": self._missed}
            taken.insert(0, Event(MISSED, self._clock.now(), facts))
        self._events.clear()
        self._missed = 0
        if not self.closed:
            self._filled.clear()
        return taken

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._filled.set()
            self._on_close(self)


class LocalBroadcast:
    """Implements `ports.Broadcast` for one event loop."""

    def __init__(self, clock: Clock, size: int = SIZE) -> None:
        self._clock, self._size = clock, size
        self._mailboxes: set[Mailbox] = set()
        self._ended = False

    def publish(self, topic: str, facts: Mapping[str, object]) -> None:
        if self._mailboxes:
            self.deliver(Event(topic, self._clock.now(), dict(facts)))

    def deliver(self, event: Event) -> None:
        """To everyone who listens here."""
        for mailbox in self._mailboxes:
            mailbox.put(event)

    async def listen(self) -> Listener:
        mailbox = Mailbox(self._clock, self._size, self._mailboxes.discard)
        self._mailboxes.add(mailbox)
        if self._ended:
            mailbox.close()
        return mailbox

    def end(self) -> None:
        self._ended = True
        for mailbox in list(self._mailboxes):
            mailbox.close()

    async def close(self) -> None:
        self.end()
