"""The whole thing as separate processes on free ports of 127.0.0.1: two sandboxes, and the service as one
process on SQLite, or as an api and a worker on MongoDB and Redis."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import uuid4

import httpx2
from bson import encode
from pymongo import MongoClient

from orquestador.ops.mongologs import COLLECTION as LOGS
from tests.engines import shared_mongod
from tests.redis_server import shared_redis

T = TypeVar("T")
SECRET = "a-webhook-secret-for-tests"
ADMIN = {"Authorization": "Bearer admin-key-for-tests-0001"}
PATIENCE_S = 60.0
LOADED_S = 8.0
"""What a busy machine of two cores may add to a limit."""
SEED = 130


class Shape(StrEnum):
    EMBEDDED = "embedded"
    """`up` on SQLite, with a queue in the process."""
    PRODUCTION = "production"
    """`api` and `worker` on MongoDB and Redis."""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_for(what: str, state: Callable[[], T], patience_s: float = PATIENCE_S) -> T:
    """The first true value of `state`, asked until then; fails with the last one."""
    deadline = time.monotonic() + patience_s
    while True:
        value = state()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience_s} s: {what}; last: {value!r}")
        time.sleep(0.03)  # between two looks at a state, not a wait for time to pass


@dataclass
class Child:
    """A process of ours with its log; `url` once it listens."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str = ""

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def start(arguments: list[str], *, log: Path, env: Mapping[str, str], cwd: Path) -> Child:
    clean = {k: os.environ[k] for k in ("PATH", "HOME", "TMPDIR") if k in os.environ}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "orquestador", *arguments],
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**clean, "LANG": "C.UTF-8", **env},
            cwd=cwd,
        )
    return Child(process, log)


@dataclass
class Sandbox:
    """A simulated upstream."""

    child: Child
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=20, trust_env=False))

    @property
    def url(self) -> str:
        return self.child.url

    def state(self) -> Any:
        return self.client.get(f"{self.url}/_sandbox/state").raise_for_status().json()

    def post(self, path: str, body: object) -> Any:
        return self.client.post(f"{self.url}/_sandbox/{path}", json=body).raise_for_status().json()

    @contextmanager
    def faulty(self, **switches: object) -> Iterator[None]:
        """These switches are on inside; afterwards they are as they were."""
        before = self.client.get(f"{self.url}/_sandbox/faults").raise_for_status().json()
        self.post("faults", switches)
        try:
            yield
        finally:
            self.post("faults", {name: before.get(name) for name in switches})

    def odoo(self, model: str, method: str, *args: object) -> Any:
        """A call as the administrator of the simulated Odoo."""
        params = {
            "service": "object",
            "method": "execute_kw",
            "args": ["sandbox", 2, "admin", model, method, list(args)],
        }
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        answer = self.client.post(f"{self.url}/jsonrpc", json=body).raise_for_status().json()
        assert "error" not in answer, answer
        return answer.get("result")


class Stack:
    """One test's world. `env` overrides settings of the service for every start.

    In the production shape it has a database of its own, which also names its keys in Redis.
    """

    odoo_version = 18

    def __init__(self, folder: Path, shape: Shape = Shape.EMBEDDED, **env: str) -> None:
        self.folder, self.shape = folder, shape
        self._next_sku = 0
        self.children: list[Child] = []
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx2.Client(base_url=self.url, timeout=30, trust_env=False)
        self.database = f"orq_{uuid4().hex[:12]}"
        self.odoo = self._sandbox(
            "odoo", f"{self.url}/odoo/webhook/stock-change/{SECRET}", "--version", str(self.odoo_version)
        )
        self.falabella = self._sandbox("falabella", f"{self.url}/falabella/webhook/order/{SECRET}")
        self.env = {
            "PORT": str(self.port),
            "DATA_DIR": str(folder / "data"),
            "APP_LANG": "en",
            "ODOO_URL": self.odoo.url,
            "ODOO_DB": "sandbox",
            "ODOO_USERNAME": "admin",
            "ODOO_PASSWORD": "admin",
            "ODOO_WEBHOOK_SECRET": SECRET,
            "ODOO_POLL_S": "1",
            "HINT_DELAYS_S": "0.3,2",
            "ORDERS_POLL_S": "2",
            "FALABELLA_API_URL": self.falabella.url,
            "FALABELLA_USER_ID": "ops@example.com",
            "FALABELLA_API_KEY": "test-api-key-0000",
            "FALABELLA_WEBHOOK_SECRET": SECRET,
            "FEED_FIRST_POLL_S": "0.15",
            "FEED_POLL_S": "0.1",
            "API_KEYS": "tests:admin:admin-key-for-tests-0001",
            # Waiting for a state asks as fast as it can.
            "API_RATE_LIMIT": "off",
            **self._stores(),
            **env,
        }
        self.falabella.post("faults", {"feed_delay_s": 0.1, "e012_s": 0.05})
        self.service: Child | None = None
        """What answers HTTP: `up` itself in the embedded shape."""
        self.workers: list[Child] = []

    def _stores(self) -> dict[str, str]:
        if self.shape is Shape.EMBEDDED:
            return {}
        return {
            "MONGODB_URI": f"mongodb://127.0.0.1:{shared_mongod().port}/{self.database}",
            "REDIS_URL": shared_redis().url,
        }

    def forget_journal(self) -> None:
        """Its store is gone, and nobody must be running."""
        if self.shape is Shape.EMBEDDED:
            for file in (self.folder / "data").glob("orquestador.sqlite3*"):
                file.unlink()
            return
        with MongoClient[dict[str, Any]](self.env["MONGODB_URI"]) as server:
            server.drop_database(self.database)

    def _sandbox(self, kind: str, webhook: str, *more: str) -> Sandbox:
        log = self.folder / f"{kind}.log"
        child = start(
            ["sandbox", kind, "--port", "0", "--seed-catalog", str(SEED), "--webhook", webhook, *more],
            log=log,
            env={},
            cwd=self.folder,
        )
        self.children.append(child)

        def address() -> str:
            found = re.search(r"listening on (http://[\d.:]+)", log.read_text())
            assert child.process.poll() is None, log.read_text()
            return found.group(1) if found else ""

        child.url = wait_for(f"{kind} sandbox listens", address)
        return Sandbox(child)

    def up(self, *, ready: bool = True, **env: str) -> None:
        """Start the service, all of it; `ready`: until every flow runs."""
        if self.shape is Shape.PRODUCTION:
            self.start_worker(**env)
        self.start_api(ready=ready, **env)

    def start_api(self, *arguments: str, ready: bool = True, **env: str) -> Child:
        """What answers HTTP; `ready`: until every flow runs, in whatever process."""
        command = ["up"] if self.shape is Shape.EMBEDDED else ["api", *arguments]
        self.service = self._start(command, env)
        self.listens(ready=ready)
        return self.service

    def start_worker(self, **env: str) -> Child:
        """One more process that runs the flows; returns before it does."""
        worker = self._start(["worker"], env)
        self.workers.append(worker)
        return worker

    def _start(self, command: list[str], env: Mapping[str, str]) -> Child:
        log = self.folder / f"{command[0]}.log"
        child = start(command, log=log, env={**self.env, **env}, cwd=self.folder)
        self.children.append(child)
        return child

    def listens(self, *, ready: bool = True) -> None:
        """Wait until it answers, and with `ready`, until every flow runs."""

        def answers() -> bool:
            for child in (self.service, *self.workers):
                assert child is not None
                assert child.process.poll() is None, child.log.read_text()[-4000:]
            try:
                answer = self.client.get("/health/ready" if ready else "/health/live")
            except httpx2.TransportError:
                return False
            return answer.status_code == 200

        wait_for("service is up", answers)

    def kill(self) -> None:
        """kill -9, all processes of the service."""
        self.kill_api()
        for worker in list(self.workers):
            self.kill_worker(worker)

    def kill_api(self) -> None:
        assert self.service is not None
        self.service.kill()

    def kill_worker(self, worker: Child | None = None) -> None:
        """This one, else the only one."""
        worker = worker or self.workers[0]
        worker.kill()
        self.workers.remove(worker)

    def printed(self) -> dict[str, bytes]:
        """What the processes of the service wrote to their logs, by file."""
        files = [self.folder / f"{name}.log" for name in ("up", "api", "worker")]
        return {file.name: file.read_bytes() for file in files if file.exists()}

    def stored_logs(self) -> dict[str, bytes]:
        """The call logs as they rest in the store."""
        if self.shape is Shape.EMBEDDED:
            return {f.name: f.read_bytes() for f in (self.folder / "data").glob("logs.sqlite3*")}
        with MongoClient[dict[str, Any]](self.env["MONGODB_URI"]) as client:
            return {"logs": b"".join(encode(row) for row in client[self.database][LOGS].find())}

    def cli(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ours with the same settings."""
        clean = {k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ}
        return subprocess.run(
            [sys.executable, "-m", "orquestador", *arguments],
            capture_output=True,
            text=True,
            env={**clean, "LANG": "C.UTF-8", **self.env, **env},
            cwd=self.folder,
            timeout=60,
            check=False,
        )

    def get(self, path: str, **params: str) -> Any:
        return self.client.get(path, params=params, headers=ADMIN).raise_for_status().json()

    def sell(self, *items: tuple[str, int], notify: bool = True, **more: object) -> str:
        """An order on the marketplace; returns its id."""
        body = {"items": [{"sku": s, "quantity": q} for s, q in items], "notify": notify, **more}
        return str(self.falabella.post("orders", body)["orderId"])

    def set_status(self, order_id: str, status: str, *, notify: bool = True) -> None:
        self.falabella.post(f"orders/{order_id}/status", {"status": status, "notify": notify})

    def simple(
        self,
        order_id: str,
        status: str = "confirmed",
        *rows: tuple[str, int],
        at: str = "2026-11-24T10:00:00Z",
        **items: int,
    ) -> httpx2.Response:
        """The documented body; rows are (SKU, units), keyword `SKU_00001=2` is 2 units of SKU-00001."""
        rows += tuple((s.replace("_", "-"), q) for s, q in items.items())
        products = [{"sku": s, "quantity": q, "price": 9990} for s, q in rows]
        return self.client.post(
            "/falabella/webhook/order",
            headers={"x-falabella-signature": SECRET},
            json={"orderId": order_id, "products": products, "status": status, "timestamp": at},
        )

    def on_hand(self, sku: str) -> int:
        return int(self.odoo.state()["stock"][sku]["on_hand"])

    def shown(self, sku: str) -> int:
        return int(self.falabella.state()["stock"][sku])

    def refill(self) -> None:
        """Let the clock of both sides run until the marketplace's scarce calls are all there again.

        Tests that share a stack share its budget; short of calls, pushes rightly wait for each other.
        """
        self.idle()
        channel = self.get("/channels")["items"][0]
        missing = channel["budgetSize"] - channel["budgetLeft"]
        if missing > 5:
            self.falabella.post("clock", {"advance_s": missing * 121})

    def sku(self) -> str:
        """One that nobody has used yet, 1,000 units on both sides: tests that share a stack share no SKU."""
        self._next_sku += 1
        assert self._next_sku <= SEED, "raise SEED"
        return f"SKU-{self._next_sku:05d}"

    def set_stock(self, sku: str, on_hand: int) -> None:
        """A person books the ERP's stock to this number."""
        if delta := on_hand - self.on_hand(sku):
            self.odoo.post("move", {"sku": sku, "delta": delta})

    def pickings(self, order_id: str) -> list[str]:
        """Names of the ERP documents that carry the key of this order, in any state."""
        names = [p["name"] for p in self.odoo.state()["pickings"]]
        return sorted(n for n in names if n.startswith(f"falabella/{order_id}/"))

    def feeds(self, sku: str) -> list[int]:
        """The numbers that were ever sent to the marketplace for this SKU, oldest first."""
        feeds = self.falabella.state()["feeds"]
        return [r["quantity"] for feed in feeds for r in feed["skus"] if r["sku"] == sku]

    def known(self, order_id: str) -> Any:
        """Wait until there is a row for this order; the row."""
        return wait_for(f"{order_id} is known", lambda: self.order(order_id))

    def order_is(self, order_id: str, state: str, reason: str | None = None) -> Any:
        """Wait for this state of an order, and for a reason that begins like this; its row."""

        def reached() -> Any:
            row = self.order(order_id)
            good = row and row["state"] == state and (row["reason"] or "").startswith(reason or "")
            return row if good else None

        try:
            return wait_for(f"{order_id} is {state} {reason or ''}", reached)
        except AssertionError as e:
            row = self.order(order_id) or {}
            raise AssertionError(f"{e}; it is {row.get('state')} {row.get('reason')}") from e

    def listing(self, sku: str) -> Any:
        return self.get(f"/work/listing:falabella:{sku}")

    def listed(self, sku: str) -> Any:
        """Wait until the catalogue with this SKU was read and its first look is over; its row."""

        def row() -> Any:
            answer = self.client.get(f"/work/listing:falabella:{sku}", headers=ADMIN)
            return answer.json() if answer.status_code == 200 else None

        return wait_for(
            f"{sku} is listed", lambda: (found := row()) and found["state"] == "settled" and found
        )

    def listing_when(self, what: str, sku: str, holds: Callable[[Any], object]) -> Any:
        """Wait until this holds for a listing; its row."""

        def row() -> Any:
            found = self.listing(sku)
            return found if holds(found) else None

        return wait_for(f"{sku}: {what}", row)

    def sent(self, sku: str, *numbers: int) -> None:
        """Wait until exactly these numbers were ever sent for this SKU."""
        wait_for(f"{sku}: {numbers} are sent", lambda: self.feeds(sku) == list(numbers))

    def confirmed(self, sku: str, number: int) -> None:
        """Wait until the marketplace has confirmed this number."""
        self.listing_when(
            f"{number} is confirmed",
            sku,
            lambda row: row["listing"]["confirmed"] and row["listing"]["confirmed"]["quantity"] == number,
        )

    def logs(self, path: str = "/logs", **filters: str) -> list[Any]:
        """Every entry of this list, all pages."""
        items: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, **filters, **cursor)
            items += page["items"]
            if page["nextCursor"] is None:
                return items
            cursor = {"cursor": page["nextCursor"]}

    def idle(self) -> None:
        """Wait until no webhook is under way and no work is due, being done or followed."""

        def quiet() -> bool:
            said = self.get("/status")
            work: int = said["due"] + said["openEffects"] + said["openJobs"]
            return not work and not self.falabella.state()["webhooks"]["pending"]

        wait_for("idle", quiet)

    def order(self, order_id: str) -> Any:
        """The row of an order as the API shows it, or None."""
        answer = self.client.get(f"/work/order:falabella:{order_id}", headers=ADMIN)
        return answer.json() if answer.status_code == 200 else None

    def settles(self, expected: Mapping[str, int] = MappingProxyType({}), **more: int) -> None:
        """Wait until the ERP has, and the marketplace shows, these numbers (`SKU_00001=7`)."""
        wanted = {**expected, **{s.replace("_", "-"): n for s, n in more.items()}}

        def numbers() -> tuple[dict[str, int], dict[str, int]]:
            erp, shop = self.odoo.state()["stock"], self.falabella.state()["stock"]
            return {s: int(erp[s]["on_hand"]) for s in wanted}, {s: int(shop[s]) for s in wanted}

        shop_wanted = {s: max(0, n) for s, n in wanted.items()}
        try:
            wait_for("numbers agree", lambda: numbers() == (wanted, shop_wanted))
        except AssertionError as e:
            raise AssertionError(f"wanted {wanted}, (erp, shop) is {numbers()}") from e

    def close(self) -> None:
        for client in (self.client, self.odoo.client, self.falabella.client):
            client.close()
        for child in reversed(self.children):
            if child.process.poll() is None:
                child.process.kill()
                child.process.wait()
        if self.shape is Shape.PRODUCTION:
            self.forget_journal()


@contextmanager
def stack(folder: Path, shape: Shape = Shape.EMBEDDED, **env: str) -> Iterator[Stack]:
    world = Stack(folder, shape, **env)
    try:
        yield world
    finally:
        world.close()
