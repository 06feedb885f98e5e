"""How many calls the Odoo adapter makes, how far apart, and what it does not send twice."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx2
import pytest

from orquestador.circuit import Circuit
from orquestador.clock import ManualClock, SystemClock
from orquestador.erp.odoo import OdooErp, OdooSettings
from orquestador.http_base import CallRecord
from orquestador.model.logs import LogStatus
from orquestador.ports import Clock, MovementState
from orquestador.sandbox.odoo.core import Options
from orquestador.sandbox.odoo.server import Running, running
from orquestador.settings.pace import CHECK_CALLS, POLL_CALLS
from tests.contract.erp.world import UNITS, moved_units, sale
from tests.fakes.wait import eventually

Control = Callable[..., Awaitable[Any]]
A, B = "SKU-00001", "SKU-00002"
BATCH = 8


@pytest.fixture(scope="module", params=[17, 18, 19])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Running]:
    with running(Options(version=request.param, seed_catalog=5)) as found:
        yield found


@pytest.fixture
async def control(sandbox: Running) -> AsyncIterator[Control]:
    """What a person or the network does: `await control("move", sku=..., delta=...)`."""
    async with httpx2.AsyncClient(base_url=sandbox.url, trust_env=False, verify=False) as http:

        async def post(path: str, **body: object) -> Any:
            answer = await http.post(f"/_sandbox/{path}", json=body)
            assert answer.status_code == 200, answer.text
            return answer.json()

        await post("reset")
        yield post


@pytest.fixture
def records() -> list[CallRecord]:
    return []


@pytest.fixture
async def erp(sandbox: Running, control: Control, records: list[CallRecord]) -> AsyncIterator[OdooErp]:
    adapter = adapter_of(sandbox, SystemClock(), records)
    yield adapter
    await adapter.close()


@pytest.fixture
async def hasty(sandbox: Running, control: Control, records: list[CallRecord]) -> AsyncIterator[OdooErp]:
    """One that does not wait long for its writes."""
    adapter = adapter_of(sandbox, SystemClock(), records, write_timeout_s=1.0)
    yield adapter
    await adapter.close()


def adapter_of(sandbox: Running, clock: Clock, records: list[CallRecord], **changes: Any) -> OdooErp:
    known = OdooSettings(url=sandbox.url, db="sandbox", username="admin", secret="admin", **changes)
    return OdooErp(known, clock, log=records.append, circuit=Circuit(clock, first_probe_s=0.01))


async def on_hand(sandbox: Running, sku: str) -> float:
    async with httpx2.AsyncClient(base_url=sandbox.url, trust_env=False, verify=False) as http:
        state = (await http.get("/_sandbox/state")).json()
    return float(state["stock"][sku]["on_hand"])


# --- a batch that fails


async def test_a_timed_out_batch_is_asked_about_and_never_sent_again(
    hasty: OdooErp, sandbox: Running, control: Control, records: list[CallRecord]
) -> None:
    batch = [await sale(hasty, (A, 1)) for _ in range(BATCH)]
    await control("faults", commit_then_timeout=1)
    records.clear()
    outcomes = await hasty.apply(batch)
    assert {o.state for o in outcomes.values()} == {MovementState.DOUBTFUL}
    assert [r.action for r in records] == ["stock.picking.create"]
    await hasty.circuit.wait_closed()
    await control("faults", commit_then_timeout=1)
    records.clear()
    outcomes = await hasty.finish(batch)
    assert {o.state for o in outcomes.values()} == {MovementState.DOUBTFUL}
    assert [r.action for r in records if r.action.endswith("button_validate")] == [
        "stock.picking.button_validate"
    ]
    await hasty.circuit.wait_closed()
    outcomes = await hasty.ask(batch)
    assert {o.state for o in outcomes.values()} == {MovementState.DONE}
    assert await on_hand(sandbox, A) == UNITS - BATCH


async def test_a_batch_lost_to_a_conflict_is_not_divided(
    erp: OdooErp, control: Control, records: list[CallRecord]
) -> None:
    batch = [await sale(erp, (A, 1)) for _ in range(BATCH)]
    await erp.ask(batch)
    await control("faults", error_rate=1)
    records.clear()
    assert {o.state for o in (await erp.apply(batch)).values()} == {MovementState.DOUBTFUL}
    assert [r.action for r in records] == ["stock.picking.create"]


async def test_a_refused_batch_is_divided_and_nobody_is_validated_twice(
    erp: OdooErp, sandbox: Running, control: Control, records: list[CallRecord]
) -> None:
    product = await new_product(sandbox, "LOT")
    batch = [await sale(erp, (A, 1)) for _ in range(BATCH - 1)]
    lot = await sale(erp, ("LOT", 1))
    # A person has it tracked from now on: without a lot Odoo refuses the list that it is in.
    await call(sandbox, "product.product", "write", [[product], {"tracking": "lot"}])
    records.clear()
    outcomes = await erp.apply([*batch[:3], lot, *batch[3:]])
    assert {outcomes[m.key].state for m in batch} == {MovementState.DONE}
    assert outcomes[lot.key].state is not MovementState.DONE
    assert await on_hand(sandbox, A) == UNITS - len(batch)
    tried = [r for r in records if r.action == "stock.picking.button_validate"]
    # 8, then both halves of what is refused: 4, 4, 2, 2, 1, 1.
    assert 1 < len(tried) <= 7
    done = [erp_id for r in tried if r.status is LogStatus.SUCCESS for erp_id in pickings_in(r)]
    assert sorted(done) == sorted(outcomes[m.key].erp_id or 0 for m in batch)


def pickings_in(record: CallRecord) -> list[int]:
    """The ids in a logged call, however the transport names its arguments."""
    request: Any = record.request
    found: list[int] = request["ids"] if "ids" in request else request["args"][0]
    return found


async def new_product(sandbox: Running, sku: str, **values: object) -> int:
    stored = (
        {"type": "product"} if sandbox.core.options.version <= 17 else {"type": "consu", "is_storable": True}
    )
    row = {"name": sku, "default_code": sku, **stored, **values}
    return int(await call(sandbox, "product.product", "create", [row]))


async def call(sandbox: Running, model: str, method: str, args: list[object]) -> Any:
    full = ["sandbox", 2, "admin", model, method, args, {}]
    params = {"service": "object", "method": "execute_kw", "args": full}
    async with httpx2.AsyncClient(base_url=sandbox.url, trust_env=False, verify=False) as http:
        answer = await http.post("/jsonrpc", json={"jsonrpc": "2.0", "method": "call", "params": params})
    assert "error" not in answer.json(), answer.text
    return answer.json()["result"]


# --- how many calls


async def calls_of(records: list[CallRecord], step: Awaitable[object]) -> Counter[str]:
    records.clear()
    await step
    return Counter(r.action for r in records)


async def test_a_look_for_changes_takes_the_calls_that_its_pace_counts_on(
    erp: OdooErp, control: Control, records: list[CallRecord]
) -> None:
    cursor = (await erp.changed_since(None)).cursor
    await control("move", sku=A, delta=-1)
    cursor = (await erp.changed_since(cursor)).cursor
    quiet = await calls_of(records, erp.changed_since(cursor))
    assert quiet.total() == POLL_CALLS
    await control("move", sku=B, delta=-1)
    busy = await calls_of(records, erp.changed_since(cursor))
    assert busy.total() == POLL_CALLS + 1


async def test_a_check_takes_no_more_calls_than_its_pace_counts_on(
    sandbox: Running, control: Control, records: list[CallRecord]
) -> None:
    await control("faults", second_warehouse=True)
    adapter = adapter_of(sandbox, SystemClock(), records, warehouse="WH")
    first = await calls_of(records, adapter.check())
    again = await calls_of(records, adapter.check())
    assert first["authenticate"] == 1
    assert again["authenticate"] == 0
    # What is asked once an hour comes on top.
    assert 7 <= again.total() <= CHECK_CALLS
    assert again.total() < first.total() <= CHECK_CALLS + 3
    await adapter.close()


# --- how far apart


async def test_online_one_call_goes_a_second_and_stock_moves_first(
    sandbox: Running, control: Control, records: list[CallRecord]
) -> None:
    free = adapter_of(sandbox, SystemClock(), [])
    batch = [await sale(free, (A, 1)) for _ in range(3)]
    await free.close()
    clock = ManualClock()
    online = adapter_of(sandbox, clock, records, calls_per_s=1.0, in_flight=1)
    setup = asyncio.create_task(online.availability([A]))
    await drive(clock, setup)
    records.clear()
    reads = [asyncio.create_task(online.availability([sku])) for sku in (A, B)]
    await eventually(lambda: clock.sleepers > 0)
    moves = asyncio.create_task(online.apply(batch))
    await drive(clock, moves, *reads)
    assert {o.state for o in moves.result().values()} == {MovementState.DONE}
    assert sum(moved_units(o)[0] for o in moves.result().values()) == 3
    assert [r.action for r in records] == [
        "stock.picking.create",
        "stock.picking.button_validate",
        "stock.move.search_read",
        "product.product.search_read",
        "product.product.search_read",
    ]
    began = [r.at for r in records]
    assert [later - earlier for earlier, later in itertools.pairwise(began)] == [1.0] * 4
    await online.close()


async def drive(clock: ManualClock, *tasks: asyncio.Task[Any]) -> None:
    """Move the clock a second whenever somebody waits for it, until all of these are done."""
    while not all(task.done() for task in tasks):
        await eventually(lambda: clock.sleepers > 0 or all(task.done() for task in tasks))
        if clock.sleepers:
            clock.advance(1.0)
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
