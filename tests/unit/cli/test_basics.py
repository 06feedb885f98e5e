"""Usage, errors, languages and how fast it starts."""

from __future__ import annotations

import http.server
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

import orquestador
from orquestador.journal.sqlite.lock import FileLock
from tests.unit.cli.support import Shop


def test_help_is_ready_without_the_heavy_modules() -> None:
    heavy = "{'fastapi', 'httpx2', 'pydantic', 'structlog', 'uvicorn', 'sqlite3'}"
    code = f"import sys, orquestador.cli; print({heavy} & sys.modules.keys() or 'light')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "light"


def _help(*args: str, lang: str) -> str:
    """As a person sees it; the language is known before any command runs, so in a process of its own."""
    code = f"import sys; sys.argv[1:] = {[*args, '--help']}; from orquestador.cli import main; main()"
    clean = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPATH")}
    env = {**clean, "APP_LANG": lang, "COLUMNS": "160"}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    ).stdout


def test_help_is_whole_and_in_the_language_of_the_settings() -> None:
    assert "sale con 1 si hay que atender" in " ".join(_help(lang="es").split())
    assert "exit 1 when attention is needed" in " ".join(_help(lang="en").split())
    assert "Simuladores locales" in _help("sandbox", lang="es")
    spanish, english = _help("sandbox", "odoo", lang="es"), _help("sandbox", "odoo", lang="en")
    assert "Puerto en que escucha" in spanish
    assert "Port to listen on" in english
    for text in ("Serve", "Number", "Address", "behave"):
        assert text not in spanish


def test_version(shop: Shop) -> None:
    assert shop.run("version").out == f"orquestador {orquestador.__version__}\n"


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["work", "list", "--state", "bogus"],
        ["work", "list", "--limit", "0"],
        ["backup"],
        ["work", "retry"],
    ],
)
def test_wrong_usage_is_2(shop: Shop, args: list[str]) -> None:
    shop.bury("1")
    assert shop.run(*args).code == 2


@pytest.mark.parametrize("command", [["up"], ["status"], ["work", "list"], ["go-live"], ["uninstall"]])
def test_a_setting_that_cannot_be_used_is_named_with_an_example(shop: Shop, command: list[str]) -> None:
    ended = shop.run(*command, PORT="banana")
    assert ended.code == 2
    assert "PORT" in ended.err
    assert "PORT=3000" in ended.err


def test_errors_speak_the_language_of_the_settings(shop: Shop) -> None:
    assert "The service is not running" in shop.run("work", "list").err
    assert "El servicio no está corriendo" in shop.run("work", "list", APP_LANG="es").err


def test_the_language_may_come_from_the_env_file(shop: Shop) -> None:
    (shop.folder / ".env").write_text("APP_LANG=es\n")
    assert "El ajuste PORT" in shop.run("status", PORT="banana", APP_LANG="").err


def test_a_command_that_only_reads_makes_no_store(shop: Shop) -> None:
    for args in (
        ["status"],
        ["work", "list"],
        ["orders", "show", "1"],
        ["backup", str(shop.folder / "b")],
        ["logs"],
    ):
        ended = shop.run(*args)
        assert ended.code == 1, args
    assert not (shop.folder / "data").exists()


def test_a_store_that_is_served_elsewhere_is_not_opened(shop: Shop) -> None:
    shop.bury("1")
    lock = FileLock(shop.folder / "data" / "orquestador.sqlite3.lock")
    lock.take()
    try:
        ended = shop.run("work", "list")
    finally:
        lock.release()
    assert ended.code == 1
    assert "in use by process" in ended.err


def test_a_data_folder_that_cannot_be_made_is_told(shop: Shop) -> None:
    (shop.folder / "data").write_text("a file")
    for command in (["up"], ["go-live", "--yes"]):
        ended = shop.run(*command)
        assert (ended.code, str(shop.folder / "data") in ended.err) == (1, True)


def test_a_listener_that_says_nothing_is_told_in_seconds(shop: Shop) -> None:
    shop.bury("1")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = str(silent.getsockname()[1])
        ended = shop.run("status", PORT=port)
    assert ended.code == 1
    assert "does not answer" in ended.out


class _Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Stranger)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_another_program_on_our_port_is_told(shop: Shop, stranger: int) -> None:
    shop.bury("1")
    ended = shop.run("work", "list", PORT=str(stranger))
    assert ended.code == 1
    assert "is not orquestador" in ended.err
