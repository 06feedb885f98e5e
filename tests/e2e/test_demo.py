"""`orquestador demo` as a user runs it: three real processes, real HTTP, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from tests.e2e.demo import PATIENCE_S, Demo


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def test_every_number_agrees_and_nothing_is_left(home: Path) -> None:
    demo = Demo(home, "--json", "--orders", "15", "--seed", "3")
    code, out, err = demo.end()
    assert (code, err) == (0, "")
    said = json.loads(out)
    assert set(said) == {"agree", "orders", "duration_s", "skus"}
    assert said["agree"] is True
    assert said["orders"] == 15
    assert 0 < said["duration_s"] < PATIENCE_S
    assert len(said["skus"]) == 6
    for row in said["skus"]:
        assert set(row) == {"sku", "expected", "erp", "expected_listing", "listing"}
        assert row["erp"] == row["expected"]
        assert row["listing"] == row["expected_listing"] == max(0, row["expected"])
    assert any(row["expected"] < 0 for row in said["skus"])
    assert not demo.children()
    assert not list(demo.folder.iterdir())
    assert [entry.name for entry in demo.work.iterdir()] == [".env"]


def test_kept_it_stays_up_until_ctrl_c_and_then_removes_everything(home: Path) -> None:
    demo = Demo(home, "--keep", "--orders", "3")
    assert demo.popen.stdout is not None
    shown = ""
    while not shown.endswith("/status\n"):
        line = demo.popen.stdout.readline()
        assert line, shown
        shown += line
    assert "All agree" in shown
    assert "/docs" in shown
    assert "curl" in shown
    assert len(demo.children()) == 3
    demo.popen.send_signal(signal.SIGINT)
    code, _, _ = demo.end()
    assert code == 0
    assert not demo.children()
    assert not list(demo.folder.iterdir())


def test_interrupted_in_the_middle_it_cleans_up(home: Path) -> None:
    demo = Demo(home)
    demo.until(lambda: len(demo.children()) == 3)
    demo.popen.send_signal(signal.SIGINT)
    code, out, _ = demo.end()
    assert code == 1
    assert "Interrupted" in out
    # A child that was being born just then ends with its parent, a moment later.
    demo.until(lambda: not demo.children())
    assert not list(demo.folder.iterdir())


def test_the_processes_die_with_a_demo_that_is_killed(home: Path) -> None:
    demo = Demo(home)
    demo.until(lambda: demo.service() is not None)
    demo.popen.kill()
    demo.popen.communicate()
    demo.until(lambda: not demo.children())


def test_a_service_that_dies_is_told(home: Path) -> None:
    demo = Demo(home)
    demo.until(lambda: demo.service() is not None)
    service = demo.service()
    assert service is not None
    os.kill(service, signal.SIGKILL)
    code, out, err = demo.end()
    assert code == 1, err
    assert "orquestador ended" in out
    assert not demo.children()
    assert not list(demo.folder.iterdir())
