"""`/work`, `/orders`, `/listings`: what is due, why it waits, and a person's decision about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response

from orquestador.model.work import Kind, Work
from orquestador.ports import WorkQuery
from orquestador.web import schemas
from orquestador.web.access import Operator, Svc, Viewer
from orquestador.web.lists import Filters, Text
from orquestador.web.problems import Problem, ProblemError
from orquestador.web.render import answer
from orquestador.web.services import Services
from orquestador.web.work_view import render_receipt, render_work

router = APIRouter(tags=["work"])

PAGES_MAX = 20


async def _page(services: Services, query: WorkQuery, *, differs: bool = False) -> Response:
    """One page. For `differs` several pages of the store are looked through, but not endlessly."""
    found: list[Work] = []
    for _ in range(PAGES_MAX if differs else 1):
        works, cursor = await services.journal.find(replace(query, limit=query.limit - len(found)))
        found += [work for work in works if work.differs or not differs]
        query = replace(query, after=cursor)
        if cursor is None or len(found) >= query.limit:
            break
    return answer({"items": [render_work(w) for w in found], "nextCursor": query.after})


def _none(what: str) -> ProblemError:
    return ProblemError(Problem(404, "not-found", "Not found", f"There is no such {what}."))


def _found(work: Work | None) -> Response:
    if work is None:
        raise _none("work")
    return answer(render_work(work))


@router.get("/work", summary="Work, the newest change first")
async def work_list(
    services: Svc, caller: Viewer, filters: Filters, kind: Annotated[Kind | None, Query()] = None
) -> Response:
    return await _page(services, filters.query(kind, own=("kind",)))


@router.post("/work/{work_id:path}/retry", summary="Make it due now, with fresh attempts")
async def work_retry(services: Svc, caller: Operator, work_id: str) -> Response:
    return _found(await services.retry(work_id, caller.name))


@router.post("/work/{work_id:path}/discard", summary="Settled by a person")
async def work_discard(
    services: Svc, caller: Operator, work_id: str, body: Annotated[schemas.DiscardBody | None, Body()] = None
) -> Response:
    return _found(await services.discard(work_id, body.note if body else None, caller.name))


@router.get("/work/{work_id:path}", summary="One row of work")
async def work_show(services: Svc, caller: Viewer, work_id: str) -> Response:
    return _found(next(iter(await services.journal.get([work_id])), None))


@router.get("/orders", summary="Orders, the newest change first")
async def order_list(services: Svc, caller: Viewer, filters: Filters) -> Response:
    return await _page(services, filters.query(Kind.ORDER))


async def _order(services: Services, order_id: str, channel: str | None) -> Work:
    """The one order with this id or number."""
    works, _ = await services.journal.find(
        WorkQuery(kind=Kind.ORDER, channel=channel, text=order_id, limit=10)
    )
    if not works:
        raise _none("order")
    if len(works) > 1:
        # The id of one order may be the number of another; an id is the better answer.
        by_id = [w for w in works if w.ref == order_id]
        if len(by_id) != 1:
            channels = ", ".join(sorted({w.channel for w in works}))
            detail = f"Several orders have this id or number (channels: {channels})."
            remedy = "Add ?channel=, or use the order's id."
            raise ProblemError(
                Problem(409, "ambiguous-order", "Which order?", detail, field="channel", remedy=remedy)
            )
        works = by_id
    return works[0]


@router.post("/orders/{order_id:path}/adopt", summary="Take over an order from before go-live")
async def order_adopt(services: Svc, caller: Operator, order_id: str, channel: Text = None) -> Response:
    work = await _order(services, order_id, channel)
    return _found(await services.adopt_order(work.id, caller.name))


@router.get("/orders/{order_id:path}", summary="One order: lines, ledger, effects, notices")
async def order_show(services: Svc, caller: Viewer, order_id: str, channel: Text = None) -> Response:
    work = await _order(services, order_id, channel)
    receipts = await services.journal.receipts_for(work.id)
    return answer(render_work(work) | {"receipts": [render_receipt(r) for r in receipts]})


@router.get("/listings", summary="Listings: wanted, sent, confirmed, live, and why not newer")
async def listing_list(
    services: Svc,
    caller: Viewer,
    filters: Filters,
    differs: Annotated[bool, Query(description="Only those whose number a push would change.")] = False,
) -> Response:
    return await _page(services, filters.query(Kind.LISTING, own=("differs",)), differs=differs)
