"""What those who watch are told, and what not."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from orquestador.broadcast.local import LocalBroadcast
from orquestador.flows import operator, pause
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.events import News
from orquestador.flows.movements import MovementDesk
from orquestador.flows.upkeep import Checks
from orquestador.model.orders import Direction, ManualMovement
from orquestador.ports import Finding, Listener
from tests.unit.flows.test_push import Shop


@pytest.fixture
async def listener(shop: Shop) -> Listener:
    await shop.pusher.run_once()
    shop.context.broadcast = LocalBroadcast(shop.clock)
    return await shop.context.broadcast.listen()


async def told(listener: Listener) -> list[tuple[str, Any]]:
    return [(e.topic, dict(e.facts)) for e in await listener.take(0)]


async def test_an_order_on_its_way(shop: Shop, listener: Listener) -> None:
    await shop.order("o1", "A", 4)
    row = {"id": "order:shop:o1", "channel": "shop", "ref": "o1", "skus": ["A"]}
    assert await told(listener) == [("order", {**row, "state": "waiting", "reason": "erp"})]
    await ErpLane(shop.context, shop.erp).run_once()
    assert await told(listener) == [("order", {**row, "state": "settled", "reason": None})]


async def test_a_push_and_its_end(shop: Shop, listener: Listener) -> None:
    shop.erp.move_by_hand("A", -3)
    await shop.changed("A")
    ((topic, sent),) = await told(listener)
    assert (topic, sent["state"], sent["records"], sent["skus"]) == ("job", "sending", 1, ["A"])
    await shop.confirm()
    listing, done = await told(listener)
    assert (listing[0], listing[1]["ref"], listing[1]["state"]) == ("listing", "A", "settled")
    assert done == ("job", {**sent, "state": "done"})


async def test_a_look_that_changes_nothing_is_not_told(shop: Shop, listener: Listener) -> None:
    await shop.changed("A")
    await told(listener)
    await shop.changed("A")
    assert await told(listener) == []


async def test_a_note_of_a_person_is_not_told(shop: Shop, listener: Listener) -> None:
    await operator.discard(shop.context, "listing:shop:A", "by hand: ask Ana")
    assert [facts["reason"] for _, facts in await told(listener)] == ["settled_by_person"]


async def test_news_is_what_looks_different_or_was_saved_elsewhere_meanwhile(shop: Shop) -> None:
    (row,) = await shop.journal.get(["listing:shop:A"])
    news = News(size=2)
    assert news.is_new(row)
    assert not news.is_new(replace(row, rev=row.rev + 1, due_at=row.due_at + 60))
    assert news.is_new(replace(row, rev=row.rev + 2, doc=replace(row.listing, wanted=3)))
    # Another process saved it in between, and what it told is not what is here now.
    assert news.is_new(replace(row, rev=row.rev + 4, doc=replace(row.listing, wanted=3)))
    for n in range(2):
        assert news.is_new(replace(row, id=f"other-{n}"))
    assert news.is_new(replace(row, rev=row.rev + 5, doc=replace(row.listing, wanted=3)))  # forgotten


async def test_a_refused_movement(shop: Shop, listener: Listener) -> None:
    movement = ManualMovement("k", "NOPE", Direction.OUT, 3, "count for Ana", "hash")
    asking = asyncio.ensure_future(MovementDesk(shop.context).ask(movement))
    lane = ErpLane(shop.context, shop.erp)
    while not await lane.run_once():
        await asyncio.sleep(0)
    await asking
    row = {"id": "movement:manual:k", "channel": "manual", "ref": "k", "skus": ["NOPE"]}
    events = await told(listener)
    assert events == [
        ("movement", {**row, "state": "waiting", "reason": None}),
        ("movement", {**row, "state": "settled", "reason": "unknown_sku"}),
    ]
    assert "Ana" not in json.dumps(events)


async def test_a_finding_comes_and_goes(shop: Shop, listener: Listener) -> None:
    checks = Checks(shop.context, "shop")
    await checks.run_once()
    assert await told(listener) == []
    shop.context.gates.report("shop", [Finding("shop.unreachable", "error", {"detail": "x"}, "shop")])
    await checks.run_once()
    well = {"upstream": "shop", "codes": [], "stopped": False}
    assert await told(listener) == [("findings", well)]


async def test_the_emergency_stop(shop: Shop, listener: Listener) -> None:
    await pause.pause(shop.context, "Ana said so", "ana")
    await pause.resume(shop.context, "ana")
    assert await told(listener) == [("pause", {"paused": True}), ("pause", {"paused": False})]


async def test_a_retry(shop: Shop, listener: Listener) -> None:
    await operator.retry(shop.context, "listing:shop:A")
    assert [(t, f["state"]) for t, f in await told(listener)] == [("listing", "due")]
