"""`ports.Journal` on MongoDB."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Self, TypeVar

from orquestador.journal.codec import encode_job, encode_value
from orquestador.journal.mongo import (
    budgets,
    dump,
    facts,
    listings,
    processes,
    reads,
    receipt_log,
    receipts,
    rules,
    saves,
    schema,
    signals,
    sweep,
    upkeep,
)
from orquestador.journal.mongo.errors import from_mongo
from orquestador.journal.mongo.group import GroupCommit
from orquestador.journal.mongo.rows import literal
from orquestador.journal.mongo.store import SERVER_NOW, Expression, Store, connect
from orquestador.journal.rules import in_job
from orquestador.model.budget import Budget, BudgetSpec
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

T = TypeVar("T")


class MongoJournal:
    """Implements `ports.Journal` for any number of processes. A value that cannot be stored raises ValueError
    and fails alone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._intake = GroupCommit(receipts.Intake(store).accept)

    @classmethod
    async def open(
        cls, uri: str, clock: Clock, *, database: str | None = None, store_time: bool = True
    ) -> Self:
        """Connect, and make or upgrade the database: `database`, else the URI's, else `orquestador`.

        Instants and leases are the server's (`$$NOW`); with `store_time=False` they are the clock's, for a
        clock that is moved. Raises StoreUnavailable after 2 s without a server, JournalTooNew for a database
        of a newer version and StoreUnfinished for one that is still being filled, which are left as they are,
        ValueError for a URI that the driver cannot use.
        """

        def by_the_clock() -> Expression:
            return literal(clock.now())

        client = connect(uri)
        try:
            store = await Store.of(client, database, (lambda: SERVER_NOW) if store_time else by_the_clock)
            await schema.prepare(store)
        except Exception as error:
            await client.close()
            raise from_mongo(error) from error
        except BaseException:
            await client.close()
            raise
        return cls(store)

    async def close(self) -> None:
        await self._intake.close()
        await self._store.client.close()

    # receipts

    async def accept(self, receipt: NewReceipt) -> Accepted:
        return await self._intake.run(receipts.encode(receipt))

    async def receipts_for(self, work_id: str) -> list[Receipt]:
        return await _told(receipts.of_work(self._store, work_id))

    async def receipts(
        self, filter: LogFilter, limit: int, before: tuple[float, str] | None
    ) -> list[Receipt]:
        return await _told(receipt_log.page(self._store, filter, limit, before))

    # work

    async def claim(
        self, kind: Kind, owner: str, limit: int, lease_s: float, channel: str | None = None
    ) -> list[Work]:
        return await _told(
            signals.claim(self._store, kind=kind, owner=owner, limit=limit, lease_s=lease_s, channel=channel)
        )

    async def renew(self, owner: str, lease_s: float) -> None:
        await _told(signals.renew(self._store, owner, lease_s))

    async def save(self, saves_: Sequence[Save]) -> list[bool]:
        return await _told(saves.store_all(self._store, [saves.encode(save) for save in saves_]))

    async def get(self, work_ids: Sequence[str]) -> list[Work]:
        return await _told(reads.get(self._store, work_ids))

    async def release(self, owner: str, work_ids: Sequence[str], due_at: float | None = None) -> None:
        await _told(signals.release(self._store, owner, work_ids, due_at))

    async def mark(self, marks: Sequence[Mark]) -> int:
        return await _told(signals.mark(self._store, marks))

    async def touch(self, work_ids: Sequence[str], reason: str, due_at: float | None = None) -> int:
        return await _told(signals.touch(self._store, work_ids, reason, due_at))

    async def effects_due(self, limit: int, channels: Sequence[str] | None = None) -> list[Work]:
        return await _told(reads.effects_due(self._store, limit, channels))

    async def claim_names(self, channel: str, names: Sequence[str], work_id: str) -> dict[str, str]:
        return await _told(facts.claim_names(self._store, channel, names, work_id))

    async def reassign_names(self, channel: str, from_work_id: str, to_work_id: str) -> None:
        await _told(facts.reassign_names(self._store, channel, from_work_id, to_work_id))

    async def find(self, query: WorkQuery) -> tuple[list[Work], str | None]:
        return await _told(reads.find(self._store, query))

    async def counts(self) -> WorkCounts:
        return await _told(reads.counts(self._store))

    async def units(self, skus: Sequence[str]) -> dict[str, Units]:
        return await _told(reads.units(self._store, skus))

    async def open_orders_before(self, channel: str, instant: float, limit: int) -> list[Work]:
        return await _told(reads.open_orders_before(self._store, channel, instant, limit))

    async def orders_read_before(
        self, channel: str, instant: float, limit: int, after: tuple[float, str] = (0.0, "")
    ) -> list[tuple[float, str]]:
        return await _told(reads.orders_read_before(self._store, channel, instant, limit, after))

    # listings and jobs

    async def upsert_listings(self, works: Sequence[Work]) -> int:
        return await _told(listings.upsert(self._store, works))

    async def listings_for(self, skus: Sequence[str]) -> list[Work]:
        return await _told(listings.of_skus(self._store, skus))

    async def open_job(
        self, job: Job, works: Sequence[Work], budget_name: str, spec: BudgetSpec
    ) -> OpenedJob:
        encoded = [saves.encode(Save(in_job(work, job.id))) for work in works]
        encode_job(job)
        return await _told(listings.open_job(self._store, job, encoded, budget_name, spec))

    async def save_job(self, job: Job) -> None:
        await _told(listings.save_job(self._store, job))

    async def open_jobs(self, channel: str) -> list[Job]:
        return await _told(listings.open_jobs(self._store, channel))

    async def recent_jobs(self, channel: str, limit: int) -> list[Job]:
        return await _told(listings.recent_jobs(self._store, channel, limit))

    async def budget(self, name: str, spec: BudgetSpec) -> Budget:
        return await _told(budgets.budget(self._store, name, spec))

    async def update_budget(self, name: str, spec: BudgetSpec, *, throttled: bool) -> Budget:
        return await _told(budgets.update(self._store, name, spec, slower=throttled))

    # rules

    async def rules(self, channel: str, refs: Sequence[str]) -> list[StoredRule]:
        return await _told(rules.of_refs(self._store, channel, refs))

    async def save_rules(self, changed: Sequence[StoredRule]) -> list[bool]:
        encoded = [(rule, rules.rule_fields(rule)) for rule in changed]
        return await _told(rules.save(self._store, encoded))

    async def find_rules(self, query: RuleQuery) -> tuple[list[StoredRule], str | None]:
        return await _told(rules.find(self._store, query))

    async def rules_to_tell(self, limit: int) -> list[StoredRule]:
        return await _told(rules.to_tell(self._store, limit))

    async def recent_orders(self, skus: Sequence[str], since: float) -> list[Work]:
        return await _told(reads.recent_orders(self._store, skus, since))

    async def unproven_orders(self, skus: Sequence[str]) -> list[str]:
        return await _told(rules.unproven_orders(self._store, skus))

    # leases, small facts, upkeep

    async def acquire(self, name: str, owner: str, ttl_s: float) -> bool:
        return await _told(signals.acquire(self._store, name, owner, ttl_s))

    async def yield_lease(self, name: str, owner: str) -> None:
        await _told(signals.yield_lease(self._store, name, owner))

    async def tell(self, process: Process) -> None:
        await _told(processes.tell(self._store, process))

    async def processes(self) -> list[Process]:
        return await _told(processes.told(self._store))

    async def leave(self, owner: str) -> int:
        await _told(processes.forget(self._store, owner))
        return await _told(signals.free_owners(self._store, owner))

    async def get_meta(self, name: str) -> object | None:
        return await _told(facts.get_meta(self._store, name))

    async def set_meta(self, name: str, value: object) -> None:
        await _told(facts.set_meta(self._store, name, encode_value(value)))

    async def set_meta_if_absent(self, name: str, value: object) -> object:
        return await _told(facts.set_meta_if_absent(self._store, name, encode_value(value)))

    async def swap_meta(self, name: str, seen: object | None, value: object) -> bool:
        before, after = encode_value(seen), encode_value(value)
        return await _told(facts.swap_meta(self._store, name, before, after))

    async def recover(self, owner_prefix: str | None = None) -> int:
        return await _told(self._recover(owner_prefix))

    async def _recover(self, owner_prefix: str | None) -> int:
        store = self._store
        freed = await signals.free_lapsed(store)
        if owner_prefix is not None:
            freed += await signals.free_owners(store, owner_prefix)
        await sweep.bump_for_receipts(store)
        await sweep.deliver_marks(store)
        return freed + await listings.free_orphans(store)

    async def expire(self, receipts_before: float, closed_before: float) -> int:
        gone = await _told(upkeep.expire_receipts(self._store, receipts_before))
        return gone + await _told(upkeep.shrink_orders(self._store, closed_before))

    async def backup(self, path: str) -> None:
        """Writes a dump (see `dump`), which `restore` reads back into an empty database."""
        await _told(dump.write(self._store, Path(path)))


async def _told(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except Exception as error:
        told = from_mongo(error)
        if told is error:
            raise
        raise told from error
