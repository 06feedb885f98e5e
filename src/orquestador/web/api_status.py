"""`GET /`, `/health`, `/health/live`, `/health/ready`, `/status`, `/channels`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from orquestador.web import schemas
from orquestador.web.access import Config, Limited, Operator, Svc, Viewer
from orquestador.web.openapi import endpoints
from orquestador.web.render import answer

router = APIRouter(tags=["status"])


@router.get("/", dependencies=[Limited], summary="What this is, how it is, and what it answers")
async def root(request: Request, services: Svc, config: Config) -> Response:
    flows = await services.readiness()
    return answer(
        {
            "service": "orquestador",
            "version": config.version,
            "status": "ok" if all(f.ready for f in flows) else "degraded",
            "mode": services.mode,
            "modeNote": services.mode_note,
            "paused": services.paused,
            "endpoints": endpoints(request.app),
        }
    )


@router.get("/health", dependencies=[Limited], summary="Health with a reason for each flow that stands still")
async def health(services: Svc, config: Config) -> Response:
    """503 only when webhooks cannot be taken; a flow that is stopped makes it `degraded`."""
    flows = await services.readiness()
    intake = all(f.ready for f in flows if f.flow == "intake")
    status = "ok" if all(f.ready for f in flows) else "degraded" if intake else "error"
    content = {
        "status": status,
        "version": config.version,
        "mode": services.mode,
        "paused": services.paused,
        "flows": flows,
    }
    return answer(content, 200 if intake else 503)


@router.get("/health/live", summary="The process answers")
async def live() -> Response:
    return answer({"status": "ok"})


@router.get("/health/ready", summary="Every flow may run; else 503 and why not")
async def ready(services: Svc) -> Response:
    flows = await services.readiness()
    well = all(f.ready for f in flows)
    reasons = [{"flow": f.flow, "reason": f.reason, "remedy": f.remedy} for f in flows if not f.ready]
    content = {
        "status": "ready" if well else "not_ready",
        "paused": services.paused,
        "flows": flows,
        "reasons": reasons,
    }
    return answer(content, 200 if well else 503)


@router.get("/status", summary="The one screen at 3 a.m.")
async def status(
    services: Svc, caller: Viewer, lang: Annotated[Literal["es", "en"] | None, Query()] = None
) -> Response:
    return answer(await services.status(lang))


@router.post("/pause", summary="The emergency stop: nothing is written to the other systems until resumed")
async def pause(services: Svc, caller: Operator, body: schemas.PauseBody) -> Response:
    """Notices are taken and orders are read all the same; after `paused: false` everything catches up."""
    if body.paused:
        return answer({"paused": await services.pause(body.reason, caller.name), "changed": True})
    return answer({"paused": None, "changed": await services.resume(caller.name)})


@router.get("/channels", summary="The seller accounts, their budgets and how they are")
async def channels(services: Svc, caller: Viewer) -> Response:
    return answer({"items": await services.channel_views()})
