"""Phantom bills of materials: kits are sold as one product and leave as their components (odoo.md 5.4)."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.models import quants, uoms
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
        "product_uom_id": Field("many2one", "uom.uom", default=uoms.UNITS),
        "sequence": Field("integer"),
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
        "product_uom_id": Field("many2one", "uom.uom", default=uoms.UNITS),
        "bom_product_template_attribute_value_ids": Field("many2many", "product.template.attribute.value"),
    }


class Part(NamedTuple):
    """`quantity` of a component in the unit of its line."""

    line: int
    product: int
    quantity: float
    unit: int


def kit_of(env: Env, product_id: int) -> Row | None:
    """The phantom bill of this product, or None when it is sold as itself."""
    template = env.row("product.product", product_id)["product_tmpl_id"]
    for bom_id in sorted(env.tx.matching("mrp.bom", "product_tmpl_id", [template])):
        bom = env.row("mrp.bom", bom_id)
        if bom["type"] == "phantom" and bom["active"] and bom["product_id"] in (False, product_id):
            return bom
    return None


def explode(env: Env, product_id: int, quantity: float, unit: int) -> list[Part] | None:
    """What really leaves for `quantity` of a kit, kits within kits opened too; None when it is no kit.

    Odoo rounds up on the way, in the unit of the bill and in that of each line (probed: one of a kit of which
    three take ten units takes 3.34, one of a bill for a dozen takes 0.09 bills). Services move nothing.
    """
    bom = kit_of(env, product_id)
    if bom is None:
        return None
    times = uoms.convert(env, quantity, unit, bom["product_uom_id"]) / bom["product_qty"]
    return [part for part in _parts(env, bom, times) if _kind(env, part.product) != "service"]


def needs(env: Env, product_id: int, bom: Row) -> dict[int, float]:
    """What one bill takes of each stocked component, in the component's unit and not rounded to it."""
    found: dict[int, float] = {}
    for part in _parts(env, bom, 1.0):
        if quants.is_storable(env, part.product) and part.quantity:
            own = uoms.of_product(env, part.product)
            each = uoms.convert(env, part.quantity, part.unit, own, exact=True)
            found[part.product] = found.get(part.product, 0.0) + each
    return found


def _parts(env: Env, bom: Row, times: float) -> list[Part]:
    found: list[Part] = []
    for line_id in sorted(env.tx.matching("mrp.bom.line", "bom_id", [bom["id"]])):
        line = env.row("mrp.bom.line", line_id)
        quantity, unit = times * line["product_qty"], line["product_uom_id"]
        inner = kit_of(env, line["product_id"])
        if inner is None:
            quantity = uoms.rounded(quantity, uoms.step(env, unit), "UP")
            found.append(Part(line_id, line["product_id"], quantity, unit))
        else:
            part = quantity / inner["product_qty"]
            found += _parts(env, inner, uoms.convert(env, part, unit, inner["product_uom_id"]))
    return found


def _kind(env: Env, product_id: int) -> str:
    return str(env.row("product.product", product_id)["type"])
