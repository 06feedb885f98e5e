"""`orquestador up` beside a sandbox Odoo, as processes with real HTTP between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.client import answers, call
from bench.processes import BenchFailed, Child, Children, wait_for

SECRET = "a-webhook-secret-for-the-bench"
Shape = Literal["embedded", "production"]
"""SQLite, or MongoDB and Redis."""

Latency = Literal["none", "measured"]
"""Of a sandbox: it answers at once, or as slowly as the measured servers."""

SKUS = 100
UNITS_EACH = 1000
"""What the sandbox has of every product at its start."""
AT = "2026-11-24T12:00:00Z"


def service_env(folder: Path) -> dict[str, str]:
    """The settings of an `up` of its own: a free port, its own data, one webhook secret."""
    return {
        "PORT": "0",
        "DATA_DIR": str(folder),
        "APP_LANG": "en",
        "FALABELLA_WEBHOOK_SECRET": SECRET,
        "API_RATE_LIMIT": "off",
    }


def start_service(
    world: Children,
    name: str,
    env: Mapping[str, str] | None = None,
    core: int | None = None,
    *,
    module: str = "orquestador",
    command: str = "up",
) -> tuple[Child, str]:
    """A running `up`, or another command with a door, and its address; `module` is who plays the service."""
    settings = {**service_env(world.folder / name), **(env or {})}
    child = world.start(name, module, *command.split(), env=settings, core=core)
    url = child.wait_url()
    wait_for(f"{name} answers", lambda: answers(f"{url}/health/live"))
    return child, url


@dataclass(frozen=True, slots=True)
class Shop:
    """A service that takes simple orders and writes to a sandbox Odoo."""

    url: str
    odoo: str

    @classmethod
    def open(cls, world: Children, name: str, *, latency: Latency, **env: str) -> Shop:
        """Both processes, once the flow to the ERP may run."""
        return cls.with_workers(world, name, 0, env, latency=latency)

    @classmethod
    def with_workers(
        cls,
        world: Children,
        name: str,
        workers: int,
        env: Mapping[str, str],
        *,
        latency: Latency,
        skus: int = SKUS,
    ) -> Shop:
        """An ERP and the service: `up`, or `api` and so many `worker`, which need the engines in `env`.

        The door is the child of this name, the workers are `<name>-worker-<n>`.
        """
        sandbox = world.start(
            f"{name}-odoo",
            *("orquestador", "sandbox", "odoo", "--port", "0"),
            *("--seed-catalog", str(skus), "--latency", latency),
        )
        odoo = sandbox.wait_url()
        upstream = {
            "MODE": "live",
            "ODOO_URL": odoo,
            "ODOO_DB": "sandbox",
            "ODOO_USERNAME": "admin",
            "ODOO_PASSWORD": "admin",
        }
        _, url = start_service(world, name, {**upstream, **env}, command="api" if workers else "up")
        for n in range(workers):
            own = service_env(world.folder / f"{name}-worker-{n}")
            world.start(f"{name}-worker-{n}", "orquestador", "worker", env={**own, **upstream, **env})
        shop = cls(url, odoo)
        wait_for("every worker tells of itself", lambda: shop.workers() == workers, every_s=0.1)
        wait_for("the ERP flow runs", shop._erp_runs)
        return shop

    def workers(self) -> int:
        """How many processes of the kind the door knows of."""
        known = call(f"{self.url}/status")["processes"]
        return sum(process["role"] == "worker" for process in known)

    def _erp_runs(self) -> bool:
        return any(f["flow"] == "erp" and f["ready"] for f in call(f"{self.url}/health")["flows"])

    def sell(self, order_id: str, sku: str, quantity: int = 1) -> None:
        """Post the documented body."""
        products = [{"sku": sku, "quantity": quantity, "price": 15990}]
        body = {"orderId": order_id, "products": products, "status": "confirmed", "timestamp": AT}
        call(f"{self.url}/falabella/webhook/order/{SECRET}", body)

    def order(self, order_id: str) -> Any:
        return call(f"{self.url}/orders/{order_id}")

    def settled(self) -> bool:
        """Everything that came in is done. Raises BenchFailed when something needs a person."""
        status = call(f"{self.url}/status")
        if status["dead"]:
            raise BenchFailed(f"{status['dead']} dead letters")
        return not (status["due"] or status["waiting"] or status["openEffects"])

    def erp_calls(self) -> int:
        return sum(call(f"{self.odoo}/_sandbox/state")["calls"].values())

    def on_hand(self) -> dict[str, float]:
        stock = call(f"{self.odoo}/_sandbox/state")["stock"]
        return {sku: row["on_hand"] for sku, row in stock.items()}

    def move(self, sku: str, delta: int) -> None:
        """A person's movement in Odoo."""
        call(f"{self.odoo}/_sandbox/move", {"sku": sku, "delta": delta})


@dataclass(frozen=True, slots=True)
class Seller:
    """A sandbox Seller Center, as the shop's customers see it."""

    url: str

    @classmethod
    def open(cls, world: Children, name: str, skus: int) -> Seller:
        options = ("--port", "0", "--seed-catalog", str(skus), "--latency", "measured")
        return cls(world.start(name, "orquestador", "sandbox", "falabella", *options).wait_url())

    @property
    def settings(self) -> dict[str, str]:
        return {
            "FALABELLA_API_URL": self.url,
            "FALABELLA_USER_ID": "ops@example.com",
            "FALABELLA_API_KEY": "test-api-key-0000",
        }

    def hurry(self) -> None:
        """Feeds end after a fifth of a second."""
        call(f"{self.url}/_sandbox/faults", {"feed_delay_s": 0.2, "e012_s": 0.1})

    def shows(self, numbers: Mapping[str, float]) -> bool:
        stock = call(f"{self.url}/_sandbox/state")["stock"]
        return all(stock[sku] == number for sku, number in numbers.items())

    def feeds(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = call(f"{self.url}/_sandbox/state")["feeds"]
        return found
