"""A MongoDB that is away: told by the addresses that a monitor asks, and by nothing else needing a person."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from tests.e2e.stack import free_port, start, wait_for
from tests.engines import Mongod


@pytest.mark.parametrize("command", [["up"], ["api", "--workers", "2"]], ids=["up", "api"])
def test_health_tells_that_mongodb_is_away_and_that_it_is_back(tmp_path: Path, command: list[str]) -> None:
    server, port = Mongod(tmp_path), free_port()
    env = {"MONGODB_URI": f"{server.uri}shop", "PORT": str(port), "APP_LANG": "en"}
    service = start(command, log=tmp_path / "log", env=env, cwd=tmp_path)

    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:

        def answers(path: str) -> int | None:
            try:
                return client.get(path).status_code
            except httpx2.TransportError:
                return None

        try:
            # Started before its store: it listens, and lives, and takes nothing yet.
            wait_for("a door without a store", lambda: answers("/health") == 503)
            assert answers("/health/live") == 200
            server.start()
            wait_for("the store is found", lambda: answers("/health") == 200)
            server.kill()
            wait_for("the store is missed", lambda: answers("/health") == 503)
            assert client.get("/health").json()["status"] == "error"
            assert answers("/health/ready") == 503
            assert answers("/health/live") == 200
            server.start()
            wait_for("the store is found again", lambda: answers("/health") == 200)
            assert service.stop() == 0, service.log.read_text()
        finally:
            service.kill()
            server.kill()
