"""The numbers that buyers see now: GetStock of the seller's warehouses (falabella.md 3.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from orquestador.channels.falabella.client import Calls
from orquestador.channels.falabella.config import FalabellaConfig
from orquestador.channels.falabella.envelope import Answer, child, listed, rows, text, whole
from orquestador.model.errors import Rejected, Unavailable
from orquestador.ports import Clock

QUERY_MAX: Final = 5_000
"""Characters of SKUs in one address: servers commonly refuse addresses of 8 KB, and the list is in it."""
REFUSALS_MAX: Final = 40
"""Lists that may be refused in one read before it is taken for a failure of its own."""
_BAD_LIST: Final = "E1001"

Cells = dict[tuple[str, str], int]
"""Units by warehouse and SKU."""


class Live:
    """Reads of one account's numbers. They cost nothing of the budget of feeds (falabella.md 5)."""

    def __init__(self, client: Calls, config: FalabellaConfig, clock: Clock) -> None:
        self._client, self._config, self._clock = client, config, clock
        names = {"FacilityId": config.facility_id, "SellerWarehouseId": config.seller_warehouse_id}
        self._place = {name: value for name, value in names.items() if value}

    async def read(self, skus: Sequence[str]) -> dict[str, int]:
        """The numbers of these SKUs; unknown ones are absent.

        A refused list (E1001) is halved until the SKU that spoils it stands alone.
        """
        wanted, refused = frozenset(skus), 0
        found: dict[str, int] = {}
        lists = list(_lists(sorted(wanted), self._config.stock_page))
        while lists:
            some = lists.pop()
            try:
                cells = await self._list(some)
            except Rejected as error:
                if error.code != _BAD_LIST:
                    raise
                refused += 1
                if refused > REFUSALS_MAX:
                    raise Unavailable(f"falabella: GetStock refuses every list: {error.detail}") from error
                half = len(some) // 2
                lists += [some[:half], some[half:]] if half else []
            else:
                # An API that ignores the filter answers whatever its first page holds.
                found |= {sku: units for sku, units in _sums(cells).items() if sku in wanted}
        return found

    async def pages(self) -> AsyncIterator[dict[str, int]]:
        """Everything, page by page, each SKU once and whole."""
        size, offset, known = self._config.stock_page, 0, Cells()
        told: set[str] = set()
        while True:
            if offset:
                await self._clock.sleep(self._config.stock_gap_s)
            answer = await self._client.get(
                "GetStock", {**self._place, "Limit": str(size), "Offset": str(offset)}
            )
            cells, skus, count = self._cells(answer)
            # Whether a page counts SKUs or rows is not documented: with several warehouses the last SKU may
            # go on in the next page, and reading some rows twice is better than missing one.
            last = count < size
            known |= cells
            page = {
                sku: units
                for sku, units in _sums(known).items()
                if sku not in told and (last or sku != skus[-1])
            }
            told.update(page)
            if page:
                yield page
            if last:
                return
            offset += len(skus)

    async def _list(self, skus: Sequence[str]) -> Cells:
        """Every row of these SKUs, which may be more rows than a page holds when there are warehouses."""
        named = {f"SellerSku[{n}]": sku for n, sku in enumerate(skus)}
        size, offset, found = self._config.stock_page, 0, Cells()
        while True:
            paging = {"Limit": str(size), "Offset": str(offset)}
            asked = {**named, **self._place, **paging}
            answer = await self._client.get("GetStock", asked, skus=tuple(skus))
            cells, shown, count = self._cells(answer)
            new = cells.keys() - found.keys()
            found |= cells
            if count < size or not new:
                return found
            offset += len(shown)

    def _cells(self, answer: Answer) -> tuple[Cells, list[str], int]:
        """The seller's own warehouses, or the one that we write: an API that ignores the filter answers all.
        Falabella's are never ours to count (falabella.md 2.4). With the SKUs and rows of the page."""
        cells, skus, count = Cells(), dict[str, None](), 0
        for stocks in listed(answer, "Stocks", "Stocks"):
            for node in rows(child(stocks, "SellerWarehouses"), "Warehouse"):
                sku, units = text(node, "SellerSku"), whole(node, "Quantity")
                facility = text(node, "FacilityID") or text(node, "FacilityId")
                own = text(node, "SellerWarehouseId")
                if sku and units is not None:
                    skus[sku], count = None, count + 1
                    if self._is_ours(facility, own):
                        cells[facility or own, sku] = units
        return cells, list(skus), count

    def _is_ours(self, facility: str, own: str) -> bool:
        config = self._config
        if config.facility_id:
            return facility.lower() == config.facility_id.lower()
        return not config.seller_warehouse_id or own.lower() == config.seller_warehouse_id.lower()


def _lists(skus: Sequence[str], most: int) -> Iterator[list[str]]:
    """In pieces whose addresses every server takes."""
    some: list[str] = []
    length = 0
    for sku in skus:
        cost = len("SellerSku%5B000%5D=&") + len(quote(sku, safe=""))
        if some and (length + cost > QUERY_MAX or len(some) >= most):
            yield some
            some, length = [], 0
        some.append(sku)
        length += cost
    if some:
        yield some


def _sums(cells: Mapping[tuple[str, str], int]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for (_, sku), units in cells.items():
        sums[sku] = sums.get(sku, 0) + units
    return sums
