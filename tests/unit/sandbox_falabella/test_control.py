"""The control of the sandbox (design.md 9b), the program, and a foreign client."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Literal

import httpx2
import pytest
from typer.testing import CliRunner

from orquestador.cli.sandbox import app
from orquestador.sandbox.falabella.api import MEASURED_S
from orquestador.sandbox.falabella.clock import SandboxClock
from orquestador.sandbox.falabella.server import create_app
from orquestador.sandbox.falabella.world import Options, World
from tests.unit.sandbox_falabella.support import KEY, USER, Receiver, Sandbox, eventually, stock_xml


def test_state_has_the_exact_words(sandbox: Sandbox) -> None:
    sandbox.order(("SKU-00001", 1))
    sandbox.update_stock({"SKU-00001": 7})
    state = sandbox.state()
    assert {"now", "orders", "stock", "feeds", "refused_429"} <= set(state)
    assert {"feed", "at", "action", "skus"} <= set(state["feeds"][0])
    assert {"sku", "quantity", "previous"} <= set(state["feeds"][0]["skus"][0])
    assert state["calls"] == {"UpdateStock": 1}


def test_reset_makes_everything_new(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.order(("SKU-00001", 1))
    sandbox.update_stock({"SKU-00001": 7})
    sandbox.switch(error_status=400)
    sandbox.control("reset", {})
    state = sandbox.state()
    assert (state["orders"], state["feeds"], state["stock"]["SKU-00001"]) == ([], [], 1000)
    assert sandbox.http.get("/_sandbox/faults").json()["error_status"] == 200
    assert sandbox.order(("SKU-00001", 1)) == 1200000101


def test_an_unknown_switch_is_named_and_nothing_changes(sandbox: Sandbox) -> None:
    response = sandbox.http.post("/_sandbox/faults", json={"error_status": 400, "gravity": True})
    assert (response.status_code, "gravity" in response.json()["error"]) == (422, True)
    assert sandbox.http.get("/_sandbox/faults").json()["error_status"] == 200


@pytest.mark.parametrize(
    "switch",
    [
        {"list_shape": "heap"},
        {"error_rate": 2},
        {"feed_delay_s": "soon"},
        {"reject_skus": "SKU-00001"},
        {"commit_then_timeout": 1.5},
        {"alt_spelling": "yes"},
        {"feed_delay_s": True},
    ],
)
def test_a_switch_that_cannot_be_used_is_named(sandbox: Sandbox, switch: dict[str, object]) -> None:
    response = sandbox.http.post("/_sandbox/faults", json=switch)
    assert response.status_code == 422
    assert response.json()["error"].startswith(next(iter(switch)))


@pytest.mark.parametrize("off", [None, 0, False])
def test_null_zero_and_false_turn_faults_off(sandbox: Sandbox, off: object) -> None:
    defaults = sandbox.http.get("/_sandbox/faults").json()
    faults = {
        "list_shape": "array",
        "alt_spelling": True,
        "error_status": 400,
        "error_rate": 0.5,
        "infra_html": 3,
        "commit_then_timeout": 3,
        "write_means": "gross",
        "feed_never_ends": True,
        "reject_skus": ["X"],
        "empty_seller_sku": True,
        "webhook_duplicate": 2,
        "webhook_drop": 0.5,
        "webhook_reorder": True,
        "webhook_delay_s": 5,
    }
    sandbox.switch(**faults)
    shown = sandbox.http.get("/_sandbox/faults").json()
    assert all(shown[name] != defaults[name] for name in faults)
    sandbox.switch(**dict.fromkeys(faults, off))
    assert sandbox.http.get("/_sandbox/faults").json() == defaults


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("orders", {}, "items"),
        ("orders", {"items": [{"sku": ""}]}, "items[0].sku"),
        ("orders", {"items": [{"sku": "A", "quantity": 0}]}, "items[0].quantity"),
        ("orders", {"items": [{"sku": "A"}], "status": "sold"}, "status"),
        ("orders", {"items": [{"sku": "A"}], "notify": 1}, "notify"),
        ("orders", {"items": [{"sku": "A"}], "createdAgo_s": -1}, "createdAgo_s"),
        ("clock", {}, "advance_s"),
        ("clock", {"advance_s": -1}, "advance_s"),
    ],
)
def test_control_errors_name_the_field(
    sandbox: Sandbox, path: str, body: dict[str, object], field: str
) -> None:
    response = sandbox.http.post(f"/_sandbox/{path}", json=body)
    assert response.status_code == 422
    assert response.json()["error"].startswith(field)


def test_status_of_orders_and_items_that_do_not_exist(sandbox: Sandbox) -> None:
    assert sandbox.http.post("/_sandbox/orders/7/status", json={"status": "shipped"}).status_code == 404
    order_id = sandbox.order(("SKU-00001", 1))
    wrong = sandbox.http.post(
        f"/_sandbox/orders/{order_id}/status", json={"status": "shipped", "itemIds": [1]}
    )
    assert wrong.status_code == 422


def test_the_clock_jumps_and_says_so(sandbox: Sandbox) -> None:
    before = sandbox.http.get("/_sandbox/clock").json()
    after = sandbox.control("clock", {"advance_s": 3600})
    assert after["version"] == before["version"] + 1
    assert 3600 <= after["now"] - before["now"] < 3660
    assert after["rate"] == 1.0


def test_one_can_wait_for_the_clock_to_jump(sandbox: Sandbox) -> None:
    version = sandbox.http.get("/_sandbox/clock").json()["version"]
    answers: list[dict[str, float]] = []

    def follow() -> None:
        with httpx2.Client(base_url=sandbox.url, timeout=20, trust_env=False) as http:
            answers.append(http.get(f"/_sandbox/clock?after={version}&wait_s=15").json())

    follower = threading.Thread(target=follow)
    started = time.monotonic()
    follower.start()
    sandbox.advance(10)
    follower.join(timeout=10)
    assert [answer["version"] for answer in answers] == [version + 1]
    assert time.monotonic() - started < 10
    late = sandbox.http.get(f"/_sandbox/clock?after={version}&wait_s=15").json()
    assert late["version"] == version + 1
    same = sandbox.http.get(f"/_sandbox/clock?after={version + 1}&wait_s=0.05").json()
    assert same["version"] == version + 1


def test_commit_then_timeout_does_the_work_and_does_not_answer(sandbox: Sandbox) -> None:
    sandbox.switch(commit_then_timeout=1)
    assert sandbox.ok("FeedList")  # a read is not hit
    sandbox.http.timeout = httpx2.Timeout(0.3)
    with pytest.raises(httpx2.ReadTimeout):
        sandbox.request({"Action": "UpdateStock"}, stock_xml({"SKU-00001": 7}))
    sandbox.http.timeout = httpx2.Timeout(20)
    sandbox.advance(3)
    assert sandbox.shown("SKU-00001") == 7
    assert sandbox.ok("UpdateStock", body=stock_xml({"SKU-00001": 8}))


def test_the_foreign_client_lists_orders(sandbox: Sandbox) -> None:
    from FalabellaAPIClient import FalabellaClient

    order_id = sandbox.order(("SKU-00001", 2))
    client = FalabellaClient(USER, KEY, country="cl")
    client.url = sandbox.url
    client.session.trust_env = False
    with client.session:
        answer = client.orders.list(CreatedAfter="2020-01-01T00:00:00Z")
        items = client.orders.items(order_id)
    assert answer["SuccessResponse"]["Body"]["Orders"]["Order"]["OrderId"] == str(order_id)
    assert len(items["SuccessResponse"]["Body"]["OrderItems"]["OrderItem"]) == 2


@pytest.fixture
def program(receiver: Receiver) -> Iterator[subprocess.Popen[str]]:
    command = "from orquestador.cli.sandbox import app; app()"
    flags = ["--port", "0", "--clock", "fast", "--seed-catalog", "3", "--webhook", receiver.url]
    process = subprocess.Popen(
        [sys.executable, "-c", command, "falabella", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_program_says_where_it_listens_runs_fast_and_stops_at_once(
    program: subprocess.Popen[str], receiver: Receiver
) -> None:
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line.startswith("sandbox falabella listening on http://127.0.0.1:")
    sandbox = Sandbox(line.split()[-1])
    first = sandbox.http.get("/_sandbox/clock").json()
    assert first["rate"] == 60.0
    eventually(lambda: sandbox.http.get("/_sandbox/clock").json()["now"] > first["now"] + 6)
    assert list(sandbox.state()["stock"]) == ["PROD-001", "SKU-00001", "SKU-00002", "SKU-00003"]
    sandbox.order(("SKU-00001", 1))
    assert receiver.wait(1)[0]["event"] == "onOrderCreated"
    sandbox.update_stock({"SKU-00001": 7})
    eventually(lambda: sandbox.shown("SKU-00001") == 7)  # the feed ends without anybody asking for it

    sandbox.switch(commit_then_timeout=1)
    hanging = threading.Thread(
        target=sandbox.request, args=({"Action": "UpdateStock"}, stock_xml({"PROD-001": 7}))
    )
    hanging.start()
    with httpx2.Client(base_url=sandbox.url, trust_env=False) as http:
        eventually(lambda: len(http.get("/_sandbox/state").json()["feeds"]) == 2)
    started = time.monotonic()
    program.send_signal(signal.SIGTERM)
    assert program.wait(timeout=10) == 0
    assert time.monotonic() - started < 3
    hanging.join(timeout=10)
    assert program.stdout.read() == ""
    sandbox.http.close()


def test_the_commands_and_their_flags() -> None:
    for command, flags in {
        "falabella": ("--port", "--host", "--seed-catalog", "--webhook", "--latency", "--clock"),
        "odoo": ("--port", "--host", "--seed-catalog", "--webhook", "--latency", "--version"),
    }.items():
        result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
        assert result.exit_code == 0
        assert all(flag in result.output for flag in flags)


@pytest.mark.parametrize(("latency", "slow"), [("none", False), ("measured", True)])
async def test_measured_latency_is_felt_by_every_call(
    latency: Literal["none", "measured"], slow: bool
) -> None:
    transport = httpx2.ASGITransport(create_app(Options(latency=latency)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        started = time.monotonic()
        await http.get("/?Action=FeedList")
        assert (time.monotonic() - started >= MEASURED_S) is slow


@pytest.mark.parametrize("event", ["advance", "stop"])
async def test_followers_of_the_clock_wake_at_once(event: str) -> None:
    clock = SandboxClock()
    followers = [
        asyncio.create_task(clock.wait_for_version(clock.version, 60)),
        asyncio.create_task(clock.sleep_until(clock.now() + 3600)),
        asyncio.create_task(clock.sleep_until(None)),
    ]
    await asyncio.sleep(0)  # one turn of the loop: they wait now
    assert not any(follower.done() for follower in followers)
    if event == "advance":
        clock.advance(1)
    else:
        clock.stop()
    _woken, asleep = await asyncio.wait(followers, timeout=5)
    assert not asleep


async def test_a_change_of_plans_is_no_change_of_the_clock() -> None:
    clock = SandboxClock()
    follower = asyncio.create_task(clock.wait_for_version(clock.version, 60))
    await asyncio.sleep(0)
    clock.poke()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not follower.done()
    follower.cancel()


async def test_a_feed_under_way_does_not_keep_the_sandbox_from_stopping() -> None:
    app = create_app(Options())
    living = app.router.lifespan_context(app)
    await living.__aenter__()
    world: World = app.state.world
    world.accept_feed(world.feeds.accept("UpdateStock", "", [], world.clock.now()))
    for _turn in range(5):  # of the loop: the mover looks at the feed and waits for its end
        await asyncio.sleep(0)
    assert not world.feeds.listed(world.clock.now())[0].ended
    stopped, _pending = await asyncio.wait(
        {asyncio.ensure_future(living.__aexit__(None, None, None))}, timeout=5
    )
    assert stopped
