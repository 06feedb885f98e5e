"""`/go-live`, `/backup`, `/uninstall`: what an administrator decides."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from orquestador.web import schemas
from orquestador.web.access import Admin, Svc, Viewer
from orquestador.web.render import answer
from orquestador.web.shapes import GoLiveRequest

router = APIRouter(tags=["admin"])
ChannelQuery = Annotated[str | None, Query(max_length=200, description="One account; unset: all.")]


@router.get("/go-live", summary="What going live would do, and the open orders to decide about")
async def go_live_preview(services: Svc, caller: Viewer, channel: ChannelQuery = None) -> Response:
    return answer(await services.go_live_preview(channel))


@router.post("/go-live", summary="From now on orders and stock are acted upon")
async def go_live(
    services: Svc, caller: Admin, body: Annotated[schemas.GoLiveBody | None, Body()] = None
) -> Response:
    body = body or schemas.GoLiveBody()
    request = GoLiveRequest(tuple(body.take_now), body.approve_pushes, caller.name, body.channel)
    return answer(await services.go_live(request))


@router.post("/backup", summary="A consistent copy of the journal while running")
async def backup(services: Svc, caller: Admin, body: schemas.BackupBody) -> Response:
    """`path` is on the service's machine; a file that exists is not overwritten."""
    return answer(await services.backup(body.path, caller.name))


@router.get("/uninstall", summary="What we registered on other systems")
async def uninstall_list(services: Svc, caller: Viewer) -> Response:
    return answer({"items": await services.registered()})


@router.post("/uninstall", summary="Remove it there")
async def uninstall(
    services: Svc, caller: Admin, body: Annotated[schemas.UninstallBody | None, Body()] = None
) -> Response:
    ids = body.ids if body else None
    return answer({"items": await services.uninstall(ids, caller.name)})
