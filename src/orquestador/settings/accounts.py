"""The accounts behind the settings: one Falabella seller and one Odoo; a file may name more later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from orquestador.model.orders import OrderMode
from orquestador.model.places import Scope
from orquestador.model.stock import WriteMeans
from orquestador.ops.addresses import is_loopback_host, is_loopback_url
from orquestador.settings.model import Settings
from orquestador.settings.parse import is_placeholder

FALABELLA_URL = "https://sellercenter-api.falabella.com"
"""The one host of the three countries (falabella.md 1.1)."""
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
    kind: str = "falabella"

    @property
    def has_api(self) -> bool:
        return bool(self.user_id and self.api_key) and not is_sample_host(self.url)


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
    """The marketplace accounts; the first one is always there, with or without credentials."""
    return (
        FalabellaAccount(
            id="falabella",
            url=usable(settings.falabella_api_url) or FALABELLA_URL,
            user_id=usable(settings.falabella_user_id),
            api_key=usable(settings.falabella_api_key),
            seller_id=usable(settings.falabella_seller_id),
            business_unit=settings.falabella_business_unit,
            write_means=settings.falabella_write_means,
            live_means=settings.falabella_live_means,
            order_source=settings.falabella_order_source,
            order_mode=_order_mode(settings),
            scope=Scope(
                usable(settings.falabella_warehouse) or default_warehouse(settings),
                settings.falabella_locations,
            ),
            facility_id=usable(settings.falabella_facility_id),
            seller_warehouse_id=usable(settings.falabella_seller_warehouse_id),
            sale_partner=settings.falabella_sale_partner,
            sale_shipping_sku=settings.falabella_sale_shipping_sku,
            webhook_secret=webhook_secret(settings, settings.falabella_webhook_secret),
            timeouts=Timeouts(
                settings.falabella_connect_timeout_s,
                settings.falabella_read_timeout_s,
                settings.falabella_write_timeout_s,
            ),
        ),
    )


def default_warehouse(settings: Settings) -> str | None:
    """What sells where nothing else is said, and what is moved by hand; None = the only one there is."""
    return usable(settings.odoo_warehouse)


def scopes(settings: Settings) -> dict[str, Scope]:
    """Per channel id, what it sells from and publishes."""
    return {account.id: account.scope for account in falabella_accounts(settings)}


def _order_mode(settings: Settings) -> OrderMode:
    """What lacks stock is a matter of `deliver` alone: elsewhere it waits anyway."""
    if settings.falabella_order_mode == "sale_order":
        return OrderMode(f"sale_{settings.falabella_sale_delivery}")
    mode = OrderMode(settings.falabella_order_mode)
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
    """Whether everything that is configured is on this machine: a first look, with the sandboxes."""
    upstreams = [url for url in (settings.odoo_url, settings.falabella_api_url) if url]
    if settings.falabella_api_key and not settings.falabella_api_url:
        upstreams.append(FALABELLA_URL)
    return bool(upstreams) and all(map(is_loopback_url, upstreams))


def language(settings: Settings) -> Literal["es", "en"]:
    """APP_LANG, or else the language of LANG, or else English."""
    if settings.app_lang:
        return settings.app_lang
    return "es" if settings.lang.lower().startswith("es") else "en"
