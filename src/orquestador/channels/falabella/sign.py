"""Who we are, in every call: the signed query and the User-Agent (falabella.md 1.1-1.3)."""

from __future__ import annotations

import hashlib
import hmac
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

_LITERAL = "-._~"


def string_to_sign(parameters: Mapping[str, str]) -> str:
    """All parameters but `Signature` in byte order of their names, percent-encoded by RFC 3986."""
    pairs = sorted(
        (name.encode(), value.encode()) for name, value in parameters.items() if name != "Signature"
    )
    return "&".join(f"{quote(name, safe=_LITERAL)}={quote(value, safe=_LITERAL)}" for name, value in pairs)


def signature(parameters: Mapping[str, str], key: str) -> str:
    """Lower-case hex HMAC-SHA256 of the string to sign under the key as text; the body is never signed."""
    return hmac.new(key.encode(), string_to_sign(parameters).encode(), hashlib.sha256).hexdigest()


def signed_query(parameters: Mapping[str, str], key: str) -> str:
    """The query exactly as it was signed, so that no second encoder can differ."""
    return f"{string_to_sign(parameters)}&Signature={signature(parameters, key)}"


def timestamp(now: float) -> str:
    """UTC, whole seconds, `+00:00`: the form that every known server accepts (falabella.md 1.2)."""
    return datetime.fromtimestamp(int(now), UTC).isoformat()


def user_agent(seller_id: str, business_unit: str) -> str:
    """`SELLER_ID/TECHNOLOGY/TECH_VERSION/INTEGRATION_TYPE/BU_CODE`; mandatory by the documentation."""
    return f"{seller_id or 'SELLER'}/Python/{platform.python_version()}/PROPIA/{business_unit}"
