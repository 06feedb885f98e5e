"""Orders, their items and their life (falabella.md 2)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orquestador.sandbox.falabella.orders import STATUSES
from tests.unit.sandbox_falabella.support import LONG_AGO, Sandbox


def _rows(node: Any) -> list[Any]:
    if node == "":
        return []
    return node if isinstance(node, list) else [node]


def _ids(sandbox: Sandbox, version: str = "2.0", **filters: str) -> list[int]:
    orders = sandbox.body("GetOrders", version=version, **filters)["Orders"]
    return [int(row["OrderId"]) for row in _rows(orders and orders["Order"])]


def _items(sandbox: Sandbox, order_id: int) -> list[Any]:
    items = sandbox.body("GetOrderItems", OrderId=str(order_id))["OrderItems"]
    return _rows(items and items["OrderItem"])


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat()


def test_order_id_and_number_differ_and_a_unit_is_a_row(sandbox: Sandbox) -> None:
    placed = sandbox.control(
        "orders", {"items": [{"sku": "SKU-00001", "quantity": 2}, {"sku": "SKU-00002", "quantity": 1}]}
    )
    assert placed == {"orderId": 1200000101, "orderNumber": 3300000101}
    items = _items(sandbox, 1200000101)
    assert [item["Sku"] for item in items] == ["SKU-00001", "SKU-00001", "SKU-00002"]
    assert [item["OrderItemId"] for item in items] == ["130000001", "130000002", "130000003"]
    assert "Quantity" not in items[0]


def test_v2_adds_the_origin_warehouse(sandbox: Sandbox) -> None:
    order_id = str(sandbox.order(("SKU-00001", 1)))
    v1 = sandbox.body("GetOrder", OrderId=order_id)["Orders"]["Order"]
    v2 = sandbox.body("GetOrder", version="2.0", OrderId=order_id)["Orders"]["Order"]
    assert "Warehouse" not in v1
    assert v2["Warehouse"] == {"SellerWarehouseId": "", "FacilityId": "GSC-SC0001"}


def test_dates_are_local_and_have_no_offset(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("SKU-00001", 1))
    text = sandbox.body("GetOrder", version="2.0", OrderId=str(order_id))["Orders"]["Order"]["CreatedAt"]
    local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZoneInfo("America/Santiago"))
    assert abs(local.timestamp() - sandbox.state()["now"]) < 60


def test_the_marker_of_fbf_has_two_spellings(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("PROD-001", 1, "Fulfillment"))
    order = sandbox.body("GetOrder", version="2.0", OrderId=str(order_id))["Orders"]["Order"]
    assert order["ShippingType"] == "Own Warehouse"
    assert order["Warehouse"]["FacilityId"] == "FBF-1"
    assert _items(sandbox, order_id)[0]["ShippingType"] == "Fulfillment"
    assert _ids(sandbox, UpdatedAfter=LONG_AGO, ShippingType="own_warehouse") == [order_id]
    assert _ids(sandbox, UpdatedAfter=LONG_AGO, ShippingType="dropshipping") == []


def test_the_owner_is_said_per_item(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("PROD-001", 1, "Own Warehouse"), ("SKU-00001", 1), ("SKU-00002", 1, "Mystery"))
    assert [item["ShippingType"] for item in _items(sandbox, order_id)] == [
        "Own Warehouse",
        "Dropshipping",
        "Mystery",
    ]


def test_filters_by_created_updated_and_status(sandbox: Sandbox) -> None:
    old = sandbox.order(("SKU-00001", 1), createdAgo_s=86400)
    new = sandbox.order(("SKU-00001", 1))
    now = sandbox.state()["now"]
    hour_ago = _iso(now - 3600)
    assert _ids(sandbox, CreatedAfter=hour_ago) == [new]
    assert _ids(sandbox, CreatedAfter=LONG_AGO, CreatedBefore=hour_ago) == [old]
    sandbox.status(old, "shipped")
    assert set(_ids(sandbox, UpdatedAfter=hour_ago)) == {old, new}
    assert _ids(sandbox, UpdatedAfter=LONG_AGO, Status="shipped") == [old]
    assert _ids(sandbox, UpdatedAfter=_iso(now + 3600)) == []


def test_the_lower_bound_is_inclusive_to_the_printed_second(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("SKU-00001", 1))
    text = sandbox.body("GetOrder", version="2.0", OrderId=str(order_id))["Orders"]["Order"]["UpdatedAt"]
    # A filter without an offset is local, like the body.
    assert _ids(sandbox, UpdatedAfter=text) == [order_id]


@pytest.mark.parametrize(
    ("code", "filters"),
    [
        ("18", {}),
        ("17", {"UpdatedAfter": "24/11/2026"}),
        ("17", {"UpdatedAfter": LONG_AGO, "CreatedBefore": "2026-11-24T12:00:00 00:00"}),
        ("19", {"UpdatedAfter": LONG_AGO, "Limit": "0"}),
        ("19", {"UpdatedAfter": LONG_AGO, "Limit": "many"}),
        ("14", {"UpdatedAfter": LONG_AGO, "Offset": "-1"}),
        ("36", {"UpdatedAfter": LONG_AGO, "Status": "return_rejected"}),
        ("75", {"UpdatedAfter": LONG_AGO, "SortBy": "created_at"}),
    ],
)
def test_order_list_errors(sandbox: Sandbox, code: str, filters: dict[str, str]) -> None:
    assert sandbox.error("GetOrders", version="2.0", **filters) == code


def test_v1_sorts_and_refuses_other_sortings(sandbox: Sandbox) -> None:
    first, second = sandbox.order(("SKU-00001", 1)), sandbox.order(("SKU-00001", 1))
    sorting = {"CreatedAfter": LONG_AGO, "SortBy": "created_at"}
    assert _ids(sandbox, "1.0", **sorting, SortDirection="DESC") == [second, first]
    assert sandbox.error("GetOrders", CreatedAfter=LONG_AGO, SortBy="price") == "75"
    assert sandbox.error("GetOrders", **sorting, SortDirection="down") == "74"


def test_pages_and_the_total(sandbox: Sandbox) -> None:
    orders = [sandbox.order(("SKU-00001", 1)) for _ in range(5)]
    head = sandbox.ok("GetOrders", version="2.0", UpdatedAfter=LONG_AGO, Limit="2", Offset="4")["Head"]
    assert head["TotalCount"] == "5"
    pages = [_ids(sandbox, UpdatedAfter=LONG_AGO, Limit="2", Offset=str(offset)) for offset in (0, 2, 4)]
    assert pages == [orders[:2], orders[2:4], orders[4:]]


def test_the_list_can_drift_while_a_client_pages(sandbox: Sandbox) -> None:
    orders = [sandbox.order(("SKU-00001", 1)) for _ in range(4)]
    sandbox.switch(paging_drift=True)
    seen = [
        order
        for offset in (0, 2)
        for order in _ids(sandbox, UpdatedAfter=LONG_AGO, Limit="2", Offset=str(offset))
    ]
    assert orders[2] not in seen  # it moved into the page that was already read
    assert set(_ids(sandbox, UpdatedAfter=LONG_AGO)) == set(orders)


def test_an_order_that_is_none_is_E016(sandbox: Sandbox) -> None:
    for action in ("GetOrder", "GetOrderItems"):
        assert sandbox.error(action, OrderId="77") == "16"
        assert sandbox.error(action, OrderId="abc") == "16"
        assert sandbox.error(action) == "1"


def test_items_of_several_orders_at_once(sandbox: Sandbox) -> None:
    first, second = sandbox.order(("SKU-00001", 2)), sandbox.order(("SKU-00002", 1))
    body = sandbox.body("GetMultipleOrderItems", OrderIdList=f"[{first},{second},999]")
    rows = body["Orders"]["Order"]
    assert [row["OrderId"] for row in rows] == [str(first), str(second)]
    assert [len(_rows(row["OrderItems"]["OrderItem"])) for row in rows] == [2, 1]


@pytest.mark.parametrize(
    ("code", "text"),
    [("56", "1,2"), ("56", '{"a":1}'), ("37", "[1,x]"), ("39", "[999]"), ("38", str(list(range(101))))],
)
def test_item_list_errors(sandbox: Sandbox, code: str, text: str) -> None:
    assert sandbox.error("GetMultipleOrderItems", OrderIdList=text) == code


@pytest.mark.parametrize(("status", "other"), STATUSES.items())
def test_all_statuses_in_both_spellings(sandbox: Sandbox, status: str, other: str) -> None:
    order_id = sandbox.order(("SKU-00001", 1), status="delivered" if status == "pending" else "pending")
    sandbox.status(order_id, other)
    assert _items(sandbox, order_id)[0]["Status"] == status
    sandbox.switch(alt_spelling=True)
    assert _items(sandbox, order_id)[0]["Status"] == other
    order = sandbox.body("GetOrder", version="2.0", OrderId=str(order_id))["Orders"]["Order"]
    assert order["Statuses"] == {"Status": other}


def test_the_order_lists_the_distinct_statuses_of_its_items(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("SKU-00001", 3))
    changed = sandbox.status(order_id, "canceled", itemIds=[130000002])["changed"]
    assert changed == [130000002]
    order = sandbox.body("GetOrder", version="2.0", OrderId=str(order_id))["Orders"]["Order"]
    assert order["Statuses"]["Status"] == ["pending", "canceled"]


def test_an_order_can_be_visible_before_its_items(sandbox: Sandbox) -> None:
    sandbox.switch(items_delay_s=60)
    order_id = sandbox.order(("SKU-00001", 1))
    assert _items(sandbox, order_id) == []
    sandbox.advance(60)
    assert len(_items(sandbox, order_id)) == 1


def test_a_package_can_come_later_than_its_items(sandbox: Sandbox) -> None:
    sandbox.switch(package_delay_s=60)
    order_id = sandbox.order(("SKU-00001", 1))
    item = _items(sandbox, order_id)[0]
    assert (item["PackageId"], item["IsProcessable"]) == ("", "0")
    ready = {"OrderItemIds": f"[{item['OrderItemId']}]", "PackageId": "PKG0000000001"}
    assert sandbox.error("SetStatusToReadyToShip", body="", **ready) == "119"
    sandbox.advance(60)
    assert _items(sandbox, order_id)[0]["PackageId"] == "PKG0000000001"
    sandbox.ok("SetStatusToReadyToShip", body="", **ready)
    assert _items(sandbox, order_id)[0]["Status"] == "ready_to_ship"


def test_ready_to_ship_moves_the_whole_order(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("SKU-00001", 2))
    sandbox.ok("SetStatusToReadyToShip", body="", OrderItemIds="[130000001]", PackageId="PKG0000000001")
    assert {item["Status"] for item in _items(sandbox, order_id)} == {"ready_to_ship"}


def test_ready_to_ship_is_refused(sandbox: Sandbox) -> None:
    sandbox.order(("SKU-00001", 1))
    sandbox.order(("PROD-001", 1, "Own Warehouse"))
    third = sandbox.order(("SKU-00001", 1))
    sandbox.status(third, "shipped")

    def refused(ids: str, package: str = "PKG0000000001") -> str:
        return sandbox.error("SetStatusToReadyToShip", body="", OrderItemIds=ids, PackageId=package)

    assert refused("[130000001,130000002]") == "29"
    assert refused("[130000002]") == "28"
    assert refused("[130000003]") == "73"
    assert refused("[7]") == "35"
    assert refused("[x]") == "23"
    assert refused("[130000001]", "PKG9") == "121"


def test_a_seller_cancels_only_pending_packages_of_his_own(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("SKU-00001", 2))
    sandbox.order(("PROD-001", 1, "Fulfillment"))
    assert sandbox.error("SetStatusToCanceled", body="", OrderItemId="130000003", Reason="x") == "28"
    assert sandbox.error("SetStatusToCanceled", body="", OrderItemId="130000001") == "22"
    sandbox.ok("SetStatusToCanceled", body="", OrderItemId="130000001", Reason="Sin stock", ReasonDetail="d")
    assert [(item["Status"], item["Reason"]) for item in _items(sandbox, order_id)] == [
        ("canceled", "Sin stock"),
        ("canceled", "Sin stock"),
    ]
    assert sandbox.error("SetStatusToCanceled", body="", OrderItemId="130000001", Reason="x") == "28"


def test_an_update_moves_the_order_behind_a_cursor(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("SKU-00001", 1))
    sandbox.advance(600)
    cursor = datetime.fromtimestamp(sandbox.state()["now"], UTC) - timedelta(seconds=60)
    assert _ids(sandbox, UpdatedAfter=cursor.isoformat()) == []
    sandbox.status(order_id, "ready_to_ship")
    assert _ids(sandbox, UpdatedAfter=cursor.isoformat()) == [order_id]


def test_the_orders_own_time_may_stay_when_its_items_change(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("SKU-00001", 1), createdAgo_s=7200)
    hour_ago = _iso(sandbox.state()["now"] - 3600)
    sandbox.switch(order_time_stays=True)
    sandbox.status(order_id, "canceled")
    assert [item["Status"] for item in _items(sandbox, order_id)] == ["canceled"]
    assert _ids(sandbox, UpdatedAfter=hour_ago) == []
    assert _ids(sandbox, "1.0", UpdatedAfter=hour_ago) == [order_id]
    other = sandbox.order(("SKU-00001", 1), createdAgo_s=7200)
    sandbox.switch(order_time_stays=False)
    sandbox.status(other, "canceled")
    assert _ids(sandbox, UpdatedAfter=hour_ago) == [other]
