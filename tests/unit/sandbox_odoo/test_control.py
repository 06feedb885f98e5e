"""The control API: state, reset, and a person's movements."""

from __future__ import annotations

import pytest

from tests.unit.sandbox_odoo.client import Odoo
from tests.unit.sandbox_odoo.receiver import receiving

A = "SKU-00001"


def test_the_state_shows_stock_pickings_and_counts(odoo: Odoo) -> None:
    odoo.set_stock(A, 3)
    picking = odoo.create("ch/1/1", odoo.line(A, 5), odoo.line("SKU-00002", 1))
    odoo.validate(picking)
    odoo.call("stock.picking", "action_confirm", [odoo.create("ch/2/1", odoo.line("SKU-00003", 4))])
    state = odoo.state()
    assert state["version"] == odoo.version
    assert len(state["stock"]) == 6
    assert state["stock"][A] == {"on_hand": 0.0, "reserved": 0.0, "free": 0.0}
    assert state["stock"]["SKU-00003"] == {"on_hand": 1000.0, "reserved": 4.0, "free": 996.0}
    first, rest, second = state["pickings"]
    assert {key: first[key] for key in ("id", "name", "origin", "state", "type", "backorder_id")} == {
        "id": picking,
        "name": "ch/1/1",
        "origin": "ch/1/1",
        "state": "done",
        "type": "outgoing",
        "backorder_id": None,
    }
    assert first["moves"] == [
        {"sku": A, "demand": 3.0, "quantity": 3.0, "state": "done"},
        {"sku": "SKU-00002", "demand": 1.0, "quantity": 1.0, "state": "done"},
    ]
    assert (rest["backorder_id"], rest["origin"], rest["state"]) == (picking, "ch/1/1", "confirmed")
    assert (second["name"], second["state"]) == ("ch/2/1", "assigned")
    assert state["calls"]["stock.picking.create"] == 2
    assert state["calls"]["stock.picking.button_validate"] == 1


def test_reset_brings_the_first_day_back(odoo: Odoo) -> None:
    odoo.validate(odoo.create("ch/1/1", odoo.line(A, 5)))
    odoo.control("reset")
    state = odoo.state()
    assert (state["pickings"], state["calls"], state["webhooks_sent"]) == ([], {}, 0)
    assert state["stock"][A]["on_hand"] == 1000.0
    assert odoo.create("ch/1/1", odoo.line(A, 5))


@pytest.mark.parametrize(("delta", "kind"), [(-7, "outgoing"), (7, "incoming"), (-1200, "outgoing")])
def test_a_manual_movement_is_a_done_picking_and_calls_the_webhook(odoo: Odoo, delta: int, kind: str) -> None:
    with receiving() as receiver:
        odoo.control("webhook", url=receiver.url)
        answer = odoo.control("move", sku=A, delta=delta)
        assert receiver.bodies[-1]["quantity"] == 1000.0 + delta
    assert (answer["on_hand"], answer["free"]) == (1000.0 + delta, 1000.0 + delta)
    (picking,) = odoo.state()["pickings"]
    assert (picking["id"], picking["type"], picking["state"]) == (answer["picking_id"], kind, "done")
    assert picking["moves"][0]["quantity"] == abs(delta)
    assert odoo.state()["webhooks_sent"] == len(receiver.bodies)


@pytest.mark.parametrize("body", [{"sku": "NOPE", "delta": 1}, {"sku": A, "delta": 0}, {"sku": A}, [1]])
def test_a_movement_that_makes_no_sense_is_refused(odoo18: Odoo, body: object) -> None:
    assert odoo18.http.post("/_sandbox/move", json=body).status_code == 422
    assert odoo18.state()["pickings"] == []
