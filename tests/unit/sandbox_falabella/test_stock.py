"""The stock model and its reads (falabella.md 3)."""

from typing import Any

import pytest

from tests.unit.sandbox_falabella.support import LONG_AGO, Sandbox


def _product(sandbox: Sandbox, sku: str) -> Any:
    return sandbox.body("GetProducts", SkuSellerList=f'["{sku}"]')["Products"]["Product"]


def _stocks(sandbox: Sandbox, sku: str, **filters: str) -> Any:
    return sandbox.body("GetStock", **{"SellerSku[0]": sku}, **filters)["Stocks"]


def test_every_product_starts_with_1000_units(sandbox: Sandbox) -> None:
    stock = sandbox.state()["stock"]
    assert len(stock) == 601
    assert set(stock.values()) == {1000}
    assert {"PROD-001", "SKU-00001", "SKU-00600"} <= set(stock)


def test_the_shown_number_is_the_same_in_every_read(sandbox: Sandbox) -> None:
    sandbox.order(("SKU-00001", 3))
    product = _product(sandbox, "SKU-00001")["BusinessUnits"]["BusinessUnit"]
    assert (product["OperatorCode"], product["Stock"], product["Status"]) == ("facl", "997", "active")
    assert _stocks(sandbox, "SKU-00001") == {
        "SellerWarehouses": {
            "Warehouse": {
                "SellerWarehouseId": "",
                "FacilityID": "GSC-SC0001",
                "SellerSku": "SKU-00001",
                "Quantity": "997",
            }
        },
        "FulfillmentWarehouses": "",
    }
    assert sandbox.shown("SKU-00001") == 997


@pytest.mark.parametrize(
    ("path", "shown", "reserved"),
    [
        (["pending"], 998, 2),
        (["pending", "ready_to_ship"], 998, 0),
        (["pending", "ready_to_ship", "shipped", "delivered"], 998, 0),
        (["pending", "canceled"], 1000, 0),
        (["pending", "ready_to_ship", "canceled"], 998, 0),
        (["shipped"], 998, 0),
        (["canceled"], 1000, 0),
    ],
)
def test_reserve_deduct_release(sandbox: Sandbox, path: list[str], shown: int, reserved: int) -> None:
    order_id = sandbox.order(("SKU-00001", 2), status=path[0])
    for status in path[1:]:
        sandbox.status(order_id, status)
    state = sandbox.state()
    assert (state["stock"]["SKU-00001"], state["reserved"].get("SKU-00001", 0)) == (shown, reserved)


@pytest.mark.parametrize(("means", "shown"), [("net", 50), ("gross", 47)])
def test_what_a_written_number_means(sandbox: Sandbox, means: str, shown: int) -> None:
    sandbox.switch(write_means=means)
    order_id = sandbox.order(("SKU-00001", 3))
    sandbox.update_stock({"SKU-00001": 50})
    sandbox.advance(3)
    assert sandbox.shown("SKU-00001") == shown
    sandbox.order(("SKU-00001", 1))
    assert sandbox.shown("SKU-00001") == shown - 1
    sandbox.status(order_id, "ready_to_ship")
    assert sandbox.shown("SKU-00001") == shown - 1


def test_a_sale_between_write_and_processing_is_overwritten_when_net(sandbox: Sandbox) -> None:
    sandbox.update_stock({"SKU-00001": 10})
    sandbox.order(("SKU-00001", 4))
    sandbox.advance(3)
    assert sandbox.shown("SKU-00001") == 10


def test_the_shown_number_is_never_negative(sandbox: Sandbox) -> None:
    sandbox.order(("SKU-00001", 1005))
    assert sandbox.shown("SKU-00001") == 0


@pytest.mark.parametrize("spelling", ["Own Warehouse", "Fulfillment"])
def test_fbf_orders_and_writes_keep_to_their_own_warehouse(sandbox: Sandbox, spelling: str) -> None:
    order_id = sandbox.order(("PROD-001", 2, spelling))
    assert (sandbox.shown("PROD-001"), sandbox.state()["fbf"]["PROD-001"]) == (1000, 98)
    sandbox.update_stock({"PROD-001": 5})
    sandbox.advance(3)
    sandbox.status(order_id, "canceled")
    assert (sandbox.shown("PROD-001"), sandbox.state()["fbf"]["PROD-001"]) == (5, 100)
    fbf = _stocks(sandbox, "PROD-001")["FulfillmentWarehouses"]["Warehouse"]
    assert fbf == {"WarehouseId": "FBF-1", "SellerSku": "PROD-001", "Quantity": "100"}


def test_orders_of_unknown_skus_are_possible(sandbox: Sandbox) -> None:
    sandbox.order(("NEVER-SEEN", 1))
    assert "NEVER-SEEN" not in sandbox.state()["stock"]


def test_an_unknown_sku_is_an_empty_list(sandbox: Sandbox) -> None:
    assert sandbox.body("GetProducts", SkuSellerList='["NEVER-SEEN"]') == {"Products": ""}
    assert _stocks(sandbox, "NEVER-SEEN") == {"SellerWarehouses": "", "FulfillmentWarehouses": ""}


def test_products_have_pages_and_no_total(sandbox: Sandbox) -> None:
    answer = sandbox.ok("GetProducts", Limit="500", Offset="500")
    assert len(answer["Body"]["Products"]["Product"]) == 101
    assert "TotalCount" not in answer["Head"]


def test_product_filters(sandbox: Sandbox) -> None:
    sandbox.update_stock({"SKU-00007": 0})
    sandbox.advance(3)
    sold_out = sandbox.body("GetProducts", Filter="sold-out")["Products"]["Product"]
    assert sold_out["SellerSku"] == "SKU-00007"
    assert sandbox.body("GetProducts", Filter="rejected") == {"Products": ""}
    assert sandbox.body("GetProducts", Search="sku-00009")["Products"]["Product"]["SellerSku"] == "SKU-00009"
    assert sandbox.body("GetProducts", CreatedBefore=LONG_AGO) == {"Products": ""}
    assert sandbox.error("GetProducts", Filter="nice") == "36"
    assert sandbox.error("GetProducts", SkuSellerList='{"a": 1}') == "1000"
    assert sandbox.error("GetProducts", Limit="1001") == "19"


def test_get_stock_filters_and_pages(sandbox: Sandbox) -> None:
    assert _stocks(sandbox, "PROD-001", FacilityId="FBF-1")["SellerWarehouses"] == ""
    assert _stocks(sandbox, "PROD-001", SellerWarehouseId="B1")["SellerWarehouses"] == ""
    page = sandbox.body("GetStock", Limit="10", Offset="595")["Stocks"]["SellerWarehouses"]["Warehouse"]
    assert len(page) == 6
    listed = sandbox.body("GetStock", SellerSku='["SKU-00001","SKU-00002"]')["Stocks"]
    assert len(listed["SellerWarehouses"]["Warehouse"]) == 2
    assert sandbox.error("GetStock", SellerSku="SKU-00001") == "1001"
    assert sandbox.error("GetStock", Limit="1001") == "19"


def test_warehouses(sandbox: Sandbox) -> None:
    rows = sandbox.body("GetWarehouse")["Warehouses"]["Warehouse"]
    assert [(row["facilityId"], row["warehouseType"], row["isFbf"]) for row in rows] == [
        ("GSC-SC0001", "only_shipments", "false"),
        ("GSC-SC0009", "only_returns", "false"),
        ("FBF-1", "only_shipments", "true"),
    ]
    default = sandbox.body("GetWarehouse", IsDefault="true", WarehouseType="only_shipments")["Warehouses"]
    assert default["Warehouse"]["facilityId"] == "GSC-SC0001"
    assert sandbox.error("GetWarehouse", Limit="101") == "19"


def test_somebody_edits_a_number_by_hand(sandbox: Sandbox) -> None:
    sandbox.order(("SKU-00001", 2))
    assert sandbox.control("stock", {"sku": "SKU-00001", "quantity": 40}) == {"sku": "SKU-00001", "shown": 40}
    assert sandbox.shown("SKU-00001") == 40
    assert _stocks(sandbox, "SKU-00001")["SellerWarehouses"]["Warehouse"]["Quantity"] == "40"
    for wrong in ({"sku": "NOPE", "quantity": 1}, {"sku": "SKU-00001", "quantity": -1}, {"sku": "SKU-00001"}):
        assert sandbox.http.post("/_sandbox/stock", json=wrong).status_code == 422


def test_get_stock_may_count_reserved_units_and_refuse(sandbox: Sandbox) -> None:
    sandbox.order(("SKU-00001", 2))
    sandbox.switch(read_means="gross")
    assert _stocks(sandbox, "SKU-00001")["SellerWarehouses"]["Warehouse"]["Quantity"] == "1000"
    sandbox.switch(refuse_unknown=True)
    assert sandbox.error("GetStock", **{"SellerSku[0]": "SKU-00001", "SellerSku[1]": "NOPE"}) == "1001"
    sandbox.switch(stock_error=9)
    assert sandbox.error("GetStock") == "9"
    assert sandbox.http.post("/_sandbox/faults", json={"stock_error": 8_888}).status_code == 422
    assert sandbox.http.post("/_sandbox/faults", json={"stock_error": 10}).status_code == 422
    sandbox.switch(stock_error=0)
    sandbox.ok("GetStock")


def test_a_second_warehouse_sells_when_it_is_switched_on(sandbox: Sandbox) -> None:
    key = "<SellerWarehouseId>BODEGA-2</SellerWarehouseId>"
    for on, outcome, rows in ((True, 1007, 2), (False, 1000, 1)):
        sandbox.control("reset", {})
        sandbox.switch(second_warehouse=on)
        feed = sandbox.update_stock({"SKU-00001": 7}, key)
        sandbox.advance(10)
        assert sandbox.feed(feed)["FailedRecords"] == ("0" if on else "1")
        product = sandbox.body("GetProducts", SkuSellerList='["SKU-00001"]')["Products"]["Product"]
        assert product["BusinessUnits"]["BusinessUnit"]["Stock"] == str(outcome)
        found = sandbox.body("GetStock", SellerSku='["SKU-00001"]')["Stocks"]["SellerWarehouses"]
        shown = found["Warehouse"] if isinstance(found["Warehouse"], list) else [found["Warehouse"]]
        assert [row["Quantity"] for row in shown] == ["1000", "7"][:rows]
        sells = sandbox.body("GetWarehouse", WarehouseType="only_shipments")["Warehouses"]["Warehouse"]
        assert len(sells) == rows + 1  # and Falabella's own
