"""A change that leaves no trace in Odoo's stock arrives by the full sweep (P3, P9)."""

from __future__ import annotations

from tests.e2e.stack import Stack, wait_for


def product(world: Stack, sku: str) -> int:
    return int(world.odoo.odoo("product.product", "search", [["default_code", "=", sku]])[0])


def test_another_recipe_of_a_kit_and_an_archived_product_are_noticed(world: Stack) -> None:
    world.up(ODOO_SWEEP_S="1")
    world.settles(SKU_00003=1000, SKU_00004=1000)
    wait_for("the catalogue is read", lambda: world.get("/listings", sku="SKU-00003")["items"])
    world.idle()
    told = world.odoo.state()["webhooks_sent"]

    kit, component, gone = (product(world, f"SKU-0000{n}") for n in (3, 4, 5))
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


def test_a_sku_of_two_products_is_frozen_and_listed_until_one_of_them_has_it(world: Stack) -> None:
    sku = "SKU-00006"
    world.up(ODOO_SWEEP_S="1")
    world.settles(SKU_00006=1000)
    wait_for("the catalogue is read", lambda: world.get("/listings", sku=sku)["items"])
    world.idle()
    first = product(world, sku)
    values = {"name": "twin", "default_code": sku, "type": "consu", "is_storable": True}
    twin = int(world.odoo.odoo("product.product", "create", values))
    world.listing_when("it is frozen", sku, lambda r: (r["state"], r["reason"]) == ("dead", "duplicate_sku"))
    found = world.get("/odoo/duplicates")
    assert found["items"] == [{"sku": sku, "productIds": [first, twin], "listedOn": ["falabella"]}]
    assert (found["total"], found["nextCursor"]) == (1, None)
    assert world.shown(sku) == 1000

    world.odoo.odoo("product.product", "write", [twin], {"default_code": "SKU-TWIN"})
    world.listing_when("it goes on by itself", sku, lambda r: r["state"] == "settled")
