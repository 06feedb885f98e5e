"""`python -m orquestador.demo.child PARENT ARGS...` becomes `python -m orquestador ARGS...`, and dies with
its parent: a demo that is killed hard leaves no process behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Never returns. Where the kernel cannot promise it (not Linux) the child runs all the same."""
    parent = int(sys.argv[1])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the promise was made
        return
    # The wish survives exec (prctl(2)), so that what runs is the command itself.
    os.execv(sys.executable, [sys.executable, "-m", "orquestador", *sys.argv[2:]])


if __name__ == "__main__":
    main()
