"""A copy that `backup` made becomes the journal of a data folder that has none."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from orquestador.journal.errors import CopyProblem, CopyRefused
from orquestador.journal.sqlite import schema
from orquestador.journal.sqlite.lock import FileLock

MAGIC = b"SQLite format 3\0"
HEAD_BYTES = 100
APPLICATION_AT = slice(68, 72)
"""Where the head of an SQLite file says whose it is."""


def restore(copy: Path, journal: Path) -> dict[str, int]:
    """Put `copy` in the place of `journal`; returns its rows of `work` and `receipts`.

    Raises CopyRefused, before anything is written, for a file that is damaged, newer or something else, and
    where there is a journal; StoreLocked while a process serves that folder. The copy stays where it is. Its
    schema is brought up to date when the journal is opened.
    """
    journal.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(journal.with_name(journal.name + ".lock"))
    lock.take()
    try:
        # A -wal that is left belongs to another file; SQLite would play it into this one.
        left = [p for end in ("", "-wal", "-shm") if (p := journal.with_name(journal.name + end)).exists()]
        if left:
            raise CopyRefused(CopyProblem.NOT_EMPTY, f"{left[0]} exists: move it away first.")
        counted = _look_at(copy)
        schema.copy(copy, journal)
        _sync(journal.parent)
        return counted
    finally:
        lock.release()


def _look_at(copy: Path) -> dict[str, int]:
    """The rows of a whole, undamaged journal that we can read."""
    with copy.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head.startswith(MAGIC) or int.from_bytes(head[APPLICATION_AT], "big") != schema.APPLICATION_ID:
        raise CopyRefused(CopyProblem.NOT_A_COPY, f"{copy} is no journal of orquestador.")
    try:
        with contextlib.closing(sqlite3.connect(f"{copy.resolve().as_uri()}?mode=ro", uri=True)) as looked:

            def number(sql: str) -> int:
                return int(looked.execute(sql).fetchone()[0])

            if number("PRAGMA user_version") > len(schema.migrations()):
                raise CopyRefused(CopyProblem.NEWER, f"{copy} was written by a newer orquestador.")
            if looked.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise CopyRefused(CopyProblem.DAMAGED, f"{copy} is damaged.")
            return {
                "work": number("SELECT count(*) FROM work"),
                "receipts": number("SELECT count(*) FROM receipts"),
            }
    except sqlite3.Error as error:
        raise CopyRefused(CopyProblem.DAMAGED, f"{copy} is damaged: {error}") from error


def _sync(folder: Path) -> None:
    """The new name, too, is on the disk when this returns."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
