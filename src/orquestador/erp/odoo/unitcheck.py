"""Which products are sold in something else than units: their listing sells in it too, and nobody should
be surprised by that."""

from __future__ import annotations

from orquestador.erp.odoo.kits import Kits
from orquestador.erp.odoo.rpc import Row, Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import AuthRefused, Rejected
from orquestador.ports import Clock, Finding

NAMED = 20
"""SKUs that a finding lists; more are counted."""
READ = 500
TTL_S = 3600.0


class UnitCheck:
    """Two questions: other units of measure, and kits whose bill counts in another one than they do."""

    def __init__(self, rpc: Transport, kits: Kits, clock: Clock) -> None:
        self._rpc, self._kits, self._clock = rpc, kits, clock
        self._found: list[Finding] = []
        self._until = 0.0

    async def check(self, setup: SetUp) -> list[Finding]:
        """Remembered for `TTL_S`: a service checks its set-up every minute, and units hardly ever change."""
        if self._clock.now() >= self._until:
            try:
                self._found = [*await self._units(setup), *await self._bills(setup)]
            except (Rejected, AuthRefused):
                self._found = []  # who may not read the units of products cannot be told about them
            self._until = self._clock.now() + TTL_S
        return self._found

    async def _units(self, setup: SetUp) -> list[Finding]:
        """Odoo's own default for a product is its first unit: that is what "units" are here."""
        first = rows(await self._search(setup, "uom.uom", [], ["name"], limit=1))
        if not first:
            return []
        other: list[object] = [
            ["uom_id", "!=", first[0]["id"]],
            ["sale_ok", "=", True],
            ["default_code", "!=", False],
        ]
        fields = [*setup.product_fields, "uom_id"]
        found = rows(await self._search(setup, "product.product", other, fields, limit=READ))
        sold = [row for row in found if setup.dialect.is_stocked(row)]
        if not sold:
            return []
        named = [f"{row['default_code']} ({_name(row)})" for row in sold[:NAMED]]
        facts = {"count": len(sold), "skus": _list(named, len(sold)), "unit": first[0]["name"]}
        return [Finding("odoo.units", "ok", facts)]

    async def _bills(self, setup: SetUp) -> list[Finding]:
        recipes = await self._kits.recipes(setup)
        odd = sorted(kit for kit in recipes.bills if recipes.takes(kit) != 1.0)
        if not odd:
            return []
        domain: list[object] = [["id", "in", odd], ["default_code", "!=", False], ["sale_ok", "=", True]]
        found = rows(await self._search(setup, "product.product", domain, ["default_code"], limit=READ))
        if not found:
            return []
        named = [str(row["default_code"]) for row in found[:NAMED]]
        facts = {"count": len(found), "skus": _list(named, len(found))}
        return [Finding("odoo.kit_units", "warning", facts)]

    async def _search(
        self, setup: SetUp, model: str, domain: list[object], fields: list[str], limit: int
    ) -> object:
        wanted = {"domain": domain, "fields": fields, "order": "id", "limit": limit}
        answer: object = await self._rpc.call(model, "search_read", kwargs=wanted, context=setup.company)
        return answer


def _name(row: Row) -> str:
    unit = row.get("uom_id")
    return str(unit[1]) if isinstance(unit, list) and len(unit) > 1 else str(ref(unit))


def _list(named: list[str], count: int) -> str:
    return ", ".join(named) + (f", +{count - len(named)}" if count > len(named) else "")
