"""The settings as the web sees them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import orquestador
from orquestador.ops.addresses import is_loopback_host
from orquestador.settings.accounts import falabella_accounts, webhook_secret
from orquestador.settings.model import Settings
from orquestador.settings.parse import is_placeholder
from orquestador.web.config import ODOO_DOOR, Door, WebConfig


def web_config(settings: Settings) -> WebConfig:
    """Doors, keys and display settings of the web."""
    local = not settings.production and is_loopback_host(settings.host)
    doors = [
        Door(
            name=account.id,
            channel=account.id,
            secret=account.webhook_secret,
            setting=account.setting("webhook_secret"),
            open_locally=local,
            local_only=is_placeholder(account.webhook_secret),
        )
        for account in falabella_accounts(settings)
    ]
    odoo_secret = webhook_secret(settings, settings.odoo_webhook_secret)
    odoo = Door(
        name=ODOO_DOOR,
        channel=ODOO_DOOR,
        secret=odoo_secret,
        setting="ODOO_WEBHOOK_SECRET",
        open_locally=local,
        local_only=is_placeholder(odoo_secret),
    )
    return WebConfig(
        version=orquestador.__version__,
        timezone=ZoneInfo(settings.app_timezone),
        doors=(*doors, odoo),
        api_keys=tuple(k for k in settings.api_keys if not is_placeholder(k.key)),
        cors_origins=settings.cors_origins,
        api_rate=settings.api_rate_limit,
        failed_proof_rate=settings.failed_proof_limit,
    )
