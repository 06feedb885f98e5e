"""Children of a bench: on 127.0.0.1, pinned on request, and never left behind."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn, TypeVar

T = TypeVar("T")
PATIENCE_S = 30.0
_PR_SET_PDEATHSIG = 1
_LISTENING = re.compile(rb"(?:listening|running) on (http://127\.0\.0\.1:\d+)")


class BenchFailed(Exception):
    """A child did not do what the bench needs; its message says which, with the end of its log."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core serves and which one generates load; the same one where a machine has no second."""

    server: int
    load: int

    @classmethod
    def pick(cls) -> Cores:
        usable = sorted(os.sched_getaffinity(0))
        return cls(server=usable[0], load=usable[-1])

    def stay_on_load(self) -> None:
        """Keep this process off the server's core."""
        os.sched_setaffinity(0, {self.load})


@dataclass(frozen=True, slots=True)
class Child:
    """A process of ours with its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_url(self) -> str:
        """The address it says it listens on."""
        found = wait_for(f"{self.log.stem} listens", self._listening)
        return found.group(1).decode()

    def _listening(self) -> re.Match[bytes] | None:
        text = self.log.read_bytes()
        if self.process.poll() is not None:
            raise BenchFailed(f"{self.log.stem} ended: {text[-2000:].decode(errors='replace')}")
        return _LISTENING.search(text)

    def cpu_s(self) -> float:
        """Processor time of all its threads so far: on a busy machine steadier than any clock."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As a service manager does it; processes of its own end with it."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise BenchFailed(f"{self.log.stem} did not end when told to") from None


class Children:
    """Starts processes in a folder of its own; `bench_world` ends them whatever happens."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._all: list[Child] = []

    def start(
        self,
        name: str,
        module: str,
        *arguments: str,
        env: Mapping[str, str] | None = None,
        core: int | None = None,
    ) -> Child:
        """`python -m module arguments` with a clean environment, its output in `<name>.log`."""
        settings = {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), **(env or {})}
        return self.run(name, sys.executable, "-m", module, *arguments, env=settings, core=core)

    def run(
        self, name: str, *command: str, env: Mapping[str, str] | None = None, core: int | None = None
    ) -> Child:
        """Any program, with a clean environment, its output in `<name>.log`."""
        log = self.folder / f"{name}.log"
        clean = {k: os.environ[k] for k in ("PATH", "HOME", "TMPDIR") if k in os.environ}
        libc = ctypes.CDLL(None)

        def become_child() -> None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # a killed bench leaves nothing behind either
            if core is not None:
                os.sched_setaffinity(0, {core})

        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**clean, "LANG": "C.UTF-8", **(env or {})},
                cwd=self.folder,
                preexec_fn=become_child,  # noqa: PLW1509 - a bench has no threads when it starts one
            )
        child = Child(process, log)
        self._all.append(child)
        return child

    def named(self, name: str) -> Child:
        """The child that was started last under this name."""
        return next(child for child in reversed(self._all) if child.log.stem == name)

    def close(self) -> None:
        """End them all."""
        for child in reversed(self._all):
            if child.process.poll() is None:
                child.kill()


@contextmanager
def bench_world(limit_s: float) -> Iterator[Children]:
    """A temp folder and its children; ends with BenchFailed after `limit_s`, whatever hangs."""

    def over(number: int, frame: FrameType | None) -> None:
        raise BenchFailed(
            f"not finished within {limit_s:.0f} s" if number == signal.SIGALRM else "interrupted"
        )

    before = {number: signal.signal(number, over) for number in (signal.SIGALRM, signal.SIGTERM)}
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        with tempfile.TemporaryDirectory(prefix="orquestador-bench-") as folder:
            children = Children(Path(folder))
            try:
                yield children
            finally:
                children.close()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for(
    what: str, state: Callable[[], T | None], patience_s: float = PATIENCE_S, every_s: float = 0.01
) -> T:
    """The first true value of `state`. Raises BenchFailed when there is none in time."""
    deadline = time.monotonic() + patience_s
    while not (value := state()):
        if time.monotonic() > deadline:
            raise BenchFailed(f"not within {patience_s:.0f} s: {what}")
        time.sleep(every_s)
    return value


def run(main: Callable[[], int]) -> NoReturn:
    """End the process with the exit code of `main`, or with the reason why nothing could be measured."""
    try:
        sys.exit(main())
    except BenchFailed as error:
        sys.exit(f"bench failed: {error}")
