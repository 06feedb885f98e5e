"""The production shape by the number of its processes: what grows with them, and what does not.

Orders into the ERP and changed stock onto the channel by the number of `worker`s; acknowledgements by the
number of `api` processes. Nothing is pinned: engines, sandboxes and the load generator run on the same cores.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench.ack import WARM_UP_S, missing, request
from bench.client import call
from bench.engines import Mongo, start_redis
from bench.load import run_load
from bench.processes import BenchFailed, Children, bench_world, run, wait_for
from bench.report import Measure, Report, arguments, columns, command, percentile
from bench.world import UNITS_EACH, Seller, Shop, start_service

SKUS = 500
"""What one stock call of the channel takes."""
CONNECTIONS = 64
PATIENCE_S = 120.0
PACE = {"ODOO_POLL_S": "1", "ORDERS_POLL_S": "5", "FEED_FIRST_POLL_S": "0.2", "FEED_POLL_S": "0.2"}
"""Short, so that not our own pauses are measured."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    workers: Sequence[int]
    apis: Sequence[int]
    orders: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """One number of workers."""

    workers: int
    per_second: float
    calls_per_order: float
    shown_s: float
    """From the last order being done in the ERP until the channel shows what is left; 0: it did already,
    because what is sold is subtracted as soon as it is known."""
    pushed_per_s: float
    """Numbers that the channel took in a second, when every SKU changes at once."""
    feeds: int
    shares: tuple[float, ...]
    """Of one core, for each worker, while it worked."""


@dataclass(frozen=True, slots=True)
class Intake:
    """One number of api processes."""

    processes: int
    per_second: float
    p50_ms: float
    p99_ms: float
    acknowledged: int


def sku(n: int) -> str:
    return f"SKU-{n % SKUS + 1:05d}"


def done_at(shop: Shop, order_id: str) -> float:
    """When the order's effect was read back in the ERP."""
    (effect,) = shop.order(order_id)["order"]["effects"]
    if effect["state"] != "applied":
        raise BenchFailed(f"{order_id} is {effect['state']}")
    return moment(effect["doneAt"])


def moment(value: str | float) -> float:
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value


def run_workers(world: Children, mongo: Mongo, workers: int, orders: int) -> Run:
    """Sell, then change every SKU. Raises BenchFailed when a number is wrong on either side."""
    name = f"workers-{workers}"
    engines, channel = start_redis(world, name, mongo, None), Seller.open(world, f"{name}-falabella", SKUS)
    channel.hurry()
    env = {**PACE, **channel.settings, **engines.settings}
    shop = Shop.with_workers(world, name, workers, env, latency="measured", skus=SKUS)
    wait_for("the catalogue is read", lambda: len(listings(shop)) >= 1 and shop.settled(), PATIENCE_S)
    children = [world.named(f"{name}-worker-{n}") for n in range(workers)]
    calls, cpu_s = shop.erp_calls(), [child.cpu_s() for child in children]
    for n in range(orders):
        shop.sell(f"ORDER-{n}", sku(n))
    wait_for("all orders are applied", shop.settled, PATIENCE_S, every_s=0.1)
    calls = shop.erp_calls() - calls
    left: dict[str, float] = dict.fromkeys((sku(n) for n in range(SKUS)), UNITS_EACH)
    for n in range(orders):
        left[sku(n)] -= 1
    wait_for("the channel shows what is left", lambda: channel.shows(left), PATIENCE_S, every_s=0.05)
    began = min(moment(shop.order(f"ORDER-{n}")["receipts"][0]["receivedAt"]) for n in range(orders))
    ended = max(done_at(shop, f"ORDER-{n}") for n in range(orders))
    shown_s = max(feed["updatedAt"] for feed in channel.feeds()) - ended
    shares = tuple(
        (child.cpu_s() - before) / (ended - began) for child, before in zip(children, cpu_s, strict=True)
    )
    on_hand = shop.on_hand()
    if any(on_hand[one] != number for one, number in left.items()):
        raise BenchFailed("the ERP has wrong numbers")
    feeds, pushed_per_s = change_all(shop, channel, left)
    for child in (*children, world.named(name)):
        child.stop()
    return Run(
        workers, orders / (ended - began), calls / orders, max(0.0, shown_s), pushed_per_s, feeds, shares
    )


def change_all(shop: Shop, channel: Seller, left: dict[str, float]) -> tuple[int, float]:
    """A delivery arrives in the ERP: the feeds that follow, and how many numbers a second they brought."""
    before = len(channel.feeds())
    for one in left:
        shop.move(one, 10)
        left[one] += 10
    wait_for("the channel shows the delivery", lambda: channel.shows(left), PATIENCE_S, every_s=0.05)
    wait_for("every job has ended", shop.settled, PATIENCE_S, every_s=0.05)
    feeds = channel.feeds()[before:]
    spent_s = max(feed["updatedAt"] for feed in feeds) - min(feed["at"] for feed in feeds)
    return len(feeds), sum(len(feed["skus"]) for feed in feeds) / spent_s


def listings(shop: Shop) -> list[Any]:
    found: list[Any] = call(f"{shop.url}/listings")["items"]
    return found


def run_apis(world: Children, mongo: Mongo, processes: int, seconds: float) -> Intake:
    """Acknowledgements of so many api processes; every one is looked up in the journal."""
    name = f"apis-{processes}"
    engines = start_redis(world, name, mongo, None)
    child, url = start_service(world, name, engines.settings, command=f"api --workers {processes}")
    sent = run_load(url, request, connections=CONNECTIONS, warm_up_s=WARM_UP_S, seconds=seconds)
    if sent.refused:
        raise BenchFailed(f"{sent.refused} requests were not answered with 200")
    child.stop()
    stored = {doc["_id"]: doc["refs"] for doc in mongo.read(name.replace("-", "_"), "orq_receipts", "refs")}
    if lost := missing(stored, sent.answers):
        raise BenchFailed(f"{lost} acknowledged orders are not in the journal")
    p50, p99 = (percentile(sent.latencies_s, share) * 1000 for share in (0.5, 0.99))
    return Intake(processes, sent.per_second, p50, p99, len(sent.answers))


def judge(runs: Sequence[Run], intakes: Sequence[Intake], report: Report) -> None:
    """No aims: the ERP bounds the orders, the channel its feeds, and this machine the rest."""
    for one in runs:
        key, busy = f"workers_{one.workers}", " + ".join(f"{share:.0%}" for share in one.shares)
        report.add(
            Measure(f"{key}_orders_per_s", f"orders, {one.workers} worker(s)", one.per_second, "/s"),
            Measure(f"{key}_calls_per_order", "  ERP calls for each", one.calls_per_order, ""),
            Measure(f"{key}_cpu", f"  processor ({busy})", sum(one.shares) * 100, "% of a core"),
            Measure(f"{key}_shown_s", "  then shown by the channel within", one.shown_s, "s"),
            Measure(f"{key}_pushed_per_s", f"  pushes, {one.feeds} feed(s)", one.pushed_per_s, "SKUs/s"),
        )
    for intake in intakes:
        key = f"api_{intake.processes}"
        report.add(
            Measure(
                f"{key}_acks_per_s",
                f"acknowledgements, {intake.processes} api process(es)",
                intake.per_second,
                "/s",
            ),
            Measure(f"{key}_p50_ms", "  p50", intake.p50_ms, "ms"),
            Measure(f"{key}_p99_ms", "  p99", intake.p99_ms, "ms"),
        )


def tables(runs: Sequence[Run], intakes: Sequence[Intake]) -> str:
    first = [("workers", "orders/s", "ERP calls each", "shown after s", "pushes SKUs/s", "processor of each")]
    first += [
        (
            str(one.workers),
            f"{one.per_second:.1f}",
            f"{one.calls_per_order:.2f}",
            f"{one.shown_s:.1f}",
            f"{one.pushed_per_s:.0f}",
            " ".join(f"{share:.0%}" for share in one.shares),
        )
        for one in runs
    ]
    second = [("api processes", "acks/s", "p50 ms", "p99 ms", "acknowledged, 0 lost")]
    second += [
        (
            str(one.processes),
            f"{one.per_second:,.0f}",
            f"{one.p50_ms:.1f}",
            f"{one.p99_ms:.1f}",
            f"{one.acknowledged:,}",
        )
        for one in intakes
    ]
    return f"{columns(first)}\n\n{columns(second)}"


def main() -> int:
    parser = arguments("The production shape by the number of its workers and api processes; no aims.")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--apis", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--orders", type=int, default=300, help="for each number of workers")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each number of api processes")
    parser.add_argument("--quick", action="store_true", help="1 and 2 workers, few orders: whether it works")
    options = parser.parse_args()
    plan = Plan(options.workers, options.apis, options.orders, options.seconds)
    if options.quick:
        plan = Plan([1, 2], [1, 2], 60, 1.0)
    report = Report(
        command("bench.workers"),
        "The production shape by its processes; both sandboxes with --latency measured",
        facts={"orders": plan.orders, "skus": SKUS, "seconds_each": plan.seconds},
    )
    with bench_world(limit_s=60 + 150 * len(plan.workers) + 30 * len(plan.apis)) as world:
        mongo = Mongo(world, None)
        runs = [run_workers(world, mongo, workers, plan.orders) for workers in plan.workers]
        intakes = [run_apis(world, mongo, processes, plan.seconds) for processes in plan.apis]
    judge(runs, intakes, report)
    if not options.json:
        sys.stdout.write(tables(runs, intakes) + "\n\n")
    return report.finish(options)


if __name__ == "__main__":
    run(main)
