"""Whether a request comes from a person on this machine, for what is open there without a key."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.types import Scope

from orquestador.ops.addresses import is_loopback_host

_FORWARDED = frozenset((b"forwarded", b"x-forwarded-for", b"x-real-ip"))


def client_address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def is_local(scope: Scope) -> bool:
    """True only when the connection, the Host and (from a browser) the page are all of this machine.

    A proxy on this machine makes every client look local, hence the forwarding headers; a page elsewhere can
    make a browser here send requests, also under a name that resolves to 127.0.0.1, hence Host and Origin.
    """
    if not is_loopback_host(client_address(scope)):
        return False
    for name, value in scope["headers"]:
        if name in _FORWARDED:
            return False
        if name == b"host" and not _is_loopback(b"//" + value):
            return False
        if name == b"origin" and not _is_loopback(value):
            return False
        if name == b"sec-fetch-site" and value == b"cross-site":
            return False
    return True


def _is_loopback(address: bytes) -> bool:
    try:
        return is_loopback_host(urlsplit(address.decode("latin-1")).hostname or "")
    except ValueError:
        return False
