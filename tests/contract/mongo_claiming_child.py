"""A process that claims order rows until there are none, and prints the id of each.

`python mongo_claiming_child.py URI DATABASE OWNER`; begins when a line comes in.
"""

from __future__ import annotations

import asyncio
import sys

from orquestador.clock import SystemClock
from orquestador.journal.mongo import MongoJournal
from orquestador.model.work import Kind


async def main(uri: str, database: str, owner: str) -> None:
    journal = await MongoJournal.open(uri, SystemClock(), database=database)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    while works := await journal.claim(Kind.ORDER, owner, 7, 600):
        for work in works:
            print(work.id, flush=True)
    await journal.close()


asyncio.run(main(*sys.argv[1:4]))
