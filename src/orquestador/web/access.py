"""Who is calling the API, and whether that role may do it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from orquestador.ops.auth import Role, find_key
from orquestador.ops.ratelimit import RequestLimits
from orquestador.web.config import WebConfig
from orquestador.web.local import client_address, is_local
from orquestador.web.problems import Problem, ProblemError, too_many_failures, too_many_requests
from orquestador.web.services import Services

_bearer = HTTPBearer(auto_error=False, description="A key of API_KEYS.")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same, as a header of its own.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever proved to be this: an API key's name, or `local` for a person on this machine."""

    name: str
    role: Role


async def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def config_of(request: Request) -> WebConfig:
    config: WebConfig = request.app.state.config
    return config


def limits_of(request: Request) -> RequestLimits:
    limits: RequestLimits = request.app.state.limits
    return limits


Svc = Annotated[Services, Depends(services_of)]
Config = Annotated[WebConfig, Depends(config_of)]
# They are coroutines because FastAPI runs plain functions in a thread, which costs more than they do.


async def within_limits(request: Request) -> None:
    """For what needs no key: counted for the address. Raises a 429 problem."""
    wait_s = await limits_of(request).api_call(client_address(request.scope))
    if wait_s is not None:
        raise ProblemError(too_many_requests(wait_s, "This address"))


Limited = Depends(within_limits)
"""For routes that need no key; probes (`/health/live`, `/health/ready`, `/metrics`) go without."""


async def caller_of(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    header: Annotated[str | None, Depends(_header)],
) -> Caller:
    """The caller. Raises a 401, 403 or 429 problem: calls are limited per key, where no key is needed per
    address; failures per address, which never counts against a good key."""
    config = await config_of(request)
    if not config.api_keys:
        await within_limits(request)
        if is_local(request.scope):
            return _seen(request, Caller("local", Role.ADMIN))
        raise ProblemError(
            Problem(
                403,
                "local-only",
                "The API answers this machine only",
                "No API key is configured, so only requests from this machine are answered.",
                remedy="Set API_KEYS=name:role:key and send the key as Authorization: Bearer or X-API-Key.",
            )
        )
    presented = header or (bearer.credentials if bearer else None)
    key = find_key(config.api_keys, presented) if presented else None
    if key is not None:
        caller = _seen(request, Caller(key.name, key.role))
        wait_s = await limits_of(request).api_call(client_address(request.scope), key.name)
        if wait_s is not None:
            raise ProblemError(too_many_requests(wait_s, f"The key {key.name}"))
        return caller
    wait_s = await limits_of(request).failed_proof(client_address(request.scope))
    if wait_s is not None:
        raise ProblemError(too_many_failures(wait_s))
    raise ProblemError(
        Problem(
            401,
            "unauthenticated",
            "An API key is needed",
            "The API key is wrong." if presented else "No API key was sent.",
            remedy="Send a key of API_KEYS as Authorization: Bearer or X-API-Key.",
            headers=(("WWW-Authenticate", "Bearer"),),
        )
    )


def _seen(request: Request, caller: Caller) -> Caller:
    request.state.caller = caller.name
    return caller


def need(role: Role) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets through callers who may act as this role."""

    async def check(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        if not caller.role.may(role):
            raise ProblemError(
                Problem(
                    403,
                    "role-too-low",
                    "The role may not do this",
                    f"{caller.name} is a {caller.role.value}; this needs the role {role.value}.",
                    remedy=f"Use a key whose role in API_KEYS is {role.value} or more.",
                )
            )
        return caller

    return check


Viewer = Annotated[Caller, Depends(need(Role.VIEWER))]
Operator = Annotated[Caller, Depends(need(Role.OPERATOR))]
Admin = Annotated[Caller, Depends(need(Role.ADMIN))]
