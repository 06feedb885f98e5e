"""Let other tasks run until a state is reached."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


async def eventually(state: Callable[[], bool], patience_s: float = 10.0) -> None:
    deadline = time.monotonic() + patience_s
    while not state():
        assert time.monotonic() < deadline, "the state was not reached"
        await asyncio.sleep(0)
