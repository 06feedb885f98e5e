"""Nothing secret and nothing personal leaves through a log (promise P7)."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping

LIMIT_CHARS = 4096
"""A logged body is cut here (design §10)."""
MASK = "***"
_CUT = "…"

# Compared with the key in lower case without separators: `api_key`, `apiKey` and `Api-Key` are one word.
_SECRET = re.compile(
    r"password|passwd|passphrase|secret|token|signature|apikey|authorization|cookie|credential|privatekey"
    r"|^pwd$|^auth$"
)
_PERSONAL = re.compile(
    r"customer(first|last|full)?name|buyername|^(first|last|full|middle|sur|contact|recipient|receiver)names?$"
    r"|phone|mobile|e?mail|^address|address(\d|$|line|es$)|^(billing|shipping)(address|info)?$|^address(billing|shipping)$|^partner(id|name)?$|street|postcode|postalcode|zipcode|^zip$"
    r"|nationalregistration|taxid|^rut$|^dni$|^cpf$|^ruc$|^vat$|documentnumber|giftmessage|^ward$|birth|^userid$|^login$"
)
_URL_SECRET = re.compile(
    r"(?i)([?&;](?:[a-z0-9_.-]*(?:token|secret|signature|password|key|userid))=)[^&;#\s\"']*"
)
_URL_USER = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/@\s]+@")
_WEBHOOK_PATH = re.compile(
    # Misspelt doors too: the secret at the end is the right one all the same.
    r"(?i)(/(?:(?:[a-z0-9_.-]+/)?webhooks?/[a-z0-9_.-]+|web/hook))/[^/?#\s\"']+"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]+")
_XML_VALUE = re.compile(r"<([A-Za-z][\w.-]*)>([^<]+)</\1>")
# For JSON that cannot be parsed: broken, or cut off.
_JSON_PAIR = re.compile(r'"([^"\\]{1,80})"\s*:\s*("(?:[^"\\]|\\.)*"?|[^\s,{}\[\]"]+)')
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")


def redact(value: object, limit: int = LIMIT_CHARS) -> object:
    """The value made JSON-ready: secrets and personal data masked, texts cleaned, cut at `limit` characters.

    Cost is bounded by `limit`, not by the size of the value: what comes after the cut is not looked at.
    """
    return _Redactor(limit).visit(value)


def redact_text(text: str, limit: int = LIMIT_CHARS) -> str:
    """A text without secrets in URLs, bearer tokens and e-mail addresses, cut at `limit` characters.

    A text that is a JSON object or list is masked by key, like the value it holds.
    """
    if text[:1] in "{[" and len(text) <= 16 * limit:
        try:
            return json.dumps(redact(json.loads(text), limit), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    # More is cleaned than is kept, so that the cut cannot save half of a secret from its pattern.
    clean = _storable(text[: limit + 1024])
    clean = _URL_USER.sub(rf"\1{MASK}@", clean)
    clean = _URL_SECRET.sub(rf"\1{MASK}", clean)
    clean = _WEBHOOK_PATH.sub(rf"\1/{MASK}", clean)
    clean = _BEARER.sub(rf"\1 {MASK}", clean)
    clean = _EMAIL.sub(MASK, clean)
    if clean[:1] in "{[":
        clean = _JSON_PAIR.sub(_json_pair, clean)
    if clean[:1] == "<":
        clean = _XML_VALUE.sub(_xml_value, clean)
    return clean if len(clean) <= limit else clean[: limit - 1] + _CUT


def _storable(text: str) -> str:
    """Without what some stores refuse: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _json_pair(found: re.Match[str]) -> str:
    key = found.group(1)
    return f'"{key}": "{MASK}"' if is_sensitive(key) else found.group(0)


def _xml_value(found: re.Match[str]) -> str:
    tag = found.group(1)
    return f"<{tag}>{MASK}</{tag}>" if is_sensitive(tag) else found.group(0)


@functools.lru_cache(maxsize=4096)
def is_sensitive(key: str) -> bool:
    """True for the name of a field whose value is a secret or personal data."""
    word = re.sub(r"[^a-z0-9]", "", key.lower())
    return bool(_SECRET.search(word) or _PERSONAL.search(word))


class _Redactor:
    """One pass over one value; `left` is what may still be written."""

    def __init__(self, limit: int) -> None:
        self.left = limit

    def visit(self, value: object, depth: int = 0) -> object:
        if self.left <= 0 or depth > 24:
            return _CUT
        if value is None or isinstance(value, bool | int | float):
            self.left -= 6
            # Numbers that JSON or a store cannot hold (NaN, 25 digits) become texts.
            plain = value is None or (abs(value) < 1e300 if isinstance(value, float) else abs(value) < 2**53)
            return value if plain else str(value)
        if isinstance(value, bytes | bytearray):
            value = bytes(value).decode("utf-8", "replace")
        if isinstance(value, Mapping):
            return self._mapping(value, depth)
        if isinstance(value, list | tuple | set | frozenset):
            out: list[object] = []
            for item in value:
                if self.left <= 0:
                    out.append(_CUT)
                    break
                out.append(self.visit(item, depth + 1))
            return out
        if not isinstance(value, str):
            return f"<{type(value).__name__}>"  # its text could hold anything
        text = redact_text(value, max(1, self.left))
        self.left -= len(text) + 3
        return text

    def _mapping(self, value: Mapping[object, object], depth: int) -> dict[str, object]:
        out: dict[str, object] = {}
        for key, item in value.items():
            if self.left <= 0:
                out[_CUT] = _CUT
                break
            name = _storable(str(key)[:200])
            self.left -= len(name) + 4
            out[name] = (
                MASK if is_sensitive(name) and item not in (None, "", False) else self.visit(item, depth + 1)
            )
        return out
