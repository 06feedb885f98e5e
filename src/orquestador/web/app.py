"""The whole web as one ASGI application: webhooks in front, the API behind them."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from orquestador.ops.counters import MemoryCounters
from orquestador.ops.health import RequestCounts
from orquestador.ops.ratelimit import Counters, RequestLimits
from orquestador.web import (
    api_admin,
    api_events,
    api_logs,
    api_plans,
    api_reconcile,
    api_rules,
    api_status,
    api_stock,
    api_work,
    errors,
    openapi,
)
from orquestador.web.config import WebConfig
from orquestador.web.intake import Intake
from orquestador.web.request_log import RequestLog
from orquestador.web.services import Services


def create_api(services: Services, config: WebConfig, limits: RequestLimits) -> FastAPI:
    """The operator's API alone."""
    api = FastAPI(
        title="Orquestador",
        version=config.version,
        description="Keeps marketplace orders and Odoo stock in step, exactly once in both directions.",
    )
    api.state.services = services
    api.state.config = config
    api.state.limits = limits
    api.state.seats = api_events.Seats()
    errors.install(api)
    parts = (
        api_status,
        api_events,
        api_logs,
        api_stock,
        api_work,
        api_plans,
        api_rules,
        api_reconcile,
        api_admin,
    )
    for part in parts:
        api.include_router(part.router)
    openapi.install(api)
    return api


def create_app(
    services: Services,
    config: WebConfig,
    counts: RequestCounts | None = None,
    counters: Counters | None = None,
) -> ASGIApp:
    """What the server runs. Give uvicorn `access_log=False`: it would write addresses with their secrets.

    Without `counters` the limits on callers are counted in this process.
    """
    counts = counts or RequestCounts()
    limits = RequestLimits(
        counters or MemoryCounters(services.clock.now),
        api=config.api_rate,
        failed_proofs=config.failed_proof_rate,
    )
    app: ASGIApp = RequestLog(create_api(services, config, limits), services, counts)
    if config.cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=config.cors_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-API-Key", "traceparent"],
            expose_headers=["Idempotency-Key", "Retry-After", "X-Trace-Id"],
        )
    return Intake(services, config, limits, counts, app)
