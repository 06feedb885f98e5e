"""What Seller Center's words mean for stock, and a list that moves while it is read (falabella.md 2)."""

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orquestador.channels.falabella import FalabellaConfig
from orquestador.channels.falabella.envelope import Answer, child, rows
from orquestador.channels.falabella.orders import IDS_PER_CALL, Orders, line_state, owner_of
from orquestador.clock import ManualClock
from orquestador.model.errors import Rejected, Unavailable
from orquestador.model.orders import LineState, Owner, SeenOrder
from orquestador.ports import OrderHead

COMMITTED, SHIPPED, CANCELLED = LineState.COMMITTED, LineState.SHIPPED, LineState.CANCELLED


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("pending", COMMITTED),
        ("ready_to_ship", COMMITTED),
        ("Ready_To_Ship", COMMITTED),
        ("Ready To Ship", COMMITTED),
        ("READYTOSHIP", COMMITTED),
        ("shipped", SHIPPED),
        ("delivered", SHIPPED),
        ("failed", SHIPPED),
        ("failed_delivery", SHIPPED),
        ("return_shipped_by_customer", SHIPPED),
        ("return_ship_by_customer", SHIPPED),
        ("return_waiting_for_approval", SHIPPED),
        ("return_awaiting_for_approval", SHIPPED),
        ("returned", SHIPPED),
        ("return_rejected", SHIPPED),
        ("returned_rejected", SHIPPED),
        ("canceled", CANCELLED),
        ("cancelled", CANCELLED),
        ("Cancel", CANCELLED),
        ("", None),
        ("on_the_moon", None),
    ],
)
def test_every_status_in_both_spellings(status: str, expected: LineState | None) -> None:
    assert line_state(status) is expected


@pytest.mark.parametrize(
    ("shipping", "expected"),
    [
        ("Dropshipping", Owner.SELLER),
        ("drop_shipping", Owner.SELLER),
        ("Own Warehouse", Owner.MARKETPLACE),
        ("own_warehouse", Owner.MARKETPLACE),
        ("Fulfillment", Owner.MARKETPLACE),
        ("Cross Docking", Owner.SELLER),
        ("cross_docking", Owner.SELLER),
        ("Store Pickup", Owner.UNKNOWN),
        ("", Owner.UNKNOWN),
    ],
)
def test_whose_stock_an_item_is(shipping: str, expected: Owner) -> None:
    assert owner_of(shipping) is expected


class Market:
    """Orders as GetOrders and GetMultipleOrderItems show them; `churn` orders move after each page."""

    def __init__(
        self, count: int = 0, *, newest_first: bool = False, cap: int = 1000, total: bool = True
    ) -> None:
        self.tick = 1000
        self.updated = {str(n): n for n in range(1, count + 1)}
        self.newest_first, self.cap, self.total = newest_first, cap, total
        self.churn = 0
        self.rng = random.Random(1)
        self.calls: list[Mapping[str, str]] = []
        self.bad: set[str] = set()
        self.nodes: dict[str, Any] = {}

    def touch(self, order_id: str) -> None:
        self.tick += 1
        self.updated[order_id] = self.tick

    async def get(
        self,
        action: str,
        parameters: Mapping[str, str] | None = None,
        *,
        version: str = "1.0",
        order_ids: tuple[str, ...] = (),
        skus: tuple[str, ...] = (),
    ) -> Answer:
        assert parameters is not None
        self.calls.append(parameters)
        if action == "GetMultipleOrderItems":
            ids = parameters["OrderIdList"].strip("[]").split(",")
            if self.bad & set(ids):
                raise Rejected("E037", code="E037")
            found = [{"Order": self.nodes[i]} for i in ids if i in self.nodes]
            if not found:
                raise Rejected("E039", code="E039")
            return Answer("", {"Orders": found})
        assert (action, version) == ("GetOrders", "2.0")
        assert "SortBy" not in parameters
        ordered = sorted(self.updated, key=lambda i: (self.updated[i], int(i)), reverse=self.newest_first)
        offset, limit = int(parameters["Offset"]), min(self.cap, int(parameters["Limit"]))
        page = ordered[offset : offset + limit]
        rows = [{"Order": {"OrderId": i, "UpdatedAt": f"t{self.updated[i]}", "Statuses": ""}} for i in page]
        head = {"TotalCount": str(len(ordered))} if self.total else {}
        for _ in range(self.churn):
            self.touch(self.rng.choice(ordered))
        return Answer(head, {"Orders": rows or ""})

    async def post(
        self,
        action: str,
        parameters: Mapping[str, str] | None = None,
        *,
        content: bytes = b"",
        skus: tuple[str, ...] = (),
    ) -> Answer:
        raise AssertionError("reading orders writes nothing")


CLOCK = ManualClock(1795521600.0)


def _orders(market: Market, page: int = 20) -> Orders:
    return Orders(market, FalabellaConfig(orders_page=page), CLOCK)


async def _updated(market: Market, page: int = 20) -> list[OrderHead]:
    return [head async for heads in _orders(market, page).updated(CLOCK.now()) for head in heads]


# --- the list ---


@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 95])
async def test_a_quiet_list_is_read_once(count: int, total: bool) -> None:
    market = Market(count, total=total)
    assert [head.order_id for head in await _updated(market)] == [str(n) for n in range(1, count + 1)]
    assert len(market.calls) <= 1 + count // 10


async def test_the_filter_is_our_clock_with_an_offset() -> None:
    market = Market(1)
    await _updated(market)
    assert market.calls[0] == {"UpdatedAfter": "2026-11-24T12:00:00+00:00", "Limit": "20", "Offset": "0"}


async def test_a_server_that_caps_the_page_loses_no_order() -> None:
    assert len(await _updated(Market(95, cap=15))) == 95


@given(
    count=st.integers(0, 160),
    churn=st.integers(0, 25),
    seed=st.integers(0, 1000),
    newest_first=st.booleans(),
    total=st.booleans(),
)
async def test_orders_that_move_hide_none_that_stay(
    count: int, churn: int, seed: int, newest_first: bool, total: bool
) -> None:
    market = Market(count, newest_first=newest_first, total=total)
    market.churn, market.rng = (churn if count else 0), random.Random(seed)
    before = dict(market.updated)
    seen = {head.order_id for head in await _updated(market)}
    # Those that moved are newer than the sweep, so that the next one shows them.
    stayed = {i for i in before if market.updated[i] == before[i]}
    assert stayed <= seen


async def test_each_version_of_an_order_comes_once() -> None:
    market = Market(60)
    market.churn = 1
    heads = await _updated(market)
    versions = [(head.order_id, head.fingerprint) for head in heads]
    assert len(versions) == len(set(versions))


async def test_a_list_without_order_ends() -> None:
    market = Market(60)
    market.churn = 60
    await _updated(market)
    assert len(market.calls) < 200


@pytest.mark.parametrize("count", [20, 40, 95])
async def test_a_total_that_counts_the_page_alone_hides_no_order(count: int) -> None:
    class Page(Market):
        async def get(self, *args: Any, **more: Any) -> Answer:
            answer = await super().get(*args, **more)
            shown = rows(child(answer.body, "Orders"), "Order")
            return Answer({"TotalCount": str(len(shown))}, answer.body)

    assert len(await _updated(Page(count))) == count


# --- heads ---


async def _head(**fields: Any) -> OrderHead:
    class One(Market):
        async def get(self, *_args: Any, **_more: Any) -> Answer:
            return Answer({"TotalCount": "1"}, {"Orders": {"Order": {"OrderId": "7", **fields}}})

    [head] = await _updated(One())
    return head


async def test_a_head_shows_number_states_and_the_instant_of_creation() -> None:
    head = await _head(
        OrderNumber=" 3300 ",
        CreatedAt="2026-11-24 09:00:00",
        Statuses=[{"Status": "shipped"}, {"Status": "pending"}],
    )
    assert (head.number, head.created_at, head.states) == ("3300", 1795521600.0, ("pending", "shipped"))


@pytest.mark.parametrize(
    ("statuses", "still_open"),
    [
        ({"Status": "pending"}, True),
        ({"Status": ["shipped", "Ready_To_Ship"]}, True),
        ({"Status": "never_heard_of"}, True),
        ("", True),
        ({"Status": "canceled"}, False),
        ([{"Status": "delivered"}, {"Status": "Cancel"}], False),
    ],
)
async def test_an_order_is_open_while_it_could_be_shipped_or_cancelled(
    statuses: Any, still_open: bool
) -> None:
    assert (await _head(Statuses=statuses)).open is still_open


@pytest.mark.parametrize(
    ("now", "told", "created"),
    [
        # 2026-04-04 in Chile: 23:30 is first 02:30 UTC (at UTC-3), then 03:30 UTC.
        ("2026-04-05T02:31:00+00:00", "2026-04-04 23:30:00", "2026-04-05T02:30:00+00:00"),
        ("2026-04-05T02:31:00+00:00", "2026-04-04 23:34:00", "2026-04-05T02:34:00+00:00"),
        ("2026-04-05T03:31:00+00:00", "2026-04-04 23:30:00", "2026-04-05T03:30:00+00:00"),
        ("2026-04-05T03:29:00+00:00", "2026-04-04 23:31:00", "2026-04-05T03:31:00+00:00"),
        ("2026-04-05T03:10:00+00:00", "2026-04-04 23:50:00", "2026-04-05T02:50:00+00:00"),
        # The hour before and the one after have one meaning.
        ("2026-04-05T09:00:00+00:00", "2026-04-04 22:59:59", "2026-04-05T01:59:59+00:00"),
        ("2026-04-05T09:00:00+00:00", "2026-04-05 00:00:00", "2026-04-05T04:00:00+00:00"),
        # 2026-09-06: after 23:59:59 (at UTC-4) comes 01:00 (at UTC-3).
        ("2026-09-06T05:00:00+00:00", "2026-09-05 23:59:59", "2026-09-06T03:59:59+00:00"),
        ("2026-09-06T05:00:00+00:00", "2026-09-06 01:00:00", "2026-09-06T04:00:00+00:00"),
    ],
)
async def test_an_order_is_dated_right_across_the_changes_of_the_clock(
    now: str, told: str, created: str
) -> None:
    market, clock = Market(), ManualClock(datetime.fromisoformat(now).timestamp())
    market.nodes = {"7": {"OrderId": "7", "OrderItems": {"OrderItem": _item(1, CreatedAt=told)}}}
    [order] = await Orders(market, FalabellaConfig(), clock).read(["7"])
    assert order.created_at == datetime.fromisoformat(created).timestamp()
    peru = Orders(market, FalabellaConfig(business_unit="FAPE"), clock)
    [order] = await peru.read(["7"])
    assert order.created_at == datetime.fromisoformat(f"{told.replace(' ', 'T')}-05:00").timestamp()


async def test_the_fingerprint_follows_the_listed_facts() -> None:
    same = await _head(UpdatedAt="t1", ItemsCount="2", Statuses={"Status": ["a", "b"]})
    assert (await _head(UpdatedAt="t1", ItemsCount="2", Statuses={"Status": ["b", "a"]})) == same
    others = [
        await _head(UpdatedAt="t2", ItemsCount="2", Statuses={"Status": ["a", "b"]}),
        await _head(UpdatedAt="t1", ItemsCount="3", Statuses={"Status": ["a", "b"]}),
        await _head(UpdatedAt="t1", ItemsCount="2", Statuses={"Status": "a"}),
    ]
    assert len({same.fingerprint, *(head.fingerprint for head in others)}) == 4


async def test_an_order_without_id_is_said_aloud() -> None:
    with pytest.raises(Unavailable):
        await _head(OrderId="")


# --- reads by id ---


def _item(n: int, **changes: Any) -> dict[str, Any]:
    fields = {
        "OrderItemId": str(n),
        "Sku": "TAZA-01",
        "ShippingType": "Dropshipping",
        "Status": "pending",
        "CreatedAt": "2026-11-24 09:00:00",
    }
    return {**fields, **changes}


async def _read(items: Any, **fields: Any) -> SeenOrder:
    market = Market()
    market.nodes["7"] = {"OrderId": "7", "OrderNumber": "3300", "OrderItems": items, **fields}
    [order] = await _orders(market).read(["7"])
    return order


async def test_a_row_is_one_unit() -> None:
    order = await _read({"OrderItem": [_item(1), _item(2), _item(3, Sku="TAZA-02", Status="Cancel")]})
    assert [(line.line_id, line.sku, line.quantity) for line in order.lines] == [
        ("1", "TAZA-01", 1),
        ("2", "TAZA-01", 1),
        ("3", "TAZA-02", 1),
    ]
    assert [(line.state, line.reserved) for line in order.lines[1:]] == [
        (COMMITTED, True),
        (CANCELLED, False),
    ]
    assert (order.number, order.created_at, order.as_of) == ("3300", 1795521600.0, CLOCK.now())


@pytest.mark.parametrize(
    ("quantity", "units"), [("3", 3), ("1,000", 1000), ("0", 1), ("", 1), ("x", 1), (2, 2)]
)
async def test_a_quantity_counts_if_one_appears(quantity: object, units: int) -> None:
    order = await _read({"OrderItem": _item(1, Quantity=quantity)})
    assert order.lines[0].quantity == units


async def test_the_owner_is_decided_per_item() -> None:
    order = await _read(
        [
            {"OrderItem": _item(1)},
            {"OrderItem": _item(2, ShippingType="Fulfillment")},
            {"OrderItem": _item(3, ShippingType="?")},
        ]
    )
    assert [line.owner for line in order.lines] == [Owner.SELLER, Owner.MARKETPLACE, Owner.UNKNOWN]


async def test_an_unmapped_status_is_no_state() -> None:
    order = await _read({"OrderItem": _item(1, Status="lost_at_sea")})
    assert (order.lines[0].state, order.lines[0].raw_state) == (None, "lost_at_sea")


async def test_an_order_whose_items_are_not_visible_yet_has_no_lines() -> None:
    order = await _read("")
    assert (order.lines, order.created_at) == ((), None)


async def test_a_row_without_seller_sku_matches_no_product() -> None:
    order = await _read({"OrderItem": [_item(1, Sku="", ShopSku="141"), _item(2, Sku=" ")]})
    assert [line.sku for line in order.lines] == ["(no seller SKU) 141", "(no seller SKU)"]


async def test_ids_are_asked_in_lists_of_fifty() -> None:
    market = Market()
    ids = [str(n) for n in range(1, 121)]
    market.nodes = {i: {"OrderId": i, "OrderItems": ""} for i in ids}
    found = await _orders(market).read([*ids, *ids])
    assert [order.order_id for order in found] == ids
    assert [call["OrderIdList"].count(",") + 1 for call in market.calls] == [IDS_PER_CALL, IDS_PER_CALL, 20]


async def test_a_bad_id_hides_no_other() -> None:
    market = Market()
    market.nodes = {str(n): {"OrderId": str(n), "OrderItems": ""} for n in range(1, 51)}
    market.bad = {"13", "14", "50"}
    found = {order.order_id for order in await _orders(market).read(list(market.nodes))}
    assert found == set(market.nodes) - market.bad


@pytest.mark.parametrize("code", ["E016", "E035", "E037"])
async def test_a_refusal_of_one_id_says_nothing_about_the_others(code: str) -> None:
    class Refusing(Market):
        async def get(self, action: str, parameters: Mapping[str, str] | None = None, **more: Any) -> Answer:
            if "13" in (parameters or {})["OrderIdList"].strip("[]").split(","):
                raise Rejected(code, code=code)
            return await super().get(action, parameters, **more)

    market = Refusing()
    market.nodes = {str(n): {"OrderId": str(n), "OrderItems": ""} for n in range(1, 51)}
    found = {order.order_id for order in await _orders(market).read(list(market.nodes))}
    assert found == set(market.nodes) - {"13"}


@pytest.mark.parametrize("most", [1, 7, 20, 49, 50])
@pytest.mark.parametrize("refuses", [False, True])
async def test_a_server_that_takes_fewer_ids_than_we_ask_hides_no_order(most: int, refuses: bool) -> None:
    class Cutting(Market):
        async def get(self, action: str, parameters: Mapping[str, str] | None = None, **more: Any) -> Answer:
            ids = (parameters or {})["OrderIdList"].strip("[]").split(",")
            if refuses and len(ids) > most:
                raise Rejected("E038", code="E038")
            return await super().get(action, {"OrderIdList": f"[{','.join(ids[:most])}]"}, **more)

    market = Cutting()
    market.nodes = {str(n): {"OrderId": str(n), "OrderItems": ""} for n in range(1, 51)}
    found = [order.order_id for order in await _orders(market).read([*market.nodes, "99"])]
    assert found == list(market.nodes)


@pytest.mark.parametrize("order_id", ["FAL-1", "007", "", "1,2", "12 34", "-5", "9" * 30, "١٢"])
async def test_an_id_that_cannot_be_seller_centers_is_never_sent(order_id: str) -> None:
    market = Market()
    assert await _orders(market).read([order_id]) == []
    assert market.calls == []


async def test_another_refusal_is_not_swallowed() -> None:
    class Refusing(Market):
        async def get(self, *_args: Any, **_more: Any) -> Answer:
            raise Rejected("E005", code="E005")

    with pytest.raises(Rejected):
        await _orders(Refusing()).read(["1"])
