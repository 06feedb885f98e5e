"""What a user may touch, by group: measured with plain internal users on real servers."""

from __future__ import annotations

from collections.abc import Iterable

from orquestador.sandbox.odoo import companies
from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.errors import AccessError
from orquestador.sandbox.odoo.models.products import QUANTITIES

_STOCK, _SETTINGS = "stock.group_stock_user", "base.group_system"
_SALES, _ACCESS = "sales_team.group_sale_salesman_all_leads", "base.group_system"
_NEEDS = {
    "stock.picking": _STOCK,
    "stock.move": _STOCK,
    "stock.move.line": _STOCK,
    "sale.order": _SALES,
    "sale.order.line": _SALES,
    "ir.model.data": _ACCESS,
    "mrp.bom": _STOCK,
    "mrp.bom.line": _STOCK,
    "base.automation": _SETTINGS,
    "ir.actions.server": _SETTINGS,
    "ir.actions.actions": _SETTINGS,
}
_OPEN = frozenset({"ir.actions.server.run", "ir.actions.actions.get_bindings"})
"""Everybody may call these; `run` itself looks at the rights to the action's model."""


def check(env: Env, model: str, fields: Iterable[object], method: str = "") -> None:
    """AccessError when the user lacks the group. Warehouses, places and quants are open to every employee."""
    companies.of_call(env)
    needed = _NEEDS.get(model) if f"{model}.{method}" not in _OPEN else None
    if needed is None and model == "product.product" and any(name in QUANTITIES for name in fields):
        needed = _STOCK  # they are summed up from moves
    user = env.row("res.users", env.uid)
    groups = user["groups_id" if env.version <= 18 else "group_ids"]
    if needed and not any(env.row("res.groups", group)["full_name"] == needed for group in groups):
        raise AccessError(f"You are not allowed to access {model!r} records.")
