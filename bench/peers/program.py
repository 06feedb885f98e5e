"""The peer's program: installed from its lock and compiled when needed, with the Node of this machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench.processes import BenchFailed

HERE = Path(__file__).parent
MAIN = HERE / "dist" / "main.js"
_INSTALLED = HERE / "node_modules" / ".package-lock.json"
_INSTALL_S = 300.0


def node() -> str:
    """Where Node is. Raises BenchFailed when Node or npm is missing."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        raise BenchFailed("The peer needs Node 20.19 or newer with npm: install the packages nodejs and npm.")
    return found


def node_version() -> str:
    return subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout.strip()


def prepare() -> None:
    """`npm ci` and the compiler, each only if something changed since."""
    node()
    if not _INSTALLED.exists() or _INSTALLED.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        _npm("ci", "--no-progress")
    newest = max(file.stat().st_mtime for file in (HERE / "src").rglob("*.ts"))
    if not MAIN.exists() or MAIN.stat().st_mtime < newest:
        _npm("run", "build")
        MAIN.touch()


def _npm(*arguments: str) -> None:
    done = subprocess.run(
        ["npm", *arguments], cwd=HERE, capture_output=True, text=True, timeout=_INSTALL_S, check=False
    )
    if done.returncode:
        raise BenchFailed(f"npm {arguments[0]}: {(done.stdout + done.stderr)[-2000:]}")
