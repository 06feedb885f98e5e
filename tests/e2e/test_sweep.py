"""A change that leaves no trace in Odoo's stock arrives by the full sweep (P3, P9)."""

from __future__ import annotations

from tests.e2e.stack import Stack, wait_for


def test_another_recipe_of_a_kit_and_an_archived_product_are_noticed(world: Stack) -> None:
    world.up(ODOO_SWEEP_S="1")
    world.settles(SKU_00003=1000, SKU_00004=1000)
    wait_for("the catalogue is read", lambda: world.get("/listings", sku="SKU-00003")["items"])
    world.idle()
    told = world.odoo.state()["webhooks_sent"]

    def product(sku: str) -> int:
        return int(world.odoo.odoo("product.product", "search", [["default_code", "=", sku]])[0])

    kit, component, gone = (product(f"SKU-0000{n}") for n in (3, 4, 5))
    template = world.odoo.odoo("product.product", "read", [kit], ["product_tmpl_id"])[0]["product_tmpl_id"][0]
    line = [0, 0, {"product_id": component, "product_qty": 4}]
    recipe = {"product_tmpl_id": template, "type": "phantom", "bom_line_ids": [line]}
    world.odoo.odoo("mrp.bom", "create", recipe)
    world.settles(SKU_00003=250, SKU_00004=1000)

    world.odoo.odoo("product.product", "write", [gone], {"active": False})
    world.listing_when("it says why", "SKU-00005", lambda r: r["listing"]["why"] == "archived_sku")
    world.odoo.odoo("product.product", "write", [gone], {"active": True})
    world.listing_when("it is back", "SKU-00005", lambda r: r["listing"]["why"] is None)
    assert world.odoo.state()["webhooks_sent"] == told
