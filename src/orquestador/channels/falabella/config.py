"""One seller account of Falabella Seller Center: how to reach it and what it means by its numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from orquestador.http_base import TimeOuts
from orquestador.model.budget import FALABELLA_FEEDS, BudgetSpec
from orquestador.model.errors import InvalidSetting
from orquestador.model.stock import WriteMeans

DEFAULT_API_URL: Final = "https://sellercenter-api.falabella.com"
SAMPLE_HOST: Final = "api.falabella.com"
"""The host in the original sample `.env`: it is not the API's (falabella.md 1.1)."""

_ZONES: Final = {"FACL": "America/Santiago", "FAPE": "America/Lima", "FACO": "America/Bogota"}
WAREHOUSE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,50}")
"""Falabella's and the seller's own (falabella.md 3.4)."""
_PLACEHOLDER: Final = re.compile(r"(?i)(your|tu|su)[_-]|change[_-]?me|replace[_-]|x{3,}$|<.*>$|\.{3}$")


class OrderSource(StrEnum):
    """Where an order's truth is (design §6.1)."""

    AUTO = "auto"
    """A simple body is the order unless the API knows one with its id or number."""
    API = "api"
    """Every body is a hint; the order is read by id."""
    BODY = "body"
    """A simple body is the order, always."""


@dataclass(frozen=True, slots=True)
class FalabellaConfig:
    """One account. An empty or a sample value only means that `has_api` is False.

    Raises InvalidSetting for a value that cannot be used.
    """

    id: str = "falabella"
    api_url: str = DEFAULT_API_URL
    user_id: str = ""
    """E-mail of a Seller Center user; part of the signature."""
    api_key: str = field(default="", repr=False)
    seller_id: str = ""
    business_unit: str = "FACL"
    facility_id: str = ""
    """The one warehouse over there whose stock we write and read, by Falabella's id; or by the seller's own
    (`seller_warehouse_id`). Neither: the default one (falabella.md 3.1)."""
    seller_warehouse_id: str = ""
    order_source: OrderSource = OrderSource.AUTO
    write_means: WriteMeans = WriteMeans.NET
    live_means: WriteMeans = WriteMeans.NET
    """GetStock excludes reserved units (falabella.md 3.2); not proven for every account, hence a setting."""
    read_timeouts: TimeOuts = field(default_factory=TimeOuts)
    write_timeouts: TimeOuts = field(default_factory=lambda: TimeOuts(read_s=60.0))
    feed_first_poll_s: float = 30.0
    """Typical first look at a feed (falabella.md 4)."""
    feed_young_s: float = 120.0
    """How long E012 about a feed that we sent means "not visible yet"."""
    own_doors: tuple[str, ...] = ()
    """Addresses of this installation's callbacks without their secret; whatever is registered elsewhere
    belongs to somebody else, on the same host too, and is never removed."""
    callback: str = field(default="", repr=False)
    """Where this account has to call us, with the secret; empty = not known."""
    budget: BudgetSpec = FALABELLA_FEEDS
    orders_page: int = 100
    products_page: int = 500
    stock_page: int = 1000
    """Most SKUs that a GetStock answers (falabella.md 3.3)."""
    stock_gap_s: float = 0.5
    """Between two pages of all stock. No limit of reads is published; a client in use makes 2 calls a second
    (falabella.md 5)."""

    def __post_init__(self) -> None:
        if self.business_unit not in _ZONES:
            raise InvalidSetting(
                "FALABELLA_BUSINESS_UNIT", f"{self.business_unit!r} is none of {', '.join(_ZONES)}", "FACL"
            )
        for name in ("facility_id", "seller_warehouse_id"):
            value = getattr(self, name)
            if value and not WAREHOUSE_ID.fullmatch(value):
                problem = "it is no id of a warehouse: letters, digits, - and _, at most 50"
                raise InvalidSetting(f"FALABELLA_{name.upper()}", problem, "GSC-SC0001")
        if self.facility_id and self.seller_warehouse_id:
            problem = "FALABELLA_FACILITY_ID names a warehouse already; only one of them may be set"
            raise InvalidSetting("FALABELLA_SELLER_WAREHOUSE_ID", problem, "BODEGA-1")
        if self.api_url and not is_placeholder(self.api_url):
            parts = urlsplit(self.api_url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise InvalidSetting("FALABELLA_API_URL", "it is no http or https address", DEFAULT_API_URL)

    @property
    def names_warehouse(self) -> bool:
        return bool(self.facility_id or self.seller_warehouse_id)

    @property
    def missing(self) -> tuple[str, ...]:
        """The settings without which there is no API access."""
        values = self._needed()
        return tuple(name for name, value in values.items() if not value.strip())

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The settings that still hold a sample value; such values are never sent."""
        values = {**self._needed(), "seller_id": self.seller_id}
        return tuple(name for name, value in values.items() if is_placeholder(value))

    @property
    def wrong_host(self) -> bool:
        return urlsplit(self.api_url).hostname == SAMPLE_HOST

    @property
    def has_api(self) -> bool:
        return not (self.missing or self.placeholders or self.wrong_host)

    @property
    def host(self) -> str:
        """For texts: the host alone, without anything secret."""
        return urlsplit(self.api_url).netloc.rpartition("@")[2]

    @property
    def zone(self) -> ZoneInfo:
        """Bodies carry dates of the country without an offset (falabella.md 2.1)."""
        return ZoneInfo(_ZONES[self.business_unit])

    @property
    def operator_code(self) -> str:
        return self.business_unit.lower()

    def is_own(self, url: str) -> bool:
        """True for a callback to one of our doors, whatever its secret; an address that merely begins alike
        is not."""
        return any(url == door or url.startswith((f"{door}/", f"{door}?")) for door in self.own_doors)

    def _needed(self) -> dict[str, str]:
        return {"api_url": self.api_url, "user_id": self.user_id, "api_key": self.api_key}


def is_placeholder(value: str) -> bool:
    """True for the sample values of an `.env.example`."""
    return _PLACEHOLDER.match(value.strip()) is not None
