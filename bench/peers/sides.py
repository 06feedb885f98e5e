"""The two sides as the races see them: started, fed, killed, looked at from outside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from typing import Any

from bench.client import answers, call
from bench.engines import Engines
from bench.peers.program import MAIN, node
from bench.processes import BenchFailed, Child, Children, wait_for
from bench.world import SECRET, Shape, service_env
from tests.redis_server import free_port

JSON = "application/json"
_SIGNATURE = "x-falabella-signature"
_QUEUE = "bull:stock"


class Side(ABC):
    """One service on a port of its own that survives its death."""

    label: str

    def __init__(self, world: Children, name: str, engines: Engines, odoo: str, core: int | None) -> None:
        self._world, self._name, self._engines, self._odoo, self._core = world, name, engines, odoo, core
        self.url = f"http://127.0.0.1:{free_port()}"
        self._child: Child | None = None

    @abstractmethod
    def start(self) -> None:
        """Start the process; returns before it answers."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether it takes orders and writes to the ERP."""

    @abstractmethod
    def settled(self) -> bool:
        """Whether it has nothing left to do."""

    @abstractmethod
    def back_s(self, killed_at: float, in_flight: list[str], orders: list[str]) -> float | None:
        """How long after the kill the last order that was in flight then was done; None: there was none."""

    def in_flight(self) -> list[str]:
        """What it works on, where that must be asked before a kill."""
        return []

    def wait_ready(self) -> None:
        wait_for(f"{self._name} is ready", self.ready, every_s=0.05)

    def kill(self) -> None:
        assert self._child is not None
        self._child.kill()

    def flush(self) -> bool:
        """FLUSHALL; False where there is no Redis."""
        self._engines.redis.flushall()
        return True

    def post(self, connection: HTTPConnection, body: bytes) -> None:
        """Send an order. Raises BenchFailed unless it is acknowledged."""
        headers = {"Content-Type": JSON, _SIGNATURE: SECRET}
        connection.request("POST", "/falabella/webhook/order", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise BenchFailed(f"{self._name} answered {answer.status}: {content[:300]!r}")

    def _upstream(self) -> dict[str, str]:
        return {
            "ODOO_URL": self._odoo,
            "ODOO_DB": "sandbox",
            "ODOO_USERNAME": "admin",
            "ODOO_PASSWORD": "admin",
            "PORT": self.url.rpartition(":")[2],
        }


class Original(Side):
    """The original design with so many jobs at a time (Bull's own default is 1)."""

    def __init__(
        self, world: Children, name: str, engines: Engines, odoo: str, core: int | None, concurrency: int
    ) -> None:
        super().__init__(world, name, engines, odoo, core)
        self._concurrency = concurrency
        self.label = f"original design, concurrency {concurrency}"

    def start(self) -> None:
        env = {
            **self._upstream(),
            "NODE_ENV": "production",
            "FALABELLA_WEBHOOK_SECRET": SECRET,
            "MONGODB_URI": self._engines.mongo_uri,
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self._engines.redis_port),
            "STOCK_CONCURRENCY": str(self._concurrency),
        }
        self._child = self._world.run(self._name, node(), str(MAIN), env=env, core=self._core)

    def ready(self) -> bool:
        return answers(f"{self.url}/health")

    def settled(self) -> bool:
        return not (self._engines.redis.llen(f"{_QUEUE}:wait") or self.in_flight())

    def in_flight(self) -> list[str]:
        found: Any = self._engines.redis.lrange(f"{_QUEUE}:active", 0, -1)
        return list(found)

    def back_s(self, killed_at: float, in_flight: list[str], orders: list[str]) -> float | None:
        ends: list[Any] = [self._engines.redis.hget(f"{_QUEUE}:{job}", "finishedOn") for job in in_flight]
        return max((int(end) / 1000 - killed_at for end in ends if end), default=None)


class Ours(Side):
    """`orquestador up` with so many orders in one ERP call.

    One process in both shapes: the peer, too, is one that takes webhooks and works, so both have one core for
    all of it, and a kill ends all of it.
    """

    def __init__(
        self,
        world: Children,
        name: str,
        engines: Engines,
        odoo: str,
        core: int | None,
        batch: int,
        shape: Shape,
    ) -> None:
        super().__init__(world, name, engines, odoo, core)
        self._batch, self._shape = batch, shape
        self.label = f"Orquestador, {shape}, batch {batch}"

    def start(self) -> None:
        env = {
            **service_env(self._world.folder / self._name),
            **self._upstream(),
            "MODE": "live",
            "ODOO_BATCH": str(self._batch),
        }
        if self._shape == "production":
            env |= self._engines.settings
        self._child = self._world.start(self._name, "orquestador", "up", env=env, core=self._core)

    def ready(self) -> bool:
        if not answers(f"{self.url}/health/live"):
            return False
        return any(f["flow"] == "erp" and f["ready"] for f in call(f"{self.url}/health")["flows"])

    def settled(self) -> bool:
        try:
            status = call(f"{self.url}/status")
        except BenchFailed:
            return False  # it is on its way back
        return not (status["due"] or status["waiting"] or status["openEffects"])

    def flush(self) -> bool:
        return super().flush() if self._shape == "production" else False

    def back_s(self, killed_at: float, in_flight: list[str], orders: list[str]) -> float | None:
        found = [effect for order in orders for effect in self._effects(order)]
        open_then = [done for made, done in found if made < killed_at < done]
        return max((done - killed_at for done in open_then), default=None)

    def _effects(self, order: str) -> list[tuple[float, float]]:
        effects = call(f"{self.url}/orders/{order}")["order"]["effects"]
        return [(_moment(e["madeAt"]), _moment(e["doneAt"])) for e in effects if e["doneAt"] is not None]


def _moment(value: float | str) -> float:
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Odoo:
    """A sandbox Odoo that takes as long as the measured servers."""

    url: str

    @classmethod
    def start(cls, world: Children, name: str, skus: int, core: int | None = None) -> Odoo:
        options = ("--port", "0", "--seed-catalog", str(skus), "--latency", "measured")
        return cls(world.start(name, "orquestador", "sandbox", "odoo", *options, core=core).wait_url())

    def look(self) -> tuple[int, dict[str, float]]:
        """How many calls it had, and what is on hand of each SKU."""
        state = call(f"{self.url}/_sandbox/state")
        return sum(state["calls"].values()), {sku: row["on_hand"] for sku, row in state["stock"].items()}
