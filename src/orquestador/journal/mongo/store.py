"""The database as every part of this adapter sees it: collections, write concerns, the store's clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError, ConfigurationError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from orquestador.journal.mongo.errors import DUPLICATE_KEY
from orquestador.model.errors import StoreUnsuitable

Doc = dict[str, Any]
Expression = Any
"""What MongoDB computes: a number, a `$path`, or a document of operators."""
Client = AsyncMongoClient[Doc]
Collection = AsyncCollection[Doc]
Database = AsyncDatabase[Doc]

DATABASE = "orquestador"
PREFIX = "orq_"
"""Of every collection: the database of the original system may be this one."""

SERVER_NOW: Expression = {"$divide": [{"$toDouble": "$$NOW"}, 1000]}
"""Seconds since the epoch by the server's clock, the same all through a command."""

WIRE_MIN = 13
"""5.0, the first whose indexes serve comparisons with the server's clock, and with snapshots for copies."""
POOL_MAX = 10
SELECT_MS = 2_000
"""A server that is away is told to the caller, who answers 503, after this long."""
ANSWER_MS = 10_000
REPLICATE_MS = 5_000


def connect(uri: str, *, pool_max: int = POOL_MAX) -> Client:
    """A client that connects at its first use. Raises ValueError for a URI that the driver cannot use."""
    try:
        return AsyncMongoClient(
            uri,
            appname="orquestador",
            maxPoolSize=pool_max,
            serverSelectionTimeoutMS=SELECT_MS,
            connectTimeoutMS=SELECT_MS,
            socketTimeoutMS=ANSWER_MS,
        )
    except (ConfigurationError, ValueError):
        # The driver's text may quote a part of the password.
        raise ValueError(
            "is no address that MongoDB's driver can use; user and password must be percent-encoded"
        ) from None


class Store:
    """The collections, each in two ways: `work` waits until a write is durable, `quick.work` does not.

    Quick writes are leases and marks of progress: losing one costs a second look.
    """

    def __init__(
        self, client: Client, database: Database, now: Callable[[], Expression], *, replicated: bool
    ) -> None:
        self.client, self.database, self.replicated = client, database, replicated
        self.now = now
        if replicated:
            durable = WriteConcern(w="majority", j=True, wtimeout=REPLICATE_MS)
        else:
            durable = WriteConcern(w=1, j=True)
        self.durable = durable
        self.receipts = self.collection("receipts")
        self.work = self.collection("work")
        self.names = self.collection("names")
        self.jobs = self.collection("jobs")
        self.budgets = self.collection("budgets")
        self.leases = self.collection("leases")
        self.processes = self.collection("processes").with_options(write_concern=WriteConcern(w=1))
        self.rules = self.collection("rules")
        self.meta = self.collection("meta")
        self.counters = self.collection("counters")
        self.schema = self.collection("schema")
        quick = WriteConcern(w=1)
        self.quick_work = self.work.with_options(write_concern=quick)
        self.quick_counters = self.counters.with_options(write_concern=quick)
        level = ReadConcern("majority") if replicated else ReadConcern("local")
        self.committed_receipts = self.receipts.with_options(read_concern=level)

    @classmethod
    async def of(cls, client: Client, database: str | None, now: Callable[[], Expression]) -> Self:
        """Looks at the server once: one that stands alone has no majority."""
        hello = await client.admin.command("hello")
        if hello["maxWireVersion"] < WIRE_MIN:
            raise StoreUnsuitable("this MongoDB is too old: 5.0 or newer is needed")
        replicated = "setName" in hello or hello.get("msg") == "isdbgrid"
        chosen = client[database] if database else client.get_default_database(DATABASE)
        return cls(client, chosen, now, replicated=replicated)

    def collection(self, name: str) -> Collection:
        return self.database.get_collection(PREFIX + name, write_concern=self.durable)

    async def instant(self) -> float:
        """The store's now as a number, where it must be known here."""
        found = await self.schema.find_one({"_id": "journal"}, {"_id": 0, "now": self.now()})
        return float(found["now"]) if found else 0.0


async def insert(collection: Collection, docs: Sequence[Doc]) -> dict[int, int]:
    """Every document on its own; returns the error code of each that is not stored, by position.

    Raises what concerns all of them, as `bulk` does.
    """
    try:
        await collection.insert_many(docs, ordered=False)
    except BulkWriteError as error:
        if error.details.get("writeConcernErrors"):
            raise
        return {e["index"]: e["code"] for e in error.details["writeErrors"]}
    return {}


async def bulk(collection: Collection, operations: Sequence[Any]) -> tuple[int, dict[int, Doc]]:
    """Every operation on its own; returns how many rows were matched or made, and the errors by position.

    Raises what concerns all of them: a lost connection, a commit that is not durable in time.
    """
    try:
        result = await collection.bulk_write(operations, ordered=False)
    except BulkWriteError as error:
        details = error.details
        if details.get("writeConcernErrors"):
            raise
        errors = {e["index"]: e for e in details["writeErrors"]}
        return details["nMatched"] + details["nUpserted"] + details["nInserted"], errors
    return result.matched_count + result.upserted_count + result.inserted_count, {}


async def bulk_all(collection: Collection, operations: Sequence[Any]) -> int:
    """As `bulk`, for operations that cannot fail by themselves.

    Two upserts of one new row at the same instant can: the second finds the row when it is repeated.
    """
    if not operations:
        return 0
    done, errors = await bulk(collection, operations)
    if errors and all(e["code"] == DUPLICATE_KEY for e in errors.values()):
        again, errors = await bulk(collection, [operations[at] for at in errors])
        done += again
    if errors:
        raise BulkWriteError({"writeErrors": list(errors.values())})
    return done
