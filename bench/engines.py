"""The engines of the production shape: one mongod for all, a Redis for each run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from pymongo import AsyncMongoClient
from redis import Redis
from redis.exceptions import ConnectionError as NotYet

from bench.processes import BenchFailed, Child, Children, wait_for
from tests import engines as servers
from tests.redis_server import binaries, free_port


def mongod_binary() -> str:
    """As the tests find it. Raises BenchFailed, with what to install, when there is none."""
    try:
        return str(servers.mongod_binary())
    except RuntimeError as error:
        raise BenchFailed(str(error)) from error


def redis_binary() -> str:
    """As the tests find it. Raises BenchFailed, with what to install, when there is none."""
    try:
        return str(next(iter(binaries().values())))
    except RuntimeError as error:
        raise BenchFailed(str(error)) from error


class Mongo:
    """A standalone server with its journal and default settings, as the original description starts it."""

    def __init__(self, world: Children, core: int | None) -> None:
        self._world, self._core, self._data = world, core, world.folder / "mongod-data"
        self._data.mkdir()
        self.port = free_port()
        self.child = self.start()

    def start(self) -> Child:
        """Also after a kill, on the same files; returns when it takes writes."""
        where = ("--dbpath", str(self._data), "--port", str(self.port), "--bind_ip", "127.0.0.1")
        binary = mongod_binary()
        self.child = self._world.run("mongod", binary, *where, "--nounixsocket", core=self._core)
        wait_for("mongod answers", lambda: asyncio.run(self._answers()))
        return self.child

    def uri(self, database: str) -> str:
        return f"mongodb://127.0.0.1:{self.port}/{database}"

    def read(self, database: str, collection: str, *fields: str) -> list[dict[str, Any]]:
        """These fields of every document, as they are on the disk: no reader of ours in between."""
        return asyncio.run(self._read(database, collection, fields))

    def drop(self, database: str) -> None:
        """What a run is done with need not be kept warm for the next."""
        asyncio.run(self._drop(database))

    # The asynchronous client has no threads, and a bench starts its next process by a fork.

    async def _read(self, database: str, collection: str, fields: tuple[str, ...]) -> list[dict[str, Any]]:
        async with AsyncMongoClient[dict[str, Any]](self.uri(database)) as client:
            found = client[database][collection].find({}, dict.fromkeys(fields, 1))
            return await found.to_list()

    async def _drop(self, database: str) -> None:
        async with AsyncMongoClient[dict[str, Any]](self.uri(database)) as client:
            await client.drop_database(database)

    async def _answers(self) -> bool:
        options: dict[str, Any] = {"serverSelectionTimeoutMS": 200}
        if self.child.process.poll() is not None:
            raise BenchFailed(f"mongod ended: {self.child.log.read_text(errors='replace')[-2000:]}")
        try:
            async with AsyncMongoClient[dict[str, Any]](self.uri("admin"), **options) as client:
                return bool((await client.admin.command("hello"))["isWritablePrimary"])
        except Exception:
            return False


@dataclass(frozen=True, slots=True)
class Engines:
    """The addresses for one run; its Redis is its own, so that a flush hits nobody else."""

    mongo_uri: str
    redis: Redis
    redis_port: int

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/0"

    @property
    def settings(self) -> dict[str, str]:
        """What makes a service of ours use them."""
        return {"MONGODB_URI": self.mongo_uri, "REDIS_URL": self.redis_url}


def start_redis(world: Children, name: str, mongo: Mongo, core: int | None) -> Engines:
    """A Redis with its default settings, as the original description starts it, and a database of its own."""
    data, port = world.folder / f"{name}-redis", free_port()
    data.mkdir()
    where = ("--port", str(port), "--bind", "127.0.0.1", "--dir", str(data))
    world.run(f"{name}-redis", redis_binary(), *where, core=core)
    client = Redis(host="127.0.0.1", port=port, decode_responses=True)
    wait_for("redis answers", lambda: _pings(client))
    return Engines(mongo.uri(name.replace("-", "_")), client, port)


def _pings(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except NotYet:
        return False
