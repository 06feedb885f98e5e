"""What is told to those who watch (`GET /events`): ids, SKUs, states and the codes of reasons, nothing else.

An event says what to look at again; the truth is read from the API.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orquestador.model.orders import ManualMovement, Order
from orquestador.model.stock import Job, Listing
from orquestador.model.work import Work
from orquestador.ports import Finding

JOB, FINDINGS, PAUSE = "job", "findings", "pause"
"""Topics beside the kinds of work."""
SKUS_MAX = 20
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
