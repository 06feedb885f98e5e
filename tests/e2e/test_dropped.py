"""No webhook arrives at all: orders and cancellations are found by polling and by reading again (P9), in the
default intervals of the followed clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import Stack, wait_for

POLL_S, OVERLAP_S = 60.0, 900.0
REREAD_S = 6 * 3600.0


@pytest.fixture
def deaf(world: Stack) -> Iterator[Stack]:
    del world.env["ORDERS_POLL_S"]  # the default: 60 s
    with world.falabella.faulty(webhook_drop=True):
        world.up(CLOCK_URL=world.falabella.url)
        wait_for("the catalogue is read", lambda: world.get("/listings", sku="SKU-00001")["items"])
        world.idle()
        yield world


def test_everything_arrives_within_the_poll_interval(deaf: Stack) -> None:
    stays, leaves = deaf.sell(("SKU-00001", 2)), deaf.sell(("SKU-00002", 3))
    deaf.falabella.post("clock", {"advance_s": POLL_S})
    deaf.settles(SKU_00001=998, SKU_00002=997)
    deaf.set_status(leaves, "canceled")
    deaf.set_status(stays, "shipped")
    deaf.falabella.post("clock", {"advance_s": POLL_S})
    deaf.settles(SKU_00001=998, SKU_00002=1000)
    wait_for("shipped", lambda: deaf.order(stays)["order"]["lines"][0]["state"] == "shipped")
    assert deaf.falabella.state()["webhooks"]["delivered"] == 0


@embedded_only
def test_a_cancellation_that_the_list_does_not_show_arrives_within_six_hours(deaf: Stack) -> None:
    sku, other = "SKU-00003", "SKU-00004"
    order_id = deaf.sell((sku, 3))
    deaf.falabella.post("clock", {"advance_s": POLL_S})
    deaf.settles({sku: 997})
    for sold in (1, 2):  # two sweeps later the list begins behind this order
        deaf.sell((other, 1))
        deaf.falabella.post("clock", {"advance_s": OVERLAP_S + POLL_S})
        deaf.settles({other: 1000 - sold})
    with deaf.falabella.faulty(order_time_stays=True):
        deaf.set_status(order_id, "canceled")
        deaf.sell((other, 1))
        deaf.falabella.post("clock", {"advance_s": POLL_S})
        deaf.settles({other: 997})  # the list was read, and says nothing about it
        assert deaf.on_hand(sku) == 997
        deaf.falabella.post("clock", {"advance_s": REREAD_S})
        deaf.settles({sku: 1000})
