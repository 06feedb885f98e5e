"""Two sandboxes and the service on MongoDB and Redis, with somebody who starts again at once whatever is
killed, as a service manager does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.e2e.stack import Child, Shape, Stack, start, wait_for
from tests.engines import Mongod
from tests.redis_server import RedisServer, binaries


class Managed:
    """One `api`, any number of `worker`s, a mongod whose files stay and a Redis that forgets."""

    def __init__(self, folder: Path, *, replica_set: bool = False, **env: str) -> None:
        for name in ("mongod", "redis"):
            (folder / name).mkdir()
        self.mongod = Mongod(folder / "mongod", replica_set=replica_set)
        self.redis = RedisServer(next(iter(binaries().values())), folder / "redis")
        engines = {"MONGODB_URI": self.mongod.uri, "REDIS_URL": self.redis.url}
        self.world = Stack(folder, Shape.EMBEDDED, **engines, **env)
        self.api: Child | None = None
        self.workers: list[Child] = []

    def start_engines(self) -> None:
        self.mongod.start()
        self.redis.start()

    def start_api(self) -> None:
        self.api = self._start("api")

    def start_worker(self) -> None:
        self.workers.append(self._start("worker"))

    def _start(self, command: str) -> Child:
        world = self.world
        child = start([command], log=world.folder / f"{command}.log", env=world.env, cwd=world.folder)
        world.children.append(child)
        return child

    def answers(self, path: str = "/health/ready", status: int = 200) -> None:
        """Wait until the api answers so."""

        def asked() -> bool:
            assert self.api is not None
            assert self.api.process.poll() is None, self.api.log.read_text()[-4000:]
            try:
                return self.world.client.get(path).status_code == status
            except httpx2.TransportError:
                return False

        wait_for(f"{path} is {status}", asked, 60)

    def kill_api(self) -> None:
        assert self.api is not None
        self.api.kill()
        self.start_api()

    def kill_worker(self, number: int = 0) -> None:
        self.workers.pop(number).kill()
        self.start_worker()

    def kill_redis(self) -> None:
        self.redis.kill()
        self.redis.start()

    def kill_mongod(self) -> None:
        self.mongod.kill()
        self.mongod.start()

    def close(self) -> None:
        self.world.close()
        self.redis.kill()
        self.mongod.kill()


@contextmanager
def managed(folder: Path, *, replica_set: bool = False, **env: str) -> Iterator[Managed]:
    house = Managed(folder, replica_set=replica_set, **env)
    try:
        yield house
    finally:
        house.close()
