"""A look at a journal that no service has open, without migrating or locking anything."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from orquestador.journal.codec import decode_value


def peek_history(path: Path, channels: Sequence[str]) -> set[str]:
    """Which of these channels have a row of work; none when the file cannot be read as a journal."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as found:
            one = "SELECT 1 FROM work WHERE channel = ? LIMIT 1"
            return {c for c in channels if found.execute(one, (c,)).fetchone() is not None}
    except sqlite3.Error:
        return set()


def peek_meta(path: Path, names: Sequence[str]) -> dict[str, object]:
    """The small facts of these names that are stored; nothing when the file cannot be read as a journal."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as found:
            rows = [
                found.execute("SELECT name, value FROM meta WHERE name = ?", (name,)).fetchone()
                for name in names
            ]
    except sqlite3.Error:
        return {}
    return {row[0]: decode_value(row[1]) for row in rows if row is not None}
