"""The commands through a running service: its API, its keys, its lock."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal import at_a_terminal
from tests.unit.cli.support import Shop, free_port

START_S = 30.0
COMMAND = "from orquestador.cli import main; main()"


def start(shop: Shop, **env: str) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPATH")}
    given = {name: str(value) for name, value in shop.env.items()}
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "up"],
        cwd=shop.folder,
        env={**clean, **given, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_until_up(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + START_S
    while not answers(port):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "the service did not start"
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)


KEYS = {"API_KEYS": "maria:viewer:viewer-key-0123456789,ops:admin:admin-key-0123456789"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("service"), free_port())
    shop.bury("1")
    process = start(shop, **KEYS)
    try:
        wait_until_up(process, shop.port)
        yield shop
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=START_S)


def test_the_commands_go_through_the_service_with_its_own_key(service: Shop) -> None:
    report = service.run("status", "--json", **KEYS)
    assert (report.code, report.json["running"], report.json["dead"]) == (1, True, 1)
    assert service.run("work", "list", "--state", "dead", "--json", **KEYS).json["items"][0]["ref"] == "1"
    file = service.folder / "copy.sqlite3"
    assert service.run("backup", str(file), **KEYS).code == 0
    assert file.stat().st_size > 0
    assert service.run("uninstall", "--json", **KEYS).json == {"items": []}
    shown = service.run("status", **KEYS)
    assert "not running" not in shown.out
    codes = [f["code"] for f in service.run("doctor", "--json", **KEYS).json["findings"]]
    assert "service_running" in codes


def test_a_wrong_key_and_a_weak_role_are_told(service: Shop) -> None:
    wrong = service.run("work", "list", ORQUESTADOR_API_KEY="nonsense", **KEYS)
    assert (wrong.code, "ORQUESTADOR_API_KEY" in wrong.err) == (1, True)
    weak = service.run(
        "backup", str(service.folder / "b"), ORQUESTADOR_API_KEY="viewer-key-0123456789", **KEYS
    )
    assert (weak.code, "has no right" in weak.err) == (1, True)


@pytest.fixture(scope="module")
def strict_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One that answers a key once an hour, and looks at one wrong key an hour."""
    shop = Shop(tmp_path_factory.mktemp("strict"), free_port())
    process = start(shop, API_RATE_LIMIT="1/hour", FAILED_PROOF_LIMIT="1/hour", **KEYS)
    try:
        wait_until_up(process, shop.port)
        yield shop
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=START_S)


def test_who_asks_too_often_is_told_when_to_ask_again(strict_service: Shop) -> None:
    assert strict_service.run("work", "list", **KEYS).code == 0
    for language, words, wait in (
        ("es", "Demasiadas peticiones", r"Repita en (\d+) s"),
        ("en", "Too many requests", r"Repeat it in (\d+) s"),
    ):
        refused = strict_service.run("work", "list", APP_LANG=language, **KEYS)
        told = " ".join(refused.err.split())
        assert (refused.code, refused.out) == (1, "")
        assert words in told
        assert "API_RATE_LIMIT" in told
        found = re.search(wait, told)
        assert found is not None, told
        assert 3000 < int(found[1]) <= 3601


def test_too_many_wrong_keys_are_told(strict_service: Shop) -> None:
    wrong = [strict_service.run("work", "list", ORQUESTADOR_API_KEY=f"wrong-{n}") for n in range(3)]
    told = " ".join(wrong[-1].err.split())
    assert wrong[-1].code == 1
    assert "Too many wrong keys from this address" in told
    assert "ORQUESTADOR_API_KEY" in told


def test_a_second_service_on_the_same_data_is_refused(service: Shop) -> None:
    second = start(Shop(service.folder, free_port()))
    _, told = second.communicate(timeout=START_S)
    assert second.returncode == 1
    assert "in use by process" in told
    assert "Traceback" not in told


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(Shop(tmp_path, taken.getsockname()[1]))
        _, told = process.communicate(timeout=START_S)
    assert process.returncode == 1
    assert "change PORT" in told
    assert "Traceback" not in told


def test_a_person_is_asked_about_each_open_order(tmp_path: Path) -> None:
    shop = Shop(tmp_path, free_port())
    shop.receive("7")
    shop.receive("8")
    shown = _at_a_terminal(shop, ["go-live"], ["y", "n", "y"])
    assert "already taken out in Odoo?" in shown
    taken = {
        row["ref"]: row["order"]["take_anyway"] for row in shop.run("orders", "list", "--json").json["items"]
    }
    assert sorted(taken.values()) == [False, True]
    assert shop.run("status", "--json").json["mode"] == "live"


def test_a_person_may_say_no(tmp_path: Path) -> None:
    shop = Shop(tmp_path, free_port())
    shop.receive("7")
    assert "Nothing was changed" in _at_a_terminal(shop, ["go-live"], ["y", ""])
    assert shop.run("status", "--json").json["mode"] == "observe"


def _at_a_terminal(shop: Shop, args: list[str], answers: list[str]) -> str:
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPATH")}
    given = {name: str(value) for name, value in shop.env.items()}
    code, shown = at_a_terminal(
        [sys.executable, "-c", COMMAND, *args],
        answers,
        folder=shop.folder,
        env={**clean, **given, "TERM": "dumb"},
        asks="]",
        quiet_s=START_S,
    )
    assert code == (0 if "Nothing was changed" not in shown else 1), shown
    return shown


def test_up_stops_on_a_signal_with_0_and_gives_the_data_back(tmp_path: Path) -> None:
    shop = Shop(tmp_path, free_port())
    process = start(shop)
    wait_until_up(process, shop.port)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=START_S)
    assert (process.returncode, "Traceback" in told) == (0, False)
    assert shop.run("work", "list", "--json").json["items"] == []
