"""The faults a real Odoo answers with, and their exact shape on the wire (odoo.md 3)."""

from __future__ import annotations

import traceback
from typing import Any, ClassVar


class OdooFault(Exception):
    """An exception the server turns into an error answer; `name` is what a client may classify by."""

    name: ClassVar[str] = "odoo.exceptions.UserError"
    status: ClassVar[int] = 422  # of the JSON-2 answer; JSON-RPC always answers 200

    def __init__(self, message: str, *more: str) -> None:
        super().__init__(message, *more)


class UserError(OdooFault):
    """A business rule refuses the call."""


class ValidationError(UserError):
    """A constraint or a unique index refuses the values."""

    name = "odoo.exceptions.ValidationError"


class AccessDenied(UserError):
    """Wrong user, password or API key."""

    name = "odoo.exceptions.AccessDenied"
    status = 401


class AccessError(UserError):
    """No right to do this; private methods too."""

    name = "odoo.exceptions.AccessError"
    status = 403


class MissingError(UserError):
    """A record to change does not exist."""

    name = "odoo.exceptions.MissingError"
    status = 404


class SerializationFailure(OdooFault):
    """The database gave up after all the server's own retries (odoo.md 7)."""

    name = "psycopg2.errors.SerializationFailure"
    status = 500


class NoSuchDatabase(OdooFault):
    """The database named in the call does not exist."""

    name = "psycopg2.OperationalError"
    status = 500


class Unauthorized(OdooFault):
    """JSON-2 without a valid key."""

    name = "werkzeug.exceptions.Unauthorized"
    status = 401


class NotFound(OdooFault):
    """JSON-2 with an unknown model or method."""

    name = "werkzeug.exceptions.NotFound"
    status = 404


class UnprocessableEntity(OdooFault):
    """JSON-2 with an argument the method does not have."""

    name = "werkzeug.exceptions.UnprocessableEntity"
    status = 422


def fault_data(error: BaseException, context: dict[str, Any] | None = None) -> dict[str, Any]:
    """`error.data` of JSON-RPC, and the whole body of JSON-2."""
    kind = type(error)
    name = error.name if isinstance(error, OdooFault) else f"{kind.__module__}.{kind.__qualname__}"
    return {
        "name": name,
        "debug": "".join(traceback.format_exception(error)),
        "message": str(error.args[0]) if error.args else str(error),
        "arguments": [str(argument) for argument in error.args],
        "context": context or {},
    }


def rpc_error(error: BaseException, version: int) -> dict[str, Any]:
    """The `error` object of JSON-RPC; its code is 200 up to 18 and 0 on 19 (recorded)."""
    return {
        "code": 0 if version >= 19 else 200,
        "message": "Odoo Server Error",
        "data": fault_data(error),
    }


def http_status(error: BaseException) -> int:
    """The JSON-2 status of an error (odoo.md 3)."""
    if isinstance(error, OdooFault):
        return error.status
    return 500
