"""Who is calling the API, and whether that role may do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from orquestador.ops.auth import Role, find_key
from orquestador.ops.throttle import Throttle
from orquestador.web.config import WebConfig
from orquestador.web.local import client_address, is_local
from orquestador.web.problems import Problem, ProblemError, too_many_failures
from orquestador.web.services import Services

_bearer = HTTPBearer(auto_error=False, description="A key of API_KEYS.")
_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same, as a header of its own.")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever proved to be this: an API key's name, or `local` for a person on this machine."""

    name: str
    role: Role


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def config_of(request: Request) -> WebConfig:
    config: WebConfig = request.app.state.config
    return config


Svc = Annotated[Services, Depends(services_of)]
Config = Annotated[WebConfig, Depends(config_of)]


def caller_of(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    header: Annotated[str | None, Depends(_header)],
) -> Caller:
    """The caller. Raises a 401 or 403 problem; failures are limited per address, proven callers never."""
    config = config_of(request)
    if not config.api_keys:
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
        return _seen(request, Caller(key.name, key.role))
    throttle: Throttle = request.app.state.throttle
    wait_s = throttle.failed(client_address(request.scope), services_of(request).clock.now())
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


def need(role: Role) -> Callable[..., Caller]:
    """A dependency that lets through callers who may act as this role."""

    def check(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
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
