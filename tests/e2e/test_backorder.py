"""Short stock left as a backorder, through HTTP: seen, told, never below zero, ended by people once (P2)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import Stack, wait_for
from tests.e2e.test_reserve import becomes, documents, ledger, shape_of, stock, time_passes

SERVICE = {"ODOO_SHORT_STOCK": "backorder"}
LEASED_S = 75.0
"""What was leased by a process that was killed is nobody's for half a minute."""


def sums(shop: Stack, order_id: str) -> tuple[int, int, int]:
    """(taken, of that held, of that waiting for stock) of a whole order."""
    lines = ledger(shop, order_id)
    return sum(t for t, _, _ in lines), sum(h for _, h, _ in lines), sum(w for _, _, w in lines)


def ledger_sums(shop: Stack, order_id: str, *wanted: int) -> None:
    try:
        wait_for("the ledger", lambda: sums(shop, order_id) == wanted)
    except AssertionError as e:
        raise AssertionError(f"wanted {wanted}, it is {sums(shop, order_id)}") from e


def alerts(shop: Stack, order_id: str) -> list[dict[str, Any]]:
    """At least one: logs are written a moment after what they tell."""

    def told() -> list[dict[str, Any]]:
        return [e for e in shop.logs(f"/logs/order/{order_id}") if e["action"] == "stock.oversold"]

    return wait_for(f"{order_id} is told as oversold", told)


def sold_short(shop: Stack, sku: str, there: int, units: int) -> str:
    """An order of `units` where only `there` are left; returns once both sides show it."""
    shop.odoo.post("move", {"sku": sku, "delta": there - 1000})
    order_id = shop.sell((sku, units))
    ledger_sums(shop, order_id, units, units - there, units - there)
    becomes(shop, sku, 0, 0)
    return order_id


def backorder(shop: Stack, order_id: str) -> str:
    """The name of the open document of this order."""
    (name,) = [
        p["name"]
        for p in shop.odoo.state()["pickings"]
        if p["origin"] == f"falabella/{order_id}/1" and p["state"] not in ("done", "cancel")
    ]
    return str(name)


def test_the_rest_leaves_when_it_comes_in(shop: Stack) -> None:
    sku = shop.sku()
    order_id = sold_short(shop, sku, 2, 5)
    assert sorted(state for _, state, _ in documents(shop, order_id)) == ["confirmed", "done"]
    assert shape_of(shop, order_id) == [("1", "backorder", "reserved")]
    (alert,) = alerts(shop, order_id)
    assert (alert["status"], alert["productSku"]) == ("error", sku)
    assert alert["response"] == {"skus": [sku], "waiting": 3.0}
    assert shop.feeds(sku)[-1] == 0
    # It comes in, and the warehouse sends it.
    shop.odoo.post("move", {"sku": sku, "delta": 10})
    rest = backorder(shop, order_id)
    (picking,) = shop.odoo.odoo("stock.picking", "search", [["name", "=", rest]])
    shop.odoo.odoo("stock.picking", "action_assign", [picking])
    shop.odoo.post("picking", {"name": rest, "action": "validate"})
    time_passes(shop)
    ledger_sums(shop, order_id, 5, 0, 0)
    becomes(shop, sku, 7, 7)
    assert shape_of(shop, order_id) == [("1", "backorder", "applied")]
    shop.idle()
    time_passes(shop)
    shop.idle()
    assert [state for _, state, _ in documents(shop, order_id)] == ["done", "done"]
    assert len(alerts(shop, order_id)) == 1
    becomes(shop, sku, 7, 7)


def test_nothing_there_leaves_nothing_and_a_cancellation_ends_it(shop: Stack) -> None:
    sku = shop.sku()
    order_id = sold_short(shop, sku, 0, 2)
    assert [(n, state) for n, state, _ in documents(shop, order_id)] == [("1", "confirmed")]
    shop.set_status(order_id, "canceled")
    ledger_sums(shop, order_id, 0, 0, 0)
    shop.order_is(order_id, "settled")
    assert [(n, state) for n, state, _ in documents(shop, order_id)] == [("1", "cancel")]
    shop.odoo.post("move", {"sku": sku, "delta": 4})
    becomes(shop, sku, 4, 4)


def test_after_a_part_left_a_cancellation_gives_back_what_left(shop: Stack) -> None:
    sku = shop.sku()
    order_id = sold_short(shop, sku, 2, 3)
    shop.set_status(order_id, "canceled")
    becomes(shop, sku, 2, 2)
    shop.order_is(order_id, "settled")
    assert sums(shop, order_id) == (0, 0, 0)
    assert sorted(state for _, state, _ in documents(shop, order_id)) == ["cancel", "done", "done"]


@pytest.mark.parametrize("answer", ["retry", "discard"])
@embedded_only
def test_a_backorder_that_a_person_cancels_is_for_a_person(shop: Stack, answer: str) -> None:
    sku = shop.sku()
    order_id = sold_short(shop, sku, 2, 5)
    shop.odoo.post("picking", {"name": backorder(shop, order_id), "action": "cancel"})
    time_passes(shop)
    shop.order_is(order_id, "dead", "cancelled_in_erp")
    assert sums(shop, order_id) == (2, 0, 0)
    # What is still sold is not offered, whatever comes in.
    shop.odoo.post("move", {"sku": sku, "delta": 10})
    becomes(shop, sku, 10, 10, 7)
    assert shop.cli("work", answer, f"order:falabella:{order_id}").returncode == 0
    shop.order_is(order_id, "settled")
    if answer == "retry":
        becomes(shop, sku, 7, 7)
        assert sums(shop, order_id) == (5, 0, 0)
        assert ("2", "done") in [(n, state) for n, state, _ in documents(shop, order_id)]
    else:
        becomes(shop, sku, 10, 10)
    shop.idle()
    assert len(alerts(shop, order_id)) == 1


def test_killed_on_the_way_it_is_finished_once(world: Stack) -> None:
    world.env["CLOCK_URL"] = world.falabella.url
    world.env |= SERVICE
    world.up()
    part, none = world.sku(), world.sku()
    world.set_stock(part, 3)
    world.set_stock(none, 0)
    world.settles({part: 3, none: 0})
    with world.odoo.faulty(commit_then_timeout=2):
        order_id = world.sell((part, 5), (none, 2))
        wait_for("it is under way", lambda: documents(world, order_id))
        world.kill()
    world.up(ODOO_SHORT_STOCK="record")  # a changed setting is for new orders: this one keeps its own
    ledger_sums(world, order_id, 7, 4, 4)
    wait_for("nothing is offered", lambda: stock(world, part) == stock(world, none) == (0, 0, 0), LEASED_S)
    world.idle()
    assert sorted(state for _, state, _ in documents(world, order_id)) == ["confirmed", "done"]
    assert shape_of(world, order_id) == [("1", "backorder", "reserved")]
    assert [alert["response"] for alert in alerts(world, order_id)] == [
        {"skus": [part, none], "waiting": 4.0}
    ]
    world.set_status(order_id, "canceled")
    becomes(world, part, 3, 3)
    becomes(world, none, 0, 0)
    assert sums(world, order_id) == (0, 0, 0)
