"""`/plans` and `/push`: what a push would change, and a person's decision about what a brake holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request, Response

from orquestador.model.plans import Diff, Plan, PlanChanged, Rehearsal
from orquestador.web import schemas
from orquestador.web.access import Operator, Svc, Viewer
from orquestador.web.lists import Limit, Text, only
from orquestador.web.problems import Problem, ProblemError, invalid_field
from orquestador.web.render import answer, to_json
from orquestador.web.services import Services

router = APIRouter(tags=["plans"])

SHOWN = 500
PAGES_MAX = 20


@router.get("/plans", summary="What the brakes hold until a person decides")
async def plan_list(services: Svc, caller: Viewer) -> Response:
    return answer({"items": [render_plan(plan) for plan in await services.plans.plans()]})


@router.get("/plans/preview", summary="What a push would change, by the numbers of the newest look")
async def plan_preview(
    request: Request,
    services: Svc,
    caller: Viewer,
    channel: Text = None,
    sku: Text = None,
    limit: Limit = 50,
    cursor: Text = None,
) -> Response:
    """Also while only observing. A page may be short, or empty, without being the last."""
    only(request, ("channel", "sku", "limit", "cursor"))
    _known(services, channel)
    found: list[Diff] = []
    for _ in range(PAGES_MAX):
        page, cursor = await services.plans.diff(channel, sku, limit - len(found), cursor)
        found += page
        if cursor is None or len(found) >= limit:
            break
    return answer({"items": [render_diff(diff) for diff in found], "nextCursor": cursor})


@router.get("/plans/{plan_id}", summary="One plan with its changes, the most dangerous first")
async def plan_show(
    request: Request, services: Svc, caller: Viewer, plan_id: str, limit: Limit = SHOWN
) -> Response:
    only(request, ("limit",))
    plan = _found(await services.plans.plan(plan_id))
    return answer(render_plan(plan) | {"items": [render_diff(diff) for diff in plan.diffs[:limit]]})


@router.post("/plans/{plan_id}/approve", summary="Send what it holds; covers these listings for 30 minutes")
async def plan_approve(
    services: Svc,
    caller: Operator,
    plan_id: str,
    body: Annotated[schemas.ApproveBody | None, Body()] = None,
) -> Response:
    """The numbers are computed again. What got worse, or came in since, asks again."""
    seen = body.digest if body else None
    try:
        plan = _found(await services.plans.approve(plan_id, caller.name, seen))
    except PlanChanged:
        detail = "It holds other listings now, or some of them in another direction."
        remedy = "Look at it again, and approve it with its new digest."
        raise ProblemError(
            Problem(409, "plan-changed", "The plan changed", detail, field="digest", remedy=remedy)
        ) from None
    return answer(render_plan(plan) | {"state": "approved"})


@router.post("/plans/{plan_id}/reject", summary="Do not send it: the channel keeps what it shows")
async def plan_reject(services: Svc, caller: Operator, plan_id: str) -> Response:
    """It goes on holding by itself until its numbers are no longer dangerous."""
    return answer(render_plan(_found(await services.plans.reject(plan_id, caller.name))))


@router.post("/push", summary="Look at listings now and send what differs; dryRun: only say what would be")
async def push(
    services: Svc, caller: Operator, body: Annotated[schemas.PushBody | None, Body()] = None
) -> Response:
    """Rules, freezes, a pause and the brakes hold as ever. Answers at once: the push itself follows."""
    body = body or schemas.PushBody()
    _known(services, body.channel)
    if body.dry_run:
        return answer(_rehearsed(await services.plans.rehearse(body.channel, body.sku)))
    done = await services.push(body.channel, body.sku, caller.name)
    return answer({"dryRun": False, "due": done.due, "held": done.held}, 202)


def _known(services: Services, channel: str | None) -> None:
    if channel is not None and channel not in services.channels:
        known = ", ".join(services.channels)
        detail = "channel: there is no such channel"
        raise ProblemError(invalid_field("channel", detail, f"Send one of {known}, or none."))


def _found(plan: Plan | None) -> Plan:
    if plan is None:
        detail = "There is no such plan; it was decided, or its numbers became right."
        raise ProblemError(Problem(404, "no-plan", "Not found", detail, remedy="GET /plans lists them."))
    return plan


def render_plan(plan: Plan) -> dict[str, object]:
    trip, changes = plan.trip, plan.changes
    rendered = to_json(trip)
    assert isinstance(rendered, dict)
    return rendered | {
        "channel": plan.channel,
        "state": "waiting" if trip.rejected_at is None else "rejected",
        "listings": len(plan.works),
        "changes": {move.value: n for move, n in sorted(changes.items())},
        "digest": plan.digest,
    }


def render_diff(diff: Diff) -> dict[str, object]:
    rendered = to_json(diff)
    assert isinstance(rendered, dict)
    return rendered


def _rehearsed(found: Rehearsal) -> dict[str, object]:
    return {
        "dryRun": True,
        "looked": found.looked,
        "unknown": found.unknown,
        "unread": found.unread,
        "differ": len(found.items),
        "held": len(found.held),
        "items": [
            render_diff(diff) | {"held": found.held.get((diff.channel, diff.ref))}
            for diff in found.items[:SHOWN]
        ],
    }
