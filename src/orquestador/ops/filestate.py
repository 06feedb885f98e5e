"""SQLite files that are read and left exactly as they are, while nobody else has them."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def open_unchanged(path: Path) -> sqlite3.Connection:
    """A connection, for any thread, that writes nothing: neither to the file nor to what a killed process
    left beside it."""
    # `immutable` makes no files beside it, but does not see a write-ahead log.
    flag = "mode=ro" if _size(_log_of(path)) else "immutable=1"
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{flag}", uri=True, isolation_level=None, check_same_thread=False
    )


def file_states(path: Path) -> list[tuple[str, int, int]]:
    """(name, bytes, modified in ns) of the file and of its write-ahead log, where they hold something: two
    lists that are equal mean that nobody wrote in between."""
    found = [p for p in (path, _log_of(path)) if _size(p)]
    return [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in found]


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
