"""Lists that a server cuts or refuses: nothing that exists may be missing from what we read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orquestador.channels.falabella import FalabellaConfig
from orquestador.channels.falabella.envelope import Answer
from orquestador.channels.falabella.sales import SaleReads
from orquestador.channels.falabella.stock import Stock
from orquestador.clock import ManualClock
from orquestador.model.errors import Rejected


class Server:
    """Answers GetProducts in pages of at most `cap`, and GetMultipleOrderItems but for `bad` ids."""

    def __init__(self, products: int = 0, cap: int = 1000, *, deaf: bool = False, code: str = "") -> None:
        self.skus = [f"S{n}" for n in range(products)]
        self.cap, self.deaf, self.code, self.bad = cap, deaf, code, "13"
        self.calls = 0

    async def get(self, action: str, parameters: Mapping[str, str] | None = None, **_: Any) -> Answer:
        self.calls += 1
        asked = parameters or {}
        if action == "GetMultipleOrderItems":
            ids = asked["OrderIdList"].strip("[]").split(",")
            if self.bad in ids:
                raise Rejected(self.code, code=self.code)
            return Answer("", {"Orders": [{"Order": {"OrderId": i, "OrderItems": ""}} for i in ids]})
        offset = 0 if self.deaf else int(asked["Offset"])
        page = self.skus[offset : offset + min(self.cap, int(asked["Limit"]))]
        return Answer("", {"Products": [{"Product": {"SellerSku": sku}} for sku in page] or ""})

    async def post(self, *_: Any, **__: Any) -> Answer:
        raise AssertionError("reading writes nothing")


async def _catalogue(server: Server) -> list[str]:
    stock = Stock(server, FalabellaConfig(products_page=50), ManualClock())
    return [row.ref async for page in stock.catalogue() for row in page]


@pytest.mark.parametrize("cap", [7, 49, 50, 1000])
@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 120])
async def test_a_server_that_caps_the_page_hides_no_product(count: int, cap: int) -> None:
    server = Server(count, cap)
    assert await _catalogue(server) == server.skus


async def test_a_server_that_knows_no_offset_does_not_keep_us_for_ever() -> None:
    server = Server(120, deaf=True)
    assert await _catalogue(server) == server.skus[:50]
    assert server.calls == 2


@pytest.mark.parametrize("code", ["E016", "E035", "E037"])
async def test_one_unknown_order_hides_the_price_of_no_other(code: str) -> None:
    ids = [str(n) for n in range(1, 51)]
    found = await SaleReads(Server(code=code)).read(ids, customers=False)
    assert set(found) == set(ids) - {"13"}


async def test_another_refusal_of_prices_is_not_swallowed() -> None:
    with pytest.raises(Rejected):
        await SaleReads(Server(code="E021")).read(["13", "14"], customers=False)
