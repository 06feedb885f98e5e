"""What each way of failing means, for reads and for writes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest

from orquestador.circuit import Circuit, CircuitState
from orquestador.clock import ManualClock
from orquestador.http_base import CallFailed, CallNote, CallRecord, HttpBase, Profile, TimeOuts
from orquestador.model.errors import Ambiguous, RateLimited, Rejected, Unavailable
from orquestador.model.logs import LogStatus
from orquestador.ops.confidential import confidential
from orquestador.ops.serving import serving
from orquestador.pace import Pace
from tests.fakes.wait import eventually

Serve = Callable[[bytes | None], Awaitable[str]]
NOTE = CallNote("look", request={"sku": "A"})


def answer(status: str, body: str = "{}", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


JSON = "Content-Type: application/json"


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server that gives this answer to everything; b"" cuts the connection, None never answers."""
    servers: list[asyncio.Server] = []
    connections: list[asyncio.Task[None]] = []
    ending = asyncio.Event()

    async def handle(raw: bytes | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A caller may give up before it asks, and may be gone when we hang up.
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            if raw is None:
                await ending.wait()
            else:
                writer.write(raw)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    async def start(raw: bytes | None) -> str:
        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections.append(asyncio.create_task(handle(raw, reader, writer)))

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    ending.set()
    await asyncio.gather(*connections)
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
def records() -> list[CallRecord]:
    return []


@pytest.fixture
async def http(records: list[CallRecord]) -> AsyncIterator[HttpBase]:
    clock = ManualClock()
    short = TimeOuts(read_s=0.2)
    base = HttpBase("shop", clock, log=records.append, circuit=Circuit(clock), read=short, write=short)
    yield base
    await base.close()


async def test_a_good_answer_is_logged_and_remembered(
    http: HttpBase, serve: Serve, records: list[CallRecord]
) -> None:
    url = await serve(answer("200 OK", '{"sku": "A", "token": "x"}', JSON))
    with serving(order_ids=["7", "7"], trace_id="t"):
        found = await http.request("GET", url, profile=Profile.READ, note=NOTE)
    assert found.json()["sku"] == "A"
    [record] = records
    assert (record.service, record.action, record.status) == ("shop", "look", LogStatus.SUCCESS)
    assert record.request == {"sku": "A"}
    assert record.response == {"sku": "A", "token": "***"}
    assert (record.order_ids, record.trace_id) == (("7",), "t")
    assert record.duration_ms > 0
    assert http.circuit.last_ok_at == record.at


@pytest.mark.parametrize(
    ("raw", "read", "write"),
    [
        (None, Unavailable, Ambiguous),
        (b"", Unavailable, Ambiguous),
        (answer("500 Internal Server Error"), Unavailable, Ambiguous),
        (answer("502 Bad Gateway", "<html/>", "Content-Type: text/html"), Unavailable, Ambiguous),
        (answer("408 Request Timeout"), Unavailable, Ambiguous),
        (answer("200 OK", "<html/>", "Content-Type: text/html"), Unavailable, Ambiguous),
        (answer("404 Not Found", "<html/>", "Content-Type: text/html"), Unavailable, Unavailable),
        (answer("301 Moved", "", "Location: https://elsewhere.example/x?token=1"), Unavailable, Unavailable),
    ],
    ids=["hangs", "cut", "500", "502", "408", "html", "html404", "redirect"],
)
async def test_what_a_failure_means(
    http: HttpBase, serve: Serve, records: list[CallRecord], raw: bytes | None, read: type, write: type
) -> None:
    url = await serve(raw)
    for profile, expected in ((Profile.READ, read), (Profile.WRITE, write)):
        http.circuit.succeeded()
        with pytest.raises(expected) as caught:
            await http.request("POST", url, profile=profile, note=NOTE)
        assert type(caught.value) is expected
        assert url not in str(caught.value)
        assert "token" not in str(caught.value)
        assert http.circuit.state is CircuitState.OPEN
    assert {r.status for r in records} == {LogStatus.ERROR}


async def test_a_confidential_call_is_logged_without_its_content(
    http: HttpBase, serve: Serve, records: list[CallRecord]
) -> None:
    url = await serve(answer("200 OK", '{"name": "Ana"}', JSON))
    with confidential():
        await http.request("POST", url, profile=Profile.READ, note=CallNote("look", request=["Ana"]))
    (record,) = records
    assert (record.action, record.request, record.response) == ("look", "***", "***")


async def test_what_was_never_sent_is_no_doubt(http: HttpBase, serve: Serve) -> None:
    with pytest.raises(Unavailable):
        await http.request("POST", "http://127.0.0.1:1", profile=Profile.WRITE, note=NOTE)


async def test_too_many_requests_say_when(http: HttpBase, serve: Serve) -> None:
    url = await serve(answer("429 Too Many Requests", "{}", "Retry-After: 120"))
    with pytest.raises(RateLimited) as caught:
        await http.request("GET", url, profile=Profile.WRITE, note=NOTE)
    assert caught.value.retry_at == ManualClock().now() + 120
    assert http.circuit.state is CircuitState.CLOSED


async def test_other_refusals_are_for_the_caller_to_read(http: HttpBase, serve: Serve) -> None:
    url = await serve(answer("422 Unprocessable", '{"field": "sku"}', JSON))
    found = await http.request("POST", url, profile=Profile.WRITE, note=NOTE)
    assert found.status_code == 422


async def test_an_error_inside_a_good_answer_is_logged_as_one(
    http: HttpBase, serve: Serve, records: list[CallRecord]
) -> None:
    def refuse(_: httpx2.Response) -> None:
        raise Rejected("no such SKU", code="E007")

    url = await serve(answer("200 OK", "{}", JSON))
    with pytest.raises(Rejected):
        await http.fetch("GET", url, refuse, profile=Profile.READ, note=NOTE)
    assert records[0].status is LogStatus.ERROR
    assert records[0].response == {"httpStatus": 200, "error": "Rejected", "detail": "no such SKU"}
    assert http.circuit.last_ok_at is not None


async def test_an_answer_that_says_down_opens_the_circuit_one_that_failed_alone_does_not(
    http: HttpBase, serve: Serve
) -> None:
    def fail(error: Exception) -> Callable[[httpx2.Response], None]:
        def parse(_: httpx2.Response) -> None:
            raise error

        return parse

    url = await serve(answer("200 OK", "{}", JSON))
    with pytest.raises(Unavailable):
        await http.fetch("GET", url, fail(CallFailed("lost a race")), profile=Profile.READ, note=NOTE)
    assert http.circuit.probe_at is None
    with pytest.raises(Unavailable):
        await http.fetch("GET", url, fail(Unavailable("maintenance")), profile=Profile.READ, note=NOTE)
    assert http.circuit.probe_at is not None


async def test_an_answer_that_cannot_be_parsed(http: HttpBase, serve: Serve) -> None:
    url = await serve(answer("200 OK", "no json", JSON))
    with pytest.raises(Ambiguous):
        await http.fetch("GET", url, lambda r: r.json(), profile=Profile.WRITE, note=NOTE)


async def test_an_open_circuit_calls_nobody(http: HttpBase, serve: Serve, records: list[CallRecord]) -> None:
    url = await serve(answer("200 OK"))
    http.circuit.failed("down")
    with pytest.raises(Unavailable, match="down"):
        await http.request("GET", url, profile=Profile.READ, note=NOTE)
    assert records == []


async def test_a_cancelled_probe_leaves_the_next_one_free(http: HttpBase, serve: Serve) -> None:
    url = await serve(None)
    clock = ManualClock()
    base = HttpBase("shop", clock, circuit=Circuit(clock))
    base.circuit.failed("down")
    clock.advance(1.0)
    call = asyncio.create_task(base.request("GET", url, profile=Profile.READ, note=NOTE))
    while base.circuit.state is not CircuitState.HALF_OPEN:
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert base.circuit.admit() is True
    await base.close()


async def test_our_own_crowd_is_not_their_failure(serve: Serve) -> None:
    url = await serve(None)
    clock = ManualClock()
    base = HttpBase(
        "shop", clock, circuit=Circuit(clock), read=TimeOuts(read_s=5.0, pool_s=0.05), max_connections=1
    )
    first = asyncio.create_task(base.request("GET", url, profile=Profile.READ, note=NOTE))
    await asyncio.sleep(0)
    with pytest.raises(CallFailed):
        await base.request("GET", url, profile=Profile.READ, note=NOTE)
    assert base.circuit.state is CircuitState.CLOSED
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await base.close()


async def test_waiting_for_the_pace_is_no_part_of_the_call(serve: Serve, records: list[CallRecord]) -> None:
    url, clock = await serve(answer("200 OK", "{}", JSON)), ManualClock()
    pace = Pace("shop", clock, calls_per_s=0.01, in_flight=1)
    short = TimeOuts(read_s=0.2)
    base = HttpBase("shop", clock, log=records.append, pace=pace, read=short, write=short)
    await base.request("GET", url, profile=Profile.READ, note=NOTE)
    waiting = asyncio.create_task(base.request("GET", url, profile=Profile.READ, note=NOTE))
    began = time.perf_counter()
    await eventually(lambda: clock.sleepers > 0 and time.perf_counter() > began + 0.3)
    clock.advance(100)
    assert (await waiting).status_code == 200
    first, second = records
    assert second.at == first.at + 100
    assert second.duration_ms < 300
    await base.close()


async def test_nobody_waits_for_his_turn_while_the_circuit_is_open(serve: Serve) -> None:
    url, clock = await serve(answer("500 Internal Server Error")), ManualClock()
    pace = Pace("shop", clock, calls_per_s=0.01, in_flight=1)
    base = HttpBase("shop", clock, circuit=Circuit(clock), pace=pace)
    for _ in range(2):
        with pytest.raises(Unavailable):
            await base.request("GET", url, profile=Profile.READ, note=NOTE)
    assert (base.circuit.state, pace.waiting, clock.sleepers) == (CircuitState.OPEN, 0, 0)
    # Who waited already hears of it when his turn comes, without a call.
    base.circuit.succeeded()
    waiting = asyncio.create_task(base.request("GET", url, profile=Profile.READ, note=NOTE))
    await eventually(lambda: clock.sleepers > 0)
    clock.advance(99.5)
    base.circuit.failed("away")
    clock.advance(0.5)
    with pytest.raises(Unavailable, match="circuit open: away"):
        await asyncio.gather(waiting)
    await base.close()


async def test_a_429_holds_back_the_next_calls_of_a_paced_client(
    serve: Serve, records: list[CallRecord]
) -> None:
    url, clock = await serve(answer("429 Too Many Requests", "{}", JSON, "Retry-After: 7")), ManualClock()
    base = HttpBase("shop", clock, log=records.append, pace=Pace("shop", clock))
    for _ in range(2):
        with pytest.raises(RateLimited) as caught:
            await base.request("GET", url, profile=Profile.READ, note=NOTE)
        assert caught.value.retry_at == clock.now() + 7
    assert len(records) == 1
    assert base.circuit.state is CircuitState.CLOSED
    await base.close()
