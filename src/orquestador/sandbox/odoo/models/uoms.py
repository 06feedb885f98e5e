"""Units of measure: what one counts in, and how Odoo converts and rounds (odoo.md 5.6)."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.orm import Model, Values

UNITS = 1
Rounding = Literal["UP", "DOWN", "HALF-UP"]
DIGITS = 2
"""Of quantities (decimal precision `Product Unit of Measure`), as the databases measured have it."""
_EPSILON = 1e-9


class UomUom(Model):
    """Up to 18 `factor` says how many of this make the reference unit; from 19 on how many of the reference
    make this, and it follows from `relative_factor` (both probed)."""

    name = "uom.uom"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "active": Field("boolean", default=True),
        "factor": Field("float", default=1.0),
        "rounding": Field("float", default=0.01),
        "relative_factor": Field("float", default=1.0, since=19),
        "relative_uom_id": Field("many2one", "uom.uom", since=19),
    }

    def new(self, vals: Values) -> int:
        """From 19 on a unit is told by another one."""
        if vals.get("relative_uom_id"):
            of = self.env.row(self.name, int(vals["relative_uom_id"]))["factor"]
            vals = {**vals, "factor": float(vals.get("relative_factor") or 1.0) * of}
        return super().new(vals)


def rounded(value: float, step: float, method: Rounding = "HALF-UP") -> float:
    """`value` as a multiple of `step`; what a float cannot tell from a multiple is one."""
    scaled = value / step
    match method:
        case "UP":
            whole = math.ceil(scaled - _EPSILON)
        case "DOWN":
            whole = math.floor(scaled + _EPSILON)
        case _:
            whole = math.floor(abs(scaled) + 0.5 + _EPSILON) * (1 if scaled >= 0 else -1)
    return round(whole * step, 10)


def convert(
    env: Env, quantity: float, unit: int, to: int, method: Rounding = "UP", *, exact: bool = False
) -> float:
    """A quantity in another unit, rounded as that one is unless `exact`."""
    if unit != to:
        one, other = (float(env.row("uom.uom", i)["factor"]) for i in (unit, to))
        quantity = quantity / one * other if env.version <= 18 else quantity * one / other
    return quantity if exact else rounded(quantity, step(env, to), method)


def step(env: Env, unit: int) -> float:
    """What quantities in this unit are multiples of."""
    return float(env.row("uom.uom", unit)["rounding"])


def of_product(env: Env, product_id: int) -> int:
    """The unit that a product is counted in."""
    return int(env.row("product.product", product_id)["uom_id"] or UNITS)
