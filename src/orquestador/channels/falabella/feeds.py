"""What a feed's result says about each SKU: an error confirms a refusal, its absence alone confirms nothing.

`Finished` may hold refused SKUs, errors may lack their SKU, counts do not add up (falabella.md 4).
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orquestador.channels.falabella.envelope import Node, child, rows, text, whole
from orquestador.model.stock import RecordOutcome
from orquestador.ports import JobReport

REASON_MAX: Final = 200
_PLACE: Final = re.compile(r"(?i)warehouse|facility|bodega")
"""A warehouse that is not there says nothing about the SKU."""
_NOT_FOUND: Final = re.compile(r"(?i)not found|does not exist|doesn't exist|no existe|no encontrad")

Outcomes = dict[str, tuple[RecordOutcome, str | None]]


@dataclass(frozen=True, slots=True)
class _Error:
    sku: str
    message: str


def report_of(detail: Node, refs: Sequence[str]) -> JobReport:
    """A FeedDetail as the outcome of each record that we sent (`refs`)."""
    status = text(detail, "Status").lower()
    if status in ("error", "canceled", "cancelled"):
        why = f"the feed ended as {text(detail, 'Status')}"
        return JobReport(True, dict.fromkeys(refs, (RecordOutcome.UNKNOWN, why)), why)
    if status != "finished":
        return JobReport(finished=False, note=text(detail, "Status") or "no status")
    errors = [
        _Error(text(node, "SellerSku"), text(node, "Message"))
        for node in rows(child(detail, "FeedErrors"), "Error")
    ]
    failed = whole(detail, "FailedRecords")
    for name in ("FailureReports", "FailedRecords"):
        listed = failure_report(child(detail, name))
        if listed is not None:
            errors = errors or listed
            failed = len(listed) if failed is None else failed
    outcomes, attributed = _attribute(errors, refs)
    if attributed and failed == len(outcomes):
        warned = _warnings(detail, refs)
        rest = {ref: (RecordOutcome.ACCEPTED, warned.get(ref)) for ref in refs if ref not in outcomes}
        return JobReport(True, {**outcomes, **rest})
    shown = "an unknown number of" if failed is None else str(failed)
    why = f"{shown} failed records, {len(outcomes)} of them known by SKU"
    rest = {ref: (RecordOutcome.UNKNOWN, why) for ref in refs if ref not in outcomes}
    return JobReport(True, {**outcomes, **rest}, why)


def failure_report(node: Node) -> list[_Error] | None:
    """The rows of a base64 CSV `{MimeType, File}`; None when there is none that can be read."""
    content = text(node, "File") if isinstance(node, Mapping) else ""
    if not content:
        return None
    try:
        plain = base64.b64decode(content, validate=False).decode("utf-8-sig", "replace")
        header, *lines = plain.splitlines() or [""]
        delimiter = max(",;\t", key=header.count)
        table = list(csv.reader(io.StringIO("\n".join([header, *lines])), delimiter=delimiter))
    except (binascii.Error, csv.Error, ValueError):
        return None
    names = [re.sub(r"[^a-z]", "", name.lower()) for name in table[0]] if table else []
    sku = next((i for i, name in enumerate(names) if name in ("sellersku", "sku")), None)
    if sku is None:
        return None
    message = next((i for i, n in enumerate(names) if re.search("message|error|reason|mensaje", n)), None)
    return [
        _Error(row[sku].strip(), row[message].strip() if message is not None and message < len(row) else "")
        for row in table[1:]
        if sku < len(row)
    ]


def _attribute(errors: Sequence[_Error], refs: Sequence[str]) -> tuple[Outcomes, bool]:
    """The refusals by ref, and whether every error could be given to exactly one of our refs."""
    ours, outcomes, complete = set(refs), Outcomes(), True
    for error in errors:
        ref = error.sku if error.sku in ours else _named(error.message, refs) if not error.sku else None
        if ref is None:
            complete = False
            continue
        said = error.message.replace(ref, "")
        gone = _NOT_FOUND.search(said) and not _PLACE.search(said)
        kind = RecordOutcome.NOT_FOUND if gone else RecordOutcome.REFUSED
        outcomes.setdefault(ref, (kind, error.message[:REASON_MAX] or "refused without a reason"))
    return outcomes, complete


def _named(message: str, refs: Sequence[str]) -> str | None:
    """The one ref that the message quotes."""
    found: set[str] = set()
    # Longest first and taken out of the text: 'O'NEIL' does not quote NEIL.
    for ref in sorted((r for r in refs if r in message), key=len, reverse=True):
        for quoted in (f"'{ref}'", f'"{ref}"'):
            if quoted in message:
                found.add(ref)
                message = message.replace(quoted, " ")
    return found.pop() if len(found) == 1 else None


def _warnings(detail: Node, refs: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in rows(child(detail, "FeedWarnings"), "Warning"):
        message = text(node, "Message")
        ref = text(node, "SellerSku") or _named(message, refs)
        if ref:
            found.setdefault(ref, message[:REASON_MAX])
    return found
