"""Time, as everything that waits sees it."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Clock(Protocol):
    """Time. Tests and the demo may move it; everything that waits, waits here."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def wait(self, event: asyncio.Event, timeout_s: float) -> bool:
        """Wait until the event is set (True) or the time is over (False); does not clear the event."""
        ...
