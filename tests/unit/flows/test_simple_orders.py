"""Simple bodies that came before anybody looked at their order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from orquestador.channels.falabella.webhook import read_notice, simple_orders
from orquestador.clock import ManualClock
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import go_live
from orquestador.flows.intake import Intake
from orquestador.flows.orders import OrderWorker
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.orders import SeenOrder
from orquestador.model.work import State
from orquestador.ports import Receipt
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context
from tests.fakes.erp import FakeErp

ROWS = [{"sku": "A", "quantity": 2}]
SOLD = {"status": "confirmed", "timestamp": "2026-11-24T10:00:00Z", "products": ROWS}
CANCELLED: dict[str, object] = {"status": "cancelled", "timestamp": "2026-11-24T11:00:00Z", "products": []}


class Falabella(FakeChannel):
    """Reads simple bodies as Falabella's adapter does."""

    def simple_orders(self, receipts: Sequence[Receipt]) -> list[SeenOrder]:
        return simple_orders(receipts, "shop")


@pytest.mark.parametrize("bodies", [(SOLD, CANCELLED), (CANCELLED, SOLD)], ids=["in order", "reversed"])
async def test_a_cancellation_without_products_counts_when_both_are_read_at_once(
    tmp_path: Path, bodies: tuple[dict[str, object], ...]
) -> None:
    clock = ManualClock(1_800_000_000.0)
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
    erp, channel = FakeErp(clock.now, {"A": 100}), Falabella(clock.now, {"A": 100})
    x = flow_context(journal, clock, erp=erp, channels={"shop": channel})
    x.gates.report("erp", [])
    await go_live(x, channel, ())
    clock.advance(10.0)
    for body in bodies:
        raw = json.dumps({"orderId": "o1", **body}).encode()
        await Intake(x).accept("shop.order", "shop", read_notice(raw, stock=False), raw, clock.now(), "trace")
    await OrderWorker(x).run_once()
    await ErpLane(x, erp).run_once()
    (work,) = await journal.get(["order:shop:o1"])
    assert work.state is State.SETTLED
    assert not erp.documents
    assert erp.stock == {"A": 100}
    await journal.close()
