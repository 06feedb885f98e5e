"""For whom a call is made: the orders, SKUs and traces that its log entry must be findable by (promise P6).

Ports have no argument for it; a flow says it around its calls, and every call logged inside carries it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Served:
    order_ids: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    trace_id: str | None = None
    links: tuple[str, ...] = ()
    """Trace ids of all orders that one call serves."""


_NOBODY = Served()
_served: ContextVar[Served] = ContextVar("served", default=_NOBODY)  # it is frozen


@contextmanager
def serving(
    *,
    order_ids: Iterable[str] = (),
    skus: Iterable[str] = (),
    trace_id: str | None = None,
    links: Iterable[str] = (),
) -> Iterator[None]:
    """Calls made inside, also by tasks started inside, are logged for these; what is not given stays."""
    outer = _served.get()
    inner = Served(
        tuple(dict.fromkeys(order_ids)) or outer.order_ids,
        tuple(dict.fromkeys(skus)) or outer.skus,
        trace_id or outer.trace_id,
        tuple(dict.fromkeys(links)) or outer.links,
    )
    token = _served.set(inner)
    try:
        yield
    finally:
        _served.reset(token)


def served() -> Served:
    """Whom the running code serves."""
    return _served.get()
