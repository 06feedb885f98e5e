"""The one way to call a method of an Odoo model, whatever the transport, and what its answers consist of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from orquestador.model.errors import Unavailable

Row = dict[str, Any]
"""One record of Odoo as it answers it; many2one as [id, name] or False."""

ON_MODEL = frozenset(
    {
        "context_get",
        "create",
        "fields_get",
        "get_bindings",
        "has_group",
        "load",
        "search",
        "search_count",
        "search_read",
    }
)
"""Methods that may be called without records; `has_group` up to 17 only."""


class Transport(Protocol):
    """Raises the UpstreamError tree; ValueError for a call on no records, which is never sent."""

    async def call(
        self,
        model: str,
        method: str,
        ids: Sequence[int] | None = None,
        kwargs: Mapping[str, object] | None = None,
        context: Mapping[str, object] | None = None,
        *,
        write: bool = False,
    ) -> Any:
        """`kwargs`: arguments by name. `ids`: the records; None for a method of the model itself."""
        ...


def records(method: str, ids: Sequence[int] | None) -> list[int] | None:
    """`ids` as they are sent. Called on no records, a method answers true and does nothing (odoo.md §1.1)."""
    if ids is None and method in ON_MODEL:
        return None
    if not ids:
        raise ValueError(f"odoo: {method} needs records to work on, and got none")
    return list(ids)


def rows(answer: object) -> list[Row]:
    """The records of a read or search_read."""
    if isinstance(answer, list) and all(isinstance(row, dict) for row in answer):
        return answer
    raise Unavailable("odoo: an answer that is not a list of records")


def ref(value: object) -> int | None:
    """The id in a many2one value: [id, name] (RPC), id (webhooks) or False."""
    if isinstance(value, list | tuple) and value:
        value = value[0]
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def mapping(value: object) -> Row:
    """The value if it is an object; ValueError."""
    if isinstance(value, dict):
        return value
    raise ValueError("not an object")
