"""Kills the caller at the n-th call of a port, before or after the call did its work: a `kill -9` between
two awaits."""

from __future__ import annotations

import inspect
from typing import Any


class Crash(BaseException):
    """Not an Exception: no handler of the code under test may swallow a dead process."""


class Fuse:
    """Shared by all ports of one process. `arm(n)`: the n-th call from now dies; even n before, odd n after
    its work."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._after = False

    def arm(self, calls: int, *, after: bool) -> None:
        self._left, self._after = calls, after

    def disarm(self) -> None:
        self._left = None

    def burns(self, *, after: bool) -> bool:
        if self._left is None or after != self._after:
            return False
        self._left -= 1
        return self._left < 0


class Mortal:
    """A port whose caller may die at any call."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port, self._fuse = port, fuse

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if not inspect.iscoroutinefunction(value):
            return value

        async def call(*args: Any, **kwargs: Any) -> Any:
            if self._fuse.burns(after=False):
                raise Crash
            result = await value(*args, **kwargs)
            if self._fuse.burns(after=True):
                raise Crash
            return result

        return call
