"""Writes become feeds (falabella.md 3.1, 4)."""

import base64
from typing import Any

import pytest

from tests.unit.sandbox_falabella.support import Sandbox, stock_xml


def _errors(detail: Any) -> list[Any]:
    errors = detail["FeedErrors"]
    if errors == "":
        return []
    return errors["Error"] if isinstance(errors["Error"], list) else [errors["Error"]]


def _finished(sandbox: Sandbox, feed_id: str) -> Any:
    sandbox.advance(3)
    detail = sandbox.feed(feed_id)
    assert detail["Status"] == "Finished"
    return detail


def test_the_feed_id_of_update_stock_is_in_the_body(sandbox: Sandbox) -> None:
    answer = sandbox.ok("UpdateStock", body=stock_xml({"SKU-00001": 7}))
    assert answer["Head"]["RequestId"] == ""
    assert answer["Head"]["Timestamp"].endswith("+0000")
    assert sandbox.state()["feeds"][0]["feed"] == answer["Body"]["Stocks"]["feed"]


def test_the_feed_id_of_product_update_is_in_the_head(sandbox: Sandbox) -> None:
    answer = sandbox.ok("ProductUpdate", body=_product_xml("<Stock>7</Stock>"))
    assert answer["Body"] == ""
    assert sandbox.state()["feeds"][0]["feed"] == answer["Head"]["RequestId"]


def _product_xml(fields: str, *, operator: str = "facl", sku: str = "SKU-00001", flat: str = "") -> str:
    unit = f"<BusinessUnit><OperatorCode>{operator}</OperatorCode>{fields}</BusinessUnit>"
    product = f"<SellerSku>{sku}</SellerSku>{flat}<BusinessUnits>{unit}</BusinessUnits>"
    return f"<Request><Product>{product}</Product></Request>"


def test_a_feed_goes_through_its_states_and_applies_at_the_end(sandbox: Sandbox) -> None:
    sandbox.switch(feed_delay_s=30, e012_s=0)
    feed_id = sandbox.update_stock({"SKU-00001": 7})
    assert (sandbox.feed(feed_id)["Status"], sandbox.shown("SKU-00001")) == ("Queued", 1000)
    sandbox.advance(11)
    assert (sandbox.feed(feed_id)["Status"], sandbox.shown("SKU-00001")) == ("Processing", 1000)
    sandbox.advance(20)
    detail = sandbox.feed(feed_id)
    assert (detail["Status"], sandbox.shown("SKU-00001")) == ("Finished", 7)
    assert (detail["TotalRecords"], detail["ProcessedRecords"], detail["FailedRecords"]) == ("1", "1", "0")
    assert (detail["FeedErrors"], detail["Action"], detail["Source"]) == ("", "UpdateStock", "api")


def test_a_feed_ends_by_itself_when_time_passes(sandbox: Sandbox) -> None:
    sandbox.switch(feed_delay_s=0, e012_s=0)
    feed_id = sandbox.update_stock({"SKU-00001": 7})
    assert sandbox.feed(feed_id)["Status"] == "Finished"


def test_feeds_apply_in_the_order_of_their_acceptance(sandbox: Sandbox) -> None:
    sandbox.switch(feed_delay_s=600)
    sandbox.update_stock({"SKU-00001": 1})
    sandbox.advance(300)
    sandbox.update_stock({"SKU-00001": 2})
    sandbox.advance(301)
    assert sandbox.shown("SKU-00001") == 1
    sandbox.advance(300)
    assert sandbox.shown("SKU-00001") == 2


def test_a_feed_never_ends_before_the_one_that_was_accepted_first(sandbox: Sandbox) -> None:
    sandbox.switch(feed_delay_s=600)
    sandbox.update_stock({"SKU-00001": 1})
    sandbox.advance(300)
    sandbox.update_stock({"SKU-00001": 2})
    sandbox.advance(301)
    sandbox.switch(feed_delay_s=0)
    first, second = sandbox.state()["feeds"]
    assert first["updatedAt"] <= second["updatedAt"]
    assert sandbox.shown("SKU-00001") == 2


def test_state_lists_every_feed_with_the_number_shown_before(sandbox: Sandbox) -> None:
    sandbox.order(("SKU-00001", 4))
    sandbox.update_stock({"SKU-00001": 7, "NEVER-SEEN": 3})
    feed = sandbox.state()["feeds"][0]
    assert {key: feed[key] for key in ("action", "status")} == {"action": "UpdateStock", "status": "Queued"}
    assert abs(feed["at"] - sandbox.state()["now"]) < 60
    rows = [(row["sku"], row["quantity"], row["previous"], row["applied"]) for row in feed["skus"]]
    assert rows == [("SKU-00001", 7, 996, False), ("NEVER-SEEN", 3, None, False)]


def test_every_sku_has_its_own_result(sandbox: Sandbox) -> None:
    sandbox.switch(reject_skus=["SKU-00003"])
    rows = {"SKU-00001": 7, "NEVER-SEEN": 1, "SKU-00002": -1, "SKU-00003": 5, "SKU-00004": "many"}
    detail = _finished(sandbox, sandbox.update_stock(rows))
    assert (detail["TotalRecords"], detail["FailedRecords"]) == ("5", "4")
    assert {error["SellerSku"]: error["Message"] for error in _errors(detail)} == {
        "NEVER-SEEN": "Seller SKU 'NEVER-SEEN' not found",
        "SKU-00002": "Negative value is not allowed",
        "SKU-00003": "Seller SKU 'SKU-00003' could not be updated",
        "SKU-00004": "Invalid quantity 'many'",
    }
    stock = sandbox.state()["stock"]
    assert [stock[f"SKU-0000{n}"] for n in (1, 2, 3, 4)] == [7, 1000, 1000, 1000]


def test_rejections_can_carry_a_message(sandbox: Sandbox) -> None:
    sandbox.switch(reject_skus={"SKU-00001": "In review"})
    detail = _finished(sandbox, sandbox.update_stock({"SKU-00001": 7}))
    assert _errors(detail)[0]["Message"] == "In review"
    sandbox.switch(reject_skus=None)
    _finished(sandbox, sandbox.update_stock({"SKU-00001": 7}))
    assert sandbox.shown("SKU-00001") == 7


def test_the_sku_of_an_error_can_be_only_in_its_message(sandbox: Sandbox) -> None:
    sandbox.switch(empty_seller_sku=True)
    detail = _finished(sandbox, sandbox.update_stock({"NEVER-SEEN": 1, "SKU-00001": -1}))
    assert [(error["SellerSku"], error["Message"]) for error in _errors(detail)] == [
        ("", "Seller SKU 'NEVER-SEEN' not found"),
        ("", "Seller SKU 'SKU-00001': Negative value is not allowed"),
    ]


def test_failures_can_be_counted_without_being_listed(sandbox: Sandbox) -> None:
    sandbox.switch(hidden_errors=True)
    detail = _finished(sandbox, sandbox.update_stock({"NEVER-SEEN": 1}))
    assert (detail["FailedRecords"], detail["FeedErrors"]) == ("1", "")


def test_feed_status_is_E012_at_first_and_for_unknown_feeds(sandbox: Sandbox) -> None:
    sandbox.switch(e012_s=60)
    feed_id = sandbox.update_stock({"SKU-00001": 7})
    assert sandbox.error("FeedStatus", FeedID=feed_id) == "12"
    sandbox.advance(60)
    assert sandbox.feed(feed_id)["Feed"] == feed_id
    assert sandbox.error("FeedStatus", FeedID="00000000") == "12"


@pytest.mark.parametrize(("switch", "stuck"), [(True, "Processing"), ("Queued", "Queued")])
def test_a_feed_can_have_no_end(sandbox: Sandbox, switch: object, stuck: str) -> None:
    sandbox.switch(feed_never_ends=switch)
    feed_id = sandbox.update_stock({"SKU-00001": 7})
    sandbox.advance(86400)
    assert (sandbox.feed(feed_id)["Status"], sandbox.shown("SKU-00001")) == (stuck, 1000)
    sandbox.switch(feed_never_ends=False)
    assert (sandbox.feed(feed_id)["Status"], sandbox.shown("SKU-00001")) == ("Finished", 7)


def test_a_feed_can_end_in_error_and_change_nothing(sandbox: Sandbox) -> None:
    sandbox.switch(feed_error=True)
    feed_id = sandbox.update_stock({"SKU-00001": 7})
    sandbox.advance(3)
    assert (sandbox.feed(feed_id)["Status"], sandbox.shown("SKU-00001")) == ("Error", 1000)


def test_only_a_waiting_feed_can_be_cancelled(sandbox: Sandbox) -> None:
    sandbox.switch(feed_delay_s=30)
    waiting = sandbox.update_stock({"SKU-00001": 7})
    sandbox.ok("FeedCancel", body="", FeedID=waiting)
    sandbox.advance(60)
    assert (sandbox.feed(waiting)["Status"], sandbox.shown("SKU-00001")) == ("Canceled", 1000)
    done = sandbox.update_stock({"SKU-00001": 7})
    sandbox.advance(60)
    assert sandbox.error("FeedCancel", body="", FeedID=done) == "13"
    assert sandbox.error("FeedCancel", body="", FeedID="nonsense") == "12"


def test_500_skus_are_taken_and_501_are_not(sandbox: Sandbox) -> None:
    rows = {f"SKU-{n:05d}": n for n in range(1, 501)}
    feed_id = sandbox.update_stock(rows)
    assert _finished(sandbox, feed_id)["ProcessedRecords"] == "500"
    assert sandbox.error("UpdateStock", body=stock_xml({**rows, "SKU-00501": 1})) == "11"


def test_a_warehouse_is_named_once_or_not_at_all(sandbox: Sandbox) -> None:
    good = "<GSCFacilityId>GSC-SC0001</GSCFacilityId>"
    _finished(sandbox, sandbox.update_stock({"SKU-00001": 7}, good))
    assert sandbox.shown("SKU-00001") == 7
    both = good + "<SellerWarehouseId>B1</SellerWarehouseId>"
    assert sandbox.error("UpdateStock", body=stock_xml({"SKU-00001": 7}, both)) == "1000"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("<GSCFacilityId>FBF-1</GSCFacilityId>", "Warehouse 'FBF-1' is read only"),
        ("<GSCFacilityId>GSC-X</GSCFacilityId>", "Warehouse 'GSC-X' not found"),
        ("<SellerWarehouseId>B1</SellerWarehouseId>", "Warehouse 'B1' not found"),
    ],
)
def test_other_warehouses_are_refused_per_sku(sandbox: Sandbox, key: str, message: str) -> None:
    detail = _finished(sandbox, sandbox.update_stock({"PROD-001": 7}, key))
    assert _errors(detail)[0]["Message"] == message
    assert (sandbox.shown("PROD-001"), sandbox.state()["fbf"]["PROD-001"]) == (1000, 100)


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("30", ""),
        ("30", "<Request><Warehouse/></Request>"),
        ("5", "<Request><Warehouse>"),
        ("5", '{"Request": {}}'),
        ("5", "<Stocks/>"),
        ("89", "<Request><Warehouse><Stock><Quantity>1</Quantity></Stock></Warehouse></Request>"),
        (
            "1000",
            stock_xml({"SKU-00001": 1, "SKU-00002": 2}).replace("SKU-00002", "SKU-00001"),
        ),
    ],
)
def test_a_request_that_is_none_makes_no_feed(sandbox: Sandbox, code: str, body: str) -> None:
    assert sandbox.error("UpdateStock", body=body) == code
    assert sandbox.state()["feeds"] == []


def test_skus_with_spaces_and_accents_arrive_whole(sandbox: Sandbox) -> None:
    detail = _finished(sandbox, sandbox.update_stock({"CAFÉ & TÉ 1KG": 1}))
    assert _errors(detail)[0]["SellerSku"] == "CAFÉ & TÉ 1KG"


def test_product_update_ignores_empty_tags_and_flat_quantities(sandbox: Sandbox) -> None:
    body = _product_xml("<Stock/><Price>1990.00</Price>", flat="<Quantity>3</Quantity>")
    _finished(sandbox, sandbox.ok("ProductUpdate", body=body)["Head"]["RequestId"])
    unit = sandbox.body("GetProducts", SkuSellerList='["SKU-00001"]')["Products"]["Product"]["BusinessUnits"]
    assert (unit["BusinessUnit"]["Stock"], unit["BusinessUnit"]["Price"]) == ("1000", "1990.00")


def test_product_update_writes_stock_of_its_own_operator_only(sandbox: Sandbox) -> None:
    ok = sandbox.ok("ProductUpdate", body=_product_xml("<Stock>7</Stock>"))["Head"]["RequestId"]
    other = sandbox.ok("ProductUpdate", body=_product_xml("<Stock>9</Stock>", operator="fape"))["Head"][
        "RequestId"
    ]
    _finished(sandbox, ok)
    assert sandbox.shown("SKU-00001") == 7
    assert _errors(sandbox.feed(other))[0]["Message"] == "Invalid OperatorCode 'fape'"


def test_lists_counts_and_the_raw_input(sandbox: Sandbox) -> None:
    first = sandbox.update_stock({"SKU-00001": 7, "NEVER-SEEN": 1})
    sandbox.advance(3)
    second = sandbox.update_stock({"SKU-00001": 8})
    rows = sandbox.body("FeedList")["Feed"]
    assert [row["Feed"] for row in rows] == [second, first]
    report = rows[1]["FailureReports"]
    text = base64.b64decode(report["File"]).decode()
    assert report["MimeType"] == "text/csv"
    assert "NEVER-SEEN,Seller SKU 'NEVER-SEEN' not found" in text
    assert sandbox.body("FeedCount")["FeedCount"] == {
        "Total": "2",
        "Queued": "1",
        "Processing": "0",
        "Finished": "1",
        "Canceled": "0",
    }
    assert sandbox.body("FeedOffsetList", Status="Finished")["Feed"]["Feed"] == first
    assert sandbox.body("FeedOffsetList", Offset="1", PageSize="1")["Feed"]["Feed"] == first
    raw = sandbox.body("GetFeedRawInput", FeedIdList=f"[{second}]")["FeedRawInputs"]["FeedRawInput"]
    assert raw["RawInput"] == stock_xml({"SKU-00001": 8})


def test_feeds_leave_the_list_after_30_days(sandbox: Sandbox) -> None:
    sandbox.update_stock({"SKU-00001": 7})
    sandbox.advance(31 * 86400)
    assert sandbox.body("FeedList") == ""


@pytest.mark.parametrize(
    ("code", "parameters"),
    [
        ("14", {"Offset": "x"}),
        ("15", {"PageSize": "0"}),
        ("13", {"Status": "Done"}),
        ("46", {"CreationDate": "x"}),
        ("47", {"UpdatedDate": "x"}),
    ],
)
def test_feed_list_errors(sandbox: Sandbox, code: str, parameters: dict[str, str]) -> None:
    assert sandbox.error("FeedOffsetList", **parameters) == code
