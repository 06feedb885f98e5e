"""`GET /events`: what a reader of the stream gets, byte for byte, and who may listen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import ASGIApp, Message

from orquestador.broadcast.local import LocalBroadcast
from orquestador.clock import ManualClock
from orquestador.model.errors import StoreUnavailable
from orquestador.ops.auth import ApiKey, Role
from orquestador.web import api_events
from orquestador.web.app import create_app
from tests.fakes.wait import eventually
from tests.unit.web.support import KEYS, House, client, config


class Stream:
    """One request of the application, read as it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.text = ""
        self._left = asyncio.Event()
        self._asked = False
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "GET",
            "path": "/events",
            "raw_path": b"/events",
            "root_path": "",
            "scheme": "http",
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1:3000")],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 3000),
        }
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> Message:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            self.text += message.get("body", b"").decode()

    async def leave(self) -> None:
        self._left.set()
        await asyncio.wait_for(self.task, 10)

    @property
    def events(self) -> list[Any]:
        return [json.loads(line[6:]) for line in self.text.splitlines() if line.startswith("data: ")]


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[Stream]:
    stream = Stream(app)
    await eventually(lambda: ": listening" in stream.text)
    yield stream
    await stream.leave()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_800_000_000.0)


@pytest.fixture
def house(clock: ManualClock) -> House:
    return House(broadcast=LocalBroadcast(clock))


async def test_an_event_is_a_line_of_json_under_its_topic(house: House) -> None:
    async with listening(create_app(house, config())) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        assert "content-length" not in stream.headers
        house.broadcast.publish("order", {"id": "order:f:1", "state": "settled", "skus": ["A\nB"]})
        await eventually(lambda: bool(stream.events))
    assert stream.text == (
        "retry: 3000\n: listening\n\n"
        'event: order\ndata: {"topic":"order","at":"2027-01-15T08:00:00.000Z","id":"order:f:1",'
        '"state":"settled","skus":["A\\nB"]}\n\n'
    )


async def test_a_quiet_stream_says_that_it_lives(house: House, clock: ManualClock) -> None:
    async with listening(create_app(house, config())) as stream:
        for beats in (1, 2):
            await eventually(lambda: clock.sleepers > 0)
            clock.advance(api_events.HEARTBEAT_S)
            await eventually(lambda beats=beats: stream.text.count(": still here\n\n") == beats)  # type: ignore[misc]
        assert stream.events == []


async def test_what_was_missed_is_told(house: House) -> None:
    async with listening(create_app(house, config())) as stream:
        for n in range(1500):
            house.broadcast.publish("order", {"n": n})
        await eventually(lambda: bool(stream.events))
        assert stream.events[0]["topic"] == "missed"
        assert stream.events[0]["count"] + len(stream.events) - 1 == 1500


async def test_the_end_of_the_service_ends_the_stream(house: House) -> None:
    stream = Stream(create_app(house, config()))
    await eventually(lambda: ": listening" in stream.text)
    house.broadcast.end()
    await asyncio.wait_for(stream.task, 10)
    late = Stream(create_app(house, config()))
    await asyncio.wait_for(late.task, 10)
    assert late.status == 200


async def test_seats_are_bounded_and_given_back(house: House) -> None:
    app = create_app(house, config())
    streams = [Stream(app) for _ in range(api_events.LISTENERS_MAX)]
    await eventually(lambda: all(": listening" in s.text for s in streams))
    refused = Stream(app)
    await asyncio.wait_for(refused.task, 10)
    assert (refused.status, refused.headers["retry-after"]) == (503, "30")
    problem = json.loads(refused.text)
    assert problem["type"] == "urn:orquestador:too-many-listeners"
    assert problem["remedy"]
    await streams[0].leave()
    async with listening(app) as another:
        house.broadcast.publish("order", {})
        await eventually(lambda: bool(another.events))
    for stream in streams[1:]:
        await stream.leave()
    assert isinstance(house.broadcast, LocalBroadcast)
    assert not house.broadcast._mailboxes


async def test_a_failure_gives_the_seat_back(house: House) -> None:
    app = create_app(house, config())
    house.fails = StoreUnavailable("away")
    for _ in range(api_events.LISTENERS_MAX + 1):
        failed = Stream(app)
        await asyncio.wait_for(failed.task, 10)
        assert failed.status == 503
        assert "The store does not answer" in failed.text
    house.fails = None
    async with listening(app):
        pass


async def test_a_viewer_may_listen_and_nobody_else(house: House) -> None:
    keys = (*KEYS, ApiKey("vi", Role.VIEWER, "viewer-key-2222222"))
    async with client(house, config(api_keys=keys)) as http:
        assert (await http.get("/events")).status_code == 401
        house.broadcast.end()  # so that the answer ends
        answer = await http.get("/events", headers={"X-API-Key": "viewer-key-2222222"})
        assert answer.status_code == 200
    assert [e.action for e in house.log.entries] == ["GET /events", "GET /events"]


async def test_it_is_described(house: House) -> None:
    async with client(house) as http:
        described = (await http.get("/openapi.json")).json()["paths"]["/events"]["get"]
    assert "text/event-stream" in described["responses"]["200"]["content"]
    assert "503" in described["responses"]
