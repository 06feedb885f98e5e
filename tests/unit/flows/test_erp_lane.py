"""The ERP lane over fakes: what was on its way when a process died comes before everything that waits."""

from __future__ import annotations

from pathlib import Path

import pytest

from orquestador.clock import ManualClock
from orquestador.flows.context import FlowSettings
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import go_live
from orquestador.flows.orders import OrderWorker
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.errors import Unavailable
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context
from tests.fakes.erp import FakeErp


async def test_an_intent_on_its_way_is_asked_before_any_new_one_is_begun(tmp_path: Path) -> None:
    clock = ManualClock(1_000_000.0)
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
    erp = FakeErp(clock.now, {"A": 100})
    channel = FakeChannel(clock.now, {"A": 100})
    context = flow_context(
        journal, clock, erp=erp, channels={"shop": channel}, settings=FlowSettings(erp_batch=1)
    )
    context.gates.report("erp", [])
    await go_live(context, channel, ())
    clock.advance(10.0)
    for n in range(5):
        channel.sell(f"o{n}", [("A", 1)])
        await journal.touch([f"order:shop:o{n}"], "test")
        await OrderWorker(context).run_once()
        clock.advance(1.0)
    lane = ErpLane(context, erp)
    erp.fault = "away"
    with pytest.raises(Unavailable):
        await lane.run_once()
    rows = await journal.get([f"order:shop:o{n}" for n in range(5)])
    (begun,) = [row for row in rows if row.order and row.order.open_effect]
    clock.advance(1.0)
    await lane.run_once()
    assert list(erp.documents) == [f"shop/{begun.ref}/1"]
    await journal.close()
