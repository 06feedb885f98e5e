"""What a status webhook lets us wait for (falabella.md 7.2)."""

from __future__ import annotations

import pytest

from orquestador.channels.falabella.announced import announcements
from orquestador.channels.falabella.webhook import read_notice
from orquestador.model.orders import Announcement, LineState
from orquestador.ports import Receipt


def receipt(body: bytes) -> Receipt:
    notice = read_notice(body, stock=False)
    return Receipt(1, "r", "falabella", "falabella.order", body, 50.0, notice, "t", ())


@pytest.mark.parametrize("key", ["OrderItemIds", "OrderItemsId"])
def test_a_status_event_announces_its_items(key: str) -> None:
    body = b'{"event":"onOrderItemsStatusChanged","payload":{"OrderId":1,"%s":[2,3],"NewStatus":"Canceled"}}'
    told = announcements([receipt(body % key.encode())])
    assert told == [Announcement(("2", "3"), LineState.CANCELLED, 50.0)]


@pytest.mark.parametrize(
    "body",
    [
        b'{"event":"onOrderCreated","payload":{"OrderId":1}}',
        b'{"event":"onOrderItemsStatusChanged","payload":{"OrderId":1,"NewStatus":"mystery"}}',
        b'{"event":"onOrderItemsStatusChanged","payload":{"OrderId":1,"NewStatus":7}}',
        b'{"orderId":"A","products":[{"sku":"S","quantity":1}],"status":"canceled",'
        b'"timestamp":"2026-11-24T10:00:00Z"}',
    ],
)
def test_nothing_else_announces_anything(body: bytes) -> None:
    assert announcements([receipt(body)]) == []
