"""A process that accepts receipts and prints each id once it is acknowledged, until it is killed.

`python accepting_child.py JOURNAL PREFIX`
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from pathlib import Path

from orquestador.clock import SystemClock
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.notices import Notice, NoticeKind
from orquestador.ports import NewReceipt


async def main(path: Path, prefix: str) -> None:
    clock = SystemClock()
    journal = await SqliteJournal.open(path, clock)
    numbers = itertools.count()

    async def keep_accepting() -> None:
        for n in numbers:
            name = f"{prefix}-{n}"
            notice = Notice(NoticeKind.ORDER, (name,), dedupe=name)
            receipt = NewReceipt(name, "falabella", "falabella.order", b"{}", clock.now(), notice, "trace")
            accepted = await journal.accept(receipt)
            # Straight to the pipe: what the parent can read was acknowledged before this process died.
            os.write(1, f"{accepted.receipt_id}\n".encode())

    await asyncio.gather(*(keep_accepting() for _ in range(16)))


asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
