"""What `doctor` looks at on this machine: the data folder and the disk. Nothing is written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from orquestador.ports import Finding

DISK_LOW_BYTES = 500 * 1024 * 1024
DISK_FULL_BYTES = 50 * 1024 * 1024


def look_at_data(folder: Path) -> list[Finding]:
    """Permissions of the data folder, or of where it will be made, and the space below it."""
    path = folder.absolute()
    existing = next(p for p in (path, *path.parents) if p.exists())
    return [*_permissions(path, existing), _space(existing)]


def _permissions(path: Path, existing: Path) -> Iterator[Finding]:
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        yield Finding("data_dir_not_writable", "error", {"path": str(existing)})
        return
    mode = existing.stat().st_mode & 0o777
    if existing == path and mode & 0o077:
        yield Finding("data_dir_readable", "warning", {"path": str(path), "mode": f"{mode:03o}"})
    else:
        yield Finding("data_dir_ok", "ok", {"path": str(path)})


def _space(existing: Path) -> Finding:
    free = shutil.disk_usage(existing).free
    facts = {"free_mb": free // 2**20, "path": str(existing)}
    if free >= DISK_LOW_BYTES:
        return Finding("disk_ok", "ok", facts)
    return Finding("disk_low", "error" if free < DISK_FULL_BYTES else "warning", facts)
