"""The embedded journal: one SQLite file, one writer, natural group commit."""

from orquestador.journal.sqlite.errors import JournalTooNew, NotAJournal
from orquestador.journal.sqlite.journal import SqliteJournal
from orquestador.journal.sqlite.restore import restore

__all__ = ["JournalTooNew", "NotAJournal", "SqliteJournal", "restore"]
