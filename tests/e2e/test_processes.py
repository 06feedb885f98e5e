"""The production shape as several processes: who does what, and what happens when one of them ends."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pymongo import MongoClient

from orquestador.i18n import advice
from orquestador.journal.mongo.store import PREFIX
from tests.e2e.conftest import embedded_only
from tests.e2e.stack import LOADED_S, SECRET, Child, Sandbox, Shape, Stack, free_port, start, wait_for
from tests.engines import DRIVER_LEAKS, Mongod

pytestmark = [pytest.mark.shapes(Shape.PRODUCTION), DRIVER_LEAKS]
TAKEN_OVER_S = 10.0
NO_WORKER = advice("en", "no_worker", "error", {}).title
LANES = {"owner:erp", "owner:falabella"}


def owners(world: Stack) -> dict[str, int]:
    """Process ids of those who hold the leases of lanes, as the store has them; lapsed ones too."""
    with MongoClient[dict[str, Any]](world.env["MONGODB_URI"]) as server:
        leases = server[world.database][f"{PREFIX}leases"].find({"_id": {"$in": sorted(LANES)}})
        return {lease["_id"]: pid_of(lease["owner"]) for lease in leases}


def pid_of(owner: str) -> int:
    """`<host>-<pid>-<random>`."""
    return int(owner.split("-")[-2])


def present(world: Stack, role: str) -> set[int]:
    """Process ids of those that the service knows to be there."""
    return {pid_of(p["owner"]) for p in world.get("/status")["processes"] if p["role"] == role}


def owns_all(world: Stack, worker: Child) -> bool:
    return owners(world) == dict.fromkeys(LANES, worker.process.pid)


@contextmanager
def hanging(upstream: Sandbox) -> Iterator[None]:
    """It accepts connections and answers nothing."""
    upstream.child.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        upstream.child.process.send_signal(signal.SIGCONT)


# --- together


def test_each_order_is_taken_once_and_each_push_made_once_by_four_processes(world: Stack) -> None:
    workers = [world.start_worker() for _ in range(2)]
    world.start_api("--workers", "2")
    pids = {worker.process.pid for worker in workers}
    wait_for("all are there", lambda: present(world, "worker") == pids and len(present(world, "api")) == 2)
    wait_for("the lanes have owners", lambda: set(owners(world)) == LANES)
    before = owners(world)
    assert set(before.values()) <= pids

    sold, moved = [world.sku() for _ in range(4)], world.sku()
    orders = [f"MANY-{n}" for n in range(60)]

    def deliver(n: int) -> int:
        return world.simple(orders[n // 2], "confirmed", (sold[n // 2 % 4], 1)).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(deliver, range(2 * len(orders)))) == {200}
    real = [world.sell((sku, 2)) for sku in sold]
    world.odoo.post("move", {"sku": moved, "delta": -5})
    world.settles({**dict.fromkeys(sold, 983), moved: 995})
    world.idle()
    assert [world.pickings(o) for o in orders + real] == [[f"falabella/{o}/1"] for o in orders + real]
    assert world.feeds(moved) == [995]
    assert owners(world) == before


# --- one ends


def test_a_killed_owner_is_followed_within_ten_seconds_and_what_it_held_is_free(
    world: Stack,
) -> None:
    first = world.start_worker()
    world.start_api()
    wait_for("it owns the lanes", lambda: owns_all(world, first))
    sku = world.sku()
    held = world.sell((sku, 1), notify=False)

    def claimed() -> object:
        with MongoClient[dict[str, Any]](world.env["MONGODB_URI"]) as server:
            rows = server[world.database][f"{PREFIX}work"]
            return rows.find_one({"_id": f"order:falabella:{held}", "owner": {"$gt": ""}})

    with hanging(world.falabella):
        event = {"event": "onOrderCreated", "payload": {"OrderId": held}}
        assert world.client.post(f"/falabella/webhook/order/{SECRET}", json=event).status_code == 200
        wait_for("it reads the order", claimed)
        second = world.start_worker()
        wait_for("the other one is there", lambda: second.process.pid in present(world, "worker"))
        world.kill_worker(first)
    assert world.simple("AFTER", "confirmed", (sku, 2)).status_code == 200
    wait_for("its effect", lambda: world.pickings("AFTER"), TAKEN_OVER_S + LOADED_S)
    wait_for("its claim is free", lambda: world.pickings(held), LOADED_S)  # its lease would be 30 s
    world.settles({sku: 997})
    wait_for("all is the other's", lambda: owns_all(world, second))
    wait_for("the dead one is forgotten", lambda: present(world, "worker") == {second.process.pid})


def test_a_graceful_stop_waits_for_the_call_to_the_erp_and_gives_everything_back(world: Stack) -> None:
    world.env["ODOO_WRITE_TIMEOUT_S"] = "4"
    first = world.start_worker()
    world.start_api()
    wait_for("it owns the lanes", lambda: owns_all(world, first))
    second = world.start_worker()
    wait_for("both are there", lambda: second.process.pid in present(world, "worker"))
    sku = world.sku()
    world.odoo.post("faults", {"commit_then_timeout": 1})
    world.simple("STOP-1", "confirmed", (sku, 2))
    wait_for("the ERP is doing it", lambda: world.pickings("STOP-1"))
    first.process.send_signal(signal.SIGTERM)

    def stopping() -> list[str] | None:
        lines = [json.loads(line) for line in first.log.read_text().splitlines()]
        return next((line["under_way"] for line in lines if line["event"] == "stopping"), None)

    assert "erp" in (wait_for("it stops", stopping) or ())
    assert first.process.poll() is None
    assert first.process.wait(30) == 0, first.log.read_text()
    world.workers.remove(first)
    assert first.process.pid not in owners(world).values()
    wait_for("it is gone", lambda: present(world, "worker") == {second.process.pid})
    world.simple("STOP-2", "confirmed", (sku, 3))
    world.settles({sku: 995})
    assert [world.pickings(f"STOP-{n}") for n in (1, 2)] == [[f"falabella/STOP-{n}/1"] for n in (1, 2)]
    world.order_is("STOP-1", "settled")
    wait_for("all is the other's", lambda: owns_all(world, second))


def test_a_killed_child_of_the_api_is_replaced_and_children_end_with_their_parent(world: Stack) -> None:
    world.start_worker()
    parent = world.start_api("--workers", "2")
    wait_for("two", lambda: len(present(world, "api")) == 2)
    gone = min(present(world, "api"))
    os.kill(gone, signal.SIGKILL)

    def replaced() -> bool:
        try:
            known = present(world, "api")
        except httpx2.TransportError:  # it was the dead one that had taken our connection
            return False
        return len(known) == 2 and gone not in known

    wait_for("another one, and the dead one is forgotten", replaced)
    assert world.client.get("/health/ready").status_code == 200

    parent.kill()

    def free() -> bool:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            return s.connect_ex(("127.0.0.1", world.port)) != 0

    wait_for("nobody listens", free)
    world.start_api("--workers", "2")
    sku = world.sku()
    world.simple("AGAIN", "confirmed", (sku, 1))
    world.settles({sku: 999})


def test_children_that_are_still_starting_end_with_their_parent_too(tmp_path: Path) -> None:
    env = {"MONGODB_URI": f"mongodb://127.0.0.1:{free_port()}/shop", "PORT": str(free_port())}
    parent = start(["api", "--workers", "2"], log=tmp_path / "log", env=env, cwd=tmp_path)

    def starting() -> list[str]:
        pid = parent.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [child for child in children if b"spawn_main" in command_of(child)]

    def command_of(pid: str) -> bytes:
        """Empty for one that has ended."""
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes()
        except FileNotFoundError:
            return b""

    wait_for("two are starting", lambda: len(starting()) == 2)
    children = starting()
    parent.kill()
    wait_for("they have ended", lambda: not any(map(command_of, children)))


# --- not all there


def test_an_api_without_a_worker_says_so_and_keeps_what_comes(world: Stack) -> None:
    world.start_api(ready=False)

    def stopped() -> dict[str, str]:
        answer = world.client.get("/health/ready")
        reasons = {r["flow"]: r["reason"] for r in answer.json()["reasons"]}
        return reasons if set(reasons.values()) == {NO_WORKER} else {}

    assert set(wait_for("not ready", stopped)) == {"erp", "orders:falabella", "stock:falabella"}
    said = world.cli("status", "--json")
    status = json.loads(said.stdout)
    assert (said.returncode, status["attention"], status["next_step"]) == (
        1,
        True,
        "Start `orquestador worker`.",
    )
    sku = world.sku()
    assert world.simple("ORPHAN", "confirmed", (sku, 2)).json()["success"] is True
    real = world.sell((sku, 3))
    wait_for("both are stored", lambda: world.get("/status")["receipts"] == 2)
    assert world.pickings("ORPHAN") == []
    world.start_worker()
    world.settles({sku: 995})
    assert world.pickings(real) == [f"falabella/{real}/1"]
    world.listens()
    assert world.cli("status").returncode == 0


def test_started_before_mongodb_all_is_well_when_it_comes(world: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "mongod"
    folder.mkdir()
    server = Mongod(folder)
    away = {"MONGODB_URI": f"{server.uri}{world.database}"}
    worker = world.start_worker(**away)
    world.start_api(ready=False, **away)
    try:
        sku = world.sku()
        refused = world.simple("EARLY", "confirmed", (sku, 2))
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.headers["content-type"] == "application/problem+json"
        assert world.client.get("/health/live").status_code == 200
        assert world.client.get("/health/ready").status_code == 503
        wait_for("the worker waits", lambda: b"store_away" in worker.log.read_bytes())
        server.start()

        def taken() -> bool:
            """As the marketplace: until it is told 200."""
            return world.simple("EARLY", "confirmed", (sku, 2)).status_code == 200

        wait_for("it is taken", taken)
        world.settles({sku: 998})
        assert world.pickings("EARLY") == ["falabella/EARLY/1"]
        world.listens()
        for child in (world.service, worker):
            assert child is not None
            assert child.stop() == 0
    finally:
        server.kill()


def test_a_store_that_proves_unsuitable_when_it_comes_ends_every_process(tmp_path: Path) -> None:
    """A person must act, and a service manager, or whoever looks at it, must see that."""
    server = Mongod(tmp_path)
    server.start()
    with MongoClient[dict[str, Any]](server.uri) as client:
        client["shop"][f"{PREFIX}schema"].insert_one({"_id": "journal", "version": 999})
    server.stop()
    env = {"MONGODB_URI": f"{server.uri}shop", "APP_LANG": "en"}
    commands = [["up"], ["api", "--workers", "2"], ["worker"]]
    children = [
        start(command, log=tmp_path / command[0], env={**env, "PORT": str(free_port())}, cwd=tmp_path)
        for command in commands
    ]
    try:
        wait_for(
            "all wait for their store", lambda: all(b"store_away" in c.log.read_bytes() for c in children)
        )
        server.start()
        for child in children:
            assert child.process.wait(60) == 1, child.log.read_text()
            assert "schema version 999" in child.log.read_text()
    finally:
        for child in children:
            child.kill()
        server.kill()


# --- one file, one process


@embedded_only
@pytest.mark.parametrize("command", ["api", "worker"])
def test_one_of_several_processes_is_refused_on_sqlite(world: Stack, command: str) -> None:
    refused = world.cli(command, PORT="0")
    assert refused.returncode == 2
    assert command in refused.stderr
    assert "MONGODB_URI" in refused.stderr
    assert not (world.folder / "data").exists()


@embedded_only
def test_only_one_process_serves_a_data_folder(world: Stack) -> None:
    world.up()
    second = world.cli("up", PORT="0")
    assert second.returncode == 1
    assert str(world.folder / "data") in second.stderr
    assert world.client.get("/health/ready").status_code == 200
