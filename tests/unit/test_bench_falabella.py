"""The simulated day: its marketplace keeps the published limits, and our flows keep to them for 24 virtual
hours with restarts."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from bench.day.market import Day, Event, Market, TooMany, What
from bench.day.ours import Ours, Pace
from bench.falabella import OFF, a_day, busy, judge, without_limits
from bench.report import Report
from orquestador.model.budget import DAY_S, FALABELLA_FEEDS, MAX_INTERVAL_S

HOUR_S = 3600.0


def _market(**stock: int) -> Market:
    return Market(dict(stock), dict(stock), random.Random(1))


def test_the_simulated_marketplace_refuses_what_is_beyond_the_published_limits() -> None:
    market = _market(A=1)
    for n in range(50):
        market.push(n / 10, {"A": 1})
    with pytest.raises(TooMany):
        market.push(5.0, {"A": 1})
    with pytest.raises(TooMany):
        market.push(119.0, {"A": 1})
    market.push(120.0, {"A": 1})
    assert (market.refused, market.calls_over_limit(), len(market.calls)) == (
        2,
        3,
        53,
    )  # a refused one counts
    steady = _market(A=1)
    for n in range(770):
        steady.push(n * 120.0, {"A": 1})
    assert steady.calls_over_limit() == 0


def test_what_shows_and_is_gone_is_counted_until_a_feed_ends() -> None:
    market = _market(A=1, B=0)
    market.move(10.0, "A", -1)
    assert market.buy(20.0, "A")  # it still showed one
    assert (market.oversold, market.shelf["A"], market.exposed_s) == (1, -1, 10.0)
    market.move(30.0, "B", 5)
    feed = market.push(40.0, {"B": 5})
    market.run_feeds(feed.ends_at)
    assert market.hidden_s == pytest.approx(feed.ends_at - 30.0)
    assert (market.exposures, market.returns) == (1, 1)


async def test_24_hours_of_changes_with_restarts_use_the_limits_and_never_exceed_them() -> None:
    """Small calls, so that it is quick; `bench.falabella` makes them of 500 SKUs, for 10,000 too."""
    found = await busy(2000, batch=4, step_s=240.0)
    assert (found.over, found.refused) == (0, 0)
    assert found.of_limit >= 0.95
    assert (found.restarts, found.killed) == (14, 7)


async def test_the_same_small_day_for_every_scheduler() -> None:
    day = Day.of(7, 250, 600, 450)
    days = await a_day(day)
    ours, *others = days
    assert ours.market.exposures > 10
    assert ours.market.calls_over_limit() == 0
    assert all(ours.exposed_min <= other.exposed_min for other in others)
    assert all(ours.market.oversold <= other.market.oversold for other in others)
    assert ours.exposed_min >= 0.8 * without_limits(day).exposed_min > 0
    report = Report("bench", "title")
    judge(days, [], [], 500, report)
    plain = json.loads(json.dumps(report.plain))
    assert plain["calls_over_limit"] == 0
    keys = {"orquestador", "fifo", "one_call_per_change", "fifty_each_5_min"}
    assert set(plain["exposure_minutes"]) == set(plain["oversold_units"]) == keys


async def test_another_tool_spends_the_same_budget_for_some_hours() -> None:
    """It takes a call each 150 s from the second hour to the fifth: what is left for us is a quarter."""
    batch, until = 5, 9 * HOUR_S
    day = Day.busy(7, 300, FALABELLA_FEEDS.interval_s / batch / 2, until)
    other = [Event(HOUR_S + n * 150.0, What.OTHER_TOOL, "") for n in range(96)]
    day = replace(day, events=tuple(sorted((*day.events, *other), key=lambda e: e.at)))
    ours = Ours(Market.at_midnight(day, 7), Pace(step_s=60.0, batch=batch, brakes=OFF))
    await ours.run(day, until)
    market = ours.market
    # Each refusal doubles the pause, so there are few: one in ten minutes at most.
    assert 0 < market.refused <= (other[-1].at - HOUR_S) / MAX_INTERVAL_S * 2
    afterwards = [f for f in market.feeds if f.sent_at > 6 * HOUR_S]
    assert len(afterwards) >= 0.9 * (until - 6 * HOUR_S) / FALABELLA_FEEDS.interval_s
    assert until < DAY_S
