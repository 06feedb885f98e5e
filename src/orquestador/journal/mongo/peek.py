"""A look at a database that no service of ours need be using, without making or changing anything in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orquestador.journal.codec import decode_value
from orquestador.journal.mongo.errors import from_mongo
from orquestador.journal.mongo.store import SERVER_NOW, Store, connect


@dataclass(frozen=True, slots=True)
class Peek:
    server: str
    """Its version."""
    database: str
    replicated: bool
    meta: Mapping[str, object]
    """The small facts that were asked for and are stored."""


async def peek(uri: str, names: Sequence[str]) -> Peek:
    """Raises StoreUnavailable after 2 s without a server, StoreUnsuitable for one that is too old, ValueError
    for a URI that the driver cannot use."""
    client = connect(uri)
    try:
        store = await Store.of(client, None, lambda: SERVER_NOW)
        server = (await client.server_info())["version"]
        found = await store.meta.find({"_id": {"$in": list(names)}}).to_list()
    except Exception as error:
        raise from_mongo(error) from error
    finally:
        await client.close()
    meta = {row["_id"]: decode_value(row["value"]) for row in found}
    return Peek(str(server), store.database.name, store.replicated, meta)


async def peek_history(uri: str, channels: Sequence[str]) -> set[str]:
    """Which of these channels have a row of work. Raises what `peek` raises."""
    client = connect(uri)
    try:
        store = await Store.of(client, None, lambda: SERVER_NOW)
        return {c for c in channels if await store.work.find_one({"channel": c}, {"_id": 1}) is not None}
    except Exception as error:
        raise from_mongo(error) from error
    finally:
        await client.close()
