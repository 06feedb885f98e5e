"""SKUs that several products of the ERP have: found by reading them all, so it is shared for a minute."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from orquestador.flows.context import Context
from orquestador.model.errors import Unavailable
from orquestador.ports import Duplicate

SHARED_S = 60.0


class DuplicatesView:
    """No loop reads from here: what is frozen is decided anew each time that a SKU is looked up."""

    def __init__(self, context: Context) -> None:
        self._x = context
        self._lock = asyncio.Lock()
        self._known: tuple[float, Sequence[Duplicate]] | None = None

    async def read(self) -> tuple[float, Sequence[Duplicate]]:
        """When the ERP was asked (seconds since the epoch) and what it had; Unavailable when it is away."""
        x = self._x
        if x.erp is None:
            raise Unavailable("no ERP is configured")
        async with self._lock:
            if self._known is None or x.clock.now() >= self._known[0] + SHARED_S:
                began = x.clock.now()
                self._known = began, await x.erp.duplicates()
            return self._known
