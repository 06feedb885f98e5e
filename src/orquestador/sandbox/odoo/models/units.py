"""Moves in another unit than their product's: stored in the product's, shown and written in their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from orquestador.sandbox.odoo.models import uoms
from orquestador.sandbox.odoo.orm import Model, Values
from orquestador.sandbox.odoo.store import Row

OWN = "own_demand"
"""The demand as it was written, where the unit is another one; 0 once it follows from what is stored."""


class InOwnUnit(Model):
    """A demand is shown as it was written, what was moved as it was moved: one unit of a product kept in
    dozens is a demand of 1.0 and a quantity of 0.96, which is 0.08 dozens (probed on 17, 18 and 19)."""

    unit: ClassVar[str]
    """The field that holds the own unit."""
    shown: ClassVar[tuple[str, ...]]
    """The fields that are in it."""
    written: ClassVar[str] = ""
    """The one of them that is also kept as it was written."""

    def values_of(self, ids: Iterable[int], name: str) -> Mapping[int, Any]:
        """As stored, unless it is in the own unit."""
        found = super().values_of(ids, name)
        if name not in self.shown:
            return found
        return {
            row_id: self._own(self.env.row(self.name, row_id), name, value) for row_id, value in found.items()
        }

    def inward(self, row: Mapping[str, Any], vals: Values) -> Values:
        """Values of a record as they are stored; `row` says its product and its unit."""
        product, unit = uoms.of_product(self.env, int(row["product_id"])), int(row[self.unit])
        stored = dict(vals)
        for name in self.shown:
            if name in vals:
                value = uoms.rounded(float(vals[name] or 0.0), 10.0**-uoms.DIGITS)
                stored[name] = uoms.convert(self.env, value, unit, product, "HALF-UP")
                if name == self.written:
                    stored[OWN] = value if unit != product else 0.0
        return stored

    def _own(self, row: Row, name: str, value: float) -> float:
        product, unit = uoms.of_product(self.env, row["product_id"]), int(row[self.unit] or 0)
        if not unit or unit == product:
            return value
        if name == self.written and row[OWN]:
            return float(row[OWN])
        exact = uoms.convert(self.env, value, product, unit, exact=True)
        return uoms.rounded(exact, 10.0**-uoms.DIGITS)
