"""What `orquestador up` costs when nothing happens: start, memory, processor."""

from __future__ import annotations

import time
from pathlib import Path

from bench.client import answers, call
from bench.processes import BenchFailed, Child, Children, bench_world, run, wait_for
from bench.report import Measure, Report, arguments, at_most, median
from bench.world import Shop, service_env


def cold_start_s(world: Children, name: str) -> float:
    """From the start of the process to the first answer of /health/live, on a new data folder."""
    began = time.perf_counter()
    child = world.start(name, "orquestador", "up", env=service_env(world.folder / name))
    url = child.wait_url()
    wait_for(f"{name} answers", lambda: answers(f"{url}/health/live"), every_s=0.002)
    took_s = time.perf_counter() - began
    child.kill()
    return took_s


def memory_mb(child: Child) -> float:
    """Resident memory, its own and what it shares with others."""
    for line in Path(f"/proc/{child.process.pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise BenchFailed("the service ended")


def measure(world: Children, starts: int, idle_s: float, report: Report) -> None:
    took = [cold_start_s(world, f"start-{n}") for n in range(starts)]
    report.add(at_most("cold_start_s", "cold start to /health/live", median(took), "s", 2))
    shop = Shop.open(world, "idle", latency="none")
    service = world.named("idle")
    busy = service.cpu_s()
    time.sleep(idle_s)
    busy = service.cpu_s() - busy
    report.add(
        at_most("memory_mb", "memory, idle", memory_mb(service), "MB", 120),
        Measure("idle_cpu", f"processor over {idle_s:g} idle seconds", busy / idle_s * 100, "% of a core"),
    )
    for n in range(200):
        shop.sell(f"ORDER-{n}", "SKU-00001")
    wait_for("all orders are applied", shop.settled, every_s=0.1)
    call(f"{shop.url}/logs")
    report.add(
        Measure("memory_after_mb", "memory after 200 orders and a look at the log", memory_mb(service), "MB")
    )


def main() -> int:
    parser = arguments("Start, memory and processor of an idle `orquestador up`.")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--idle-seconds", type=float, default=20.0)
    options = parser.parse_args()
    report = Report(
        ".venv/bin/python -m bench.footprint",
        "An idle `orquestador up` with its flows to a sandbox Odoo",
        facts={"starts": options.starts},
    )
    with bench_world(limit_s=90 + options.starts * 10 + options.idle_seconds) as world:
        measure(world, options.starts, options.idle_seconds, report)
    return report.finish(options)


if __name__ == "__main__":
    run(main)
