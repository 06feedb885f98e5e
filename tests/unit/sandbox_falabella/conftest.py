"""One sandbox for the whole folder, as new for every test."""

import socket
import threading
from collections.abc import Iterator

import pytest

from orquestador.sandbox.falabella.server import SandboxServer, create_app
from orquestador.sandbox.falabella.world import Options
from tests.unit.sandbox_falabella.support import Receiver, Sandbox, eventually


@pytest.fixture(scope="session")
def server() -> Iterator[SandboxServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = SandboxServer(create_app(Options(seed_catalog=600)), listener)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        eventually(lambda: server.started)
        yield server
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


@pytest.fixture
def sandbox(server: SandboxServer) -> Iterator[Sandbox]:
    sandbox = Sandbox(server.url)
    try:
        sandbox.control("reset", {})
        yield sandbox
    finally:
        sandbox.http.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()
