"""The control API under `/_sandbox/`: what a person, a test or the demo sees and does (design.md 9b)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orquestador.sandbox.odoo.core import Core
from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.errors import OdooFault
from orquestador.sandbox.odoo.faults import BadFault
from orquestador.sandbox.odoo.models.moves import StockMove
from orquestador.sandbox.odoo.models.pickings import StockPicking
from orquestador.sandbox.odoo.store import Row

_VALIDATE = {"skip_backorder": True, "skip_sms": True}


class Refused(Exception):
    """The request makes no sense; the text says what is wrong."""


class Control:
    """HTTP handlers for the people around the sandbox."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def routes(self) -> list[Route]:
        """All control routes."""
        return [
            Route("/_sandbox/state", self.state, methods=["GET"]),
            Route("/_sandbox/reset", self.reset, methods=["POST"]),
            Route("/_sandbox/faults", self.faults, methods=["GET", "POST"]),
            Route("/_sandbox/webhook", _guarded(self.webhook), methods=["POST"]),
            Route("/_sandbox/move", _guarded(self.move), methods=["POST"]),
            Route("/_sandbox/picking", _guarded(self.picking), methods=["POST"]),
        ]

    async def state(self, _: Request) -> Response:
        """Stock per SKU, pickings with their moves, calls and webhooks so far."""
        content = self._core.read(_state)
        counts = {"calls": dict(self._core.calls), "webhooks_sent": self._core.webhooks_sent}
        return JSONResponse({"version": self._core.options.version, **content, **counts})

    async def reset(self, _: Request) -> Response:
        """Start again."""
        await self._core.reset()
        return JSONResponse({"ok": True})

    async def faults(self, request: Request) -> Response:
        """Show the faults, or merge an object of them; an unknown one is 422 and changes nothing."""
        if request.method == "POST":
            try:
                await self._core.set_faults(await _object(request))
            except (BadFault, Refused) as error:
                return JSONResponse({"error": str(error)}, status_code=422)
        return JSONResponse(self._core.faults.current())

    async def webhook(self, request: Request) -> Response:
        """`{url}`: call it from now on; null stops it."""
        url = (await _object(request)).get("url")
        await self._core.set_webhook(str(url) if url else None)
        return JSONResponse({"url": url or None})

    async def move(self, request: Request) -> Response:
        """`{sku, delta}`: a person sells (negative) or receives (positive) units in Odoo, in full."""
        body = await _object(request)
        sku, delta = str(body.get("sku")), body.get("delta")
        if not isinstance(delta, int | float) or isinstance(delta, bool) or not delta:
            raise Refused("delta: a number other than 0")
        return JSONResponse(await self._core.write(lambda env: _move(env, sku, float(delta))))

    async def picking(self, request: Request) -> Response:
        """`{id | name, action, name?}`: a person cancels, deletes, renames or validates a picking by hand.

        To find a picking by its name and rename it, give `name` and `new_name`.
        """
        body = await _object(request)
        return JSONResponse(await self._core.write(lambda env: _by_hand(env, body), _VALIDATE))


def _guarded(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except Refused as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        except OdooFault as error:
            return JSONResponse({"error": str(error.args[0]), "name": error.name}, status_code=409)

    return guarded


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise Refused("the body is no JSON") from error
    if not isinstance(body, dict):
        raise Refused("the body must be a JSON object")
    return body


def _main_stock(env: Env) -> Row:
    return env.row("stock.warehouse", min(env["stock.warehouse"].select([])))


def _state(env: Env) -> dict[str, Any]:
    products = env["product.product"]
    products.env.context["location"] = _main_stock(env)["lot_stock_id"]
    ids = sorted(products.select([]))
    on_hand, free = products.values_of(ids, "qty_available"), products.values_of(ids, "free_qty")
    codes = products.values_of(ids, "default_code")
    stock: dict[str, dict[str, float]] = {}
    for product in ids:
        if codes[product]:
            row = stock.setdefault(codes[product], {"on_hand": 0.0, "reserved": 0.0, "free": 0.0})
            row["on_hand"] += on_hand[product]
            row["free"] += free[product]
            row["reserved"] += on_hand[product] - free[product]
    return {"stock": stock, "pickings": [_picking(env, one) for one in sorted(env.tx.ids("stock.picking"))]}


def _picking(env: Env, picking_id: int) -> dict[str, Any]:
    row = env.row("stock.picking", picking_id)
    moves = [env.row("stock.move", move) for move in env.of(StockMove).of_pickings([picking_id])]
    return {
        "id": picking_id,
        "name": row["name"],
        "origin": row["origin"] or None,
        "state": row["state"],
        "type": env.row("stock.picking.type", row["picking_type_id"])["code"],
        "backorder_id": row["backorder_id"] or None,
        "moves": [
            {
                "sku": env.row("product.product", move["product_id"])["default_code"] or None,
                "demand": move["product_uom_qty"],
                "quantity": move["quantity"],
                "state": move["state"],
            }
            for move in moves
        ],
    }


def _move(env: Env, sku: str, delta: float) -> dict[str, Any]:
    found = sorted(env["product.product"].select([("default_code", "=", sku)]))
    if not found:
        raise Refused(f"sku: no product {sku!r}")
    warehouse = _main_stock(env)
    incoming = delta > 0
    line: dict[str, Any] = {"product_id": found[0], "product_uom_qty": abs(delta)}
    if env.version <= 18:
        line["name"] = "by hand"
    place = warehouse["lot_stock_id"]
    usage = "supplier" if incoming else "customer"
    outside = min(env["stock.location"].select([("usage", "=", usage)]))
    pickings, moves = env.of(StockPicking), env.of(StockMove)
    picking = pickings.new(
        {
            "picking_type_id": warehouse["in_type_id" if incoming else "out_type_id"],
            "location_id": outside if incoming else place,
            "location_dest_id": place if incoming else outside,
            "move_ids": [[0, 0, line]],
        }
    )
    pickings.action_confirm([picking])
    for move in moves.of_pickings([picking]):
        moves.set_quantity(move, env.row("stock.move", move)["product_uom_qty"])
    pickings.button_validate([picking])
    env.context["location"] = place
    values = env["product.product"].read(found[:1], ["qty_available", "free_qty"])[0]
    name = env.row("stock.picking", picking)["name"]
    return {
        "picking_id": picking,
        "name": name,
        "on_hand": values["qty_available"],
        "free": values["free_qty"],
    }


def _by_hand(env: Env, body: dict[str, Any]) -> dict[str, Any]:
    pickings = env.of(StockPicking)
    action = body.get("action")
    if isinstance(body.get("id"), int):
        found, new_name = [int(body["id"])], body.get("new_name") or body.get("name")
    else:
        found, new_name = (
            sorted(pickings.select([("name", "=", str(body.get("name")))])),
            body.get("new_name"),
        )
    if not found or env.tx.get("stock.picking", found[0]) is None:
        raise Refused("id, name: no such picking")
    picking = found[0]
    if action == "cancel":
        pickings.action_cancel([picking])
    elif action == "validate":
        pickings.button_validate([picking])
    elif action == "delete":
        pickings.remove([picking])
        return {"id": picking, "state": None}
    elif action == "rename":
        if not new_name:
            raise Refused("name: the new name is missing")
        pickings.change([picking], {"name": str(new_name)})
    else:
        raise Refused("action: cancel, delete, rename or validate")
    row = env.row("stock.picking", picking)
    return {"id": picking, "name": row["name"], "state": row["state"]}
