"""One migration in a test: its shop, its database, its way, its end."""

from __future__ import annotations

import contextlib
import hashlib
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from orquestador.app.migrate import Outcome, migrate
from orquestador.clock import ManualClock
from orquestador.journal.mongo import MongoJournal
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.errors import MigrationRefused
from orquestador.ops.logsink import SqliteLogSink
from orquestador.ops.mongologs import MongoLogSink
from orquestador.settings import Settings, journal_file, logs_file
from tests.contract.migration.data import Side

HERE = Path(__file__).parent
DATABASE = "orquestador_migration"


class OwnDatabase:
    """A database of its own, dropped at the end."""

    def __init__(self, server: str) -> None:
        self._client = MongoClient[Any](server)
        self.name = f"{DATABASE}_{uuid.uuid4().hex[:8]}"
        self.uri = server.replace("/?", f"/{self.name}?") if "?" in server else server + self.name

    def close(self) -> None:
        for name in (self.name, f"{self.name}_copy"):
            self._client.drop_database(name)
        self._client.close()


class Steps:
    """Remembers how it went; `at` is called when a step begins."""

    def __init__(self, at: Callable[[str, str], None] | None = None) -> None:
        self.rows: dict[tuple[str, str], int] = {}
        self._at, self._now = at, ("", "")

    def step(self, step: str, table: str, total: int, done: int = 0) -> None:
        self._now = (step, table)
        self.rows[self._now] = 0
        if self._at is not None:
            self._at(step, table)

    def advance(self, rows: int) -> None:
        self.rows[self._now] += rows


def uri_of(shop: Settings) -> str:
    assert shop.mongodb_uri is not None
    return shop.mongodb_uri.get_secret_value()


async def run(shop: Settings, at: Callable[[str, str], None] | None = None) -> Outcome:
    outcome = await migrate(shop, Steps(at), lambda _: True)
    assert isinstance(outcome, Outcome)
    return outcome


@contextlib.asynccontextmanager
async def sides(shop: Settings, clock: ManualClock) -> AsyncIterator[tuple[Side, Side]]:
    """The old store and the new one, both by the same clock."""
    async with contextlib.AsyncExitStack() as stack:

        async def closed(opened: Any) -> Any:
            stack.push_async_callback(opened.close)
            return opened

        uri = uri_of(shop)
        old = await closed(await SqliteJournal.open(journal_file(shop), clock, serving=False))
        old_logs = await closed(await SqliteLogSink.open(logs_file(shop), clock))
        new = await closed(await MongoJournal.open(uri, clock, store_time=False))
        new_logs = await closed(await MongoLogSink.open(uri, clock))
        yield Side(old, old_logs), Side(new, new_logs)


def files(folder: Path) -> dict[str, str]:
    """What is in the data folder, byte by byte; the lock holds nothing of the store."""
    paths = [p for p in folder.iterdir() if p.suffix != ".lock" and not p.name.endswith("-shm")]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


@contextlib.contextmanager
def database_of(shop: Settings) -> Iterator[Any]:
    with MongoClient[Any](uri_of(shop)) as client:
        yield client.get_default_database()


def _child(folder: Path, rows: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HERE / "child.py"), str(folder), str(rows)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE.parents[2],
    )


def lines_until_killed(folder: Path, rows: int, kill_at: int) -> list[str]:
    """What a run printed; it is killed as soon as its line number `kill_at` is seen."""
    said: list[str] = []
    with _child(folder, rows) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.strip())
            if len(said) == kill_at:
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.read()
    assert len(said) < kill_at or process.returncode == -signal.SIGKILL
    return said


async def refused(shop: Settings) -> MigrationRefused:
    with pytest.raises(MigrationRefused) as caught:
        await run(shop)
    return caught.value


def content(shop: Settings) -> dict[str, list[Any]]:
    with database_of(shop) as database:
        return {name: list(database[name].find()) for name in sorted(database.list_collection_names())}
