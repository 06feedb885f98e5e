"""What was sold before go-live is history (design §6.2)."""

from __future__ import annotations

from typing import Any

import pytest

from orquestador.model.golive import GoLive
from orquestador.model.orders import Direction, Effect, Line, LineState, Order, Owner

LINE = Line("1", "A", 1, LineState.COMMITTED, LineState.COMMITTED, "pending", Owner.SELLER, taken=1)
GO = GoLive(since=1000.7, known=("old",))


def api(order_id: str = "new", created_at: float = 1000.0, **more: Any) -> Order:
    return Order(channel="ch", order_id=order_id, first_seen_at=1001.0, created_at=created_at, **more)


@pytest.mark.parametrize(
    ("order", "history"),
    [
        (api(created_at=999.0), True),
        (api(created_at=1001.0), False),
        # Channels date in whole seconds: the second of go-live is settled by what was listed then.
        (api("old", created_at=1000.0), True),
        (api("new", created_at=1000.0), False),
        (api(created_at=999.0, take_anyway=True), False),
        (api(created_at=999.0, effects=(Effect(1, "k", Direction.OUT, (), 1.0),)), False),
        # Adopted from a body that came after go-live: what was taken must be able to go back.
        (api(created_at=999.0, lines=(LINE,)), False),
        (Order(channel="ch", order_id="b", first_seen_at=1000.6, body_backed=True, created_at=2000.0), True),
        (Order(channel="ch", order_id="b", first_seen_at=1000.8, body_backed=True), False),
    ],
)
def test_is_history(order: Order, history: bool) -> None:
    assert GO.is_history(order) is history
