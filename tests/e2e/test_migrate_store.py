"""A shop outgrows one file: it sold on SQLite, its store is moved, and the same orders go on on MongoDB."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.e2e.conftest import embedded_only
from tests.e2e.stack import Stack
from tests.e2e.test_flow1 import moves
from tests.engines import shared_mongod

pytestmark = embedded_only  # where every move begins


@pytest.fixture
def uri() -> Iterator[str]:
    name = f"orquestador_moved_{uuid.uuid4().hex[:8]}"
    yield shared_mongod().uri + name
    with MongoClient[Any](shared_mongod().uri) as client:
        client.drop_database(name)


def test_a_shop_moves_and_its_orders_go_on(world: Stack, uri: str, tmp_path: Path) -> None:
    shop = world
    kept, cancelled, simple, later = (shop.sku() for _ in range(4))
    shop.up(MODE="live")
    orders = {sku: shop.sell((sku, 3)) for sku in (kept, cancelled)}
    assert shop.simple("BODY-1", "confirmed", (simple, 2)).status_code == 200
    shop.settles({kept: 997, cancelled: 997, simple: 998})
    shop.idle()
    refused = shop.cli("migrate-store", "--yes", MONGODB_URI=uri)
    assert (refused.returncode, "in use" in refused.stderr) == (1, True), refused.stderr
    known = shop.logs()
    assert shop.service is not None
    assert shop.service.stop() == 0

    # Sold while nobody was there: polling finds it, on the new store.
    missed = shop.sell((later, 4), notify=False)
    asked = shop.cli("migrate-store", MONGODB_URI=uri)
    assert (asked.returncode, "--yes" in asked.stderr) == (2, True)
    done = shop.cli("migrate-store", "--yes", "--json", MONGODB_URI=uri)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["state"] == "done"
    assert {t["name"]: t["agree"] for t in told["tables"]}["receipts"] is True
    assert shop.cli("migrate-store", "--yes", MONGODB_URI=uri).returncode == 0

    shop.env["MONGODB_URI"] = uri
    shop.up(MODE="live")
    shop.settles({kept: 997, cancelled: 997, simple: 998, later: 996})
    assert {entry["id"] for entry in known} <= {entry["id"] for entry in shop.logs()}
    # An order that was taken before gives back exactly once, however often it is told.
    for _ in range(3):
        shop.set_status(orders[cancelled], "canceled")
        assert shop.simple("BODY-1", "canceled", (simple, 2), at="2026-11-24T11:00:00Z").status_code == 200
    # What was told before is known: the same body moves nothing.
    assert shop.simple("BODY-1", "confirmed", (simple, 2)).json()["duplicate"] is True
    shop.set_status(orders[kept], "ready_to_ship")
    shop.settles({kept: 997, cancelled: 1000, simple: 1000, later: 996})
    shop.idle()
    assert moves(shop, orders[kept]) == {"1": {kept: 3}}
    assert moves(shop, orders[cancelled]) == {"1": {cancelled: 3}, "2": {cancelled: 3}}
    assert moves(shop, "BODY-1") == {"1": {simple: 2}, "2": {simple: 2}}
    assert moves(shop, missed) == {"1": {later: 4}}
    assert shop.on_hand(cancelled) == 1000


def test_a_half_moved_store_is_not_served(world: Stack, uri: str) -> None:
    """Both languages say what to do, and the file is served as before."""
    mark = {
        "_id": "migration",
        "state": "copying",
        "begun_at": 1.0,
        "source": {"origin": "till:/shop.sqlite3"},
    }
    with contextlib.closing(MongoClient[Any](uri)) as client:
        client.get_default_database()["orq_schema"].insert_one(mark)
        for lang, words in (("en", "unfinished copy of till:"), ("es", "copia sin terminar de till:")):
            for command in ("up", "worker", "status"):
                ended = world.cli(command, MONGODB_URI=uri, APP_LANG=lang)
                assert (ended.returncode, words in ended.stderr) == (1, True), ended.stderr
                assert "migrate-store" in ended.stderr
        assert client.get_default_database().list_collection_names() == ["orq_schema"]
    world.up(MODE="live")
