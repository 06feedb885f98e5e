"""What is configured, what is missing, and what must never be sent."""

from dataclasses import replace

import pytest

from orquestador.channels.falabella import FalabellaConfig
from orquestador.model.errors import InvalidSetting

REAL = FalabellaConfig(user_id="ops@example.com", api_key="test-api-key-0000")


def test_api_access_needs_address_user_and_key() -> None:
    assert REAL.has_api
    assert FalabellaConfig(user_id="ops@example.com").missing == ("api_key",)
    assert not FalabellaConfig().has_api


@pytest.mark.parametrize(
    "value", ["your_api_key", "YOUR-KEY", "changeme", "change-me", "<key>", "xxxx", "tu_clave"]
)
def test_a_placeholder_is_no_key(value: str) -> None:
    config = FalabellaConfig(user_id="ops@example.com", api_key=value)
    assert config.placeholders == ("api_key",)
    assert not config.has_api


def test_the_sample_host_is_not_the_api() -> None:
    config = replace(REAL, api_url="https://api.falabella.com/")
    assert config.wrong_host
    assert not config.has_api


def test_a_setting_that_cannot_be_used_says_so() -> None:
    with pytest.raises(InvalidSetting, match="FALABELLA_BUSINESS_UNIT"):
        FalabellaConfig(business_unit="FAMX")
    with pytest.raises(InvalidSetting, match="FALABELLA_API_URL"):
        FalabellaConfig(api_url="sellercenter-api.falabella.com")


def test_the_key_never_shows() -> None:
    assert "test-api-key" not in repr(REAL)
    assert FalabellaConfig(api_url="https://me:secret@example.com:8443/x").host == "example.com:8443"


@pytest.mark.parametrize(
    ("unit", "zone", "operator"),
    [
        ("FACL", "America/Santiago", "facl"),
        ("FAPE", "America/Lima", "fape"),
        ("FACO", "America/Bogota", "faco"),
    ],
)
def test_a_country_has_its_time_and_its_operator_code(unit: str, zone: str, operator: str) -> None:
    config = FalabellaConfig(business_unit=unit)
    assert (config.zone.key, config.operator_code) == (zone, operator)


DOOR = "https://shop.example/falabella/webhook/order"


@pytest.mark.parametrize("rest", ["", "/S", "/an-earlier-secret", "?token=S"])
def test_a_callback_to_one_of_our_doors_is_ours(rest: str) -> None:
    config = replace(REAL, own_doors=(DOOR, "https://shop.example/webhooks/falabella-pe"))
    assert config.is_own(f"{DOOR}{rest}")
    assert config.is_own(f"https://shop.example/webhooks/falabella-pe{rest}")


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.org/falabella/webhook/order/S",
        # Another program of the same shop, behind the same name.
        "https://shop.example/other-program/hook",
        "https://shop.example/falabella/webhook/orders/S",
        "https://shop.example/",
    ],
)
def test_a_callback_that_begins_like_ours_is_not_ours(url: str) -> None:
    assert not replace(REAL, own_doors=(DOOR,)).is_own(url)
    assert not REAL.is_own(url)


def test_the_secret_of_the_callback_never_shows() -> None:
    assert "s3cret" not in repr(replace(REAL, callback=f"{DOOR}/s3cret"))
