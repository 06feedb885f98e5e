"""The clock of the sandbox: real or fast, and moved by hand."""

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def head_text(at: float) -> str:
    """An instant as the head of a read prints it (falabella.md 1.4)."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at * 1000) % 1000:03d}Z"


def parse_instant(text: str, *, without_offset: ZoneInfo | None) -> float | None:
    """Seconds since the epoch of an ISO 8601 text; None when it is none, or lacks an offset it must have."""
    try:
        instant = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if instant.tzinfo is None:
        if without_offset is None:
            return None
        instant = instant.replace(tzinfo=without_offset)
    return instant.timestamp()


async def event_within(event: asyncio.Event, wait_s: float | None) -> None:
    """Returns when the event is set or the time is over.

    Not `wait_for`: before Python 3.12 it loses a cancellation that meets the event, and we would never stop.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            await event.wait()


class SandboxClock:
    """Seconds since the epoch that run at `rate` and jump on request; never backwards."""

    def __init__(self, rate: float = 1.0) -> None:
        self.rate = rate
        self.version = 1
        self.stopped = False
        self._origin = time.time()
        self._started = time.monotonic()
        self._changed = asyncio.Event()

    def now(self) -> float:
        return self._origin + (time.monotonic() - self._started) * self.rate

    def advance(self, seconds: float) -> None:
        """Jumps ahead and wakes everyone who waits for an instant or for a change."""
        self._origin += seconds
        self.version += 1
        self.poke()

    def poke(self) -> None:
        """Wakes those who wait for an instant, because there may be an earlier one."""
        self._changed.set()
        self._changed = asyncio.Event()

    def stop(self) -> None:
        """Lets everyone who waits for a change go home."""
        self.stopped = True
        self.poke()

    async def sleep_until(self, instant: float | None) -> None:
        """Returns at the instant, or earlier when the clock jumped or something new was planned."""
        changed = self._changed
        wait_s = None if instant is None else max(0.0, (instant - self.now()) / self.rate)
        await event_within(changed, wait_s)

    async def wait_for_version(self, after: int, wait_s: float) -> None:
        """Returns when the version differs from `after`, at the latest after `wait_s` real seconds."""
        deadline = time.monotonic() + wait_s
        while self.version == after and not self.stopped and (left := deadline - time.monotonic()) > 0:
            changed = self._changed
            await event_within(changed, left)
