"""The service on MongoDB and Redis, while everything that it consists of is killed again and again: no order
is lost and none is done twice (P1, P2, P3).

mongod stands alone; ENGINES_REPLICA_SET=1 makes it a replica set of one, where the driver repeats writes."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import Any

import httpx2
import pytest
import redis

from tests.e2e.managed import Managed, managed
from tests.e2e.stack import SECRET, Stack, wait_for
from tests.engines import DRIVER_LEAKS

pytestmark = DRIVER_LEAKS

SEED = 20261124
ORDERS = 2_000
KILLS = {"worker": 6, "api": 5, "mongod": 5, "redis": 5, "flush": 3}
AT_LEAST = {"worker": 5, "api": 5, "mongod": 5, "redis": 5, "flush": 3}
LEAD = 300
"""Orders that the senders may be ahead of the ERP, so that each kill finds something in flight."""
SENDERS = 6
SKUS = [f"SKU-{n:05d}" for n in range(1, 31)]
PATIENCE_S = 120.0
AT = "2026-11-24T10:00:00Z"
LATER = "2026-11-24T11:00:00Z"


@dataclass
class Truth:
    """What the test did, by its own arithmetic."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    units: Counter[str] = field(default_factory=Counter)
    """Units per SKU that must have left the ERP in the end."""
    taken: list[str] = field(default_factory=list)
    """Orders with exactly one document."""
    returned: list[str] = field(default_factory=list)
    """Orders that were cancelled after they were taken: exactly two documents."""
    never: list[str] = field(default_factory=list)
    """Orders that were cancelled before they were known: none."""
    unsure: list[str] = field(default_factory=list)
    """Orders whose cancellation raced with the taking: nothing of them may stay out."""
    receipts: set[str] = field(default_factory=set)
    """What was acknowledged."""
    to_cancel: SimpleQueue[tuple[str, Callable[[], object]]] = field(default_factory=SimpleQueue)
    sent: int = 0
    effects: int = 0
    """Documents done in the ERP, as last seen."""


class Sender:
    """Sends orders as a marketplace does: until the answer is 200. It does not run far ahead of the ERP."""

    def __init__(self, world: Stack, truth: Truth, stop: threading.Event) -> None:
        self._world, self._truth, self._stop = world, truth, stop
        self._client = httpx2.Client(timeout=5, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def simple(self, number: int, rng: random.Random) -> None:
        sku, units = rng.choice(SKUS), rng.randint(1, 3)
        order, truth = f"K-{number}", self._truth
        match number % 40:
            case 7:  # the cancellation overtakes its order, both before anybody could look
                self._deliver(order, "cancelled", {}, LATER)
                self._deliver(order, "confirmed", {sku: units}, AT)
                self._note(truth.never, order)
            case 17:
                self._deliver(order, "confirmed", {sku: units}, AT)
                self._deliver(order, "cancelled", {}, LATER)
                self._note(truth.unsure, order)
            case 27:
                self._deliver(order, "confirmed", {sku: units}, AT)
                self._note(truth.returned, order)
                truth.to_cancel.put((order, lambda: self._deliver(order, "cancelled", {}, LATER)))
            case _:
                for _ in range(2 if number % 10 == 0 else 1):
                    self._deliver(order, "confirmed", {sku: units}, AT)
                self._note(truth.taken, order, sku, units)

    def marketplace(self, number: int, rng: random.Random) -> None:
        sku, units = rng.choice(SKUS), rng.randint(1, 3)
        world, truth = self._world, self._truth
        order = world.sell((sku, units), notify=rng.random() > 0.3)
        match number % 20:
            case 7:
                world.set_status(order, "canceled", notify=rng.random() > 0.3)
                self._note(truth.unsure, order)
            case 17:
                self._note(truth.returned, order)
                told = rng.random() > 0.3
                truth.to_cancel.put((order, lambda: world.set_status(order, "canceled", notify=told)))
            case _:
                self._note(truth.taken, order, sku, units)

    def _deliver(self, order: str, status: str, rows: dict[str, int], at: str) -> None:
        body = {
            "orderId": order,
            "products": [{"sku": s, "quantity": n, "price": 1} for s, n in rows.items()],
            "status": status,
            "timestamp": at,
        }
        while not self._stop.is_set():
            try:
                answer = self._client.post(f"{self._world.url}/falabella/webhook/order/{SECRET}", json=body)
            except httpx2.TransportError:
                time.sleep(0.05)  # a client's pause between two tries
                continue
            assert answer.status_code in (200, 503), answer.text
            if answer.status_code == 200:
                with self._truth.lock:
                    self._truth.receipts.add(answer.json()["receiptId"])
                return
            time.sleep(0.05)

    def _note(self, where: list[str], order: str, sku: str = "", units: int = 0) -> None:
        with self._truth.lock:
            where.append(order)
            self._truth.sent += 1
            if units:
                self._truth.units[sku] += units


class Senders:
    """All orders, from several threads."""

    def __init__(self, world: Stack, truth: Truth, numbers: range) -> None:
        self._world, self._truth = world, truth
        self.stop = threading.Event()
        self.errors: list[BaseException] = []
        self._numbers = iter(numbers)
        self._threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(SENDERS)]
        self._canceller = threading.Thread(target=self._cancel, daemon=True)
        self._senders = [Sender(world, truth, self.stop) for _ in self._threads]

    def start(self) -> None:
        for thread in (*self._threads, self._canceller):
            thread.start()

    @property
    def done(self) -> bool:
        """All orders are sent, and every cancellation that had to wait for the ERP."""
        if self.errors:
            raise self.errors[0]
        return not any(thread.is_alive() for thread in (*self._threads, self._canceller))

    def end(self) -> None:
        self.stop.set()
        for thread in (*self._threads, self._canceller):
            thread.join(30)
        for sender in self._senders:
            sender.close()

    def _cancel(self) -> None:
        """Cancels what is to be cancelled after it was taken."""
        waiting: list[tuple[str, Callable[[], object]]] = []
        try:
            while not self.stop.is_set():
                sent = not any(thread.is_alive() for thread in self._threads)
                while not self._truth.to_cancel.empty():
                    waiting.append(self._truth.to_cancel.get())
                names = [f"falabella/{order}/1" for order, _ in waiting]
                done = [["name", "in", names], ["state", "=", "done"]]
                found = self._world.odoo.odoo("stock.picking", "search_read", done, ["name"])
                taken = {row["name"].split("/")[1] for row in found}
                for _, cancel in [w for w in waiting if w[0] in taken]:
                    cancel()
                waiting = [w for w in waiting if w[0] not in taken]
                if sent and not waiting:
                    return
                time.sleep(0.5)  # between two looks at a state
        except BaseException as error:
            self.errors.append(error)

    def _run(self, thread: int) -> None:
        rng, truth, sender = random.Random(SEED + thread), self._truth, self._senders[thread]
        try:
            while not self.stop.is_set():
                with truth.lock:
                    number = next(self._numbers, None)
                if number is None:
                    return
                while truth.sent - truth.effects > LEAD and not self.stop.is_set():
                    time.sleep(0.02)  # until the ERP has caught up
                if number % 5:
                    sender.simple(number, rng)
                else:
                    sender.marketplace(number // 5, rng)
        except BaseException as error:
            self.errors.append(error)


class Watch:
    """Counts the documents that are done in the ERP, and remembers when each count was first seen."""

    def __init__(self, world: Stack, truth: Truth) -> None:
        self._world, self._truth = world, truth
        self._stop = threading.Event()
        self.seen: list[tuple[float, int]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        world = self._world
        while not self._stop.is_set():
            done = int(
                world.odoo.odoo(
                    "stock.picking", "search_count", [["name", "like", "falabella/"], ["state", "=", "done"]]
                )
            )
            if done != self._truth.effects or not self.seen:
                self.seen.append((time.monotonic(), done))
                self._truth.effects = done
            time.sleep(0.25)  # between two looks at a state

    def end(self) -> None:
        self._stop.set()
        self._thread.join(30)

    def next_after(self, instant: float) -> float | None:
        """Seconds from this instant to the first new document."""
        return next((at - instant for at, _ in self.seen if at > instant), None)


def schedule(rng: random.Random) -> list[tuple[int, str]]:
    """When, in orders sent, each thing is killed."""
    kinds = [kind for kind, times in KILLS.items() for _ in range(times)]
    rng.shuffle(kinds)
    return list(zip(sorted(rng.sample(range(40, ORDERS - 60), len(kinds))), kinds, strict=True))


SCHEDULE = schedule(random.Random(SEED))


def kill(house: Managed, kind: str, rng: random.Random) -> None:
    match kind:
        case "worker":
            house.kill_worker(rng.randrange(len(house.workers)))
        case "api":
            house.kill_api()
        case "mongod":
            house.kill_mongod()
        case "redis":
            house.kill_redis()
        case _:
            with redis.Redis.from_url(house.redis.url) as client:
                client.flushall()


@dataclass
class Run:
    """One run, and what is known of it."""

    house: Managed
    truth: Truth = field(default_factory=Truth)
    moved: Counter[str] = field(default_factory=Counter)
    """Units that a person booked in the ERP."""
    kills: Counter[str] = field(default_factory=Counter)
    instants: list[tuple[str, float]] = field(default_factory=list)

    @property
    def expected(self) -> dict[str, int]:
        return {sku: 1000 - self.truth.units[sku] + self.moved[sku] for sku in SKUS}

    def half(self, part: int, workers: int) -> None:
        """Send half of the orders while everything is killed; when this returns the ERP has them all."""
        world, truth, rng = self.house.world, self.truth, random.Random(SEED + part)
        until = ORDERS * (part + 1) // 2
        assert truth.sent == until - ORDERS // 2, "what came before failed"
        senders, watch = Senders(world, truth, range(truth.sent, until)), Watch(world, truth)
        began = time.monotonic()
        senders.start()
        try:
            for at, kind in SCHEDULE:
                if not until - ORDERS // 2 <= at < until:
                    continue
                wait_for(f"{at} orders are sent", partial(sent, senders, truth, at), PATIENCE_S)
                self.instants.append((kind, time.monotonic()))
                kill(self.house, kind, rng)
                assert len(self.house.workers) == workers
                self.kills[kind] += 1
                passed_s = time.monotonic() - began
                print(f"{passed_s:6.1f} {kind} at {truth.sent} sent, {truth.effects} effects", flush=True)
                if kind in ("api", "flush"):
                    self.book(rng.choice(SKUS), rng.choice([-3, 5, 10]))
            wait_for("all orders are sent", lambda: senders.done, PATIENCE_S)
            every_unit_left_once(self)
            documents_are_right(world, truth)
        finally:
            senders.end()
            watch.end()
        report(self, watch, ORDERS // 2, time.monotonic() - began)

    def book(self, sku: str, units: int) -> None:
        """A person's movement in the ERP."""
        self.house.world.odoo.post("move", {"sku": sku, "delta": units})
        self.moved[sku] += units


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    replica_set = os.environ.get("ENGINES_REPLICA_SET") == "1"
    with managed(tmp_path_factory.mktemp("engines"), replica_set=replica_set) as house:
        house.start_engines()
        house.start_api()
        house.start_worker()
        house.answers()
        yield Run(house)


def test_the_first_thousand_of_2000_orders_with_one_worker(run: Run) -> None:
    run.half(0, 1)


def test_the_second_thousand_with_two_workers(run: Run) -> None:
    run.house.start_worker()
    run.half(1, 2)
    for kind, times in AT_LEAST.items():
        assert run.kills[kind] >= times, run.kills
    print(f"\n{ORDERS} orders, killed {dict(run.kills)}")


def test_afterwards_nothing_is_open_and_every_listing_is_right(run: Run) -> None:
    assert run.truth.sent == ORDERS, "the run itself failed"
    world = run.house.world
    receipts = {row["id"] for row in world.logs(service="falabella", action="webhook.order", limit="500")}
    assert run.truth.receipts <= receipts, len(run.truth.receipts - receipts)
    said: Any = None

    def quiet() -> bool:
        nonlocal said
        said = world.get("/status")
        return not (said["due"] + said["openEffects"] + said["openJobs"])

    # The budget makes pushes wait for each other.
    wait_for("nothing is due any more", quiet, PATIENCE_S)
    assert said["dead"] == 0
    world.settles(run.expected)
    assert not wrong_documents(world, run.truth)
    run.house.answers()


def sent(senders: Senders, truth: Truth, at: int) -> bool:
    return truth.sent >= at or senders.done


def every_unit_left_once(run: Run) -> None:
    def differing() -> dict[str, tuple[int, int]]:
        stock = run.house.world.odoo.state()["stock"]
        have = {sku: int(stock[sku]["on_hand"]) for sku in SKUS}
        return {s: (have[s], n) for s, n in run.expected.items() if have[s] != n}

    try:
        wait_for("every unit left the ERP once", lambda: not differing(), 60)
    except AssertionError as error:
        raise AssertionError(f"{error}; SKU: (has, expected) {differing()}") from error


def documents_are_right(world: Stack, truth: Truth) -> None:
    """Wait until each order has one document for each effect, under its name."""
    try:
        wait_for("each order has its documents", lambda: not wrong_documents(world, truth), 60)
    except AssertionError as error:
        raise AssertionError(f"{error}; wrong are {wrong_documents(world, truth)}") from error


def wrong_documents(world: Stack, truth: Truth) -> dict[str, list[tuple[str, str]] | None]:
    """What is in the ERP of the orders that do not have just what they should have there."""
    found: dict[str, list[tuple[str, str]]] = {}
    for picking in world.odoo.state()["pickings"]:
        if picking["name"].startswith("falabella/"):
            _, order, n = picking["name"].split("/")
            found.setdefault(order, []).append((n, picking["state"]))
    once, twice = [("1", "done")], [("1", "done"), ("2", "done")]
    wrong = {o: found.get(o) for o in truth.taken if found.get(o) != once}
    wrong |= {o: found.get(o) for o in truth.returned if sorted(found.get(o, [])) != twice}
    wrong |= {o: found.get(o) for o in truth.never if o in found}
    either = (None, [("1", "cancel")], twice)
    wrong |= {o: found.get(o) for o in truth.unsure if found.get(o) not in either}
    known = {*truth.taken, *truth.returned, *truth.never, *truth.unsure}
    assert len(known) == truth.sent
    return wrong | {o: found[o] for o in set(found) - known}


def report(run: Run, watch: Watch, orders: int, duration_s: float) -> None:
    print(f"{orders} orders in {duration_s:.1f} s")
    began = watch.seen[0][0]
    for kind in KILLS:
        instants = [at for of, at in run.instants if of == kind and at > began]
        waits = sorted(w for at in instants if (w := watch.next_after(at)) is not None)
        if waits:
            middle, most = waits[len(waits) // 2], waits[-1]
            print(f"{kind}: {len(waits)} x, next effect after p50 {middle:.2f} s, max {most:.2f} s")
