"""What sale orders need of an Odoo: the module, the rights, the contact, the product for shipping.

What every sale order needs stops the flow before one is begun; what some of them need holds those.
"""

from __future__ import annotations

from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.partners import Partners
from orquestador.erp.odoo.rights import has_group
from orquestador.erp.odoo.rpc import Transport, rows
from orquestador.erp.odoo.saledrafts import SaleDrafts
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import AuthRefused, Rejected, Unavailable
from orquestador.model.sales import SaleProblem
from orquestador.ops.confidential import confidential
from orquestador.ports import Finding

STOPS = "erp"
CONTACT_CREATION = "base.group_partner_manager"


class SaleCheck:
    """Asked only when a channel makes sale orders."""

    def __init__(self, rpc: Transport, settings: OdooSettings) -> None:
        self._rpc, self._settings = rpc, settings
        self._partners, self._drafts = Partners(rpc, settings), SaleDrafts(rpc, settings)

    async def check(self, setup: SetUp) -> list[Finding]:
        sales, user = self._settings.sales, self._settings.username
        assert sales is not None
        try:
            await self._rpc.call("sale.order", "search_count", kwargs={"domain": [["id", "=", 0]]})
            await self._rpc.call("sale.order.line", "search_count", kwargs={"domain": [["id", "=", 0]]})
        except AuthRefused:
            return [_error("odoo.sale_rights", user=user, group="Sales / User: All Documents")]
        except Rejected:
            return [_error("odoo.sale_module")]
        found: list[Finding] = []
        try:
            await self._partners.fixed(setup)
            if sales.partner is None and not await self._may_create(setup):
                found.append(_holds("odoo.sale_contacts", user=user, group="Contact Creation"))
        except SaleProblem:
            found.append(_holds("odoo.sale_partner", partner=sales.partner))
        if sales.shipping_sku is not None:
            try:
                await self._drafts.shipping_product(setup)
            except SaleProblem:
                found.append(_holds("odoo.sale_shipping", sku=sales.shipping_sku))
        else:
            found.append(Finding("odoo.sale_no_shipping", "warning", {}))
        if not await self._has_mail(setup):
            found.append(_error("odoo.sale_mail", user=user))
        if not any(f.level == "error" for f in found):
            found.append(Finding("odoo.sale", "ok", {"partner": sales.partner or "-"}))
        return found

    async def _may_create(self, setup: SetUp) -> bool:
        try:
            return await has_group(self._rpc, setup, CONTACT_CREATION)
        except (Rejected, AuthRefused):
            return True  # an old server does not tell; the first order will

    async def _has_mail(self, setup: SetUp) -> bool:
        """Odoo notes changes of an order under the user's address, and refuses them without one (probed)."""
        try:
            with confidential():
                read = rows(await self._rpc.call("res.users", "read", [setup.uid], {"fields": ["email"]}))
        except (Rejected, AuthRefused, Unavailable):
            return True
        return not read or bool(read[0].get("email"))


def _error(code: str, **facts: object) -> Finding:
    return Finding(code, "error", facts, stops=STOPS)


def _holds(code: str, **facts: object) -> Finding:
    return Finding(code, "error", facts)
