"""Errors as RFC 9457 problem details: what is wrong, in which field, and what to do about it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import Send

from orquestador.ops.ratelimit import whole_seconds

JSON = b"application/json"
PROBLEM_JSON = b"application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` becomes the `type` (`urn:orquestador:<code>`); problems of one type share a title."""

    status: int
    code: str
    title: str
    detail: str
    field: str | None = None
    remedy: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    extra: dict[str, object] = dataclasses.field(default_factory=dict)

    def content(self, trace_id: str | None) -> dict[str, object]:
        body: dict[str, object] = {
            "type": f"urn:orquestador:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        for name, value in (("field", self.field), ("remedy", self.remedy), ("traceId", trace_id)):
            if value is not None:
                body[name] = value
        return body | self.extra


class ProblemError(Exception):
    """Ends a request with this problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.detail)


def invalid_field(name: str, detail: str, remedy: str) -> Problem:
    return Problem(422, "invalid-field", "A value is not usable", detail, field=name, remedy=remedy)


def unproven(detail: str, remedy: str) -> Problem:
    return Problem(401, "unproven", "The sender is not proven", detail, remedy=remedy)


def too_many_failures(wait_s: float) -> Problem:
    seconds = whole_seconds(wait_s)
    return Problem(
        429,
        "too-many-failures",
        "Too many failed proofs",
        "This address failed too often.",
        remedy=f"Wait {seconds} s and send the right secret or key.",
        headers=(("Retry-After", str(seconds)),),
    )


def too_many_requests(wait_s: float, whose: str) -> Problem:
    """`whose` limit was reached, in words: a key or an address."""
    seconds = whole_seconds(wait_s)
    return Problem(
        429,
        "too-many-requests",
        "Too many requests",
        f"{whose} has asked as often as API_RATE_LIMIT allows.",
        remedy=f"Wait {seconds} s and ask less often, or raise API_RATE_LIMIT.",
        headers=(("Retry-After", str(seconds)),),
    )


def too_large(limit_bytes: int) -> Problem:
    return Problem(
        413,
        "too-large",
        "The body is too large",
        f"A body may have up to {limit_bytes} bytes.",
        remedy="Send fewer records at once.",
    )


def method_not_allowed(allowed: str) -> Problem:
    return Problem(
        405,
        "method-not-allowed",
        "The method is not allowed here",
        f"This address answers {allowed} only.",
        remedy=f"Use {allowed}.",
        headers=(("Allow", allowed),),
    )


def store_unavailable(retry_after_s: int = 5) -> Problem:
    return Problem(
        503,
        "store-unavailable",
        "The store does not answer",
        "The journal cannot commit right now, or its answer was lost; nothing was acknowledged.",
        remedy="Send the same request again later, with its key if it has one: nothing is done twice.",
        headers=(("Retry-After", str(retry_after_s)),),
    )


def internal() -> Problem:
    return Problem(
        500,
        "internal",
        "An error of ours",
        "The request failed inside the service.",
        remedy="Look for the trace id in the service's log.",
    )


def for_status(status: int, detail: str | None = None) -> Problem:
    """A problem for a bare HTTP status."""
    phrase = HTTPStatus(status).phrase
    return Problem(status, phrase.lower().replace(" ", "-"), phrase, detail or phrase)


async def send_json(
    send: Send,
    status: int,
    body: bytes,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    content_type: bytes = JSON,
) -> None:
    """One whole answer."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", content_type),
                (b"content-length", b"%d" % len(body)),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def send_problem(send: Send, problem: Problem, trace_id: str | None = None) -> None:
    headers = [(k.lower().encode(), v.encode("latin-1")) for k, v in problem.headers]
    if trace_id:
        headers.append((b"x-trace-id", trace_id.encode()))
    body = json.dumps(problem.content(trace_id)).encode()
    await send_json(send, problem.status, body, tuple(headers), PROBLEM_JSON)
