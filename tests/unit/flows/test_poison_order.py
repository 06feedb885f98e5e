"""One order that the channel refuses to tell about costs the others of its batch nothing (P5)."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from orquestador.model.errors import Rejected
from orquestador.model.orders import SeenOrder
from orquestador.model.work import ATTEMPTS_MAX, State
from tests.unit.flows.test_push import Shop


async def test_the_others_are_read_and_only_the_refused_one_is_for_a_person_at_last(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, calls = shop.channel.read_orders, []

    async def picky(order_ids: Sequence[str]) -> list[SeenOrder]:
        calls.append(len(order_ids))
        if "o13" in order_ids:
            raise Rejected("E021: OMS error", code="E021")
        return await read(order_ids)

    monkeypatch.setattr(shop.channel, "read_orders", picky)
    names = [f"o{n}" for n in range(40)]
    for name in names:
        shop.channel.sell(name, [("A", 0)])
    await shop.journal.touch([f"order:shop:{name}" for name in names], "test")
    await shop.worker.run_once()
    assert len(calls) <= 13
    works = {w.ref: w for w in await shop.journal.get([f"order:shop:{name}" for name in names])}
    assert [w.ref for w in works.values() if w.attempts or w.order is None] == ["o13"]
    for _ in range(ATTEMPTS_MAX):
        shop.clock.advance(3600.0)
        await shop.worker.run_once()
    works = {w.ref: w for w in await shop.journal.get([f"order:shop:{name}" for name in names])}
    dead = [w for w in works.values() if w.state is State.DEAD]
    assert [(w.ref, w.reason) for w in dead] == [("o13", "channel_refused:E021: OMS error")]
