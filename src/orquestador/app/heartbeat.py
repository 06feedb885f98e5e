"""A file that stays young while a process does its work: the health of a process that no port tells."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

_log = structlog.get_logger(__name__)
EVERY_S = 5.0


@asynccontextmanager
async def heartbeat(
    file: Path | None, missing: Callable[[], Sequence[str]], every_s: float = EVERY_S
) -> AsyncIterator[None]:
    """Touch `file` (None = no heartbeat) every few seconds of the machine's time, remove it at the end.

    It is left to grow old while the event loop hangs, and for as long as `missing` names a loop that should
    run and does not. Raises OSError when the file cannot be made at the start.
    """
    if file is None:
        yield
        return
    await asyncio.to_thread(file.touch, 0o644)
    beating = asyncio.create_task(_beat(file, missing, every_s), name="heartbeat")
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(file.unlink, missing_ok=True)


async def _beat(file: Path, missing: Callable[[], Sequence[str]], every_s: float) -> None:
    troubled = False
    while True:
        await asyncio.sleep(every_s)
        trouble = ", ".join(missing())
        if not trouble:
            try:
                await asyncio.to_thread(file.touch, 0o644)
            except OSError as error:
                trouble = str(error)
        if trouble and not troubled:
            _log.error("heartbeat_stops", reason=trouble)
        troubled = bool(trouble)
