"""How fast Odoo is asked, and how far apart what we ask by ourselves has to be so that orders have room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from orquestador.settings.model import Settings

ODOO_COM = "odoo.com"
"""Odoo Online's hosts are below this name, and Odoo.sh's too: they cannot be told apart by it."""

POLL_CALLS = 3
"""One look for changes: quants, moves and bills of materials; a fourth asks for the SKUs of what moved."""
CHECK_CALLS = 15
"""One check of the set-up, where there are several warehouses."""
SHARE = 0.05
"""Each of these two may take so much of the calls that the pace allows."""
POLL_S, CHECK_S = 30.0, 60.0

Profile = Literal["own", "online"]
_CALLS_PER_S: dict[Profile, float | None] = {"own": None, "online": 1.0}
_IN_FLIGHT: dict[Profile, int] = {"own": 2, "online": 1}


@dataclass(frozen=True, slots=True)
class OdooPace:
    """`calls_per_s` None = as fast as they are answered; `chosen_by`: setting, host or default."""

    profile: Profile
    chosen_by: str
    calls_per_s: float | None
    in_flight: int
    poll_s: float
    check_s: float


def odoo_pace(settings: Settings) -> OdooPace:
    """The profile set, else the one that the host asks for; each number that is set wins over its profile."""
    if settings.odoo_pace is not None:
        profile, chosen_by = settings.odoo_pace, "setting"
    else:
        profile, chosen_by = ("online", "host") if _is_odoo_com(settings.odoo_url) else ("own", "default")
    given = settings.odoo_calls_per_s
    rate = _CALLS_PER_S[profile] if given is None else given or None
    return OdooPace(
        profile=profile,
        chosen_by=chosen_by,
        calls_per_s=rate,
        in_flight=settings.odoo_in_flight or _IN_FLIGHT[profile],
        poll_s=settings.odoo_poll_s or _spaced(POLL_S, POLL_CALLS, rate),
        check_s=_spaced(CHECK_S, CHECK_CALLS, rate),
    )


def _is_odoo_com(url: str | None) -> bool:
    host = urlsplit(url or "").hostname or ""
    return host == ODOO_COM or host.endswith(f".{ODOO_COM}")


def _spaced(at_least_s: float, calls: int, calls_per_s: float | None) -> float:
    """Seconds from one look to the next, so that its calls stay within their share."""
    return at_least_s if calls_per_s is None else max(at_least_s, calls / (SHARE * calls_per_s))
