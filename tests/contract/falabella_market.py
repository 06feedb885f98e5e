"""Seller Center as a test moves it: the sandbox in a thread, and one clock for both sides."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2

from orquestador.channels.falabella import FalabellaChannel, FalabellaConfig
from orquestador.clock import ManualClock
from orquestador.http_base import CallLogger, TimeOuts
from orquestador.model.orders import LineState
from orquestador.sandbox.falabella.server import SandboxServer, create_app
from orquestador.sandbox.falabella.world import Options

KEY = "test-api-key-0000"
WORDS = {LineState.SHIPPED: "shipped", LineState.CANCELLED: "canceled", LineState.COMMITTED: "ready_to_ship"}
A, B, C = "PROD-001", "SKU-00001", "SKU-00002"


class Sandbox:
    """Seller Center as a test moves it, with one clock for both sides."""

    known = (A, B)
    unknown = "NO-SUCH-SKU"

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx2.Client(base_url=f"{url}/_sandbox", timeout=20, trust_env=False, verify=False)
        self.control("reset", {})
        self.clock = ManualClock(float(self.state()["now"]))

    def control(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._http.post(f"/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self) -> Any:
        return self._http.get("/state").json()

    def switch(self, **switches: Any) -> None:
        self.control("faults", switches)

    def close(self) -> None:
        self._http.close()

    def order(self, *units: tuple[str, int], marketplace: bool = False, **options: Any) -> str:
        shipping = "Fulfillment" if marketplace else "Dropshipping"
        items = [{"sku": sku, "quantity": n, "shippingType": shipping} for sku, n in units]
        return str(self.control("orders", {"items": items, "notify": False, **options})["orderId"])

    def move(self, order_id: str, state: LineState) -> None:
        self.control(f"orders/{order_id}/status", {"status": WORDS[state], "notify": False})

    def shown(self, ref: str) -> int:
        return int(self.state()["stock"][ref])

    def advance(self, seconds: float) -> None:
        self.control("clock", {"advance_s": seconds})
        self.clock.advance(seconds)

    def fail_calls(self, count: int) -> None:
        self.switch(infra_html=count)

    def do_but_never_answer(self) -> None:
        self.switch(commit_then_timeout=1)

    def exhaust_budget(self) -> None:
        self.switch(budget_burst=0)

    def never_finish_jobs(self) -> None:
        self.switch(feed_never_ends="Queued")

    def calls(self, action: str) -> int:
        return int(self.state()["calls"].get(action, 0))


@contextlib.contextmanager
def running(**options: Any) -> Iterator[SandboxServer]:
    """A sandbox on a free port, stopped at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = SandboxServer(create_app(Options(seed_catalog=60, **options)), listener)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline, "the sandbox did not start"
            threading.Event().wait(0.01)
        yield server
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def account(url: str) -> FalabellaConfig:
    """The sandbox's account with small pages."""
    return FalabellaConfig(
        api_url=url,
        user_id="ops@example.com",
        api_key=KEY,
        seller_id="SC12345",
        # Long enough for a busy machine, short enough for an answer that never comes.
        write_timeouts=TimeOuts(read_s=0.7),
        orders_page=20,
        products_page=50,
        stock_page=20,
        stock_gap_s=0.0,
    )


async def connected(
    config: FalabellaConfig, clock: ManualClock, log: CallLogger | None = None
) -> AsyncIterator[FalabellaChannel]:
    """A channel that is closed at the end; for fixtures."""
    channel = FalabellaChannel(config, clock, log)
    yield channel
    await channel.close()
