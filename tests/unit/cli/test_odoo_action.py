"""`orquestador odoo install-action`: shown, made once, refused with a remedy, removed."""

from __future__ import annotations

import httpx2

from orquestador.sandbox.odoo.core import Options
from orquestador.sandbox.odoo.server import running
from tests.unit.cli.support import Shop
from tests.unit.sandbox_odoo.client import Odoo


def test_it_is_shown_whole_and_nothing_is_asked(shop: Shop) -> None:
    shown = shop.run("odoo", "install-action", "--print", APP_LANG="es")
    assert shown.code == 0
    for what in ("Orquestador accelerator", "stock.picking", "env.cr.savepoint()", "A mano"):
        assert what in shown.out, what
    found = shop.run("odoo", "install-action", "--print", "--json", PREFIX="a-").json["action"]
    assert (found["name"], found["state"]) == ("Orquestador accelerator [a-]", "code")


def test_without_odoo_it_says_what_is_missing(shop: Shop) -> None:
    refused = shop.run("odoo", "install-action")
    assert refused.code == 1
    assert "ODOO_URL" in refused.err


def test_it_is_made_once_refused_to_others_and_removed(shop: Shop) -> None:
    with running(Options(seed_catalog=1)) as sandbox:
        odoo = {"ODOO_DB": "sandbox", "ODOO_USERNAME": "admin", "ODOO_PASSWORD": "admin"}
        env = {"ODOO_URL": sandbox.url, **odoo}
        changes = [shop.run("odoo", "install-action", "--json", **env).json["actions"] for _ in range(2)]
        assert [[a["change"] for a in done] for done in changes] == [["created"], ["unchanged"]]
        codes = [f["code"] for f in shop.run("doctor", "--json", **env).json["findings"]]
        assert "odoo.accelerator_ready" in codes
        off = shop.run("doctor", "--json", ODOO_ACCELERATOR="off", **env).json["findings"]
        assert not [f for f in off if f["code"].startswith("odoo.accelerator")]
        removed = shop.run("odoo", "install-action", "--remove", **env)
        assert (removed.code, removed.err) == (0, "")
        assert shop.run("odoo", "install-action", "--remove", "--json", **env).json == {"actions": []}
        with httpx2.Client(base_url=sandbox.url, trust_env=False) as http:
            Odoo(sandbox.url, 18, http).call("res.users", "write", [2], {"groups_id": [[6, 0, []]]})
        refused = shop.run("odoo", "install-action", **env)
        assert refused.code == 1
        assert "admin is no administrator" in refused.err
        assert "--print" in refused.err
