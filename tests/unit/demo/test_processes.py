"""The demo's processes get nothing of a real shop, and say what happened when they end."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from orquestador.demo.engines import Engines, new_name
from orquestador.demo.processes import HOST, ProcessEnded, child_environment, house

OWN = Engines(new_name())


def test_a_child_inherits_no_setting() -> None:
    environment = {
        "PATH": "/bin",
        "LANG": "es_CL.UTF-8",
        "ODOO_URL": "https://shop.example.com",
        "FALABELLA_API_KEY": "secret",
        "MONGODB_URI": "mongodb://db.example.com/shop",
        "MODE": "live",
        "HTTPS_PROXY": "http://proxy.example.com",
    }
    kept = child_environment(environment)
    assert kept == {"PATH": "/bin", "LANG": "es_CL.UTF-8", "PYTHONUNBUFFERED": "1"}


def test_the_package_is_found_from_another_folder() -> None:
    kept = child_environment({"PYTHONPATH": os.pathsep.join(("src", "", "/opt/more"))})
    assert kept["PYTHONPATH"] == os.pathsep.join((str(Path("src").absolute()), "/opt/more"))


def test_a_port_that_is_taken_is_told_and_everything_is_removed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with socket.create_server((HOST, 0)) as taken, house(os.environ, OWN) as built:
        assert built.folder.parent == tmp_path
        built.odoo = built.falabella = f"http://{HOST}:9"
        built.service = f"http://{HOST}:{taken.getsockname()[1]}"
        with pytest.raises(ProcessEnded) as ended:
            built.start_service("en")
    assert ended.value.name == "orquestador"
    assert ended.value.code not in (None, 0)
    assert any("address already in use" in line for line in ended.value.lines)
    assert not list(tmp_path.iterdir())


def test_the_last_lines_of_a_log_are_shown_without_secrets(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": _module_that_talks(tmp_path)}
    with house(environment, OWN) as built, pytest.raises(ProcessEnded) as ended:
        built.start_sandboxes()
    text = "\n".join(ended.value.lines)
    assert "last words" in text
    assert "hunter2" not in text
    assert built.secret not in text


def _module_that_talks(folder: Path) -> str:
    """A module that is found instead of ours and ends at once."""
    package = folder / "orquestador"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "demo").mkdir()
    (package / "demo" / "__init__.py").touch()
    (package / "demo" / "child.py").write_text(
        "import sys\n"
        "print('GET http://127.0.0.1/x?token=hunter2')\n"
        "print(sys.argv[-1])\n"
        "sys.exit('last words')\n"
    )
    return str(folder)
