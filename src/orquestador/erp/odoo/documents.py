"""Stock documents and sale orders side by side: each movement goes to who makes its kind of document."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from orquestador.erp.odoo.measures import Grains
from orquestador.erp.odoo.movements import Movements
from orquestador.erp.odoo.sales import Sales
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import AuthRefused, Unavailable
from orquestador.ports import Movement, MovementState, Outcome

Call = Callable[[Sequence[Movement]], Awaitable[dict[str, Outcome]]]


class Documents:
    """Same calls as `Movements`."""

    def __init__(self, movements: Movements, sales: Sales, grains: Grains) -> None:
        self._movements, self._sales, self._grains = movements, sales, grains

    async def apply(self, setup: SetUp, movements: Sequence[Movement], *, force: bool) -> dict[str, Outcome]:
        return await _both(
            movements,
            lambda plain: self._fitted(
                setup, plain, lambda fit: self._movements.apply(setup, fit, force=force)
            ),
            lambda sold: self._sales.apply(setup, sold),
        )

    async def ask(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        return await _both(
            movements,
            lambda plain: self._fitted(setup, plain, lambda fit: self._movements.ask(setup, fit)),
            lambda sold: self._sales.ask(setup, sold),
        )

    async def finish(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        return await _both(
            movements,
            lambda plain: self._fitted(setup, plain, lambda fit: self._movements.finish(setup, fit)),
            lambda sold: self._sales.finish(setup, sold),
        )

    async def lower(
        self, setup: SetUp, movements: Sequence[Movement], to: Mapping[str, Mapping[int, float]]
    ) -> dict[str, Outcome]:
        return await _both(
            movements,
            lambda plain: self._movements.lower(setup, plain, to),
            lambda sold: self._sales.lower(setup, sold, to),
        )

    async def void(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        return await _both(
            movements,
            lambda plain: self._fitted(setup, plain, lambda fit: self._movements.void(setup, fit)),
            lambda sold: self._sales.void(setup, sold),
        )

    async def _fitted(self, setup: SetUp, movements: Sequence[Movement], call: Call) -> dict[str, Outcome]:
        """In quantities that Odoo can keep, and told in those that were asked for."""
        fitted = await self._grains.fitted(setup, movements)
        outcomes = await call(fitted)
        return outcomes | {
            m.key: self._grains.told(m, fit, outcomes[m.key])
            for m, fit in zip(movements, fitted, strict=True)
            if m is not fit and m.key in outcomes
        }


async def _both(movements: Sequence[Movement], plain: Call, sold: Call) -> dict[str, Outcome]:
    sells = [m for m in movements if m.mode.sells]
    if not sells:
        return await plain(movements)
    rest = [m for m in movements if not m.mode.sells]
    outcomes = await plain(rest) if rest else {}
    try:
        return outcomes | await sold(sells)
    except (Unavailable, AuthRefused) as error:
        if not outcomes:
            raise
        # What the first half did must reach the ledger.
        return outcomes | {
            m.key: Outcome(MovementState.DOUBTFUL, m.erp_id, reason=error.detail) for m in sells
        }
