"""What an inbound webhook turned out to say: a hint about orders, SKUs or products, or nothing we know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NoticeKind(StrEnum):
    ORDER = "order"
    """Look at these orders (`refs` = order ids)."""
    STOCK = "stock"
    """Look at these SKUs (`refs` = channel refs or SKUs)."""
    PRODUCT = "product"
    """Look at these ERP products (`refs` = product ids as text)."""
    FEED = "feed"
    """A job moved on (`refs` = feed ids)."""
    IGNORED = "ignored"
    """A known sender said something that we need not act on."""
    UNREADABLE = "unreadable"
    """A real body that we cannot read: kept as a dead letter."""


@dataclass(frozen=True, slots=True)
class Notice:
    kind: NoticeKind
    refs: tuple[str, ...] = ()
    event: str = ""
    """The sender's word for it (`onOrderCreated`), or `simple` for the documented body."""
    dedupe: str = ""
    """Two bodies with this same text say the same thing."""
    body_backed: bool = False
    """The body *is* the order (the documented simple body)."""
    reason: str | None = None
