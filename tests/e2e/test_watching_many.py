"""The same through several processes, MongoDB and Redis: what a worker does reaches those who ask an api."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import ADMIN, Shape, Stack, stack, wait_for
from tests.e2e.test_watching import stock, watching
from tests.engines import Mongod
from tests.redis_server import RedisServer, binaries


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(next(iter(binaries().values())), tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def many(tmp_path: Path, redis: RedisServer) -> Iterator[Stack]:
    """Two processes that answer and one that works; the world's `service` is the parent of the two."""
    mongod = Mongod(tmp_path)
    mongod.start()
    engines = {"MONGODB_URI": mongod.uri, "REDIS_URL": redis.url}
    rare = {"STOCK_CACHE_S": "600", "ODOO_POLL_S": "3600", "HINT_DELAYS_S": "3600"}
    with stack(tmp_path, Shape.PRODUCTION, **rare, **engines) as world:
        world.start_worker()
        world.start_api("--workers", "2")
        yield world
    mongod.kill()


def test_a_workers_change_is_seen_and_told_by_every_api(many: Stack, redis: RedisServer) -> None:
    shop, sku = many, many.sku()
    # Each request on a connection of its own, so that both processes answer.
    headers = {**ADMIN, "Connection": "close"}

    def on_hand() -> set[int]:
        return {
            int(shop.client.get(f"/odoo/stock/{sku}", headers=headers).json()["onHand"]) for _ in range(8)
        }

    assert on_hand() == {1000}
    with watching(shop) as watcher:
        assert shop.simple("MANY-1", "confirmed", (sku, 2)).is_success
        wait_for(
            "the worker's part is told",
            lambda: any(e.get("ref") == "MANY-1" and e["state"] == "settled" for e in watcher.events),
        )
        # Neither a hint nor the cursor did it: they rest for an hour.
        assert on_hand() == {998}

        redis.kill()
        assert stock(shop, sku)["onHand"] == 998
        assert shop.simple("MANY-2", "confirmed", (sku, 1)).is_success
        shop.order_is("MANY-2", "settled")
        assert stock(shop, sku)["onHand"] == 997  # asked each time
        redis.start()
        wait_for("a gap is told", lambda: any(e["topic"] == "missed" for e in watcher.events))
        assert shop.simple("MANY-3", "confirmed", (sku, 1)).is_success
        shop.order_is("MANY-3", "settled")
        assert on_hand() == {996}

        assert shop.service is not None
        assert shop.service.stop() == 0
        watcher.wait()
        assert watcher.ended == "well"
    assert "timeout graceful shutdown exceeded" not in shop.service.log.read_text()
