"""The arithmetic of stock: what is in a place, what is promised, and how a move changes both."""

from __future__ import annotations

from datetime import datetime

from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.models.locations import is_tracked

QUANT = "stock.quant"


def is_storable(env: Env, product_id: int) -> bool:
    """Whether units of it are counted: `type` product up to 17, `is_storable` since 18 (odoo.md 4.4)."""
    product = env.row("product.product", product_id)
    if env.version <= 17:
        return bool(product["type"] == "product")
    return product["type"] == "consu" and bool(product["is_storable"])


def gather(env: Env, product_id: int, location_id: int, lot_id: int | None = None) -> list[int]:
    """The quants of a product at a place or below it, oldest first; with `lot_id`, only those of that lot."""
    places = env["stock.location"].tree([location_id])
    found = []
    for quant_id in sorted(env.tx.matching(QUANT, "product_id", [product_id])):
        quant = env.row(QUANT, quant_id)
        if quant["location_id"] in places and (lot_id is None or (quant["lot_id"] or 0) == lot_id):
            found.append(quant_id)
    return found


def has_expired(env: Env, lot_id: int) -> bool:
    """As the `product_expiry` module has it (read in public code): such a lot is not reserved."""
    ends = env.row("stock.lot", lot_id)["expiration_date"] if lot_id else False
    return isinstance(ends, datetime) and ends <= env.now


def available(env: Env, product_id: int, location_id: int) -> float:
    """On hand minus reserved at a place and below it, of what has not expired."""
    rows = [env.row(QUANT, quant_id) for quant_id in gather(env, product_id, location_id)]
    rows = [row for row in rows if not has_expired(env, row["lot_id"] or 0)]
    return sum((row["quantity"] - row["reserved_quantity"] for row in rows), 0.0)


def pick(env: Env, product_id: int, location_id: int, quantity: float) -> list[tuple[int, int, float]]:
    """Where up to `quantity` can be taken: (place, lot or 0, units), from quants with something free."""
    left = min(quantity, available(env, product_id, location_id))
    found: list[tuple[int, int, float]] = []
    for quant_id in gather(env, product_id, location_id):
        row = env.row(QUANT, quant_id)
        part = min(left, row["quantity"] - row["reserved_quantity"])
        if part > 0 and not has_expired(env, row["lot_id"] or 0):
            found.append((row["location_id"], row["lot_id"] or 0, part))
            left -= part
    return found


def reserve(env: Env, product_id: int, location_id: int, lot_id: int, quantity: float) -> None:
    """Promise units (negative: take it back); a promise beyond the stock is allowed, as in 17+."""
    if is_storable(env, product_id) and is_tracked(env, location_id):
        _add(env, product_id, location_id, lot_id, "reserved_quantity", quantity)


def change(env: Env, product_id: int, location_id: int, lot_id: int, quantity: float) -> None:
    """Put units in a place or take them out; nothing stops it below zero (odoo.md 5.3)."""
    if is_storable(env, product_id):
        _add(env, product_id, location_id, lot_id, "quantity", quantity)


def _add(env: Env, product_id: int, location_id: int, lot_id: int, field: str, quantity: float) -> None:
    for quant_id in sorted(env.tx.matching(QUANT, "product_id", [product_id])):
        quant = env.row(QUANT, quant_id)
        if quant["location_id"] == location_id and (quant["lot_id"] or 0) == lot_id:
            env.store(QUANT, quant_id, {field: quant[field] + quantity})
            return
    place = {"product_id": product_id, "location_id": location_id, "lot_id": lot_id or False}
    env[QUANT].new({**place, field: quantity})
