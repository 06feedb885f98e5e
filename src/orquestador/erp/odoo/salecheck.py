"""What sale orders need of an Odoo: the module, the rights, the contact, the product for shipping.

What every sale order needs stops the flow before one is begun; what some of them need holds those.
"""

from __future__ import annotations

from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.partners import Partners
from orquestador.erp.odoo.rights import has_group
from orquestador.erp.odoo.rounding import Rounding
from orquestador.erp.odoo.rpc import Transport, ref, rows
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
        user = self._settings.username
        try:
            await self._rpc.call("sale.order", "search_count", kwargs={"domain": [["id", "=", 0]]})
            await self._rpc.call("sale.order.line", "search_count", kwargs={"domain": [["id", "=", 0]]})
        except AuthRefused:
            return [_error("odoo.sale_rights", user=user, group="Sales / User: All Documents")]
        except Rejected:
            return [_error("odoo.sale_module")]
        found: list[Finding] = []
        terms = self._settings.terms
        for partner in dict.fromkeys(sales.partner for sales in terms):
            found += await self._contact(setup, partner)
        for sku in dict.fromkeys(sales.shipping_sku for sales in terms):
            found += await self._shipping(setup, sku)
        found += await self._roundings(setup)
        if not await self._has_mail(setup):
            found.append(_error("odoo.sale_mail", user=user))
        if not any(f.level == "error" for f in found):
            partners = ", ".join(dict.fromkeys(sales.partner or "-" for sales in terms))
            found.append(Finding("odoo.sale", "ok", {"partner": partners}))
        return found

    async def _roundings(self, setup: SetUp) -> list[Finding]:
        """Whether there are totals that no price of a single unit gives."""
        if (sku := self._settings.sale_rounding_sku) is not None:
            known = await Rounding(self._rpc, sku).product(setup)
            return [] if known is not None else [_holds("odoo.sale_rounding_product", sku=sku)]
        try:
            if await self._adds_taxes(setup) and not await self._rounds_finely(setup):
                return [Finding("odoo.sale_rounding", "warning", {})]
        except (Rejected, AuthRefused):
            pass  # not ours to read: the first such order will tell
        return []

    async def _adds_taxes(self, setup: SetUp) -> bool:
        on_top: list[object] = [
            ["type_tax_use", "=", "sale"],
            ["amount", ">", 0],
            ["price_include", "=", False],
            ["company_id", "=", setup.warehouse.company_id],
        ]
        found = await self._rpc.call(
            "account.tax", "search_count", kwargs={"domain": on_top}, context=setup.company
        )
        return bool(found)

    async def _rounds_finely(self, setup: SetUp) -> bool:
        """Over the whole order, from prices finer than the currency; 17 computes the tax from an amount that
        is rounded already, whatever the setting says (probed)."""
        fields = ["tax_calculation_rounding_method", "currency_id"]
        ids = [setup.warehouse.company_id]
        (company,) = rows(
            await self._rpc.call("res.company", "read", ids, {"fields": fields}, setup.company)
        ) or [{}]
        currency = ref(company.get("currency_id"))
        if setup.dialect.major <= 17 or company.get(fields[0]) != "round_globally" or currency is None:
            return False
        (row,) = rows(await self._rpc.call("res.currency", "read", [currency], {"fields": ["rounding"]})) or [
            {}
        ]
        tick = 10.0 ** -await self._drafts.price_digits(setup)
        return tick < float(row.get("rounding") or 0)

    async def _contact(self, setup: SetUp, partner: str | None) -> list[Finding]:
        try:
            await self._partners.fixed(setup, partner)
        except SaleProblem:
            return [_holds("odoo.sale_partner", partner=partner)]
        if partner is None and not await self._may_create(setup):
            facts = {"user": self._settings.username, "group": "Contact Creation"}
            return [_holds("odoo.sale_contacts", **facts)]
        return []

    async def _shipping(self, setup: SetUp, sku: str | None) -> list[Finding]:
        if sku is None:
            return [Finding("odoo.sale_no_shipping", "warning", {})]
        try:
            await self._drafts.shipping_product(setup, sku)
        except SaleProblem:
            return [_holds("odoo.sale_shipping", sku=sku)]
        return []

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
