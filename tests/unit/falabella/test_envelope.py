"""Every quirk of falabella.md 1.4-1.6 reads the same."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orquestador.channels.falabella.envelope import (
    Answer,
    child,
    decode,
    error_of,
    instant,
    is_envelope,
    listed,
    number,
    rows,
    text,
    whole,
)
from orquestador.http_base import CallFailed
from orquestador.model.errors import (
    AccessDenied,
    Ambiguous,
    AuthRefused,
    RateLimited,
    Rejected,
    Unavailable,
    UpstreamError,
)

A, B = {"Id": "1", "X": "a"}, {"Id": "2", "X": "b"}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"Row": A}, [A]),
        ({"Row": [A]}, [A]),
        ({"Row": [A, B]}, [A, B]),
        ([{"Row": A}], [A]),
        ([{"Row": A}, {"Row": B}], [A, B]),
        ([A, B], [A, B]),
        ([{"Row": [A, B]}], [A, B]),
        ("", []),
        ("  \n ", []),
        (None, []),
        ({}, []),
        ([], []),
        ({"Row": ""}, []),
        ([{"Row": ""}], []),
        ([""], []),
        ({"Row": "pending"}, ["pending"]),
        ([{"Row": "pending"}, {"Row": "shipped"}], ["pending", "shipped"]),
        (["pending"], ["pending"]),
        ("pending", ["pending"]),
        # A row may have its own id under the name of the row: FeedList.
        ([{"Row": "uuid", "Status": "Queued"}], [{"Row": "uuid", "Status": "Queued"}]),
    ],
)
def test_a_list_in_any_shape(node: object, expected: list[object]) -> None:
    assert rows(node, "Row") == expected


def test_scalars_are_trimmed_texts() -> None:
    assert text({"A": {"B": "\n    x \n"}}, "A", "B") == "x"
    assert text({"A": 5}, "A") == "5"
    assert text({"A": True}, "A") == "true"
    assert text({"A": {"B": "x"}}, "A") == ""
    assert text("", "A", "B") == ""
    assert text({"A": "\ud800x"}, "A") == "\ufffdx"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("115,210.00", 115210.0),
        ("1,115,210", 1115210.0),
        ("24990", 24990.0),
        (7, 7.0),
        ("-3", -3.0),
        ("1,5", None),
        ("", None),
        ("abc", None),
        ("NaN", None),
        ("1e5", None),
        ({"File": "x"}, None),
    ],
)
def test_numbers_with_thousands_separators(value: object, expected: float | None) -> None:
    assert number(value) == expected


def test_a_fraction_is_no_whole_number() -> None:
    assert (whole("7.00"), whole("7.5"), whole("9" * 400)) == (7, None, None)


SANTIAGO = ZoneInfo("America/Santiago")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-24T12:00:00+0000", 1795521600.0),
        ("2026-11-24T09:00:00-0300", 1795521600.0),
        ("2026-11-24T09:00:00-03:00", 1795521600.0),
        ("2026-11-24T12:00:00.123Z", 1795521600.123),
        ("2026-11-24 09:00:00", 1795521600.0),
        (" 2026-11-24 09:00:00\n", 1795521600.0),
        # 2026-04-05: clocks go back from 24:00 to 23:00, so 23:30 happens twice; the earlier is still UTC-3.
        ("2026-04-04 23:30:00", 1775356200.0),
        ("", None),
        ("yesterday", None),
        ("0000-00-00 00:00:00", None),
    ],
)
def test_dates_without_offset_are_local_to_the_country(value: str, expected: float | None) -> None:
    assert instant(value, SANTIAGO) == expected


@pytest.mark.parametrize("zone", ["America/Santiago", "America/Lima", "America/Bogota"])
def test_a_local_date_is_read_back_all_year_but_for_the_hour_that_comes_twice(zone: str) -> None:
    """Every half hour of 2026 in both directions; Peru and Colombia change no clock."""
    local, start = ZoneInfo(zone), datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    wrong = []
    for n in range(365 * 48):
        at = start + n * 1800.0
        told = datetime.fromtimestamp(at, local).strftime("%Y-%m-%d %H:%M:%S")
        early, late = instant(told, local), instant(told, local, later=True)
        if not early == late == at:
            wrong.append((told, at - (early or 0), at - (late or 0)))
    twice = [
        ("2026-04-04 23:00:00", 0.0, -3600.0),
        ("2026-04-04 23:30:00", 0.0, -3600.0),
        ("2026-04-04 23:00:00", 3600.0, 0.0),
        ("2026-04-04 23:30:00", 3600.0, 0.0),
    ]
    assert wrong == (twice if zone == "America/Santiago" else [])


def test_an_hour_that_never_was_is_still_an_instant_in_its_place() -> None:
    """2026-09-06: clocks go from 24:00 to 01:00; nobody prints 00:30, but if so it lies between its
    neighbours."""
    before, after = instant("2026-09-05 23:59:59", SANTIAGO), instant("2026-09-06 01:30:00", SANTIAGO)
    assert before is not None and after is not None
    for later in (False, True):
        at = instant("2026-09-06 00:30:00", SANTIAGO, later=later)
        assert at is not None and before - 3600 < at <= after


def test_a_date_at_the_edge_of_the_calendar_is_no_surprise() -> None:
    assert instant("0001-01-01T00:00:00+14:00", UTC) is not None
    assert instant("9999-12-31T23:59:59-14:00", UTC) is not None


def _envelope(root: str, head: dict[str, Any], body: Any = "") -> bytes:
    return json.dumps({root: {"Head": head, "Body": body}}).encode()


def _error(
    code: object, kind: str = "Sender", message: str = "E000: no", body: Any = "", *, write: bool = False
) -> UpstreamError:
    head = {"ErrorType": kind, "ErrorCode": code, "ErrorMessage": message}
    with pytest.raises(UpstreamError) as caught:
        decode(_envelope("ErrorResponse", head, body), write=write)
    return caught.value


CALL, CREDENTIALS, PLATFORM = (1, 2, 5, 8), (3, 4, 7, 10), (6, 1000)
REFUSALS = (
    *(11, 30, *range(12, 30), 31, 32, 34, 35, 36, 37, 38, 39, 46, 47, 56, 63, 73, 74, 75, 89, 91),
    *(94, 95, 96, 97, 98, 99, 100, 121, 1001),
)
"""With the four above, 119 and 429 every code of falabella.md 1.6."""


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (CREDENTIALS, AuthRefused),
        ((9,), AccessDenied),
        (PLATFORM, Unavailable),
        ((429,), RateLimited),
        ((119,), CallFailed),
        (REFUSALS, Rejected),
    ],
)
def test_every_documented_code_has_its_error(
    codes: tuple[int, ...], expected: type[UpstreamError], write: bool
) -> None:
    assert {type(_error(str(code), write=write)) for code in codes} == {expected}


@pytest.mark.parametrize("code", CALL)
def test_a_read_refused_as_a_call_is_not_the_fault_of_what_was_asked_for(code: int) -> None:
    assert type(_error(str(code))) is AuthRefused
    assert type(_error(str(code), write=True)) is Rejected


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        ("21", "Platform", Unavailable),
        ("6", "Platform", Unavailable),
        ("E429", "Sender", RateLimited),
        (429, "Sender", RateLimited),
        ("E017", "Sender", Rejected),
        ("", "Sender", Rejected),
    ],
)
def test_an_error_code_becomes_the_right_error(
    code: object, kind: str, expected: type[UpstreamError]
) -> None:
    assert type(_error(code, kind)) is expected


def test_a_refusal_keeps_its_code_and_says_what_is_wrong() -> None:
    detail = {"ErrorDetail": {"Field": "Quantity", "Message": "is no number", "Value": "x", "SellerSku": "A"}}
    error = _error("17", message='E017: "abc" Invalid Date Format', body=detail)
    assert isinstance(error, Rejected)
    assert error.code == "E017"
    assert error.detail == 'falabella: E017: "abc" Invalid Date Format (Quantity: is no number)'


def test_the_code_may_only_be_in_the_text() -> None:
    error = error_of({"Head": {"ErrorMessage": "E016: bad"}})
    assert isinstance(error, Rejected)
    assert error.code == "E016"


def test_a_clock_error_points_at_the_clock_and_a_login_error_at_the_key() -> None:
    assert "clock" in _error("3").detail
    assert "API key" in _error("7").detail


def test_personal_data_in_an_error_text_is_masked() -> None:
    assert "ana@example.com" not in _error("16", message="E016: order of ana@example.com").detail


def test_an_error_in_xml_is_read_although_json_was_asked() -> None:
    xml = (
        b"<?xml version='1.0'?>\n<ErrorResponse><Head><ErrorType>Sender</ErrorType><ErrorCode> 16 "
        b"</ErrorCode>"
        b"<ErrorMessage>E016: x</ErrorMessage></Head><Body/></ErrorResponse>"
    )
    assert is_envelope(xml)
    with pytest.raises(Rejected):
        decode(xml)


def test_xml_and_json_read_the_same() -> None:
    xml = (
        b"<SuccessResponse><Head><TotalCount>\n 2\n</TotalCount></Head><Body><Orders>"
        b"<Order><OrderId>1</OrderId></Order><Order><OrderId>2</OrderId></Order></Orders></Body></SuccessResponse>"
    )
    success = decode(xml)
    answer = Answer(child(success, "Head"), child(success, "Body"))
    assert whole(answer.head, "TotalCount") == 2
    assert [text(o, "OrderId") for o in listed(answer, "Orders", "Order")] == ["1", "2"]


def test_a_body_that_holds_something_else_is_no_empty_list() -> None:
    assert listed(Answer("", ""), "Orders", "Order") == []
    assert listed(Answer("", {"Orders": ""}), "Orders", "Order") == []
    with pytest.raises(Unavailable):
        listed(Answer("", {"Pedidos": "x"}), "Orders", "Order")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><body>502</body></html>",
        b"[]",
        b'"x"',
        b"{}",
        b"\xff\xfe",
        b'{"SuccessResponse": ""}',
        b"[" * 9999,
    ],
)
def test_what_is_no_envelope_is_the_infrastructure_and_a_doubt_for_writes(content: bytes) -> None:
    assert not is_envelope(content) or b"SuccessResponse" in content
    with pytest.raises(Unavailable):
        decode(content)
    with pytest.raises(Ambiguous):
        decode(content, write=True)


def test_entities_in_xml_are_not_expanded() -> None:
    bomb = (
        b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]>'
        b"<SuccessResponse><Head/><Body>&b;</Body></SuccessResponse>"
    )
    with pytest.raises(Unavailable):
        decode(bomb)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.just("Row"), inner),
    max_leaves=20,
)


@given(node=JSON)
def test_reading_any_node_never_fails(node: Any) -> None:
    for found in rows(node, "Row"):
        assert text(found).encode() is not None
        number(found)
    assert isinstance(text(node, "Head", "X"), str)


@given(content=st.binary(max_size=200) | JSON.map(lambda node: json.dumps(node).encode()))
def test_any_answer_is_a_success_or_a_typed_error(content: bytes) -> None:
    for write in (False, True):
        with contextlib.suppress(UpstreamError):
            decode(content, write=write)


@given(head=JSON, body=JSON)
def test_any_error_response_is_a_typed_error(head: Any, body: Any) -> None:
    assert isinstance(error_of({"Head": head, "Body": body}), UpstreamError)


@given(
    items=st.lists(
        st.dictionaries(st.sampled_from(["Id", "X"]), st.text(min_size=1).filter(str.strip), min_size=2)
    )
)
def test_the_three_shapes_say_the_same(items: list[dict[str, str]]) -> None:
    expected = list(items)
    one: Any = {"Row": items[0]} if len(items) == 1 else {"Row": items}
    shapes: list[Any] = [{"Row": items}, one, [{"Row": item} for item in items]]
    if not items:
        shapes.append("")
    assert all(rows(shape, "Row") == expected for shape in shapes)
