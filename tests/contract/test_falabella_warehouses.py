"""An account with several warehouses at Falabella: one is written, read and looked up (falabella.md 3)."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from orquestador.channels.falabella import FalabellaChannel, FalabellaConfig
from orquestador.model.errors import Ambiguous, InvalidSetting
from orquestador.model.stock import RecordOutcome
from orquestador.sandbox.falabella.server import SandboxServer
from tests.contract.channel_contract import MINUTE_S
from tests.contract.falabella_market import A, B, Sandbox, account, connected, running

SECOND, OWN = {"facility_id": "GSC-SC0002"}, {"seller_warehouse_id": "BODEGA-2"}


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with running() as server:
        yield server


@pytest.fixture
def market(server: SandboxServer) -> Iterator[Sandbox]:
    with contextlib.closing(Sandbox(server.url)) as sandbox:
        sandbox.switch(second_warehouse=True)
        yield sandbox


@pytest.fixture
def named(request: pytest.FixtureRequest) -> dict[str, str]:
    found: dict[str, str] = getattr(request, "param", SECOND)
    return found


@pytest.fixture
async def channel(market: Sandbox, named: dict[str, str]) -> AsyncIterator[FalabellaChannel]:
    config = replace(
        account(market.url),
        own_doors=("https://shop.example/hook",),
        facility_id=named.get("facility_id", ""),
        seller_warehouse_id=named.get("seller_warehouse_id", ""),
    )
    async for channel in connected(config, market.clock):
        await channel.register("https://shop.example/hook/SECRET")
        yield channel


async def everything(channel: FalabellaChannel) -> dict[str, int]:
    return {sku: units async for page in channel.live_pages() for sku, units in page.items()}


@pytest.mark.parametrize("named", [SECOND, OWN], indirect=True, ids=["facility", "own code"])
async def test_the_named_one_is_written_and_read_alone(channel: FalabellaChannel, market: Sandbox) -> None:
    assert await channel.live([A, B]) == {A: 0, B: 0}
    feed = await channel.push({A: 7})
    market.advance(MINUTE_S)
    report = await channel.report(feed, [A])
    assert report.outcomes[A][0] is RecordOutcome.ACCEPTED
    assert await channel.live([A, B]) == {A: 7, B: 0}
    assert (await everything(channel))[A] == 7
    # The catalogue's number is the sum, so nothing is said of ours.
    assert market.shown(A) == 1000
    assert {row.quantity async for page in channel.catalogue() for row in page} == {None}


async def test_a_push_that_was_cut_off_is_found_by_its_warehouse_too(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    since = market.clock.now()
    async for other in connected(account(market.url), market.clock):
        elsewhere = await other.push({A: 7})
        market.do_but_never_answer()
        with pytest.raises(Ambiguous):
            await channel.push({A: 7})
        market.advance(MINUTE_S)
        found = await channel.find_job({A: 7}, since, frozenset())
        assert found not in (None, elsewhere)
        assert await other.find_job({A: 7}, since, frozenset()) == elsewhere


@pytest.mark.parametrize("named", [{}], indirect=True)
async def test_without_a_name_the_default_one_is_written_and_doctor_asks_for_one(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    await channel.push({A: 7})
    market.advance(MINUTE_S)
    assert market.shown(A) == 7
    [finding] = await channel.check()
    assert (finding.code, finding.level, finding.stops) == (
        "falabella.warehouses_several",
        "warning",
        None,
    )
    assert finding.facts["known"] == "GSC-SC0001, GSC-SC0002 (BODEGA-2)"
    market.switch(second_warehouse=False)
    assert [finding.code for finding in await channel.check()] == ["falabella.ok"]


@pytest.mark.parametrize(
    "named",
    [
        {"facility_id": "GSC-SC0009"},
        {"facility_id": "FBF-1"},
        {"facility_id": "BODEGA-2"},
        {"seller_warehouse_id": "X"},
    ],
    indirect=True,
    ids=str,
)
async def test_one_that_does_not_sell_stops_the_channel(channel: FalabellaChannel) -> None:
    [finding] = await channel.check()
    assert (finding.code, finding.level, finding.stops) == (
        "falabella.warehouse_unknown",
        "error",
        "falabella",
    )


async def test_a_warehouse_that_comes_back_lets_the_channel_go_on(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    assert [finding.code for finding in await channel.check()] == ["falabella.ok"]
    market.switch(second_warehouse=False)
    assert [finding.code for finding in await channel.check()] == ["falabella.ok"]
    market.advance(600)
    assert [finding.code for finding in await channel.check()] == ["falabella.warehouse_unknown"]
    feed = await channel.push({A: 7})
    market.advance(MINUTE_S)
    # A warehouse that is not there says nothing about the SKU.
    assert (await channel.report(feed, [A])).outcomes[A][0] is RecordOutcome.REFUSED
    market.switch(second_warehouse=True)
    assert [finding.code for finding in await channel.check()] == ["falabella.ok"]


@pytest.mark.parametrize(
    "wrong",
    [{**SECOND, **OWN}, {"facility_id": "GSC SC"}, {"seller_warehouse_id": "b" * 51}],
)
def test_a_name_that_cannot_be_one_is_refused_at_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidSetting, match="warehouse"):
        FalabellaConfig(
            facility_id=wrong.get("facility_id", ""),
            seller_warehouse_id=wrong.get("seller_warehouse_id", ""),
        )
