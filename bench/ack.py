"""Durable acknowledgements a second, beside the same app without its journal and beside the generator itself.

Each round starts a new `orquestador up` on one core, posts distinct orders over 64 kept connections from the
other core, ends it by kill -9 and looks up every acknowledged receipt in the journal file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.load import Load, run_load
from bench.processes import BenchFailed, Child, Children, Cores, bench_world, run
from bench.report import Measure, Report, arguments, at_least, at_most, median, percentile
from bench.world import SECRET, service_env, start_service
from orquestador.settings.engines import JOURNAL_FILE

CONNECTIONS = 64
WARM_UP_S = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    connections: int


@dataclass(slots=True)
class Found:
    """One server's rounds."""

    per_second: list[float]
    p50_ms: list[float]
    p99_ms: list[float]
    cpu_us: list[float]
    """Processor time of the server for one request."""

    @classmethod
    def nothing(cls) -> Found:
        return cls([], [], [], [])

    def add(self, load: Load, cpu_s: float) -> None:
        if load.refused:
            raise BenchFailed(f"{load.refused} requests were not answered with 200")
        self.per_second.append(load.per_second)
        self.p50_ms.append(percentile(load.latencies_s, 0.5) * 1000)
        self.p99_ms.append(percentile(load.latencies_s, 0.99) * 1000)
        self.cpu_us.append(cpu_s / len(load.answers) * 1e6)


def request(n: int) -> bytes:
    """The n-th order as it goes over the wire: the documented body, the secret as last part of the path."""
    body = (
        b'{"orderId": "BENCH-%d", "products": [{"sku": "SKU-00001", "quantity": 2, "price": 15990}], '
        b'"status": "confirmed", "timestamp": "2026-11-24T12:00:00Z"}' % n
    )
    return (
        b"POST /falabella/webhook/order/%b HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%b" % (SECRET.encode(), len(body), body)
    )


def missing(journal: Path, acknowledged: Sequence[bytes]) -> int:
    """How many acknowledged receipts the journal does not have, or has for another order."""
    with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as connection:
        stored = dict(connection.execute("SELECT id, refs FROM receipts").fetchall())
    lost = 0
    for answer in acknowledged:
        said = json.loads(answer)
        lost += json.loads(stored.get(said["receiptId"], "[]")) != [said["orderId"]] or said["duplicate"]
    return lost


def folded(journal: Path) -> int:
    """How many orders the flows had dealt with when the process was killed."""
    with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM work WHERE doc IS NOT NULL").fetchone()[0])


def measure(world: Children, plan: Plan, cores: Cores, report: Report) -> None:
    def load(child: Child, found: Found) -> Load:
        before = child.cpu_s()
        sent = run_load(
            child.wait_url(),
            request,
            connections=plan.connections,
            warm_up_s=WARM_UP_S,
            seconds=plan.seconds,
        )
        found.add(sent, child.cpu_s() - before)
        return sent

    settings = service_env(world.folder / "no-journal")
    ceiling = world.start("no-journal", "bench.no_journal", env=settings, core=cores.server)
    responder = world.start("responder", "bench.responder", core=cores.server)
    durable, bare, own = Found.nothing(), Found.nothing(), Found.nothing()
    acknowledged = lost = done = 0
    for n in range(plan.rounds):
        up, _ = start_service(world, f"up-{n}", core=cores.server)
        sent = load(up, durable)
        up.kill()
        journal = world.folder / f"up-{n}" / JOURNAL_FILE
        acknowledged += len(sent.answers)
        lost += missing(journal, sent.answers)
        if lost:
            raise BenchFailed(f"{lost} acknowledged orders are not in the journal")
        done += folded(journal)
        load(ceiling, bare)
        load(responder, own)
    share = median([a / b * 100 for a, b in zip(durable.per_second, bare.per_second, strict=True)])
    by_cpu = median([b / a * 100 for a, b in zip(durable.cpu_us, bare.cpu_us, strict=True)])
    report.facts["folded_meanwhile"] = f"{done / acknowledged:.0%}"
    report.add(
        at_least("acks_per_s", "durable acknowledgements", median(durable.per_second), "/s", 5000),
        at_least("share_of_ceiling", "  of the app without the journal", share, "%", 50),
        Measure("share_by_cpu", "  the same by processor time", by_cpu, "%"),
        at_most("p99_ms", "p99", median(durable.p99_ms), "ms", 50),
        Measure("p50_ms", "p50", median(durable.p50_ms), "ms"),
        Measure("cpu_us", "processor time of each", median(durable.cpu_us), "us"),
        Measure("ceiling_per_s", "app without the journal", median(bare.per_second), "/s"),
        Measure("ceiling_p99_ms", "  its p99", median(bare.p99_ms), "ms"),
        Measure("ceiling_cpu_us", "  its processor time of each", median(bare.cpu_us), "us"),
        Measure("generator_per_s", "load generator against a bare responder", median(own.per_second), "/s"),
        Measure("acknowledged", "acknowledged, then kill -9", acknowledged, "orders"),
        at_most("lost", "  of these not in the journal", lost, "orders", 0),
    )


def main() -> int:
    parser = arguments("Durable acknowledgements a second of `orquestador up` on one core.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="measured in each round and server")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    options = parser.parse_args()
    plan = Plan(options.rounds, options.seconds, options.connections)
    cores = Cores.pick()
    cores.stay_on_load()
    report = Report(
        ".venv/bin/python -m bench.ack",
        "Acknowledgements: distinct simple orders, secret in the path",
        facts={"rounds": plan.rounds, "seconds_each": plan.seconds, "connections": plan.connections},
    )
    with bench_world(limit_s=30 + plan.rounds * (3 * plan.seconds + 30)) as world:
        measure(world, plan, cores, report)
    return report.finish(options)


if __name__ == "__main__":
    run(main)
