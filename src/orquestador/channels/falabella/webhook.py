"""What a webhook body says: the documented simple bodies and Seller Center's own `{event, payload}`.

Any bytes become a Notice or an InvalidBody, nothing else (design §9b; falabella.md 7.2).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError, from_json, to_json

from orquestador.model.notices import Notice, NoticeKind
from orquestador.model.orders import LineState, SeenLine, SeenOrder
from orquestador.ports import InvalidBody, Receipt

SIMPLE: Final = "simple"
REF_MAX_CHARS: Final = 200
QUANTITY_MAX: Final = 100_000

ORDER_EVENTS: Final = ("onOrderCreated", "onOrderItemsStatusChanged")

SIMPLE_STATES: Final[Mapping[str, LineState]] = {
    "confirmed": LineState.COMMITTED,
    "pending": LineState.COMMITTED,
    "ready_to_ship": LineState.COMMITTED,
    "shipped": LineState.SHIPPED,
    "delivered": LineState.SHIPPED,
    "canceled": LineState.CANCELLED,
    "cancelled": LineState.CANCELLED,
    "cancelado": LineState.CANCELLED,
}
"""The statuses of the simple order body, and nothing else (design §9b)."""

_NOT_STORABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BIGGEST: Final = 10**40


class _Unreadable(Exception):
    """A Seller Center payload that we cannot read."""


def _ref(value: object) -> str:
    """An id or SKU as text that every store can hold; numbers become their digits."""
    if isinstance(value, int) and not isinstance(value, bool) and -_BIGGEST < value < _BIGGEST:
        return str(value)
    if not isinstance(value, str):
        raise PydanticCustomError("ref", "it must be a text or a whole number")
    text = value.strip()
    if not text or len(text) > REF_MAX_CHARS or _NOT_STORABLE.search(text):
        raise PydanticCustomError("ref", "it must have 1 to 200 characters and no control characters")
    return text


def _instant(value: object) -> float:
    try:
        moment = datetime.fromisoformat(value.strip().upper() if isinstance(value, str) else "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise PydanticCustomError("instant", "it is no ISO 8601 date and time") from error


Ref = Annotated[str, BeforeValidator(_ref)]
Instant = Annotated[float, BeforeValidator(_instant)]
_STRICT: Final = ConfigDict(extra="ignore", strict=True, frozen=True, allow_inf_nan=False)


class _Row(BaseModel):
    model_config = _STRICT
    sku: Ref
    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)]


class _SimpleOrder(BaseModel):
    model_config = _STRICT
    orderId: Ref  # noqa: N815 - the documented body's own words
    status: str
    timestamp: Instant
    products: list[_Row] | None = None

    @property
    def word(self) -> str:
        return re.sub(r"[\s-]+", "_", self.status.strip().lower())

    @property
    def rows(self) -> dict[str, int]:
        """Units per SKU: rows of one SKU add up."""
        units: dict[str, int] = {}
        for row in self.products or ():
            units[row.sku] = units.get(row.sku, 0) + row.quantity
        return units


class _SimpleStock(BaseModel):
    model_config = _STRICT
    sku: Ref
    quantity: int | float | None = None
    timestamp: Instant | None = None


_ORDER: Final = TypeAdapter(_SimpleOrder)
_STOCK: Final = TypeAdapter(list[_SimpleStock])

_REMEDIES: Final = {
    "body": 'Send an object such as {"orderId": "FAL-1", "products": [{"sku": "PROD-001", "quantity": 1}], '
    '"status": "confirmed", "timestamp": "2026-11-24T12:00:00Z"}.',
    "orderId": "Send the order's id as a text or a whole number.",
    "status": "Send one of confirmed, pending, ready_to_ship, shipped, delivered, canceled.",
    "timestamp": "Send ISO 8601, for example 2026-11-24T12:00:00Z (without an offset it is read as UTC).",
    "products": 'Send at least one row such as {"sku": "PROD-001", "quantity": 1}.',
    "sku": "Send the seller's SKU as a text.",
    "quantity": "Send a whole number from 1 to 100000.",
}
_STOCK_REMEDIES: Final = {
    **_REMEDIES,
    "body": 'Send {"sku": "PROD-001"}, or a list of such objects.',
    "quantity": "Send a number, or leave it out: it is read again anyway.",
}


def read_notice(body: bytes, *, stock: bool, body_backed: bool = True) -> Notice:
    """What this body says. `stock` is the door it came through, which decides only about simple bodies.

    Raises InvalidBody for a malformed simple body or no JSON at all; a Seller Center body is never refused.
    """
    parsed = _parse(body, _STOCK_REMEDIES if stock else _REMEDIES)
    if (
        isinstance(parsed, dict)
        and parsed.keys() & {"event", "payload"}
        and not parsed.keys() & {"orderId", "sku"}
    ):
        return _seller_center(parsed, body)
    return _stock_notice(parsed) if stock else _order_notice(parsed, body_backed)


def simple_orders(receipts: Iterable[Receipt], channel: str) -> list[SeenOrder]:
    """The body-backed receipts as orders, in order of their timestamp (equal ones: in order of arrival)."""
    orders = [_seen(_order(_parse(r.body, _REMEDIES)), channel) for r in receipts if r.notice.body_backed]
    return sorted(orders, key=lambda order: order.as_of)


# --- simple bodies ---


def _parse(body: bytes, remedies: Mapping[str, str]) -> Any:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        # pydantic's message holds a position, not the text.
        raise InvalidBody("body", f"it is no valid JSON ({error})", remedies["body"]) from error


def _order(parsed: object) -> _SimpleOrder:
    if not isinstance(parsed, dict):
        raise InvalidBody("body", "it is no JSON object", _REMEDIES["body"])
    try:
        order = _ORDER.validate_python(parsed)
    except ValidationError as error:
        raise _invalid(error, _REMEDIES) from error
    if not order.products and SIMPLE_STATES.get(order.word) is not LineState.CANCELLED:
        raise InvalidBody("products", "an order needs at least one row", _REMEDIES["products"])
    return order


def _order_notice(parsed: object, body_backed: bool) -> Notice:
    order = _order(parsed)
    word = order.word
    content = [order.orderId, word, order.timestamp, sorted(order.rows.items())]
    known = word in SIMPLE_STATES
    return Notice(
        kind=NoticeKind.ORDER if known else NoticeKind.UNREADABLE,
        refs=(order.orderId,),
        event=SIMPLE,
        dedupe=_order_digest(order.orderId, SIMPLE, content),
        body_backed=known and body_backed,
        reason=None if known else f"unknown status: {_clip(order.status)}",
    )


def _seen(order: _SimpleOrder, channel: str) -> SeenOrder:
    state = SIMPLE_STATES.get(order.word)
    rows = order.rows
    return SeenOrder(
        channel=channel,
        order_id=order.orderId,
        as_of=order.timestamp,
        lines=tuple(SeenLine(sku, sku, units, state, order.word) for sku, units in rows.items()),
        body_backed=True,
        cancels_all=state is LineState.CANCELLED and not rows,
    )


def _stock_notice(parsed: object) -> Notice:
    one = isinstance(parsed, dict)
    if not one and not isinstance(parsed, list):
        raise InvalidBody("body", "it is no JSON object or list", _STOCK_REMEDIES["body"])
    if not parsed:
        raise InvalidBody("body", "it names no SKU", _STOCK_REMEDIES["body"])
    try:
        rows = _STOCK.validate_python([parsed] if one else parsed)
    except ValidationError as error:
        raise _invalid(error, _STOCK_REMEDIES, skip=1 if one else 0) from error
    content = [[row.sku, row.quantity, row.timestamp] for row in rows]
    refs = tuple(dict.fromkeys(row.sku for row in rows))
    return Notice(NoticeKind.STOCK, refs, SIMPLE, _digest(SIMPLE, content))


_PROBLEMS: Final = {
    "missing": "it is missing",
    "model_type": "it is no JSON object",
    "list_type": "it is no list",
    "string_type": "it is no text",
}


def _invalid(error: ValidationError, remedies: Mapping[str, str], skip: int = 0) -> InvalidBody:
    """The first problem as field (`products[0].quantity`), problem and remedy; never the value itself."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field, name = "", "body"
    for part in first["loc"][skip:]:
        if isinstance(part, int):
            field += f"[{part}]"
        elif part in remedies:
            field += f".{part}" if field else part
            name = part
    problem = _PROBLEMS.get(first["type"]) or first["msg"].replace("Input should be", "it must be")
    return InvalidBody(field or "body", problem, remedies[name])


# --- Seller Center's own bodies ---


def _seller_center(parsed: Mapping[str, object], body: bytes) -> Notice:
    event, payload = parsed.get("event"), parsed.get("payload")
    if not isinstance(event, str) or not event.strip():
        return _unreadable("", "the event has no name", body)
    event = event.strip()
    word = event.lower()
    try:
        if word.startswith("onorder"):
            if word not in _ORDER_WORDS:
                return _ignored(event, body)
            return _order_event(event, payload)
        if word.startswith("onfeed"):
            feeds = _refs(_field(payload, "Feed", "FeedId", "FeedID"))
            return Notice(NoticeKind.FEED, feeds, event, _digest(event, feeds))
        if word.startswith("onproduct"):
            skus = tuple(dict.fromkeys(_refs(_field(payload, "SellerSkus", "SellerSku"))))
            if not skus:
                return _ignored(event, body)
            return Notice(NoticeKind.STOCK, skus, event, _digest(event, sorted(skus)))
    except _Unreadable as error:
        return _unreadable(event, str(error), body)
    return _ignored(event, body)


_ORDER_WORDS: Final = frozenset(event.lower() for event in ORDER_EVENTS)


def _order_event(event: str, payload: object) -> Notice:
    refs = _refs(_field(payload, "OrderId"))
    if len(refs) != 1:
        raise _Unreadable("payload.OrderId must be one id")
    items: tuple[str, ...] = ()
    status = ""
    if isinstance(payload, dict):
        # Both spellings are seen (falabella.md 7.2); they only tell notices apart, the order is read again.
        ids = payload.get("OrderItemIds", payload.get("OrderItemsId"))
        items = tuple(sorted(_refs(ids))) if ids not in (None, "") else ()
        new = payload.get("NewStatus")
        status = new.strip().lower() if isinstance(new, str) else ""
    return Notice(NoticeKind.ORDER, refs, event, _order_digest(refs[0], event, [refs[0], items, status]))


def _field(payload: object, *names: str) -> object:
    if isinstance(payload, dict):
        for name in names:
            if name in payload:
                return payload[name]
    raise _Unreadable(f"payload.{names[0]} is missing")


def _refs(value: object) -> tuple[str, ...]:
    try:
        return tuple(_ref(item) for item in (value if isinstance(value, list) else [value]))
    except PydanticCustomError as error:
        raise _Unreadable("payload holds an id that is no text or number") from error


def _ignored(event: str, body: bytes) -> Notice:
    return Notice(NoticeKind.IGNORED, (), _clip(event), hashlib.sha256(body).hexdigest())


def _unreadable(event: str, reason: str, body: bytes) -> Notice:
    return Notice(NoticeKind.UNREADABLE, (), _clip(event), hashlib.sha256(body).hexdigest(), reason=reason)


def _clip(text: str) -> str:
    return _NOT_STORABLE.sub("?", text)[:60]


def _digest(event: str, content: object) -> str:
    """A short text that is the same for bodies that say the same."""
    return hashlib.sha256(to_json([event, content])).hexdigest()[:40]


def _order_digest(order_id: str, event: str, content: object) -> str:
    # The id in front: orders of one hour are neighbours in the journal's index, hashes alone are scattered.
    return f"{order_id[:40]}:{_digest(event, content)}"
