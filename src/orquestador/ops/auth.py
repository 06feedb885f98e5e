"""Who may do what: API keys with roles, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """Each role may do what the ones before it may."""

    VIEWER = "viewer"
    """Read everything that is shown."""
    OPERATOR = "operator"
    """Also retry, discard, adopt and move stock."""
    ADMIN = "admin"
    """Also go live, back up and uninstall."""

    def may(self, needed: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One `name:role:key` of API_KEYS. The key itself never shows in a repr."""

    name: str
    role: Role
    key: str = field(repr=False)


def same(presented: str, secret: str) -> bool:
    """Constant-time comparison that does not tell the secret's length; an empty secret equals nothing."""
    return bool(secret) and hmac.compare_digest(_digest(presented), _digest(secret))


def _digest(text: str) -> bytes:
    # surrogatepass: a hostile header must compare unequal, not raise.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def find_key(keys: Iterable[ApiKey], presented: str) -> ApiKey | None:
    """The key that was presented. Every key is compared, so that the time does not tell which one matched."""
    found: ApiKey | None = None
    for key in keys:
        if same(presented, key.key):
            found = key
    return found
