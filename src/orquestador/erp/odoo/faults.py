"""What Odoo's errors mean, over either API (odoo.md §3): retry, ask first, never, or stop and tell a person.

By the exception's name and the HTTP status only: texts change with the language, JSON-RPC's `code` with the
version, and `debug` holds a trace that must not travel.
"""

from __future__ import annotations

from orquestador.http_base import CallFailed, Profile
from orquestador.model.errors import Ambiguous, AuthRefused, Rejected, Unavailable, UpstreamError
from orquestador.ops.redact import redact_text

_REFUSED = frozenset({"AccessDenied", "AccessError", "SessionExpiredException"})
_BUSINESS = frozenset({"UserError", "ValidationError", "MissingError", "RedirectWarning"})
# What Python code inside Odoo raises; the transaction was rolled back (odoo.md §3).
_CODE = frozenset(
    f"builtins.{name}"
    for name in (
        "AssertionError",
        "AttributeError",
        "IndexError",
        "KeyError",
        "NameError",
        "NotImplementedError",
        "RecursionError",
        "TypeError",
        "ValueError",
        "ZeroDivisionError",
    )
)


# Transactions that got in each other's way (odoo.md §7): the server as a whole is well.
_CONFLICT = frozenset(
    f"psycopg2.errors.{name}" for name in ("SerializationFailure", "LockNotAvailable", "DeadlockDetected")
)


def error_of(error: object, profile: Profile) -> UpstreamError:
    """What an `error` means, by `data.name` only: texts change with the language, `code` with the version."""
    data = error.get("data") if isinstance(error, dict) else None
    data = data if isinstance(data, dict) else {}
    name = str(data.get("name") or "unknown error")
    short = name.rpartition(".")[2]
    if name.startswith("odoo.") and short in _REFUSED:
        return AuthRefused(f"odoo: {short}")
    if name.startswith("odoo.exceptions.") and short in _BUSINESS:
        # The message is written for people; `debug` holds the trace and stays behind.
        message = redact_text(str(data.get("message") or "").strip(), 300)
        return Rejected(f"odoo: {message or short}", code=short)
    if name in _CODE:
        return Rejected(f"odoo: {short} in Odoo's own code", code=short)
    # psycopg2.*, a lock, out of memory: the state is unknown (odoo.md §3).
    detail = f"odoo: {name}"
    if profile is Profile.WRITE:
        return Ambiguous(detail)
    return CallFailed(detail) if name in _CONFLICT else Unavailable(detail)
