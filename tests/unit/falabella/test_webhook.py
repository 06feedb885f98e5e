"""The bodies at our door: what they mean, and that no bytes are a surprise (design §9b, falabella.md 7.2)."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orquestador.channels.falabella.webhook import SIMPLE_STATES, read_notice, simple_orders
from orquestador.model.notices import Notice, NoticeKind
from orquestador.model.orders import LineState
from orquestador.ports import InvalidBody, Receipt

ORDER = {
    "orderId": "FAL-123",
    "products": [{"sku": "PROD-001", "quantity": 2, "price": 19990}],
    "status": "confirmed",
    "timestamp": "2026-11-24T12:00:00Z",
}


def _body(**changes: Any) -> bytes:
    merged = {**ORDER, **changes}
    return json.dumps({name: value for name, value in merged.items() if value is not ...}).encode()


def _order(**changes: Any) -> Notice:
    return read_notice(_body(**changes), stock=False)


def _refused(body: bytes | str, *, stock: bool = False) -> InvalidBody:
    raw = body.encode() if isinstance(body, str) else body
    with pytest.raises(InvalidBody) as caught:
        read_notice(raw, stock=stock)
    assert caught.value.problem and caught.value.remedy
    return caught.value


def _receipt(body: bytes, seq: int = 1) -> Receipt:
    notice = read_notice(body, stock=False)
    return Receipt(seq, f"r{seq}", "falabella", "falabella.order", body, 0.0, notice, "t", ())


# --- the simple order body ---


def test_the_documented_body_is_the_order() -> None:
    notice = _order()
    assert (notice.kind, notice.refs, notice.event) == (NoticeKind.ORDER, ("FAL-123",), "simple")
    assert notice.body_backed
    assert notice.reason is None


def test_where_orders_come_from_the_api_the_body_is_a_hint() -> None:
    notice = read_notice(_body(), stock=False, body_backed=False)
    assert (notice.kind, notice.body_backed) == (NoticeKind.ORDER, False)


@pytest.mark.parametrize(
    "status", [*SIMPLE_STATES, "Confirmed", "READY TO SHIP", " shipped ", "ready-to-ship"]
)
def test_the_documented_statuses_are_orders(status: str) -> None:
    assert _order(status=status).kind is NoticeKind.ORDER


@pytest.mark.parametrize("status", ["returned", "paid", "", "x" * 5000, "\u0000"])
def test_any_other_status_is_a_dead_letter(status: str) -> None:
    notice = _order(status=status)
    assert (notice.kind, notice.refs, notice.body_backed) == (NoticeKind.UNREADABLE, ("FAL-123",), False)
    assert notice.reason is not None and len(notice.reason) < 100 and notice.reason.isprintable()


def test_a_number_is_as_good_as_a_text_for_an_id() -> None:
    assert _order(orderId=1200000101).refs == ("1200000101",)
    assert _order(orderId=10**24).refs == ("1" + "0" * 24,)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"orderId": ...}, "orderId"),
        ({"orderId": ""}, "orderId"),
        ({"orderId": "  "}, "orderId"),
        ({"orderId": None}, "orderId"),
        ({"orderId": True}, "orderId"),
        ({"orderId": 1.5}, "orderId"),
        ({"orderId": ["A"]}, "orderId"),
        ({"orderId": "a\u0000b"}, "orderId"),
        ({"orderId": "x" * 201}, "orderId"),
        ({"status": ...}, "status"),
        ({"status": 1}, "status"),
        ({"timestamp": ...}, "timestamp"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": 1795521600}, "timestamp"),
        ({"timestamp": "2026-13-01T00:00:00Z"}, "timestamp"),
        ({"products": ...}, "products"),
        ({"products": []}, "products"),
        ({"products": None}, "products"),
        ({"products": {"sku": "A", "quantity": 1}}, "products"),
        ({"products": ["A"]}, "products[0]"),
        ({"products": [{"quantity": 1}]}, "products[0].sku"),
        ({"products": [{"sku": "A"}]}, "products[0].quantity"),
        ({"products": [{"sku": "A", "quantity": 1}, {"sku": "", "quantity": 1}]}, "products[1].sku"),
        ({"products": [{"sku": "A", "quantity": 0}]}, "products[0].quantity"),
        ({"products": [{"sku": "A", "quantity": -1}]}, "products[0].quantity"),
        ({"products": [{"sku": "A", "quantity": 1.5}]}, "products[0].quantity"),
        ({"products": [{"sku": "A", "quantity": "2"}]}, "products[0].quantity"),
        ({"products": [{"sku": "A", "quantity": True}]}, "products[0].quantity"),
        ({"products": [{"sku": "A", "quantity": None}]}, "products[0].quantity"),
        ({"products": [{"sku": "A", "quantity": 100_001}]}, "products[0].quantity"),
        ({"products": [{"sku": "A", "quantity": 10**24}]}, "products[0].quantity"),
    ],
)
def test_a_malformed_order_names_its_field(changes: dict[str, Any], field: str) -> None:
    assert _refused(_body(**changes)).field == field


def test_the_largest_quantity_is_taken() -> None:
    assert _order(products=[{"sku": "A", "quantity": 100_000}]).kind is NoticeKind.ORDER


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b"[]",
        b'"text"',
        b"5",
        b"null",
        b'{"orderId": "A"',
        b"NaN",
        b"[" * 100_000,
        b'{"orderId": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_json_object_is_refused_at_the_body(body: bytes) -> None:
    assert _refused(body).field == "body"


def test_a_lone_surrogate_is_refused_because_no_store_can_hold_it() -> None:
    assert _refused(rb'{"orderId": "\ud800", "status": "confirmed"}').field == "body"
    assert _refused(b'{"orderId": "\xed\xa0\x80"}').field == "body"
    assert _refused(rb'{"event": "onOrderCreated", "payload": {"OrderId": "\udfff"}}').field == "body"


def test_of_a_repeated_key_the_last_one_counts() -> None:
    body = _body().replace(b'{"orderId": "FAL-123"', b'{"orderId": "OLD", "orderId": "FAL-123"')
    assert read_notice(body, stock=False).refs == ("FAL-123",)


def test_a_nul_key_changes_nothing() -> None:
    assert read_notice(_body(**{"\u0000": 1, "note": "x"}), stock=False).dedupe == _order().dedupe


def test_no_value_of_the_body_is_repeated_in_the_error() -> None:
    error = _refused(_body(timestamp="ana@example.com"))
    assert "ana" not in str(error)


def test_a_cancellation_may_have_no_products() -> None:
    without: list[Any] = [..., None, []]
    for products in without:
        [seen] = simple_orders([_receipt(_body(status="canceled", products=products))], "falabella")
        assert (seen.cancels_all, seen.lines) == (True, ())


# --- what a repetition is ---


@pytest.mark.parametrize(
    "same",
    [
        {"products": [{"quantity": 1, "sku": "PROD-001"}, {"sku": " PROD-001 ", "quantity": 1}]},
        {"timestamp": "2026-11-24T09:00:00-03:00"},
        {"timestamp": "2026-11-24 12:00:00"},
        {"status": "CONFIRMED"},
        {"extra": 1},
    ],
)
def test_bodies_that_say_the_same_are_repetitions(same: dict[str, Any]) -> None:
    assert _order(**same).dedupe == _order().dedupe


@pytest.mark.parametrize(
    "other",
    [
        {"orderId": "FAL-124"},
        {"status": "shipped"},
        {"timestamp": "2026-11-24T12:00:01Z"},
        {"timestamp": "2026-11-24T12:00:00.5Z"},
        {"products": [{"sku": "PROD-001", "quantity": 3}]},
        {"products": [{"sku": "PROD-002", "quantity": 2}]},
    ],
)
def test_bodies_that_say_something_else_are_not(other: dict[str, Any]) -> None:
    assert _order(**other).dedupe != _order().dedupe


# --- body-backed orders ---


def test_rows_of_one_sku_add_up_and_the_sku_is_the_line() -> None:
    products = [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}, {"sku": "A", "quantity": 3}]
    [seen] = simple_orders([_receipt(_body(products=products))], "falabella")
    assert [(line.line_id, line.sku, line.quantity) for line in seen.lines] == [("A", "A", 5), ("B", "B", 1)]
    assert {line.state for line in seen.lines} == {LineState.COMMITTED}
    assert (seen.channel, seen.order_id, seen.as_of) == ("falabella", "FAL-123", 1795521600.0)
    assert seen.body_backed and seen.created_at is None and not seen.cancels_all


def test_orders_come_by_their_own_time_and_hints_are_left_out() -> None:
    later, earlier = _body(timestamp="2026-11-24T13:00:00Z"), _body(status="shipped")
    real = b'{"event": "onOrderCreated", "payload": {"OrderId": 1}}'
    unknown = _body(status="paid")
    receipts = [_receipt(body, seq) for seq, body in enumerate([later, real, unknown, earlier])]
    seen = simple_orders(receipts, "falabella")
    assert [order.as_of for order in seen] == [1795521600.0, 1795525200.0]
    assert seen[0].lines[0].state is LineState.SHIPPED


# --- Seller Center's own bodies ---


def _event(event: Any, payload: Any, *, stock: bool = False) -> Notice:
    return read_notice(json.dumps({"event": event, "payload": payload}).encode(), stock=stock)


@pytest.mark.parametrize("stock", [False, True])
@pytest.mark.parametrize(
    ("event", "payload", "kind", "refs"),
    [
        ("onOrderCreated", {"OrderId": 190}, NoticeKind.ORDER, ("190",)),
        ("onOrderCreated", {"OrderId": "190"}, NoticeKind.ORDER, ("190",)),
        (
            "onOrderItemsStatusChanged",
            {"OrderId": 190, "OrderItemIds": [2, 3], "NewStatus": "shipped"},
            NoticeKind.ORDER,
            ("190",),
        ),
        ("onFeedCompleted", {"Feed": "7c1f"}, NoticeKind.FEED, ("7c1f",)),
        ("onFeedCreated", {"Feed": "7c1f"}, NoticeKind.FEED, ("7c1f",)),
        ("onProductUpdated", {"SellerSkus": ["A", "B", "A"]}, NoticeKind.STOCK, ("A", "B")),
        ("onProductQcStatusChanged", {"SellerSkus": "A"}, NoticeKind.STOCK, ("A",)),
        ("onProductUpdated", {"SellerSkus": []}, NoticeKind.IGNORED, ()),
        ("onReturnStatusChanged", {"x": 1}, NoticeKind.IGNORED, ()),
        ("onOrderSomethingNew", {"x": 1}, NoticeKind.IGNORED, ()),
        ("onOrderCreated", {}, NoticeKind.UNREADABLE, ()),
        ("onOrderCreated", None, NoticeKind.UNREADABLE, ()),
        ("onOrderCreated", {"OrderId": None}, NoticeKind.UNREADABLE, ()),
        ("onOrderCreated", {"OrderId": {"x": 1}}, NoticeKind.UNREADABLE, ()),
        ("onOrderCreated", {"OrderId": "a\u0000"}, NoticeKind.UNREADABLE, ()),
        ("onOrderCreated", {"OrderId": 10**41}, NoticeKind.UNREADABLE, ()),
        ("onFeedCompleted", {"Feed": ""}, NoticeKind.UNREADABLE, ()),
        ("onProductUpdated", {"SellerSkus": [None]}, NoticeKind.UNREADABLE, ()),
        (5, {"OrderId": 1}, NoticeKind.UNREADABLE, ()),
        (None, {"OrderId": 1}, NoticeKind.UNREADABLE, ()),
    ],
)
def test_a_seller_center_event(
    event: Any, payload: Any, kind: NoticeKind, refs: tuple[str, ...], stock: bool
) -> None:
    notice = _event(event, payload, stock=stock)
    assert (notice.kind, notice.refs, notice.body_backed) == (kind, refs, False)
    assert (notice.reason is not None) == (kind is NoticeKind.UNREADABLE)
    assert notice.dedupe


def _changed(**payload: Any) -> str:
    merged = {"OrderId": 190, "OrderItemIds": [2, 3], "NewStatus": "shipped", **payload}
    return _event("onOrderItemsStatusChanged", {k: v for k, v in merged.items() if v is not ...}).dedupe


def test_a_repeated_event_is_known_by_order_items_and_status() -> None:
    assert _changed(OrderItemIds=[3, 2]) == _changed() == _changed(OrderId="190")
    assert _changed(OrderItemIds=..., OrderItemsId=[3, "2"]) == _changed()
    others = [_changed(OrderId=191), _changed(OrderItemIds=[2]), _changed(NewStatus="delivered")]
    assert len({_changed(), *others}) == 4
    assert _event("onOrderCreated", {"OrderId": 190}).dedupe != _changed()


def test_a_body_with_its_own_order_id_is_simple_whatever_else_it_says() -> None:
    assert _order(event="order.created", payload={"a": 1}).body_backed


# --- the stock door ---


@pytest.mark.parametrize(
    ("body", "refs"),
    [
        ({"sku": "A"}, ("A",)),
        ({"sku": 15, "quantity": 3, "timestamp": "2026-11-24"}, ("15",)),
        ({"sku": "A", "quantity": -2.5}, ("A",)),
        ({"sku": "A", "quantity": None, "timestamp": None}, ("A",)),
        ([{"sku": "A"}, {"sku": "B"}, {"sku": "A"}], ("A", "B")),
    ],
)
def test_a_stock_hint_names_skus(body: Any, refs: tuple[str, ...]) -> None:
    notice = read_notice(json.dumps(body).encode(), stock=True)
    assert (notice.kind, notice.refs, notice.event) == (NoticeKind.STOCK, refs, "simple")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{}", "body"),
        ("[]", "body"),
        ("5", "body"),
        ('{"SKU": "A"}', "sku"),
        ('{"sku": "A", "quantity": "x"}', "quantity"),
        ('{"sku": "A", "quantity": 1e999}', "quantity"),
        ('{"sku": "A", "timestamp": "x"}', "timestamp"),
        ('[{"sku": "A"}, {"sku": "\\u0007"}]', "[1].sku"),
        ('[{"sku": "A"}, 5]', "[1]"),
        ("{", "body"),
    ],
)
def test_a_malformed_stock_hint_names_its_field(body: str, field: str) -> None:
    assert _refused(body, stock=True).field == field


# --- anything at all ---

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**24, 10**26)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
)
WORDS = st.sampled_from(
    [
        *ORDER,
        "sku",
        "quantity",
        "event",
        "payload",
        "OrderId",
        "OrderItemIds",
        "NewStatus",
        "Feed",
        "SellerSkus",
    ]
)
NODES = st.recursive(
    SCALARS
    | st.sampled_from(["onOrderCreated", "onFeedCompleted", "onProductUpdated", "2026-11-24", "shipped"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=5)
    ),
    max_leaves=15,
)
BODIES = (
    st.binary(max_size=300) | NODES.map(lambda node: json.dumps(node).encode()) | st.text().map(str.encode)
)


def _check(body: bytes) -> None:
    for stock in (False, True):
        try:
            notice = read_notice(body, stock=stock)
        except InvalidBody as refusal:
            texts = (refusal.field, refusal.problem, refusal.remedy)
            assert all(texts)
            continue
        assert notice.dedupe
        assert notice.kind is not NoticeKind.UNREADABLE or notice.reason
        for stored in (*notice.refs, notice.event, notice.dedupe, notice.reason or ""):
            assert len(stored.encode()) <= 1000 and "\x00" not in stored
        if notice.body_backed:
            [seen] = simple_orders([_receipt(body)], "falabella")
            assert seen.order_id == notice.refs[0]
            assert all(line.quantity >= 1 for line in seen.lines)


@given(body=BODIES)
@example(body=b'{"orderId":"\\ud800"}')
@example(body=b'{"event":"\\u0000","payload":{}}')
@example(body=b'{"a":' * 5000)
def test_any_bytes_are_a_notice_or_a_clear_refusal(body: bytes) -> None:
    _check(body)


@given(changes=st.dictionaries(st.sampled_from(list(ORDER)), NODES))
def test_any_change_of_a_good_order_is_a_notice_or_a_clear_refusal(changes: dict[str, Any]) -> None:
    _check(_body(**changes))


@given(
    event=st.sampled_from(["onOrderCreated", "onOrderItemsStatusChanged", "onProductUpdated"]) | SCALARS,
    payload=NODES,
)
def test_a_seller_center_body_is_never_refused(event: Any, payload: Any) -> None:
    raw = json.dumps({"event": event, "payload": payload})
    assert read_notice(raw.encode(), stock=False).kind in NoticeKind
