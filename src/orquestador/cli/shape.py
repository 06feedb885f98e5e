"""Answers of the API as the command line shows them: snake_case for scripts, local times for people."""

from __future__ import annotations

import json
import re
import sys
import time
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_DATA = frozenset(("facts", "request", "response"))
"""What is below these names is data, whose own names stay as they are."""


@cache
def snake_name(name: str) -> str:
    return _CAPITAL.sub(r"_\1", name).lower()


def snake(value: object) -> object:
    """The same value with snake_case names."""
    if isinstance(value, dict):
        return {snake_name(k): v if k in _DATA else snake(v) for k, v in value.items()}
    if isinstance(value, list):
        return [snake(item) for item in value]
    return value


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=_plain)
    sys.stdout.write("\n")


def _plain(value: object) -> object:
    return list(value) if isinstance(value, set | frozenset | tuple) else str(value)


def epoch(instant: str) -> float:
    """An RFC 3339 instant in seconds since the epoch."""
    return datetime.fromisoformat(instant).timestamp()


def seconds_since(instant: str | None, now: float | None = None) -> float | None:
    """The age of an RFC 3339 instant; None stays None."""
    return None if not instant else (time.time() if now is None else now) - epoch(instant)


def local_time(instant: str | None, zone: str) -> str:
    """An RFC 3339 instant in the shop's time zone."""
    if not instant:
        return "—"
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
