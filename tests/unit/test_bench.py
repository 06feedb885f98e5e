"""What the benches rest on: a lost order is seen, and the programs beside the service are other programs."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from types import ModuleType

import pytest

from bench import ungrouped
from bench.ack import missing
from bench.report import columns
from bench.swap import swap
from orquestador.model.errors import StoreUnavailable


def answer(receipt: str, order: str, *, duplicate: bool = False) -> bytes:
    return json.dumps({"receiptId": receipt, "orderId": order, "duplicate": duplicate}).encode()


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        (answer("r1", "A"), 0),
        (answer("r2", "B"), 1),  # no such receipt
        (answer("r1", "B"), 1),  # the receipt of another order
        (answer("r1", "A", duplicate=True), 1),  # every order of a bench is new
    ],
)
def test_a_receipt_that_is_not_as_acknowledged_is_missing(said: bytes, lost: int) -> None:
    assert missing({"r1": ["A"]}, [said]) == lost


def test_a_part_that_is_gone_is_not_swapped() -> None:
    module = ModuleType("somewhere")
    with pytest.raises(AttributeError):
        swap(module, "Gone", object)


async def test_ungrouped_on_sqlite_commits_each_item_alone() -> None:
    statements: list[str] = []
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.set_trace_callback(statements.append)
    writer = ungrouped.OneByOne(connection, asyncio.get_running_loop())

    def double(_connection: sqlite3.Connection, items: Sequence[int]) -> list[int]:
        assert len(items) == 1
        return [item * 2 for item in items]

    assert await asyncio.gather(*(writer.run_grouped(double, n) for n in range(5))) == [0, 2, 4, 6, 8]
    await writer.close()
    assert statements.count("COMMIT") == 5


async def test_ungrouped_on_mongodb_commits_each_item_alone() -> None:
    groups: list[Sequence[int]] = []

    async def commit(items: Sequence[int]) -> list[int | Exception]:
        groups.append(items)
        return [ValueError("refused") if item == 2 else item for item in items]

    each = ungrouped.Each(commit)
    found = await asyncio.gather(*(each.run(n) for n in range(3)), return_exceptions=True)
    assert found[:2] == [0, 1]
    assert isinstance(found[2], ValueError)
    assert sorted(map(tuple, groups)) == [(0,), (1,), (2,)]


async def test_ungrouped_on_mongodb_tells_what_the_driver_raises_as_ours() -> None:
    from pymongo.errors import AutoReconnect

    async def commit(items: Sequence[int]) -> list[int | Exception]:
        raise AutoReconnect("away")

    with pytest.raises(StoreUnavailable):
        await ungrouped.Each(commit).run(1)


def test_a_table_is_markdown() -> None:
    assert columns([("who", "n"), ("a", "1,000")]).splitlines() == [
        "| who |     n |",
        "| --- | ----: |",
        "| a   | 1,000 |",
    ]
