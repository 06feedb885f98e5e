"""What Odoo's errors mean, over either API (odoo.md §3).

By the exception's name alone: texts change with the language, JSON-RPC's `code` with the version, JSON-2's
status with the method; and `debug` holds a trace that must not travel.

    never    Rejected                             the call was wrong or a rule forbids it; rolled back
    stop     AuthRefused                          our credentials or rights; a person is told
    retry    CallFailed, Unavailable (reads)      a lost race; the server as a whole
    ask      Ambiguous (writes)                   anything else: nobody knows what was committed
"""

from __future__ import annotations

import httpx2

from orquestador.erp.odoo.rpc import Row
from orquestador.http_base import CallFailed, Profile
from orquestador.model.errors import Ambiguous, AuthRefused, Rejected, Unavailable, UpstreamError
from orquestador.ops.redact import redact_text

_REFUSED = frozenset(
    {
        "odoo.exceptions.AccessDenied",
        "odoo.exceptions.AccessError",
        "odoo.http.SessionExpiredException",
        "werkzeug.exceptions.Forbidden",
        "werkzeug.exceptions.Unauthorized",
    }
)
# The message is written for the person who uses Odoo.
_BUSINESS = frozenset(
    f"odoo.exceptions.{name}" for name in ("UserError", "ValidationError", "MissingError", "RedirectWarning")
)
# What Python code inside Odoo raises; the transaction was rolled back.
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
# JSON-2 looked at the call and did not make it.
_UNCALLED = frozenset(
    f"werkzeug.exceptions.{name}"
    for name in ("BadRequest", "MethodNotAllowed", "NotFound", "UnprocessableEntity", "UnsupportedMediaType")
)
# Transactions that got in each other's way (odoo.md §7): the server as a whole is well.
_CONFLICT = frozenset(
    {
        "odoo.exceptions.ConcurrencyError",
        "odoo.exceptions.LockError",
        "psycopg2.errors.DeadlockDetected",
        "psycopg2.errors.LockNotAvailable",
        "psycopg2.errors.SerializationFailure",
    }
)


def error_of(fault: object, profile: Profile) -> UpstreamError:
    """What a fault `{name, message, arguments, context, debug}` means for a read or a write."""
    fault = fault if isinstance(fault, dict) else {}
    name = str(fault.get("name") or "unknown error")
    short = name.rpartition(".")[2]
    if name in _REFUSED:
        return AuthRefused(f"odoo: {short}")
    if name in _BUSINESS:
        message = redact_text(str(fault.get("message") or "").strip(), 300)
        return Rejected(f"odoo: {message or short}", code=short)
    if name in _CODE:
        return Rejected(f"odoo: {short} in Odoo's own code", code=short)
    if name in _UNCALLED:
        return Rejected(f"odoo: {short}: there is no such model, method or argument", code=short)
    # psycopg2.*, a lock, out of memory: the state is unknown.
    detail = f"odoo: {name}"
    if profile is Profile.WRITE:
        return Ambiguous(detail)
    return CallFailed(detail) if name in _CONFLICT else Unavailable(detail)


def fault_in(answer: httpx2.Response) -> Row | None:
    """The fault that is the whole body of a JSON-2 error, whatever its status; None for anything else."""
    if answer.status_code < 400:
        return None
    try:
        body = answer.json()
    except ValueError:
        return None
    known = isinstance(body, dict) and isinstance(body.get("name"), str) and "arguments" in body
    return body if known else None
