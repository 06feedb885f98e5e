"""What a process left half done between two writes: receipts without their bumps, marks not delivered."""

from __future__ import annotations

from orquestador.journal.mongo.receipts import Encoded, Ended, bump, bump_of, close_ticket
from orquestador.journal.mongo.saves import delivered, to_mark
from orquestador.journal.mongo.schema import COUNTERS
from orquestador.journal.mongo.signals import mark
from orquestador.journal.mongo.store import Doc, Store
from orquestador.model.notices import NoticeKind

ABANDONED_S = 30.0
"""Longer than a living process takes from the first write to the last; sweeping what somebody still works on
costs a second look, nothing else."""
UNDELIVERED_S = 3.0
CHUNK = 500


async def bump_for_receipts(store: Store, abandoned_s: float = ABANDONED_S) -> int:
    """Signal the works of receipts whose ticket was left open; returns how many tickets."""
    counters = await store.counters.find_one(COUNTERS, {"open": 1, "now": store.now()})
    if counters is None:
        return 0
    swept = 0
    for token, ticket in counters["open"].items():
        if ticket["at"] > counters["now"] - abandoned_s:
            continue
        docs = await store.receipts.find({"_id": {"$in": ticket["ids"]}}, {"body": 0}).to_list()
        said = [_encoded(doc) for doc in docs]
        unreadable = [e for e in said if e.kind is NoticeKind.UNREADABLE]
        await bump(store, bump_of(said, unreadable), counters["now"])
        # Receipts of an earlier ticket, which were sent again under this one, have been counted there.
        own = [doc for doc in docs if ticket["first"] <= doc["seq"] <= ticket["last"]]
        await close_ticket(store, Ended(token, own))
        swept += 1
    return swept


def _encoded(doc: Doc) -> Encoded:
    return Encoded(
        doc["_id"],
        doc["channel"],
        NoticeKind(doc["kind"]),
        tuple(doc["refs"]),
        tuple(doc["works"]),
        doc["reason"],
        doc,
    )


async def deliver_marks(store: Store, undelivered_s: float = UNDELIVERED_S) -> int:
    """Deliver the marks that rows still carry; returns how many rows."""
    shown = {"outbox": 1, "now": store.now()}
    rows = await store.work.find({"outbox.at": {"$gte": 0}}, shown, hint="outbox").limit(CHUNK).to_list()
    swept = 0
    for row in rows:
        left = [posted for posted in row["outbox"] if posted["at"] <= row["now"] - undelivered_s]
        if left:
            await mark(store, [to_mark(posted) for posted in left])
            for token in {posted["token"] for posted in left}:
                await delivered(store, [row["_id"]], token)
            swept += 1
    return swept
