"""The Falabella adapter against the sandbox of Seller Center, over every shape and fault that was seen."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from orquestador.channels.falabella import FalabellaChannel, FalabellaConfig
from orquestador.http_base import CallRecord
from orquestador.model.errors import Ambiguous, AuthRefused, RateLimited, Unavailable
from orquestador.model.logs import LogStatus
from orquestador.model.orders import LineState
from orquestador.model.stock import RecordOutcome
from orquestador.ports import Channel
from orquestador.sandbox.falabella.server import SandboxServer
from tests.contract.channel_contract import HOUR_S, MINUTE_S, ChannelContract, Market
from tests.contract.falabella_market import KEY, A, B, C, Sandbox, account, connected, running

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


class TestFalabella(ChannelContract):
    """The contract in every shape that Seller Center was seen in."""

    @pytest.fixture(
        autouse=True,
        params=[
            {"list_shape": "object-if-one"},
            {"list_shape": "array", "error_status": 400, "user_agent_check": True},
            {
                "list_shape": "wrapper-array",
                "error_status": 500,
                "alt_spelling": True,
                "empty_seller_sku": True,
            },
        ],
        ids=["object-if-one", "array-400", "wrapper-array-500"],
    )
    def _shape(self, market: Sandbox, request: pytest.FixtureRequest) -> None:
        market.switch(**request.param)


def test_the_adapter_is_a_channel(channel: FalabellaChannel, market: Sandbox) -> None:
    port: Channel = channel
    other_side: Market = market
    assert (port.id, port.kind, port.has_api, port.max_batch) == ("falabella", "falabella", True, 500)
    assert other_side.known == (A, B)


# --- orders ---


@pytest.mark.parametrize("list_shape", ["object-if-one", "array", "wrapper-array"])
async def test_a_list_that_drifts_while_it_is_read_loses_no_order(
    channel: FalabellaChannel, market: Sandbox, list_shape: str
) -> None:
    market.switch(list_shape=list_shape, paging_drift=True)
    placed = {market.order((A, 1), createdAgo_s=600 - n) for n in range(150)}
    since = market.clock.now() - HOUR_S
    heads = [head async for page in channel.orders_updated(since) for head in page]
    assert {head.order_id for head in heads} == placed


async def test_dates_of_bodies_are_instants(channel: FalabellaChannel, market: Sandbox) -> None:
    order_id = market.order((A, 1))
    created = int(market.state()["orders"][0]["createdAt"])
    [order] = await channel.read_orders([order_id])
    [[head]] = [page async for page in channel.orders_updated(created - HOUR_S)]
    assert order.created_at == head.created_at == created
    assert order.number == head.number == str(market.state()["orders"][0]["orderNumber"])


async def test_only_pending_units_are_reserved_by_the_channel(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    order_id = market.order((A, 2))
    [order] = await channel.read_orders([order_id])
    assert all(line.reserved for line in order.lines)
    market.move(order_id, LineState.COMMITTED)
    [order] = await channel.read_orders([order_id])
    assert not any(line.reserved for line in order.lines)


async def test_an_order_whose_items_are_late_has_no_lines_yet(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    market.switch(items_delay_s=30)
    order_id = market.order((A, 1))
    [order] = await channel.read_orders([order_id])
    assert order.lines == ()
    market.advance(31)
    [order] = await channel.read_orders([order_id])
    assert len(order.lines) == 1


async def test_120_orders_are_three_calls(channel: FalabellaChannel, market: Sandbox) -> None:
    ids = [market.order((A, 1)) for _ in range(120)]
    assert [order.order_id for order in await channel.read_orders(ids)] == ids
    assert market.calls("GetMultipleOrderItems") == 3


# --- stock ---


async def _ended(
    channel: FalabellaChannel, market: Sandbox, quantities: dict[str, int]
) -> dict[str, RecordOutcome]:
    feed = await channel.push(quantities)
    market.advance(MINUTE_S)
    report = await channel.report(feed, list(quantities))
    assert report.finished
    return {ref: outcome for ref, (outcome, _) in report.outcomes.items()}


@pytest.mark.parametrize("empty_seller_sku", [False, True])
async def test_a_refused_sku_is_named_and_the_others_are_confirmed(
    channel: FalabellaChannel, market: Sandbox, empty_seller_sku: bool
) -> None:
    market.switch(reject_skus=[B], empty_seller_sku=empty_seller_sku)
    assert await _ended(channel, market, {A: 1, B: 2, C: 3}) == {
        A: RecordOutcome.ACCEPTED,
        B: RecordOutcome.REFUSED,
        C: RecordOutcome.ACCEPTED,
    }
    assert (market.shown(A), market.shown(B)) == (1, 1000)


async def test_failures_without_errors_leave_all_open(channel: FalabellaChannel, market: Sandbox) -> None:
    market.switch(reject_skus=[B], hidden_errors=True)
    assert set((await _ended(channel, market, {A: 1, B: 2})).values()) == {RecordOutcome.UNKNOWN}


async def test_a_feed_in_error_leaves_all_open(channel: FalabellaChannel, market: Sandbox) -> None:
    market.switch(feed_error=True)
    assert set((await _ended(channel, market, {A: 1, B: 2})).values()) == {RecordOutcome.UNKNOWN}


async def test_a_cancelled_feed_leaves_all_open(channel: FalabellaChannel, market: Sandbox) -> None:
    market.switch(feed_delay_s=300)
    feed = await channel.push({A: 1})
    await channel.cancel_job(feed)
    market.advance(2)
    report = await channel.report(feed, [A])
    assert report.outcomes[A][0] is RecordOutcome.UNKNOWN
    await channel.cancel_job(feed)
    await channel.cancel_job("00000000-0000-4000-8000-000000000000")


async def test_an_unknown_young_feed_is_waited_for_an_old_one_given_up(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    market.switch(e012_s=HOUR_S)
    feed = await channel.push({A: 1})
    assert not (await channel.report(feed, [A])).finished
    market.advance(60)
    assert not (await channel.report(feed, [A])).finished
    market.advance(61)
    report = await channel.report(feed, [A])
    assert report.finished and report.outcomes[A][0] is RecordOutcome.UNKNOWN


async def test_a_sku_with_every_kind_of_letter_is_written_and_found_again(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    sku = "CAFÉ <1KG> & \"A\" 'B' (x)"
    since = market.clock.now()
    feed = await channel.push({sku: 5})
    assert await channel.find_job({sku: 5}, since, frozenset()) == feed
    market.advance(MINUTE_S)
    report = await channel.report(feed, [sku])
    assert report.outcomes[sku][0] is RecordOutcome.NOT_FOUND


async def test_the_catalogue_is_read_in_pages(channel: FalabellaChannel, market: Sandbox) -> None:
    rows = [row async for page in channel.catalogue() for row in page]
    assert len(rows) == 61
    assert market.calls("GetProducts") == 3  # the end is a page that tells nothing new


# --- trouble ---


async def test_every_call_is_signed_afresh(channel: FalabellaChannel, market: Sandbox) -> None:
    order_id = market.order((A, 1))
    for _ in range(3):
        assert len(await channel.read_orders([order_id])) == 1
        market.advance(HOUR_S)


async def test_an_error_about_one_order_is_no_outage_whatever_its_status(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    market.switch(error_status=500)
    assert await channel.read_orders(["999"]) == []
    assert channel.circuit.probe_at is None


async def test_an_internal_error_is_an_outage_whatever_its_status(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    market.switch(error_rate=1)
    with pytest.raises(Unavailable, match="E006"):
        await channel.read_orders(["1"])


async def test_a_write_that_timed_out_is_a_doubt_and_happened(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    market.do_but_never_answer()
    with pytest.raises(Ambiguous):
        await channel.push({A: 7})
    market.advance(MINUTE_S)
    assert market.shown(A) == 7


async def test_the_budget_of_the_other_side_is_an_answer_not_an_outage(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    for _ in range(50):
        await channel.push({A: 7})
    with pytest.raises(RateLimited):
        await channel.push({A: 7})
    market.advance(121)
    await channel.push({A: 7})


async def test_nobody_listens_and_the_error_holds_no_secret(config: FalabellaConfig, market: Sandbox) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    listener.close()
    channel = FalabellaChannel(replace(config, api_url=f"http://127.0.0.1:{port}"), market.clock)
    with pytest.raises(Unavailable) as caught:
        await channel.push({A: 7})
    assert "Signature" not in str(caught.value) and "ops@example.com" not in str(caught.value)
    assert [finding.code for finding in await channel.check()] == ["falabella.unreachable"]
    await channel.close()


# --- the log of calls ---


async def test_calls_are_logged_without_key_signature_or_person(
    channel: FalabellaChannel, market: Sandbox, records: Records
) -> None:
    order_id = market.order((A, 1))
    await channel.read_orders([order_id])
    await channel.push({A: 7})
    assert [page async for page in channel.orders_updated(market.clock.now() - HOUR_S)]
    assert [(r.service, r.action, r.status) for r in records] == [
        ("falabella", "GetMultipleOrderItems", LogStatus.SUCCESS),
        ("falabella", "UpdateStock", LogStatus.SUCCESS),
        ("falabella", "GetOrders", LogStatus.SUCCESS),
    ]
    assert (records[0].order_ids, records[1].skus) == ((order_id,), (A,))
    assert "<Quantity>7</Quantity>" in str(records[1].request)
    text = repr(records)
    for secret in (KEY, "Signature", "ops@example.com", "De Prueba"):
        assert secret not in text


async def test_a_refusal_is_logged_as_one(
    channel: FalabellaChannel, market: Sandbox, records: Records
) -> None:
    market.switch(error_status=200)
    await channel.read_orders(["999"])
    assert [(r.action, r.status) for r in records] == [("GetMultipleOrderItems", LogStatus.ERROR)]


# --- live numbers ---


@pytest.mark.parametrize("shape", ["object-if-one", "array", "wrapper-array"])
async def test_live_numbers_are_read_in_every_list_shape(
    channel: FalabellaChannel, market: Sandbox, shape: str
) -> None:
    market.switch(list_shape=shape, indented_text=True)
    assert await channel.live([A]) == {A: 1000}
    assert await channel.live([A, B]) == {A: 1000, B: 1000}
    assert sum([len(page) async for page in channel.live_pages()]) == 61


async def test_a_list_that_is_refused_for_one_sku_is_read_without_it(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    market.switch(refuse_unknown=True)
    skus = [f"SKU-{n:05d}" for n in range(1, 15)]
    found = await channel.live([*skus, market.unknown, "ANOTHER"])
    assert found == dict.fromkeys(skus, 1000)
    assert await channel.live([market.unknown]) == {}


async def test_a_read_that_is_refused_whatever_it_asks_is_a_failure_of_its_own(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    market.switch(stock_error=1001)
    with pytest.raises(Unavailable):
        await channel.live([f"SKU-{n:05d}" for n in range(1, 61)])
    for code, error in ((429, RateLimited), (9, AuthRefused)):
        market.switch(stock_error=code)
        with pytest.raises(error):
            await channel.live([A])


async def test_reads_of_numbers_that_fail_stop_neither_orders_nor_pushes(
    channel: FalabellaChannel, market: Sandbox
) -> None:
    market.switch(stock_error=6)
    for _ in range(20):
        with pytest.raises(Unavailable):
            await channel.live([A])
    order = market.order((A, 1))
    assert len(await channel.read_orders([order])) == 1
    assert await channel.push({A: 7})


async def test_long_lists_go_in_addresses_that_servers_take(
    channel: FalabellaChannel, market: Sandbox, records: Records
) -> None:
    await channel.live([f"{'Ñandú 1/2 kg ' * 6}{n}" for n in range(60)])
    assert len(records) > 1
    assert all(len(str(record.request)) < 8_000 for record in records)


async def test_falabellas_own_warehouses_do_not_count(channel: FalabellaChannel, market: Sandbox) -> None:
    """PROD-001 has units there too."""
    assert market.state()["fbf"][A] == 100
    assert (await channel.live([A]))[A] == 1000


@pytest.mark.parametrize(("means", "read"), [("net", 998), ("gross", 1000)])
async def test_whether_reserved_units_are_in_the_number_is_the_accounts_own(
    channel: FalabellaChannel, market: Sandbox, means: str, read: int
) -> None:
    market.switch(read_means=means)
    market.order((B, 2))
    assert await channel.live([B]) == {B: read}


async def test_pages_of_all_numbers_keep_a_distance(config: FalabellaConfig, market: Sandbox) -> None:
    """61 SKUs in pages of 20 are four calls, with a pause before each but the first."""
    async for channel in connected(replace(config, stock_gap_s=0.5), market.clock):
        before = market.calls("GetStock")

        reading = asyncio.ensure_future(_count(channel))
        pauses = 0
        while not reading.done():
            await asyncio.sleep(0.005)
            if market.clock.sleepers:
                pauses += 1
                market.clock.advance(0.5)
        assert (reading.result(), market.calls("GetStock") - before, pauses) == (61, 4, 3)


async def _count(channel: FalabellaChannel) -> int:
    return sum([len(page) async for page in channel.live_pages()])
