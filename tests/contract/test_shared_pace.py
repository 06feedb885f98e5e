"""A pace that several processes keep together by a real Redis, and each alone while Redis is away."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from orquestador.app.build import open_erp
from orquestador.cli.adapters import NoLogs
from orquestador.clock import SystemClock
from orquestador.ops.counters import MemoryCounters
from orquestador.ops.sharedcounters import SharedCounters
from orquestador.pace import Pace, Rank, ranked
from orquestador.sandbox.odoo.core import Options
from orquestador.sandbox.odoo.server import running
from orquestador.settings import given
from tests.redis_server import RedisServer, free_port

_prefixes = (f"orquestador:test-pace-{n}:limits" for n in itertools.count())
CALLS_PER_S = 5.0


class Processes:
    """Two that ask the same upstream; `began` holds the instants at which their calls began."""

    def __init__(self, url: str) -> None:
        self._clock, prefix = SystemClock(), next(_prefixes)
        self.counters = [SharedCounters(url, prefix, MemoryCounters(self._clock.now)) for _ in range(2)]
        self.paces = [
            Pace("erp", self._clock, calls_per_s=CALLS_PER_S, in_flight=1, counters=counters)
            for counters in self.counters
        ]
        self.began: list[float] = []

    async def call(self, pace: Pace) -> None:
        async with pace.turn():
            self.began.append(self._clock.now())

    async def close(self) -> None:
        for pace in self.paces:
            await pace.close()
        for counters in self.counters:
            await counters.close()


@pytest.fixture
async def together(server: RedisServer) -> AsyncIterator[Processes]:
    processes = Processes(server.url)
    yield processes
    await processes.close()


async def test_the_calls_of_all_processes_together_keep_the_rate(together: Processes) -> None:
    calls = 15
    await asyncio.gather(*(together.call(together.paces[n % 2]) for n in range(calls)))
    assert [counters.problem for counters in together.counters] == [None, None]
    # The window before weighs in whole calls, rounded down: one more than the rate may fit into a second, and
    # on a busy machine a call of each process may begin late. Each for itself they would fit ten.
    for at, began in enumerate(together.began):
        assert sum(began <= other < began + 1 for other in together.began[at:]) <= CALLS_PER_S + 3
    # One process by itself would take (15 / 2 - 1) / 5 s.
    assert together.began[-1] - together.began[0] > 2


async def test_what_is_urgent_goes_first_there_too(together: Processes) -> None:
    order: list[str] = []
    pace = together.paces[0]

    async def call(name: str) -> None:
        async with pace.turn():
            order.append(name)

    async with asyncio.TaskGroup() as group:
        for n in range(3):
            group.create_task(call(f"read-{n}"))
        with ranked(Rank.FIRST):
            group.create_task(call("write"))
    assert order[0] == "write"
    assert sorted(order[1:]) == ["read-0", "read-1", "read-2"]


async def test_without_redis_each_process_keeps_it_alone() -> None:
    processes = Processes(f"redis://127.0.0.1:{free_port()}/0")
    pace = processes.paces[0]
    await asyncio.gather(*(processes.call(pace) for _ in range(3)))
    assert processes.counters[0].problem is not None
    gaps = [later - earlier for earlier, later in itertools.pairwise(processes.began)]
    assert min(gaps) > 0.9 / CALLS_PER_S
    await processes.close()


@pytest.mark.parametrize("mongodb", [None, "mongodb://127.0.0.1:1/shop"])
async def test_the_settings_say_how_odoo_is_asked_and_where_that_is_counted(
    server: RedisServer, admin: Redis, prefix: str, mongodb: str | None
) -> None:
    with running(Options(seed_catalog=5)) as odoo:
        values = {
            "ODOO_URL": odoo.url,
            "ODOO_DB": "sandbox",
            "ODOO_USERNAME": "admin",
            "ODOO_PASSWORD": "admin",
            "ODOO_CALLS_PER_S": str(CALLS_PER_S),
            "REDIS_URL": server.url,
            "PREFIX": prefix,
            **({"MONGODB_URI": mongodb} if mongodb else {}),
        }
        settings, began = given(values), time.monotonic()
        async with AsyncExitStack() as stack:
            erp = await open_erp(settings, SystemClock(), NoLogs(), stack)
            assert erp is not None
            assert isinstance((await erp.products(["SKU-00001"]))["SKU-00001"], int)
        calls = sum(odoo.core.calls.values())
        assert time.monotonic() - began > 0.9 * (calls - 1) / CALLS_PER_S
        shared = [key async for key in admin.scan_iter(match=f"orquestador:shop:{prefix}*pace*")]
        assert bool(shared) is (mongodb is not None)
