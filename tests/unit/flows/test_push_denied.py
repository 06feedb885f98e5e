"""Access denied: the account lacks the right, or one SKU of the push is not ours (falabella.md 1.6)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from orquestador.model.errors import AccessDenied
from orquestador.model.work import State
from tests.unit.flows.test_push import Shop
from tests.unit.flows.test_push_poison import MANY, changed, listed, row

FOREIGN = "S13"


async def test_one_foreign_sku_stops_no_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await listed(shop)
    push, calls = shop.channel.push, []

    async def picky(quantities: Mapping[str, int]) -> str:
        calls.append(len(quantities))
        if FOREIGN in quantities:
            raise AccessDenied("E009: Access Denied")
        return await push(quantities)

    monkeypatch.setattr(shop.channel, "push", picky)
    shop.erp.stock |= dict.fromkeys(MANY, 7)
    await shop.journal.touch([f"listing:shop:{sku}" for sku in MANY], "test")
    for _ in range(120):
        shop.clock.advance(60.0)
        try:
            await shop.pusher.run_once()
        except AccessDenied:
            continue
        await shop.confirm()
    assert {sku: shop.channel.shown[sku] for sku in MANY} == dict.fromkeys(MANY, 7) | {FOREIGN: 10}
    bad = await row(shop, FOREIGN)
    assert (bad.state, bad.reason) == (State.DEAD, "refused:rejected:E009: Access Denied")
    assert {(await row(shop, sku)).state for sku in set(MANY) - {FOREIGN}} == {State.SETTLED}
    assert len(calls) < 40


@pytest.mark.parametrize("before", [False, True], ids=["from the start", "taken away"])
async def test_a_missing_right_makes_nothing_dead_and_its_return_sends_all_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    await listed(shop)
    push = shop.channel.push
    if before:
        shop.erp.stock[MANY[0]] = 9
        await changed(shop, MANY[0])
        await shop.confirm()
    sent = len(shop.pushed)

    async def denied(quantities: Mapping[str, int]) -> str:
        raise AccessDenied("E009: Access Denied")

    monkeypatch.setattr(shop.channel, "push", denied)
    shop.erp.stock |= dict.fromkeys(MANY, 7)
    await shop.journal.touch([f"listing:shop:{sku}" for sku in MANY], "test")
    told = 0
    for _ in range(30):
        shop.clock.advance(60.0)
        try:
            await shop.pusher.run_once()
        except AccessDenied:
            told += 1
    assert told >= 20
    rows = [await row(shop, sku) for sku in MANY]
    assert not [work.ref for work in rows if work.state is State.DEAD]
    assert sum(work.attempts for work in rows) <= 8
    monkeypatch.setattr(shop.channel, "push", push)
    for _ in range(10):
        shop.clock.advance(600.0)
        await shop.pusher.run_once()
        await shop.confirm()
    assert {shop.channel.shown[sku] for sku in MANY} == {7}
    assert len(shop.pushed) - sent <= 3
