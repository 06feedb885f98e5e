"""The demo's processes: started on free ports of 127.0.0.1 in a folder of their own, and ended."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from orquestador.demo.child import GO
from orquestador.demo.engines import Engines
from orquestador.demo.scenario import CATALOG_SKUS
from orquestador.ops.redact import redact_text

HOST = "127.0.0.1"
START_S = 30.0
STOP_S = 5.0
ENDING_S = 1.0
LOOK_EVERY_S = 0.03
LOG_LINES = 12
_LISTENING = re.compile(r"listening on (http://\S+)")
_KEPT = frozenset(
    (
        *("PATH", "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "VIRTUAL_ENV"),
        *("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "LD_LIBRARY_PATH"),
    )
)


class ProcessEnded(Exception):
    """A process of the demo ended, or never answered; with the last lines of its log, secrets masked."""

    def __init__(self, name: str, code: int | None, lines: tuple[str, ...]) -> None:
        super().__init__(f"{name} ended with {code}")
        self.name, self.code, self.lines = name, code, lines


@dataclass(slots=True)
class Process:
    """One child and its log file."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raises ProcessEnded when it is gone."""
        if self.popen.poll() is not None:
            raise self.failure()

    def failure(self) -> ProcessEnded:
        text = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        lines = [redact_text(line, 300) for line in text.splitlines() if line.strip()]
        return ProcessEnded(self.name, self.popen.poll(), tuple(lines[-LOG_LINES:]))


@dataclass(slots=True)
class House:
    """Where everything listens, and the secrets of this one run."""

    folder: Path
    engines: Engines
    environment: Mapping[str, str]
    secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    odoo: str = ""
    falabella: str = ""
    service: str = ""
    processes: list[Process] = field(default_factory=list)
    _held: socket.socket | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """What everything of this run is called in shared places (design §9b)."""
        return self.engines.name

    @property
    def commands(self) -> dict[str, str]:
        """The service's processes and what each runs: all in one, or as a production has it."""
        if self.engines.mongodb is None:
            return {"orquestador": "up"}
        return {"orquestador-api": "api", "orquestador-worker": "worker"}

    def check(self) -> None:
        """Raises ProcessEnded for the first process that is gone."""
        for process in self.processes:
            process.check()

    def blame(self) -> None:
        """After a call that failed: raises ProcessEnded when that is because one of them is ending."""
        deadline = time.monotonic() + ENDING_S
        while time.monotonic() < deadline:
            self.check()
            time.sleep(LOOK_EVERY_S)

    def start_sandboxes(self) -> None:
        """Both upstreams, each on a free port. They notify the service, which comes later."""
        self._held = _free_port()
        self.service = f"http://{HOST}:{self._held.getsockname()[1]}"
        base = ("--host", HOST, "--port", "0", "--seed-catalog", str(CATALOG_SKUS), "--webhook")
        orders, stock = (f"{self.service}/{door}/{self.secret}" for door in _DOORS)
        odoo = self._start("odoo", "sandbox", "odoo", *base, stock)
        falabella = self._start("falabella", "sandbox", "falabella", *base, orders)
        self.odoo, self.falabella = _address(odoo), _address(falabella)

    def start_service(self, language: str) -> None:
        """As a user starts it; returns when every flow may run."""
        self._let_port_go()
        settings = self._settings(language)
        services = [self._start(name, command, settings=settings) for name, command in self.commands.items()]
        with httpx2.Client(timeout=2.0, trust_env=False) as http:

            def ready() -> bool:
                try:
                    return http.get(f"{self.service}/health/ready").status_code == 200
                except httpx2.HTTPError:
                    return False

            _until(ready, *services)

    def _settings(self, language: str) -> dict[str, str]:
        """What a `.env` would say; pace for people who watch, everything else as delivered."""
        port = urlsplit(self.service).port
        return {
            "HOST": HOST,
            "PORT": str(port),
            "DATA_DIR": str(self.folder / "data"),
            "MODE": "live",
            "APP_LANG": language,
            "LOG_FORMAT": "console",
            "PREFIX": self.name,
            "PUBLIC_URL": self.service,
            "FALABELLA_API_URL": self.falabella,
            "FALABELLA_USER_ID": "ops@example.com",
            "FALABELLA_API_KEY": "test-api-key-0000",
            "FALABELLA_SELLER_ID": "SC0001",
            "FALABELLA_WEBHOOK_SECRET": self.secret,
            "ODOO_URL": self.odoo,
            "ODOO_DB": "sandbox",
            "ODOO_USERNAME": "admin",
            "ODOO_PASSWORD": "admin",
            "ODOO_WEBHOOK_SECRET": self.secret,
            "ORDERS_POLL_S": "2",
            "ODOO_POLL_S": "1",
            "HINT_DELAYS_S": "0.3,1.5,5",
            "FEED_FIRST_POLL_S": "0.4",
            "FEED_POLL_S": "0.2",
            "API_RATE_LIMIT": "off",  # the table is looked at several times a second
            **self.engines.settings,
        }

    def _start(self, name: str, *command: str, settings: Mapping[str, str] | None = None) -> Process:
        log = self.folder / f"{name}.log"
        with log.open("wb") as out:
            popen = subprocess.Popen(
                [sys.executable, "-m", "orquestador.demo.child", str(os.getpid()), *command],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={**child_environment(self.environment), **(settings or {})},
                # Ctrl-C is for us alone: we end them in order.
                start_new_session=True,
            )
        process = Process(name, popen, log)
        self.processes.append(process)
        # It waits for this word: nobody runs whom we do not know, also when we are interrupted just here.
        assert popen.stdin is not None
        with contextlib.suppress(BrokenPipeError), popen.stdin:
            popen.stdin.write(GO)
        return process

    def stop(self) -> None:
        """End the service first, so that nobody calls a sandbox that is gone."""
        self._let_port_go()
        for process in reversed(self.processes):
            if process.popen.poll() is None:
                process.popen.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        for process in reversed(self.processes):
            try:
                process.popen.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.popen.kill()
                process.popen.wait()

    def _let_port_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None


_DOORS = ("falabella/webhook/order", "odoo/webhook/stock-change")


@contextlib.contextmanager
def house(
    environment: Mapping[str, str], engines: Engines, at_end: Callable[[], None] = lambda: None
) -> Iterator[House]:
    """A house without processes yet; at the end `at_end` is called, they are ended, the folder is removed."""
    folder = Path(tempfile.mkdtemp(prefix="orquestador-demo-"))
    built = House(folder, engines, environment)
    try:
        yield built
    finally:
        at_end()
        built.stop()
        shutil.rmtree(folder, ignore_errors=True)


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What a child inherits: where things are, and no setting of anybody's real shop."""
    kept = {name: value for name, value in environment.items() if name in _KEPT}
    if path := environment.get("PYTHONPATH"):
        # The children run in another folder.
        kept["PYTHONPATH"] = os.pathsep.join(str(Path(p).absolute()) for p in path.split(os.pathsep) if p)
    return {**kept, "PYTHONUNBUFFERED": "1"}


def _free_port() -> socket.socket:
    """A port that nobody else gets while this is open: bound, and not listening."""
    held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((HOST, 0))
    return held


def _address(process: Process) -> str:
    """Where a sandbox says that it listens."""
    found: list[str] = []

    def said() -> bool:
        match = _LISTENING.search(process.log.read_text(encoding="utf-8", errors="replace"))
        if match:
            found.append(match.group(1))
        return bool(match)

    _until(said, process)
    return found[0]


def _until(ready: Callable[[], bool], *processes: Process) -> None:
    """Poll until it is so. Raises ProcessEnded when one of them ends or START_S pass."""
    deadline = time.monotonic() + START_S
    while True:
        for process in processes:
            process.check()
        if ready():
            return
        if time.monotonic() > deadline:
            raise processes[0].failure()
        time.sleep(LOOK_EVERY_S)
