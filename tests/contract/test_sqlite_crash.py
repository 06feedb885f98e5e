"""What the SQLite journal acknowledged is there, whatever happens to the process or the disk."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orquestador.clock import SystemClock
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.errors import StoreLocked, StoreUnavailable
from orquestador.model.logs import LogFilter
from orquestador.model.work import Kind
from orquestador.ports import WorkQuery
from tests.contract.journal_data import order_id, receipt

HERE = Path(__file__).parent
ACKNOWLEDGED = 400


async def _accept_and_die(path: Path, prefix: str) -> set[str]:
    """Ids that a child acknowledged before it was killed in the middle of its work."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "accepting_child.py"), str(path), prefix, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    lines = [await child.stdout.readline() for _ in range(ACKNOWLEDGED)]
    with pytest.raises(StoreLocked, match=str(child.pid)):
        await SqliteJournal.open(path, SystemClock())
    child.kill()
    lines += (await child.stdout.read()).splitlines()
    await child.wait()
    return {line.decode().strip() for line in lines if line.strip()}


async def test_every_acknowledged_receipt_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite3"
    acknowledged: set[str] = set()
    for life in range(3):
        acknowledged |= await _accept_and_die(path, f"life{life}")
    journal = await SqliteJournal.open(path, SystemClock())
    stored = {r.id for r in await journal.receipts(LogFilter(), 10**6, None)}
    assert len(acknowledged) >= 3 * ACKNOWLEDGED
    assert acknowledged <= stored
    works, _ = await journal.find(WorkQuery(kind=Kind.ORDER, limit=10**6))
    assert {w.ref for w in works} == stored
    assert (await journal.counts()).receipts == len(stored)
    assert len(await journal.claim(Kind.ORDER, "w1", 10**6, 30)) == len(stored)
    await journal.close()


async def test_a_full_disk_refuses_everyone_and_the_journal_recovers(tmp_path: Path) -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "full_disk_child.py"), str(tmp_path / "j.sqlite3"), stdout=subprocess.PIPE
    )
    output, _ = await child.communicate()
    assert output.decode().splitlines() == [
        "before ['Accepted']",
        "full ['StoreUnavailable']",
        "after ['Accepted']",
        "stored 200",
    ]


async def test_a_locked_file_refuses_the_whole_group_after_one_wait(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    journal = await SqliteJournal.open(path, SystemClock(), busy_timeout_s=0.2)
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        group = [journal.accept(receipt(f"r{n}", f"A{n}")) for n in range(100)]
        answers = await asyncio.gather(*group, return_exceptions=True)
        assert {type(a) for a in answers} == {StoreUnavailable}
        assert time.monotonic() - began < 5
        other.execute("ROLLBACK")
    assert not (await journal.accept(receipt("r1", "A1"))).duplicate
    await journal.close()


async def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = await SqliteJournal.open(tmp_path / "j.sqlite3", SystemClock())
    accepting = asyncio.ensure_future(journal.accept(receipt("r1", "A1")))
    await asyncio.sleep(0)
    await journal.close()
    assert (await accepting).receipt_id == "r1"
    with pytest.raises(StoreUnavailable):
        await journal.accept(receipt("r2", "A2"))
    with pytest.raises(StoreUnavailable):
        await journal.get([order_id("A1")])
    await journal.close()


async def test_a_cancelled_caller_disturbs_nobody(tmp_path: Path) -> None:
    journal = await SqliteJournal.open(tmp_path / "j.sqlite3", SystemClock())
    calls = [asyncio.ensure_future(journal.accept(receipt(f"r{n}", "A1"))) for n in range(20)]
    await asyncio.sleep(0)
    for call in calls[::2]:
        call.cancel()
    answers = await asyncio.gather(*calls[1::2])
    assert len(answers) == 10
    await journal.close()
