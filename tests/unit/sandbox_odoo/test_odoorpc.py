"""A client that somebody else wrote logs in and reads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import odoorpc
import pytest

from tests.unit.sandbox_odoo.client import Odoo


def _login(odoo: Odoo) -> Any:
    address = urlsplit(odoo.url)
    client = odoorpc.ODOO(address.hostname, port=address.port)
    client.login("sandbox", "admin", "admin")
    return client


def test_odoorpc_logs_in_and_reads_a_product(odoo: Odoo) -> None:
    client = _login(odoo)
    assert client.version.startswith(str(odoo.version))
    assert client.env.uid == 2
    assert client.env.context["lang"] == "en_US"
    products = client.env["product.product"]
    found = products.search([("default_code", "=", "SKU-00001")])
    product = products.browse(found[0])
    assert (product.default_code, product.free_qty) == ("SKU-00001", 1000.0)
    assert product.uom_id.name == "Units"
    assert products.with_context(location=999).browse(found[0]).free_qty == 0.0


def test_odoorpc_walks_from_a_picking_to_its_moves(odoo: Odoo) -> None:
    client = _login(odoo)
    picking_id = odoo.create("ch/1/1", odoo.line("SKU-00001", 2))
    picking = client.env["stock.picking"].browse(picking_id)
    assert [(move.product_id.default_code, move.product_uom_qty) for move in picking.move_ids] == [
        ("SKU-00001", 2.0)
    ]
    client.env["stock.picking"].button_validate([picking_id])
    assert client.env["stock.picking"].browse(picking_id).state == "done"


def test_odoorpc_sees_faults_as_errors(odoo: Odoo) -> None:
    client = _login(odoo)
    with pytest.raises(odoorpc.error.RPCError):
        client.execute("no.such.model", "search", [])
    with pytest.raises(odoorpc.error.RPCError):
        odoorpc.ODOO(urlsplit(odoo.url).hostname, port=urlsplit(odoo.url).port).login(
            "sandbox", "admin", "wrong"
        )
