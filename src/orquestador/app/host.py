"""Names for the owners of leases, and which of those owners died on this very machine."""

from __future__ import annotations

import hashlib
import os
import random
import socket
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_PLACE_DIGITS = 6


def owner_name() -> str:
    """`host-pid-token`, never given twice. The token begins with where its pid means something."""
    token = f"{_place() or '0' * _PLACE_DIGITS}{random.randrange(16**6):06x}"
    return f"{socket.gethostname()}-{os.getpid()}-{token}"


def died_here(owner: str) -> bool:
    """True when this owner was a process of this machine and container that is surely gone; False when it
    lives, or nobody here can know."""
    host, pid, token = [*owner.rsplit("-", 2), "", ""][:3]
    place = _place()
    if not place or not pid.isdecimal() or host != socket.gethostname() or not token.startswith(place):
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False  # somebody else's process has its number now
    return False


def _place() -> str:
    """Stands for this boot of this machine and this space of pids; empty where that cannot be told."""
    try:
        seen = f"{_BOOT.read_text(encoding='ascii').strip()} {_NAMESPACE.stat().st_ino}"
    except OSError:
        return ""
    return hashlib.blake2s(seen.encode()).hexdigest()[:_PLACE_DIGITS]
