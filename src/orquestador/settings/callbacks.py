"""Where each account's webhooks come in: the path of its door, and the whole address to register."""

from __future__ import annotations

from orquestador.settings.accounts import DEFAULT_CHANNEL, FalabellaAccount, falabella_accounts
from orquestador.settings.model import Settings

_DOCUMENTED = ("/falabella/webhook/order", "/falabella/webhook/stock")


def door_path(channel: str) -> str:
    """The path of an account's door without its secret: the documented one, or one by its name."""
    return _DOCUMENTED[0] if channel == DEFAULT_CHANNEL else f"/webhooks/{channel}"


def callback(settings: Settings, account: FalabellaAccount) -> str | None:
    """What is registered for this account, its secret included; None without PUBLIC_URL or a secret."""
    if settings.public_url is None or account.webhook_secret is None:
        return None
    return f"{settings.public_url}{door_path(account.id)}/{account.webhook_secret}"


def own_doors(settings: Settings) -> tuple[str, ...]:
    """The addresses of all doors that marketplaces use here, without secrets; none without PUBLIC_URL."""
    if settings.public_url is None:
        return ()
    named = (f"/webhooks/{account.id}" for account in falabella_accounts(settings))
    return tuple(f"{settings.public_url}{path}" for path in (*_DOCUMENTED, *named))
