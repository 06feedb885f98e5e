"""What every channel promises behind the `Channel` port.

Each adapter supplies three fixtures: `market`, the other side as a test can move it (its simulator, driven by
hand); `channel`, the adapter connected to it; and `intruder`, the same with credentials that are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pytest

from orquestador.clock import ManualClock
from orquestador.model.errors import Ambiguous, AuthRefused, RateLimited, Rejected, Unavailable
from orquestador.model.orders import LineState, Owner
from orquestador.model.stock import RecordOutcome
from orquestador.ports import Channel, InvalidBody, JobReport, OrderHead

MINUTE_S = 60.0
HOUR_S = 3600.0


class Market(Protocol):
    """The other side; our time stands still but for `advance`."""

    clock: ManualClock
    known: tuple[str, str]
    """Two listings."""
    unknown: str
    """No listing has this ref."""

    def order(self, *units: tuple[str, int], marketplace: bool = False) -> str:
        """A customer buys; the order's id."""
        ...

    def move(self, order_id: str, state: LineState) -> None:
        """Every line of the order goes there."""
        ...

    def shown(self, ref: str) -> int: ...

    def advance(self, seconds: float) -> None:
        """Its clock and ours."""
        ...

    def fail_calls(self, count: int) -> None:
        """The next calls meet a broken infrastructure."""
        ...

    def do_but_never_answer(self) -> None:
        """The next write happens, its answer never comes."""
        ...

    def exhaust_budget(self) -> None: ...

    def never_finish_jobs(self) -> None: ...


class ChannelContract:
    """Inherited by a test class per adapter."""

    # --- orders ---

    async def test_an_order_is_read_with_all_its_units(self, channel: Channel, market: Market) -> None:
        a, b = market.known
        order_id = market.order((a, 2), (b, 1))
        [order] = await channel.read_orders([order_id])
        assert (order.channel, order.order_id, order.body_backed) == (channel.id, order_id, False)
        assert order.as_of == market.clock.now()
        assert order.created_at is not None and abs(order.created_at - market.clock.now()) < MINUTE_S
        assert sum(line.quantity for line in order.lines if line.sku == a) == 2
        assert sum(line.quantity for line in order.lines if line.sku == b) == 1
        assert {(line.state, line.owner) for line in order.lines} == {(LineState.COMMITTED, Owner.SELLER)}
        assert len({line.line_id for line in order.lines}) == len(order.lines)

    async def test_units_that_the_marketplace_serves_are_not_the_sellers(
        self, channel: Channel, market: Market
    ) -> None:
        order_id = market.order((market.known[0], 1), marketplace=True)
        [order] = await channel.read_orders([order_id])
        assert {line.owner for line in order.lines} == {Owner.MARKETPLACE}

    @pytest.mark.parametrize("state", [LineState.SHIPPED, LineState.CANCELLED])
    async def test_a_read_shows_how_far_an_order_got(
        self, channel: Channel, market: Market, state: LineState
    ) -> None:
        order_id = market.order((market.known[0], 1))
        market.move(order_id, state)
        [order] = await channel.read_orders([order_id])
        assert {line.state for line in order.lines} == {state}

    async def test_an_order_that_does_not_exist_is_absent(self, channel: Channel, market: Market) -> None:
        order_id = market.order((market.known[0], 1))
        found = await channel.read_orders(["NO-SUCH-ORDER", order_id, "999"])
        assert [order.order_id for order in found] == [order_id]
        assert await channel.read_orders(["999"]) == []
        assert await channel.read_orders([]) == []

    async def test_the_list_holds_every_order_updated_since(self, channel: Channel, market: Market) -> None:
        old = market.order((market.known[0], 1))
        market.advance(2 * HOUR_S)
        new = market.order((market.known[1], 1))
        assert set(await _listed(channel, market.clock.now() - HOUR_S)) == {new}
        heads = await _listed(channel, market.clock.now() - 3 * HOUR_S)
        assert set(heads) == {old, new}
        before = heads[old]
        assert before.open and before.number
        market.advance(1.0)
        market.move(old, LineState.SHIPPED)
        after = (await _listed(channel, market.clock.now() - HOUR_S))[old]
        assert after.fingerprint != before.fingerprint

    async def test_a_cancelled_order_is_not_open(self, channel: Channel, market: Market) -> None:
        order_id = market.order((market.known[0], 1))
        market.move(order_id, LineState.CANCELLED)
        assert not (await _listed(channel, market.clock.now() - HOUR_S))[order_id].open

    # --- listings ---

    async def test_the_catalogue_shows_each_listing_once(self, channel: Channel, market: Market) -> None:
        rows = [row async for page in channel.catalogue() for row in page]
        assert len({row.ref for row in rows}) == len(rows)
        shown = {row.ref: row.quantity for row in rows}
        for ref in market.known:
            assert shown[ref] == market.shown(ref)
        assert market.unknown not in shown

    async def test_live_numbers_follow_sales_at_once_and_leave_out_what_is_not_listed(
        self, channel: Channel, market: Market
    ) -> None:
        a, b = market.known
        before = await channel.live([a, b, market.unknown])
        assert before == {a: market.shown(a), b: market.shown(b)}
        order = market.order((a, 2))
        assert await channel.live([a]) == {a: before[a] - 2}
        market.move(order, LineState.CANCELLED)
        assert await channel.live([a]) == {a: before[a]}
        assert await channel.live([]) == {}

    async def test_all_live_numbers_come_in_pages_each_listing_once(
        self, channel: Channel, market: Market
    ) -> None:
        rows = {row.ref: row.quantity async for page in channel.catalogue() for row in page}
        pages = [page async for page in channel.live_pages()]
        assert sum(len(page) for page in pages) == len(rows)
        assert {ref: number for page in pages for ref, number in page.items()} == rows

    async def test_live_numbers_cost_nothing_of_the_budget(self, channel: Channel, market: Market) -> None:
        market.exhaust_budget()
        assert set(await channel.live(list(market.known))) == set(market.known)

    async def test_a_push_is_confirmed_record_by_record(self, channel: Channel, market: Market) -> None:
        a, b = market.known
        refs = [a, b, market.unknown]
        job = await channel.push({a: 7, b: 0, market.unknown: 3})
        report = await _finished(channel, market, job, refs)
        assert {ref: outcome for ref, (outcome, _) in report.outcomes.items()} == {
            a: RecordOutcome.ACCEPTED,
            b: RecordOutcome.ACCEPTED,
            market.unknown: RecordOutcome.NOT_FOUND,
        }
        assert (market.shown(a), market.shown(b)) == (7, 0)

    async def test_more_than_a_batch_is_refused_before_it_is_sent(self, channel: Channel) -> None:
        with pytest.raises(Rejected):
            await channel.push({f"X{n}": 1 for n in range(channel.max_batch + 1)})

    async def test_a_job_that_never_ends_is_not_finished(self, channel: Channel, market: Market) -> None:
        market.never_finish_jobs()
        job = await channel.push({market.known[0]: 7})
        market.advance(5 * MINUTE_S)
        assert not (await channel.report(job, [market.known[0]])).finished
        await channel.cancel_job(job)

    async def test_a_job_whose_id_was_lost_is_found_by_what_it_says(
        self, channel: Channel, market: Market
    ) -> None:
        a, b = market.known
        sent_at = market.clock.now()
        market.do_but_never_answer()
        with pytest.raises(Ambiguous):
            await channel.push({a: 7, b: 3})
        market.advance(MINUTE_S)
        other = await channel.push({a: 7, b: 4})
        nobody = frozenset[str]()
        found = await channel.find_job({a: 7, b: 3}, sent_at, nobody)
        assert found is not None and found != other
        assert await channel.find_job({a: 7, b: 4}, sent_at, nobody) == other
        assert await channel.find_job({a: 7, b: 3}, sent_at, frozenset({found})) is None
        assert await channel.find_job({a: 8}, sent_at, nobody) is None
        report = await _finished(channel, market, found, [a, b])
        assert {outcome for outcome, _ in report.outcomes.values()} == {RecordOutcome.ACCEPTED}

    # --- trouble ---

    async def test_a_broken_infrastructure_is_no_ones_fault(self, channel: Channel, market: Market) -> None:
        order_id = market.order((market.known[0], 1))
        market.fail_calls(1)
        with pytest.raises(Unavailable):
            await channel.read_orders([order_id])
        market.advance(MINUTE_S)
        assert len(await channel.read_orders([order_id])) == 1

    async def test_a_write_into_a_broken_infrastructure_is_a_doubt(
        self, channel: Channel, market: Market
    ) -> None:
        market.fail_calls(1)
        with pytest.raises(Ambiguous):
            await channel.push({market.known[0]: 7})

    async def test_refused_credentials_are_told_apart(self, intruder: Channel, market: Market) -> None:
        with pytest.raises(AuthRefused):
            await intruder.read_orders([market.order((market.known[0], 1))])
        with pytest.raises(AuthRefused):
            await intruder.push({market.known[0]: 7})
        errors = [finding for finding in await intruder.check() if finding.level == "error"]
        assert errors and all(finding.stops == intruder.id for finding in errors)

    async def test_a_call_beyond_the_limits_is_told_apart(self, channel: Channel, market: Market) -> None:
        market.exhaust_budget()
        with pytest.raises(RateLimited):
            await channel.push({market.known[0]: 7})
        assert await channel.read_orders(["999"]) == []

    # --- doors ---

    async def test_a_healthy_account_has_no_error(self, channel: Channel, market: Market) -> None:
        assert all(finding.level != "error" for finding in await channel.check())

    async def test_a_url_is_registered_once_and_only_ours_is_removed(
        self, channel: Channel, market: Market
    ) -> None:
        url = "http://127.0.0.1:9/hook/secret"
        first = await channel.register(url)
        assert await channel.register(url) == first
        assert [r for r in await channel.registrations() if r.url == url] == [first]
        await channel.unregister(first.id)
        await channel.unregister(first.id)
        assert [r for r in await channel.registrations() if r.url == url] == []

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"5", b'{"a": "\\ud800"}', b"[" * 9999])
    def test_a_body_that_is_none_is_refused_with_a_remedy(self, channel: Channel, body: bytes) -> None:
        for stock in (False, True):
            with pytest.raises(InvalidBody) as caught:
                channel.read_notice(body, stock=stock)
            assert caught.value.field and caught.value.problem and caught.value.remedy


async def _listed(channel: Channel, since: float) -> dict[str, OrderHead]:
    return {head.order_id: head async for page in channel.orders_updated(since) for head in page}


async def _finished(channel: Channel, market: Market, job: str, refs: Sequence[str]) -> JobReport:
    """The report once the job has ended, at the latest after ten minutes of the market's time."""
    for _ in range(60):
        report = await channel.report(job, refs)
        if report.finished:
            return report
        market.advance(10.0)
    raise AssertionError("the job did not end")
