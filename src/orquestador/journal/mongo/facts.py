"""Names of orders and small facts."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo import UpdateOne

from orquestador.journal.codec import NOTHING, decode_value
from orquestador.journal.mongo.store import Store, bulk_all


async def claim_names(store: Store, channel: str, names: Sequence[str], work_id: str) -> dict[str, str]:
    """The owner of each name, which is this row where nobody was before."""
    ids = {name_id(channel, name): name for name in names}
    ours = {
        id_: {"$setOnInsert": {"channel": channel, "name": name, "work_id": work_id}}
        for id_, name in ids.items()
    }
    await bulk_all(
        store.names, [UpdateOne({"_id": id_}, insert, upsert=True) for id_, insert in ours.items()]
    )
    found = store.names.find({"_id": {"$in": list(ids)}}, {"work_id": 1})
    return {ids[row["_id"]]: row["work_id"] for row in await found.to_list()}


def name_id(channel: str, name: str) -> str:
    # A channel's id is ours and has no NUL, whatever is in the name.
    return f"{channel}\0{name}"


async def reassign_names(store: Store, channel: str, from_id: str, to_id: str) -> None:
    await store.names.update_many({"channel": channel, "work_id": from_id}, {"$set": {"work_id": to_id}})


async def get_meta(store: Store, name: str) -> object | None:
    found = await store.meta.find_one({"_id": name})
    return decode_value(found["value"]) if found else None


async def set_meta(store: Store, name: str, encoded: str) -> None:
    await store.meta.update_one({"_id": name}, {"$set": {"value": encoded}}, upsert=True)


async def set_meta_if_absent(store: Store, name: str, encoded: str) -> object:
    await store.meta.update_one({"_id": name}, {"$setOnInsert": {"value": encoded}}, upsert=True)
    return await get_meta(store, name)


async def swap_meta(store: Store, name: str, before: str, after: str) -> bool:
    """`before` as text of `codec`; that of None stands for a fact that is not there, too."""
    if before == NOTHING:
        made = await store.meta.update_one({"_id": name}, {"$setOnInsert": {"value": after}}, upsert=True)
        if made.upserted_id is not None:
            return True
    done = await store.meta.update_one({"_id": name, "value": before}, {"$set": {"value": after}})
    return done.matched_count > 0
