"""Orders of Seller Center: what its words mean, reads by id, the list of updated ones (falabella.md 2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from orquestador.channels.falabella.client import Calls
from orquestador.channels.falabella.config import FalabellaConfig
from orquestador.channels.falabella.envelope import Node, child, instant, listed, rows, text, whole
from orquestador.channels.falabella.sign import timestamp
from orquestador.model.errors import Rejected, Unavailable
from orquestador.model.orders import LineState, Owner, SeenLine, SeenOrder
from orquestador.ports import Clock, OrderHead

log = structlog.get_logger(__name__)

IDS_PER_CALL: Final = 50
"""The maximum is not published; clients use 20 or 50 (falabella.md 2.2)."""
PAGE_OVERLAP: Final = 10
MAX_PAGES: Final = 10_000
MAX_STEPS_BACK: Final = 50
CLOCK_SLACK_S: Final = 300.0
_ORDER_ID: Final = re.compile(r"[1-9][0-9]{0,18}")
_BAD_ID_CODES: Final = frozenset({"E016", "E035", "E037"})
"""About one id of the list, so that the others have to be asked for without it."""
_NONE_FOUND: Final = "E039"
_TOO_MANY: Final = "E038"

STATES: Final[Mapping[str, LineState]] = {
    "pending": LineState.COMMITTED,
    "readytoship": LineState.COMMITTED,
    "shipped": LineState.SHIPPED,
    "delivered": LineState.SHIPPED,
    "failed": LineState.SHIPPED,
    "faileddelivery": LineState.SHIPPED,
    "returnshippedbycustomer": LineState.SHIPPED,
    "returnshipbycustomer": LineState.SHIPPED,
    "returnwaitingforapproval": LineState.SHIPPED,
    "returnawaitingforapproval": LineState.SHIPPED,
    "returned": LineState.SHIPPED,
    "returnrejected": LineState.SHIPPED,
    "returnedrejected": LineState.SHIPPED,
    "canceled": LineState.CANCELLED,
    "cancelled": LineState.CANCELLED,
    "cancel": LineState.CANCELLED,
}
"""Every status of falabella.md 2.3 in both spellings, as `normal` writes them.

Goods on their way back are still out: they return by the warehouse's own receipt (design §6.3).
"""

OWNERS: Final[Mapping[str, Owner]] = {
    "dropshipping": Owner.SELLER,
    "ownwarehouse": Owner.MARKETPLACE,
    "fulfillment": Owner.MARKETPLACE,
    "crossdocking": Owner.SELLER,
}
"""falabella.md 2.4. `crossdocking` is a filter value that nothing explains: assumed the seller's."""
ASSUMED_OWNERS: Final = frozenset({"crossdocking"})


def normal(word: str) -> str:
    """Lower case without spaces, underscores and hyphens: the documentation itself spells in several ways."""
    return re.sub(r"[\s_-]+", "", word.lower())


def line_state(status: str) -> LineState | None:
    """What an item's status means for stock; None for a word that we do not know."""
    return STATES.get(normal(status))


def owner_of(shipping_type: str) -> Owner:
    """Whose stock an item with this ShippingType is served from."""
    return OWNERS.get(normal(shipping_type), Owner.UNKNOWN)


def created_at(value: str, zone: ZoneInfo, now: float) -> float | None:
    """When an order was made, from a local date read at `now`.

    In the hour that comes twice: the newest instant that is not ahead of us, because orders are read soon
    after they are made. One of the second pass that was taken for an hour older could count as made before a
    go-live in the first, and would never leave the ERP.
    """
    late = instant(value, zone, later=True)
    return late if late is not None and late <= now + CLOCK_SLACK_S else instant(value, zone)


@dataclass(frozen=True, slots=True)
class _Listed:
    head: OrderHead
    updated: str
    """As it was listed: an order that moved in the list has another text."""


class Orders:
    """Reads of one account's orders."""

    def __init__(self, client: Calls, config: FalabellaConfig, clock: Clock) -> None:
        self._client, self._config, self._clock = client, config, clock
        self._said: set[str] = set()

    async def read(self, order_ids: Sequence[str]) -> list[SeenOrder]:
        """Orders by id, 50 a call; ids that Seller Center does not know, or cannot know, are absent."""
        ids = [i for i in dict.fromkeys(order_ids) if _ORDER_ID.fullmatch(i)]
        found: list[SeenOrder] = []
        for start in range(0, len(ids), IDS_PER_CALL):
            found += await self._read(tuple(ids[start : start + IDS_PER_CALL]))
        return found

    async def _read(self, ids: tuple[str, ...]) -> list[SeenOrder]:
        as_of = self._clock.now()
        try:
            answer = await self._client.get(
                "GetMultipleOrderItems", {"OrderIdList": f"[{','.join(ids)}]"}, order_ids=ids
            )
        except Rejected as error:
            if error.code == _NONE_FOUND or (error.code in _BAD_ID_CODES and len(ids) == 1):
                return []
            if len(ids) > 1 and error.code in {*_BAD_ID_CODES, _TOO_MANY}:
                half = len(ids) // 2
                return [*await self._read(ids[:half]), *await self._read(ids[half:])]
            raise
        wanted = set(ids)
        orders = [self._order(node, as_of) for node in listed(answer, "Orders", "Order")]
        found = [order for order in orders if order.order_id in wanted]
        # How many ids a call takes is not published: what a server cut off in silence must not be taken for
        # orders that do not exist. Ends, because each round finds one at least.
        left = tuple(i for i in ids if i not in {order.order_id for order in found})
        return [*found, *await self._read(left)] if found and left else found

    def _order(self, node: Node, as_of: float) -> SeenOrder:
        order_id = text(node, "OrderId")
        if not order_id:
            raise Unavailable("falabella: an order without OrderId")
        items = rows(child(node, "OrderItems"), "OrderItem")
        created = [created_at(text(item, "CreatedAt"), self._config.zone, as_of) for item in items]
        return SeenOrder(
            channel=self._config.id,
            order_id=order_id,
            as_of=as_of,
            lines=tuple(self._line(order_id, n, item) for n, item in enumerate(items)),
            number=text(node, "OrderNumber") or None,
            created_at=min((at for at in created if at is not None), default=None),
        )

    def _line(self, order_id: str, n: int, item: Node) -> SeenLine:
        status, shipping = text(item, "Status"), text(item, "ShippingType")
        owner = owner_of(shipping)
        word = normal(shipping)
        if (owner is Owner.UNKNOWN or word in ASSUMED_OWNERS) and f"{order_id} {word}" not in self._said:
            if len(self._said) > 10_000:
                self._said.clear()
            self._said.add(f"{order_id} {word}")
            log.warning("falabella.stock_owner_unclear", orderId=order_id, shippingType=shipping, owner=owner)
        # One row is one unit; no Quantity was ever seen, but if one appears it counts (falabella.md 2.2).
        quantity = whole(item, "Quantity") or 1
        return SeenLine(
            line_id=text(item, "OrderItemId") or f"row-{n}",
            sku=text(item, "Sku") or f"(no seller SKU) {text(item, 'ShopSku')}".strip(),
            quantity=max(1, quantity),
            state=line_state(status),
            raw_state=status,
            owner=owner,
            reserved=normal(status) == "pending",
        )

    async def updated(self, since: float) -> AsyncIterator[list[OrderHead]]:
        """Heads of all orders updated since then, page by page, each listed version once.

        The list moves while it is read: an updated order leaves its place, all behind it move up. So a page
        begins `PAGE_OVERLAP` rows before the end of the last one, and is believed only when its first row was
        already seen unchanged: then nothing can have slipped past in between. Else it is read again from a
        page earlier. The order that moved is newer than the sweep: it comes again, here or next time.
        """
        size = self._config.orders_page
        seen: set[tuple[str, str]] = set()
        offset, steps_back = 0, 0
        for _ in range(MAX_PAGES):
            page, total = await self._page(since, offset, size)
            keys = [(row.head.order_id, row.updated) for row in page]
            # In a list without any order stepping back would never end: then what comes is taken.
            if offset and (not keys or keys[0] not in seen) and steps_back < MAX_STEPS_BACK:
                offset, steps_back = max(0, offset - size), steps_back + 1
                continue
            fresh = [row.head for row, key in zip(page, keys, strict=True) if key not in seen]
            seen.update(keys)
            if fresh:
                yield fresh
            # A server may cap Limit below what we asked: then the total decides where it is given.
            end = offset + len(page)
            # A full page is never believed to be the last: a total that counts the page alone would hide the
            # rest of the orders.
            if not page or (len(page) < size and (total is None or end >= total)):
                return
            offset = max(offset + 1, end - PAGE_OVERLAP)
        raise Unavailable("falabella: the list of orders never ends")

    async def _page(self, since: float, offset: int, size: int) -> tuple[list[_Listed], int | None]:
        now = self._clock.now()
        answer = await self._client.get(
            "GetOrders",
            # No SortBy: v2 refuses it with E075 (falabella.md 2.1).
            {"UpdatedAfter": timestamp(since), "Limit": str(size), "Offset": str(offset)},
            version="2.0",
        )
        page = [self._head(node, self._config.zone, now) for node in listed(answer, "Orders", "Order")]
        return page, whole(answer.head, "TotalCount")

    @staticmethod
    def _head(node: Node, zone: ZoneInfo, now: float) -> _Listed:
        order_id, updated = text(node, "OrderId"), text(node, "UpdatedAt")
        if not order_id:
            raise Unavailable("falabella: an order without OrderId")
        states = tuple(sorted({text(s) for s in rows(child(node, "Statuses"), "Status")} - {""}))
        facts = "\n".join((updated, text(node, "ItemsCount"), *states))
        still_open = (LineState.COMMITTED, LineState.NOT_COMMITTED, None)
        head = OrderHead(
            order_id=order_id,
            number=text(node, "OrderNumber") or None,
            created_at=created_at(text(node, "CreatedAt"), zone, now),
            states=states,
            open=not states or any(line_state(s) in still_open for s in states),
            fingerprint=hashlib.sha256(facts.encode()).hexdigest()[:16],
        )
        return _Listed(head, updated)
