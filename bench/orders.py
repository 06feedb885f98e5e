"""Orders into the ERP: how many a second, how many calls each, and how long one takes from door to effect.

The sandbox answers as slowly as the measured servers (`--latency measured`), so throughput is what batching
gains; it answers at once (`none`) where the time is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bench.processes import BenchFailed, Children, bench_world, run, wait_for
from bench.report import Measure, Report, arguments, at_least, at_most, command, median, percentile
from bench.world import SKUS, UNITS_EACH, Shop

PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Batch:
    """One run of orders: how many go into one ERP call, and what that gave."""

    size: int
    orders: int
    per_second: float
    calls_per_order: float


def sku(n: int) -> str:
    return f"SKU-{n % SKUS + 1:05d}"


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def times(shop: Shop, order_id: str) -> tuple[float, float]:
    """When its webhook came in and when its effect was read back and stored."""
    order = shop.order(order_id)
    effect = order["order"]["effects"][0]
    if effect["state"] != "applied":
        raise BenchFailed(f"{order_id} is {effect['state']}")
    return instant(order["receipts"][0]["receivedAt"]), instant(order["updatedAt"])


def run_batch(world: Children, size: int, orders: int, *, short: bool = False) -> Batch:
    """So many orders, posted one after the other as fast as they are acknowledged.

    With `short`, each order asks for two units of a SKU of which one is left: the ERP takes one and splits
    off a backorder, which we have to force (a SKU without any goes negative by itself, odoo.md 5.3).
    """
    name = f"batch-{size}{'-short' if short else ''}"
    shop = Shop.open(world, name, latency="measured", ODOO_BATCH=str(size))
    units = 2 if short else 1
    sold = [sku(n) for n in range(orders)]
    if short:
        for one in sold:
            shop.move(one, 1 - UNITS_EACH)
    before, calls = shop.on_hand(), shop.erp_calls()
    for n, one in enumerate(sold):
        shop.sell(f"ORDER-{n}", one, units)
    wait_for("all orders are applied", shop.settled, PATIENCE_S, every_s=0.1)
    calls = shop.erp_calls() - calls
    seen = [times(shop, f"ORDER-{n}") for n in range(orders)]
    check(before, shop.on_hand(), sold * units)
    took_s = max(done for _, done in seen) - min(came for came, _ in seen)
    return Batch(size, orders, orders / took_s, calls / orders)


def check(before: dict[str, float], after: dict[str, float], sold: Sequence[str]) -> None:
    """Speed counts only when the numbers are right."""
    wrong = [one for one in before if after[one] != before[one] - sold.count(one)]
    if wrong:
        raise BenchFailed(f"the ERP has wrong numbers for {wrong[:5]}")


def measure_batches(world: Children, one_by_one: int, batched: int, report: Report) -> None:
    runs = [run_batch(world, 1, one_by_one), run_batch(world, 20, batched), run_batch(world, 50, batched)]
    single, _, full = runs
    for batch in runs:
        report.add(
            Measure(f"orders_per_s_{batch.size}", f"orders, ODOO_BATCH={batch.size}", batch.per_second, "/s"),
            Measure(f"calls_per_order_{batch.size}", "  ERP calls for each", batch.calls_per_order, ""),
        )
    gain = full.per_second / single.per_second
    report.add(
        at_least("gain", "  batch 50 beside one by one", gain, "x", 4),
        at_most("calls_per_order", "  ERP calls for each at batch 50", full.calls_per_order, "", 0.2),
    )
    short = run_batch(world, 50, min(batched, SKUS), short=True)
    report.add(
        Measure("orders_per_s_short", "short orders, ODOO_BATCH=50", short.per_second, "/s"),
        Measure("calls_per_order_short", "  ERP calls for each", short.calls_per_order, ""),
    )


def measure_latency(world: Children, orders: int, report: Report) -> None:
    """One order at a time into an idle service and an ERP that answers at once."""
    shop = Shop.open(world, "idle", latency="none")
    taken: list[float] = []
    before = shop.on_hand()
    for n in range(orders):
        shop.sell(f"SINGLE-{n}", sku(n))
        wait_for(f"order {n} is applied", shop.settled, every_s=0.02)
        came, done = times(shop, f"SINGLE-{n}")
        taken.append((done - came) * 1000)
    check(before, shop.on_hand(), [sku(n) for n in range(orders)])
    report.add(
        at_most("effect_ms", "webhook received to effect applied, idle", median(taken), "ms", 100),
        Measure("effect_p90_ms", "  nine of ten within", percentile(taken, 0.9), "ms"),
    )


def main() -> int:
    parser = arguments("Orders into the sandbox Odoo: a second, ERP calls, and time from door to effect.")
    parser.add_argument("--orders", type=int, default=300, help="orders in each batched run")
    parser.add_argument("--one-by-one", type=int, default=40, help="orders in the run without batches")
    parser.add_argument("--singles", type=int, default=50, help="orders timed one at a time")
    options = parser.parse_args()
    report = Report(
        command("bench.orders"),
        "Orders into Odoo 18 (sandbox, --latency measured; the last with --latency none)",
        facts={"orders": options.orders, "one_by_one": options.one_by_one, "singles": options.singles},
    )
    with bench_world(limit_s=420) as world:
        measure_batches(world, options.one_by_one, options.orders, report)
        world.close()
        measure_latency(world, options.singles, report)
    return report.finish(options)


if __name__ == "__main__":
    run(main)
