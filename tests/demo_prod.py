"""`python -m tests.demo_prod ARGS...`: `orquestador demo ARGS...` on a mongod and a Redis of its own, which
are started for it on free ports in a temporary folder and end with it. The exit code is the demo's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Self

from tests.engines import Mongod
from tests.redis_server import RedisServer, binaries


def main(arguments: list[str]) -> int:
    launcher = (sys.executable, "-m", "tests.launch", str(os.getpid()))
    with _Signals() as signals, contextlib.ExitStack() as undo:
        folder = Path(
            undo.enter_context(
                tempfile.TemporaryDirectory(prefix="orquestador-engines-", ignore_cleanup_errors=True)
            )
        )
        redis = RedisServer(next(iter(binaries().values())), folder, launcher=launcher)
        undo.callback(redis.kill)
        # A replica set of one, as in deploy/compose.yaml.
        mongod = Mongod(folder, replica_set=True, launcher=launcher)
        undo.callback(mongod.kill)
        redis.start()
        mongod.start()
        signals.demo = subprocess.Popen(
            [*launcher, sys.executable, "-m", "orquestador", "demo", *arguments],
            env={**os.environ, "MONGODB_URI": mongod.uri, "REDIS_URL": redis.url},
        )
        return signals.demo.wait()


class _Signals:
    """The demo's own affair: it ends in order, and then we do. Before there is one, the first ends us."""

    def __init__(self) -> None:
        self.demo: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._to(self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        self._to(signal.SIG_DFL)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self.demo is not None:
            self.demo.send_signal(number)
        else:
            self._to(signal.SIG_IGN)
            sys.exit(128 + number)

    def _to(self, action: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, action)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
