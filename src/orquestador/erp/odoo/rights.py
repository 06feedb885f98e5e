"""What our Odoo user may do, by its groups."""

from __future__ import annotations

from orquestador.erp.odoo.rpc import Transport
from orquestador.erp.odoo.setup import SetUp

INVENTORY_USER = "stock.group_stock_user"
ADMINISTRATOR = "base.group_system"


async def has_group(rpc: Transport, setup: SetUp, group: str) -> bool:
    """Whether our user is in the group with this external id."""
    # Up to 17 a method of the model, since 18 of the user's record.
    ids = [setup.uid] if setup.dialect.major >= 18 else None
    return bool(await rpc.call("res.users", "has_group", ids, {"group_ext_id": group}))
