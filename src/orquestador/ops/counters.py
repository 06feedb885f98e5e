"""Calls counted by the library `limits`, by its sliding window counter: in this process, bounded in memory.

A window begins with the first call. The one before still weighs with as much of it as lies within the last
`per_s` seconds, so nobody gets twice the rate at a border, and two numbers per caller are enough.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from orquestador.ops.ratelimit import Rate

NAMES_MAX = 4096


@dataclass(slots=True)
class _Window:
    began_at: float
    count: int = 0
    before: int = 0
    """The count of the window before."""


class WindowStorage(MemoryStorage):
    """The library's storage in memory, with what it lacks for a server that strangers can reach.

    At most `names_max` callers are kept, those seen last. The library's own keeps all, and after each call
    looks through them for what has expired: 0.5 ms at 4,096 callers, 300 ms with its moving window. And time
    is `now`, which tests move; the library reads the machine's.
    """

    def __init__(self, now: Callable[[], float], names_max: int) -> None:
        super().__init__()
        self._now, self._max = now, names_max
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    async def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = self._now()
        window = self._current(key, expiry, now)
        if window is None:
            window = self._windows[key] = _Window(now)
            if len(self._windows) > self._max:
                self._windows.popitem(last=False)
        self._windows.move_to_end(key)
        left = window.began_at + expiry - now
        if math.floor(window.before * left / expiry) + window.count + amount > limit:
            return False
        window.count += amount
        return True

    async def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        now = self._now()
        window = self._current(key, expiry, now)
        if window is None:
            return 0, 0.0, 0, 0.0
        left = window.began_at + expiry - now
        return window.before, left, window.count, left + expiry

    async def clear_sliding_window(self, key: str, expiry: int) -> None:
        self._windows.pop(key, None)

    def _current(self, key: str, expiry: int, now: float) -> _Window | None:
        """The window of this instant; None where nothing is known that still counts."""
        window = self._windows.get(key)
        if window is None:
            return None
        # A clock that was set back neither forgives anything nor makes anybody wait for the old time.
        window.began_at = min(window.began_at, now)
        passed = int((now - window.began_at) // expiry)
        if passed > 1:
            del self._windows[key]
            return None
        if passed == 1:
            window.began_at += expiry
            window.before, window.count = window.count, 0
        return window

    def __len__(self) -> int:
        return len(self._windows)


class WindowCounters:
    """The library's strategy over one of its storages; in one process or in several it is the same."""

    def __init__(self, storage: WindowStorage | RedisStorage) -> None:
        self._storage, self._limiter = storage, SlidingWindowCounterRateLimiter(storage)

    async def hit(self, rule: str, name: str, rate: Rate) -> float | None:
        """As `Counters` says; raises what the storage raises."""
        item = _item(rule, rate)
        if await self._limiter.hit(item, name):
            return None
        # The library tells the next instant at which anything changes, by the machine's clock.
        return _wait_s(rate, *await self._storage.get_sliding_window(item.key_for(name), rate.per_s))


class MemoryCounters(WindowCounters):
    """Implements `ratelimit.Counters` for one process; `now` in seconds."""

    def __init__(self, now: Callable[[], float], names_max: int = NAMES_MAX) -> None:
        storage = WindowStorage(now, names_max)
        super().__init__(storage)
        self._windows = storage

    def __len__(self) -> int:
        """How many callers are remembered."""
        return len(self._windows)


@cache
def _item(rule: str, rate: Rate) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(rate.calls, rate.per_s, namespace=rule)


def _wait_s(rate: Rate, before: int, before_left_s: float, count: int, count_left_s: float) -> float:
    """Until a call fits again: its window ends, or the one before weighs little enough."""
    room = rate.calls - count
    if room <= 0 or before == 0:
        return max(0.0, count_left_s - rate.per_s)
    return max(0.0, before_left_s - room * rate.per_s / before)
