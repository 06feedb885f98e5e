"""What the questions for lists have in common: their parameters, and that a misspelt one is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from orquestador.model.work import Kind, State
from orquestador.ports import WorkQuery
from orquestador.web.problems import ProblemError, invalid_field

LIMIT_MAX = 500

Text = Annotated[str | None, Query(max_length=300)]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]


def only(request: Request, known: tuple[str, ...]) -> None:
    """Refuse a filter that we do not know: ignoring a misspelt one would answer another question."""
    for name in request.query_params:
        if name not in known:
            remedy = f"Known here: {', '.join(known)}."
            raise ProblemError(invalid_field(name, f"{name}: it is no filter of this list", remedy))


@dataclass(frozen=True, slots=True)
class WorkFilters:
    """What every list of work can be asked for by."""

    request: Request
    state: Text = None
    channel: Text = None
    sku: Text = None
    text: Text = None
    limit: Limit = 50
    cursor: Text = None

    def query(self, kind: Kind | None, own: tuple[str, ...] = ()) -> WorkQuery:
        """Raises ProblemError (422) for an unknown filter or state."""
        only(self.request, (*own, "state", "channel", "sku", "text", "limit", "cursor"))
        states = _states(self.state)
        return WorkQuery(kind, states, self.channel, self.sku, self.text, self.limit, self.cursor)


Filters = Annotated[WorkFilters, Depends()]


def _states(text: str | None) -> tuple[State, ...]:
    """One state, or several separated by commas."""
    try:
        return tuple(State(part.strip()) for part in text.split(",")) if text else ()
    except ValueError:
        known = ", ".join(s.value for s in State)
        detail = "state: it is not known"
        raise ProblemError(invalid_field("state", detail, f"Send one or more of {known}.")) from None
