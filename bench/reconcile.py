"""What a comparison of all listings with their channel costs: calls, seconds, memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.client import call
from bench.processes import BenchFailed, Child, bench_world, run, wait_for
from bench.report import Measure, Report, arguments, at_most, command
from bench.world import UNITS_EACH, Seller, Shop

PATIENCE_S = 600.0
WAIT_S = 20.0
"""Between the two reads of what differs."""
FAR = "86400"
"""Nothing else reads the catalogue, or sweeps over the ERP, while this measures."""
WRONG = 7


def peak_mb(child: Child) -> float:
    status = Path(f"/proc/{child.process.pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 1024


def calls(shop: Shop, seller: Seller) -> tuple[dict[str, int], int]:
    """Of the marketplace by action, and of the ERP, so far."""
    by_action: dict[str, int] = call(f"{seller.url}/_sandbox/state")["calls"]
    return by_action, shop.erp_calls()


def one_run(shop: Shop, listings: int) -> Mapping[str, Any]:
    """A comparison from its start to its end."""
    before = call(f"{shop.url}/reconcile")["items"][0]["last"]
    call(f"{shop.url}/reconcile", {"channel": "falabella"})

    def ended() -> Any:
        (item,) = call(f"{shop.url}/reconcile")["items"]
        if item["problem"]:
            raise BenchFailed(item["problem"])
        return not item["running"] and item["last"] != before and item["last"]

    found: Mapping[str, Any] = wait_for("it is compared", ended, PATIENCE_S, every_s=0.05)
    if found["listings"] + found["underWay"] != listings:
        raise BenchFailed(f"not all of {listings} listings were compared: {found}")
    return found


def measure(shop: Shop, seller: Seller, child: Child, listings: int, edited: int, report: Report) -> None:
    """One run over a channel that is right, and one over a channel where some numbers were edited."""
    for key, wrong in (("right", 0), ("edited", edited)):
        for n in range(wrong):
            call(f"{seller.url}/_sandbox/stock", {"sku": f"SKU-{n + 1:05d}", "quantity": WRONG})
        (there, erp), cpu = calls(shop, seller), child.cpu_s()
        took = one_run(shop, listings)
        (there_now, erp_now), cpu_now = calls(shop, seller), child.cpu_s()
        if took["drift"] != ({"edited": wrong} if wrong else {}):
            raise BenchFailed(f"{wrong} numbers are wrong, and it found {took['drift']}")
        seconds = _seconds(took) - (WAIT_S if wrong else 0.0)
        reads = there_now.get("GetStock", 0) - there.get("GetStock", 0)
        label = f"{wrong} edited by hand" if wrong else "all numbers are right"
        report.add(
            Measure(f"{key}_s", f"{label}: the run, without the wait between two reads", seconds, "s"),
            Measure(f"{key}_cpu_s", "  processor of the service", cpu_now - cpu, "s"),
            at_most(f"{key}_stock_calls", "  GetStock calls", reads, "", -(-listings // 1000) + 1 + wrong),
            Measure(f"{key}_erp_calls", "  calls of Odoo meanwhile", erp_now - erp, ""),
        )
        if wrong:
            right = {f"SKU-{n + 1:05d}": float(UNITS_EACH) for n in range(wrong)}
            wait_for("all of them are repaired", partial(seller.shows, right), PATIENCE_S)
            pushed = sum(len(feed["skus"]) for feed in seller.feeds())
            report.add(
                Measure("feeds", "  feeds that repaired them", len(seller.feeds()), ""),
                at_most("pushed", "  numbers in them", pushed, "", wrong),
            )


def _seconds(found: Mapping[str, Any]) -> float:
    began, ended = (datetime.fromisoformat(found[name]) for name in ("startedAt", "finishedAt"))
    return (ended - began).total_seconds()


def main() -> int:
    parser = arguments("A comparison of all listings with their channel.")
    parser.add_argument("--listings", type=int, default=10_000)
    parser.add_argument("--edited", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="200 listings, 3 edited: whether it works")
    options = parser.parse_args()
    listings, edited = (200, 3) if options.quick else (options.listings, options.edited)
    report = Report(
        command("bench.reconcile"),
        "`orquestador reconcile` with sandboxes of Odoo and Falabella, embedded",
        facts={"listings": listings, "edited": edited},
    )
    with bench_world(limit_s=900) as world:
        seller = Seller.open(world, "falabella", listings)
        seller.hurry()
        settings = {"CATALOGUE_POLL_S": FAR, "ODOO_SWEEP_S": FAR, "RECONCILE_S": FAR, **seller.settings}
        shop = Shop.with_workers(world, "service", 0, settings, latency="none", skus=listings)
        child = world.named("service")

        def at_rest() -> bool:
            known: int = call(f"{shop.url}/channels")["items"][0]["listings"]
            return known >= listings and shop.settled()

        wait_for("every listing is known and looked at", at_rest, PATIENCE_S, every_s=0.2)
        known = call(f"{shop.url}/channels")["items"][0]["listings"]
        report.add(Measure("before_mb", "memory of the service before, at most", peak_mb(child), "MB"))
        measure(shop, seller, child, known, edited, report)
        report.add(Measure("peak_mb", "memory of the service after, at most", peak_mb(child), "MB"))
    return report.finish(options)


if __name__ == "__main__":
    run(main)
