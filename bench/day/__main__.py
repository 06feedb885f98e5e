"""`python -m bench.day`: the same day for four schedulers, in one table; then a day in which everything
changes all the time, for the limits."""

from __future__ import annotations

import asyncio
import sys
import time

from bench.day.market import Day, Market
from bench.day.ours import Ours
from bench.day.simple import SIMPLE
from bench.report import Report, arguments, at_most, command, Measure

SEED = 7


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--skus", type=int, default=2000)
    parser.add_argument("--buyers", type=int, default=4000)
    parser.add_argument("--elsewhere", type=int, default=3000)
    options = parser.parse_args()
    day = Day.of(SEED, options.skus, options.buyers, options.elsewhere)
    report = Report(command("bench.day"), "A day")
    ours = Ours(Market.at_midnight(day, SEED))
    began = time.perf_counter()
    asyncio.run(ours.run(day))
    took = time.perf_counter() - began
    runs = [(ours.name, ours.market)]
    for kind in SIMPLE:
        simple = kind(Market.at_midnight(day, SEED))
        simple.run(day)
        runs.append((simple.name, simple.market))
    for name, m in runs:
        print(f"{name:28} calls {len(m.calls):5} rows {m.rows:6} 429 {m.refused} exposed {m.exposed_s/60:9.1f} min oversold {m.oversold:5} hidden {m.hidden_s/60:9.1f} min away {m.turned_away}")
    print("took", took)
    return 0


if __name__ == "__main__":
    sys.exit(main())
