"""Movements of several warehouses, each warehouse's apart from the others'."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from orquestador.erp.odoo.houses import SetUpReader
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import AuthRefused, PlaceRefused, Unavailable
from orquestador.model.places import Place
from orquestador.ports import Movement, MovementState, Outcome

Call = Callable[[SetUp, Sequence[Movement]], Awaitable[dict[str, Outcome]]]


async def by_place(
    reader: SetUpReader, movements: Sequence[Movement], call: Call, *, taking: bool = False
) -> dict[str, Outcome]:
    """One call for each place.

    A recorded place that is refused makes its own movements doubtful: nothing of them was asked or done. An
    outage is the caller's before anything was done, and a doubt about the rest after that.
    """
    groups: dict[Place | None, list[Movement]] = {}
    for movement in movements:
        groups.setdefault(movement.place, []).append(movement)
    outcomes: dict[str, Outcome] = {}
    for place, some in groups.items():
        try:
            outcomes |= await call(await reader.at(place, taking=taking), some)
        except (Unavailable, AuthRefused) as error:
            mine = isinstance(error, PlaceRefused) and place is not None
            if not (mine or outcomes):
                raise
            outcomes |= {m.key: Outcome(MovementState.DOUBTFUL, m.erp_id, reason=error.detail) for m in some}
    return outcomes
