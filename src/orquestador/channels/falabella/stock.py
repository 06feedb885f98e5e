"""Stock of Seller Center: absolute writes as feeds, and the catalogue (falabella.md 3, 4, 6)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from orquestador.channels.falabella.client import Calls
from orquestador.channels.falabella.config import FalabellaConfig
from orquestador.channels.falabella.envelope import Node, child, instant, listed, rows, text, whole
from orquestador.channels.falabella.feeds import report_of
from orquestador.model.errors import Ambiguous, Rejected
from orquestador.model.stock import RecordOutcome
from orquestador.ports import CatalogueRow, Clock, JobReport

MAX_SKUS: Final = 500
"""Rows per UpdateStock (falabella.md 3.1)."""
LOOKED_AT: Final = 20
"""Unknown feeds whose content is compared when an id was lost."""
CLOCK_SLACK_S: Final = 300.0
WAREHOUSE_TAGS: Final = ("GSCFacilityId", "SellerWarehouseId")
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNKNOWN_FEED: Final = "E012"


def warehouse_tag(config: FalabellaConfig) -> tuple[str, str] | None:
    """By which tag a write names its warehouse, never by both (falabella.md 3.1); None = the default one."""
    if config.facility_id:
        return "GSCFacilityId", config.facility_id
    return ("SellerWarehouseId", config.seller_warehouse_id) if config.seller_warehouse_id else None


def update_stock_xml(quantities: Mapping[str, int], warehouse: tuple[str, str] | None = None) -> bytes:
    """The body of an UpdateStock, for the default warehouse unless one is named. Raises Rejected for what it
    cannot say."""
    if not 0 < len(quantities) <= MAX_SKUS:
        raise Rejected(f"falabella: {len(quantities)} SKUs in one UpdateStock, 1 to {MAX_SKUS} are allowed")
    stocks: list[str] = []
    place = "<{0}>{1}</{0}>".format(*warehouse) if warehouse else ""
    for sku, quantity in quantities.items():
        if _NO_XML.search(sku) or quantity < 0:
            raise Rejected("falabella: a SKU that XML cannot hold, or a negative quantity")
        stocks.append(
            f"<Stock>{place}<SellerSku>{escape(sku)}</SellerSku><Quantity>{quantity}</Quantity></Stock>"
        )
    body = "".join(stocks)
    return f'<?xml version="1.0" encoding="UTF-8"?><Request><Warehouse>{body}</Warehouse></Request>'.encode()


def quantities_of(raw: str, warehouse: tuple[str, str] | None = None) -> dict[str, int]:
    """What an UpdateStock body said of this warehouse; {} for anything else."""
    try:
        root = ElementTree.fromstring(raw.strip().encode())
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return {}
    found: dict[str, int] = {}
    for stock in root.iter("Stock"):
        sku, quantity = (stock.findtext("SellerSku") or "").strip(), whole(stock.findtext("Quantity"))
        named = [(tag, at) for tag in WAREHOUSE_TAGS if (at := (stock.findtext(tag) or "").strip())]
        if quantity is None or named != ([warehouse] if warehouse else []):
            return {}
        found[sku] = quantity
    return found


class Stock:
    """Writes and reads of one account's listings."""

    def __init__(self, client: Calls, config: FalabellaConfig, clock: Clock) -> None:
        self._client, self._config, self._clock = client, config, clock
        self._warehouse = warehouse_tag(config)
        self._asked_since: dict[str, float] = {}

    async def push(self, quantities: Mapping[str, int]) -> str:
        """Queue absolute numbers; the feed id. Ambiguous when the feed may exist."""
        answer = await self._client.post(
            "UpdateStock", content=update_stock_xml(quantities, self._warehouse), skus=tuple(quantities)
        )
        # UpdateStock answers it in the body, ProductUpdate in the head (falabella.md 3.1).
        feed = (
            text(answer.body, "Stocks", "feed")
            or text(answer.body, "Stocks", "Feed")
            or text(answer.head, "RequestId")
        )
        if not feed:
            raise Ambiguous("falabella: UpdateStock was accepted without a feed id")
        self._asked_since[feed] = self._clock.now()
        return feed

    async def report(self, feed: str, refs: Sequence[str]) -> JobReport:
        """How the feed stands. E012 about a young feed means "not visible yet"; an old one is lost."""
        since = self._asked_since.setdefault(feed, self._clock.now())
        try:
            answer = await self._client.get("FeedStatus", {"FeedID": feed})
        except Rejected as error:
            if error.code != _UNKNOWN_FEED:
                raise
            if self._clock.now() - since < self._config.feed_young_s:
                return JobReport(finished=False, note="the feed is not visible yet")
            del self._asked_since[feed]
            why = "Seller Center does not know the feed"
            return JobReport(True, dict.fromkeys(refs, (RecordOutcome.UNKNOWN, why)), why)
        report = report_of(child(answer.body, "FeedDetail"), refs)
        if report.finished:
            self._asked_since.pop(feed, None)
        return report

    async def find(self, quantities: Mapping[str, int], since: float, known: frozenset[str]) -> str | None:
        """The newest UpdateStock feed created since then that says exactly this and is not `known`."""
        answer = await self._client.get("FeedList")
        candidates: list[tuple[float, str]] = []
        for node in rows(answer.body, "Feed"):
            feed, action = text(node, "Feed"), text(node, "Action")
            # Of an hour that comes twice the later: one candidate more is only compared once more.
            created = instant(text(node, "CreationDate"), self._config.zone, later=True)
            if not feed or feed in known or action.lower() not in ("updatestock", ""):
                continue
            if created is None or created >= since - CLOCK_SLACK_S:
                candidates.append((created or 0.0, feed))
        for _, feed in sorted(candidates, reverse=True)[:LOOKED_AT]:
            # One by one: the answer's own nesting is not established, so a list could not be told apart.
            raw = await self._client.get("GetFeedRawInput", {"FeedIdList": f'["{feed}"]'})
            if any(quantities_of(xml, self._warehouse) == dict(quantities) for xml in _texts(raw.body)):
                return feed
        return None

    async def cancel(self, feed: str) -> None:
        """Withdraw a feed that still waits; one that has begun, ended or is unknown stays as it is."""
        try:
            await self._client.post("FeedCancel", {"FeedID": feed})
        except Rejected:
            return

    async def catalogue(self) -> AsyncIterator[list[CatalogueRow]]:
        """All products that are not deleted, page by page, each once."""
        size = self._config.products_page
        seen: set[str] = set()
        listed_before: set[str] = set()
        offset = 0
        while True:
            answer = await self._client.get(
                "GetProducts", {"Filter": "all", "Limit": str(size), "Offset": str(offset)}
            )
            nodes = listed(answer, "Products", "Product")
            found = [row for row in map(self._row, nodes) if row is not None and row.ref not in seen]
            seen.update(row.ref for row in found)
            if found:
                yield found
            # There is no total (falabella.md 6), and a server may cap Limit below what we asked: a short page
            # need not be the last one. The end is a page that tells nothing new.
            told = {text(node, "SellerSku") for node in nodes}
            if told <= listed_before:
                return
            listed_before |= told
            offset += len(nodes)

    def _row(self, node: Node) -> CatalogueRow | None:
        sku = text(node, "SellerSku")
        # Several can be listed, e.g. of another country or a Linio one without a status (falabella.md 6).
        units = rows(child(node, "BusinessUnits"), "BusinessUnit")
        unit = next((u for u in units if text(u, "OperatorCode").lower() == self._config.operator_code), None)
        if not sku or text(unit, "Status").lower() == "deleted":
            return None
        # The catalogue's number is that of all warehouses: what one of them shows, GetStock says.
        quantity = None if self._config.names_warehouse else whole(unit, "Stock")
        return CatalogueRow(ref=sku, sku=sku, quantity=quantity)


def _texts(node: Node) -> list[str]:
    """Every text below a node that looks like XML."""
    if isinstance(node, str):
        return [node] if "<" in node else []
    if isinstance(node, Mapping):
        return [found for value in node.values() for found in _texts(value)]
    return [found for value in node for found in _texts(value)] if isinstance(node, list) else []
