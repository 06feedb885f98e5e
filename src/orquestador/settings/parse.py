"""Text from the environment to values. Each raises ValueError with the problem in words, never a secret."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from orquestador.ops.auth import ApiKey, Role
from orquestador.ops.ratelimit import Rate

_PLACEHOLDER = re.compile(r"^(?:https?://)?your[_-]", re.IGNORECASE)
_RATE = re.compile(r"^(\d{1,9})\s*(?:/|\bper\b)\s*(second|minute|hour|day)s?$")
_UNITS_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_PREFIX = re.compile(r"^[A-Za-z0-9._~/-]{0,20}$")


def is_placeholder(value: str | None) -> bool:
    """True for the sample values that nobody replaced (`your_...`, `https://your-...`)."""
    return bool(value and _PLACEHOLDER.match(value))


def text(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def url(value: object) -> object:
    if not isinstance(value, str):
        return value
    value = value.strip().rstrip("/")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError as e:
        raise ValueError("is not an address") from e
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("must be an address that begins with http:// or https://")
    if parts.username or parts.password:
        raise ValueError("must not contain a user or password")
    if parts.query or parts.fragment:
        raise ValueError("must not contain a query or a fragment")
    return value


def mongodb_uri(value: object) -> object:
    return _store_url(value, ("mongodb", "mongodb+srv"))


def redis_url(value: object) -> object:
    return _store_url(value, ("redis", "rediss", "unix"))


def _store_url(value: object, schemes: tuple[str, ...]) -> object:
    """The address of an engine, whose password may contain anything: only its beginning is looked at."""
    if not isinstance(value, str):
        return value
    value = value.strip()
    scheme, separator, rest = value.partition("://")
    if scheme not in schemes or not separator or not rest:
        raise ValueError("must begin with " + " or ".join(f"{known}://" for known in schemes))
    return value


def timezone(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        ZoneInfo(value.strip())
    except (KeyError, ValueError, OSError) as e:
        raise ValueError("is not a time zone of the IANA list") from e
    return value.strip()


def prefix(value: object) -> object:
    if isinstance(value, str) and not _PREFIX.match(value):
        raise ValueError("may have up to 20 letters, digits and . _ ~ / -")
    return value


def api_keys(value: object) -> object:
    """`name:role:key,...`; the key may contain colons, not commas."""
    if not isinstance(value, str):
        return value
    keys: list[ApiKey] = []
    for position, item in enumerate((i.strip() for i in value.split(",")), start=1):
        if not item:
            continue
        name, _, rest = item.partition(":")
        role, _, key = rest.partition(":")
        name, role, key = name.strip(), role.strip().lower(), key.strip()
        if not name or not key:
            raise ValueError(f"entry {position} is not of the form name:role:key")
        if role not in set(Role):
            raise ValueError(f"entry {position} has a role other than viewer, operator or admin")
        if any(k.name == name for k in keys):
            raise ValueError(f"entry {position} repeats a name")
        keys.append(ApiKey(name, Role(role), key))
    return tuple(keys)


def origins(value: object) -> object:
    """Origins as a browser sends them: scheme and host, no path; `*` for any."""
    if not isinstance(value, str):
        return value
    found: list[str] = []
    for item in (i.strip().rstrip("/") for i in value.split(",")):
        if not item:
            continue
        parts = urlsplit(item)
        if item != "*" and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path):
            raise ValueError(f"{item!r} is not an origin (scheme and host, no path)")
        found.append(item)
    return tuple(found)


def rate(value: object) -> object:
    """`600/minute` or `10 per second`; `off` and `0` (None) = any number."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if text in ("off", "0"):
        return None
    match = _RATE.match(text)
    if match is None:
        raise ValueError("must be a number of calls per second, minute, hour or day, or off")
    calls = int(match[1])
    if not 1 <= calls <= 1_000_000:
        raise ValueError("must allow between 1 and 1000000 calls, or be off")
    return Rate(calls, _UNITS_S[match[2]])


def calls_per_s(value: object) -> object:
    """A number of calls a second; `off` and `0` = as many as are answered."""
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    try:
        number = 0.0 if text == "off" else float(text)
    except ValueError as e:
        raise ValueError("must be a number of calls a second, or off") from e
    if number != 0 and not 0.01 <= number <= 1000:
        raise ValueError("must be between 0.01 and 1000 calls a second, or off")
    return number


def delays(value: object) -> object:
    """Comma-separated seconds, growing."""
    if not isinstance(value, str):
        return value
    try:
        numbers = tuple(float(i) for i in value.split(",") if i.strip())
    except ValueError as e:
        raise ValueError("must be seconds, separated by commas") from e
    if not numbers or any(not 0 <= n <= 86_400 for n in numbers) or list(numbers) != sorted(set(numbers)):
        raise ValueError("must be seconds between 0 and 86400, each greater than the one before")
    return numbers


def names(value: object) -> object:
    """Names separated by commas, each once; they may contain spaces."""
    if not isinstance(value, str):
        return value
    found = tuple(dict.fromkeys(i.strip() for i in value.split(",") if i.strip()))
    if any(len(name) > 200 for name in found):
        raise ValueError("must be names separated by commas, each of 200 characters at most")
    return found


def publish(value: object) -> object:
    """`all`, `none`, or SKUs separated by commas."""
    if not isinstance(value, str):
        return value
    if value.strip().lower() in ("all", "none"):
        return value.strip().lower()
    return tuple(dict.fromkeys(i.strip() for i in value.split(",") if i.strip()))
