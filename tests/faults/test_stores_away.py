"""MongoDB or Redis is away for a while, or hangs: what everybody is told meanwhile, and that all is well
afterwards without a person (P1, P2)."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import httpx2
import pytest
import redis

from tests.e2e.managed import Managed, managed
from tests.e2e.stack import SECRET, Stack, wait_for
from tests.engines import DRIVER_LEAKS

pytestmark = DRIVER_LEAKS

AWAY_S = 20.0
ANSWERED_S = 3.0
"""A refused webhook is answered within this, most of the time on a loaded machine."""
REFUSED_MIN = 20
WAKE_S = 1.0
"""Workers look by themselves this often when Redis cannot wake them."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Managed]:
    """One for all of them: each leaves everything well behind, which is what they are about."""
    with managed(tmp_path_factory.mktemp("away")) as house:
        house.start_engines()
        house.start_api()
        house.start_worker()
        house.answers()
        yield house


class Webhooks:
    """Several senders of simple bodies, each repeating one order until it is taken."""

    def __init__(self, world: Stack, senders: int) -> None:
        self._world = world
        self._stop = threading.Event()
        self.refused: list[tuple[float, str | None]] = []
        """Of each 503: how long it took, and its Retry-After."""
        self.taken: list[str] = []
        self.odd: list[object] = []
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(senders)]
        for thread in self._threads:
            thread.start()

    def _run(self, sender: int) -> None:
        n = 0
        with httpx2.Client(timeout=10, trust_env=False) as client:
            while not self._stop.is_set():
                order = f"W-{sender}-{n}"
                body = {
                    "orderId": order,
                    "products": [{"sku": "SKU-00001", "quantity": 1, "price": 1}],
                    "status": "confirmed",
                    "timestamp": "2026-11-24T10:00:00Z",
                }
                began = time.monotonic()
                try:
                    answer = client.post(f"{self._world.url}/falabella/webhook/order/{SECRET}", json=body)
                except httpx2.TransportError as error:
                    self.odd.append(error)
                    continue
                if answer.status_code == 200:
                    self.taken.append(order)
                    n += 1
                elif answer.status_code == 503:
                    self.refused.append((time.monotonic() - began, answer.headers.get("retry-after")))
                else:
                    self.odd.append(answer.text)
                time.sleep(0.05)  # a client's pause between two calls

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)


def test_mongod_is_away_for_20_seconds(house: Managed) -> None:
    world = house.world
    webhooks = Webhooks(world, senders=4)
    try:
        wait_for("orders come in", lambda: len(webhooks.taken) > 20)
        house.mongod.kill()
        away_at = time.monotonic()
        wait_for("webhooks are refused", lambda: webhooks.refused)
        assert world.client.get("/health/live").status_code == 200
        house.answers("/health/ready", 503)
        reasons = world.client.get("/health/ready").json()["reasons"]
        assert {r["flow"] for r in reasons} >= {"intake"}
        assert all("MongoDB" in r["reason"] for r in reasons)
        assert world.client.get("/health").status_code == 503
        said = world.cli("status")
        assert said.returncode == 1
        assert "The store does not answer" in said.stdout
        assert "MongoDB" in said.stdout
        doctor = world.cli("doctor")
        assert doctor.returncode == 1
        assert "MongoDB cannot be used" in doctor.stdout
        wait_for(
            "it is away for long, and many were refused",
            lambda: time.monotonic() > away_at + AWAY_S and len(webhooks.refused) >= REFUSED_MIN,
            60,
        )
        house.mongod.start()
        back_at, taken = time.monotonic(), len(webhooks.taken)
        wait_for("orders come in again", lambda: len(webhooks.taken) > taken)
        acknowledged_s = time.monotonic() - back_at
    finally:
        webhooks.end()
    waits = sorted(wait for wait, _ in webhooks.refused)
    assert waits[int(len(waits) * 0.99)] < ANSWERED_S
    assert all(retry is not None and int(retry) > 0 for _, retry in webhooks.refused)
    assert not webhooks.odd
    wait_for("every order left once", lambda: world.on_hand("SKU-00001") == 1000 - len(webhooks.taken))
    caught_up_s = time.monotonic() - back_at
    print(f"\nrefused {len(waits)}: p50 {waits[len(waits) // 2]:.2f} s, max {waits[-1]:.2f} s")
    print(f"after its return: first 200 {acknowledged_s:.2f} s, all effects {caught_up_s:.2f} s")
    house.answers()
    world.idle()
    names = sorted(n for p in world.odoo.state()["pickings"] if (n := p["name"]).startswith("falabella/W-"))
    assert names == sorted(f"falabella/{order}/1" for order in webhooks.taken)
    assert world.get("/status")["dead"] == 0
    assert world.cli("status").returncode == 0


def effect_s(world: Stack, order: str, sku: str) -> float:
    """Seconds from sending a simple order to its document in the ERP."""
    began = time.monotonic()
    assert world.simple(order, "confirmed", (sku, 1)).status_code == 200
    wait_for(f"{order} is taken", lambda: world.pickings(order))
    return time.monotonic() - began


def findings(world: Stack) -> set[str]:
    return {finding["code"] for finding in world.get("/status")["findings"]}


@pytest.mark.parametrize(
    ("how", "sku"), [("killed", "SKU-00002"), ("hangs", "SKU-00003"), ("flushed", "SKU-00004")]
)
def test_redis_is_only_speed(house: Managed, how: str, sku: str) -> None:
    world = house.world
    before = min(effect_s(world, f"{how}-before-{n}", sku) for n in range(3))
    if how == "killed":
        house.redis.kill()
    elif how == "hangs":
        house.redis.signal(signal.SIGSTOP)
    meanwhile = []
    for n in range(5):
        if how == "flushed":
            with redis.Redis.from_url(house.redis.url) as client:
                client.flushall()
        meanwhile.append(effect_s(world, f"{how}-{n}", sku))
    # Two looks, of the fold and of the ERP lane, each at most a second away.
    assert sorted(meanwhile)[2] < 2 * WAKE_S + 1.5
    if how != "flushed":
        wait_for("the api knows", lambda: "redis_away" in findings(world))
        assert "Redis cannot be used" in world.cli("status").stdout
        assert "Redis cannot be used" in world.cli("doctor").stdout
        assert world.client.get("/health/ready").status_code == 200
    if how == "killed":
        house.redis.start()
    elif how == "hangs":
        house.redis.signal(signal.SIGCONT)
    wait_for("Redis is found again", lambda: "redis_away" not in findings(world))
    after = min(effect_s(world, f"{how}-after-{n}", sku) for n in range(5))
    print(f"\nbefore {before:.3f} s, {how} {sorted(meanwhile)[2]:.3f} s, after {after:.3f} s")
    assert after < WAKE_S
    wait_for("every order left once", lambda: world.on_hand(sku) == 1000 - 13)
    world.idle()
    names = [p["name"] for p in world.odoo.state()["pickings"]]
    assert len([n for n in names if n.startswith(f"falabella/{how}-")]) == 13
