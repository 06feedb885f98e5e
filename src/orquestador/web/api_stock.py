"""`GET /odoo/stock/{sku}` and the manual movements `POST /odoo/stock/reduce|increase`."""

from __future__ import annotations

import re
import uuid
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from orquestador.model.orders import Direction
from orquestador.ports import ProductProblem
from orquestador.web import schemas
from orquestador.web.access import Operator, Svc, Viewer
from orquestador.web.errors import invalid_request
from orquestador.web.problems import Problem, ProblemError, invalid_field
from orquestador.web.render import answer, instant, number
from orquestador.web.services import MoveRequest, MoveResult, MoveState, Services

router = APIRouter(prefix="/odoo/stock", tags=["stock"])

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
    ProductProblem.NOT_STOCKED: (409, "not-stocked", "The product is a consumable or a service."),
}
_REMEDY = "Correct the product's internal reference in Odoo."


@router.get(
    "/{sku:path}", responses={200: {"model": schemas.StockAnswer}}, summary="What the ERP can still promise"
)
async def stock(services: Svc, caller: Viewer, sku: str) -> Response:
    found = await services.stock(sku)
    if isinstance(found, ProductProblem):
        status, code, detail = _PRODUCT_PROBLEMS[found]
        raise ProblemError(Problem(status, code, "The SKU has no usable stock", detail, "sku", _REMEDY))
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


@router.post("/reduce", responses=_ANSWERS, openapi_extra=_BODY, summary="Take units out of the ERP")
async def reduce(request: Request, services: Svc, caller: Operator) -> Response:
    return await _move(request, services, Direction.OUT, caller.name)


@router.post("/increase", responses=_ANSWERS, openapi_extra=_BODY, summary="Put units into the ERP")
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
        case _:
            return Problem(
                409,
                "refused",
                "The ERP does not allow it",
                result.reason or "The ERP refuses this movement.",
                remedy="Correct it in Odoo, then use a new Idempotency-Key.",
            )
