"""Values of ours as camelCase JSON; instants as RFC 3339 in UTC."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache

from starlette.responses import JSONResponse, Response

_INSTANTS = frozenset(("as_of", "now", "timestamp"))


def instant(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 with milliseconds and Z."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)


def is_instant(name: str) -> bool:
    return name.endswith("_at") or name in _INSTANTS


def number(value: float) -> int | float:
    """Whole quantities without a decimal point."""
    return int(value) if math.isfinite(value) and value == int(value) else value


def to_json(value: object) -> object:
    """A value of the model or of `web.services`, ready for JSON. Keys of mappings are data and stay."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {camel(f.name): _field(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    return value


def _field(name: str, value: object) -> object:
    if isinstance(value, float):
        return instant(value) if is_instant(name) else number(value)
    return to_json(value)


def answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """One JSON answer."""
    return JSONResponse(to_json(value), status, dict(headers) if headers else None)
