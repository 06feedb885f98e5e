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


def test_a_host_that_begins_like_ours_is_not_ours() -> None:
    config = replace(REAL, own_url="https://shop.example")
    assert config.is_own("https://shop.example/falabella/webhook/order/S")
    assert not config.is_own("https://shop.example.org/hook")
    assert not REAL.is_own("https://shop.example/hook")
