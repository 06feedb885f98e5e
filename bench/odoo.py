"""Odoo as our adapter asks it: calls and time for each order by the size of the batch, and for reading stock.

Nothing of the service runs but the adapter, called as the ERP lane and the pushers call it. The sandbox
answers as slowly as the measured servers. With ODOO_CONTRACT_URL, _DB, _USER and _PASSWORD (and _API_KEY:
JSON-2 from 19 on) the same is done on that server, without the sweep, in its first warehouse, with products
and documents of its own under a prefix: the products are archived at the end, done documents stay.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from bench.processes import BenchFailed, Children, bench_world, run
from bench.report import Measure, Report, arguments, at_least, at_most, command, median
from orquestador.clock import SystemClock
from orquestador.erp.odoo import OdooErp, OdooSettings
from orquestador.model.orders import Direction
from orquestador.model.stock import Availability
from orquestador.ports import Erp, Movement, MovementState

PAGE = 500
SOLD = 100
"""So many SKUs are sold, in turn: no two orders of a batch want the same one."""
SIZES = (1, 20, 50)
UNITS_EACH = 1000
API_KEY = "ODOO_CONTRACT_API_KEY"
REAL = ("ODOO_CONTRACT_URL", "ODOO_CONTRACT_DB", "ODOO_CONTRACT_USER", "ODOO_CONTRACT_PASSWORD")


@dataclass(frozen=True, slots=True)
class Server:
    """One Odoo and SKUs in it that nobody else moves."""

    url: str
    db: str
    user: str
    password: str = field(repr=False)
    label: str
    skus: Sequence[str]
    prefix: str = "BENCH-"
    warehouse: str | None = None
    """Its code; None = the only one."""
    key: str = field(default="", repr=False)
    """An API key of the same user, in the password's place: JSON-2 from 19 on."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is done."""

    one_by_one: int
    batched: int
    reads: int
    sweep: int
    online: int


FULL = Sizes(one_by_one=40, batched=300, reads=10, sweep=10_000, online=150)
QUICK = Sizes(one_by_one=2, batched=50, reads=2, sweep=1000, online=0)


@dataclass(slots=True)
class Asked:
    """What something took: calls to Odoo, and seconds."""

    calls: int = 0
    s: float = 0.0


class Odoo:
    """The adapter, with its calls counted."""

    def __init__(self, server: Server, adapter: OdooErp, calls: list[object]) -> None:
        self.server, self.adapter, self._calls = server, adapter, calls
        self.erp: Erp = adapter

    @classmethod
    @asynccontextmanager
    async def open(cls, server: Server, **pace: Any) -> AsyncIterator[Odoo]:
        """Ready: logged in, its set-up read."""
        calls: list[object] = []
        who = (server.user, server.key or server.password, bool(server.key))
        known = OdooSettings(server.url, server.db, *who, warehouse=server.warehouse, **pace)
        erp = OdooErp(known, SystemClock(), log=calls.append)
        try:
            await erp.products(server.skus[:1])
            yield cls(server, erp, calls)
        finally:
            await erp.close()

    @contextmanager
    def measured(self) -> Iterator[Asked]:
        asked, before, began = Asked(), len(self._calls), time.perf_counter()
        yield asked
        asked.calls, asked.s = len(self._calls) - before, time.perf_counter() - began

    async def on_hand(self, skus: Sequence[str]) -> dict[str, float]:
        found = await self.erp.availability(skus)
        wrong = [sku for sku in skus if not isinstance(found.get(sku), Availability)]
        if wrong:
            raise BenchFailed(f"no number for {wrong[:5]}")
        return {sku: n.on_hand for sku, n in found.items() if isinstance(n, Availability)}


async def deliver(odoo: Odoo, name: str, size: int, orders: int) -> Asked:
    """So many orders of one unit, `size` in each batch, as the lane does a batch: the products are looked up,
    then all is created, validated and read back."""
    sold = [odoo.server.skus[n % SOLD] for n in range(orders)]
    before = await odoo.on_hand(odoo.server.skus[:SOLD])
    numbered = enumerate(sold)
    with odoo.measured() as asked:
        while batch := list(itertools.islice(numbered, size)):
            ids = await odoo.erp.products([sku for _, sku in batch])
            movements = [
                Movement(f"{odoo.server.prefix}{name}-{size}/{n}/1", Direction.OUT, ((int(ids[sku]), 1.0),))
                for n, sku in batch
            ]
            outcomes = await odoo.erp.apply(movements)
            failed = [key for key, o in outcomes.items() if o.state is not MovementState.DONE]
            if failed or len(outcomes) != len(batch):
                raise BenchFailed(f"not done: {failed[:5]}")
    after = await odoo.on_hand(odoo.server.skus[:SOLD])
    wrong = [sku for sku in before if after[sku] != before[sku] - sold.count(sku)]
    if wrong:
        raise BenchFailed(f"the ERP has wrong numbers for {wrong[:5]}")
    return asked


async def measure_deliveries(odoo: Odoo, sizes: Sizes, report: Report, way: str = "deliver") -> None:
    """`way`: deliver, by the ordinary calls, or accelerator, by the server action."""
    per_second = {}
    kind = "" if way == "deliver" else f"{way}_"
    for size in SIZES:
        orders = sizes.one_by_one if size == 1 else sizes.batched
        asked = await deliver(odoo, f"free{kind}", size, orders)
        per_second[size] = orders / asked.s
        calls = asked.calls / orders
        key, label = f"{kind}calls_per_order_{size}", f"{way}, {size} in a batch: calls for each order"
        report.add(
            at_most(key, label, calls, "", 0.1) if size == SIZES[-1] else Measure(key, label, calls, ""),
            Measure(f"{kind}ms_per_order_{size}", "  time for each", asked.s * 1000 / orders, "ms"),
            Measure(f"{kind}orders_per_s_{size}", "  orders a second", per_second[size], "/s"),
        )
    gain = per_second[SIZES[-1]] / per_second[1]
    label = f"  {SIZES[-1]} in a batch beside one by one"
    report.add(Measure(f"{kind}gain", label, gain, "x") if kind else at_least("gain", label, gain, "x", 4))


async def measure_accelerator(server: Server, sizes: Sizes, report: Report) -> None:
    """With the server action, which is put there for the measurement and removed afterwards."""
    async with Odoo.open(server, prefix=server.prefix) as odoo:
        await odoo.adapter.install_action()
        try:
            await odoo.erp.check()
            await measure_deliveries(odoo, sizes, report, "accelerator")
        finally:
            await odoo.adapter.remove_action()


async def measure_reads(odoo: Odoo, sizes: Sizes, report: Report) -> None:
    page = odoo.server.skus[:PAGE]
    reads = []
    for _ in range(sizes.reads):
        with odoo.measured() as asked:
            await odoo.on_hand(page)
        reads.append(asked)
    report.add(
        at_most(
            "availability_calls", f"availability of {PAGE} SKUs: calls", max(r.calls for r in reads), "", 1
        ),
        Measure("availability_ms", "  time, median", median([r.s * 1000 for r in reads]), "ms"),
    )


async def measure_sweep(odoo: Odoo, report: Report) -> None:
    skus = odoo.server.skus
    with odoo.measured() as asked:
        await odoo.on_hand(skus)
    pages = -(-len(skus) // PAGE)
    report.add(
        at_most("sweep_calls", f"sweep over {len(skus):,} SKUs: calls", asked.calls, "", pages),
        Measure("sweep_s", "  time", asked.s, "s"),
    )


async def measure_online(server: Server, sizes: Sizes, report: Report) -> None:
    async with Odoo.open(server, calls_per_s=1.0, in_flight=1) as odoo:
        asked = await deliver(odoo, "online", SIZES[-1], sizes.online)
    report.add(
        Measure(
            "orders_per_s_online",
            f"deliver, {SIZES[-1]} in a batch, ODOO_PACE=online",
            sizes.online / asked.s,
            "/s",
        )
    )


async def measure(server: Server, sizes: Sizes, report: Report, *, sweep: bool) -> None:
    async with Odoo.open(server) as odoo:
        await measure_deliveries(odoo, sizes, report)
        await measure_reads(odoo, sizes, report)
        if sweep:
            await measure_sweep(odoo, report)
    await measure_accelerator(server, sizes, report)
    if sizes.online:
        await measure_online(server, sizes, report)


def sandbox(world: Children, version: str, catalogue: int) -> Server:
    """A sandbox with so many products, as slow as the measured servers."""
    options = ("--port", "0", "--version", version, "--seed-catalog", str(catalogue), "--latency", "measured")
    url = world.start("odoo", "orquestador", "sandbox", "odoo", *options).wait_url()
    skus = [f"SKU-{n:05d}" for n in range(1, catalogue + 1)]
    return Server(url, "sandbox", "admin", "admin", f"Odoo {version} (sandbox, --latency measured)", skus)


class Person:
    """Another client of a real server: makes the products that are sold, and archives them."""

    def __init__(self, http: httpx2.Client, db: str, user: str, password: str) -> None:
        self._http, self._db, self._password = http, db, password
        self.version: str = self._call("common", "version")["server_version"]
        self._uid = self._call("common", "authenticate", db, user, password, {})
        if not self._uid:
            raise BenchFailed(f"{REAL[2]} and {REAL[3]} are refused")

    def make(self, skus: Sequence[str]) -> tuple[list[int], str]:
        """Products of their own with stock in the first warehouse; their ids, and its code."""
        stored: dict[str, object] = {"type": "consu", "is_storable": True}
        if int(self.version.partition(".")[0].removeprefix("saas~")) <= 17:
            stored = {"type": "product"}
        ids: list[int] = self._on(
            "product.product",
            "create",
            [[{"name": f"{sku} (benchmark)", "default_code": sku, **stored} for sku in skus]],
        )
        fields = ["lot_stock_id", "code"]
        first = self._on("stock.warehouse", "search_read", [[]], fields=fields, limit=1, order="id")[0]
        here = first["lot_stock_id"][0]
        counted = [{"product_id": i, "location_id": here, "inventory_quantity": UNITS_EACH} for i in ids]
        quants = self._on("stock.quant", "create", [counted], context={"inventory_mode": True})
        self._on("stock.quant", "action_apply_inventory", [quants])
        return ids, str(first["code"])

    def archive(self, ids: Sequence[int]) -> None:
        self._on("product.product", "write", [list(ids), {"active": False}])

    def _on(self, model: str, method: str, args: list[object], **kwargs: object) -> Any:
        who = (self._db, self._uid, self._password)
        return self._call("object", "execute_kw", *who, model, method, args, kwargs)

    def _call(self, service: str, method: str, *args: object) -> Any:
        params = {"service": service, "method": method, "args": args}
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        answer = self._http.post("/jsonrpc", json=body).raise_for_status().json()
        if "error" in answer:
            data = answer["error"]["data"]
            raise BenchFailed(f"{REAL[0]}: {method} {args[3:5]}: {data['name']}: {data['message'][:200]}")
        return answer.get("result")


@contextmanager
def real_server() -> Iterator[Server | None]:
    """The server of ODOO_CONTRACT_*, with PAGE products of ours; None when it is not set."""
    given = [os.environ.get(name, "") for name in REAL]
    if not any(given):
        yield None
        return
    missing = [name for name, value in zip(REAL, given, strict=True) if not value]
    if missing:
        raise BenchFailed(f"{', '.join(missing)} must be set as well")
    url, db, user, password = given
    prefix = f"BENCH-{int(time.time())}-"
    skus = [f"{prefix}{n:05d}" for n in range(1, PAGE + 1)]
    with httpx2.Client(base_url=url, timeout=120, trust_env=False) as http:
        person = Person(http, db, user, password)
        ids, warehouse = person.make(skus)
        key = os.environ.get(API_KEY, "")
        label = f"Odoo {person.version}{' by API key' if key else ''}"
        try:
            yield Server(url, db, user, password, label, skus, prefix, warehouse, key)
        finally:
            person.archive(ids)


def main() -> int:
    parser = arguments("Odoo: calls and time for each order, for reading 500 SKUs, and for a sweep.")
    parser.add_argument("--version", choices=("17", "18", "19"), default="18", help="of the sandbox")
    parser.add_argument("--quick", action="store_true", help="few orders, a small sweep: whether it works")
    options = parser.parse_args()
    sizes = QUICK if options.quick else FULL
    with real_server() as real, bench_world(limit_s=600) as world:
        server = real or sandbox(world, options.version, sizes.sweep)
        facts: dict[str, object] = {"one_by_one": sizes.one_by_one, "batched": sizes.batched}
        report = Report(command("bench.odoo"), f"Our adapter on {server.label}", facts=facts)
        asyncio.run(measure(server, sizes, report, sweep=real is None))
    return report.finish(options)


if __name__ == "__main__":
    run(main)
