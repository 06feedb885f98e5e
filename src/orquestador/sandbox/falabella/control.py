"""The control of the sandbox, below `/_sandbox` (design.md 9b). Nothing here exists in the real API."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from orquestador.sandbox.falabella.feeds import Feed
from orquestador.sandbox.falabella.orders import Buyer, Order, OrderLine, canonical_status
from orquestador.sandbox.falabella.switches import BadSwitch
from orquestador.sandbox.falabella.world import World

MAX_UNITS = 10_000
MAX_WAIT_S = 60.0

Handler = Callable[[Request], Awaitable[Response]]


class BadControl(Exception):
    """The control request cannot be used; the text names the field."""


class Control:
    """What tests, demos and benches do to the sandbox."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        return [
            Route("/state", _guarded(self.state), methods=["GET"]),
            Route("/reset", _guarded(self.reset), methods=["POST"]),
            Route("/faults", _guarded(self.show_faults), methods=["GET"]),
            Route("/faults", _guarded(self.faults), methods=["POST"]),
            Route("/clock", _guarded(self.clock), methods=["GET"]),
            Route("/clock", _guarded(self.advance), methods=["POST"]),
            Route("/stock", _guarded(self.edit_stock), methods=["POST"]),
            Route("/orders", _guarded(self.place_order), methods=["POST"]),
            Route("/orders/{order_id:int}/status", _guarded(self.set_status), methods=["POST"]),
        ]

    async def state(self, _request: Request) -> Response:
        """Everything at the present instant; `now` and `at` are seconds of the sandbox's clock."""
        world = self._world
        world.tick()
        cells = world.stock.seller.items()
        return JSONResponse(
            {
                "now": world.clock.now(),
                "orders": [_order_json(order) for order in world.orders.all()],
                "stock": {sku: cell.shown for sku, cell in cells},
                "reserved": {sku: cell.reserved for sku, cell in cells if cell.reserved},
                "fbf": {sku: cell.shown for sku, cell in world.stock.fbf.items()},
                "feeds": [_feed_json(feed) for feed in world.feeds.feeds.values()],
                "refused_429": world.refused_429,
                "calls": dict(world.calls),
                "webhooks": world.webhooks.as_json(),
            }
        )

    async def reset(self, _request: Request) -> Response:
        await self._world.reset()
        return JSONResponse({"ok": True})

    async def show_faults(self, _request: Request) -> Response:
        return JSONResponse(self._world.switches.as_json())

    async def faults(self, request: Request) -> Response:
        """Merges the switches; an unknown one changes nothing and is named."""
        changes = await _object(request)
        self._world.tick()
        try:
            self._world.switch(changes)
        except BadSwitch as error:
            raise BadControl(str(error)) from error
        self._world.tick()
        return JSONResponse(self._world.switches.as_json())

    async def clock(self, request: Request) -> Response:
        """The clock; with `after` and `wait_s` it answers when the clock has jumped since that version."""
        query = request.query_params
        if "after" in query:
            after = int(_number(query["after"], "after", 0, 10**12))
            wait_s = _number(query.get("wait_s", "20"), "wait_s", 0, MAX_WAIT_S)
            await self._world.clock.wait_for_version(after, wait_s)
        return self._clock_json()

    async def advance(self, request: Request) -> Response:
        """Jumps ahead; feeds that end meanwhile have ended, and due webhooks have left, when this answers."""
        body = await _object(request)
        self._world.clock.advance(_number(body.get("advance_s"), "advance_s", 0, 10**9))
        self._world.tick()
        return self._clock_json()

    async def edit_stock(self, request: Request) -> Response:
        """Somebody changes a number by hand in Seller Center: `{sku, quantity}` is what shows from now on."""
        body = await _object(request)
        sku, stock = body.get("sku"), self._world.stock
        if not isinstance(sku, str) or stock.shown(sku) is None:
            raise BadControl(f"sku: unknown {sku!r}")
        quantity = _number(body.get("quantity"), "quantity", 0, 10**9)
        self._world.tick()
        stock.write(sku, int(quantity), "net")
        return JSONResponse({"sku": sku, "shown": stock.shown(sku)})

    async def place_order(self, request: Request) -> Response:
        body = await _object(request)
        lines = _lines(body.get("items"))
        ago_s = _number(body.get("createdAgo_s", 0), "createdAgo_s", 0, 10**9)
        status = _status(body.get("status", "pending"))
        self._world.tick()
        order = self._world.place_order(
            lines,
            created_ago_s=ago_s,
            status=status,
            notify=_notify(body),
            buyer=_buyer(body.get("buyer", {})),
            currency=str(body.get("currency", "")),
        )
        return JSONResponse({"orderId": order.order_id, "orderNumber": order.number})

    async def set_status(self, request: Request) -> Response:
        """Any status may follow any other here: the market moves as it likes."""
        body = await _object(request)
        order = self._world.orders.get(int(request.path_params["order_id"]))
        if order is None:
            return JSONResponse({"error": "no such order"}, 404)
        status = _status(body.get("status"))
        chosen = body.get("itemIds")
        items = order.items
        if chosen is not None:
            if not isinstance(chosen, list) or not set(chosen) <= {item.item_id for item in items}:
                raise BadControl("itemIds: a list of item ids of this order is wanted")
            items = [item for item in items if item.item_id in chosen]
        self._world.tick()
        changed = self._world.set_status(order, items, status, notify=_notify(body))
        return JSONResponse({**_order_json(order), "changed": [item.item_id for item in changed]})

    def _clock_json(self) -> Response:
        clock = self._world.clock
        return JSONResponse({"now": clock.now(), "rate": clock.rate, "version": clock.version})


def _guarded(handler: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        try:
            return await handler(request)
        except BadControl as error:
            return JSONResponse({"error": str(error)}, 422)

    return guarded


async def _object(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        raise BadControl("the body is no JSON") from None
    if not isinstance(body, dict):
        raise BadControl("the body is no JSON object")
    return body


def _number(value: Any, name: str, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise BadControl(f"{name}: a number is wanted, not {value!r}") from None
    if isinstance(value, bool) or not low <= number <= high:
        raise BadControl(f"{name}: a number from {low:g} to {high:g} is wanted, not {value!r}")
    return number


def _status(value: Any) -> str:
    status = canonical_status(value) if isinstance(value, str) else None
    if status is None:
        raise BadControl(f"status: unknown {value!r}")
    return status


def _notify(body: dict[str, Any]) -> bool:
    notify = body.get("notify", True)
    if not isinstance(notify, bool):
        raise BadControl(f"notify: true or false is wanted, not {notify!r}")
    return notify


def _lines(value: Any) -> list[OrderLine]:
    if not isinstance(value, list) or not value:
        raise BadControl("items: a list of {sku, quantity, shippingType} is wanted")
    lines: list[OrderLine] = []
    for n, row in enumerate(value):
        if not isinstance(row, dict) or not isinstance(row.get("sku"), str) or not row["sku"]:
            raise BadControl(f"items[{n}].sku: a text is wanted")
        quantity, shipping = row.get("quantity", 1), row.get("shippingType", "Dropshipping")
        if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= MAX_UNITS:
            raise BadControl(f"items[{n}].quantity: a whole number from 1 to {MAX_UNITS} is wanted")
        if not isinstance(shipping, str):
            raise BadControl(f"items[{n}].shippingType: a text is wanted")
        price = _money(row.get("price", 14990), f"items[{n}].price")
        fee = _money(row.get("shippingAmount", 0), f"items[{n}].shippingAmount")
        lines.append(OrderLine(row["sku"], quantity, shipping, price, fee))
    return lines


def _money(value: Any, name: str) -> str:
    return f"{_number(value, name, 0, 10**9):.2f}"


_BUYER = {
    "firstName": "first_name",
    "lastName": "last_name",
    "nationalId": "national_id",
    "email": "email",
    "phone": "phone",
    "address": "address",
    "city": "city",
}


def _buyer(value: Any) -> Buyer:
    if not isinstance(value, dict) or not value.keys() <= _BUYER.keys():
        raise BadControl(f"buyer: an object of {', '.join(_BUYER)} is wanted")
    return Buyer(**{_BUYER[name]: str(told) for name, told in value.items()})


def _order_json(order: Order) -> dict[str, Any]:
    return {
        "orderId": order.order_id,
        "orderNumber": order.number,
        "createdAt": order.created_at,
        "updatedAt": order.updated_at,
        "statuses": order.statuses,
        "items": [
            {
                "itemId": item.item_id,
                "sku": item.sku,
                "shippingType": item.shipping_type,
                "status": item.status,
            }
            for item in order.items
        ],
    }


def _feed_json(feed: Feed) -> dict[str, Any]:
    return {
        "feed": feed.feed,
        "at": feed.at,
        "action": feed.action,
        "skus": [
            {
                "sku": record.sku,
                "quantity": record.quantity,
                "previous": record.previous,
                "applied": record.applied,
                "error": record.error,
            }
            for record in feed.records
        ],
        "status": feed.status,
        "updatedAt": feed.updated_at,
    }
