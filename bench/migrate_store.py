"""How long `orquestador migrate-store` takes, by step, and how much memory.

`python -m bench.migrate_store [--receipts N] [--orders N] [--listings N]` fills an SQLite store, starts a
mongod of its own (tests/engines.py says where it looks) and stops it.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench.mongo_accept import BODY
from orquestador.app.migrate import Outcome, Plan, migrate
from orquestador.clock import SystemClock
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.notices import Notice, NoticeKind
from orquestador.model.work import State
from orquestador.ports import NewReceipt, Save
from orquestador.settings import journal_file, load
from tests.contract.journal_data import listing_row, order_id, order_row, seen, with_effect
from tests.engines import Mongod

CHUNK = 1_000


async def fill(path: Path, receipts: int, orders: int, listings: int) -> None:
    """Several notices speak of one order; each order has two lines and an effect that was applied."""
    clock = SystemClock()
    journal = await SqliteJournal.open(path, clock)

    def notice(n: int) -> NewReceipt:
        said = Notice(NoticeKind.ORDER, (f"A{n % orders}",), event="simple", dedupe=f"n{n}", body_backed=True)
        return NewReceipt(f"r{n:09}", "falabella", "falabella.order", BODY, clock.now(), said, f"trace-{n}")

    for at in range(0, receipts, CHUNK):
        await asyncio.gather(*(journal.accept(notice(n)) for n in range(at, min(receipts, at + CHUNK))))
    for at in range(0, orders, CHUNK):
        refs = [f"A{n}" for n in range(at, min(orders, at + CHUNK))]
        rows = {work.id: work for work in await journal.get([order_id(ref) for ref in refs])}
        saves = []
        for n, ref in enumerate(refs, start=at):
            lines = ((f"SKU-{n % 5_000:05}", 1), (f"SKU-{n % 4_999:05}", 2))
            order = with_effect(seen(ref, *lines, at=clock.now(), number=f"N{ref}"))
            known = rows.get(order_id(ref))
            row = order_row(order)
            if known is not None:
                row = replace(known, state=State.SETTLED, done=known.wanted, doc=order)
            saves.append(Save(row))
        await journal.save(saves)
    for at in range(0, listings, CHUNK):
        some = range(at, min(listings, at + CHUNK))
        await journal.upsert_listings([listing_row(f"SKU-{n:05}") for n in some])
    await journal.close()


class Steps:
    """Seconds per step and table."""

    def __init__(self) -> None:
        self.took: list[tuple[str, float]] = []
        self._now: tuple[str, float] | None = None

    def step(self, step: str, table: str, total: int, done: int = 0) -> None:
        self.end()
        self._now = (f"{step} {table} ({total:,} rows)" if total else f"{step} {table}", time.perf_counter())

    def advance(self, rows: int) -> None: ...

    def end(self) -> None:
        if self._now is not None:
            words, began = self._now
            self.took.append((words, time.perf_counter() - began))
        self._now = None


def agree(_: Plan) -> bool:
    return True


async def run(folder: Path) -> None:
    steps = Steps()
    began = time.perf_counter()
    outcome = await migrate(load(folder / ".env"), steps, agree)
    took = time.perf_counter() - began
    steps.end()
    assert isinstance(outcome, Outcome)
    for words, seconds in steps.took:
        if seconds >= 0.05:
            print(f"{words:40} {seconds:7.1f} s")
    rows = sum(table.source_rows for table in outcome.tables)
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{outcome.state}: {rows:,} rows in {took:.1f} s, {rows / took:,.0f} rows/s; at most {mib:.0f} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--receipts", type=int, default=100_000)
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--listings", type=int, default=10_000)
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run is not None:
        asyncio.run(run(given.run))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = folder / ".env"
        env.write_text(f"DATA_DIR={folder / 'data'}\n")
        path = journal_file(load(env))
        asyncio.run(fill(path, given.receipts, given.orders, given.listings))
        print(f"a file of {path.stat().st_size / 2**20:,.0f} MiB")
        server = Mongod(folder)
        server.start()
        try:
            with env.open("a") as settings:
                settings.write(f"MONGODB_URI={server.uri}orquestador\n")
            # In a process of its own, so that its memory is that of the migration alone.
            subprocess.run([sys.executable, "-m", "bench.migrate_store", "--run", str(folder)], check=True)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
