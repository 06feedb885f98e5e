"""The rule that `orquestador odoo webhook --install` makes in Odoo is heard here, until `uninstall`."""

from __future__ import annotations

import json

from tests.e2e.stack import SECRET, Stack


def receipts(world: Stack) -> int:
    return int(world.get("/status")["receipts"])


def test_a_stock_change_in_odoo_is_heard_by_the_installed_rule_alone(world: Stack) -> None:
    sku, other = "SKU-00001", "SKU-00002"
    world.env |= {"ODOO_POLL_S": "7200", "PUBLIC_URL": world.url}
    world.odoo.post("webhook", {"url": None})
    world.up()
    world.settles(SKU_00001=1000)
    before = receipts(world)

    said = world.cli("odoo", "webhook", "--install", "--json")
    assert said.returncode == 0, said.stderr
    made = json.loads(said.stdout)
    assert made["installed"]["change"] == "created"
    assert SECRET not in said.stdout + said.stderr
    assert json.loads(world.cli("odoo", "webhook", "--install", "--json").stdout)["installed"] == {
        "id": made["installed"]["id"],
        "change": "unchanged",
    }
    world.odoo.post("move", {"sku": sku, "delta": -7})
    world.settles(SKU_00001=993)
    assert receipts(world) > before

    listed = json.loads(world.cli("uninstall", "--yes", "--json").stdout)["items"]
    assert [(i["system"], i["id"], i["removed"]) for i in listed if i["system"] == "odoo"] == [
        ("odoo", f"odoo:{made['installed']['id']}", True)
    ]
    assert world.odoo.odoo("base.automation", "search", []) == []
    assert world.odoo.odoo("ir.actions.server", "search", []) == []
    calls = world.odoo.state()["webhooks_sent"]
    world.odoo.post("move", {"sku": other, "delta": -1})
    assert world.odoo.state()["webhooks_sent"] == calls
