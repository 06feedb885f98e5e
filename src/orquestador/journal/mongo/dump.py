"""Copies of a journal as one file, and back into an empty database.

A dump is gzip over lines of JSON in UTF-8:

    {"format": "orquestador-journal", "version": 1, "schema": 1, "made_at": 1750000000.0}
    ["work", {"_id": "order:falabella:1", ...}]
    ["receipts", {"_id": "...", ...}, "<the body in base64>"]
    {"end": {"work": 1, "receipts": 1, ...}, "sha256": "<of all lines before this one>"}

On a replica set it is one snapshot. A single server has none, so there the order of the collections makes it
whole: whatever is copied later may be newer than what was copied before, and never lacks what that rests on.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import hashlib
import json
import os
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pymongo.asynchronous.client_session import AsyncClientSession

from orquestador.journal.codec import decode_job, decode_rule, encode_job
from orquestador.journal.errors import CopyProblem
from orquestador.journal.mongo import schema
from orquestador.journal.mongo.errors import DumpRefused, from_mongo
from orquestador.journal.mongo.rules import rule_fields
from orquestador.journal.mongo.store import SERVER_NOW, Doc, Store, connect
from orquestador.model.stock import JobState

FORMAT = {"format": "orquestador-journal", "version": 1}
COLLECTIONS = ("meta", "rules", "receipts", "counters", "jobs", "work", "names", "budgets")
"""In the order in which they are copied. Cursors over other systems (meta) before what was read by them;
receipts before the tickets (counters) that tell which of them have not bumped, and both before the rows that
they bumped; names, which never change hands by themselves, after the rows that rest on them. Rules are told
again after a restore, whatever was seen of them."""
BATCH = 500
GZIP = b"\x1f\x8b"
"""How a file of gzip begins."""


async def write(store: Store, path: Path) -> None:
    """A dump while everybody goes on; an earlier file of that name is replaced at the end."""
    unfinished = path.with_name(path.name + ".part")
    out = await asyncio.to_thread(_Writer, unfinished)
    try:
        head = {**FORMAT, "schema": await schema.version_of(store), "made_at": await store.instant()}
        await asyncio.to_thread(out.lines, [head])
        async with _snapshot(store) as session:
            for name in COLLECTIONS:
                async for docs in _batches(store, name, session):
                    await asyncio.to_thread(out.docs, name, docs)
        await asyncio.to_thread(out.finish)
        await asyncio.to_thread(unfinished.replace, path)
    finally:
        await asyncio.to_thread(out.close)
        await asyncio.to_thread(unfinished.unlink, missing_ok=True)


@contextlib.asynccontextmanager
async def _snapshot(store: Store) -> AsyncIterator[AsyncClientSession | None]:
    if not store.replicated:
        yield None
        return
    async with store.client.start_session(snapshot=True) as session:
        yield session


async def _batches(store: Store, name: str, session: AsyncClientSession | None) -> AsyncIterator[list[Doc]]:
    everything = store.collection(name).find({}, hint=[("$natural", 1)], batch_size=BATCH, session=session)
    docs: list[Doc] = []
    async with everything as found:
        async for doc in found:
            docs.append(doc)
            if len(docs) == BATCH:
                yield docs
                docs = []
    yield docs


class _Writer:
    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        # Bodies hold personal data: the file is its owner's alone from its first byte.
        self._file = os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb"
        )
        self._gzip = gzip.GzipFile(filename="", fileobj=self._file, mode="wb", compresslevel=1)
        self._sha256 = hashlib.sha256()
        self._counted: Counter[str] = Counter(dict.fromkeys(COLLECTIONS, 0))

    def docs(self, name: str, docs: Iterable[Doc]) -> None:
        rows = [_row(name, doc) for doc in docs]
        self._counted[name] += len(rows)
        self.lines(rows)

    def lines(self, rows: Iterable[object]) -> None:
        encoded = "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)
        self._sha256.update(encoded.encode())
        self._gzip.write(encoded.encode())

    def finish(self) -> None:
        """Returns when all of it is on the disk."""
        self.lines([{"end": dict(self._counted), "sha256": self._sha256.hexdigest()}])
        self._gzip.close()
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def _row(name: str, doc: Doc) -> list[object]:
    if name != "receipts":
        return [name, doc]
    return [name, {k: v for k, v in doc.items() if k != "body"}, base64.b64encode(doc["body"]).decode()]


async def restore(uri: str, path: Path, *, database: str | None = None) -> dict[str, int]:
    """Fill an empty database from a dump; returns how many documents of each collection.

    Leases are not restored, and jobs that were open are closed as unverified, so that the next `recover`
    makes their listings due. Raises DumpRefused, before anything is written, for a file that is damaged or
    newer, and for a database that holds a journal; OSError for a file that cannot be read. One that was cut
    off leaves a database without a schema version: drop it and begin again.
    """
    client = connect(uri)
    try:
        store = await Store.of(client, database, lambda: SERVER_NOW)
        head, counted = await asyncio.to_thread(_verify, path)
        await schema.refuse_unfinished(store)
        if await schema.version_of(store) or any(
            [await store.collection(name).find_one({}, {"_id": 1}) for name in COLLECTIONS]
        ):
            name = store.database.name
            raise DumpRefused(
                CopyProblem.NOT_EMPTY, f"The database {name} is not empty: restore into a new one."
            )
        with contextlib.closing(_documents(path)) as documents:
            while batch := await asyncio.to_thread(_take, documents):
                for name, docs in batch.items():
                    await store.collection(name).insert_many(docs, ordered=False)
        await schema.restored(store, head["schema"])
        await schema.prepare(store)
        return counted
    except Exception as error:
        told = from_mongo(error)
        if told is error:
            raise
        raise told from error
    finally:
        await client.close()


def _verify(path: Path) -> tuple[Doc, dict[str, int]]:
    """The head and the counts of a whole, undamaged dump that we can read."""
    sha256, counted, last = hashlib.sha256(), Counter(dict.fromkeys(COLLECTIONS, 0)), b""
    with path.open("rb") as file:
        if file.read(len(GZIP)) != GZIP:
            raise DumpRefused(CopyProblem.NOT_A_COPY, f"{path} is no dump of a journal.")
    try:
        with gzip.open(path, "rb") as lines:
            first = next(lines)
            head = json.loads(first)
            if not isinstance(head, dict) or head.get("format") != FORMAT["format"]:
                raise DumpRefused(CopyProblem.NOT_A_COPY, f"{path} is no dump of a journal.")
            if head["version"] != FORMAT["version"] or head["schema"] > len(schema.STEPS):
                raise DumpRefused(CopyProblem.NEWER, f"{path} was written by a newer orquestador.")
            sha256.update(first)
            for line in lines:
                if last:
                    sha256.update(last)
                    counted[json.loads(last)[0]] += 1
                last = line
            end = json.loads(last)
            # One that was written before a collection came to be does not name it.
            told = {**dict.fromkeys(COLLECTIONS, 0), **end["end"]}
            if told == dict(counted) and end["sha256"] == sha256.hexdigest():
                return head, dict(counted)
    except (OSError, EOFError, ValueError, LookupError, TypeError, StopIteration, zlib.error) as error:
        raise DumpRefused(CopyProblem.DAMAGED, f"{path} is damaged, or no dump of a journal.") from error
    raise DumpRefused(CopyProblem.DAMAGED, f"{path} is damaged.")


def _documents(path: Path) -> Generator[tuple[str, Doc], None, None]:
    with gzip.open(path, "rb") as lines:
        for line in lines:
            row = json.loads(line)
            if isinstance(row, list):
                yield row[0], _restored(row)


def _restored(row: list[Any]) -> Doc:
    name: str = row[0]
    doc: Doc = row[1]
    if name == "receipts":
        doc["body"] = base64.b64decode(row[2])
    elif name == "work":
        doc["lease_until"] = 0.0
        doc.pop("owner", None)
        doc.pop("claim", None)
    elif name == "rules":
        rule = decode_rule(doc["doc"], doc["rev"])
        doc = {"_id": doc["_id"], "rev": rule.rev, **rule_fields(replace(rule, tell_at=0.0))}
    elif name == "jobs" and doc.get("open"):
        closed = replace(decode_job(doc["doc"]), state=JobState.UNVERIFIED, note="restored_from_backup")
        doc |= {"open": False, "doc": encode_job(closed)}
    return doc


def _take(documents: Iterator[tuple[str, Doc]]) -> dict[str, list[Doc]]:
    batch: dict[str, list[Doc]] = {}
    for _, (name, doc) in zip(range(BATCH), documents, strict=False):
        batch.setdefault(name, []).append(doc)
    return batch
