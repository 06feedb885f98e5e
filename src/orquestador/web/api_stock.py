"""`GET /odoo/stock/{sku}`, `GET /odoo/duplicates`, and manual movements: `POST /odoo/stock/...`."""

from __future__ import annotations

import re
import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError

from orquestador.model.orders import Direction
from orquestador.ports import ProductProblem
from orquestador.web import schemas
from orquestador.web.access import Operator, Svc, Viewer
from orquestador.web.errors import invalid_request
from orquestador.web.lists import Limit, only
from orquestador.web.problems import Problem, ProblemError, invalid_field
from orquestador.web.render import answer, instant, number
from orquestador.web.services import Services
from orquestador.web.shapes import MoveRequest, MoveResult, MoveState

router = APIRouter(prefix="/odoo", tags=["stock"])

Cursor = Annotated[str | None, Query(max_length=300)]
OfChannel = Annotated[str | None, Query(max_length=100, description="Count what this channel publishes.")]
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": schemas.MoveBody.model_json_schema()}},
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key moves stock once; made and returned when absent.",
            "schema": {"type": "string", "maxLength": 200},
        }
    ],
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": schemas.MoveAnswer},
    202: {"model": schemas.MoveAnswer, "description": "Stored, not yet proven in Odoo."},
    409: {"model": schemas.ProblemAnswer},
    422: {"model": schemas.ProblemAnswer},
    503: {"model": schemas.ProblemAnswer, "description": "The store does not answer; repeat with this key."},
}
_PRODUCT_PROBLEMS = {
    ProductProblem.UNKNOWN: (404, "unknown-sku", "No product of the ERP has this SKU."),
    ProductProblem.DUPLICATE: (409, "duplicate-sku", "Several products of the ERP have this SKU."),
    ProductProblem.ARCHIVED: (404, "archived-sku", "The product of the ERP that has this SKU is archived."),
    ProductProblem.NOT_STOCKED: (409, "not-stocked", "The product is a consumable or a service."),
}
_REMEDY = "Correct the product's internal reference in Odoo."
_REMEDIES = {
    ProductProblem.ARCHIVED: "Unarchive the product in Odoo, or give the SKU to the one that replaces it.",
    ProductProblem.NOT_STOCKED: "Track the product's inventory in Odoo.",
}


@router.get(
    "/stock/{sku:path}",
    responses={200: {"model": schemas.StockAnswer}},
    summary="What the ERP can still promise",
)
async def stock(services: Svc, caller: Viewer, sku: str, channel: OfChannel = None) -> Response:
    if channel is not None and channel not in services.channels:
        detail = f"channel: there is no channel {channel}"
        raise ProblemError(invalid_field("channel", detail, f"There are: {', '.join(services.channels)}."))
    found = await services.stock(sku, channel)
    if isinstance(found, ProductProblem):
        status, code, detail = _PRODUCT_PROBLEMS[found]
        remedy = _REMEDIES.get(found, _REMEDY)
        raise ProblemError(Problem(status, code, "The SKU has no usable stock", detail, "sku", remedy))
    return answer(
        {
            "sku": found.sku,
            "available": number(found.available),
            "onHand": number(found.on_hand),
            "reserved": number(found.reserved),
            "asOf": instant(found.as_of),
            "ageSeconds": round(max(0.0, services.clock.now() - found.as_of), 3),
        }
    )


@router.get("/duplicates", summary="SKUs that several products have: frozen until a person decides")
async def duplicates(
    request: Request, services: Svc, caller: Viewer, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    only(request, ("limit", "cursor"))
    as_of, found = await services.duplicates()
    rest = [each for each in found if cursor is None or each.sku > cursor]
    page = rest[:limit]
    channels: dict[str, set[str]] = {each.sku: set() for each in page}
    for work in await services.journal.listings_for(list(channels)):
        channels[work.listing.sku].add(work.channel)
    return answer(
        {
            "items": [
                {"sku": each.sku, "productIds": each.products, "listedOn": sorted(channels[each.sku])}
                for each in page
            ],
            "nextCursor": page[-1].sku if len(rest) > limit else None,
            "total": len(found),
            "asOf": instant(as_of),
        }
    )


@router.post("/stock/reduce", responses=_ANSWERS, openapi_extra=_BODY, summary="Take units out of the ERP")
async def reduce(request: Request, services: Svc, caller: Operator) -> Response:
    return await _move(request, services, Direction.OUT, caller.name)


@router.post("/stock/increase", responses=_ANSWERS, openapi_extra=_BODY, summary="Put units into the ERP")
async def increase(request: Request, services: Svc, caller: Operator) -> Response:
    return await _move(request, services, Direction.IN, caller.name)


async def _move(request: Request, services: Services, direction: Direction, by: str) -> Response:
    key = _idempotency_key(request)
    try:
        body = schemas.MoveBody.model_validate_json(await request.body())
    except ValidationError as e:
        raise ProblemError(invalid_request(e.errors(include_input=False, include_url=False))) from None
    result = await services.move(
        MoveRequest(
            key=key,
            sku=body.sku,
            direction=direction,
            quantity=body.quantity,
            reason=body.reason,
            reference=body.reference,
            allow_negative=body.allow_negative,
            by=by,
            trace_id=request.state.trace_id,
            warehouse=body.warehouse,
        )
    )
    if result.state not in (MoveState.APPLIED, MoveState.STORED):
        raise ProblemError(_refusal(result))
    return answer(
        {
            "success": True,
            "sku": body.sku,
            "previousStock": _quantity(result.previous_stock),
            "newStock": _quantity(result.new_stock),
            "movement": result.movement,
            "duplicate": result.duplicate,
        },
        200 if result.state is MoveState.APPLIED else 202,
        {"Idempotency-Key": key},
    )


def _idempotency_key(request: Request) -> str:
    """The caller's key, or a new one; from here on every answer tells it."""
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        detail = "Idempotency-Key: it must have 1 to 200 visible ASCII characters"
        raise ProblemError(invalid_field("Idempotency-Key", detail, "Send for example a UUID."))
    key = key or str(uuid.uuid4())
    request.state.idempotency_key = key
    return key


def _quantity(value: float | None) -> int | float | None:
    return None if value is None else number(value)


def _refusal(result: MoveResult) -> Problem:
    """Nothing moved, and why."""
    match result.state:
        case MoveState.KEY_REUSED:
            return Problem(
                409,
                "key-reused",
                "The idempotency key is taken",
                "This key belongs to a movement that asked for something else.",
                field="Idempotency-Key",
                remedy="Send the first request again as it was, or use a new key.",
            )
        case MoveState.BELOW_ZERO:
            return Problem(
                409,
                "below-zero",
                "Not enough stock",
                result.reason or "The movement would take the stock below zero.",
                field="quantity",
                remedy="Ask for less, or send allowNegative: true.",
            )
        case MoveState.UNKNOWN_SKU:
            status, code, detail = _PRODUCT_PROBLEMS[ProductProblem.UNKNOWN]
            return Problem(status, code, "The SKU has no usable stock", detail, "sku", _REMEDY)
        case MoveState.UNKNOWN_WAREHOUSE:
            detail = f"warehouse: {result.reason or 'the ERP has no such warehouse'}"
            return invalid_field("warehouse", detail, "Send the code of a warehouse, or leave it out.")
        case _:
            return Problem(
                409,
                "refused",
                "The ERP does not allow it",
                result.reason or "The ERP refuses this movement.",
                remedy="Correct it in Odoo, then use a new Idempotency-Key.",
            )
