"""A log sink that keeps nothing, where logs are not what is tested."""

from __future__ import annotations

from orquestador.model.logs import LogEntry, LogFilter


class NoLogs:
    """A sink that keeps nothing: logs are not what is tested here."""

    def write(self, entry: LogEntry) -> None: ...

    async def query(self, filter: LogFilter, limit: int, before: tuple[float, str] | None) -> list[LogEntry]:
        return []

    async def expire(self, before: float) -> int:
        return 0

    async def flush(self) -> None: ...

    async def close(self) -> None: ...
