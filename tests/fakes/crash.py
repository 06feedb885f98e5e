"""Ends the n-th call of a port badly, before or after it did its work: a `kill -9` between two awaits, or a
store that says that it is away although it has committed."""

from __future__ import annotations

import inspect
from typing import Any


class Crash(BaseException):
    """Not an Exception: no handler of the code under test may swallow a dead process."""


class Fuse:
    """Shared by all ports of one process. `arm(n)`: after n more calls every one raises `error`, until it is
    disarmed."""

    def __init__(self, error: type[BaseException] = Crash) -> None:
        self.error = error
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
    """A port of which any call may end badly."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port, self._fuse = port, fuse

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._port, name)
        if not inspect.iscoroutinefunction(value):
            return value

        async def call(*args: Any, **kwargs: Any) -> Any:
            if self._fuse.burns(after=False):
                raise self._fuse.error
            result = await value(*args, **kwargs)
            if self._fuse.burns(after=True):
                raise self._fuse.error
            return result

        return call
