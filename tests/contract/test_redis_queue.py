"""The queue on a real Redis keeps the contract of queues, and what issue 3 asks of it when Redis fails."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from structlog.testing import capture_logs

from orquestador import redis_link
from orquestador.clock import ManualClock, SystemClock
from orquestador.ports import Clock
from orquestador.queue import redis as module
from orquestador.queue.local import LocalQueue
from orquestador.queue.redis import RedisQueue
from tests.contract.queue_contract import QueueContract
from tests.redis_server import RedisServer, free_port

WAIT_S = 10.0
LONG_S = 60.0
Opener = Callable[..., Awaitable[RedisQueue]]
_prefixes = (f"example-{n}" for n in itertools.count())


@pytest.fixture
async def own_admin(own_server: RedisServer) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(own_server.url)
    yield client
    await client.aclose()


@pytest.fixture
async def opened() -> AsyncIterator[Opener]:
    """Opens queues, and closes them."""
    queues: list[RedisQueue] = []

    async def open_one(url: str, prefix: str, clock: Clock | None = None) -> RedisQueue:
        queues.append(await RedisQueue.open(url, clock or SystemClock(), prefix=prefix))
        return queues[-1]

    yield open_one
    for queue in queues:
        await queue.close()


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not holds():
            await asyncio.sleep(0.01)


async def asleep(clock: ManualClock) -> None:
    """Until somebody has looked and waits."""
    async with asyncio.timeout(WAIT_S):
        while not clock.sleepers:
            await asyncio.sleep(0)


async def stored(admin: Redis, prefix: str, lane: str) -> None:
    """Until the ids of a lane have arrived in Redis."""
    async with asyncio.timeout(WAIT_S):
        while not await admin.exists(f"{prefix}:queue:{{{lane}}}:due"):
            await asyncio.sleep(0.01)


class TestRedisQueue(QueueContract):
    @pytest.fixture
    async def queue(self, server: RedisServer, prefix: str, clock: ManualClock) -> AsyncIterator[RedisQueue]:
        queue = await RedisQueue.open(server.url, clock, prefix=prefix)
        assert queue.problem is None
        yield queue
        assert (queue.problem, queue.dropped) == (None, 0)
        await queue.close()

    async def test_closing_wakes_everyone(self, queue: RedisQueue, clock: ManualClock) -> None:
        waiting = asyncio.ensure_future(queue.wait("orders", 10, 60))
        while not clock.sleepers:
            await asyncio.sleep(0)
        await queue.close()
        assert await asyncio.wait_for(waiting, 5) == []
        await queue.wake("orders", ["a"])
        assert await queue.wait("orders", 10, 60) == []

    async def test_a_lane_longer_than_one_call(self, queue: RedisQueue) -> None:
        names = [f"id-{n}" for n in range(3 * module.CHUNK_IDS + 1)]
        await queue.wake("orders", names)
        assert await queue.wait("orders", 5_000, 5) == names

    async def test_hostile_ids_are_only_ids(self, queue: RedisQueue) -> None:
        names = ["", "n", "\x00", "\ud800", "{}:due", "ñandú €", "x" * 10_000]
        await queue.wake("la{ne}*", names)
        await queue.wake("la{ne}*", names)
        assert await queue.wait("la{ne}*", 100, 5) == names

    async def test_a_look_that_waits_for_nothing_sees_what_is_not_told_yet(self, queue: RedisQueue) -> None:
        for n in range(300):
            assert await queue.wait("orders", 10, 0) == []
            await queue.wake("orders", [f"id-{n}"])
            assert await queue.wait("orders", 0, 0) == []  # it is sent now, and perhaps not heard of
            assert await queue.wait("orders", 10, 0) == [f"id-{n}"]

    async def test_no_limit_takes_nothing(self, queue: RedisQueue) -> None:
        await queue.wake("orders", ["a"])
        assert await queue.wait("orders", 0, 0) == []
        assert await queue.wait("orders", 1, 0) == ["a"]


@given(
    st.lists(
        st.one_of(
            st.tuples(
                st.lists(st.sampled_from("abcdef"), max_size=4), st.sampled_from([-1.5, 0.0, 0.1, 7.0, 1e300])
            ),
            st.integers(0, 4),
        ),
        max_size=12,
    )
)
@settings(max_examples=25)
def test_it_does_what_the_queue_in_the_process_does(
    server: RedisServer, steps: list[tuple[list[str], float] | int]
) -> None:
    async def run() -> None:
        clock = ManualClock()
        local, queue = LocalQueue(clock), await RedisQueue.open(server.url, clock, prefix=next(_prefixes))
        try:
            for step in [*steps, 100]:
                if isinstance(step, int):
                    assert await queue.wait("lane", step, 0) == await local.wait("lane", step, 0)
                else:
                    await queue.wake("lane", *step)
                    await local.wake("lane", *step)
        finally:
            await queue.close()

    asyncio.run(run())


# --- several processes ------------------------------------------------------------------------------


async def test_several_processes_share_a_lane_and_no_id_comes_twice(
    server: RedisServer, prefix: str, opened: Opener
) -> None:
    names = [f"id-{n}" for n in range(2_000)]
    child = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "tests.contract.redis_taking_child", server.url, prefix, "orders"],
        stdout=asyncio.subprocess.PIPE,
    )
    here, there = await opened(server.url, prefix), await opened(server.url, prefix)
    ours: list[str] = []
    theirs: list[str] = []

    async def work() -> None:
        while True:
            ours.extend(await here.wait("orders", 7, LONG_S))

    async def read() -> None:
        assert child.stdout is not None
        while line := await child.stdout.readline():
            theirs.append(line.decode().strip())

    reader = asyncio.create_task(read())
    await eventually(lambda: theirs == ["ready"])
    workers = [asyncio.create_task(work()) for _ in range(3)]
    for n in range(0, len(names), 20):
        await (here if n % 40 else there).wake("orders", names[n : n + 20])
        await asyncio.sleep(0)
    await eventually(lambda: len(ours) + len(theirs) > len(names))
    # Nobody is left to take the last one but the child, which ends by it.
    for worker in workers:
        worker.cancel()
    await here.wake("orders", ["end"])
    await asyncio.wait_for(asyncio.gather(reader, child.wait()), WAIT_S)
    assert ours
    assert len(theirs) > 2
    assert sorted(ours + theirs) == sorted([*names, "ready", "end"])
    assert (here.dropped, there.dropped) == (0, 0)


async def test_an_idle_worker_wakes_at_once(server: RedisServer, prefix: str, opened: Opener) -> None:
    clock = ManualClock()
    worker, api = await opened(server.url, prefix, clock), await opened(server.url, prefix)
    for n in range(20):
        waiting = asyncio.ensure_future(worker.wait("orders", 10, LONG_S))
        await asleep(clock)
        began = time.perf_counter()
        await api.wake("orders", [str(n)])
        assert await waiting == [str(n)]
        assert time.perf_counter() - began < 1.0


async def test_prefixes_do_not_mix(server: RedisServer, prefix: str, opened: Opener) -> None:
    ours, others = await opened(server.url, prefix), await opened(server.url, f"{prefix}-other")
    await ours.wake("orders", ["a"])
    assert await others.wait("orders", 10, 0) == []
    assert await ours.wait("orders", 10, 0) == ["a"]


# --- what stays in Redis ----------------------------------------------------------------------------


async def test_keys_expire_and_a_lane_served_leaves_nothing(
    server: RedisServer, prefix: str, opened: Opener, admin: Redis
) -> None:
    queue = await opened(server.url, prefix)
    await queue.wake("orders", ["a", "b"])
    assert await queue.wait("orders", 1, 0) == ["a"]
    kept = [key async for key in admin.scan_iter(match=f"{prefix}*")]
    assert len(kept) == 2
    for key in kept:
        assert 0 < await admin.ttl(key) <= module.KEYS_TTL_S
    assert await queue.wait("orders", 10, 0) == ["b"]
    assert [key async for key in admin.scan_iter(match=f"{prefix}*")] == []


async def test_a_lane_nobody_serves_does_not_grow_for_ever(
    server: RedisServer, prefix: str, opened: Opener, admin: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LANE_MAX_IDS", 3)
    queue = await opened(server.url, prefix)
    await queue.wake("orders", ["a", "b"])
    await stored(admin, prefix, "orders")
    await queue.wake("orders", ["c", "d", "b"], 5)
    assert await queue.wait("orders", 10, 0) == ["b", "c", "a"]
    assert queue.dropped == 1


@pytest.mark.parametrize("lost", ["due", "ids"])
async def test_a_key_that_was_evicted_hides_no_id(
    server: RedisServer, prefix: str, opened: Opener, admin: Redis, lost: str
) -> None:
    queue = await opened(server.url, prefix)
    await queue.wake("orders", ["a", "b"])
    assert await queue.wait("orders", 1, 0) == ["a"]
    await admin.delete(f"{prefix}:queue:{{orders}}:{lost}")
    await queue.wake("orders", ["b", "c"])
    assert set(await queue.wait("orders", 10, 0)) == {"b", "c"}


# --- Redis fails ------------------------------------------------------------------------------------


async def test_a_flush_loses_the_hint_and_nothing_else(
    own_server: RedisServer, prefix: str, opened: Opener, own_admin: Redis
) -> None:
    clock = ManualClock()
    queue, other = await opened(own_server.url, prefix, clock), await opened(own_server.url, prefix)
    await queue.wake("orders", ["a"])
    await stored(own_admin, prefix, "orders")
    await own_admin.flushall()
    await own_admin.script_flush()
    assert await queue.wait("orders", 10, 0) == []
    waiting = asyncio.ensure_future(queue.wait("orders", 10, LONG_S))
    await asleep(clock)
    await own_admin.flushall()
    await other.wake("orders", ["b"])
    assert await asyncio.wait_for(waiting, WAIT_S) == ["b"]
    assert (queue.problem, queue.dropped) == (None, 0)


async def test_a_killed_server_is_found_again(own_server: RedisServer, prefix: str, opened: Opener) -> None:
    queue, api = await opened(own_server.url, prefix), await opened(own_server.url, prefix)
    waiting = asyncio.ensure_future(queue.wait("orders", 10, LONG_S))
    with capture_logs() as lines:
        own_server.kill()
        await eventually(lambda: bool(queue.problem and api.problem))
        for n in range(100):
            await api.wake("orders", [f"lost-{n}"])
        assert api.dropped == 100
        assert await queue.wait("stock", 10, 0.05) == []
        assert not waiting.done()
        own_server.start()
        await eventually(lambda: not queue.problem and not api.problem)
        await api.wake("orders", ["a"])
        assert await asyncio.wait_for(waiting, WAIT_S) == ["a"]
    assert sorted(line["event"] for line in lines) == ["queue back"] * 2 + ["queue degraded"] * 2


async def test_a_waiter_looks_again_when_the_server_is_back(
    own_server: RedisServer, prefix: str, opened: Opener
) -> None:
    queue = await opened(own_server.url, prefix)
    own_server.kill()
    await eventually(lambda: queue.problem is not None)
    waiting = asyncio.ensure_future(queue.wait("orders", 10, LONG_S))
    own_server.start()
    early = await opened(own_server.url, prefix)
    await early.wake("orders", ["a"])
    assert await asyncio.wait_for(waiting, WAIT_S) == ["a"]


async def test_a_hanging_server_holds_nobody_up(own_server: RedisServer, prefix: str, opened: Opener) -> None:
    queue = await opened(own_server.url, prefix)
    own_server.signal(signal.SIGSTOP)
    with pytest.raises(StopIteration):  # a wake ends without ever giving way: it waits for nothing
        queue.wake("orders", ["a"]).send(None)
    began = time.monotonic()
    assert await queue.wait("orders", 10, 0) == []
    assert time.monotonic() - began < redis_link.ANSWER_S + 1.0
    await eventually(lambda: queue.problem is not None)
    own_server.signal(signal.SIGCONT)
    await eventually(lambda: queue.problem is None)
    await queue.wake("orders", ["b"])
    assert "b" in await queue.wait("orders", 10, WAIT_S)


async def test_a_server_that_refuses_writes_is_a_problem_and_no_busy_loop(
    own_server: RedisServer, prefix: str, opened: Opener, own_admin: Redis
) -> None:
    async def connections() -> int:
        return int((await own_admin.info("stats"))["total_connections_received"])

    queue = await opened(own_server.url, prefix)
    await own_admin.config_set("maxmemory", 1)
    before, began = await connections(), time.monotonic()
    waiting = asyncio.ensure_future(queue.wait("orders", 10, LONG_S))
    await queue.wake("orders", ["lost"])
    await eventually(lambda: queue.problem is not None)
    assert "maxmemory" in str(queue.problem)
    # It looks again with growing pauses, never shorter than half of 50 and 100 ms before a third look.
    async with asyncio.timeout(WAIT_S):
        while await connections() - before < 6:
            await asyncio.sleep(0.01)
    assert time.monotonic() - began > 0.075
    await own_admin.config_set("maxmemory", 0)
    await eventually(lambda: queue.problem is None)
    await queue.wake("orders", ["a"])
    assert await asyncio.wait_for(waiting, WAIT_S) == ["a"]


async def test_it_starts_degraded_where_nothing_listens(prefix: str, opened: Opener) -> None:
    port = free_port()
    queue = await opened(f"redis://:s3cret@127.0.0.1:{port}/0", prefix)
    assert f"127.0.0.1:{port}" in str(queue.problem)
    assert "s3cret" not in str(queue.problem)
    await queue.wake("orders", ["a"])
    assert await queue.wait("orders", 10, 0.05) == []
    assert queue.dropped == 1


async def test_it_starts_degraded_with_a_wrong_password(
    binary: Path, tmp_path: Path, prefix: str, opened: Opener
) -> None:
    server = RedisServer(binary, tmp_path, password="right")
    server.start()
    try:
        assert (await opened(server.url, prefix)).problem is None
        for wrong in ("redis://:wr0ng@", "redis://"):
            queue = await opened(server.url.replace("redis://:right@", wrong), prefix)
            assert "login" in str(queue.problem)
            assert "wr0ng" not in str(queue.problem)
            assert await queue.wait("orders", 10, 0.05) == []
    finally:
        server.kill()


async def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="redis://"):
        await RedisQueue.open("localhost:6379", ManualClock(), prefix="x")
