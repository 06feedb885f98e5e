"""`GET /events`: what changed, as it happens, for pages and scripts that then read the API again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from orquestador.ports import Event, Listener
from orquestador.web import schemas
from orquestador.web.access import Svc, Viewer
from orquestador.web.problems import Problem, ProblemError
from orquestador.web.render import instant, to_json

router = APIRouter(tags=["status"])

HEARTBEAT_S = 15.0
LISTENERS_MAX = 50
"""In one process: each holds a connection and up to a thousand events."""
RETRY_MS = 3000
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_EXAMPLE = (
    "event: order\n"
    'data: {"topic":"order","at":"2026-11-24T10:00:00.000Z","id":"order:falabella:1001",'
    '"channel":"falabella","ref":"1001","state":"settled","reason":null,"skus":["PROD-001"]}\n\n'
)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events until the client leaves or the service stops; a comment every 15 s.",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXAMPLE}},
    },
    503: {"model": schemas.ProblemAnswer, "description": "Too many listeners; see Retry-After."},
}


class Seats:
    """How many may listen at once."""

    def __init__(self, size: int = LISTENERS_MAX) -> None:
        self.size, self.free = size, size

    def take(self) -> None:
        """Raises a 503 problem when none is free."""
        if self.free <= 0:
            raise ProblemError(
                Problem(
                    503,
                    "too-many-listeners",
                    "Too many listeners",
                    f"This process serves {self.size} listeners of /events at once.",
                    remedy="Close one, or read the API every few seconds instead.",
                    headers=(("Retry-After", "30"),),
                )
            )
        self.free -= 1

    def leave(self) -> None:
        self.free += 1


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses=_ANSWERS,
    summary="What changes, as it happens (Server-Sent Events)",
)
async def events(request: Request, services: Svc, caller: Viewer) -> Response:
    """Topics `order`, `listing`, `movement`, `job`, `findings`, `pause`; `missed`: some did not get through.

    An event is not the truth and is kept nowhere: it says what to read again.
    """
    seats: Seats = request.app.state.seats
    seats.take()
    try:
        listener = await services.listen()
    except BaseException:
        seats.leave()
        raise
    return _Stream(listener, seats)


class _Stream(StreamingResponse):
    """The answer that lasts; the seat is given back however it ends."""

    def __init__(self, listener: Listener, seats: Seats) -> None:
        super().__init__(_lines(listener), headers=_HEADERS, media_type="text/event-stream")
        self._listener, self._seats = listener, seats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._listener.close()
            self._seats.leave()


async def _lines(listener: Listener) -> AsyncIterator[str]:
    # The first bytes at once: a proxy or a browser shows nothing before.
    yield f"retry: {RETRY_MS}\n: listening\n\n"
    while not listener.closed:
        taken = await listener.take(HEARTBEAT_S)
        if taken:
            yield "".join(map(_line, taken))
        elif not listener.closed:
            yield ": still here\n\n"


def _line(event: Event) -> str:
    facts = {"topic": event.topic, "at": instant(event.at)} | dict(event.facts)
    return f"event: {event.topic}\ndata: {json.dumps(to_json(facts), separators=(',', ':'))}\n\n"
