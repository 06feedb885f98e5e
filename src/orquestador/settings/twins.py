"""Two channels must not be one account: each would spend its budget and count its orders."""

from __future__ import annotations

from urllib.parse import urlsplit

from orquestador.model.errors import InvalidSetting
from orquestador.settings.accounts import FalabellaAccount, falabella_accounts
from orquestador.settings.model import Settings
from orquestador.settings.parse import is_placeholder


def refuse_twins(settings: Settings) -> None:
    """Raises InvalidSetting for a second channel of one account, and for a secret that two doors share: their
    senders could not be told apart."""
    accounts: dict[tuple[str | None, ...], FalabellaAccount] = {}
    secrets: dict[str, FalabellaAccount] = {}
    for account in falabella_accounts(settings):
        if account.has_api:
            for key in ("seller_id", "user_id"):
                value = getattr(account, key)
                who = (urlsplit(account.url).netloc, account.business_unit, key, value)
                if value and (twin := accounts.setdefault(who, account)) is not account:
                    problem = f"is the account of the channel {twin.id}; one account is one channel"
                    raise InvalidSetting(account.setting(key), problem, '"another account"')
        secret = account.webhook_secret
        if secret and not is_placeholder(secret):
            twin = secrets.setdefault(secret, account)
            if twin is not account:
                problem = f"is the secret of the channel {twin.id}; each account needs its own"
                raise InvalidSetting(account.setting("webhook_secret"), problem, '"a long random text"')
