"""The trace id of a request: the caller's (`traceparent`), or a new one."""

from __future__ import annotations

import os
import re

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")
_NONE = b"0" * 32


def trace_id_of(traceparent: bytes | None) -> str:
    """32 hex digits, as W3C Trace Context defines them."""
    if traceparent:
        found = _TRACEPARENT.fullmatch(traceparent.strip())
        if found and found.group(1) != _NONE:
            return found.group(1).decode()
    return os.urandom(16).hex()
