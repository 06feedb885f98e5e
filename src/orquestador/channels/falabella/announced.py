"""The state that `onOrderItemsStatusChanged` announces (falabella.md 7.2): to wait for, never the truth."""

from __future__ import annotations

import json
from collections.abc import Sequence

from orquestador.channels.falabella.orders import line_state
from orquestador.model.notices import NoticeKind
from orquestador.model.orders import Announcement
from orquestador.ports import Receipt


def announcements(receipts: Sequence[Receipt]) -> list[Announcement]:
    """The announced states among these receipts; what cannot be read announces nothing."""
    told = []
    for receipt in receipts:
        if receipt.notice.kind is not NoticeKind.ORDER or receipt.notice.body_backed:
            continue
        try:
            payload = json.loads(receipt.body)["payload"]
            state = line_state(payload["NewStatus"])
            ids = payload.get("OrderItemIds", payload.get("OrderItemsId")) or []
        except (ValueError, TypeError, LookupError, AttributeError):
            continue
        if state is not None:
            items = ids if isinstance(ids, list) else [ids]
            told.append(Announcement(tuple(str(i) for i in items), state, receipt.received_at))
    return told
