"""`ports.Journal` on one SQLite file."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from orquestador.journal.codec import encode_job, encode_value
from orquestador.journal.rules import in_job, to_create
from orquestador.journal.sqlite import (
    facts,
    listings,
    reads,
    receipt_log,
    receipts,
    rules,
    saves,
    schema,
    signals,
    upkeep,
)
from orquestador.journal.sqlite.errors import from_sqlite
from orquestador.journal.sqlite.lock import FileLock
from orquestador.journal.sqlite.readers import Readers
from orquestador.journal.sqlite.rows import to_works
from orquestador.journal.sqlite.writer import Writer
from orquestador.model.budget import Budget, BudgetSpec
from orquestador.model.errors import StoreUnavailable
from orquestador.model.logs import LogFilter
from orquestador.model.orders import Units
from orquestador.model.rules import StoredRule
from orquestador.model.stock import Job
from orquestador.model.work import Kind, Work
from orquestador.ports import (
    Accepted,
    Clock,
    Mark,
    NewReceipt,
    OpenedJob,
    Process,
    Receipt,
    RuleQuery,
    Save,
    WorkCounts,
    WorkQuery,
)

READERS = 2
SQLITE_MIN = (3, 35)
"""The first with RETURNING."""


class SqliteJournal:
    """Implements `ports.Journal`. A value that cannot be stored raises ValueError and fails alone."""

    def __init__(
        self, path: Path, clock: Clock, lock: FileLock, writer: Writer, readers: Readers, last_seq: int
    ) -> None:
        self._path = path
        self._clock = clock
        self._lock = lock
        self._writer = writer
        self._readers = readers
        self._accept = receipts.Intake(clock, last_seq).accept
        # Only the process that serves this file ever tells of itself, so nobody else needs to read it.
        self._processes: dict[str, tuple[Process, float]] = {}

    @classmethod
    async def open(
        cls, path: Path, clock: Clock, *, busy_timeout_s: float = 5.0, serving: bool = True
    ) -> Self:
        """Open or create the file; `serving=False` is for a command while no service runs.

        Raises StoreLocked while another process has the file; JournalTooNew or NotAJournal for a file that is
        not ours, which is left as it was.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        if sqlite3.sqlite_version_info < SQLITE_MIN:
            raise StoreUnavailable(f"SQLite {sqlite3.sqlite_version} is too old, 3.35 is needed")
        with contextlib.ExitStack() as undo:
            lock = FileLock(path.with_name(path.name + ".lock"))
            lock.take()
            undo.callback(lock.release)
            await asyncio.to_thread(schema.prepare, path, schema.migrations())
            try:
                connection = undo.enter_context(contextlib.closing(_connect(path, busy_timeout_s)))
                last_seq = int(
                    connection.execute("SELECT value FROM counters WHERE name = 'receipt_seq'").fetchone()[0]
                )
                if serving:
                    # There is one serving process at most, so every lease in here belongs to a dead one.
                    connection.execute("BEGIN IMMEDIATE")
                    signals.free_owners(connection, "")
                    connection.execute("COMMIT")
                reading = [
                    undo.enter_context(contextlib.closing(_connect(path, busy_timeout_s, writes=False)))
                    for _ in range(READERS)
                ]
            except sqlite3.Error as error:
                raise from_sqlite(error) from error
            undo.pop_all()
        writer = Writer(connection, asyncio.get_running_loop())
        return cls(path, clock, lock, writer, Readers(reading), last_seq)

    async def close(self) -> None:
        await self._writer.close()
        await self._readers.close()
        self._lock.release()

    # receipts

    async def accept(self, receipt: NewReceipt) -> Accepted:
        return await self._writer.run_grouped(self._accept, receipts.encode(receipt))

    async def receipts_for(self, work_id: str) -> list[Receipt]:
        rows = await self._readers.run(lambda c: receipts.of_work(c, work_id))
        return [receipts.to_receipt(row) for row in rows]

    async def receipts(
        self, filter: LogFilter, limit: int, before: tuple[float, str] | None
    ) -> list[Receipt]:
        rows = await self._readers.run(lambda c: receipt_log.page(c, filter, limit, before))
        return [receipts.to_receipt(row) for row in rows]

    # work

    async def claim(
        self, kind: Kind, owner: str, limit: int, lease_s: float, channel: str | None = None
    ) -> list[Work]:
        rows = await self._writer.run(
            lambda c: signals.claim(
                c,
                now=self._clock.now(),
                kind=kind,
                owner=owner,
                limit=limit,
                lease_s=lease_s,
                channel=channel,
            )
        )
        return to_works(rows)

    async def renew(self, owner: str, lease_s: float) -> None:
        await self._writer.run(lambda c: signals.renew(c, owner=owner, until=self._clock.now() + lease_s))

    async def save(self, saves_: Sequence[Save]) -> list[bool]:
        encoded = [saves.encode(save) for save in saves_]
        return await self._writer.run(lambda c: saves.store_all(c, self._clock.now(), encoded))

    async def get(self, work_ids: Sequence[str]) -> list[Work]:
        return to_works(await self._readers.run(lambda c: reads.get(c, work_ids)))

    async def release(self, owner: str, work_ids: Sequence[str], due_at: float | None = None) -> None:
        await self._writer.run(
            lambda c: signals.release(c, now=self._clock.now(), owner=owner, ids=work_ids, due_at=due_at)
        )

    async def mark(self, marks: Sequence[Mark]) -> int:
        return await self._writer.run(lambda c: signals.mark(c, self._clock.now(), marks))

    async def touch(self, work_ids: Sequence[str], reason: str, due_at: float | None = None) -> int:
        return await self._writer.run(
            lambda c: signals.touch(c, now=self._clock.now(), ids=work_ids, reason=reason, due_at=due_at)
        )

    async def effects_due(self, limit: int, channels: Sequence[str] | None = None) -> list[Work]:
        now = self._clock.now()
        return to_works(await self._readers.run(lambda c: reads.effects_due(c, now, limit, channels)))

    async def claim_names(self, channel: str, names: Sequence[str], work_id: str) -> dict[str, str]:
        return await self._writer.run(lambda c: facts.claim_names(c, channel, names, work_id))

    async def reassign_names(self, channel: str, from_work_id: str, to_work_id: str) -> None:
        await self._writer.run(lambda c: facts.reassign_names(c, channel, from_work_id, to_work_id))

    async def find(self, query: WorkQuery) -> tuple[list[Work], str | None]:
        rows, cursor = await self._readers.run(lambda c: reads.find(c, query))
        return to_works(rows), cursor

    async def counts(self) -> WorkCounts:
        return await self._readers.run(reads.counts)

    async def units(self, skus: Sequence[str]) -> dict[str, Units]:
        return await self._readers.run(lambda c: reads.units(c, self._clock.now(), skus))

    async def open_orders_before(self, channel: str, instant: float, limit: int) -> list[Work]:
        return to_works(
            await self._readers.run(lambda c: reads.open_orders_before(c, channel, instant, limit))
        )

    async def orders_read_before(
        self, channel: str, instant: float, limit: int, after: tuple[float, str] = (0.0, "")
    ) -> list[tuple[float, str]]:
        return await self._readers.run(lambda c: reads.orders_read_before(c, channel, instant, limit, after))

    # listings and jobs

    async def upsert_listings(self, works: Sequence[Work]) -> int:
        now = self._clock.now()
        encoded = [saves.encode(Save(to_create(work, now))) for work in works]
        return await self._writer.run(lambda c: listings.upsert(c, now, encoded))

    async def listings_for(self, skus: Sequence[str]) -> list[Work]:
        return to_works(await self._readers.run(lambda c: listings.of_skus(c, skus)))

    async def open_job(
        self, job: Job, works: Sequence[Work], budget_name: str, spec: BudgetSpec
    ) -> OpenedJob:
        encoded = [saves.encode(Save(in_job(work, job.id))) for work in works]
        encode_job(job)
        return await self._writer.run(
            lambda c: listings.open_job(
                c, now=self._clock.now(), job=job, works=encoded, budget_name=budget_name, spec=spec
            )
        )

    async def save_job(self, job: Job) -> None:
        await self._writer.run(lambda c: listings.save_job(c, job))

    async def open_jobs(self, channel: str) -> list[Job]:
        return await self._readers.run(lambda c: listings.open_jobs(c, channel))

    async def recent_jobs(self, channel: str, limit: int) -> list[Job]:
        return await self._readers.run(lambda c: listings.recent_jobs(c, channel, limit))

    async def budget(self, name: str, spec: BudgetSpec) -> Budget:
        return await self._readers.run(lambda c: listings.budget(c, self._clock.now(), name, spec))

    async def update_budget(self, name: str, spec: BudgetSpec, *, throttled: bool) -> Budget:
        return await self._writer.run(
            lambda c: listings.update_budget(c, now=self._clock.now(), name=name, spec=spec, slower=throttled)
        )

    # rules

    async def rules(self, channel: str, refs: Sequence[str]) -> list[StoredRule]:
        return await self._readers.run(lambda c: rules.of_refs(c, channel, refs))

    async def save_rules(self, changed: Sequence[StoredRule]) -> list[bool]:
        encoded = rules.encoded(changed)
        return await self._writer.run(lambda c: rules.save(c, encoded))

    async def find_rules(self, query: RuleQuery) -> tuple[list[StoredRule], str | None]:
        return await self._readers.run(lambda c: rules.find(c, query))

    async def rules_to_tell(self, limit: int) -> list[StoredRule]:
        return await self._readers.run(lambda c: rules.to_tell(c, self._clock.now(), limit))

    async def recent_orders(self, skus: Sequence[str], since: float) -> list[Work]:
        return to_works(await self._readers.run(lambda c: reads.recent_orders(c, skus, since)))

    async def unproven_orders(self, skus: Sequence[str]) -> list[str]:
        return await self._readers.run(lambda c: rules.unproven_orders(c, skus))

    # leases, small facts, upkeep

    async def acquire(self, name: str, owner: str, ttl_s: float) -> bool:
        return await self._writer.run(
            lambda c: signals.acquire(c, now=self._clock.now(), name=name, owner=owner, ttl_s=ttl_s)
        )

    async def yield_lease(self, name: str, owner: str) -> None:
        await self._writer.run(lambda c: signals.yield_lease(c, name=name, owner=owner))

    async def tell(self, process: Process) -> None:
        self._processes[process.owner] = (process, self._clock.now())

    async def processes(self) -> list[Process]:
        now = self._clock.now()
        told = [replace(p, silent_s=max(0.0, now - at)) for p, at in self._processes.values()]
        return sorted(told, key=lambda p: p.started_at)

    async def leave(self, owner: str) -> int:
        self._processes.pop(owner, None)
        return await self._writer.run(lambda c: signals.free_owners(c, owner))

    async def get_meta(self, name: str) -> object | None:
        return await self._readers.run(lambda c: facts.get_meta(c, name))

    async def set_meta(self, name: str, value: object) -> None:
        encoded = encode_value(value)
        await self._writer.run(lambda c: facts.set_meta(c, name, encoded))

    async def set_meta_if_absent(self, name: str, value: object) -> object:
        encoded = encode_value(value)
        return await self._writer.run(lambda c: facts.set_meta_if_absent(c, name, encoded))

    async def swap_meta(self, name: str, seen: object | None, value: object) -> bool:
        before, after = encode_value(seen), encode_value(value)
        return await self._writer.run(lambda c: facts.swap_meta(c, name, before, after))

    async def recover(self, owner_prefix: str | None = None) -> int:
        def free(connection: sqlite3.Connection) -> int:
            now = self._clock.now()
            freed = signals.free_lapsed(connection, now)
            if owner_prefix is not None:
                freed += signals.free_owners(connection, owner_prefix)
            return freed + listings.free_orphans(connection, now)

        return await self._writer.run(free)

    async def expire(self, receipts_before: float, closed_before: float) -> int:
        gone = 0
        cursor: upkeep.Cursor | None = upkeep.START
        while cursor is not None:
            at = cursor
            n, cursor = await self._writer.run(
                lambda c, at=at: upkeep.expire_receipts(c, receipts_before, at)  # type: ignore[misc]
            )
            gone += n
        more = True
        while more:
            n, more = await self._writer.run(lambda c: upkeep.shrink_orders(c, closed_before))
            gone += n
        return gone

    async def backup(self, path: str) -> None:
        try:
            await asyncio.to_thread(schema.copy, self._path, Path(path))
        except sqlite3.Error as error:
            raise from_sqlite(error) from error


def _connect(path: Path, busy_timeout_s: float, *, writes: bool = True) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = {-32_768 if writes else -8_192}")
        if not writes:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection
