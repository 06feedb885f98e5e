"""Orquestador beside the original design, on the same sandbox Odoo, mongod and Redis.

Acknowledgements: the same load generator, each side alone on one core. Orders: each side alone without a
fault, then all settings side by side under each fault, with every unit counted in the ERP.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.engines import Engines, Mongo, start_redis
from bench.peers import acks, program
from bench.peers.race import HOT_SKUS, Fault, Race, Result, run_races
from bench.peers.sides import Odoo, Original, Ours, Side
from bench.peers.table import table
from bench.processes import Children, Cores, bench_world, run
from bench.report import Measure, Report, arguments, at_least, at_most
from bench.world import Shape

_BEGAN = time.perf_counter()
OURS, PEER = "ours", "peer"
_LIMIT_S, _QUICK_LIMIT_S = 900, 300
"""Two to three times what a quiet machine takes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    ack_rounds: int
    ack_seconds: float
    concurrency: tuple[int, ...]
    batch: tuple[int, ...]
    slow_orders: int
    """In races that take orders one by one."""
    orders: int
    faults: tuple[Fault, ...]


FULL = Plan(3, 3.0, (1, 10, 50), (1, 20, 50), 40, 120, (Fault.TWICE, Fault.HOT, Fault.FLUSH, Fault.KILL))
QUICK = Plan(1, 2.0, (1, 50), (50,), 20, 50, (Fault.TWICE, Fault.HOT, Fault.FLUSH))
"""Without the kill: Bull gives a dead worker's jobs back after half a minute or a whole one."""


class Bench:
    """One run."""

    def __init__(self, world: Children, plan: Plan, shape: Shape) -> None:
        self._world, self._plan, self._shape = world, plan, shape
        self._cores = Cores.pick()
        self._mongo = Mongo(world, self._cores.load)
        self._started = 0

    def acks(self) -> dict[str, acks.Acks]:
        tell("acknowledgements")
        odoo = Odoo.start(self._world, "acks-odoo", HOT_SKUS, self._cores.load)

        def ours(n: int) -> Side:
            name = f"acks-ours-{n}"
            return Ours(self._world, name, self._redis(name), odoo.url, self._cores.server, 50, self._shape)

        def peer(n: int) -> Side:
            name = f"acks-peer-{n}"
            return Original(self._world, name, self._redis(name), odoo.url, self._cores.server, 1)

        return acks.measure({OURS: ours, PEER: peer}, self._plan.ack_rounds, self._plan.ack_seconds)

    def races(self) -> list[Result]:
        settings = [(PEER, n) for n in self._plan.concurrency] + [(OURS, n) for n in self._plan.batch]
        results: list[Result] = []
        for who, setting in settings:
            tell(f"{who} at {setting}, no fault")
            results += run_races([self._race(who, setting, Fault.NONE)])
        for fault in self._plan.faults:
            tell(f"fault: {fault.value}")
            together = settings
            if fault is Fault.FLUSH and self._shape == "embedded":
                together = [one for one in settings if one[0] == PEER]  # we have no Redis to flush
            if fault is Fault.KILL:
                together = [one for one in settings if one[0] == PEER]
                for setting in self._plan.batch:  # alone: three restarts at once would time each other
                    results += run_races([self._race(OURS, setting, fault)])
            results += run_races(self._race(who, setting, fault) for who, setting in together)
        return results

    def _race(self, who: str, setting: int, fault: Fault) -> Race:
        self._started += 1
        name = f"race-{self._started}"
        orders = self._plan.slow_orders if setting == 1 else self._plan.orders
        odoo = Odoo.start(self._world, f"{name}-odoo", max(orders, HOT_SKUS))
        engines = self._redis(name, pinned=False)
        side: Side
        if who == OURS:
            side = Ours(self._world, name, engines, odoo.url, None, setting, self._shape)
        else:
            side = Original(self._world, name, engines, odoo.url, None, setting)
        return Race(who, setting, side, odoo, fault, orders)

    def _redis(self, name: str, *, pinned: bool = True) -> Engines:
        return start_redis(self._world, name, self._mongo, self._cores.load if pinned else None)


def tell(what: str) -> None:
    """Where it is, for who waits; the result alone is on standard output."""
    sys.stderr.write(f"[{time.perf_counter() - _BEGAN:4.0f} s] {what}\n")
    sys.stderr.flush()


def totals(results: Sequence[Result], key: str) -> dict[str, int]:
    """Units over all races, of each side."""
    return {who: sum(getattr(r, key) for r in results if r.side == who) for who in (OURS, PEER)}


def judge(found: dict[str, acks.Acks], results: Sequence[Result], report: Report) -> None:
    """Add the ratios with their aims."""
    calm = [r for r in results if r.fault is Fault.NONE]
    best = max((r for r in calm if r.side == OURS), key=lambda r: r.setting)
    default = next(r for r in calm if r.side == PEER and r.setting == 1)
    correct = max((r for r in calm if r.side == PEER and r.correct), key=lambda r: r.per_second)
    ours, peer = found[OURS], found[PEER]
    report.add(
        at_least("ack_ratio", "acknowledgements, beside the peer", ours.per_second / peer.per_second, "x", 7),
        Measure("acks_per_s", "  ours", ours.per_second, "/s"),
        Measure("acks_p99_ms", "    p99", ours.p99_ms, "ms"),
        Measure("peer_acks_per_s", "  the peer's", peer.per_second, "/s"),
        Measure("peer_acks_p99_ms", "    p99", peer.p99_ms, "ms"),
        at_least(
            "orders_ratio", "orders, beside the peer's default", best.per_second / default.per_second, "x", 3
        ),
        at_least(
            "orders_ratio_best",
            f"  beside its best correct run (concurrency {correct.setting})",
            best.per_second / correct.per_second,
            "x",
            1,
        ),
        at_most("lost", "units that we lost, all races", totals(results, "lost")[OURS], "", 0),
        at_most("doubled", "units that we took twice", totals(results, "doubled")[OURS], "", 0),
    )
    back = [r.back_s for r in results if r.side == OURS and r.back_s is not None]
    if back:
        report.add(at_most("back_s", "orders in flight done after a kill", max(back), "s", 10))


def top_level(found: dict[str, acks.Acks], results: Sequence[Result], report: Report) -> dict[str, Any]:
    """The words of the issue, for both sides, before the measures."""
    ratio = {m.key: round(m.value, 3) for m in report.measures if m.key.endswith("ratio")}
    calm = {OURS: max, PEER: min}
    calls = {
        who: round(
            pick(
                (r for r in results if r.side == who and r.fault is Fault.NONE), key=lambda r: r.setting
            ).calls_per_order,
            3,
        )
        for who, pick in calm.items()
    }
    return {
        **ratio,
        "erp_calls_per_order": calls,
        "lost": totals(results, "lost"),
        "doubled": totals(results, "doubled"),
        "acks": {who: one.as_json() for who, one in found.items()},
        "runs": [r.as_json() for r in results],
    }


def main() -> int:
    parser = arguments("Orquestador beside the original design (NestJS, Bull, mongoose).")
    parser.add_argument("--quick", action="store_true", help="fewer settings and orders, no kill")
    parser.add_argument(
        "--shape",
        choices=("embedded", "production"),
        default="production",
        help="of ours: SQLite, or (default) MongoDB and Redis as the peer has",
    )
    options = parser.parse_args()
    plan: Plan = QUICK if options.quick else FULL
    command = ".venv/bin/python -m bench.peers"
    command += f"{' --quick' if options.quick else ''} --shape {options.shape}"
    program.prepare()
    report = Report(
        command,
        "Beside the original design; Odoo 18 (sandbox, --latency measured)",
        facts={"shape": options.shape, "node": program.node_version()},
    )
    with bench_world(limit_s=_QUICK_LIMIT_S if options.quick else _LIMIT_S) as world:
        bench = Bench(world, plan, options.shape)
        found = bench.acks()
        results = bench.races()
    judge(found, results, report)
    if options.json:
        report.facts |= top_level(found, results, report)
    else:
        sys.stdout.write(table(results) + "\n\n")
    code = report.finish(options)
    ours_wrong = any(not r.correct for r in results if r.side == OURS)
    return 1 if ours_wrong else code  # speed with wrong numbers is worth nothing, strict or not


if __name__ == "__main__":
    run(main)
