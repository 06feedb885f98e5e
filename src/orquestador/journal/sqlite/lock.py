"""One serving process per journal file."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from orquestador.model.errors import StoreLocked


class FileLock:
    """Held from `take` to `release`, or until the process ends in whatever way: the kernel lets go of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1

    def take(self) -> None:
        """Raises StoreLocked, with the holder's process id, while somebody else has it."""
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            self._file = -1
            raise StoreLocked(
                f"The journal in {self._path.parent} is in use by process {holder}. One process serves "
                f"a data folder: stop that one, or give this one a DATA_DIR of its own."
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        # The file stays: removing it would let two processes lock two files of the same name.
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1
