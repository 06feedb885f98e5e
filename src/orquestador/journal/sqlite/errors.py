"""What can be wrong with a journal file, beside what `ports.Journal` promises."""

from __future__ import annotations

import sqlite3

from orquestador.model.errors import StoreUnavailable, StoreUnsuitable


class NotAJournal(StoreUnsuitable):
    """This file is no journal of orquestador; it was left as it is."""


class JournalTooNew(StoreUnsuitable):
    """This journal was written by a newer orquestador; it was left as it is."""


def from_sqlite(error: Exception) -> Exception:
    """What the caller gets for it: StoreUnavailable when the store is to blame, ValueError for the value."""
    if isinstance(error, (sqlite3.DataError, sqlite3.IntegrityError, sqlite3.InterfaceError, OverflowError)):
        refused = ValueError(f"the journal cannot store this value ({type(error).__name__})")
        refused.__cause__ = error
        return refused
    if isinstance(error, sqlite3.Error):
        unavailable = StoreUnavailable(f"the journal cannot commit: {error}")
        unavailable.__cause__ = error
        return unavailable
    return error
