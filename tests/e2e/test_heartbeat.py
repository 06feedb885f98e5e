"""`orquestador worker --heartbeat`: what the container's health check looks at."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

from pymongo import MongoClient

from tests.e2e.stack import start, wait_for
from tests.engines import shared_mongod


def test_a_worker_beats_while_it_runs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    server, database, beat = shared_mongod(), f"heartbeat_{uuid4().hex[:12]}", tmp_path / "beat"
    env = {"MONGODB_URI": f"{server.uri}{database}", "DATA_DIR": str(tmp_path / "data"), "APP_LANG": "en"}
    worker = start(["worker", "--heartbeat", str(beat)], log=tmp_path / "log", env=env, cwd=tmp_path)
    try:
        wait_for("a first beat", beat.exists)
        os.utime(beat, (0, 0))
        wait_for("the next beat", lambda: beat.stat().st_mtime > 0)
        assert worker.stop() == 0, worker.log.read_text()
        # With MongoDB nothing is written beside the log: neither data nor what is left of the heartbeat.
        assert [path.name for path in tmp_path.iterdir()] == ["log"]
    finally:
        worker.kill()
        with MongoClient[dict[str, object]](server.uri) as client:
            client.drop_database(database)


def test_a_heartbeat_that_cannot_be_written_stops_the_start(tmp_path: Path) -> None:
    server, database = shared_mongod(), f"heartbeat_{uuid4().hex[:12]}"
    env = {"MONGODB_URI": f"{server.uri}{database}", "APP_LANG": "en"}
    beat = tmp_path / "no" / "beat"
    worker = start(["worker", "--heartbeat", str(beat)], log=tmp_path / "log", env=env, cwd=tmp_path)
    try:
        assert worker.process.wait(30) == 1
        assert str(beat) in worker.log.read_text()
    finally:
        worker.kill()
        with MongoClient[dict[str, object]](server.uri) as client:
            client.drop_database(database)
