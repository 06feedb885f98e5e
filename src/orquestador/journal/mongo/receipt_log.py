"""Receipts as log entries: newest first, by the filters of `GET /logs`."""

from __future__ import annotations

from orquestador.journal.mongo import reads
from orquestador.journal.mongo.receipts import to_receipt
from orquestador.journal.mongo.store import Doc, Store
from orquestador.model.logs import LogFilter, LogStatus
from orquestador.model.notices import NoticeKind
from orquestador.model.work import Kind, work_id
from orquestador.ports import Receipt

FEW = 1_000
"""So many orders of a SKU are asked for by id; beyond, the receipts are walked and each is compared."""
CHUNK = 500
NEWEST_FIRST = [("received_at", -1), ("_id", -1)]


async def page(
    store: Store, filter: LogFilter, limit: int, before: tuple[float, str] | None
) -> list[Receipt]:
    """Strictly before the cursor, by (received_at, id) descending.

    `service` is a channel id or the first part of a source (`falabella` of `falabella.order`), `action` a
    source or an event. An unreadable notice is an error, every other one a success.
    """
    if filter.status is LogStatus.PENDING:
        return []
    every = _conditions(filter)
    if filter.order_id is not None:
        every.append({"works": {"$in": await _works_of_order(store, filter.order_id)}})
    if filter.sku is None:
        return await _newest(store, every, limit, before)
    listings = await _ids(store, Kind.LISTING, filter.sku)
    orders = store.work.find({"skus": filter.sku, "kind": Kind.ORDER.value}, {"_id": 1}).limit(FEW + 1)
    found = [row["_id"] for row in await orders.batch_size(FEW + 2).to_list()]
    if len(found) <= FEW:
        return await _newest(store, [*every, {"works": {"$in": listings + found}}], limit, before)
    return await _walk(store, every, filter.sku, set(listings), limit, before)


def _conditions(filter: LogFilter) -> list[Doc]:
    every: list[Doc] = []
    if filter.since is not None:
        every.append({"received_at": {"$gte": filter.since}})
    if filter.until is not None:
        every.append({"received_at": {"$lt": filter.until}})
    if filter.service is not None:
        # From the dot to the sign after it: every source that begins so.
        parts = {"$gte": f"{filter.service}.", "$lt": f"{filter.service}/"}
        every.append({"$or": [{"channel": filter.service}, {"source": parts}]})
    if filter.action is not None:
        every.append({"$or": [{"source": filter.action}, {"event": filter.action}]})
    if filter.status is not None:
        word = "$eq" if filter.status is LogStatus.ERROR else "$ne"
        every.append({"kind": {word: NoticeKind.UNREADABLE.value}})
    return every


async def _newest(
    store: Store, every: list[Doc], limit: int, before: tuple[float, str] | None
) -> list[Receipt]:
    every = every.copy()
    if before is not None:
        instant, id_ = before
        every.append({"received_at": {"$lte": instant}})
        every.append({"$or": [{"received_at": {"$lt": instant}}, {"_id": {"$lt": id_}}]})
    chosen = any("works" in condition for condition in every)
    found = store.receipts.find({"$and": every} if every else {}, hint="works" if chosen else "recent")
    found = found.sort(NEWEST_FIRST).limit(limit).batch_size(limit + 1)
    return [to_receipt(doc) for doc in await found.to_list()]


async def _walk(
    store: Store,
    every: list[Doc],
    sku: str,
    listings: set[str],
    limit: int,
    before: tuple[float, str] | None,
) -> list[Receipt]:
    """For a SKU of so many orders that the newest receipts soon fill the page."""
    page_: list[Receipt] = []
    while some := await _newest(store, every, CHUNK, before):
        named = {work for receipt in some for work in receipt.work_ids}
        with_sku = store.work.find({"_id": {"$in": list(named)}, "skus": sku}, {"_id": 1})
        meant = listings | {row["_id"] for row in await with_sku.batch_size(CHUNK * 2).to_list()}
        page_ += [receipt for receipt in some if not meant.isdisjoint(receipt.work_ids)]
        if len(page_) >= limit:
            break
        before = (some[-1].received_at, some[-1].id)
    return page_[:limit]


async def _works_of_order(store: Store, order_id: str) -> list[str]:
    """Rows under this order id, or whose order carries it as its number."""
    numbered = await store.work.find({"number": order_id}, {"_id": 1}).to_list()
    return await _ids(store, Kind.ORDER, order_id) + [row["_id"] for row in numbered]


async def _ids(store: Store, kind: Kind, ref: str) -> list[str]:
    channels = {door["channel"] for door in await reads.doors(store)}
    return [work_id(kind, channel, ref) for channel in channels]
