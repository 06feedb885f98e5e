"""One listing that we cannot handle stops no other (P5)."""

from __future__ import annotations

import math

from orquestador.model.work import State, Work
from tests.unit.flows.test_push import Shop

MANY = [f"S{n:02}" for n in range(40)]


async def listed(shop: Shop) -> None:
    """Forty more listings that show what they should."""
    shop.channel.shown |= dict.fromkeys(MANY, 10)
    shop.erp.stock |= dict.fromkeys(MANY, 10)
    await shop.catalogue.run_once()
    await shop.pusher.run_once()
    assert shop.pushed == []


async def row(shop: Shop, sku: str) -> Work:
    (work,) = await shop.journal.get([f"listing:shop:{sku}"])
    return work


async def changed(shop: Shop, *skus: str) -> None:
    await shop.journal.touch([f"listing:shop:{sku}" for sku in skus], "test")
    shop.clock.advance(5.0)
    await shop.pusher.run_once()


async def test_a_listing_whose_decision_raises_does_not_stop_the_others(shop: Shop) -> None:
    await listed(shop)
    shop.erp.stock |= dict.fromkeys(MANY, 7)
    shop.erp.stock["S13"] = math.nan  # type: ignore[assignment]
    await changed(shop, *MANY)
    (sent,) = shop.pushed
    assert sent == dict.fromkeys(set(MANY) - {"S13"}, 7)
    bad = await row(shop, "S13")
    assert (bad.state, bad.reason) == (State.DEAD, "internal_error:ValueError")
    assert shop.context.counters["push_internal_errors"] == 1
    # A signal makes it be looked at again.
    shop.erp.stock["S13"] = 4
    await shop.confirm()
    await changed(shop, "S13")
    assert shop.pushed[1:] == [{"S13": 4}]


async def test_an_error_about_all_of_them_makes_few_dead_and_ends_the_step(shop: Shop) -> None:
    await listed(shop)
    shop.erp.stock |= dict.fromkeys(MANY, math.nan)  # type: ignore[arg-type]
    for _ in range(2):
        try:
            await changed(shop, *MANY)
        except ValueError:
            continue
        raise AssertionError("it ended well")
    states = [(await row(shop, sku)).state for sku in MANY]
    assert 0 < states.count(State.DEAD) <= 10
    shop.erp.stock |= dict.fromkeys(MANY, 7)
    await changed(shop, *MANY)
    assert shop.pushed == [dict.fromkeys(MANY, 7)]


async def test_a_listing_that_spoils_the_whole_push_is_found_by_smaller_ones(shop: Shop) -> None:
    """The channel refuses the call as a whole, and does not say for whose sake."""
    await listed(shop)
    shop.erp.stock |= dict.fromkeys(MANY, 7)
    shop.channel.spoils = {"S13"}
    await changed(shop, *MANY)
    for _ in range(30):
        shop.clock.advance(400.0)
        await shop.pusher.run_once()
        await shop.confirm()
    bad = await row(shop, "S13")
    assert bad.state is State.DEAD
    assert (bad.reason or "").startswith("refused:")
    shown = {sku for sku in MANY if shop.channel.shown[sku] == 7}
    assert shown == set(MANY) - {"S13"}
    for sku in shown:
        assert (await row(shop, sku)).state is State.SETTLED
