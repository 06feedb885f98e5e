"""Who serves this journal, as each process tells every few seconds."""

from __future__ import annotations

from dataclasses import replace

from orquestador.journal.codec import decode_process, encode_process
from orquestador.journal.mongo.rows import literal
from orquestador.journal.mongo.store import Store
from orquestador.ports import Process


async def tell(store: Store, process: Process) -> None:
    told = {"doc": literal(encode_process(process)), "told_at": store.now()}
    await store.processes.update_one({"_id": process.owner}, [{"$set": told}], upsert=True)


async def told(store: Store) -> list[Process]:
    silent = {"$subtract": [store.now(), "$told_at"]}
    found = store.processes.find({"_id": {"$gte": ""}}, {"doc": 1, "silent_s": silent})
    known = [
        replace(decode_process(row["doc"]), silent_s=max(0.0, row["silent_s"]))
        for row in await found.to_list()
    ]
    return sorted(known, key=lambda process: process.started_at)


async def forget(store: Store, owner: str) -> None:
    await store.processes.delete_one({"_id": owner})
