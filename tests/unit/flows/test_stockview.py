"""The number of a SKU for people: one call for many readers, never older than a change, with its age."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from orquestador.cache.local import LocalCache
from orquestador.flows.context import stock_key
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.hints import Hints
from orquestador.flows.movements import MovementDesk
from orquestador.flows.poll import ErpPoll
from orquestador.flows.stockview import StockView
from orquestador.model.errors import Unavailable
from orquestador.model.orders import Direction, ManualMovement
from orquestador.model.places import Scope
from orquestador.model.stock import Availability
from orquestador.ports import DEFAULT, CacheMiss, ProductProblem
from tests.fakes.erp import FakeErp
from tests.fakes.wait import eventually
from tests.unit.flows.test_push import Shop

CACHE_S = 60.0


@dataclass
class SlowErp(FakeErp):
    """Its answers hold the number of the moment at which it was asked, and arrive when a test lets them."""

    asked: int = 0
    held: asyncio.Event | None = None

    async def availability(
        self, skus: Sequence[str], scope: Scope = DEFAULT
    ) -> dict[str, Availability | ProductProblem]:
        self.asked += 1
        answer = await super().availability(skus, scope)
        if self.held is not None:
            await self.held.wait()
        return answer


@pytest.fixture
def erp(shop: Shop) -> SlowErp:
    erp = SlowErp(shop.clock.now, shop.erp.stock)
    shop.context.erp = erp
    shop.context.cache = LocalCache(shop.clock)
    return erp


@pytest.fixture
def view(shop: Shop, erp: SlowErp) -> StockView:
    return StockView(shop.context, CACHE_S)


async def available(view: StockView, sku: str = "A") -> float:
    answer = await view.read(sku)
    assert isinstance(answer, Availability)
    return answer.available


async def test_views_of_one_cache_share_an_answer_up_to_its_age(
    shop: Shop, erp: SlowErp, view: StockView
) -> None:
    first = await view.read("A")
    erp.stock["A"] = 3
    shop.clock.advance(CACHE_S - 1)
    assert await StockView(shop.context, CACHE_S).read("A") == first
    assert isinstance(first, Availability)
    assert first.as_of == shop.clock.now() - (CACHE_S - 1)
    shop.clock.advance(1)
    assert await available(view) == 3
    assert erp.asked == 2


async def test_the_age_counts_from_the_question_not_from_the_answer(
    shop: Shop, erp: SlowErp, view: StockView
) -> None:
    erp.held = asyncio.Event()
    reading = asyncio.ensure_future(view.read("A"))
    await eventually(lambda: erp.asked == 1)
    shop.clock.advance(CACHE_S - 1)
    erp.held.set()
    await reading
    assert await view.read("A") == await reading
    shop.clock.advance(1)
    await view.read("A")
    assert erp.asked == 2


async def test_requests_of_one_moment_make_one_call(erp: SlowErp, view: StockView) -> None:
    erp.held = asyncio.Event()
    readings = [asyncio.ensure_future(available(view)) for _ in range(20)]
    other = asyncio.ensure_future(available(view, "B"))
    await eventually(lambda: erp.asked == 2)
    readings[0].cancel()  # who leaves takes the answer from nobody
    erp.held.set()
    assert await asyncio.gather(*readings[1:], other) == [10] * 20
    assert erp.asked == 2
    assert view._asking == {}


async def test_nobody_joins_a_call_from_before_the_change_nor_keeps_its_answer(
    shop: Shop, erp: SlowErp, view: StockView
) -> None:
    held = erp.held = asyncio.Event()
    before = asyncio.ensure_future(available(view))
    await eventually(lambda: erp.asked == 1)
    erp.stock["A"] = 7
    await shop.context.stock_changed(["A"])
    erp.held = None
    assert await available(view) == 7
    held.set()
    assert await before == 10
    assert await available(view) == 7
    assert erp.asked == 2


async def test_a_failure_reaches_everyone_and_is_not_remembered(erp: SlowErp, view: StockView) -> None:
    erp.fault = "away"
    results = await asyncio.gather(*(view.read("A") for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [Unavailable] * 3
    assert await available(view) == 10


async def test_a_problem_is_not_remembered(erp: SlowErp, view: StockView) -> None:
    assert await view.read("NEW") is ProductProblem.UNKNOWN
    erp.stock["NEW"] = 5
    assert await available(view, "NEW") == 5


async def test_off_asks_for_each_request(shop: Shop, erp: SlowErp) -> None:
    view = StockView(shop.context, 0)
    erp.held = asyncio.Event()
    readings = [asyncio.ensure_future(available(view)) for _ in range(3)]
    await eventually(lambda: erp.asked == 3)
    erp.held.set()
    await asyncio.gather(*readings)


@pytest.mark.parametrize("junk", ["", "{}", "[1, 2]", "[1, 2, 3, null]", '"text"'])
async def test_what_another_version_left_is_asked_again(
    shop: Shop, erp: SlowErp, view: StockView, junk: str
) -> None:
    miss = await shop.context.cache.get(stock_key("A"))
    assert isinstance(miss, CacheMiss)
    assert await shop.context.cache.set(stock_key("A"), junk, CACHE_S, miss)
    assert await available(view) == 10


# --- what makes it forget


async def test_an_order_in_the_erp(shop: Shop, erp: SlowErp, view: StockView) -> None:
    assert await available(view) == 10
    await shop.order("o1", "A", 4)
    assert await available(view) == 10
    await ErpLane(shop.context, erp).run_once()
    assert await available(view) == 6


async def test_a_doubtful_answer_of_the_erp_and_the_truth_found_later(
    shop: Shop, erp: SlowErp, view: StockView
) -> None:
    lane = ErpLane(shop.context, erp)
    await shop.order("o1", "A", 4)
    erp.fault = "late"
    await lane.run_once()
    assert await available(view) == 10
    erp.late_calls_arrive()
    shop.clock.advance(30)
    await lane.run_once()
    assert await available(view) == 6


async def test_a_manual_movement(shop: Shop, erp: SlowErp, view: StockView) -> None:
    assert await available(view) == 10
    movement = ManualMovement("k", "A", Direction.OUT, 3, "count", "hash")
    asking = asyncio.ensure_future(MovementDesk(shop.context).ask(movement))
    lane = ErpLane(shop.context, erp)
    while not await lane.run_once():
        await asyncio.sleep(0)
    assert await available(view) == 7
    await asking


async def test_a_hint(shop: Shop, erp: SlowErp, view: StockView) -> None:
    assert await available(view) == 10
    erp.stock["A"] = 8
    hints = Hints(shop.context, erp)
    hints.products([erp.product("A")])
    shop.clock.advance(2)
    await hints.run_once()
    assert await available(view) == 8


async def test_the_erps_own_changes(shop: Shop, erp: SlowErp, view: StockView) -> None:
    poll = ErpPoll(shop.context, erp)
    await poll.run_once()
    assert await available(view) == 10
    erp.move_by_hand("A", -1)
    await poll.run_once()
    assert await available(view) == 9
