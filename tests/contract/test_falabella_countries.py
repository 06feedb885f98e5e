"""An account of each country: its local time, its operator code, its currency."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from orquestador.channels.falabella import FalabellaChannel
from orquestador.model.errors import AuthRefused
from tests.contract.falabella_market import A, Sandbox, account, connected, running

UNITS = ("FACL", "FAPE", "FACO")
CURRENCIES = {"FACL": "CLP", "FAPE": "PEN", "FACO": "COP"}


@pytest.fixture(scope="module", params=UNITS)
def country(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """(business unit, address)."""
    with running(business_unit=request.param, user="someone@example.com", key="another-key-0000") as server:
        yield request.param, server.url


@pytest.fixture
def market(country: tuple[str, str]) -> Iterator[Sandbox]:
    with contextlib.closing(Sandbox(country[1])) as sandbox:
        yield sandbox


@pytest.fixture
async def channel(country: tuple[str, str], market: Sandbox) -> AsyncIterator[FalabellaChannel]:
    unit, url = country
    who: dict[str, Any] = {"user_id": "someone@example.com", "api_key": "another-key-0000"}
    async for channel in connected(replace(account(url), business_unit=unit, **who), market.clock):
        yield channel


async def test_the_instants_and_the_currency_of_an_order_are_the_country_s(
    channel: FalabellaChannel, market: Sandbox, country: tuple[str, str]
) -> None:
    now = market.clock.now()
    order_id = market.order((A, 2))
    [order] = await channel.read_orders([order_id])
    assert order.created_at == pytest.approx(now, abs=5)
    sold = await channel.read_sales([order_id], customers=True)
    assert sold[order_id].currency == CURRENCIES[country[0]]


async def test_the_catalogue_shows_the_unit_of_the_country(channel: FalabellaChannel) -> None:
    rows = {row.ref: row async for page in channel.catalogue() for row in page}
    assert rows[A].quantity == 1000


async def test_one_account_s_key_opens_no_other(country: tuple[str, str], market: Sandbox) -> None:
    async for stranger in connected(account(country[1]), market.clock):
        with pytest.raises(AuthRefused):
            await stranger.read_orders(["1"])
