"""The webhooks in the API's description: FastAPI documents what it routes, and they are routed before it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from orquestador.web import schemas

_SIMPLE_ORDER = {
    "orderId": "FAL-12345",
    "products": [{"sku": "PROD-001", "quantity": 2, "price": 29990}],
    "status": "confirmed",
    "timestamp": "2025-12-16T10:00:00Z",
}
_EVENT = {"event": "onOrderCreated", "payload": {"OrderId": 1200000101}}
_STOCK = {"sku": "PROD-001", "quantity": 12}
_NATIVE = {"_model": "stock.quant", "_id": 51, "product_id": 51, "quantity": 997.0}

WEBHOOKS: tuple[tuple[str, str, dict[str, object]], ...] = (
    (
        "/falabella/webhook/order",
        "An order of Falabella: the documented simple body, or Seller Center's own",
        {"simple": _SIMPLE_ORDER, "sellerCenter": _EVENT},
    ),
    (
        "/falabella/webhook/stock",
        "A stock, product or feed notice of Falabella; quantities are re-read, never copied",
        {"simple": _STOCK, "sellerCenter": {"event": "onFeedCompleted", "payload": {"Feed": "..."}}},
    ),
    (
        "/odoo/webhook/stock-change",
        "A stock change in Odoo: simple body, a list, or the body of an automation",
        {"simple": _STOCK, "automation": _NATIVE},
    ),
    ("/webhooks/{source}/{secret}", "Any account by name, with its secret in the address", {"order": _EVENT}),
)
_STATUSES = {
    "200": "Journaled. Only after the commit.",
    "401": "The proof is missing or wrong.",
    "405": "Only POST.",
    "413": "Over 1 MiB.",
    "422": "No JSON, or a malformed simple body; `field` names where.",
    "429": "This address failed to prove itself too often; see Retry-After. A proven sender never gets it.",
    "503": "The journal cannot commit right now; see Retry-After.",
}
_TOO_MANY = (
    "Asked more often than API_RATE_LIMIT allows this key (or address, where no key is needed), or a wrong "
    "key more often than FAILED_PROOF_LIMIT; see Retry-After."
)
_UNLIMITED = ("/health/live", "/health/ready", "/metrics")
_PROOFS = (
    "Proof, any one of: header `x-falabella-signature` (the secret itself, or the HMAC-SHA256 of the body as "
    "hex, with or without `sha256=`), `?token=`, or the secret as last part of the path."
)


def install(app: FastAPI) -> None:
    """Describe the webhooks beside the routes."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title, version=app.version, description=app.description, routes=app.routes
            )
            _add_limits(schema)
            _add_webhooks(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # the way FastAPI documents


def _add_limits(schema: dict[str, Any]) -> None:
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            if path not in _UNLIMITED:
                operation["responses"]["429"] = _refusal(_TOO_MANY)


def _refusal(text: str) -> dict[str, Any]:
    seconds = {"schema": {"type": "integer"}, "description": "Seconds after which the next one is answered."}
    return {**_answer("ProblemAnswer", "problem+json", text), "headers": {"Retry-After": seconds}}


def _answer(model: str, kind: str, text: str) -> dict[str, Any]:
    content = {f"application/{kind}": {"schema": {"$ref": f"#/components/schemas/{model}"}}}
    return {"description": text, "content": content}


def _add_webhooks(schema: dict[str, Any]) -> None:
    models = schema.setdefault("components", {}).setdefault("schemas", {})
    models.setdefault("WebhookAnswer", schemas.WebhookAnswer.model_json_schema(by_alias=True))
    models.setdefault("ProblemAnswer", schemas.ProblemAnswer.model_json_schema(by_alias=True))
    for path, summary, examples in WEBHOOKS:
        schema["paths"][path] = {"post": _operation(path, summary, examples)}


def _operation(path: str, summary: str, examples: dict[str, object]) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": place, "required": place == "path", "schema": {"type": "string"}}
        for name, place in (("source", "path"), ("secret", "path"), ("token", "query"))
        if place == "query" or f"{{{name}}}" in path
    ]
    parameters.append(
        {"name": "x-falabella-signature", "in": "header", "required": False, "schema": {"type": "string"}}
    )
    responses = {status: _answer("ProblemAnswer", "problem+json", text) for status, text in _STATUSES.items()}
    responses["200"] = _answer("WebhookAnswer", "json", _STATUSES["200"])
    responses["429"] = _refusal(_STATUSES["429"])
    return {
        "tags": ["webhooks"],
        "summary": summary,
        "description": _PROOFS,
        "parameters": parameters,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "examples": {name: {"value": value} for name, value in examples.items()},
                }
            },
        },
        "responses": responses,
    }


def endpoints(app: FastAPI) -> list[dict[str, str]]:
    """Every address with its method and one line, in the order of the description."""
    return [
        {"method": method.upper(), "path": path, "description": operation.get("summary", "")}
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]
