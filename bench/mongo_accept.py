"""Receipts a second into MongoDB: through the group commit, and with a commit for each one.

`python -m bench.mongo_accept [--seconds S]` starts a mongod of its own (tests/engines.py says where it looks)
and stops it.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from bench.report import percentile
from orquestador.clock import SystemClock
from orquestador.journal.mongo import MongoJournal
from orquestador.journal.mongo.receipts import Intake, encode
from orquestador.journal.mongo.store import SERVER_NOW, Store, connect
from orquestador.model.notices import Notice, NoticeKind
from orquestador.ports import NewReceipt
from tests.engines import Mongod

CALLERS = (1, 16, 64, 256)
BODY = (
    b'{"orderId": "BENCH-000000", "products": [{"sku": "SKU-00001", "quantity": 2, "price": 15990}], '
    b'"status": "confirmed", "timestamp": "2026-11-24T12:00:00Z"}'
)

Accept = Callable[[NewReceipt], Awaitable[object]]


async def measure(accept: Accept, callers: int, seconds: float, each: int, prefix: str) -> str:
    """A line of the table; `each` receipts speak of the same order, at different moments."""
    numbers, waited = itertools.count(), list[float]()
    clock, end = SystemClock(), time.perf_counter() + seconds
    spread = max(1, callers * 4)

    async def keep_accepting() -> None:
        for n in numbers:
            began = time.perf_counter()
            if began > end:
                return
            name = f"{prefix}-{n}"
            order = f"{prefix}-{n // (spread * each)}-{n % spread}"
            notice = Notice(NoticeKind.ORDER, (order,), event="simple", dedupe=name, body_backed=True)
            await accept(NewReceipt(name, "falabella", "falabella.order", BODY, clock.now(), notice, "trace"))
            waited.append(time.perf_counter() - began)

    cpu = time.process_time()
    await asyncio.gather(*(keep_accepting() for _ in range(callers)))
    cpu = time.process_time() - cpu
    median, p99 = percentile(waited, 0.5) * 1e3, percentile(waited, 0.99) * 1e3
    return (
        f"{callers:4} callers {len(waited) / seconds:8.0f}/s, median {median:6.2f} ms, p99 {p99:8.2f} ms, "
        f"{cpu / len(waited) * 1e6:5.0f} us of this process each"
    )


async def measure_all(uri: str, shape: str, seconds: float) -> None:
    journal = await MongoJournal.open(uri, SystemClock())
    client = connect(uri)
    alone = Intake(await Store.of(client, None, lambda: SERVER_NOW))

    async def one_by_one(receipt: NewReceipt) -> None:
        await alone.accept([encode(receipt)])

    ways: list[tuple[str, Accept, int]] = [
        ("grouped, new orders", journal.accept, 1),
        ("grouped, 4 notices an order", journal.accept, 4),
        ("a commit each, new orders", one_by_one, 1),
    ]
    for name, accept, each in ways:
        for callers in CALLERS:
            line = await measure(accept, callers, seconds, each, f"{name[:9]}{each}-{callers}")
            print(f"{shape:11} {name:28} {line}", flush=True)
    await journal.close()
    await client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    seconds = parser.parse_args().seconds
    for shape in ("single", "replica set"):
        with tempfile.TemporaryDirectory(prefix="orquestador-bench-") as folder:
            server = Mongod(Path(folder), replica_set=shape != "single")
            try:
                server.start()
                uvloop.run(measure_all(server.uri, shape, seconds))
            finally:
                server.kill()


if __name__ == "__main__":
    main()
