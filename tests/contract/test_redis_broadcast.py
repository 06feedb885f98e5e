"""The broadcast on a real Redis keeps the contract of broadcasts, and tells what Redis swallowed."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from orquestador.broadcast import redis as module
from orquestador.broadcast.local import SIZE
from orquestador.broadcast.redis import RedisBroadcast
from orquestador.clock import ManualClock
from orquestador.ports import MISSED
from tests.contract.broadcast_contract import BroadcastContract, hear
from tests.redis_server import RedisServer, free_port

WAIT_S = 10.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def own(own_server: RedisServer, prefix: str, clock: ManualClock) -> AsyncIterator[RedisBroadcast]:
    """On the server that the test breaks."""
    broadcast = await RedisBroadcast.open(own_server.url, clock, prefix=prefix)
    assert broadcast.problem is None
    yield broadcast
    await broadcast.close()


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():
            await asyncio.sleep(0.01)


class TestRedisBroadcast(BroadcastContract):
    @pytest.fixture
    async def broadcast(
        self, server: RedisServer, prefix: str, clock: ManualClock
    ) -> AsyncIterator[RedisBroadcast]:
        broadcast = await RedisBroadcast.open(server.url, clock, prefix=prefix)
        yield broadcast
        assert broadcast.problem is None
        await broadcast.close()


async def test_what_another_process_publishes_is_heard(server: RedisServer, prefix: str) -> None:
    here, there, foreign = [
        await RedisBroadcast.open(server.url, ManualClock(), prefix=name)
        for name in (prefix, prefix, f"{prefix}-other")
    ]
    listener = await here.listen()
    foreign.publish("order", {"id": "foreign"})
    await eventually(lambda: not foreign._waiting)
    there.publish("order", {"id": "ours"})
    assert [e.facts["id"] for e in await hear(listener, 1)] == ["ours"]
    for broadcast in (here, there, foreign):
        await broadcast.close()


async def test_only_a_process_where_somebody_listens_is_subscribed(server: RedisServer, prefix: str) -> None:
    admin: Redis = Redis.from_url(server.url)
    broadcast = await RedisBroadcast.open(server.url, ManualClock(), prefix=prefix)
    broadcast.publish("order", {})
    channel = f"{prefix}:events"
    assert await admin.pubsub_numsub(channel) == [(channel.encode(), 0)]
    await broadcast.listen()
    await broadcast.listen()
    assert await admin.pubsub_numsub(channel) == [(channel.encode(), 1)]
    await broadcast.close()
    await admin.aclose()


async def test_what_is_none_of_ours_is_not_heard(server: RedisServer, prefix: str) -> None:
    admin: Redis = Redis.from_url(server.url)
    broadcast = await RedisBroadcast.open(server.url, ManualClock(), prefix=prefix)
    listener = await broadcast.listen()
    for junk in ("", "{", "null", "7", '"x"', "[1]", '[["t", null, {}]]', '[["t", 1, 2]]'):
        await admin.publish(f"{prefix}:events", junk)
    broadcast.publish("order", {"id": "ours"})
    assert [e.facts["id"] for e in await hear(listener, 1)] == ["ours"]
    await broadcast.close()
    await admin.aclose()


async def test_a_restart_is_told_and_listeners_stay(
    own: RedisBroadcast, own_server: RedisServer, clock: ManualClock
) -> None:
    listener = await own.listen()
    own_server.kill()
    with capture_logs() as logs:
        for _ in range(2 * SIZE):
            own.publish("order", {})
        await eventually(lambda: not own._waiting)
        await eventually(lambda: own.problem is not None)
    assert {entry["event"] for entry in logs} == {"broadcast degraded"}
    assert own.lost == 2 * SIZE
    own_server.start()
    assert [(e.topic, e.facts) for e in await hear(listener, 1)] == [(MISSED, {})]  # it hears again
    clock.advance(module.PROBE_MAX_S)
    own.publish("order", {"id": "new"})
    events = await hear(listener, 2)
    assert [(e.topic, e.facts) for e in events] == [(MISSED, {"count": 2 * SIZE}), ("order", {"id": "new"})]
    assert own.problem is None
    assert own.lost == 0


async def test_a_hanging_redis_holds_nobody_up(
    own: RedisBroadcast, own_server: RedisServer, clock: ManualClock
) -> None:
    own_server.signal(signal.SIGSTOP)
    for n in range(3 * SIZE):
        own.publish("order", {"n": n})
    assert len(own._waiting) <= SIZE
    await eventually(lambda: own.lost == 3 * SIZE)
    assert own.problem is not None
    own_server.signal(signal.SIGCONT)
    listener = await own.listen()
    clock.advance(module.PROBE_MAX_S)
    own.publish("order", {"id": "new"})
    assert [e.facts for e in await hear(listener, 2)] == [{"count": 3 * SIZE}, {"id": "new"}]


async def test_it_opens_without_redis_and_listens_when_it_comes(
    binary: Path, tmp_path: Path, prefix: str
) -> None:
    server, clock = RedisServer(binary, tmp_path), ManualClock()
    broadcast = await RedisBroadcast.open(server.url, clock, prefix=prefix)
    assert broadcast.problem is not None
    listener = await broadcast.listen()
    server.start()
    assert [e.topic for e in await hear(listener, 1)] == [MISSED]
    clock.advance(module.PROBE_MAX_S)
    broadcast.publish("order", {})
    assert [e.topic for e in await hear(listener, 1)] == ["order"]
    await broadcast.close()
    server.kill()


async def test_closing_does_not_wait_for_a_hanging_redis(
    own: RedisBroadcast, own_server: RedisServer
) -> None:
    await own.listen()
    own_server.signal(signal.SIGSTOP)
    own.publish("order", {})
    async with asyncio.timeout(WAIT_S):
        await own.close()
    own_server.signal(signal.SIGCONT)


def test_a_url_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        RedisBroadcast(f"http://127.0.0.1:{free_port()}", ManualClock(), "x")
