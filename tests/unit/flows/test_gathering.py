"""Which calls are spent and which are kept, and what a listing says while it waits (design §7.6-7.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from orquestador.flows.poll import CataloguePoll
from orquestador.model.brakes import Limits
from orquestador.model.budget import BudgetSpec
from orquestador.model.errors import RateLimited
from orquestador.model.work import Kind, State, Work
from orquestador.ports import Mark, WorkQuery
from tests.unit.flows.test_push import Shop

SCARCE = BudgetSpec(burst=10, interval_s=120.0, per_day=770)
MANY = [f"S{n}" for n in range(12)]


@pytest.fixture
async def scarce(shop: Shop) -> Shop:
    """Ten calls, then one per two minutes; five SKUs a call; 14 listings."""
    shop.channel.budget, shop.channel.max_batch = SCARCE, 5
    shop.context.settings = replace(shop.context.settings, brakes=Limits(listings=1000))
    shop.erp.stock |= dict.fromkeys(MANY, 10)
    shop.channel.shown |= dict.fromkeys(MANY, 10)
    await CataloguePoll(shop.context, shop.channel).run_once()
    while await shop.pusher.run_once():
        pass
    assert shop.pushed == []
    return shop


async def move(shop: Shop, **units: int) -> None:
    for sku, by in units.items():
        shop.erp.move_by_hand(sku, by)
    await shop.journal.mark([Mark(sku, "test") for sku in units])
    while await shop.pusher.run_once():
        pass


async def row(shop: Shop, sku: str) -> Work:
    rows, _ = await shop.journal.find(WorkQuery(kind=Kind.LISTING, sku=sku))
    return rows[0]


async def spend(shop: Shop, left: int) -> None:
    """Until so many calls are left."""
    for n in range(SCARCE.burst - left):
        await move(shop, **{MANY[n]: -10})
    shop.clock.advance(0.5)
    assert (await shop.journal.budget("shop", SCARCE)).tokens == pytest.approx(left, abs=0.1)


async def test_an_ordinary_change_leaves_the_kept_calls_alone_and_says_until_when(scarce: Shop) -> None:
    await spend(scarce, left=2)
    sent = len(scarce.pushed)
    await move(scarce, A=-1)
    waiting = await row(scarce, "A")
    assert (waiting.state, waiting.reason, waiting.listing.why) == (
        State.WAITING,
        "kept_for_urgent",
        "kept_for_urgent",
    )
    assert len(scarce.pushed) == sent
    scarce.clock.advance(waiting.due_at - scarce.clock.now() - 1.0)
    await scarce.pusher.run_once()
    assert len(scarce.pushed) == sent
    scarce.clock.advance(1.0)
    await scarce.pusher.run_once()
    assert scarce.pushed[sent:] == [{"A": 9}]


async def test_what_sells_out_uses_a_kept_call_and_takes_along_whoever_waits(scarce: Shop) -> None:
    await spend(scarce, left=2)
    sent = len(scarce.pushed)
    await move(scarce, A=-1, S11=-2)
    await move(scarce, B=-10)
    assert scarce.pushed[sent:] == [{"B": 0, "A": 9, "S11": 8}]
    assert (await row(scarce, "A")).listing.job_id is not None


async def test_what_comes_back_in_stock_is_not_gathered(scarce: Shop) -> None:
    await spend(scarce, left=5)
    await scarce.confirm()
    sent = len(scarce.pushed)
    await move(scarce, A=-1)
    assert (await row(scarce, "A")).reason == "coalescing"
    await move(scarce, S0=+4)
    assert scarce.pushed[sent:] == [{"S0": 4, "A": 9}]


async def test_a_full_batch_gains_nothing_by_waiting(scarce: Shop) -> None:
    await spend(scarce, left=5)
    sent = len(scarce.pushed)
    await move(scarce, A=-1, B=-1, S10=-1, S11=-1)
    assert len(scarce.pushed) == sent
    await move(scarce, S9=-1)
    assert [len(p) for p in scarce.pushed[sent:]] == [5]


async def test_who_stands_behind_a_whole_batch_waits_for_a_later_call(scarce: Shop) -> None:
    await spend(scarce, left=0)
    await scarce.confirm()
    waits_from = scarce.clock.now()
    await move(scarce, **dict.fromkeys(MANY[:8], +9))
    times = sorted([(await row(scarce, sku)).due_at for sku in MANY[:8]])
    # What comes back stands in front; the others follow a batch for each call.
    assert times[0] == times[-1]
    await move(scarce, A=-1, B=-1, S8=-1, S9=-1, S10=-1, S11=-1)
    later = sorted([(await row(scarce, sku)).due_at for sku in ("A", "B", "S8", "S9", "S10", "S11")])
    assert later[-1] > times[-1] + SCARCE.interval_s - 1
    assert times[0] > waits_from
    for _ in range(12):
        scarce.clock.advance(121.0)
        scarce.channel.feeds_run()
        await scarce.follower.run_once()
        while await scarce.pusher.run_once():
            pass
    scarce.channel.feeds_run()
    assert scarce.channel.shown == {sku: max(0, n) for sku, n in scarce.erp.stock.items()}


async def test_another_tool_of_the_seller_slows_us_down_and_we_recover(
    scarce: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 429 empties the bucket and doubles the interval up to ten minutes; each success halves it back."""
    push, refuse, refused = scarce.channel.push, True, 0

    async def other_tool(quantities: Mapping[str, int]) -> str:
        nonlocal refused
        if refuse:
            refused += 1
            raise RateLimited("E429")
        return await push(quantities)

    monkeypatch.setattr(scarce.channel, "push", other_tool)
    await move(scarce, A=-10)
    intervals = []
    for _ in range(4):
        budget = await scarce.journal.budget("shop", SCARCE)
        intervals.append(budget.interval_s)
        calls = refused
        waiting = await row(scarce, "A")
        assert waiting.reason == "budget"
        assert waiting.due_at == pytest.approx(scarce.clock.now() + budget.interval_s)
        scarce.clock.advance(budget.interval_s - 1.0)
        await scarce.pusher.run_once()
        assert refused == calls
        scarce.clock.advance(1.0)
        await scarce.pusher.run_once()
        assert refused == calls + 1
        await scarce.pusher.run_once()  # the refused number is due again, and finds the bucket empty
    assert intervals == [240.0, 480.0, 600.0, 600.0]
    refuse, healed = False, []
    for n in range(3):
        scarce.clock.advance(601.0)
        await move(scarce, **{MANY[n]: -10})
        scarce.channel.feeds_run()
        await scarce.follower.run_once()
        healed.append((await scarce.journal.budget("shop", SCARCE)).interval_s)
    assert healed == [300.0, 150.0, 120.0]
    assert scarce.channel.shown["A"] == 0
