"""What stands in a context that needs no cache and tells nobody: a command's, say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from orquestador.ports import CacheMiss, Event, Listener, Remembered


class NoCache:
    """Forgets at once, as every cache may."""

    async def get(self, key: str) -> Remembered | CacheMiss:
        return CacheMiss(None)

    async def set(self, key: str, value: str, ttl_s: float, miss: CacheMiss) -> bool:
        return False

    async def forget(self, keys: Iterable[str]) -> None: ...

    async def close(self) -> None: ...


class NoBroadcast:
    """Nobody hears anything."""

    def publish(self, topic: str, facts: Mapping[str, object]) -> None: ...

    async def listen(self) -> Listener:
        return _Ended()

    def end(self) -> None: ...

    async def close(self) -> None: ...


class _Ended:
    closed = True

    async def take(self, timeout_s: float) -> list[Event]:
        return []

    def close(self) -> None: ...
