"""Rows of work as JSON: what should be right, what was done, and why it is not done yet."""

from __future__ import annotations

from orquestador.model.orders import Line, ManualMovement, Order
from orquestador.model.stock import Listing
from orquestador.model.work import State, Work
from orquestador.ports import Receipt
from orquestador.web.render import instant, to_json

IN_PUSH = "in_push"
"""Its number is sent, and the channel's result not known yet."""


def render_work(work: Work) -> dict[str, object]:
    """A row, with the document of its kind."""
    row: dict[str, object] = {
        "id": work.id,
        "kind": work.kind.value,
        "channel": work.channel,
        "ref": work.ref,
        "state": work.state.value,
        "wantedVersion": work.wanted,
        "doneVersion": work.done,
        "dueAt": instant(work.due_at),
        "attempts": work.attempts,
        "urgency": work.urgency,
        "reason": work.reason,
        "failingSince": None if work.failing_since is None else instant(work.failing_since),
        "createdAt": instant(work.created_at),
        "updatedAt": instant(work.updated_at),
    }
    match work.doc:
        case Order() as order:
            row["order"] = render_order(order)
        case Listing() as listing:
            row["listing"] = _shown(listing) | {"differs": work.differs, "waits": _waits(work)}
        case ManualMovement() as movement:
            row["movement"] = to_json(movement)
        case None:
            pass
    return row


def render_order(order: Order) -> dict[str, object]:
    """An order with its lines (and what each has really taken) and its effects on the ERP."""
    rendered = to_json(order)
    assert isinstance(rendered, dict)
    rendered["lines"] = [_line(line) for line in order.lines]
    return rendered


def _line(line: Line) -> dict[str, object]:
    rendered = to_json(line)
    assert isinstance(rendered, dict)
    return rendered | {"shouldBeOut": line.should_be_out}


def _shown(listing: Listing) -> dict[str, object]:
    rendered = to_json(listing)
    assert isinstance(rendered, dict)
    for name, shown in (("confirmed", listing.confirmed), ("live", listing.live)):
        if shown is not None:
            rendered[name] = {"quantity": shown.quantity, "at": instant(shown.at)}
    rule = rendered["rule"]
    if isinstance(rule, dict) and rule["speed"] is None:
        # These explain an automatic buffer alone.
        rendered["rule"] = {name: rule[name] for name in ("field", "level", "value")}
    newest = listing.newest
    rendered["shows"] = None if newest is None else {"quantity": newest.quantity, "at": instant(newest.at)}
    return rendered


def _waits(work: Work) -> dict[str, object] | None:
    """Why its number is not newer yet, and until when; None where nothing is under way."""
    if work.listing.job_id is not None:
        return {"why": IN_PUSH, "until": None}
    if work.state is State.WAITING or (work.state is State.DUE and work.reason is not None):
        return {"why": work.reason or work.listing.why, "until": instant(work.due_at)}
    return None


def render_receipt(receipt: Receipt) -> dict[str, object]:
    """A notice without its body, which `/logs` shows redacted."""
    return {
        "id": receipt.id,
        "source": receipt.source,
        "event": receipt.notice.event,
        "kind": receipt.notice.kind.value,
        "reason": receipt.notice.reason,
        "receivedAt": instant(receipt.received_at),
        "traceId": receipt.trace_id,
    }
