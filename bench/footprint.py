"""What the service costs when nothing happens, in both shapes: start, memory, processor."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from bench.client import answers, call
from bench.engines import Mongo, start_redis
from bench.processes import BenchFailed, Child, Children, bench_world, run, wait_for
from bench.report import Measure, Report, arguments, at_most, command, median
from bench.world import SKUS, Seller, Shop, service_env

SETTLE_S = 35.0
"""What a start leaves to do is over by then: the catalogue is read, and the first sweep over the ERP, which
comes every half minute, has compared every number."""
PACE = {"FEED_FIRST_POLL_S": "0.5", "FEED_POLL_S": "0.5"}
"""Only for the orders at the end: an idle service has no feeds to look at."""
PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one process, in MB."""

    resident: float
    """All that it has in memory, also what others have there too."""
    share: float
    """The same with what it shares divided by those who share it (PSS): these add up."""

    @classmethod
    def of(cls, child: Child) -> Memory:
        try:
            rollup = Path(f"/proc/{child.process.pid}/smaps_rollup").read_text(encoding="utf-8")
        except OSError as error:
            raise BenchFailed(f"{child.log.stem} ended") from error
        kb = {line.split()[0]: int(line.split()[1]) for line in rollup.splitlines()[1:]}
        return cls(kb["Rss:"] / 1024, kb["Pss:"] / 1024)


def cold_start_s(world: Children, name: str, env: dict[str, str]) -> float:
    """From the start of the process to the first answer of /health/live, on a new store."""
    began = time.perf_counter()
    child = world.start(name, "orquestador", "up", env=service_env(world.folder / name) | env)
    url = child.wait_url()
    wait_for(f"{name} answers", lambda: answers(f"{url}/health/live"), every_s=0.002)
    took_s = time.perf_counter() - began
    child.kill()
    return took_s


def measure_starts(world: Children, mongo: Mongo, starts: int, report: Report) -> None:
    """Both shapes in turn, each on a store of its own."""
    embedded, production = [], []
    redis = start_redis(world, "starts", mongo, None)
    for n in range(starts):
        embedded.append(cold_start_s(world, f"start-{n}", {}))
        engines = redis.settings | {"MONGODB_URI": mongo.uri(f"start_{n}")}
        production.append(cold_start_s(world, f"start-production-{n}", engines))
    report.add(
        at_most("cold_start_s", "cold start to /health/live, embedded", median(embedded), "s", 2),
        Measure("cold_start_production_s", "  production", median(production), "s"),
    )


def measure_idle(world: Children, mongo: Mongo, idle_s: float, settle_s: float, report: Report) -> None:
    """Every kind of process, idle at the same time; then what 200 orders leave in each `up`."""
    engines = start_redis(world, "production", mongo, None)
    split = start_redis(world, "split", mongo, None)
    stores: dict[str, dict[str, str]] = {
        "embedded": {},
        "production": engines.settings,
        "split": split.settings,
    }
    shops = {}
    for name, settings in stores.items():
        seller = Seller.open(world, f"{name}-falabella", SKUS)
        seller.hurry()
        env = {**PACE, **seller.settings, **settings}
        shops[name] = Shop.with_workers(world, name, int(name == "split"), env, latency="none")
    ours = {
        "up, embedded": world.named("embedded"),
        "up, production": world.named("production"),
        "api": world.named("split"),
        "worker": world.named("split-worker-0"),
    }
    theirs = {"mongod, for all of these": mongo.child, "one Redis": world.named("production-redis")}
    time.sleep(settle_s)
    before = {name: child.cpu_s() for name, child in (ours | theirs).items()}
    time.sleep(idle_s)
    busy = {name: (child.cpu_s() - before[name]) / idle_s * 100 for name, child in (ours | theirs).items()}
    for name, child in ours.items():
        key, memory = name.replace(", ", "_"), Memory.of(child)
        label = f"{name}: memory, idle"
        report.add(
            at_most(f"{key}_rss_mb", label, memory.resident, "MB", 120)
            if name == "up, embedded"
            else Measure(f"{key}_rss_mb", label, memory.resident, "MB"),
            Measure(f"{key}_pss_mb", "  without what it shares (PSS)", memory.share, "MB"),
            at_most(f"{key}_idle_cpu", f"  processor, {idle_s:g} idle s", busy[name], "% of a core", 1),
        )
    for name in theirs:
        key = name.partition(",")[0].replace(" ", "_").lower()
        report.add(Measure(f"{key}_idle_cpu", f"{name}: processor", busy[name], "% of a core"))
    for shape in ("embedded", "production"):
        shop = shops[shape]
        for n in range(200):
            shop.sell(f"ORDER-{n}", "SKU-00001")
        wait_for("all orders are applied and shown", shop.settled, PATIENCE_S, every_s=0.1)
        call(f"{shop.url}/logs")
        after = Memory.of(world.named(shape)).resident
        report.add(Measure(f"up_{shape}_after_mb", f"up, {shape}: after 200 orders and a look", after, "MB"))


def main() -> int:
    parser = arguments("Start, memory and processor of idle processes, in both shapes.")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--idle-seconds", type=float, default=60.0)
    parser.add_argument("--quick", action="store_true", help="one start, five idle seconds: whether it works")
    options = parser.parse_args()
    starts, idle_s, settle_s = options.starts, options.idle_seconds, SETTLE_S
    if options.quick:
        starts, idle_s, settle_s = 1, 5.0, 5.0
    report = Report(
        command("bench.footprint"),
        "Idle `up`, `api` and `worker` with their flows to sandboxes of Odoo and Falabella",
        facts={"starts": starts, "idle_seconds": idle_s},
    )
    with bench_world(limit_s=240 + starts * 20 + idle_s) as world:
        mongo = Mongo(world, None)
        measure_starts(world, mongo, starts, report)
        measure_idle(world, mongo, idle_s, settle_s, report)
    return report.finish(options)


if __name__ == "__main__":
    run(main)
