"""Limits on callers that several processes share by a real Redis, and what they do when Redis fails."""

from __future__ import annotations

import asyncio
import itertools
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from orquestador.clock import SystemClock
from orquestador.ops import sharedcounters as module
from orquestador.ops.counters import MemoryCounters
from orquestador.ops.ratelimit import Counters, Rate, whole_seconds
from orquestador.ops.sharedcounters import SharedCounters
from tests.redis_server import RedisServer, free_port
from tests.unit.web.support import KEYS, SECRET, House, client, config

WAIT_S = 10.0
TEN = Rate(10, 60)
VIEWER = {"Authorization": f"Bearer {KEYS[0].key}"}
Opener = Callable[[str, str], SharedCounters]
_prefixes = (f"orquestador:test-{n}:limits" for n in itertools.count())


@pytest.fixture
async def admin(server: RedisServer) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(server.url, decode_responses=True, encoding_errors="surrogatepass")
    yield client
    await client.aclose()


@pytest.fixture
async def own_admin(own_server: RedisServer) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(own_server.url)
    yield client
    await client.aclose()


@pytest.fixture
def prefix() -> str:
    return next(_prefixes)


@pytest.fixture
async def opened() -> AsyncIterator[Opener]:
    """Makes what one process would have, and closes it."""
    made: list[SharedCounters] = []

    def open_one(url: str, prefix: str) -> SharedCounters:
        made.append(SharedCounters(url, prefix, MemoryCounters(SystemClock().now)))
        return made[-1]

    yield open_one
    for one in made:
        await one.close()


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():
            await asyncio.sleep(0.01)


async def let_through(counters: Counters, tries: int, name: str = "a", rate: Rate = TEN) -> int:
    return [await counters.hit("rule", name, rate) for _ in range(tries)].count(None)


async def test_two_processes_share_the_count(server: RedisServer, prefix: str, opened: Opener) -> None:
    one, other = opened(server.url, prefix), opened(server.url, prefix)
    assert await let_through(one, 6) == 6
    assert await let_through(other, 20) == 4
    wait_s = await one.hit("rule", "a", TEN)
    assert wait_s is not None
    assert 55 < wait_s <= 60
    assert await let_through(other, 20, "b") == 10
    assert (one.problem, other.problem) == (None, None)


async def test_calls_at_the_same_moment_are_not_let_through_twice(
    server: RedisServer, prefix: str, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine the last of so many waits for longer than a request ever would.
    monkeypatch.setattr("orquestador.ops.sharedcounters.ANSWER_S", 30.0)
    processes = [opened(server.url, prefix) for _ in range(3)]
    tries = [p.hit("rule", "a", Rate(50, 60)) for _ in range(60) for p in processes]
    assert (await asyncio.gather(*tries)).count(None) == 50
    assert [p.problem for p in processes] == [None] * 3


async def test_prefixes_do_not_mix(server: RedisServer, prefix: str, opened: Opener) -> None:
    assert await let_through(opened(server.url, prefix), 11) == 10
    assert await let_through(opened(server.url, f"{prefix}-other"), 11) == 10


async def test_the_window_before_still_counts(
    server: RedisServer, prefix: str, opened: Opener, admin: Redis
) -> None:
    assert await let_through(opened(server.url, prefix), 10) == 10
    (key,) = [key async for key in admin.scan_iter(match=f"{prefix}*")]
    # As if 87 of its 120 seconds had passed: 5.5 of the ten calls still count.
    await admin.pexpire(key, 33_000)
    later = opened(server.url, prefix)
    assert await let_through(later, 20) == 5
    wait_s = await later.hit("rule", "a", TEN)
    assert wait_s is not None
    assert 0 < wait_s <= 6


async def test_the_wait_that_is_told_is_enough_and_not_much_too_long(
    server: RedisServer, prefix: str, opened: Opener
) -> None:
    rate = Rate(3, 1)
    one, other = opened(server.url, prefix), opened(server.url, prefix)
    assert await let_through(one, 3, rate=rate) == 3
    wait_s = await one.hit("rule", "a", rate)
    assert wait_s is not None
    began = time.monotonic()
    async with asyncio.timeout(WAIT_S):
        while await other.hit("rule", "a", rate) is not None:
            await asyncio.sleep(0.01)
    assert time.monotonic() - began < whole_seconds(wait_s) + 1
    assert time.monotonic() - began > wait_s - 0.1


async def test_a_flood_costs_redis_little(
    server: RedisServer, prefix: str, opened: Opener, admin: Redis
) -> None:
    async def scripts() -> int:
        commands = await admin.info("commandstats")
        return int(commands.get("cmdstat_evalsha", {"calls": 0})["calls"])

    counters = opened(server.url, prefix)
    before = await scripts()
    assert await let_through(counters, 1000) == 10
    assert await scripts() - before < 20


async def test_keys_lie_below_the_prefix_and_expire(
    server: RedisServer, prefix: str, opened: Opener, admin: Redis
) -> None:
    before = {key async for key in admin.scan_iter()}
    counters = opened(server.url, prefix)
    for name in ("key/maria", "address/2001:db8::", "{}*", "\ud800", "", "x y\r\n"):
        assert await counters.hit("api", name, TEN) is None
        assert await counters.hit("failed-proof", name, TEN) is None
    assert counters.problem is None
    kept = {key async for key in admin.scan_iter()} - before
    assert len(kept) == 12
    for key in kept:
        assert key.startswith(f"{prefix}:")
        assert 0 < await admin.pttl(key) <= 120_000


async def test_a_unix_socket_will_do(binary: Path, prefix: str, opened: Opener) -> None:
    with tempfile.TemporaryDirectory() as folder:  # short: the name of a socket may have 107 characters
        socket = Path(folder) / "redis.sock"
        server = RedisServer(binary, Path(folder), socket=socket)
        server.start()
        try:
            counters = opened(f"unix://{socket}", prefix)
            assert await let_through(counters, 11) == 10
            assert counters.problem is None
        finally:
            server.kill()


# --- Redis fails


async def test_a_flush_forgets_the_counts_and_nothing_else(
    own_server: RedisServer, prefix: str, opened: Opener, own_admin: Redis
) -> None:
    one, other = opened(own_server.url, prefix), opened(own_server.url, prefix)
    assert await let_through(one, 11) == 10
    await own_admin.flushall()
    await own_admin.script_flush()
    assert await let_through(other, 11) == 10
    # Whoever was told to wait waits all the same.
    assert await let_through(one, 5) == 0
    assert (one.problem, other.problem) == (None, None)


async def test_a_killed_redis_is_done_without_at_once_and_found_again(
    own_server: RedisServer, prefix: str, opened: Opener
) -> None:
    one, other = opened(own_server.url, prefix), opened(own_server.url, prefix)
    assert await let_through(one, 3) == 3
    assert await let_through(other, 3) == 3
    with capture_logs() as lines:
        own_server.kill()
        began = time.monotonic()
        assert await let_through(one, 100) == 10
        assert await let_through(other, 100) == 10
        assert time.monotonic() - began < 2 * module.ANSWER_S + 1.0
        assert one.problem
        assert other.problem
        own_server.start()
        await eventually(lambda: not one.problem and not other.problem)
    assert await let_through(one, 6, "b") == 6
    assert await let_through(other, 20, "b") == 4
    events = [line["event"] for line in lines]
    assert sorted(events) == ["rate limits counted alone"] * 2 + ["rate limits shared again"] * 2


async def test_a_hanging_redis_holds_each_request_up_once_and_briefly(
    own_server: RedisServer, prefix: str, opened: Opener
) -> None:
    counters = opened(own_server.url, prefix)
    assert await counters.hit("rule", "a", TEN) is None
    own_server.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        together = await asyncio.gather(*[counters.hit("rule", f"n{n}", TEN) for n in range(50)])
        assert together == [None] * 50
        assert time.monotonic() - began < module.ANSWER_S + 1.0
        assert "time" in str(counters.problem)
        # From then on nobody waits for it, though it goes on to hang.
        waits = []
        for n in range(200):
            began = time.monotonic()
            assert await counters.hit("rule", f"m{n}", TEN) is None
            waits.append(time.monotonic() - began)
            await asyncio.sleep(0)
        assert sorted(waits)[190] < module.ANSWER_S / 5
    finally:
        own_server.signal(signal.SIGCONT)
    await eventually(lambda: counters.problem is None)
    assert await let_through(counters, 20, "late") == 10


async def test_a_redis_that_takes_no_writes_is_done_without(
    own_server: RedisServer, prefix: str, opened: Opener, own_admin: Redis
) -> None:
    counters = opened(own_server.url, prefix)
    await own_admin.config_set("maxmemory", 1)
    assert await let_through(counters, 20) == 10
    assert counters.problem
    await own_admin.config_set("maxmemory", 0)
    await eventually(lambda: counters.problem is None)
    assert await let_through(counters, 20, "b") == 10


async def test_where_nothing_listens_each_process_counts_alone(prefix: str, opened: Opener) -> None:
    counters = opened(f"redis://:s3cret@127.0.0.1:{free_port()}/0", prefix)
    assert await let_through(counters, 20) == 10
    assert counters.problem
    assert "s3cret" not in counters.problem


async def test_it_goes_on_looking_with_growing_pauses(
    binary: Path, tmp_path: Path, prefix: str, opened: Opener
) -> None:
    looks = 0

    def turn_away(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal looks
        looks += 1
        writer.close()

    server = RedisServer(binary, tmp_path)
    counters = opened(server.url, prefix)
    async with await asyncio.start_server(turn_away, "127.0.0.1", server.port):
        began = time.monotonic()
        assert await let_through(counters, 20) == 10
        await eventually(lambda: looks >= 5)
        # The first by a call, then never sooner than half of 100, 200, 400 and 800 ms.
        assert time.monotonic() - began > 0.75
    server.start()
    try:
        await eventually(lambda: counters.problem is None)
        assert await let_through(counters, 20, "b") == 10
    finally:
        server.kill()


async def test_after_the_end_it_still_answers(server: RedisServer, prefix: str, opened: Opener) -> None:
    counters = opened(server.url, prefix)
    assert await let_through(counters, 1) == 1
    await counters.close()
    assert await let_through(counters, 20) == 10


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="redis://"):
        SharedCounters("localhost:6379", "x", MemoryCounters(SystemClock().now))


# --- through the web


async def test_a_key_is_limited_by_all_processes_together(
    server: RedisServer, prefix: str, opened: Opener
) -> None:
    settings = config(api_keys=KEYS, api_rate=Rate(6, 60))
    statuses: list[int] = []
    for n in range(2):
        counters = opened(server.url, prefix)
        async with client(House(), settings, address=f"203.0.113.{n}", counters=counters) as http:
            statuses += [(await http.get("/channels", headers=VIEWER)).status_code for _ in range(5)]
    assert statuses == [200] * 6 + [429] * 4


async def test_the_web_answers_whatever_redis_does(
    own_server: RedisServer, prefix: str, opened: Opener
) -> None:
    settings = config(api_keys=KEYS, api_rate=Rate(1000, 60))
    counters = opened(own_server.url, prefix)
    order = "/falabella/webhook/order"
    body = b'{"event": "onOrderCreated", "payload": {"OrderId": 1}}'
    async with client(House(), settings, address="203.0.113.7", counters=counters) as http:

        async def ask() -> list[int]:
            good = await http.get("/channels", headers=VIEWER)
            wrong = await http.get("/channels")
            proven = await http.post(f"{order}/{SECRET}", content=body)
            return [good.status_code, wrong.status_code, proven.status_code]

        assert await ask() == [200, 401, 200]
        own_server.signal(signal.SIGSTOP)
        assert await ask() == [200, 401, 200]
        own_server.signal(signal.SIGCONT)
        own_server.kill()
        assert await ask() == [200, 401, 200]
