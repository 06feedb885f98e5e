"""Both flows on the other versions of Odoo, and over its other API; all else runs on 18."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.stack import Shape, Stack


class On17(Stack):
    odoo_version = 17


class On19(Stack):
    odoo_version = 19


@pytest.mark.parametrize(
    ("kind", "env", "api"),
    [(On17, {}, "JSON-RPC"), (On19, {"ODOO_API_KEY": "admin"}, "JSON-2")],
    ids=["17", "19-key"],
)
def test_a_sale_leaves_and_a_change_arrives(
    tmp_path: Path, kind: type[Stack], env: dict[str, str], api: str
) -> None:
    shop = kind(tmp_path, Shape.EMBEDDED, **env)
    try:
        shop.up()
        sold, moved = shop.sku(), shop.sku()
        order_id = shop.sell((sold, 3))
        shop.settles({sold: 997})
        shop.set_status(order_id, "canceled")
        shop.settles({sold: 1000})
        shop.odoo.post("move", {"sku": moved, "delta": -40})
        shop.settles({moved: 960})
        found = {f["code"]: f for f in json.loads(shop.cli("doctor", "--json").stdout)["findings"]}
        assert found["odoo.api"]["facts"]["api"] == api
    finally:
        shop.close()
