"""What the web is configured with; made from the settings by the composition root."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from orquestador.ops.auth import ApiKey
from orquestador.ops.ratelimit import Rate

BODY_MAX_BYTES = 1024 * 1024
ODOO_DOOR = "odoo"


@dataclass(frozen=True, slots=True)
class Door:
    """Who may post webhooks under one name: `falabella`, `odoo`, or a further account."""

    name: str
    channel: str
    secret: str | None = field(repr=False)
    """None = no usable secret."""
    setting: str
    """The setting that would open it, for the refusal."""
    open_locally: bool = False
    """Without a secret: whether clients on this machine may post all the same."""
    local_only: bool = False
    """The secret is the sample that everybody knows: it proves only a client on this machine."""


@dataclass(frozen=True, slots=True)
class WebConfig:
    version: str
    timezone: ZoneInfo
    doors: tuple[Door, ...]
    api_keys: tuple[ApiKey, ...] = ()
    cors_origins: tuple[str, ...] = ()
    api_rate: Rate | None = None
    """Calls of the API by one key, or by one address where no key is needed; None = any number."""
    failed_proof_rate: Rate | None = None
    """Wrong secrets and keys from one address."""
