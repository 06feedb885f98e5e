"""A seller's day within Falabella's limits, simulated: who shows what she no longer has, and how much of the
limits is used when everything changes all the time.

The flows are ours, over a journal file, on a clock that is moved by hand; the ERP and the marketplace are in
memory, with the published limits (falabella.md §5) and feeds that take 20 to 120 s.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from bench.day.market import Day, Market
from bench.day.ours import Ours, Pace
from bench.day.simple import SIMPLE, Unlimited
from bench.report import Measure, Report, arguments, at_least, at_most, columns, command
from orquestador.model.brakes import Limits
from orquestador.model.budget import DAY_S, FALABELLA_FEEDS

SEED = 7
HOT_SEED = 11
BATCH = 500
BURST_S = 7200.0
OFF = Limits(listings=1_000_000)
"""No brake: numbers that jump all day are what is measured."""
DEMAND = 1.6
"""Changes, as a multiple of what the limits let through when the burst is gone."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The day under one scheduler."""

    name: str
    key: str
    market: Market

    @property
    def exposed_min(self) -> float:
        return self.market.exposed_s / 60.0

    @property
    def hidden_min(self) -> float:
        return self.market.hidden_s / 60.0


@dataclass(frozen=True, slots=True)
class Busy:
    """A day of changes all the time. `of_limit` and `per_hour` are of the hours after `BURST_S`: before that
    the burst makes many small calls of what there is."""

    skus: int
    calls: int
    over: int
    refused: int
    of_limit: float
    per_hour: float
    restarts: int
    killed: int


async def a_day(day: Day) -> list[Outcome]:
    """The same day for each scheduler."""
    ours = Ours(Market.at_midnight(day, SEED))
    await ours.run(day)
    found = [Outcome(ours.name, ours.key, ours.market)]
    for kind in SIMPLE:
        simple = kind(Market.at_midnight(day, SEED))
        simple.run(day)
        found.append(Outcome(simple.name, simple.key, simple.market))
    return found


async def a_hot_day(day: Day) -> list[Outcome]:
    """Without and with `buffer = auto`."""
    found = []
    for automatic in (False, True):
        ours = Ours(Market.at_midnight(day, HOT_SEED), Pace(brakes=OFF, auto_buffer=automatic))
        await ours.run(day)
        found.append(Outcome(ours.name, ours.key, ours.market))
    return found


def without_limits(day: Day) -> Outcome:
    free = Unlimited(Market.at_midnight(day, SEED, None))
    free.run(day)
    return Outcome(free.name, free.key, free.market)


async def busy(skus: int, *, batch: int = BATCH, until: float = DAY_S, step_s: float = 20.0) -> Busy:
    """More changes than the limits let through, all the time, with a restart every 100 minutes; every second
    one kills the process between the payment of a call and the call."""
    day = Day.busy(SEED, skus, FALABELLA_FEEDS.interval_s / batch / DEMAND, until)
    ours = Ours(Market.at_midnight(day, SEED), Pace(step_s, restart_every_s=6000.0, batch=batch, brakes=OFF))
    await ours.run(day, until)
    market = ours.market
    sent = sum(len(f.quantities) for f in market.feeds if f.sent_at > BURST_S)
    allowed = math.floor(FALABELLA_FEEDS.burst + until / FALABELLA_FEEDS.interval_s)
    left = allowed - sum(f.sent_at <= BURST_S for f in market.feeds)
    return Busy(
        skus=skus,
        calls=len(market.calls),
        over=market.calls_over_limit(),
        refused=market.refused,
        of_limit=min(1.0, sent / (left * batch)),
        per_hour=sent / (until - BURST_S) * 3600.0,
        restarts=ours.restarts,
        killed=ours.killed,
    )


def judge(
    days: Sequence[Outcome], runs: Sequence[Busy], hot: Sequence[Outcome], batch: int, report: Report
) -> None:
    ours = days[0]
    over = max([r.over for r in runs] + [ours.market.calls_over_limit()])
    report.add(at_most("calls_over_limit", "calls over 50 + t/120 s", over, "", 0))
    if runs:
        share = min(r.of_limit for r in runs)
        report.add(at_least("throughput_of_limit", "SKUs sent, of what the limits allow", share, "", 0.95))
        rate = min(r.per_hour for r in runs)
        aim = 0.95 * 3600.0 / FALABELLA_FEEDS.interval_s * batch
        report.add(at_least("sustained_skus_per_hour", "SKUs an hour, sustained", rate, "", aim))
    best = min(d.exposed_min for d in days[1:])
    report.add(at_most("exposed_min", "sold out and still shown, minutes", ours.exposed_min, "min", best))
    for day in days:
        report.add(
            Measure(f"exposure_minutes.{day.key}", f"  {day.name}", day.exposed_min, "min"),
            Measure(f"oversold_units.{day.key}", "    units oversold", day.market.oversold, ""),
            Measure(f"hidden_minutes.{day.key}", "    there and not shown", day.hidden_min, "min"),
            Measure(f"calls.{day.key}", "    calls", len(day.market.calls), ""),
        )
    # What another program asks for, without the table around it.
    report.plain |= {
        "calls_over_limit": over,
        "throughput_of_limit": round(min((r.of_limit for r in runs), default=0.0), 4),
        "exposure_minutes": {d.key: round(d.exposed_min, 1) for d in days},
        "oversold_units": {d.key: d.market.oversold for d in days},
        "hidden_minutes": {d.key: round(d.hidden_min, 1) for d in days},
        "hot_day_oversold_units": {d.key: d.market.oversold for d in hot},
        "hot_day_turned_away": {d.key: d.market.turned_away for d in hot},
    }


def tables(days: Sequence[Outcome], hot: Sequence[Outcome], runs: Sequence[Busy]) -> str:
    second = [("SKUs", "calls", "over", "429", "of the limit", "SKUs an hour", "restarts", "in a push")]
    second += [
        (
            f"{r.skus:,}",
            f"{r.calls}",
            f"{r.over}",
            f"{r.refused}",
            f"{r.of_limit:.1%}",
            f"{r.per_hour:,.0f}",
            f"{r.restarts}",
            f"{r.killed}",
        )
        for r in runs
    ]
    return "\n\n".join((_table(days), _table(hot), columns(second)))


def _table(days: Sequence[Outcome]) -> str:
    rows = [("scheduler", "calls", "SKUs", "429", "exposed min", "oversold", "hidden min", "turned away")]
    rows += [
        (
            d.name,
            f"{len(d.market.calls):,}",
            f"{d.market.rows:,}",
            f"{d.market.refused}",
            f"{d.exposed_min:,.0f}",
            f"{d.market.oversold}",
            f"{d.hidden_min:,.0f}",
            f"{d.market.turned_away}",
        )
        for d in days
    ]
    return columns(rows)


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--skus", type=int, default=2000, help="of the day with buyers")
    parser.add_argument("--buyers", type=int, default=4000)
    parser.add_argument("--elsewhere", type=int, default=3000, help="buyers in the seller's other shop")
    parser.add_argument("--busy", type=int, nargs="*", default=[2000, 10_000], help="catalogues of busy days")
    parser.add_argument("--quick", action="store_true", help="a small day, 20 SKUs a call: whether it works")
    options = parser.parse_args()
    batch = BATCH
    if options.quick:
        options.skus, options.buyers, options.elsewhere, options.busy = 300, 600, 450, [500]
        batch = 20
    day = Day.of(SEED, options.skus, options.buyers, options.elsewhere)
    facts = {"skus": options.skus, "buyers": options.buyers, "buyers_elsewhere": options.elsewhere}
    report = Report(command("bench.falabella"), "A day within Falabella's limits, simulated", facts=facts)
    days = asyncio.run(a_day(day))
    hot = asyncio.run(a_hot_day(Day.hot(HOT_SEED, 12, *((300, 300) if options.quick else (3000, 3000)))))
    runs = [asyncio.run(busy(skus, batch=batch)) for skus in options.busy]
    judge(days, runs, hot, batch, report)
    if not options.json:
        sys.stdout.write(tables([*days, without_limits(day)], hot, runs) + "\n\n")
    return report.finish(options)


if __name__ == "__main__":
    sys.exit(main())
