"""Inbound notices: accepted in groups, read by order."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pymongo import ReturnDocument, UpdateMany, UpdateOne

from orquestador.journal.mongo.errors import DUPLICATE_KEY
from orquestador.journal.mongo.rows import literal, newborn, signal
from orquestador.journal.mongo.schema import COUNTERS
from orquestador.journal.mongo.store import Doc, Expression, Store, bulk_all, insert
from orquestador.journal.rules import work_ids
from orquestador.model.errors import StoreUnavailable
from orquestador.model.notices import Notice, NoticeKind
from orquestador.model.work import Kind, State
from orquestador.ports import Accepted, NewReceipt, Receipt

SIZE_MAX = 15 * 2**20
"""A document of MongoDB holds 16 MiB."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A receipt ready to be stored, so that nothing about its content can fail inside the group."""

    id: str
    channel: str
    kind: NoticeKind
    refs: tuple[str, ...]
    works: tuple[str, ...]
    reason: str | None
    doc: Doc
    """Without `seq`."""


def encode(receipt: NewReceipt) -> Encoded:
    """Raises ValueError when it cannot be stored: a lone surrogate, an instant that is none, its size."""
    notice = receipt.notice
    works = work_ids(notice.kind, receipt.channel, notice.refs, receipt.id)
    texts = (receipt.id, receipt.channel, receipt.source, notice.dedupe, notice.event, receipt.trace_id)
    size = len("".join((*texts, *works, *works, notice.reason or "")).encode()) + len(receipt.body)
    received_at = float(receipt.received_at)
    if size + 64 * len(works) > SIZE_MAX or not math.isfinite(received_at):
        raise ValueError("the journal cannot store this receipt (its size, or its instant)")
    doc: Doc = {
        "_id": receipt.id,
        "channel": receipt.channel,
        "source": receipt.source,
        "received_at": received_at,
        "kind": notice.kind.value,
        "event": notice.event,
        "body_backed": notice.body_backed,
        "reason": notice.reason,
        "refs": notice.refs,
        "works": works,
        "trace_id": receipt.trace_id,
        "duration_ms": float(receipt.duration_ms),
        "body": bytes(receipt.body),
    }
    if notice.dedupe:
        doc["dedupe"] = notice.dedupe
    return Encoded(receipt.id, receipt.channel, notice.kind, notice.refs, works, notice.reason, doc)


def to_receipt(doc: Doc) -> Receipt:
    return Receipt(
        seq=doc["seq"],
        id=doc["_id"],
        channel=doc["channel"],
        source=doc["source"],
        body=doc["body"],
        received_at=doc["received_at"],
        notice=Notice(
            kind=NoticeKind(doc["kind"]),
            refs=tuple(doc["refs"]),
            event=doc["event"],
            dedupe=doc.get("dedupe", ""),
            body_backed=doc["body_backed"],
            reason=doc["reason"],
        ),
        trace_id=doc["trace_id"],
        work_ids=tuple(doc["works"]),
        duration_ms=doc["duration_ms"],
    )


@dataclass(frozen=True, slots=True)
class Bump:
    """What receipts say about work: how often each order and each (channel, ref or SKU), and dead letters."""

    orders: Counter[tuple[str, str, str]]
    """(work id, channel, ref)"""
    listings: Counter[tuple[str, str, str]]
    dead: tuple[tuple[str, str, str, str | None], ...]
    """(work id, channel, ref, reason)"""


def bump_of(said: Sequence[Encoded], unreadable: Sequence[Encoded]) -> Bump:
    orders: Counter[tuple[str, str, str]] = Counter()
    listings: Counter[tuple[str, str, str]] = Counter()
    for e in said:
        if e.kind is NoticeKind.ORDER:
            orders.update((work, e.channel, ref) for work, ref in zip(e.works, e.refs, strict=True))
        elif e.kind is NoticeKind.STOCK:
            listings.update((work, e.channel, ref) for work, ref in zip(e.works, e.refs, strict=True))
    dead = tuple((e.works[0], e.channel, f"receipt:{e.id}", e.reason) for e in unreadable)
    return Bump(orders, listings, dead)


async def bump(store: Store, said: Bump, now: float) -> None:
    """Signal the works: orders come into being, listings are those we have, a dead letter stays dead."""
    operations: list[Any] = []
    # A new order is an insert, and those that are there (a row is never deleted) share one update: either is
    # several times cheaper for the server than an upsert for each.
    alike: dict[int, list[str]] = {}
    for order in await _insert_new(store, said.orders, now):
        alike.setdefault(said.orders[order], []).append(order[0])
    for times, ids in alike.items():
        operations.append(UpdateMany({"_id": {"$in": ids}}, [signal(now, now, None, times)]))
    for (work, channel, ref), times in said.listings.items():
        listing = {"kind": Kind.LISTING.value, "channel": channel, "managed": True}
        meant = {"$or": [{"_id": work}, {"skus": ref}], **listing}
        operations.append(UpdateMany(meant, [signal(now, now, None, times)]))
    for work, channel, ref, reason in said.dead:
        dead = _row(channel, ref, now) | {"wanted": 1, "done": 1, "state": State.DEAD.value, "reason": reason}
        operations.append(UpdateOne({"_id": work}, {"$setOnInsert": dead}, upsert=True))
    await bulk_all(store.work, operations)


async def _insert_new(
    store: Store, orders: Counter[tuple[str, str, str]], now: float
) -> list[tuple[str, str, str]]:
    """Those that are there already."""
    if not orders:
        return []
    due = {"state": State.DUE.value, "todo": True}
    docs = [
        {"_id": work, **_row(channel, ref, now), **due, "wanted": times}
        for (work, channel, ref), times in orders.items()
    ]
    errors = await insert(store.work, docs)
    if any(code != DUPLICATE_KEY for code in errors.values()):
        raise ValueError(f"the journal cannot store these rows (codes {sorted(set(errors.values()))})")
    there = list(orders)
    return [there[n] for n in errors]


def _row(channel: str, ref: str, now: float) -> Doc:
    instants = {"created_at": now, "updated_at": now, "due_at": now}
    return newborn(Kind.ORDER, channel, ref) | instants


@dataclass(frozen=True, slots=True)
class Ended:
    """A ticket whose receipts are stored and told to their works."""

    token: str
    stored: Sequence[Doc]

    def stages(self) -> list[Expression]:
        """End it and count what it stored, once: whoever comes second finds no ticket."""
        is_open = {"$ne": [{"$type": f"$open.{self.token}"}, "missing"]}
        changes: Doc = {}
        for at, docs in itertools.groupby(sorted(self.stored, key=_door), key=_door):
            own = list(docs)
            count, latest = len(own), max(doc["received_at"] for doc in own)
            counted = {"$add": [{"$ifNull": [f"${at}.n", 0]}, count]}
            changes[f"{at}.n"] = {"$cond": [is_open, counted, f"${at}.n"]}
            changes[f"{at}.last_at"] = {"$max": [f"${at}.last_at", latest]}
            changes[f"{at}.source"], changes[f"{at}.channel"] = (
                literal(own[0][name]) for name in ("source", "channel")
            )
        stages: list[Expression] = [{"$set": changes}] if changes else []
        return [*stages, {"$unset": f"open.{self.token}"}]


def _door(doc: Doc) -> str:
    return source_field(doc["source"], doc["channel"])


class Intake:
    """Stores groups of receipts: a ticket, the receipts, the bumps, the end of the ticket.

    The receipts and the bumps are each durable before the next step; callers are answered after both. The
    ticket makes a crash in between visible: the sweep bumps for receipts whose ticket was left open.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ended: Ended | None = None
        """The ticket that the next one ends, in the same operation."""

    async def accept(
        self, group: Sequence[Encoded], more: Callable[[], bool] = lambda: False
    ) -> list[Accepted | Exception]:
        """One answer for each receipt; `more`: whether another group comes at once."""
        token, first, now = await self._open(group)
        errors = await insert(
            self._store.receipts, [{**e.doc, "seq": first + n} for n, e in enumerate(group)]
        )
        stored = [e for n, e in enumerate(group) if n not in errors]
        answers: list[Accepted | Exception] = [Accepted(e.id, duplicate=False) for e in group]
        bumped, unreadable = list(group), [e for e in stored if e.kind is NoticeKind.UNREADABLE]
        if errors:
            originals = await self._originals([group[n].doc for n in errors])
            bumped = stored.copy()
            for n, code in errors.items():
                e = group[n]
                answers[n] = answer = self._refused(e, code, originals)
                if isinstance(answer, Accepted):
                    bumped.append(e)
                    if e.kind is NoticeKind.UNREADABLE and not answer.duplicate:
                        unreadable.append(e)
        await bump(self._store, bump_of(bumped, unreadable), now)
        ended = Ended(token, [e.doc for e in stored])
        if more():
            self._ended = ended
        else:
            await close_ticket(self._store, ended)
        return answers

    async def _open(self, group: Sequence[Encoded]) -> tuple[str, int, float]:
        """The ticket's name, the first of as many sequence numbers, and the store's now."""
        token, count = uuid.uuid4().hex, len(group)
        ticket = {
            "at": self._store.now(),
            "first": {"$add": ["$seq", 1]},
            "last": {"$add": ["$seq", count]},
            "ids": {"$literal": [e.id for e in group]},
        }
        ending = self._ended.stages() if self._ended else []
        counters = await self._store.quick_counters.find_one_and_update(
            COUNTERS,
            [*ending, {"$set": {"seq": {"$add": ["$seq", count]}, f"open.{token}": ticket}}],
            projection={"seq": 1, f"open.{token}.at": 1},
            return_document=ReturnDocument.AFTER,
        )
        if counters is None:
            raise StoreUnavailable("the journal's counters are gone: the database was dropped while in use")
        self._ended = None
        return token, counters["seq"] - count + 1, counters["open"][token]["at"]

    async def _originals(self, docs: Sequence[Doc]) -> dict[tuple[str, ...], str]:
        """The ids of durable receipts with one of these ids, or one of these texts from the same door."""
        texts: dict[tuple[str, str], list[str]] = {}
        for doc in docs:
            if "dedupe" in doc:
                texts.setdefault((doc["channel"], doc["source"]), []).append(doc["dedupe"])
        asked: list[Doc] = [{"_id": {"$in": [doc["_id"] for doc in docs]}}]
        asked += [
            {"dedupe": {"$in": many}, "source": source, "channel": channel}
            for (channel, source), many in texts.items()
        ]
        found: dict[tuple[str, ...], str] = {}
        shown = {"dedupe": 1, "source": 1, "channel": 1}
        async for doc in self._store.committed_receipts.find({"$or": asked}, shown):
            found[(doc["_id"],)] = doc["_id"]
            if "dedupe" in doc:
                found[_said(doc)] = doc["_id"]
        return found

    def _refused(self, e: Encoded, code: int, originals: dict[tuple[str, ...], str]) -> Accepted | Exception:
        """Which key collided: a retry that meets itself is a success, another text is a duplicate."""
        if code != DUPLICATE_KEY:
            return ValueError(f"the journal cannot store this receipt (code {code})")
        if (e.id,) in originals:
            return Accepted(e.id, duplicate=False)
        original = originals.get(_said(e.doc))
        if original is None:
            # It collided with something that was taken back or is not durable yet: the sender repeats.
            return StoreUnavailable("the original of this receipt is not durable yet")
        return Accepted(original, duplicate=True)


def _said(doc: Doc) -> tuple[str, ...]:
    return (doc["channel"], doc["source"], doc.get("dedupe", ""))


async def close_ticket(store: Store, ended: Ended) -> None:
    await store.quick_counters.update_one(COUNTERS, ended.stages())


@lru_cache(maxsize=1024)  # there are a few doors, and this is on every receipt's way
def source_field(source: str, channel: str) -> str:
    """Where the counters keep what came by this door; a name may contain what a field may not."""
    return f"sources.{hashlib.blake2s(json.dumps([source, channel]).encode(), digest_size=8).hexdigest()}"


async def of_work(store: Store, work: str) -> list[Receipt]:
    """Oldest first."""
    found = store.receipts.find({"works": work}).sort([("seq", 1), ("_id", 1)])
    return [to_receipt(doc) for doc in await found.to_list()]
