"""The database's schema version: made, brought up to date, or refused without a change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import pymongo
from pymongo import ASCENDING, DESCENDING, IndexModel, UpdateOne
from pymongo.errors import DuplicateKeyError

from orquestador.journal.codec import decode_doc
from orquestador.journal.columns import read_at
from orquestador.journal.mongo.errors import JournalTooNew
from orquestador.journal.mongo.store import Doc, Store
from orquestador.model.errors import StoreUnfinished
from orquestador.model.orders import Order
from orquestador.model.work import Kind

Step = Callable[[Store], Awaitable[None]]
"""Leads from one version to the next. It may be run twice, or by two processes at once."""

MIGRATE_S = 3600.0
CHUNK = 500
VERSION = {"_id": "journal"}
COUNTERS = {"_id": "receipts"}
MIGRATION = {"_id": "migration"}
"""The mark of a database that `migrate-store` fills (`target.MongoTarget`)."""
MIGRATED = "done"


def _index(name: str, *fields: str, unique: bool = False, only: Doc | None = None) -> IndexModel:
    """`-field` descends; `only` is the condition of a partial index."""
    keys = [(f.removeprefix("-"), DESCENDING if f.startswith("-") else ASCENDING) for f in fields]
    if only is None:
        return IndexModel(keys, name=name, unique=unique)
    return IndexModel(keys, name=name, unique=unique, partialFilterExpression=only)


def _having(field: str) -> Doc:
    return {field: {"$exists": True}}


_INDEXES: Mapping[str, Sequence[IndexModel]] = {
    "work": [
        # Claims look among open rows alone, in the order in which they are handed out.
        _index("claim_any", "kind", "-urgency", "due_at", only={"todo": True}),
        _index(
            "claim_channel",
            "channel",
            "-urgency",
            "due_at",
            only={"todo": True, "kind": Kind.LISTING.value},
        ),
        _index("leased", "owner", "lease_until", only=_having("owner")),
        _index("recent", "kind", "state", "-updated_at", "-_id"),
        _index("tally", "kind", "channel", "state", "due_at"),
        _index("sku", "skus", "kind", only=_having("skus")),
        _index("number", "number", only=_having("number")),
        _index("units", "units.sku", only=_having("units.sku")),
        _index("began", "channel", "began_at", only=_having("began_at")),
        _index("effects", "effect_due_at", only=_having("effect_due_at")),
        _index("open_effects", "effect_open", only={"effect_open": True}),
        _index("in_job", "job_id", only=_having("job_id")),
        _index("outbox", "outbox.at", only=_having("outbox.at")),
    ],
    "receipts": [
        _index("dedupe", "dedupe", "source", "channel", unique=True, only=_having("dedupe")),
        _index("recent", "-received_at", "-_id"),
        _index("works", "works", "seq"),
    ],
    "names": [_index("owner", "channel", "work_id")],
    "jobs": [
        _index("open", "open", "channel", "computed_at", only={"open": True}),
        _index("recent", "channel", "-computed_at"),
        _index("opening", "opening_at", only=_having("opening_at")),
    ],
    "leases": [_index("owner", "owner")],
}


async def _first(store: Store) -> None:
    for name, indexes in _INDEXES.items():
        await store.collection(name).create_indexes(list(indexes))
    await store.counters.update_one(
        COUNTERS, {"$setOnInsert": {"seq": 0, "open": {}, "sources": {}, "shrunk_until": 0.0}}, upsert=True
    )


async def _effects_of_channels(store: Store) -> None:
    """The ERP lane of one warehouse looks for the effects of its channels alone (docs/adr/0019)."""
    index = _index("effects_of", "channel", "effect_due_at", only=_having("effect_due_at"))
    await store.work.create_indexes([index])


_RULES = (
    _index("in_order", "channel", "ref", unique=True),
    _index("ref", "ref", "channel"),
    _index("erp_sku", "erp_sku", only=_having("erp_sku")),
    _index("to_tell", "tell_at", only=_having("tell_at")),
)


async def _rules(store: Store) -> None:
    await store.rules.create_indexes(list(_RULES))


async def _read_at(store: Store) -> None:
    """When an order that could still be cancelled was last read, also for those that are there already."""
    index = _index("read", "channel", "read_at", "_id", only=_having("read_at"))
    await store.work.create_indexes([index])
    orders = store.work.find({"began_at": {"$exists": True}}, {"doc": 1, "rev": 1}, hint={"$natural": 1})
    changes: list[UpdateOne] = []
    async for row in orders:
        doc = decode_doc(Kind.ORDER, row["doc"])
        at = read_at(doc) if isinstance(doc, Order) else None
        if at is not None:
            # A row that moved on meanwhile has it from that save.
            changes.append(UpdateOne({"_id": row["_id"], "rev": row["rev"]}, {"$set": {"read_at": at}}))
        if len(changes) == CHUNK:
            await store.work.bulk_write(changes, ordered=False)
            changes.clear()
    if changes:
        await store.work.bulk_write(changes, ordered=False)


STEPS: tuple[Step, ...] = (_first, _effects_of_channels, _rules, _read_at)
"""Step n leads to version n + 1."""


async def prepare(store: Store, steps: Sequence[Step] = STEPS) -> None:
    """Bring the database to version `len(steps)`; several processes may do so at once.

    Raises JournalTooNew or StoreUnfinished, and then nothing has changed.
    """
    await refuse_unfinished(store)
    version = await version_of(store)
    if version > len(steps):
        raise JournalTooNew(
            f"The database {store.database.name} has schema version {version}, this orquestador knows up to "
            f"{len(steps)}. Install the newer orquestador again; the database was left as it is."
        )
    for number, step in enumerate(steps[version:], start=version):
        with pymongo.timeout(MIGRATE_S):  # an index over millions of rows takes its time
            await step(store)
        await _advance(store, number)
    if version == 0:
        # A migration that began meanwhile and saw no version has this database now.
        await refuse_unfinished(store)


async def refuse_unfinished(store: Store) -> None:
    """Raises StoreUnfinished for a database that a migration has begun to fill and not finished."""
    mark = await store.schema.find_one(MIGRATION)
    if mark is not None and mark["state"] != MIGRATED:
        raise StoreUnfinished(store.database.name, mark["source"]["origin"], mark["begun_at"])


async def version_of(store: Store) -> int:
    found = await store.schema.find_one(VERSION)
    return int(found["version"]) if found else 0


async def restored(store: Store, version: int) -> None:
    """The documents of a dump of this version are there: make what belongs to them."""
    await build(store, version)
    await store.schema.insert_one({**VERSION, "version": version})


async def build(store: Store, version: int) -> None:
    """Make what belongs to the documents of this version, above all the indexes."""
    for step in STEPS[:version]:
        with pymongo.timeout(MIGRATE_S):
            await step(store)


async def _advance(store: Store, version: int) -> None:
    """From this version to the next, unless another process was faster."""
    try:
        await store.schema.update_one(
            {**VERSION, "version": version}, {"$set": {"version": version + 1}}, upsert=version == 0
        )
    except DuplicateKeyError:
        return
