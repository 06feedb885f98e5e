"""The API's one address: who may call, what the call costs, how it fails (falabella.md 1, 5)."""

import asyncio
import hmac
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from orquestador.sandbox.falabella import actions_feeds as feeds
from orquestador.sandbox.falabella import actions_orders as orders
from orquestador.sandbox.falabella import actions_stock as stock
from orquestador.sandbox.falabella import actions_webhooks as webhooks
from orquestador.sandbox.falabella.call import Call, check_timestamp
from orquestador.sandbox.falabella.clock import event_within, head_text
from orquestador.sandbox.falabella.envelope import Answer, Node, render
from orquestador.sandbox.falabella.errors import ApiError
from orquestador.sandbox.falabella.signing import sign
from orquestador.sandbox.falabella.world import World

#: How long an answer that never comes is held, in real seconds.
HANG_S = 120.0
#: `latency=measured`: real seconds per call. No public measurement exists; a far server in another country.
MEASURED_S = 0.18
USER_AGENT = re.compile(r"[^/]+/[^/]+/[^/]+/[^/]+/(FACL|FAPE|FACO)")
_HTML = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center></body></html>"


@dataclass(frozen=True, slots=True)
class Action:
    """What a name of an action stands for."""

    run: Callable[[Call], Answer]
    writes: bool = False
    counted: bool = False
    versions: tuple[str, ...] = ("1.0",)


_BOTH = ("1.0", "2.0")
ACTIONS: dict[str, Action] = {
    "GetOrders": Action(orders.get_orders, versions=_BOTH),
    "GetOrder": Action(orders.get_order, versions=_BOTH),
    "GetOrderItems": Action(orders.get_order_items),
    "GetMultipleOrderItems": Action(orders.get_multiple_order_items),
    "SetStatusToReadyToShip": Action(orders.set_status_to_ready_to_ship, writes=True),
    "SetStatusToCanceled": Action(orders.set_status_to_canceled, writes=True),
    "GetProducts": Action(stock.get_products),
    "GetStock": Action(stock.get_stock),
    "GetWarehouse": Action(stock.get_warehouse),
    "UpdateStock": Action(feeds.update_stock, writes=True, counted=True),
    "ProductUpdate": Action(feeds.product_update, writes=True, counted=True),
    "FeedStatus": Action(feeds.feed_status),
    "FeedList": Action(feeds.feed_list),
    "FeedOffsetList": Action(feeds.feed_offset_list),
    "FeedCount": Action(feeds.feed_count),
    "FeedCancel": Action(feeds.feed_cancel, writes=True),
    "GetFeedRawInput": Action(feeds.get_feed_raw_input),
    "CreateWebhook": Action(webhooks.create_webhook, writes=True),
    "GetWebhooks": Action(webhooks.get_webhooks),
    "GetWebhookEntities": Action(webhooks.get_webhook_entities),
    "DeleteWebhook": Action(webhooks.delete_webhook, writes=True),
}


class Api:
    """Answers `/?Action=…`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        world = self._world
        pairs = parse_qsl(request.url.query, keep_blank_values=True)
        parameters = dict(pairs)
        name = parameters.get("Action", "")
        world.calls[name if name in ACTIONS else "(unknown)"] += 1
        await self._delay()
        if world.count_down("infra_html"):
            return HTMLResponse(_HTML.format("502 Bad Gateway"), 502)
        world.tick()
        try:
            if world.rng.random() < world.switches.error_rate:
                raise ApiError(6, kind="Platform")
            action = self._admit(pairs, parameters, request.headers.get("user-agent", ""))
            if action.counted and (name != "UpdateStock" or world.switches.count_update_stock):
                self._pay()
            call = Call(world, name, parameters["Version"], parameters, body, world.clock.now())
            answer = action.run(call)
        except ApiError as error:
            return self._error(name, parameters, error)
        if action.writes and world.count_down("commit_then_timeout"):
            await self._hang(request)
            return HTMLResponse(_HTML.format("504 Gateway Time-out"), 504)
        return self._success(name, parameters, answer)

    def _admit(self, pairs: list[tuple[str, str]], parameters: Mapping[str, str], user_agent: str) -> Action:
        """The action of a well-formed, fresh, correctly signed call, or the error of the documentation."""
        options, switches = self._world.options, self._world.switches
        for name in ("Action", "Timestamp", "UserID", "Version", "Signature"):
            if not parameters.get(name):
                raise ApiError(1, name)
        action = ACTIONS.get(parameters["Action"])
        if action is None:
            raise ApiError(8)
        check_timestamp(
            parameters["Timestamp"],
            now=self._world.clock.now(),
            wall=time.time(),
            window_s=switches.timestamp_window_s,
        )
        known = parameters["UserID"] == options.user
        signed = hmac.compare_digest(sign(pairs, options.key).encode(), parameters["Signature"].encode())
        if switches.signature_check and not (known and signed):
            raise ApiError(7)
        if parameters["Version"] not in action.versions:
            raise ApiError(2)
        if parameters.get("Format", "XML") not in ("XML", "JSON"):
            raise ApiError(5)
        if switches.user_agent_check and not USER_AGENT.fullmatch(user_agent):
            raise ApiError(9)
        return action

    def _pay(self) -> None:
        if not self._world.take_budget():
            raise ApiError(429)

    async def _delay(self) -> None:
        slow_s = self._world.switches.slow_s + (
            MEASURED_S if self._world.options.latency == "measured" else 0.0
        )
        if slow_s:
            await event_within(self._world.closing, slow_s)

    async def _hang(self, request: Request) -> None:
        """The work is done, but the answer never comes: until the caller leaves, we stop, or two minutes."""
        waits = {
            asyncio.ensure_future(_disconnected(request)),
            asyncio.ensure_future(self._world.closing.wait()),
        }
        _done, pending = await asyncio.wait(waits, timeout=HANG_S, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()

    def _success(self, name: str, parameters: Mapping[str, str], answer: Answer) -> Response:
        head: dict[str, Node] = {
            "RequestId": answer.request_id,
            "RequestAction": name,
            "ResponseType": answer.response_type,
            "Timestamp": head_text(self._world.clock.now()),
            **answer.head,
        }
        return self._render("SuccessResponse", {"Head": head, "Body": answer.body}, parameters, 200)

    def _error(self, name: str, parameters: Mapping[str, str], error: ApiError) -> Response:
        head: dict[str, Node] = {
            "RequestAction": name,
            "ErrorType": error.kind,
            "ErrorCode": str(error.code),
            "ErrorMessage": error.text,
        }
        # Only the budget's status is documented (falabella.md 1.4).
        status = 429 if error.code == 429 else self._world.switches.error_status
        return self._render("ErrorResponse", {"Head": head, "Body": ""}, parameters, status)

    def _render(
        self, root: str, document: Mapping[str, Node], parameters: Mapping[str, str], status: int
    ) -> Response:
        switches = self._world.switches
        content, media_type = render(
            root,
            document,
            as_json=parameters.get("Format") == "JSON",
            shape=switches.list_shape,
            indented_text=switches.indented_text,
        )
        return Response(content, status, headers={"Content-Type": media_type})


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
