"""Lots and serial numbers: Odoo chooses them when units leave, and they come back as they left."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from orquestador.erp.odoo.family import TOLERANCE, Move
from orquestador.erp.odoo.products import Products
from orquestador.erp.odoo.rpc import Row, Transport, ref, rows
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.orders import Direction
from orquestador.ports import Movement

Chosen = dict[str, dict[int, list[tuple[int, float]]]]
"""By key and product: (lot, units)."""


def lacking(moves: Sequence[Move], name_of: Callable[[int], str]) -> str | None:
    """Why these open moves cannot be done in full: they would need lots that are not there. Odoo forces no
    lot, and to write the quantity anyway would only leave a promise of nothing behind (odoo.md §5.5)."""
    for move in moves:
        if move.is_open and move.tracked and move.is_short and move.state != "draft":
            of = name_of(move.product_id)
            return (
                f"product {of} has lots or serial numbers, and only {move.backed:g} of {move.promised:g} "
                "have one in stock: receive or correct them in Odoo"
            )
    return None


async def that_left(
    rpc: Transport, products: Products, setup: SetUp, movements: Sequence[Movement], *, sells: bool
) -> Chosen:
    """The lots to give back: those that left for the same order and have not come back yet, the last first.

    What cannot be found is left to Odoo, which then asks a person for it.
    """
    back = [m for m in movements if m.direction is Direction.IN]
    if not back:
        return {}
    ids = sorted({product for m in back for product, _ in m.items})
    tracked = await products.tracked(setup, ids)
    wanted = [m for m in back if any(p in tracked for p, _ in m.items)]
    if not wanted:
        return {}
    lines = await _lines(rpc, setup, wanted, tracked, sells=sells)
    chosen: Chosen = {}
    for movement in wanted:
        there = _out_of(lines, movement)
        for product, quantity in movement.items:
            if product not in tracked:
                continue
            left = quantity
            for lot, units in reversed(there.get(product, {}).items()):
                part = min(left, units)
                if part > TOLERANCE:
                    chosen.setdefault(movement.key, {}).setdefault(product, []).append((lot, part))
                    left -= part
    return chosen


async def _lines(
    rpc: Transport, setup: SetUp, movements: Sequence[Movement], tracked: frozenset[int], *, sells: bool
) -> list[Row]:
    """Done lines of documents of these orders; the deliveries of a sale order by its name."""
    names = sorted({name for m in movements for name in _earlier(m.key)})
    origin = ["picking_id.origin", "in", names]
    by_sale = ["picking_id.sale_id.name", "in", names]
    domain: list[object] = [
        ["state", "=", "done"],
        ["product_id", "in", sorted(tracked)],
        *(["|", origin, by_sale] if sells else [origin]),
    ]
    # By the moves: a line that was made together with its move does not know its document (probed).
    moves = await _read(rpc, setup, "stock.move", domain, ["picking_id", "product_id"])
    if not moves:
        return []
    of_moves: list[object] = [["move_id", "in", [row["id"] for row in moves]], ["lot_id", "!=", False]]
    lines = await _read(
        rpc, setup, "stock.move.line", of_moves, ["move_id", "lot_id", "quantity_product_uom"]
    )
    pickings = sorted({p for row in moves if (p := ref(row.get("picking_id"))) is not None})
    fields = ["origin", "picking_type_code", *(["sale_id"] if sells else [])]
    documents = await _read(rpc, setup, "stock.picking", [["id", "in", pickings]], fields)
    about = {int(row["id"]): row for row in documents}
    made_by = {int(row["id"]): row for row in moves}
    found = []
    for line in lines:
        move = made_by[ref(line.get("move_id")) or 0]
        document = about.get(ref(move.get("picking_id")) or 0, {})
        found.append({**line, "product_id": move["product_id"], "document": document})
    return found


async def _read(
    rpc: Transport, setup: SetUp, model: str, domain: list[object], fields: list[str]
) -> list[Row]:
    wanted = {"domain": domain, "fields": fields, "order": "id"}
    return rows(await rpc.call(model, "search_read", kwargs=wanted, context=setup.company))


def _out_of(lines: Sequence[Row], movement: Movement) -> dict[int, dict[int, float]]:
    """Units per product and lot that are out for the order of this movement."""
    names = set(_earlier(movement.key))
    out: dict[int, dict[int, float]] = {}
    for row in lines:
        document: Mapping[str, object] = row["document"]
        sale = document.get("sale_id")
        sold = str(sale[1]) if isinstance(sale, list) and len(sale) > 1 else ""
        if str(document.get("origin")) not in names and sold not in names:
            continue
        product, lot = ref(row.get("product_id")) or 0, ref(row.get("lot_id")) or 0
        sign = 1 if document.get("picking_type_code") == "outgoing" else -1
        of = out.setdefault(product, {})
        of[lot] = of.get(lot, 0.0) + sign * float(row["quantity_product_uom"])
    return out


def _earlier(key: str) -> list[str]:
    """The keys of the same order before this one."""
    stem, _, n = key.rpartition("/")
    return [f"{stem}/{i}" for i in range(1, int(n))] if n.isdigit() else []
