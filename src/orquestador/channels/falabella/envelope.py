"""Reading answers: envelopes by body whatever the status, and every list shape and scalar that was seen.

falabella.md 1.4-1.6. A *node* is what JSON gives: text, number, null, dict or list; XML is brought into that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from orquestador.http_base import CallFailed
from orquestador.model.errors import (
    AccessDenied,
    Ambiguous,
    AuthRefused,
    RateLimited,
    Rejected,
    Unavailable,
    UpstreamError,
)
from orquestador.ops.redact import redact_text

Node = object

_MESSAGE_MAX: Final = 200
_NUMBER: Final = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d{1,30})(\.\d*)?")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_PLATFORM_CODES: Final = frozenset({6, 1000})
_CREDENTIAL_CODES: Final = frozenset({7, 10})
_DENIED: Final = 9
_CLOCK_CODES: Final = frozenset({3, 4})
_CALL_CODES: Final = frozenset({1, 2, 5, 8})
"""The call as such: its action, version or parameters."""
_LATER_CODES: Final = frozenset({119})


# --- nodes ---


def child(node: Node, *path: str) -> Node:
    """The node at this path, or None; an empty node (`""`) has no children."""
    for name in path:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


def rows(node: Node, name: str) -> list[Node]:
    """The repeated elements `name` in any shape: object if one, array, array of wrappers, `""`."""
    if isinstance(node, list):
        found: list[Node] = []
        for item in node:
            # A wrapper has one key; a row whose own id is under that key (FeedList) has more.
            if isinstance(item, Mapping) and len(item) == 1 and name in item:
                found += rows(item, name)
            elif not _empty(item):
                found.append(item)
        return found
    if isinstance(node, Mapping):
        if name not in node:
            return [] if _empty(node) else [node]
        inner = node[name]
        return rows(inner, name) if isinstance(inner, list) else [] if _empty(inner) else [inner]
    return [] if _empty(node) else [node]


def text(node: Node, *path: str) -> str:
    """The scalar at this path as trimmed text, "" when there is none; safe to store."""
    node = child(node, *path)
    if isinstance(node, str):
        return _SURROGATE.sub("\ufffd", node).strip()
    if isinstance(node, bool):
        return "true" if node else "false"
    return str(node) if isinstance(node, int | float) else ""


def number(node: Node, *path: str) -> float | None:
    """A number, also with thousands separators (`115,210.00`); None when it is none."""
    found = text(node, *path)
    return float(found.replace(",", "")) if _NUMBER.fullmatch(found) else None


def whole(node: Node, *path: str) -> int | None:
    """A whole number; None when it is none."""
    found = number(node, *path)
    return int(found) if found is not None and found == int(found) else None


def instant(value: str, zone: tzinfo, *, later: bool = False) -> float | None:
    """Seconds since the epoch. Without an offset: local to `zone`, of an hour that comes twice the earlier or
    the `later` one. An hour that is skipped is read by the offset before it, with `later` by that after it.
    """
    try:
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone, fold=int(later))).timestamp()
    except (ValueError, OverflowError):
        return None


def _empty(node: Node) -> bool:
    return node is None or (not node.strip() if isinstance(node, str) else node in ({}, []))


# --- envelopes ---


@dataclass(frozen=True, slots=True)
class Answer:
    """A SuccessResponse."""

    head: Node
    body: Node


def listed(answer: Answer, container: str, name: str) -> list[Node]:
    """The rows of an answer. Raises Unavailable when its body holds something else: it could hide orders."""
    if child(answer.body, container) is None and not _empty(answer.body):
        raise Unavailable(f"falabella: the answer holds no {container}")
    return rows(child(answer.body, container), name)


def is_envelope(content: bytes) -> bool:
    """True when the API itself speaks, whatever status and content type say."""
    start = content[:400].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start[:1] in (b"{", b"<") and (b"ErrorResponse" in start or b"SuccessResponse" in start)


def decode(content: bytes, *, write: bool = False) -> Mapping[str, Node]:
    """The SuccessResponse of an answer: `{"Head": …, "Body": …}`.

    Raises the error of an ErrorResponse. No envelope is Unavailable, for a write Ambiguous.
    """
    document = _document(content)
    failed = child(document, "ErrorResponse")
    if isinstance(failed, Mapping):
        raise error_of(failed, write=write)
    success = child(document, "SuccessResponse")
    if isinstance(success, Mapping):
        return success
    detail = "falabella: an answer that is none of the API's"
    raise Ambiguous(detail) if write else Unavailable(detail)


def error_of(response: Node, *, write: bool = False) -> UpstreamError:
    """What an ErrorResponse means to us (falabella.md 1.6).

    A read that is refused as a call is nobody's fault whose rows were asked for: no order may die of an API
    that changed. What a write says in its body may be the reason, so that it is refused.
    """
    head = child(response, "Head")
    message = text(head, "ErrorMessage")
    found = re.search(r"\d+", text(head, "ErrorCode")) or re.match(r"\s*E(\d+)", message)
    digits = found.group(found.re.groups) if found else ""
    code = int(digits) if 0 < len(digits) < 10 else 0
    detail = f"falabella: {_message(code, message)}"
    if first := next(iter(rows(child(response, "Body"), "ErrorDetail")), None):
        extra = ": ".join(filter(None, (text(first, "Field"), text(first, "Message"))))
        detail += f" ({redact_text(extra, _MESSAGE_MAX)})" if extra else ""
    if code == 429:
        return RateLimited(detail)
    if code in _PLATFORM_CODES or text(head, "ErrorType").lower() == "platform":
        return Unavailable(detail)
    if code in _CLOCK_CODES:
        return AuthRefused(f"{detail}. Check this machine's clock: calls carry the time and expire")
    if code == _DENIED:
        return AccessDenied(f"{detail}. Check the role of this user in Seller Center, and whose the SKU is")
    if code in _CREDENTIAL_CODES:
        return AuthRefused(f"{detail}. Check the user, its API key and its role in Seller Center")
    if code in _LATER_CODES:
        return CallFailed(detail)
    if code in _CALL_CODES and not write:
        return AuthRefused(f"{detail}. Seller Center no longer takes this call: look for a newer orquestador")
    return Rejected(detail, code=f"E{code:03d}")


def _message(code: int, message: str) -> str:
    clean = redact_text(message, _MESSAGE_MAX)
    return clean if re.match(r"E\d", clean) else f"E{code:03d}: {clean or 'no message'}"


def _document(content: bytes) -> Node:
    clean = content.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        if clean.startswith(b"<"):
            root = ElementTree.fromstring(clean)
            return {root.tag: _element(root)}
        parsed: Node = json.loads(clean.decode("utf-8", "replace"))
        return parsed
    except (ValueError, RecursionError, ParseError, DefusedXmlException, LookupError):
        return None


def _element(element: Element) -> Node:
    """An XML element in the form of the JSON answers: repeated children are a list, a leaf is its text."""
    if not len(element):
        return (element.text or "").strip()
    nodes: dict[str, Node] = {}
    for sub in element:
        value = _element(sub)
        if sub.tag not in nodes:
            nodes[sub.tag] = value
        elif isinstance(before := nodes[sub.tag], list):
            before.append(value)
        else:
            nodes[sub.tag] = [before, value]
    return nodes
