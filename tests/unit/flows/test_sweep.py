"""The full sweep finds what neither a webhook nor the cursor told, in pages, by the clock it is given."""

from __future__ import annotations

import pytest

from orquestador.flows import walk
from orquestador.flows.hints import Hints
from orquestador.flows.runner import Runner
from orquestador.flows.sweep import ErpSweep
from orquestador.model.errors import Unavailable
from orquestador.model.work import State
from orquestador.ports import Process, ProcessRole
from tests.fakes.wait import eventually
from tests.unit.flows.test_push import Shop


def unseen(shop: Shop, sku: str, delta: int) -> None:
    """A change that Odoo tells nobody about."""
    shop.erp.move_by_hand(sku, delta)
    shop.erp.changed.clear()


async def state_of(shop: Shop, sku: str) -> tuple[State, str | None]:
    work = (await shop.journal.listings_for([sku]))[0]
    return work.state, work.listing.why


async def test_only_what_changed_is_looked_at_again(shop: Shop) -> None:
    await shop.pusher.run_once()
    assert await ErpSweep(shop.context, shop.erp).run_once() == 0
    unseen(shop, "A", -3)
    assert await ErpSweep(shop.context, shop.erp).run_once() == 1
    assert [(await state_of(shop, sku))[0] for sku in "AB"] == [State.DUE, State.SETTLED]
    await shop.pusher.run_once()
    await shop.confirm()
    assert shop.pushed == [{"A": 7}]
    assert await ErpSweep(shop.context, shop.erp).run_once() == 0


async def test_a_number_that_changed_during_its_job_is_looked_at_after_it(shop: Shop) -> None:
    await shop.pusher.run_once()
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    unseen(shop, "A", -1)
    assert await ErpSweep(shop.context, shop.erp).run_once() == 1
    await shop.confirm()
    await shop.pusher.run_once()
    assert shop.pushed == [{"A": 7}, {"A": 6}]


async def test_a_product_that_is_gone_or_back_is_noticed(shop: Shop) -> None:
    await shop.pusher.run_once()
    units = shop.erp.stock.pop("A")
    assert await ErpSweep(shop.context, shop.erp).run_once() == 1
    await shop.pusher.run_once()
    assert await state_of(shop, "A") == (State.SETTLED, "unknown_sku")
    assert await ErpSweep(shop.context, shop.erp).run_once() == 0
    shop.erp.stock["A"] = units
    assert await ErpSweep(shop.context, shop.erp).run_once() == 1
    await shop.pusher.run_once()
    assert await state_of(shop, "A") == (State.SETTLED, None)


async def test_it_reads_in_pages_and_goes_on_where_an_outage_cut_it_off(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "PAGE", 1)
    await shop.pusher.run_once()
    for sku in "AB":
        unseen(shop, sku, -1)
    asked: list[list[str]] = []
    answers = shop.erp.availability

    async def availability(skus, scope):  # type: ignore[no-untyped-def]
        asked.append(list(skus))
        if len(asked) == 2:
            raise Unavailable("the ERP is away")
        return await answers(skus, scope)

    monkeypatch.setattr(shop.erp, "availability", availability)
    full = ErpSweep(shop.context, shop.erp)
    with pytest.raises(Unavailable):
        await full.run_once()
    assert await full.run_once() == 2
    assert [len(skus) for skus in asked] == [1, 1, 1]
    assert asked[1] == asked[2] != asked[0]


async def test_the_clock_says_when(shop: Shop) -> None:
    await shop.pusher.run_once()
    runner = Runner(shop.context, Hints(shop.context, shop.erp), Process("test", ProcessRole.ALL, "0", 0.0))
    x, clock = shop.context, shop.clock
    full = ErpSweep(x, shop.erp)
    runner._timed("sweep:erp", runner._poll("erp", full.run_once, x.settings.erp_sweep_s))
    await eventually(lambda: x.counters.get("sweeps") == 1)
    await eventually(lambda: clock.sleepers == 1)
    unseen(shop, "A", -3)
    clock.advance(x.settings.erp_sweep_s - 1)
    await runner._modes()
    assert x.counters["sweeps"] == 1
    clock.advance(1)
    await eventually(lambda: x.counters.get("sweeps") == 2)
    assert (await state_of(shop, "A"))[0] is State.DUE
    await runner.stop()
