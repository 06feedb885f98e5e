"""`/reconcile`: the live channels against what each listing should show."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Response

from orquestador.web import schemas
from orquestador.web.access import Operator, Svc, Viewer
from orquestador.web.problems import ProblemError, invalid_field
from orquestador.web.render import answer

router = APIRouter(tags=["status"])


@router.get("/reconcile", summary="The last run of each channel, and how far one is that runs now")
async def reconciled(services: Svc, caller: Viewer) -> Response:
    return answer({"items": await services.reconcile_views()})


@router.post("/reconcile", summary="Compare every listing with its channel now; differences are repaired")
async def reconcile(
    services: Svc, caller: Operator, body: Annotated[schemas.ReconcileBody | None, Body()] = None
) -> Response:
    """Answers at once; `GET /reconcile` says how far it is. One that runs already is not started twice."""
    channel = body.channel if body else None
    if channel is not None and channel not in services.channels:
        known = ", ".join(services.channels)
        raise ProblemError(
            invalid_field("channel", "channel: there is no such channel", f"Send one of {known}, or none.")
        )
    return answer({"items": await services.reconcile(channel, caller.name)}, 202)
