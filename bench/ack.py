"""Durable acknowledgements a second, of both shapes, beside what they are made of.

Each round measures, one after the other and each in a new process on one core: the service; the same with a
commit for each receipt (`bench.ungrouped`); the same without its journal (`bench.no_journal`); and a server
that only answers, which is what the generator can do at most (`bench.responder`). Distinct orders come over
kept connections from the other core. Then everything that could still hold a receipt in its memory is killed
(-9), and every acknowledged one is looked up in the journal.
"""

from __future__ import annotations

import functools
import json
import sqlite3
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from types import MappingProxyType

from bench.client import call
from bench.engines import Engines, Mongo, start_redis
from bench.load import run_load
from bench.processes import BenchFailed, Child, Children, Cores, bench_world, run, wait_for
from bench.report import Measure, Report, arguments, at_least, at_most, columns, command, median, percentile
from bench.world import SECRET, Shape, service_env, start_service
from orquestador.settings.engines import JOURNAL_FILE

CONNECTIONS = 64
WARM_UP_S = 0.5
GROUPED, UNGROUPED, CEILING, BARE = "grouped", "ungrouped", "ceiling", "bare"
BUSY = "beside_worker"
PROGRAMS = {GROUPED: "orquestador", UNGROUPED: "bench.ungrouped", CEILING: "bench.no_journal"}
WORDS = {
    GROUPED: "the service (a commit for all that wait)",
    BUSY: "while a worker folds on the other core",
    UNGROUPED: "a commit for each receipt",
    CEILING: "without the journal",
    BARE: "a server that only answers",
}

Stored = Mapping[str, Sequence[str]]
"""The orders that each receipt in a journal speaks of."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    connections: int


@dataclass(slots=True)
class Found:
    """One program's rounds."""

    per_second: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    """Processor time of the service for one request."""
    engine_us: list[float] = field(default_factory=list)
    """The same of mongod."""
    acknowledged: int = 0
    lost: int = 0
    folded: int = 0
    """Orders that the flows had dealt with when everything was killed."""

    def row(self, label: str) -> tuple[str, ...]:
        rate, p50, p99 = (median(v) for v in (self.per_second, self.p50_ms, self.p99_ms))
        engine = f"{median(self.engine_us):.0f}" if self.engine_us else ""
        kept = f"{self.lost} of {self.acknowledged:,}" if self.acknowledged else ""
        cells = (f"{rate:,.0f}", f"{p50:.1f}", f"{p99:.1f}", f"{median(self.cpu_us):.0f}", engine, kept)
        return (label, *cells)


HEAD = ("", "acks/s", "p50 ms", "p99 ms", "us each", "mongod us", "lost after kill -9")


class House(ABC):
    """One shape of the service, and where its receipts end."""

    title: str
    engine: Child | None = None

    def __init__(self, world: Children, cores: Cores) -> None:
        self._world, self._cores = world, cores

    @abstractmethod
    def settings(self, name: str) -> dict[str, str]:
        """Of a run: a journal of its own."""

    @property
    @abstractmethod
    def command(self) -> str:
        """Which of our commands takes the webhooks."""

    @abstractmethod
    def kill(self, service: Child) -> None:
        """-9 to the service and to every engine that holds receipts."""

    @property
    @abstractmethod
    def programs(self) -> Mapping[str, str]:
        """What takes part in a round: the module that plays the service, for each row of the table."""

    @abstractmethod
    def folded(self, name: str) -> int:
        """How many orders of this run the flows had dealt with."""

    @abstractmethod
    def stored(self, name: str) -> Stored:
        """What the journal of this run has, read past our own code."""

    @abstractmethod
    def clear(self, name: str) -> None:
        """The run is over."""


class Embedded(House):
    title = "embedded: `orquestador up` on SQLite"
    command = "up"
    programs = PROGRAMS

    def settings(self, name: str) -> dict[str, str]:
        return service_env(self._world.folder / name)

    def kill(self, service: Child) -> None:
        service.kill()

    def stored(self, name: str) -> Stored:
        journal = self._world.folder / name / JOURNAL_FILE
        with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT id, refs FROM receipts").fetchall()
        return {receipt: json.loads(refs) for receipt, refs in rows}

    def folded(self, name: str) -> int:
        journal = self._world.folder / name / JOURNAL_FILE
        with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM work WHERE doc IS NOT NULL").fetchone()[0])

    def clear(self, name: str) -> None:
        (self._world.folder / name / JOURNAL_FILE).unlink()


class Production(House):
    title = "production: `orquestador api` on MongoDB and Redis"
    command = "api"
    programs: Mapping[str, str] = MappingProxyType({**PROGRAMS, BUSY: "orquestador"})

    def __init__(self, world: Children, cores: Cores) -> None:
        super().__init__(world, cores)
        self._mongo = Mongo(world, cores.load)
        self._redis = start_redis(world, "ack", self._mongo, cores.load)
        self.engine = self._mongo.child

    def settings(self, name: str) -> dict[str, str]:
        engines = Engines(self._mongo.uri(name), self._redis.redis, self._redis.redis_port)
        return service_env(self._world.folder / name) | engines.settings

    def kill(self, service: Child) -> None:
        self._mongo.child.kill()
        service.kill()
        self.engine = self._mongo.start()

    def stored(self, name: str) -> Stored:
        return {doc["_id"]: doc["refs"] for doc in self._mongo.read(name, "orq_receipts", "refs")}

    def folded(self, name: str) -> int:
        return sum(doc.get("doc") is not None for doc in self._mongo.read(name, "orq_work", "doc"))

    def clear(self, name: str) -> None:
        self._mongo.drop(name)
        self._redis.redis.flushall()


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


def missing(stored: Stored, acknowledged: Iterable[bytes]) -> int:
    """How many acknowledged receipts the journal does not have, or has for another order."""
    lost = 0
    for answer in acknowledged:
        said = json.loads(answer)
        lost += list(stored.get(said["receiptId"], ())) != [said["orderId"]] or said["duplicate"]
    return lost


def load(child: Child, plan: Plan, found: Found, engine: Child | None = None) -> list[bytes]:
    """One measured run; returns every answer."""
    before, before_engine = child.cpu_s(), engine.cpu_s() if engine else 0.0
    sent = run_load(
        child.wait_url(), request, connections=plan.connections, warm_up_s=WARM_UP_S, seconds=plan.seconds
    )
    cpu_s, engine_s = child.cpu_s() - before, engine.cpu_s() - before_engine if engine else 0.0
    if sent.refused:
        raise BenchFailed(f"{child.log.stem}: {sent.refused} requests were not answered with 200")
    found.per_second.append(sent.per_second)
    found.p50_ms.append(percentile(sent.latencies_s, 0.5) * 1000)
    found.p99_ms.append(percentile(sent.latencies_s, 0.99) * 1000)
    found.cpu_us.append(cpu_s / len(sent.answers) * 1e6)
    if engine:
        found.engine_us.append(engine_s / len(sent.answers) * 1e6)
    return sent.answers


def measure(world: Children, house: House, plan: Plan, cores: Cores) -> dict[str, Found]:
    """Alternating rounds of every program. Raises BenchFailed when an acknowledged receipt is lost."""
    found = {program: Found() for program in (*house.programs, BARE)}
    for n in range(plan.rounds):
        for program, module in house.programs.items():
            name = f"{house.command}_{program}_{n}"
            settings = house.settings(name)
            child, url = start_service(
                world, name, settings, core=cores.server, module=module, command=house.command
            )
            helper = None
            if program == BUSY:
                helper = world.start(f"{name}_worker", module, "worker", env=settings, core=cores.load)
                wait_for("the worker tells of itself", functools.partial(has_worker, url), every_s=0.1)
            answers = load(child, plan, found[program], house.engine if program != CEILING else None)
            if helper:
                helper.kill()
            if program == CEILING:
                child.kill()
                continue
            house.kill(child)
            check(house, name, answers, found[program])
        bare = world.start(f"{house.command}_{BARE}_{n}", "bench.responder", core=cores.server)
        load(bare, plan, found[BARE])
        bare.kill()
    return found


def has_worker(url: str) -> bool:
    return any(process["role"] == "worker" for process in call(f"{url}/status")["processes"])


def check(house: House, name: str, answers: Sequence[bytes], rounds: Found) -> None:
    """Look up what was acknowledged before everything was killed."""
    rounds.acknowledged += len(answers)
    rounds.lost += missing(house.stored(name), answers)
    if rounds.lost:
        raise BenchFailed(f"{name}: {rounds.lost} acknowledged orders are not in the journal")
    rounds.folded += house.folded(name)
    house.clear(name)


def ratios(over: Found, under: Found) -> float:
    """The median of the rounds' own ratios: what else runs hits both halves of a round."""
    return median([a / b for a, b in zip(over.per_second, under.per_second, strict=True)])


def judge(shape: Shape, found: dict[str, Found], report: Report) -> None:
    """Add what a shape reached, with its aims."""
    own, alone, bare = (found[program] for program in (GROUPED, UNGROUPED, CEILING))
    by_cpu = median([b / a for a, b in zip(own.cpu_us, bare.cpu_us, strict=True)]) * 100

    def key(name: str) -> str:
        return f"{shape}_{name}"

    report.add(
        at_least(key("acks_per_s"), f"{shape}: acknowledgements", median(own.per_second), "/s", 5000),
        at_least(key("grouped_ratio"), "  beside a commit for each", ratios(own, alone), "x", 2),
        at_least(key("share_of_ceiling"), "  of the app without journal", ratios(own, bare) * 100, "%", 50),
        Measure(key("share_by_cpu"), "  the same by processor time", by_cpu, "%"),
        at_most(key("p99_ms"), "  p99", median(own.p99_ms), "ms", 50),
        Measure(key("p50_ms"), "  p50", median(own.p50_ms), "ms"),
        Measure(key("cpu_us"), "  processor time of each", median(own.cpu_us), "us"),
    )
    if own.engine_us:
        report.add(Measure(key("engine_us"), "    that of mongod", median(own.engine_us), "us"))
    if BUSY in found:
        busy = found[BUSY]
        report.add(
            Measure(key("busy_per_s"), "while a worker folds beside it", median(busy.per_second), "/s"),
            Measure(key("busy_p99_ms"), "  its p99", median(busy.p99_ms), "ms"),
            Measure(key("busy_folded"), "  folded", busy.folded / busy.acknowledged * 100, "%"),
        )
    else:
        report.add(Measure(key("folded"), "  folded meanwhile", own.folded / own.acknowledged * 100, "%"))
    report.add(
        Measure(key("ungrouped_per_s"), "a commit for each receipt", median(alone.per_second), "/s"),
        Measure(key("ungrouped_p50_ms"), "  its p50", median(alone.p50_ms), "ms"),
        Measure(key("ungrouped_p99_ms"), "  its p99", median(alone.p99_ms), "ms"),
        Measure(key("ceiling_per_s"), "the app without its journal", median(bare.per_second), "/s"),
        Measure(key("ceiling_p50_ms"), "  its p50", median(bare.p50_ms), "ms"),
        Measure(key("ceiling_p99_ms"), "  its p99", median(bare.p99_ms), "ms"),
        Measure(key("ceiling_cpu_us"), "  its processor time of each", median(bare.cpu_us), "us"),
        Measure(key("acknowledged"), "acknowledged, then kill -9", own.acknowledged, "orders"),
        at_most(key("lost"), "  of these not in the journal", own.lost, "orders", 0),
        Measure(key("generator_per_s"), "generator, bare", median(found[BARE].per_second), "/s"),
    )


def where(house: House, cores: Cores) -> str:
    """Who shares a core: on a machine with two the engines cannot have their own."""
    beside = "mongod, Redis and the generator" if house.engine else "the generator"
    return f"{house.title}; core {cores.server}: the service, core {cores.load}: {beside}"


def main() -> int:
    parser = arguments("Durable acknowledgements a second on one core, of both shapes.")
    parser.add_argument("--shape", choices=("embedded", "production", "both"), default="both")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="measured in each round and program")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--quick", action="store_true", help="one round of one second: whether it works")
    options = parser.parse_args()
    rounds, seconds = (1, 1.0) if options.quick else (options.rounds, options.seconds)
    plan = Plan(rounds, seconds, options.connections)
    shapes: list[Shape] = ["embedded", "production"] if options.shape == "both" else [options.shape]
    cores = Cores.pick()
    cores.stay_on_load()
    report = Report(
        command("bench.ack"),
        "Acknowledgements: distinct simple orders, secret in the path",
        facts={"rounds": rounds, "seconds_each": seconds, "connections": plan.connections},
    )
    tables = []
    with bench_world(limit_s=30 + len(shapes) * rounds * (5 * seconds + 55)) as world:
        for shape in shapes:
            house: House = Embedded(world, cores) if shape == "embedded" else Production(world, cores)
            found = measure(world, house, plan, cores)
            rows = [HEAD, *(found[which].row(label) for which, label in WORDS.items() if which in found)]
            tables += [f"{where(house, cores)}\n", columns(rows) + "\n"]
            judge(shape, found, report)
    if not options.json:
        sys.stdout.write("\n".join(tables) + "\n")
    return report.finish(options)


if __name__ == "__main__":
    run(main)
