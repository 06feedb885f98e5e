"""The printed signature vectors of falabella.md 1.3, and who we say we are."""

import re

import pytest

from orquestador.channels.falabella.sign import signature, signed_query, string_to_sign, timestamp, user_agent

DOC_KEY = "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe"
OWN_KEY = "test-api-key-0000"
COMMON = {"Format": "JSON", "Timestamp": "2026-11-24T12:00:00+00:00", "UserID": "ops@example.com"}

VECTORS = [
    (
        DOC_KEY,
        {
            "Action": "FeedList",
            "Format": "XML",
            "Timestamp": "2015-07-01T11:11:11+00:00",
            "UserID": "look@me.com",
            "Version": "1.0",
        },
        "Action=FeedList&Format=XML&Timestamp=2015-07-01T11%3A11%3A11%2B00%3A00&UserID=look%40me.com&Version=1.0",
        "3ceb8ed91049dfc718b0d2d176fb2ed0e5fd74f76c5971f34cdab48412476041",
    ),
    (
        OWN_KEY,
        {**COMMON, "Action": "UpdateStock", "Version": "1.0"},
        "Action=UpdateStock&Format=JSON&Timestamp=2026-11-24T12%3A00%3A00%2B00%3A00"
        "&UserID=ops%40example.com&Version=1.0",
        "4d162ffebc57b23a62b1cea00eab427a8e9e853b063be4a0b1b540a1109ac112",
    ),
    (
        OWN_KEY,
        {
            **COMMON,
            "Action": "GetOrders",
            "Version": "2.0",
            "Limit": "100",
            "Offset": "0",
            "UpdatedAfter": "2026-11-24T11:45:00+00:00",
        },
        "Action=GetOrders&Format=JSON&Limit=100&Offset=0&Timestamp=2026-11-24T12%3A00%3A00%2B00%3A00"
        "&UpdatedAfter=2026-11-24T11%3A45%3A00%2B00%3A00&UserID=ops%40example.com&Version=2.0",
        "83229455524a9603ecea60706b232748f58af79b556ced4045285a7d199dfc36",
    ),
    (
        OWN_KEY,
        {**COMMON, "Action": "GetProducts", "Version": "1.0", "SkuSellerList": '["CAFÉ 1KG (A)"]'},
        "Action=GetProducts&Format=JSON&SkuSellerList=%5B%22CAF%C3%89%201KG%20%28A%29%22%5D"
        "&Timestamp=2026-11-24T12%3A00%3A00%2B00%3A00&UserID=ops%40example.com&Version=1.0",
        "8c6c2ad25d5150392abac76bedb2c9e0392973c015800ff66e94b60d23fab1ca",
    ),
]
PLUS_FOR_SPACE = "07864a3f5564f462d955d06ea077e68aaf5f6514136cdc0635b83a61fc4bd7c7"


@pytest.mark.parametrize(("key", "parameters", "message", "expected"), VECTORS)
def test_a_printed_vector_is_reproduced(
    key: str, parameters: dict[str, str], message: str, expected: str
) -> None:
    assert string_to_sign(parameters) == message
    assert signature(parameters, key) == expected
    assert signature({**parameters, "Signature": "old"}, key) == expected


def test_a_space_is_never_a_plus() -> None:
    _, parameters, _, right = VECTORS[-1]
    assert signature(parameters, OWN_KEY) == right != PLUS_FOR_SPACE
    assert "+" not in string_to_sign(parameters)


def test_names_are_encoded_and_sorted_by_byte_and_empty_values_stay() -> None:
    assert string_to_sign({"b": "", "B": "!'()*~", "SellerSku[0]": "x"}) == (
        "B=%21%27%28%29%2A~&SellerSku%5B0%5D=x&b="
    )


def test_what_is_sent_is_what_was_signed() -> None:
    _, parameters, message, expected = VECTORS[1]
    assert signed_query(parameters, OWN_KEY) == f"{message}&Signature={expected}"


def test_the_timestamp_is_utc_in_whole_seconds() -> None:
    assert timestamp(1795521600.999) == "2026-11-24T12:00:00+00:00"


def test_the_user_agent_has_five_parts() -> None:
    assert re.fullmatch(r"SC12345/Python/3\.\d+\.\d+\S*/PROPIA/FACL", user_agent("SC12345", "FACL"))
    assert user_agent("", "FAPE").count("/") == 4
