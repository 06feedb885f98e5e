"""Call logs."""

from __future__ import annotations

from typing import Protocol

from orquestador.model.logs import LogEntry, LogFilter


class LogSink(Protocol):
    """Call logs: written in batches off the caller's path; may lose the last second to a kill -9."""

    def write(self, entry: LogEntry) -> None:
        """Never blocks, never raises."""
        ...

    async def query(
        self, filter: LogFilter, limit: int, before: tuple[float, str] | None
    ) -> list[LogEntry]: ...

    async def expire(self, before: float) -> int: ...

    async def flush(self) -> None: ...

    async def close(self) -> None: ...
