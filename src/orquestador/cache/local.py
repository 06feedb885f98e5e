"""The cache inside one process: what the embedded shape uses."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from orquestador.ports import CacheMiss, Clock, Remembered

SIZE = 10_000
TTL_MAX_S = 600.0


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Remembered
    until: float


class LocalCache:
    """Implements `ports.Cache` for one event loop; above `size` keys the least used give way."""

    def __init__(self, clock: Clock, size: int = SIZE) -> None:
        self._clock, self._size = clock, size
        # A key has its answer, or the miss whose answer may be stored.
        self._keys: OrderedDict[str, _Kept | CacheMiss] = OrderedDict()
        self._tokens = itertools.count()

    async def get(self, key: str) -> Remembered | CacheMiss:
        found = self._keys.get(key)
        if found is None or (isinstance(found, _Kept) and self._clock.now() >= found.until):
            found = CacheMiss(str(next(self._tokens)))
            self._put(key, found)
        self._keys.move_to_end(key)
        return found.answer if isinstance(found, _Kept) else found

    async def set(self, key: str, value: str, ttl_s: float, miss: CacheMiss) -> bool:
        if ttl_s <= 0 or self._keys.get(key) != miss:
            return False
        now = self._clock.now()
        self._put(key, _Kept(Remembered(value, now), now + min(ttl_s, TTL_MAX_S)))
        return True

    async def forget(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._keys.pop(key, None)

    async def close(self) -> None:
        self._keys.clear()

    def _put(self, key: str, value: _Kept | CacheMiss) -> None:
        self._keys[key] = value
        self._keys.move_to_end(key)
        while len(self._keys) > self._size:
            self._keys.popitem(last=False)
