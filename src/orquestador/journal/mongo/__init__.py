"""The production journal: MongoDB, standalone or replicated, no promise on multi-document transactions."""

from orquestador.journal.mongo.dump import restore
from orquestador.journal.mongo.errors import DumpRefused, JournalTooNew
from orquestador.journal.mongo.journal import MongoJournal

__all__ = ["DumpRefused", "JournalTooNew", "MongoJournal", "restore"]
