"""Falabella behind the `Channel` port."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from orquestador.channels.falabella.announced import announcements
from orquestador.channels.falabella.check import Webhooks, check
from orquestador.channels.falabella.client import FalabellaClient
from orquestador.channels.falabella.config import FalabellaConfig, OrderSource
from orquestador.channels.falabella.live import Live
from orquestador.channels.falabella.orders import Orders
from orquestador.channels.falabella.sales import SaleReads
from orquestador.channels.falabella.stock import MAX_SKUS, Stock
from orquestador.channels.falabella.warehouses import Warehouses
from orquestador.channels.falabella.webhook import read_notice, simple_orders
from orquestador.circuit import Circuit
from orquestador.http_base import CallLogger
from orquestador.model.errors import Unavailable
from orquestador.model.notices import Notice
from orquestador.model.orders import Announcement, SeenOrder
from orquestador.model.sales import SoldOrder
from orquestador.ports import (
    CatalogueRow,
    Clock,
    Finding,
    JobReport,
    OrderHead,
    Receipt,
    Registration,
)


class FalabellaChannel:
    """One seller account. Without API access the simple bodies work and every call raises Unavailable."""

    kind = "falabella"

    def __init__(
        self,
        config: FalabellaConfig,
        clock: Clock,
        log: CallLogger | None = None,
        circuit: Circuit | None = None,
    ) -> None:
        self.config = config
        self.id = config.id
        self.has_api = config.has_api
        self.budget = config.budget
        self.max_batch = MAX_SKUS
        self.write_means = config.write_means
        self.live_means = config.live_means
        self.first_look_s = config.feed_first_poll_s
        """How long after a push a first look at its feed makes sense."""
        self._clock = clock
        self._client = FalabellaClient(config, clock, log, circuit)
        self._orders = Orders(self._client, config, clock)
        self._sales = SaleReads(self._client)
        self._stock = Stock(self._client, config, clock)
        # A circuit of its own: a GetStock that fails must not stop orders and pushes (P5).
        self._reader = FalabellaClient(config, clock, log)
        self._live = Live(self._reader, config, clock)
        self._webhooks = Webhooks(self._client, config)
        self._warehouses = Warehouses(self._reader, config, clock)

    @property
    def circuit(self) -> Circuit:
        return self._client.http.circuit

    def read_notice(self, body: bytes, *, stock: bool) -> Notice:
        backed = self.config.order_source is not OrderSource.API
        return read_notice(body, stock=stock, body_backed=backed)

    def simple_orders(self, receipts: Sequence[Receipt]) -> list[SeenOrder]:
        return simple_orders(receipts, self.id)

    def announcements(self, receipts: Sequence[Receipt]) -> list[Announcement]:
        return announcements(receipts)

    async def read_orders(self, order_ids: Sequence[str]) -> list[SeenOrder]:
        self._need_api()
        return await self._orders.read(order_ids)

    async def read_sales(self, order_ids: Sequence[str], *, customers: bool) -> dict[str, SoldOrder]:
        self._need_api()
        return await self._sales.read(order_ids, customers=customers)

    async def orders_updated(self, since: float) -> AsyncIterator[list[OrderHead]]:
        self._need_api()
        async for page in self._orders.updated(since):
            yield page

    async def catalogue(self) -> AsyncIterator[list[CatalogueRow]]:
        self._need_api()
        async for page in self._stock.catalogue():
            yield page

    async def live(self, refs: Sequence[str]) -> dict[str, int]:
        self._need_api()
        return await self._live.read(refs)

    async def live_pages(self) -> AsyncIterator[dict[str, int]]:
        self._need_api()
        async for page in self._live.pages():
            yield page

    async def push(self, quantities: Mapping[str, int]) -> str:
        self._need_api()
        return await self._stock.push(quantities)

    async def report(self, external_id: str, refs: Sequence[str]) -> JobReport:
        self._need_api()
        return await self._stock.report(external_id, refs)

    async def find_job(
        self, quantities: Mapping[str, int], since: float, known: frozenset[str]
    ) -> str | None:
        self._need_api()
        return await self._stock.find(quantities, since, known)

    async def cancel_job(self, external_id: str) -> None:
        self._need_api()
        await self._stock.cancel(external_id)

    async def check(self) -> list[Finding]:
        found = await check(self.config, self._client, self._webhooks, self._clock)
        if not self.has_api or any(finding.level == "error" for finding in found):
            return found
        more = await self._warehouses.check()
        return [*(f for f in found if f.level != "ok"), *more] if more else found

    async def registrations(self) -> list[Registration]:
        self._need_api()
        return await self._webhooks.all()

    async def register(self, url: str) -> Registration:
        self._need_api()
        return await self._webhooks.register(url)

    async def unregister(self, registration_id: str) -> None:
        self._need_api()
        await self._webhooks.unregister(registration_id)

    async def close(self) -> None:
        await self._client.close()
        await self._reader.close()

    def _need_api(self) -> None:
        if not self.has_api:
            raise Unavailable(f"{self.id}: no API access is configured")
