"""`GET /logs`, `/logs/order/{orderId}`, `/logs/product/{sku}`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from orquestador.model.logs import LogFilter, LogStatus
from orquestador.web import schemas
from orquestador.web.access import Config, Svc, Viewer
from orquestador.web.lists import Limit, Text, only
from orquestador.web.logs_view import decode_cursor, parse_instant, read_page, render
from orquestador.web.problems import ProblemError, invalid_field
from orquestador.web.render import answer
from orquestador.web.services import Services

router = APIRouter(prefix="/logs", tags=["logs"])

_PAGE: dict[int | str, dict[str, Any]] = {200: {"model": schemas.LogPage}}
_FILTERS = ("service", "action", "status", "orderId", "sku", "from", "to", "limit", "cursor")


@router.get("", responses=_PAGE, summary="The log, newest first")
async def logs(
    request: Request,
    services: Svc,
    config: Config,
    caller: Viewer,
    service: Text = None,
    action: Text = None,
    status: Text = None,
    order_id: Annotated[str | None, Query(alias="orderId", max_length=300)] = None,
    sku: Text = None,
    since: Annotated[str | None, Query(alias="from", max_length=40)] = None,
    until: Annotated[str | None, Query(alias="to", max_length=40)] = None,
    limit: Limit = 50,
    cursor: Text = None,
) -> Response:
    """A date without a time is a day in APP_TIMEZONE. A page shorter than `limit` may have a next one."""
    only(request, _FILTERS)
    zone = config.timezone
    wanted = LogFilter(
        service=_service(services, service),
        action=action or None,
        status=_status(status),
        order_id=order_id or None,
        sku=sku or None,
        since=parse_instant("from", since, zone, end=False) if since else None,
        until=parse_instant("to", until, zone, end=True) if until else None,
    )
    if wanted.since is not None and wanted.until is not None and wanted.since > wanted.until:
        raise ProblemError(invalid_field("from", "from: it is after `to`", "Exchange from and to."))
    return await _page(services, wanted, limit, cursor)


@router.get(
    "/order/{order_id:path}",
    responses=_PAGE,
    summary="Everything about one order",
)
async def logs_of_order(
    request: Request,
    services: Svc,
    caller: Viewer,
    order_id: str,
    limit: Limit = 50,
    cursor: Text = None,
) -> Response:
    only(request, ("limit", "cursor"))
    return await _page(services, LogFilter(order_id=order_id), limit, cursor)


@router.get("/product/{sku:path}", responses=_PAGE, summary="Everything about one SKU")
async def logs_of_product(
    request: Request,
    services: Svc,
    caller: Viewer,
    sku: str,
    limit: Limit = 50,
    cursor: Text = None,
) -> Response:
    only(request, ("limit", "cursor"))
    return await _page(services, LogFilter(sku=sku), limit, cursor)


async def _page(services: Services, wanted: LogFilter, limit: int, cursor: str | None) -> Response:
    before = decode_cursor(cursor) if cursor else None
    # What was logged a moment ago is part of the answer.
    await services.logs.flush()
    page = await read_page(services.journal, services.logs, wanted, limit, before)
    items = [render(entry, wanted.order_id, wanted.sku) for entry in page.items]
    return answer({"items": items, "nextCursor": page.next_cursor})


def _service(services: Services, text: str | None) -> str | None:
    if not text:
        return None
    known = [*services.channels, "odoo", "orchestrator", "api"]
    if text not in known:
        raise ProblemError(
            invalid_field("service", "service: it is not known", f"Send one of {', '.join(known)}.")
        )
    return text


def _status(text: str | None) -> LogStatus | None:
    if not text:
        return None
    try:
        return LogStatus(text)
    except ValueError:
        known = ", ".join(s.value for s in LogStatus)
        raise ProblemError(
            invalid_field("status", "status: it is not known", f"Send one of {known}.")
        ) from None
