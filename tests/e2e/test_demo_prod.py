"""`orquestador demo` on a real mongod and a real Redis: `api` and `worker` as processes, a place of its own
that is gone afterwards whatever happens, and nobody else's data touched."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from redis import Redis

from tests.e2e.demo import Demo
from tests.engines import free_port, shared_mongod
from tests.redis_server import RedisServer, binaries

PASSWORD = "hunter2-hunter2"  # of both engines
OTHERS = "orquestador_demo_-"  # of another demo, which may be running: no name of ours has this sign
Mongo = MongoClient[dict[str, Any]]


class Engines:
    """Both servers with something of other people on them; `env` is what a user sets."""

    def __init__(self, mongo: Mongo, redis: RedisServer) -> None:
        self.mongo, self.redis = mongo, redis
        self.keys = Redis.from_url(redis.url)
        self.port = shared_mongod().port
        self.env = {
            "MONGODB_URI": f"mongodb://demo:{PASSWORD}@127.0.0.1:{self.port}/demoprod_shop?w=1",
            "REDIS_URL": redis.url,
        }
        if not mongo["demoprod_shop"].command("usersInfo", "demo")["users"]:
            rights = [{"role": "readWriteAnyDatabase", "db": "admin"}]
            mongo["demoprod_shop"].command("createUser", "demo", pwd=PASSWORD, roles=rights)
        for name in ("demoprod_shop", OTHERS):
            mongo[name]["orq_work"].replace_one({"_id": "x"}, {"_id": "x", "name": name}, upsert=True)
        for key in (
            f"orquestador:{OTHERS}:{OTHERS}:queue:x",
            "orquestador:shop:queue:x",
            "orquestador_demo_:x",
        ):
            self.keys.set(key, "not ours")

    def database(self) -> str | None:
        """The demo's, once there is one."""
        names = self.mongo.list_database_names()
        return next((n for n in names if n.startswith("orquestador_demo_") and n != OTHERS), None)

    def in_the_middle(self) -> bool:
        """Orders are journaled."""
        name = self.database()
        return name is not None and self.mongo[name]["orq_receipts"].find_one() is not None

    def everything(self) -> tuple[dict[str, Any], dict[bytes, bytes | None]]:
        """All that is on both servers, but for the server's own."""
        names = [n for n in self.mongo.list_database_names() if n.startswith(("orquestador_", "demoprod_"))]
        documents = {
            name: {c: list(self.mongo[name][c].find()) for c in self.mongo[name].list_collection_names()}
            for name in names
        }
        return documents, {key: self.keys.dump(key) for key in self.keys.scan_iter()}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    redis = RedisServer(next(iter(binaries().values())), tmp_path_factory.mktemp("redis"), password=PASSWORD)
    redis.start()
    with Mongo(shared_mongod().uri) as mongo:
        engines = Engines(mongo, redis)
        try:
            yield engines
        finally:
            engines.keys.close()
            mongo["demoprod_shop"].command("dropUser", "demo")
            for name in ("demoprod_shop", OTHERS):
                mongo.drop_database(name)
            redis.kill()


@pytest.fixture
def engines(servers: Engines) -> Iterator[Engines]:
    """Afterwards exactly what was there before is there."""
    before = servers.everything()
    yield servers
    assert servers.everything() == before


def nothing_runs(demo: Demo) -> bool:
    return not demo.children() and not list(demo.folder.iterdir())


def test_every_number_agrees_and_nothing_is_left(engines: Engines, tmp_path: Path) -> None:
    demo = Demo(tmp_path, "--orders", "8", "--seed", "3", **engines.env)
    demo.until(lambda: bool(demo.service("api") and demo.service("worker")))
    demo.until(engines.in_the_middle)
    name = engines.database()
    code, out, err = demo.end()
    assert (code, err) == (0, "")
    assert "All agree: 8 orders" in out
    assert f"MongoDB 127.0.0.1:{engines.port}, Redis 127.0.0.1:{engines.redis.port}; database {name}." in out
    assert f"Removed: the database {name} and its keys in Redis (" in out
    assert PASSWORD not in out
    assert nothing_runs(demo)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle_it_removes_what_is_its_own(
    engines: Engines, tmp_path: Path, number: signal.Signals
) -> None:
    demo = Demo(tmp_path, "--orders", "200", **engines.env)
    demo.until(engines.in_the_middle)
    demo.popen.send_signal(number)
    code, out, err = demo.end()
    assert (code, err) == (1, "")
    assert "Interrupted" in out
    assert "Removed: the database orquestador_demo_" in out
    assert nothing_runs(demo)


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_service_that_dies_in_the_middle_leaves_nothing(
    engines: Engines, tmp_path: Path, command: str
) -> None:
    demo = Demo(tmp_path, "--orders", "200", **engines.env)
    demo.until(engines.in_the_middle)
    victim = demo.service(command)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    code, out, err = demo.end()
    assert (code, err) == (1, "")
    assert f"orquestador-{command} ended" in out
    assert "Removed: the database orquestador_demo_" in out
    assert PASSWORD not in out
    assert nothing_runs(demo)


def test_what_could_not_be_removed_is_named(engines: Engines, tmp_path: Path) -> None:
    (folder := tmp_path / "redis").mkdir()
    redis = RedisServer(next(iter(binaries().values())), folder, password=PASSWORD)
    redis.start()
    try:
        demo = Demo(tmp_path, "--json", "--orders", "3", **{**engines.env, "REDIS_URL": redis.url})
        demo.until(engines.in_the_middle)
        name = engines.database()
    finally:
        redis.kill()
    code, out, err = demo.end()
    said = json.loads(out)  # exact, as on SQLite
    assert set(said) == {"agree", "orders", "duration_s", "skus"}
    assert said["agree"] is True  # a queue that is gone costs time alone
    assert code == 1
    assert err.startswith(f"NOT removed: orquestador:{name}:{name}:* from Redis 127.0.0.1:{redis.port}: ")
    assert PASSWORD not in err


@pytest.mark.parametrize("setting", ["MONGODB_URI", "REDIS_URL"])
@pytest.mark.parametrize("problem", ["away", "login"])
def test_an_engine_that_cannot_be_used_is_told_before_anything_starts(
    engines: Engines, tmp_path: Path, setting: str, problem: str
) -> None:
    address = engines.env[setting]
    if problem == "login":
        address = address.replace(PASSWORD, "hunter3-wrong")
    else:
        scheme, _, rest = address.partition("://")
        path = rest.rpartition("/")[2]
        address = f"{scheme}://demo:{PASSWORD}@127.0.0.1:{free_port()}/{path}"
    demo = Demo(tmp_path, **{**engines.env, setting: address})
    code, out, err = demo.end()
    assert (code, err) == (1, "")
    engine = "MongoDB" if setting == "MONGODB_URI" else "Redis"
    assert out.startswith(f"Nothing was started: {engine} (127.0.0.1:")
    assert "sandboxes" not in out
    assert PASSWORD not in out
    assert "hunter3" not in out
    assert nothing_runs(demo)


def test_redis_without_mongodb_is_told_and_not_used(engines: Engines, tmp_path: Path) -> None:
    demo = Demo(tmp_path, REDIS_URL=engines.env["REDIS_URL"])
    demo.until(lambda: len(demo.children()) == 2)
    demo.popen.send_signal(signal.SIGINT)
    _, out, _ = demo.end()
    assert "SQLite in a temporary folder" in out
    assert "REDIS_URL: not used. Without MONGODB_URI" in out
    assert "Removed" not in out
