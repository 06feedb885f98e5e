"""`python -m orquestador.demo.child PARENT ARGS...` becomes `python -m orquestador ARGS...` once its standard
input says so, and dies with its parent: a demo that is killed hard leaves no process behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
GO = b"go"


def die_with(parent: int) -> bool:
    """From here on, and after exec too (prctl(2)); False when it is dead already.

    Where the kernel cannot promise it (not Linux) we live on all the same.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return os.getppid() == parent


def main() -> None:
    """Never returns when all is well."""
    # The parent writes it once it knows us; an end of file means that it was interrupted before.
    if not die_with(int(sys.argv[1])) or os.read(0, len(GO)) != GO:
        return
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - a device, not a path of ours
        os.dup2(nothing.fileno(), 0)
    os.execv(sys.executable, [sys.executable, "-m", "orquestador", *sys.argv[2:]])


if __name__ == "__main__":
    main()
