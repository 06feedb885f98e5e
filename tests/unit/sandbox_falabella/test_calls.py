"""Who may call, and what errors look like (falabella.md 1)."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from orquestador.sandbox.falabella.signing import sign, string_to_sign
from tests.unit.sandbox_falabella.support import KEY, LONG_AGO, USER, Sandbox, wall_timestamp

OWN = {"Format": "JSON", "Timestamp": "2026-11-24T12:00:00+00:00", "UserID": USER}


def test_the_documentations_own_signature_is_reproduced() -> None:
    parameters = {
        "UserID": "look@me.com",
        "Version": "1.0",
        "Action": "FeedList",
        "Format": "XML",
        "Timestamp": "2015-07-01T11:11:11+00:00",
    }
    assert string_to_sign(parameters.items()) == (
        "Action=FeedList&Format=XML&Timestamp=2015-07-01T11%3A11%3A11%2B00%3A00&UserID=look%40me.com&Version=1.0"
    )
    signature = sign(parameters.items(), "b1bdb357ced10fe4e9a69840cdd4f0e9c03d77fe")
    assert signature == "3ceb8ed91049dfc718b0d2d176fb2ed0e5fd74f76c5971f34cdab48412476041"


@pytest.mark.parametrize(
    ("parameters", "signature"),
    [
        (
            {"Action": "UpdateStock", "Version": "1.0"},
            "4d162ffebc57b23a62b1cea00eab427a8e9e853b063be4a0b1b540a1109ac112",
        ),
        (
            {
                "Action": "GetOrders",
                "Limit": "100",
                "Offset": "0",
                "UpdatedAfter": "2026-11-24T11:45:00+00:00",
                "Version": "2.0",
            },
            "83229455524a9603ecea60706b232748f58af79b556ced4045285a7d199dfc36",
        ),
        (
            {"Action": "GetProducts", "SkuSellerList": '["CAFÉ 1KG (A)"]', "Version": "1.0"},
            "8c6c2ad25d5150392abac76bedb2c9e0392973c015800ff66e94b60d23fab1ca",
        ),
    ],
)
def test_the_fact_sheets_signatures_are_reproduced(parameters: dict[str, str], signature: str) -> None:
    assert sign({**OWN, **parameters}.items(), KEY) == signature


def test_names_are_sorted_by_bytes_upper_case_first() -> None:
    assert (
        string_to_sign({"b": "2", "Z": "é ", "a": "1", "B[0]": "~"}.items())
        == "B%5B0%5D=~&Z=%C3%A9%20&a=1&b=2"
    )


def test_the_signature_itself_is_not_signed() -> None:
    parameters = {**OWN, "Action": "FeedList", "Version": "1.0"}
    assert sign({**parameters, "Signature": "x"}.items(), KEY) == sign(parameters.items(), KEY)


def test_a_correctly_signed_call_is_answered(sandbox: Sandbox) -> None:
    assert sandbox.ok("GetProducts", Limit="1")["Head"]["RequestAction"] == "GetProducts"


@pytest.mark.parametrize(
    "wrong", [{"Signature": "0" * 64}, {"UserID": "other@example.com"}, {"Signature": "no hex, ñ"}]
)
def test_a_wrong_signature_or_user_is_E007(sandbox: Sandbox, wrong: dict[str, str]) -> None:
    assert sandbox.error("FeedList", **wrong) == "7"


def test_signing_with_plus_for_a_space_is_E007(sandbox: Sandbox) -> None:
    parameters = {
        "Action": "GetProducts",
        "Format": "JSON",
        "SkuSellerList": '["CAFÉ 1KG"]',
        "Timestamp": wall_timestamp(),
        "UserID": USER,
        "Version": "1.0",
    }
    import hashlib
    import hmac

    wrong = hmac.new(KEY.encode(), urlencode(sorted(parameters.items())).encode(), hashlib.sha256).hexdigest()
    assert sandbox.error(**{**_named(parameters), "Signature": wrong}) == "7"
    assert sandbox.ok(**_named(parameters))["Body"] == {"Products": ""}


def _named(parameters: dict[str, str]) -> dict[str, str]:
    names = {"Action": "action", "Version": "version"}
    return {names.get(name, name): value for name, value in parameters.items()}


def test_the_signature_check_can_be_turned_off(sandbox: Sandbox) -> None:
    sandbox.switch(signature_check=False)
    assert sandbox.ok("FeedList", Signature="anything")


@pytest.mark.parametrize("name", ["Action", "Timestamp", "UserID", "Version", "Signature"])
def test_each_mandatory_parameter_is_E001(sandbox: Sandbox, name: str) -> None:
    answer = sandbox.request({"Action": "FeedList", name: None if name != "Signature" else ""}).json()
    assert answer["ErrorResponse"]["Head"]["ErrorMessage"] == f"E001: Parameter {name} is mandatory"


def test_an_unknown_action_is_E008(sandbox: Sandbox) -> None:
    assert sandbox.error("GetFeedStatus") == "8"
    assert sandbox.error("getorders") == "8"


def test_only_order_reads_know_version_2(sandbox: Sandbox) -> None:
    assert sandbox.error("GetOrderItems", version="2.0", OrderId="1") == "2"
    assert sandbox.error("GetOrders", version="3.0", UpdatedAfter=LONG_AGO) == "2"
    assert sandbox.ok("GetOrders", version="2.0", UpdatedAfter=LONG_AGO)


def test_an_unknown_format_is_E005(sandbox: Sandbox) -> None:
    answer = sandbox.request({"Action": "FeedList", "Format": "YAML"}).text
    assert "<ErrorCode>5</ErrorCode>" in answer


@pytest.mark.parametrize("timestamp", ["yesterday", "2026-13-01T00:00:00+00:00", "2026-11-24T12:00:00 00:00"])
def test_a_malformed_timestamp_is_E004(sandbox: Sandbox, timestamp: str) -> None:
    assert sandbox.error("FeedList", Timestamp=timestamp) == "4"


def test_a_stale_or_future_timestamp_is_E003(sandbox: Sandbox) -> None:
    now = datetime.now(UTC)
    for off_s in (-1000, 10**8):
        assert sandbox.error("FeedList", Timestamp=(now + timedelta(seconds=off_s)).isoformat()) == "3"
    assert sandbox.ok("FeedList", Timestamp=(now - timedelta(seconds=800)).isoformat())
    assert sandbox.ok("FeedList", Timestamp=now.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_the_timestamp_may_follow_the_sandboxs_clock_or_the_real_one(sandbox: Sandbox) -> None:
    sandbox.advance(7200)
    sandbox_now = datetime.fromtimestamp(sandbox.state()["now"], UTC)
    assert sandbox.ok("FeedList", Timestamp=sandbox_now.isoformat(timespec="seconds"))
    assert sandbox.ok("FeedList", Timestamp=wall_timestamp())
    between = sandbox_now - timedelta(seconds=3000)
    assert sandbox.error("FeedList", Timestamp=between.isoformat()) == "3"


def test_the_timestamp_window_can_be_turned_off(sandbox: Sandbox) -> None:
    sandbox.switch(timestamp_window_s=0)
    assert sandbox.ok("FeedList", Timestamp=LONG_AGO)
    sandbox.switch(timestamp_window_s=None)
    assert sandbox.error("FeedList", Timestamp=LONG_AGO) == "3"


def test_the_user_agent_is_checked_on_request(sandbox: Sandbox) -> None:
    sandbox.switch(user_agent_check=True)
    assert sandbox.error("FeedList") == "9"
    good = sandbox.request({"Action": "FeedList"}, headers={"User-Agent": "SC12345/Python/3.12/PROPIA/FACL"})
    assert "SuccessResponse" in good.json()


def test_errors_have_the_documented_envelope_and_status_200(sandbox: Sandbox) -> None:
    response = sandbox.request({"Action": "GetOrders", "UpdatedAfter": "abc"})
    assert response.status_code == 200
    assert response.json() == {
        "ErrorResponse": {
            "Head": {
                "RequestAction": "GetOrders",
                "ErrorType": "Sender",
                "ErrorCode": "17",
                "ErrorMessage": 'E017: "abc" Invalid Date Format',
            },
            "Body": "",
        }
    }


def test_the_status_of_errors_can_be_switched(sandbox: Sandbox) -> None:
    sandbox.switch(error_status=400)
    assert sandbox.request({"Action": "Nonsense"}).status_code == 400
    assert sandbox.request({"Action": "FeedList"}).status_code == 200


def test_error_rate_answers_a_platform_error_before_any_work(sandbox: Sandbox) -> None:
    sandbox.switch(error_rate=1)
    answer = sandbox.request({"Action": "UpdateStock"}, "<Request/>").json()["ErrorResponse"]["Head"]
    assert (answer["ErrorCode"], answer["ErrorType"]) == ("6", "Platform")
    assert sandbox.state()["feeds"] == []


def test_infra_html_hits_the_next_calls_only(sandbox: Sandbox) -> None:
    sandbox.switch(infra_html=1)
    bad = sandbox.request({"Action": "FeedList"})
    assert (bad.status_code, bad.headers["content-type"].split(";")[0]) == (502, "text/html")
    assert sandbox.ok("FeedList")


def test_slow_answers_take_their_time(sandbox: Sandbox) -> None:
    sandbox.switch(slow_s=0.2)
    assert sandbox.request({"Action": "FeedList"}).elapsed.total_seconds() >= 0.2
