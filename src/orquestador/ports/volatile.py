"""What may be lost at any moment: wake-ups, remembered answers, live events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Queue(Protocol):
    """Only wakes workers: losing everything in it costs a second, nothing else."""

    async def wake(self, lane: str, ids: Iterable[str], urgency: float = 0.0) -> None:
        """Ids coalesce; a higher urgency of the same id wins."""
        ...

    async def wait(self, lane: str, limit: int, timeout_s: float) -> list[str]:
        """Up to `limit` ids, urgent ones first; [] after `timeout_s`. Waits through the Clock."""
        ...

    @property
    def problem(self) -> str | None:
        """Why it cannot wake anybody now, in words without secrets; None while it can."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer of the cache, and since when it has it."""

    value: str
    stored_at: float


@dataclass(frozen=True, slots=True)
class CacheMiss:
    """Nothing usable is remembered; take it along to `set`. Equal misses of a key had no `forget` between
    them. `token` None = nothing can be stored now."""

    token: str | None


class Cache(Protocol):
    """Short-lived answers by key. May forget anything at any moment; never raises, never takes longer than
    about 200 ms: a cache that is away has only misses."""

    async def get(self, key: str) -> Remembered | CacheMiss: ...

    async def set(self, key: str, value: str, ttl_s: float, miss: CacheMiss) -> bool:
        """Remember the answer to this miss for `ttl_s` seconds (at most 600). False, and nothing stored, when
        the key was forgotten after the miss: the answer may be older than the change."""
        ...

    async def forget(self, keys: Iterable[str]) -> None:
        """After this, no answer that was fetched before it is given. Called after the change it is about."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a person may want to look at again. Ids, SKUs, states, reasons; no personal data."""

    topic: str
    at: float
    facts: Mapping[str, object] = field(default_factory=dict)


MISSED = "missed"
"""Topic of the event that stands for those that did not get through; `count` when it is known."""


class Listener(Protocol):
    """What one reader has not taken yet; bounded, the oldest give way to one MISSED event."""

    @property
    def closed(self) -> bool:
        """Nothing will come any more."""
        ...

    async def take(self, timeout_s: float) -> list[Event]:
        """Everything since the last take, oldest first; [] after `timeout_s` or at the end. Waits through the
        Clock."""
        ...

    def close(self) -> None: ...


class Broadcast(Protocol):
    """Tells whoever looks that something changed, in any process. Not the truth, and kept nowhere."""

    def publish(self, topic: str, facts: Mapping[str, object]) -> None:
        """Never waits, never raises."""
        ...

    async def listen(self) -> Listener:
        """From now on (where another process publishes: from when it can be heard)."""
        ...

    def end(self) -> None:
        """Close every listener: the process is about to stop."""
        ...

    async def close(self) -> None: ...
