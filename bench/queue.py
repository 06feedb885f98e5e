"""The queue on a real Redis: how fast it wakes, fills and empties, what it costs idle, and streams beside it.

Starts a redis-server of its own (tests/redis_server.py says where it looks) and stops it.
"""

from __future__ import annotations

import asyncio
import functools
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop
from redis.asyncio import Redis

from bench.report import Measure, Report, arguments, at_least, at_most, command, median, percentile
from orquestador.clock import SystemClock
from orquestador.ops import logging
from orquestador.queue.redis import RedisQueue
from tests.redis_server import RedisServer, binaries

LANE = "orders"
WAKES_A_TURN = 20
"""How many requests a busy intake handles between two turns of its loop."""
IDLE_LANES = 10
IDLE_S = 5.0
BATCH = 1000


async def latencies_s(worker: RedisQueue, api: RedisQueue, rounds: int) -> list[float]:
    """From `wake` in one client to the id in another, which was waiting."""
    spans = []
    for n in range(rounds):
        waiting = asyncio.ensure_future(worker.wait(LANE, 10, 60))
        await asyncio.sleep(0.003)
        began = time.perf_counter()
        await api.wake(LANE, [str(n)])
        await waiting
        spans.append(time.perf_counter() - began)
    return spans


async def fill(queue: RedisQueue, ids: int) -> None:
    for n in range(ids):
        await queue.wake(LANE, [f"falabella/{n:08}"])
        if n % WAKES_A_TURN == 0:
            await asyncio.sleep(0)


async def empty(queue: RedisQueue, ids: int, limit: int) -> None:
    taken = 0
    while taken < ids:
        taken += len(await queue.wait(LANE, limit, 5))


async def stream_through(client: Any, ids: int) -> None:
    """The same ids by a stream and a consumer group, in the same batches; ids do not coalesce there."""
    await client.xgroup_create("stream", "workers", mkstream=True)

    async def add() -> None:
        for n in range(0, ids, 500):
            async with client.pipeline(transaction=False) as pipe:
                for m in range(n, min(n + 500, ids)):
                    pipe.xadd("stream", {"id": f"falabella/{m:08}"})
                await pipe.execute()

    async def read() -> None:
        taken = 0
        while taken < ids:
            for _, entries in await client.xreadgroup("workers", "w", {"stream": ">"}, BATCH, 5000):
                names = [name for name, _ in entries]
                async with client.pipeline(transaction=False) as pipe:
                    pipe.xack("stream", "workers", *names)
                    pipe.xdel("stream", *names)
                    await pipe.execute()
                taken += len(names)

    await asyncio.gather(add(), read())


async def timed(run: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await run()
    return time.perf_counter() - began


async def idle_percent(queue: RedisQueue) -> float:
    """Of one core, with the lanes of a worker waited on second by second."""

    async def serve(lane: str) -> None:
        while True:
            await queue.wait(lane, BATCH, 1.0)

    lanes = [asyncio.create_task(serve(f"idle-{n}")) for n in range(IDLE_LANES)]
    began = time.process_time()
    await asyncio.sleep(IDLE_S)
    spent = time.process_time() - began
    for lane in lanes:
        lane.cancel()
    await asyncio.gather(*lanes, return_exceptions=True)
    return spent / IDLE_S * 100


async def measure(server: RedisServer, ids: int, report: Report) -> None:
    clock = SystemClock()
    worker = await RedisQueue.open(server.url, clock, prefix="bench")
    api = await RedisQueue.open(server.url, clock, prefix="bench")
    client: Redis = Redis.from_url(server.url, decode_responses=True)
    spans = [span * 1000 for span in await latencies_s(worker, api, 400)]
    report.add(
        at_most("wake_p50_ms", "wake to a waiting worker, median", median(spans), "ms", 10),
        Measure("wake_p99_ms", "  its p99", percentile(spans, 0.99), "ms"),
    )
    before = time.process_time()
    span = await timed(lambda: asyncio.gather(fill(api, ids), empty(worker, ids, BATCH)))
    spent = time.process_time() - before
    report.add(
        Measure("through_per_s", "ids a second, in and out in one process", ids / span, "/s"),
        Measure("through_cpu_us", "  its processor time of each", spent / ids * 1e6, "us"),
    )
    span = await timed(lambda: stream_through(client, ids))
    report.add(Measure("stream_per_s", "  the same by a stream and a group", ids / span, "/s"))
    for limit, some in ((BATCH, ids), (50, ids), (1, ids // 10)):
        await fill(api, some)
        while await client.zcard(f"bench:queue:{{{LANE}}}:due") < some:
            await asyncio.sleep(0.01)
        span = await timed(functools.partial(empty, worker, some, limit))
        report.add(Measure(f"pops_{limit}_per_s", f"ids taken, {limit} at once", some / span, "/s"))
    report.add(at_most("idle_cpu", f"idle, {IDLE_LANES} lanes", await idle_percent(worker), "% of a core", 1))
    server.kill()
    report.add(at_most("down_cpu", "  Redis killed", await idle_percent(worker), "% of a core", 1))
    began = time.perf_counter()
    await fill(api, ids)
    down_us = (time.perf_counter() - began) / ids * 1e6
    report.add(
        Measure("down_wake_us", "a wake while Redis is away", down_us, "us"),
        at_least("dropped", "  of these counted as dropped", api.dropped / ids * 100, "%", 100),
    )
    await client.aclose()
    await worker.close()
    await api.close()


def main() -> int:
    parser = arguments("The queue on Redis: wake-up latency, ids a second, idle cost.")
    parser.add_argument("--ids", type=int, default=40_000)
    options = parser.parse_args()
    logging.configure("error")  # that it degrades is what we do to it
    code = 0
    for version, binary in binaries().items():
        facts: dict[str, object] = {"redis": version, "ids": options.ids, "cores": "shared"}
        report = Report(command("bench.queue"), f"The queue on Redis {version}", facts=facts)
        with tempfile.TemporaryDirectory() as folder:
            server = RedisServer(binary, Path(folder))
            server.start()
            try:
                uvloop.run(measure(server, options.ids, report))
            finally:
                server.kill()
        report.print(as_json=options.json)
        code = max(code, report.exit_code)
    return code


if __name__ == "__main__":
    sys.exit(main())
