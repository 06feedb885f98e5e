"""What our Odoo user may do, by its groups, and how long its API key lets us in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.rpc import Transport, rows
from orquestador.erp.odoo.setup import SetUp

INVENTORY_USER = "stock.group_stock_user"
ADMINISTRATOR = "base.group_system"
_KEY = re.compile(r"[0-9a-f]{40}")
"""20 random bytes in hex."""


async def has_group(rpc: Transport, setup: SetUp, group: str) -> bool:
    """Whether our user is in the group with this external id."""
    # Up to 17 a method of the model, since 18 of the user's record.
    ids = [setup.uid] if setup.dialect.major >= 18 else None
    return bool(await rpc.call("res.users", "has_group", ids, {"group_ext_id": group}))


def may_end(settings: OdooSettings) -> bool:
    """Whether the secret is an API key; one works as the password too, and some put it there."""
    return settings.is_key or _KEY.fullmatch(settings.secret) is not None


@dataclass(frozen=True, slots=True)
class KeyEnd:
    name: str
    at: float
    """Seconds since the epoch."""


async def key_ends(rpc: Transport, setup: SetUp, now: float) -> KeyEnd | None:
    """The living key of our user that ends first, else the dead one that ended last; None when none ends.

    Odoo does not say which key a call was made with. One that has ended lets nobody in, so while another
    lives the dead ones say nothing about us. Raises AuthRefused or Rejected when the user may not look.
    """
    model, field = "res.users.apikeys", "expiration_date"
    known = await rpc.call(model, "fields_get", kwargs={"allfields": [field], "attributes": ["type"]})
    if not isinstance(known, dict) or field not in known:
        return None
    found = rows(
        await rpc.call(
            model,
            "search_read",
            kwargs={
                "domain": [["user_id", "=", setup.uid], ["scope", "in", [False, "rpc"]]],
                "fields": ["name", field],
            },
        )
    )
    ends = [KeyEnd(str(row["name"]), _seconds(row[field]) if row[field] else float("inf")) for row in found]
    living = [end for end in ends if end.at > now]
    if not ends:
        return None
    told = min(living, key=lambda end: end.at) if living else max(ends, key=lambda end: end.at)
    return None if told.at == float("inf") else told


def _seconds(text: str) -> float:
    """Odoo's UTC text in seconds since the epoch."""
    return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
