"""A process whose files may not grow for a while: every accept must say so, and be answered afterwards.

`python full_disk_child.py JOURNAL`; prints what each phase answered.
"""

from __future__ import annotations

import asyncio
import resource
import signal
import sys
from pathlib import Path

from orquestador.clock import SystemClock
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.notices import Notice, NoticeKind
from orquestador.ports import NewReceipt


def receipt(id: str) -> NewReceipt:
    notice = Notice(NoticeKind.ORDER, (id,), dedupe=id)
    return NewReceipt(id, "falabella", "falabella.order", b"x" * 10_000, 0.0, notice, "trace")


async def main(path: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    journal = await SqliteJournal.open(path, SystemClock())
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for phase, limit in (("before", hard), ("full", 200_000), ("after", hard)):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        group = [journal.accept(receipt(f"{phase}-{n}")) for n in range(100)]
        answers = await asyncio.gather(*group, return_exceptions=True)
        print(phase, sorted({type(answer).__name__ for answer in answers}))
    print("stored", (await journal.counts()).receipts)
    await journal.close()


asyncio.run(main(Path(sys.argv[1])))
