"""`orquestador demo` as a process with a home of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 90.0
POISON = {
    "ODOO_URL": "http://192.0.2.1:8069",
    "FALABELLA_API_URL": "http://192.0.2.1",
    "PORT": "not a port",
    "MODE": "observe",
    "PREFIX": "real-shop-",
}
"""What would break or mislead a demo that listened to it (RFC 5737 addresses lead nowhere)."""


class Demo:
    """One `demo` process with a home of its own; `folder` is where its temporary folder appears."""

    def __init__(self, home: Path, *args: str, **env: str) -> None:
        self.folder = home / "tmp"
        self.folder.mkdir()
        self.work = home / "cwd"
        self.work.mkdir()
        (self.work / ".env").write_text(
            "".join(f"{name}={value}\n" for name, value in POISON.items()) + "DATA_DIR=./real-data\n"
        )
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "orquestador", "demo", *args],
            cwd=self.work,
            env={
                **os.environ,
                **POISON,
                "TMPDIR": str(self.folder),
                "APP_LANG": "en",
                "COLUMNS": "100",
                **env,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def children(self) -> dict[int, str]:
        """Command lines of the processes that run in our temporary folder, found by where they run."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if str((entry / "cwd").readlink()).startswith(str(self.folder)):
                        found[int(entry.name)] = (entry / "cmdline").read_bytes().decode().replace("\0", " ")
                except OSError:
                    continue  # it ended meanwhile
        return found

    def until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < deadline, "the state that we wait for never came"
            time.sleep(0.05)

    def service(self, command: str = "up") -> int | None:
        """The process id of `orquestador COMMAND`."""
        running = self.children().items()
        return next((pid for pid, words in running if words.endswith(f"-m orquestador {command} ")), None)

    def end(self) -> tuple[int, str, str]:
        out, err = self.popen.communicate(timeout=PATIENCE_S)
        return self.popen.returncode, out, err
