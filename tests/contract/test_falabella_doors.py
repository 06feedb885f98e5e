"""Whether a Falabella account is usable, and the webhooks registered in it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from orquestador.channels.falabella import FalabellaChannel, FalabellaConfig
from orquestador.clock import ManualClock
from orquestador.http_base import CallRecord
from orquestador.model.errors import Rejected, Unavailable
from orquestador.ports import Finding
from orquestador.sandbox.falabella.server import SandboxServer
from tests.contract.channel_contract import HOUR_S
from tests.contract.falabella_market import A, Sandbox, account, connected, running

Records = list[CallRecord]


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with running() as server:
        yield server


@pytest.fixture
def market(server: SandboxServer) -> Iterator[Sandbox]:
    with contextlib.closing(Sandbox(server.url)) as sandbox:
        yield sandbox


@pytest.fixture
def config(market: Sandbox) -> FalabellaConfig:
    return account(market.url)


@pytest.fixture
def records() -> Records:
    return []


@pytest.fixture
async def channel(
    config: FalabellaConfig, market: Sandbox, records: Records
) -> AsyncIterator[FalabellaChannel]:
    async for channel in connected(config, market.clock, records.append):
        yield channel


@pytest.fixture
async def intruder(config: FalabellaConfig, market: Sandbox) -> AsyncIterator[FalabellaChannel]:
    async for channel in connected(replace(config, api_key="another-key-0000"), market.clock):
        yield channel


async def _codes(channel: FalabellaChannel) -> list[tuple[str, str]]:
    return [(finding.code, finding.level) for finding in await channel.check()]


async def test_an_account_in_order(channel: FalabellaChannel) -> None:
    assert await _codes(channel) == [("falabella.webhook_missing", "warning")]
    await channel.register("https://shop.example/falabella/webhook/order/SECRET")
    [finding] = await channel.check()
    assert (finding.code, finding.level, finding.stops) == ("falabella.ok", "ok", None)
    assert "SECRET" not in repr(finding)


@pytest.mark.parametrize(
    ("off_s", "code", "level"),
    [
        (-HOUR_S, "falabella.clock", "error"),
        (HOUR_S, "falabella.clock", "error"),
        (-300.0, "falabella.clock", "warning"),
    ],
)
async def test_a_wrong_clock_is_found(
    config: FalabellaConfig, market: Sandbox, off_s: float, code: str, level: str
) -> None:
    market.advance(10 * HOUR_S)  # the sandbox also takes the real time, so ours must be near neither
    channel = FalabellaChannel(config, ManualClock(market.clock.now() + off_s))
    found = await channel.check()
    await channel.close()
    assert (code, level) in [(finding.code, finding.level) for finding in found]
    if level == "warning":
        assert found[0].facts["ahead_s"] == pytest.approx(off_s, abs=5)
    else:
        assert found[0].stops == "falabella"


async def test_wrong_credentials_are_found(intruder: FalabellaChannel) -> None:
    [finding] = await intruder.check()
    assert (finding.code, finding.level, finding.stops) == ("falabella.credentials", "error", "falabella")


async def test_an_internal_error_makes_an_account_unreachable(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    market.switch(error_rate=1)
    assert await _codes(channel) == [("falabella.unreachable", "error")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"api_url": "https://api.falabella.com"}, "falabella.wrong_host"),
        ({"api_key": "your_api_key"}, "falabella.placeholder"),
        ({"user_id": ""}, "falabella.not_configured"),
    ],
)
async def test_an_account_that_is_not_set_up_is_never_called(
    config: FalabellaConfig, market: Sandbox, records: Records, changes: dict[str, Any], code: str
) -> None:
    channel = FalabellaChannel(replace(config, **changes), market.clock, records.append)
    found: list[Finding] = await channel.check()
    assert [finding.code for finding in found] == [code]
    assert not channel.has_api
    for call in (channel.read_orders(["1"]), channel.push({A: 1}), channel.registrations()):
        with pytest.raises(Unavailable):
            await call
    body = b'{"orderId": "1", "status": "cancelled", "timestamp": "2026-11-24"}'
    assert channel.read_notice(body, stock=False).body_backed
    await channel.close()
    assert records == []


async def test_a_webhook_of_somebody_else_is_never_removed(
    channel: FalabellaChannel, config: FalabellaConfig, market: Sandbox
) -> None:
    other = FalabellaChannel(config, market.clock)
    theirs = await other.register("https://other.example/hook")
    with pytest.raises(Rejected, match="somebody else"):
        await channel.unregister(theirs.id)
    assert theirs in await channel.registrations()
    # After a restart ours are known by their doors.
    doors = ("https://other.example/hook",)
    restarted = FalabellaChannel(replace(config, own_doors=doors), market.clock)
    await restarted.unregister(theirs.id)
    assert await channel.registrations() == []
    await other.close()
    await restarted.close()


async def test_a_registration_without_order_events_is_replaced(
    channel: FalabellaChannel, market: Sandbox, server: SandboxServer
) -> None:
    url = "https://shop.example/hook"
    world = server.config.app.state.world  # type: ignore[union-attr]
    world.webhooks.register(url, ("onFeedCompleted",), "web")
    world.webhooks.register(url, ("onFeedCompleted",), "web")
    mine = await channel.register(url)
    assert await channel.registrations() == [mine]


async def test_a_new_secret_replaces_our_entry_and_nobody_elses(
    config: FalabellaConfig, market: Sandbox
) -> None:
    door = "https://shop.example/falabella/webhook/order"
    channel = FalabellaChannel(replace(config, own_doors=(door,)), market.clock)
    other = FalabellaChannel(config, market.clock)
    theirs = [
        await other.register("https://shop.example/other-program/hook"),
        await other.register("https://integrator.example/hook"),
    ]
    await channel.register(f"{door}/an-earlier-secret")
    mine = await channel.register(f"{door}/a-new-secret")
    entries = await channel.registrations()
    assert [entry.id for entry in entries if entry.ours] == [mine.id]
    assert {entry.id for entry in entries} == {mine.id, *(entry.id for entry in theirs)}
    await channel.close()
    await other.close()


async def test_the_earlier_entry_stays_while_the_new_one_is_refused(
    config: FalabellaConfig, market: Sandbox
) -> None:
    door = "https://shop.example/falabella/webhook/order"
    channel = FalabellaChannel(replace(config, own_doors=(door, "ftp://shop.example")), market.clock)
    earlier = await channel.register(f"{door}/an-earlier-secret")
    with pytest.raises(Rejected):
        await channel.register("ftp://shop.example/a-new-secret")
    assert [entry.id for entry in await channel.registrations()] == [earlier.id]
    await channel.close()


async def test_an_entry_with_an_earlier_secret_does_not_reach_us(
    config: FalabellaConfig, market: Sandbox
) -> None:
    door = "https://shop.example/falabella/webhook/order"
    own = replace(config, own_doors=(door,), callback=f"{door}/a-new-secret")
    channel = FalabellaChannel(own, market.clock)
    await channel.register(f"{door}/an-earlier-secret")
    assert await _codes(channel) == [("falabella.webhook_missing", "warning")]
    await channel.register(own.callback)
    assert await _codes(channel) == [("falabella.ok", "ok")]
    await channel.close()
