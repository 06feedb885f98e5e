"""A terminal for the commands that ask a person."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

MOUNT = ["mount", "-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", "/dev/pts"]


def at_a_terminal(
    command: Sequence[str],
    answers: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    asks: str,
    quiet_s: float,
) -> tuple[int, str]:
    """Exit code and screen of a command run by somebody who answers each question, one that ends in `asks`.

    Nothing new on the screen for `quiet_s` seconds ends the test.
    """
    ours, theirs = _terminal()
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=dict(env)
    ) as process:
        os.close(theirs)
        shown, left, seen = "", list(answers), 0
        with contextlib.suppress(OSError):  # how a terminal says that nobody writes to it any more
            while select.select([ours], [], [], quiet_s)[0] and (piece := os.read(ours, 65_536)):
                shown += piece.decode(errors="replace")
                if left and shown.rstrip().endswith(asks) and len(shown) > seen:
                    os.write(ours, f"{left.pop(0)}\n".encode())
                    seen = len(shown)
        os.close(ours)
        return process.wait(quiet_s), shown


def _terminal() -> tuple[int, int]:
    """Both ends of a new one. A bare chroot has none until somebody mounts them."""
    try:
        return os.openpty()
    except OSError as error:
        if os.geteuid() != 0:
            raise RuntimeError(f"This machine has no terminals. As root: {' '.join(MOUNT)}") from error
        subprocess.run(MOUNT, check=True)
        Path("/dev/ptmx").unlink(missing_ok=True)
        with contextlib.suppress(FileExistsError):  # another worker was faster
            Path("/dev/ptmx").symlink_to("pts/ptmx")
        return os.openpty()
