"""What is told to those who watch (`GET /events`): ids, SKUs, states and the codes of reasons, nothing else.

An event says what to look at again; the truth is read from the API.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence

from orquestador.model.orders import ManualMovement, Order
from orquestador.model.stock import Job, Listing
from orquestador.model.work import Work
from orquestador.ports import Finding

JOB, FINDINGS, PAUSE, PLAN = "job", "findings", "pause", "plan"
"""Topics beside the kinds of work."""
SKUS_MAX = 20
REMEMBERED = 20_000
_CODE = re.compile(r"[a-z0-9_]+(?=:|$)")

Facts = dict[str, object]


def of_work(work: Work) -> Facts:
    facts: Facts = {
        "id": work.id,
        "channel": work.channel,
        "ref": work.ref,
        "state": work.state.value,
        "reason": _code(work.reason),
    }
    match work.doc:
        case Order(lines=lines):
            facts["skus"] = sorted({line.sku for line in lines})[:SKUS_MAX]
        case Listing(sku=sku) | ManualMovement(sku=sku):
            facts["skus"] = [sku]
    return facts


class News:
    """Which saves changed something that one can see: most looks at a listing find its number as it was."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def is_new(self, work: Work) -> bool:
        """True unless this process stored the row before this one, and it looked the same. `work` is as it
        was saved: its `rev` is the one that was read."""
        looks = hash((work.state, work.reason, _looks(work)))
        old = self._seen.pop(work.id, None)
        self._seen[work.id] = work.rev + 1, looks
        while len(self._seen) > self._size:
            self._seen.popitem(last=False)
        return old != (work.rev, looks)


def _looks(work: Work) -> tuple[object, ...]:
    match work.doc:
        case Order(lines=lines, effects=effects, hold=hold):
            shown = tuple((n.sku, n.raw_state, n.quantity, n.taken, n.problem) for n in lines)
            return shown, tuple(effect.state for effect in effects), hold
        case Listing(confirmed=confirmed, live=live) as listing:
            numbers = (s.quantity if s is not None else None for s in (confirmed, live))
            return listing.wanted, listing.sent, listing.missing, listing.why, *numbers
        case ManualMovement(effect=effect, failure=failure):
            return effect is not None and effect.state, failure
    return ()


def of_job(job: Job) -> Facts:
    return {
        "id": job.id,
        "channel": job.channel,
        "state": job.state.value,
        "records": len(job.records),
        "skus": [record.sku for record in job.records[:SKUS_MAX]],
    }


def of_findings(upstream: str, findings: Sequence[Finding]) -> Facts:
    """The problems that are left; none when all is well."""
    bad = [f for f in findings if f.level != "ok"]
    return {
        "upstream": upstream,
        "codes": sorted({f.code for f in bad}),
        "stopped": any(f.stops is not None for f in bad),
    }


def _code(reason: str | None) -> str | None:
    """`unknown_sku:A-7` -> `unknown_sku`. What follows may be a text of the other side's."""
    code = _CODE.match(reason or "")
    return code[0] if code else None
