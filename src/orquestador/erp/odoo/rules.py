"""Odoo's own webhook rules (`base.automation`, 17 and later): found, described, removed (odoo.md §8.1)."""

from __future__ import annotations

from collections.abc import Mapping

from orquestador.erp.odoo.rpc import Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.ops.redact import redact_text
from orquestador.ports import Registration

RULE_NAME = "Orquestador"
"""Rules that we made, or that a person made by our description, start with this."""
OUR_PATH = "/odoo/webhook/stock-change"


class WebhookRules:
    """Reading rules needs an administrator; AuthRefused otherwise."""

    def __init__(self, rpc: Transport) -> None:
        self._rpc = rpc

    async def ours(self, setup: SetUp) -> list[Registration]:
        """The rules with our name, switched off ones too; secrets in their URLs are masked."""
        found = rows(
            await self._rpc.call(
                "base.automation",
                "search_read",
                kwargs={"domain": [["name", "=like", f"{RULE_NAME}%"]], "fields": ["name"]},
                context={**setup.company, "active_test": False},
            )
        )
        if not found:
            return []
        actions = rows(
            await self._rpc.call(
                "ir.actions.server",
                "search_read",
                kwargs={
                    "domain": [
                        ["base_automation_id", "in", [row["id"] for row in found]],
                        ["state", "=", "webhook"],
                    ],
                    "fields": ["base_automation_id", "webhook_url"],
                },
                context=setup.company,
            )
        )
        urls = {ref(row.get("base_automation_id")): str(row.get("webhook_url") or "") for row in actions}
        return [
            Registration(str(row["id"]), redact_text(urls.get(int(row["id"]), "")), (str(row["name"]),))
            for row in found
        ]

    async def pointing_here(self, setup: SetUp) -> int:
        """How many live rules call our stock webhook, whatever their name."""
        found = rows(
            await self._rpc.call(
                "ir.actions.server",
                "search_read",
                kwargs={
                    "domain": [["state", "=", "webhook"], ["webhook_url", "ilike", OUR_PATH]],
                    "fields": ["base_automation_id"],
                },
                context=setup.company,
            )
        )
        rules = [rule for row in found if (rule := ref(row.get("base_automation_id"))) is not None]
        if not rules:
            return 0
        count = await self._rpc.call(
            "base.automation",
            "search_count",
            kwargs={"domain": [["id", "in", rules]]},
            context=setup.company,
        )
        return int(count)

    async def remove(self, setup: SetUp, rule_id: int) -> None:
        await self._rpc.call("base.automation", "unlink", [rule_id], context=setup.company, write=True)


def webhook_rule(url: str) -> Mapping[str, str]:
    """The recommended rule, field by field: reservations count too, and only places that hold stock."""
    return {
        "name": f"{RULE_NAME} stock",
        "model": "stock.quant",
        "trigger": "on create and edit",
        "fields": "quantity, reserved_quantity",
        "domain": '[("location_id.usage", "=", "internal")]',
        "action": "Send Webhook Notification",
        "payload": "product_id",
        "url": url,
    }


def webhook_rule_text(url: str) -> str:
    """What a person enters in Odoo (Settings > Technical > Automation Rules) so that changes arrive."""
    return "\n".join(f"{name}: {value}" for name, value in webhook_rule(url).items())
