"""What the benches rest on: a lost order is seen, and the programs beside the service are other programs."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import httpx2
import pytest

from bench import odoo, ungrouped
from bench.ack import missing
from bench.processes import BenchFailed
from bench.report import Report, columns
from bench.swap import swap
from orquestador.model.errors import StoreUnavailable
from orquestador.sandbox.odoo.core import Options
from orquestador.sandbox.odoo.server import running


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


def test_the_bench_of_odoo_counts_the_calls_and_times_them() -> None:
    command = [sys.executable, "-m", "bench.odoo", "--quick", "--json"]
    # Not on a server that the contract's tests are meant for.
    env = {name: value for name, value in os.environ.items() if name not in odoo.REAL}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True, env=env)
    measures: dict[str, Any] = json.loads(done.stdout)["measures"]
    calls = {key: found["value"] for key, found in measures.items() if found["unit"] == ""}
    assert calls == {
        "calls_per_order_1": 4.0,  # products, create, validate, read back
        "calls_per_order_20": 0.24,  # three batches for 50 orders
        "calls_per_order_50": 0.08,
        "accelerator_calls_per_order_1": 2.0,  # products, and all the rest
        "accelerator_calls_per_order_20": 0.12,
        "accelerator_calls_per_order_50": 0.04,
        "availability_calls": 1.0,
        "sweep_calls": 2.0,
    }
    # The sandbox takes at least 0.2 s for a document alone (odoo.md 5.11).
    assert measures["ms_per_order_1"]["value"] > 200


@pytest.mark.parametrize(("version", "key"), [(17, ""), (18, ""), (19, ""), (19, "admin")])
async def test_the_bench_of_odoo_archives_what_it_made_on_a_real_server(
    monkeypatch: pytest.MonkeyPatch, version: int, key: str
) -> None:
    with running(Options(version=version, seed_catalog=5)) as server:
        httpx2.post(f"{server.url}/_sandbox/faults", json={"second_warehouse": True}).raise_for_status()
        monkeypatch.setenv(odoo.API_KEY, key)
        for name, value in zip(odoo.REAL, (server.url, "sandbox", "admin", "admin"), strict=True):
            monkeypatch.setenv(name, value)
        report = Report("bench", "title")
        with odoo.real_server() as real:
            assert real is not None
            assert real.label.startswith(f"Odoo {version}")
            async with odoo.Odoo.open(real) as asked:
                api = {f.code: f for f in await asked.erp.check()}["odoo.api"].facts["api"]
                assert api == ("JSON-2" if key else "JSON-RPC")
                numbers = await asked.on_hand(real.skus)
                await odoo.measure_deliveries(asked, odoo.QUICK, report)
                left = await asked.on_hand(real.skus)
                sold = sum(numbers.values()) - sum(left.values())
                before = await asked.on_hand(["SKU-00001"])
        assert set(numbers.values()) == {float(odoo.UNITS_EACH)}
        assert sold == odoo.QUICK.one_by_one + 2 * odoo.QUICK.batched
        assert before == {"SKU-00001": 1000.0}
        async with odoo.Odoo.open(real) as asked:
            with pytest.raises(BenchFailed, match="no number"):
                await asked.on_hand(real.skus)


def test_half_a_real_server_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in odoo.REAL:
        monkeypatch.delenv(name, raising=False)
    with odoo.real_server() as real:
        assert real is None
    monkeypatch.setenv("ODOO_CONTRACT_URL", "http://127.0.0.1:1")
    with pytest.raises(BenchFailed, match="ODOO_CONTRACT_DB"), odoo.real_server():
        pass
