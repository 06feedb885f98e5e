"""The accounts behind the settings: one Odoo, and one seller or more on the marketplaces."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from orquestador.model.orders import OrderMode
from orquestador.model.places import Scope
from orquestador.model.stock import Rule, WriteMeans
from orquestador.ops.addresses import is_loopback_host, is_loopback_url
from orquestador.settings.model import Settings
from orquestador.settings.parse import is_placeholder

FALABELLA_URL = "https://sellercenter-api.falabella.com"
"""The one host of the three countries (falabella.md 1.1)."""
DEFAULT_CHANNEL = "falabella"
"""The account that the environment and `.env` configure."""
_PUBLISHED = ("stock_buffer", "stock_cap", "publish")
"""What holds for all channels unless an account says otherwise."""
SAMPLE_HOST = "api.falabella.com"
"""In the original sample `.env`, but not where the API lives."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. A write waits longer than a read: cutting it off leaves a doubt."""

    connect_s: float
    read_s: float
    write_s: float


@dataclass(frozen=True, slots=True)
class FalabellaAccount:
    """One seller account. Without `has_api` simple bodies still work, and nothing is sent to Falabella."""

    id: str
    url: str
    user_id: str | None
    api_key: str | None = field(repr=False)
    seller_id: str | None
    business_unit: str
    write_means: WriteMeans
    live_means: WriteMeans
    order_source: Literal["auto", "api", "body"]
    order_mode: OrderMode
    scope: Scope
    """The warehouse that its orders are taken from, and the places whose stock is published."""
    facility_id: str | None
    """The one warehouse over there that it writes, by Falabella's id, or by the seller's own."""
    seller_warehouse_id: str | None
    sale_partner: str | None
    """The reference of the one contact that buys everything; None = each buyer is a contact."""
    sale_shipping_sku: str | None
    webhook_secret: str | None = field(repr=False)
    timeouts: Timeouts
    rule: Rule
    publish: Literal["all", "none"] | tuple[str, ...]
    kind: str = "falabella"

    @property
    def has_api(self) -> bool:
        return bool(self.user_id and self.api_key) and not is_sample_host(self.url)

    def setting(self, key: str) -> str:
        """How a person writes this key: `FALABELLA_API_KEY`, or `channels.falabella-pe.api_key`."""
        return f"FALABELLA_{key.upper()}" if self.id == DEFAULT_CHANNEL else f"channels.{self.id}.{key}"


@dataclass(frozen=True, slots=True)
class OdooAccount:
    """Where the stock truth lives. `secret` is the API key, or the password when there is no key."""

    url: str
    db: str
    username: str
    secret: str = field(repr=False)
    is_key: bool
    warehouse: str | None
    timeouts: Timeouts


def is_sample_host(url: str) -> bool:
    return urlsplit(url).hostname == SAMPLE_HOST


def usable(value: str | SecretStr | None) -> str | None:
    """The value, or None when it is unset or still a placeholder: placeholders are reported, never sent."""
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value
    return None if not plain or is_placeholder(plain) else plain


def falabella_accounts(settings: Settings) -> tuple[FalabellaAccount, ...]:
    """The marketplace accounts: the one of the environment and `.env`, then those of `orquestador.toml`.

    The first is there with or without credentials, unless the file has others and nothing is said of it.
    """
    own = settings.tables.own
    said = any(name.startswith(f"{DEFAULT_CHANNEL}_") for name in settings.model_fields_set)
    first = [DEFAULT_CHANNEL] if said or not own or DEFAULT_CHANNEL in own else []
    ids = [*first, *(channel for channel in own if channel != DEFAULT_CHANNEL)]
    return tuple(_account(settings, channel) for channel in ids)


def own_settings(settings: Settings, channel: str) -> Settings:
    """Where the `falabella_...` settings of this account stand."""
    return settings if channel == DEFAULT_CHANNEL else settings.tables.own[channel]


def _account(settings: Settings, channel: str) -> FalabellaAccount:
    own, table = own_settings(settings, channel), settings.tables.own.get(channel)
    said = table.model_fields_set if table else set()
    rules = {name: getattr(table if name in said else settings, name) for name in _PUBLISHED}
    return FalabellaAccount(
        id=channel,
        url=usable(own.falabella_api_url) or FALABELLA_URL,
        user_id=usable(own.falabella_user_id),
        api_key=usable(own.falabella_api_key),
        seller_id=usable(own.falabella_seller_id),
        business_unit=own.falabella_business_unit,
        write_means=own.falabella_write_means,
        live_means=own.falabella_live_means,
        facility_id=usable(own.falabella_facility_id),
        seller_warehouse_id=usable(own.falabella_seller_warehouse_id),
        order_source=own.falabella_order_source,
        order_mode=_order_mode(settings, own),
        scope=Scope(
            usable(own.falabella_warehouse) or default_warehouse(settings),
            own.falabella_locations,
        ),
        sale_partner=own.falabella_sale_partner,
        sale_shipping_sku=own.falabella_sale_shipping_sku,
        webhook_secret=webhook_secret(settings, own.falabella_webhook_secret),
        timeouts=Timeouts(
            own.falabella_connect_timeout_s,
            own.falabella_read_timeout_s,
            own.falabella_write_timeout_s,
        ),
        rule=Rule(buffer=rules["stock_buffer"], cap=rules["stock_cap"]),
        publish=rules["publish"],
    )


def default_warehouse(settings: Settings) -> str | None:
    """What sells where nothing else is said, and what is moved by hand; None = the only one there is."""
    return usable(settings.odoo_warehouse)


def scopes(settings: Settings) -> dict[str, Scope]:
    """Per channel id, what it sells from and publishes."""
    return {account.id: account.scope for account in falabella_accounts(settings)}


def _order_mode(settings: Settings, own: Settings) -> OrderMode:
    """What lacks stock is a matter of `deliver` alone: elsewhere it waits anyway."""
    if own.falabella_order_mode == "sale_order":
        return OrderMode(f"sale_{own.falabella_sale_delivery}")
    mode = OrderMode(own.falabella_order_mode)
    backorders = settings.odoo_short_stock == "backorder"
    return OrderMode.BACKORDER if backorders and mode is OrderMode.DELIVER else mode


def odoo_account(settings: Settings) -> OdooAccount | None:
    """The ERP, when address, database, user and a secret are all set and none is a placeholder."""
    url, db, username = usable(settings.odoo_url), usable(settings.odoo_db), usable(settings.odoo_username)
    key = usable(settings.odoo_api_key)
    secret = key or usable(settings.odoo_password)
    if not (url and db and username and secret):
        return None
    return OdooAccount(
        url=url,
        db=db,
        username=username,
        secret=secret,
        is_key=key is not None,
        warehouse=default_warehouse(settings),
        timeouts=Timeouts(
            settings.odoo_connect_timeout_s, settings.odoo_read_timeout_s, settings.odoo_write_timeout_s
        ),
    )


def webhook_secret(settings: Settings, value: SecretStr | None) -> str | None:
    """The secret that proves a webhook.

    A placeholder is known to everybody who read the sample, so it proves itself only while nobody else can
    reach the door: in development, listening on loopback.
    """
    plain = value.get_secret_value() if value else ""
    if is_placeholder(plain) and (settings.production or not is_loopback_host(settings.host)):
        return None
    return plain or None


def mode(settings: Settings) -> Literal["observe", "live"]:
    """MODE, or else live only when every upstream that is configured is on loopback (design §6.2)."""
    return settings.mode or ("live" if all_on_loopback(settings) else "observe")


def all_on_loopback(settings: Settings) -> bool:
    """Whether everything that is configured, each account of it, is on this machine: a first look, with the
    sandboxes."""
    upstreams = [settings.odoo_url] if settings.odoo_url else []
    for account in falabella_accounts(settings):
        own = own_settings(settings, account.id)
        if own.falabella_api_url or own.falabella_api_key:
            upstreams.append(own.falabella_api_url or FALABELLA_URL)
    return bool(upstreams) and all(map(is_loopback_url, upstreams))


def language(settings: Settings) -> Literal["es", "en"]:
    """APP_LANG, or else the language of LANG, or else English."""
    if settings.app_lang:
        return settings.app_lang
    return "es" if settings.lang.lower().startswith("es") else "en"
