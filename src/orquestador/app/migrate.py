"""`orquestador migrate-store`: the journal and the call logs from their SQLite files to MongoDB.

The source is locked and left as it is. The target carries a mark from before its first row until both sides
have been read again and found equal: until then no service opens it, and a run that was killed goes on where
it was. A source that was used in between, or a difference, makes the next run begin again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from orquestador.app.history import CHANNELS_SEEN
from orquestador.journal.mongo.target import Mark, MongoTarget, Standing
from orquestador.journal.sqlite.source import SqliteSource
from orquestador.journal.transfer import SourceState
from orquestador.model.errors import MigrationRefused
from orquestador.ops import logcopy
from orquestador.ops.transfer import (
    Checksum,
    Position,
    Row,
    SourceTable,
    TargetTable,
    batches,
    bucket,
    differing,
    digest,
)
from orquestador.settings import Settings, journal_file, logs_file
from orquestador.web.render import instant

SHOWN_IDS = 5
"""Ids of rows that differ, per table: enough to look them up."""


class Watch(Protocol):
    """Whoever shows how it goes. The steps are `copy`, `index`, `check`; `copy` and `check` have tables."""

    def step(self, step: str, table: str, total: int, done: int = 0) -> None: ...

    def advance(self, rows: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done, before anything is."""

    source: Path
    target: str
    """`<host>/<database>`, without any secret."""
    standing: Standing
    rows: dict[str, int]
    logs_left: bool
    """The call logs are of another version, and are left behind."""


@dataclass(frozen=True, slots=True)
class TableReport:
    name: str
    source_rows: int
    target_rows: int
    source_checksum: str
    target_checksum: str
    agree: bool
    differing: list[str] = field(default_factory=list)
    """The first ids of rows that are not the same on both sides."""


@dataclass(frozen=True, slots=True)
class Outcome:
    state: str
    """`done`; `already_done` (an earlier run was); `differs` (the target is not opened by any service)."""
    source: str
    target: str
    begun_at: str
    finished_at: str
    resumed: bool
    duration_s: float
    """Of the run that ended it."""
    logs_left: bool
    tables: list[TableReport]


class _Nothing:
    """The table of a file that is not there."""

    def __init__(self, name: str) -> None:
        self.name = name

    def count(self) -> int:
        return 0

    def rows(self, after: Position | None) -> Generator[Row, None, None]:
        yield from ()


async def migrate(
    settings: Settings, watch: Watch, agree: Callable[[Plan], bool], database: str | None = None
) -> Outcome | Plan:
    """The plan alone when `agree` says no.

    Raises MigrationRefused, and then nothing has changed; StoreLocked while the source is served.
    """
    if settings.mongodb_uri is None:
        raise MigrationRefused("no_target")
    uri = settings.mongodb_uri.get_secret_value()
    path, logs_path = journal_file(settings), logs_file(settings)
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(
            MongoTarget.open(uri, traces=(CHANNELS_SEEN,), database=database)
        )
        shown = f"{_host(uri)}/{target.database}"
        if not path.exists():
            mark = await target.mark()
            if mark is None or mark.report is None:
                raise MigrationRefused("no_source", path=path.absolute())
            return _already(mark)
        source = await asyncio.to_thread(stack.enter_context, SqliteSource.open(path))
        logs = await asyncio.to_thread(stack.enter_context, logcopy.open_logs(logs_path))
        state = await asyncio.to_thread(source.state, [logs_path])
        standing = await target.standing(state)
        if standing in (Standing.DONE, Standing.USED_SINCE):
            mark = await target.mark()
            assert mark is not None
            if standing is Standing.DONE:
                return _already(mark)
            raise MigrationRefused(
                "used_since", path=path.absolute(), at=instant(mark.finished_at or 0.0), target=shown
            )
        tables: list[SourceTable] = [*source.tables, logs if logs is not None else _Nothing(logcopy.NAME)]
        rows = {table.name: await asyncio.to_thread(table.count) for table in tables}
        plan = Plan(path.absolute(), shown, standing, rows, logs is None and logs_path.exists())
        if not agree(plan):
            return plan
        run = _Run(plan, source, [logs_path], state, tables, target, watch)
        return await run.through()


@dataclass(frozen=True, slots=True)
class _Run:
    plan: Plan
    source: SqliteSource
    beside: Sequence[Path]
    state: SourceState
    tables: Sequence[SourceTable]
    target: MongoTarget
    watch: Watch

    async def through(self) -> Outcome:
        began = time.monotonic()
        mark = await self.target.begin(self.state, time.time())
        pairs = list(zip(self.tables, self.target.tables, strict=True))
        for ours, theirs in pairs:
            await self._copy(ours, theirs, mark)
            await self.target.refuse_served()
        self.watch.step("index", "", 0)
        await self.target.index()
        reports = [await self._check(ours, theirs) for ours, theirs in pairs]
        await self.target.refuse_served()
        if await asyncio.to_thread(self.source.state, self.beside) != self.state:
            await self.target.fail()
            raise MigrationRefused("source_changed", path=self.plan.source)
        well = all(report.agree for report in reports)
        now = time.time()
        outcome = Outcome(
            state="done" if well else "differs",
            source=str(self.plan.source),
            target=self.plan.target,
            begun_at=instant(mark.begun_at),
            finished_at=instant(now),
            resumed=self.plan.standing is Standing.BEGUN,
            duration_s=round(time.monotonic() - began, 1),
            logs_left=self.plan.logs_left,
            tables=reports,
        )
        if well:
            await self.target.finish(asdict(outcome), now)
        else:
            await self.target.fail()
        return outcome

    async def _copy(self, ours: SourceTable, theirs: TargetTable, mark: Mark) -> None:
        copied = mark.copied.get(ours.name, 0)
        self.watch.step("copy", ours.name, self.plan.rows[ours.name], copied)
        with _reading(ours, mark.cursors.get(ours.name)) as reading:
            coming = asyncio.create_task(_next(reading))
            try:
                while batch := await coming:
                    coming = asyncio.create_task(_next(reading))  # while this one is written
                    await theirs.write(batch)
                    copied += len(batch)
                    await self.target.passed(ours.name, batch[-1].at, copied)
                    self.watch.advance(len(batch))
            finally:
                await asyncio.gather(coming, return_exceptions=True)

    async def _check(self, ours: SourceTable, theirs: TargetTable) -> TableReport:
        self.watch.step("check", ours.name, 2 * self.plan.rows[ours.name])
        left, right = Checksum(), Checksum()
        with _reading(ours) as reading:
            while batch := await _next(reading):
                await asyncio.to_thread(left.add, batch)
                self.watch.advance(len(batch))
        async for batch in theirs.batches():
            await asyncio.to_thread(right.add, batch)
            self.watch.advance(len(batch))
        where = left.differs_in(right)
        agree = left.count == right.count and not where
        return TableReport(
            name=ours.name,
            source_rows=left.count,
            target_rows=right.count,
            source_checksum=left.text,
            target_checksum=right.text,
            agree=agree,
            differing=[] if agree else await _differing(ours, theirs, where),
        )


@contextlib.contextmanager
def _reading(table: SourceTable, after: Position | None = None) -> Iterator[Iterator[list[Row]]]:
    """Closed before its source is."""
    rows = table.rows(after)
    with contextlib.closing(rows), contextlib.closing(batches(rows)) as reading:
        yield reading


async def _next(reading: Iterator[list[Row]]) -> list[Row]:
    """Empty at the end."""
    nothing: list[Row] = []
    coming = asyncio.ensure_future(asyncio.to_thread(next, reading, nothing))
    try:
        return await asyncio.shield(coming)
    finally:
        # Whoever is interrupted here closes the source next: the thread must be out of it.
        await asyncio.wait([coming])


async def _differing(ours: SourceTable, theirs: TargetTable, where: Sequence[int]) -> list[str]:
    """The first ids that differ, bucket by bucket: neither side is ever held as a whole."""
    found: list[str] = []
    for wanted in where:
        left: dict[str, list[int]] = {}
        right: dict[str, list[int]] = {}
        with _reading(ours) as reading:
            while batch := await _next(reading):
                _collect(left, batch, wanted)
        async for batch in theirs.batches():
            _collect(right, batch, wanted)
        found += differing(left, right)
        if len(found) >= SHOWN_IDS:
            break
    return found[:SHOWN_IDS]


def _collect(into: dict[str, list[int]], rows: Sequence[Row], wanted: int) -> None:
    for row in rows:
        if bucket(row.id) == wanted:
            into.setdefault(row.id, []).append(digest(row))


def _already(mark: Mark) -> Outcome:
    report: dict[str, Any] = dict(mark.report or {})
    tables = [TableReport(**table) for table in report.pop("tables")]
    return Outcome(**{**report, "state": "already_done"}, tables=tables)


def _host(uri: str) -> str:
    """Where it is, without user and password."""
    return uri.partition("://")[2].partition("/")[0].rpartition("@")[2]
