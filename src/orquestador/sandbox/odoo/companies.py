"""Several companies: which records a call may see, by its context and its user, as record rules have it.

A record without a company is everybody's. Without `allowed_company_ids` a call sees all companies of its
user.
"""

from __future__ import annotations

from collections.abc import Iterable

from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.errors import AccessError

_OWN = frozenset(
    {"stock.warehouse", "stock.location", "stock.picking.type", "stock.picking", "product.product"}
)
"""Models whose records carry their company; a quant has that of its place."""


def of_call(env: Env) -> list[int]:
    """The companies of this call; AccessError when one is not the user's."""
    mine = list(env.row("res.users", env.uid)["company_ids"])
    asked = env.context.get("allowed_company_ids")
    if not asked:
        return mine
    if not set(asked) <= set(mine):
        raise AccessError("Access to unauthorized or invalid companies.")
    return [int(company) for company in asked]


def visible(env: Env, model: str, ids: Iterable[int]) -> set[int]:
    """Those of these records that the call may see."""
    found = set(ids)
    if model not in _OWN and model != "stock.quant":
        return found
    allowed = of_call(env)
    return {row_id for row_id in found if _company(env, model, row_id) in (False, *allowed)}


def check(env: Env, model: str, ids: Iterable[int]) -> None:
    """AccessError when one of these records is another company's."""
    there = {row_id for row_id in ids if env.tx.get(model, row_id) is not None}
    hidden = there - visible(env, model, there)
    if hidden:
        raise AccessError(f"Due to security restrictions, you are not allowed to access {model}{hidden}.")


def _company(env: Env, model: str, row_id: int) -> object:
    row = env.row(model, row_id)
    if model == "stock.quant":
        row = env.row("stock.location", row["location_id"])
    return row["company_id"]
