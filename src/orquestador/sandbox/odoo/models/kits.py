"""Phantom bills of materials: kits are sold as one product and leave as their components (odoo.md 5.4)."""

from __future__ import annotations

from typing import ClassVar

from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.orm import Model
from orquestador.sandbox.odoo.store import Row


class MrpBom(Model):
    """Bills of materials; only the `phantom` ones matter here."""

    name = "mrp.bom"
    fields: ClassVar[dict[str, Field]] = {
        "code": Field("char"),
        "active": Field("boolean", default=True),
        "product_tmpl_id": Field("many2one", "product.template", required=True, index=True),
        "product_id": Field("many2one", "product.product"),
        "product_qty": Field("float", default=1.0),
        "type": Field("selection", default="normal", selection=("normal", "phantom")),
        "company_id": Field("many2one", "res.company", default=1),
        "bom_line_ids": Field("one2many", "mrp.bom.line", inverse="bom_id"),
    }


class MrpBomLine(Model):
    """Components of a bill of materials."""

    name = "mrp.bom.line"
    fields: ClassVar[dict[str, Field]] = {
        "bom_id": Field("many2one", "mrp.bom", required=True, index=True),
        "product_id": Field("many2one", "product.product", required=True, index=True),
        "product_qty": Field("float", default=1.0),
    }


def kit_of(env: Env, product_id: int) -> Row | None:
    """The phantom bill of this product, or None when it is sold as itself."""
    template = env.row("product.product", product_id)["product_tmpl_id"]
    for bom_id in sorted(env.tx.matching("mrp.bom", "product_tmpl_id", [template])):
        bom = env.row("mrp.bom", bom_id)
        if bom["type"] == "phantom" and bom["active"] and bom["product_id"] in (False, product_id):
            return bom
    return None


def components(env: Env, bom: Row) -> list[tuple[int, int, float]]:
    """(line, product, units of it in one kit)."""
    lines = [
        env.row("mrp.bom.line", line)
        for line in sorted(env.tx.matching("mrp.bom.line", "bom_id", [bom["id"]]))
    ]
    return [(line["id"], line["product_id"], line["product_qty"] / bom["product_qty"]) for line in lines]


def explode(env: Env, product_id: int, quantity: float) -> list[tuple[int, int, float]]:
    """(line, product, units) that really leave for `quantity` of a kit; kits within kits are opened too."""
    bom = kit_of(env, product_id)
    if bom is None:
        return []
    found: list[tuple[int, int, float]] = []
    for line, component, each in components(env, bom):
        found += explode(env, component, quantity * each) or [(line, component, quantity * each)]
    return found
