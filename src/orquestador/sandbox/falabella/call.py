"""One call of the API: its parameters, checked as the documentation says (falabella.md 1.2)."""

import json
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from orquestador.sandbox.falabella.clock import parse_instant
from orquestador.sandbox.falabella.errors import ApiError
from orquestador.sandbox.falabella.world import World

_UTC = ZoneInfo(str(UTC))


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose caller has proven himself."""

    world: World
    action: str
    version: str
    parameters: dict[str, str]
    body: bytes
    now: float

    def text(self, name: str) -> str:
        return self.parameters.get(name, "").strip()

    def required(self, name: str) -> str:
        """The value, or E001."""
        value = self.text(name)
        if not value:
            raise ApiError(1, name)
        return value

    def instant(self, name: str, *, code: int = 17) -> float | None:
        """A date filter; without an offset it is local to the country. E017 (or `code`) if it is no date."""
        value = self.text(name)
        if not value:
            return None
        instant = parse_instant(value, without_offset=self.world.country.zone)
        if instant is None:
            raise ApiError(code, value)
        return instant

    def whole(self, name: str, default: int, *, low: int, high: int | None, code: int) -> int:
        value = self.text(name)
        if not value:
            return default
        if (
            not value.isascii()
            or not value.isdigit()
            or int(value) < low
            or (high is not None and int(value) > high)
        ):
            raise ApiError(code, value)
        return int(value)

    def array(self, name: str, *, code: int) -> list[str]:
        """A list like `[1,2]` or `["A","B"]`; ids may lack the quotes, as in the documentation."""
        value = self.required(name)
        parsed = _json_array(value)
        if parsed is None and value.startswith("[") and value.endswith("]") and '"' not in value:
            parsed = [part.strip() for part in value[1:-1].split(",") if part.strip()]
        if parsed is None:
            raise ApiError(code, value)
        return [str(element) for element in parsed]


def check_timestamp(text: str, *, now: float, wall: float, window_s: float) -> None:
    """E004 for a malformed one, E003 for one that is near neither the sandbox's nor the real present.

    A sample of the documentation has no offset; it is read as UTC. `window_s` 0: freshness is not looked at.
    """
    instant = parse_instant(text, without_offset=_UTC)
    if instant is None:
        raise ApiError(4)
    if window_s and min(abs(instant - now), abs(instant - wall)) > window_s:
        raise ApiError(3)


def _json_array(value: str) -> list[Any] | None:
    try:
        parsed = json.loads(value)
    except ValueError:
        return None
    if not isinstance(parsed, list) or not all(
        isinstance(element, str | int) and not isinstance(element, bool) for element in parsed
    ):
        return None
    return parsed
