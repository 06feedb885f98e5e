"""The signature of a request (falabella.md 1.3)."""

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import quote


def string_to_sign(parameters: Iterable[tuple[str, str]]) -> str:
    """All parameters without `Signature`, in byte order of their names, percent-encoded by RFC 3986."""
    pairs = sorted(
        ((name.encode(), value.encode()) for name, value in parameters if name != "Signature"),
        key=lambda pair: pair[0],
    )
    return "&".join(f"{quote(name, safe='-._~')}={quote(value, safe='-._~')}" for name, value in pairs)


def sign(parameters: Iterable[tuple[str, str]], key: str) -> str:
    """Lower-case hex HMAC-SHA256 of the string to sign under the API key as text."""
    return hmac.new(key.encode(), string_to_sign(parameters).encode(), hashlib.sha256).hexdigest()
