"""What can be wrong with a database or a dump, beside what `ports.Journal` promises."""

from __future__ import annotations

from bson.errors import BSONError
from pymongo.errors import BulkWriteError, DocumentTooLarge, OperationFailure, PyMongoError

from orquestador.journal.errors import CopyRefused
from orquestador.model.errors import StoreUnavailable, StoreUnsuitable

DUPLICATE_KEY = 11000
_VALUE_CODES = frozenset((2, 10334, 17280, 17419, 17420))
"""BadValue and the server's words for a document that is too large."""


class JournalTooNew(StoreUnsuitable):
    """This database was written by a newer orquestador; it was left as it is."""


class DumpRefused(CopyRefused):
    """This file cannot be restored here; the database was left as it is."""


def from_mongo(error: Exception) -> Exception:
    """What the caller gets for it: StoreUnavailable when the store is to blame, ValueError for the value.

    The driver's own texts quote documents, so they stay in the cause and out of the message.
    """
    told: Exception
    if isinstance(error, (BSONError, DocumentTooLarge, OverflowError, UnicodeError)):
        told = ValueError(f"the journal cannot store this value ({type(error).__name__})")
    elif isinstance(error, OperationFailure) and not isinstance(error, BulkWriteError):
        if error.code in _VALUE_CODES:
            told = ValueError(f"the journal cannot store this value (code {error.code})")
        else:
            name = (error.details or {}).get("codeName", type(error).__name__)
            told = StoreUnavailable(f"the journal cannot commit: {name} (code {error.code})")
    elif isinstance(error, PyMongoError):
        told = StoreUnavailable(f"the journal cannot be reached or cannot commit: {type(error).__name__}")
    else:
        return error
    told.__cause__ = error
    return told
