"""Answers in XML and in every JSON list shape (falabella.md 1.4, 1.5)."""

import re
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from tests.unit.sandbox_falabella.support import LONG_AGO, Sandbox


def _orders(sandbox: Sandbox) -> Any:
    return sandbox.body("GetOrders", version="2.0", UpdatedAfter=LONG_AGO)["Orders"]


def _strings_only(node: Any) -> bool:
    if isinstance(node, dict):
        return all(_strings_only(child) for child in node.values())
    if isinstance(node, list):
        return all(_strings_only(child) for child in node)
    return isinstance(node, str)


def test_one_row_is_an_object_by_default_and_two_are_an_array(sandbox: Sandbox) -> None:
    assert _orders(sandbox) == ""
    first = sandbox.order(("SKU-00001", 1))
    assert _orders(sandbox)["Order"]["OrderId"] == str(first)
    assert _orders(sandbox)["Order"]["Statuses"] == {"Status": "pending"}
    second = sandbox.order(("SKU-00001", 2))
    assert [row["OrderId"] for row in _orders(sandbox)["Order"]] == [str(first), str(second)]


def test_the_array_shape_has_an_array_even_for_one(sandbox: Sandbox) -> None:
    sandbox.switch(list_shape="array")
    order_id = sandbox.order(("SKU-00001", 1))
    (row,) = _orders(sandbox)["Order"]
    assert (row["OrderId"], row["Statuses"]) == (str(order_id), {"Status": ["pending"]})


def test_the_wrapper_array_shape_wraps_each_row(sandbox: Sandbox) -> None:
    sandbox.switch(list_shape="wrapper-array")
    order_id = sandbox.order(("SKU-00001", 2))
    (wrapper,) = _orders(sandbox)
    assert list(wrapper) == ["Order"]
    assert wrapper["Order"]["Statuses"] == [{"Status": "pending"}]
    items = sandbox.body("GetOrderItems", OrderId=str(order_id))["OrderItems"]
    assert [list(item) for item in items] == [["OrderItem"], ["OrderItem"]]


@pytest.mark.parametrize("shape", ["object-if-one", "array", "wrapper-array"])
def test_scalars_are_strings_and_empty_nodes_are_empty_strings(sandbox: Sandbox, shape: str) -> None:
    sandbox.switch(list_shape=shape)
    sandbox.order(("SKU-00001", 2))
    answer = sandbox.ok("GetOrders", version="2.0", UpdatedAfter=LONG_AGO)
    assert _strings_only(answer)
    assert answer["Head"]["TotalCount"] == "1"
    assert answer["Head"]["RequestId"] == ""
    assert sandbox.body("FeedList") == ""


def test_xml_is_the_default_format(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("SKU-00001", 2))
    parameters = {"Action": "GetOrders", "Version": "2.0", "UpdatedAfter": LONG_AGO, "Format": None}
    response = sandbox.request(parameters)
    assert response.headers["content-type"].startswith("text/xml")
    root = fromstring(response.content)
    assert root.tag == "SuccessResponse"
    assert root.findtext("Body/Orders/Order/OrderId") == str(order_id)
    assert root.find("Head/RequestId") is not None


def test_errors_are_xml_too(sandbox: Sandbox) -> None:
    root = fromstring(sandbox.request({"Action": "Nonsense", "Format": "XML"}).content)
    assert (root.tag, root.findtext("Head/ErrorCode")) == ("ErrorResponse", "8")


def test_text_in_xml_can_be_indented(sandbox: Sandbox) -> None:
    sandbox.switch(indented_text=True)
    order_id = sandbox.order(("Ñ & <b>", 1))
    parameters = {"Action": "GetOrderItems", "OrderId": str(order_id), "Format": "XML"}
    text = fromstring(sandbox.request(parameters).content).findtext("Body/OrderItems/OrderItem/Sku")
    assert text is not None
    assert re.fullmatch(r"\n\s+Ñ & <b>\n\s+", text)


def test_money_has_separators_in_v1_and_no_decimals_in_v2(sandbox: Sandbox) -> None:
    order_id = sandbox.order(("SKU-00001", 2))
    prices = [
        sandbox.body("GetOrder", version=version, OrderId=str(order_id))["Orders"]["Order"]["Price"]
        for version in ("1.0", "2.0")
    ]
    assert prices == ["29,980.00", "29980"]
    items = sandbox.body("GetOrderItems", OrderId=str(order_id))["OrderItems"]["OrderItem"]
    assert items[0]["PaidPrice"] == "14990.00"
