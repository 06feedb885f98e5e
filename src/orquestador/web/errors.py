"""Exceptions of the house as problem details; one table, so that every route answers alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from orquestador.model.errors import AuthRefused, OrquestadorError, Rejected, StoreUnavailable, UpstreamError
from orquestador.web.problems import (
    Problem,
    ProblemError,
    for_status,
    internal,
    invalid_field,
    store_unavailable,
)
from orquestador.web.services import NotPossible

_REMEDIES = {
    "missing": "Send this field.",
    "int_type": "Send a whole number.",
    "int_parsing": "Send a whole number.",
    "int_from_float": "Send a whole number.",
    "string_type": "Send a text.",
    "bool_type": "Send true or false.",
    "json_invalid": "Send a JSON object.",
    "literal_error": "Send a whole number, or none.",
}


def respond(request: Request, problem: Problem) -> Response:
    """The problem as an answer; an idempotency key that was given or made is told in errors, too."""
    state = request.state
    key: str | None = getattr(state, "idempotency_key", None)
    content = problem.content(getattr(state, "trace_id", None))
    headers = dict(problem.headers)
    if key:
        content["idempotencyKey"] = key
        headers["Idempotency-Key"] = key
    return JSONResponse(content, problem.status, headers, media_type="application/problem+json")


def problem_of(error: Exception) -> Problem:
    """What this exception means to whoever asked."""
    if isinstance(error, ProblemError):
        return error.problem
    if isinstance(error, StoreUnavailable):
        return store_unavailable()
    if isinstance(error, NotPossible):
        return Problem(409, "not-possible", "Not possible now", error.detail, remedy=error.remedy)
    if isinstance(error, Rejected):
        return Problem(
            409,
            "upstream-rejected",
            "The other system does not allow it",
            error.detail,
            remedy="Correct it in that system.",
        )
    if isinstance(error, AuthRefused):
        return Problem(
            502,
            "upstream-auth",
            "The other system refuses our credentials",
            error.detail,
            remedy="Run `orquestador doctor`; it names the setting.",
        )
    if isinstance(error, UpstreamError):
        return Problem(
            503,
            "upstream-unavailable",
            "The other system does not answer",
            error.detail,
            remedy="Try again later; GET /health/ready says what is down.",
            headers=(("Retry-After", "10"),),
        )
    return internal()


def invalid_request(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """The first of pydantic's errors as a problem that names the field and the remedy."""
    first = errors[0]
    kind = str(first["type"])
    location = [str(part) for part in first["loc"]]
    if location and location[0] in ("body", "query", "path", "header"):
        del location[0]
    field = "body" if kind == "json_invalid" or not location else ".".join(location)
    message = str(first["msg"]).removeprefix("Value error, ")
    remedy = _REMEDIES.get(kind, "See /docs for what is allowed.")
    return invalid_field(field, f"{field}: {message[:1].lower()}{message[1:]}", remedy)


def install(app: FastAPI) -> None:
    """Make every error of this application a problem."""

    async def known(request: Request, error: Exception) -> Response:
        return respond(request, problem_of(error))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return respond(request, invalid_request(error.errors()))

    async def bare(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        problem = for_status(error.status_code, str(error.detail) if error.detail else None)
        response = respond(request, problem)
        response.headers.update(error.headers or {})
        return response

    # An error of nobody's tree is answered by the outermost handler, which raises it again for the log.
    for kind in (ProblemError, OrquestadorError, Exception):
        app.add_exception_handler(kind, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, bare)
