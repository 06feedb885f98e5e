"""The file's schema version: made, migrated after a copy, or refused without a change."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from orquestador.journal.sqlite.errors import JournalTooNew, NotAJournal, from_sqlite

APPLICATION_ID = 0x4F52514A
"""`ORQJ` in the file's head."""


def migrations() -> list[str]:
    """The steps from an empty file to the newest version: step n leads to version n."""
    folder = Path(__file__).parent / "migrations"
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.sql"))]


def prepare(path: Path, steps: Sequence[str]) -> None:
    """Bring the file to version `len(steps)`.

    An older file is copied to `<file>.v<N>.bak` first. Raises JournalTooNew or NotAJournal, and then nothing
    has changed.
    """
    # Bodies hold personal data: the file is its owner's alone from its first byte.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        version = _version(path)
        refuse_newer(path, version, len(steps))
        if version == len(steps):
            return
        if version > 0:
            copy(path, path.with_name(f"{path.name}.v{version}.bak"))
        _migrate(path, version, steps)
    except sqlite3.Error as error:
        raise from_sqlite(error) from error


def refuse_newer(path: Path, version: int, known: int) -> None:
    if version > known:
        raise JournalTooNew(
            f"{path} has schema version {version}, this orquestador knows up to {known}. "
            f"Install the newer orquestador again; the file was left as it is."
        )


def _version(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return version_of(connection, path)


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """0 for an empty file. Raises NotAJournal."""
    try:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        empty = connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError as error:
        raise NotAJournal(f"{path} is no SQLite file; it was left as it is.") from error
    if application != APPLICATION_ID and not (application == 0 and version == 0 and empty):
        raise NotAJournal(f"{path} is an SQLite file of something else; it was left as it is.")
    return version


def _migrate(path: Path, version: int, steps: Sequence[str]) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        for number, step in enumerate(steps[version:], start=version + 1):
            # The version changes in the transaction of its tables: a crash leaves the step undone as a whole.
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{step}\n;PRAGMA application_id = {APPLICATION_ID};"
                f"PRAGMA user_version = {number};COMMIT;"
            )


def copy(source: Path, target: Path) -> None:
    """A consistent copy of a journal, in use or not; an earlier file of that name is replaced at the end."""
    with contextlib.closing(sqlite3.connect(source)) as origin:
        copy_from(origin, target)


def copy_from(origin: sqlite3.Connection, target: Path) -> None:
    """As `copy`, of what this connection sees."""
    unfinished = target.with_name(target.name + ".part")
    unfinished.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(unfinished)) as copied:
            # All pages in one step: step by step, each commit of the writer would start the copy again.
            origin.backup(copied, pages=-1)
            copied.execute("PRAGMA journal_mode = DELETE")
        with unfinished.open("rb") as written:
            os.fsync(written.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
