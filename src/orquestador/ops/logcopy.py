"""Call logs on their way from the SQLite file to MongoDB: the same texts, found by the same subjects."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError
from pymongo.write_concern import WriteConcern

from orquestador.ops.filestate import open_unchanged
from orquestador.ops.logsink import COLUMNS, SCHEMA_VERSION
from orquestador.ops.mongologs import COLLECTION, DUPLICATE_KEY, INDEXES, subjects_of
from orquestador.ops.mongoread import every
from orquestador.ops.transfer import ODD, Position, Row

Doc = dict[str, Any]
LogCollection = AsyncCollection[Doc]
NAME = "logs"


class LogRow(NamedTuple):
    n: int
    """Tells entries with one id apart."""
    id: str
    timestamp: float
    service: str
    action: str
    status: str
    duration_ms: float
    trace_id: str | None
    request: str
    response: str
    order_ids: str
    skus: str
    links: str


class SqliteLogTable:
    name = NAME

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM entries").fetchone()[0])

    def rows(self, after: Position | None) -> Generator[Row, None, None]:
        sql = f"SELECT n, {COLUMNS} FROM entries WHERE n > ? ORDER BY n"
        with contextlib.closing(self._connection.execute(sql, (after[0] if after else -1,))) as found:
            for row in found:
                yield Row([row[0]], row[1], LogRow(*row))


@contextlib.contextmanager
def open_logs(path: Path) -> Iterator[SqliteLogTable | None]:
    """None when there are none, or when they are of another version: a service sets those aside, too."""
    if not path.exists():
        yield None
        return
    with contextlib.closing(open_unchanged(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        yield SqliteLogTable(connection) if version == SCHEMA_VERSION else None


def log_collection(database: AsyncDatabase[Doc], durable: WriteConcern) -> LogCollection:
    return database.get_collection(COLLECTION, write_concern=durable)


async def make_log_indexes(collection: LogCollection) -> None:
    await collection.create_indexes(INDEXES)


class MongoLogTable:
    name = NAME

    def __init__(self, collection: LogCollection) -> None:
        self._collection = collection

    async def write(self, rows: Sequence[Row]) -> None:
        docs = [_doc(fields) for row in rows if isinstance(fields := row.fields, LogRow)]
        try:
            await self._collection.insert_many(docs, ordered=False)
        except BulkWriteError as error:
            written = error.details
            if written.get("writeConcernErrors") or any(
                e["code"] != DUPLICATE_KEY for e in written["writeErrors"]
            ):
                raise

    def batches(self) -> AsyncIterator[list[Row]]:
        return every(self._collection, _row)


def _doc(row: LogRow) -> Doc:
    fields = row._asdict()
    subjects = subjects_of(json.loads(row.order_ids), json.loads(row.skus))
    return {"_id": fields.pop("n"), **fields, "subjects": subjects}


def _row(doc: Doc) -> Row:
    try:
        row = LogRow(doc["_id"], *(doc[name] for name in LogRow._fields[1:]))
        well = _doc(row) == doc
    except (LookupError, TypeError, ValueError):
        return Row([], str(doc.get("id", doc["_id"])), (ODD,))
    return Row([], row.id, row if well else (*row, ODD))
