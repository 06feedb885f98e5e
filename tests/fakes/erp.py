"""An ERP in memory that keeps the promises of the `Erp` port, and breaks where a test tells it to.

It knows what makes the real one hard: a key is unique, a call may be cut off before, while or after it is
done, and a cut-off call may be done later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from orquestador.model.effects import KeyState
from orquestador.model.errors import Unavailable
from orquestador.model.orders import Direction
from orquestador.model.stock import Availability
from orquestador.ports import (
    Changes,
    Duplicate,
    Finding,
    Movement,
    Outcome,
    ProductProblem,
    Registration,
    RegistrationChange,
)


@dataclass(frozen=True)
class Document:
    id: int
    movement: Movement
    state: KeyState


@dataclass
class FakeErp:
    """`stock` is what is on hand per SKU; `fault` says what goes wrong with the next write: "", "away",
    "cut", "late"."""

    now: Callable[[], float]
    stock: dict[str, int] = field(default_factory=dict)
    fault: str = ""
    documents: dict[str, Document] = field(default_factory=dict)
    late: list[Movement] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    writes: int = 0

    def product(self, sku: str) -> int:
        return sorted(self.stock).index(sku) + 1

    def sku(self, product: int) -> str:
        return sorted(self.stock)[product - 1]

    def _take_fault(self) -> str:
        fault, self.fault = self.fault, ""
        if fault == "away":
            raise Unavailable("the ERP is away")
        return fault

    def _do(self, movement: Movement) -> None:
        """The transaction: the unique key makes the second of two a no-op."""
        known = self.documents.get(movement.key)
        if known is not None and known.state is not KeyState.OPEN:
            return
        sign = -1 if movement.direction is Direction.OUT else 1
        for product, quantity in movement.items:
            self.stock[self.sku(product)] += sign * int(quantity)
            self.changed.add(self.sku(product))
        number = known.id if known else len(self.documents) + 1
        self.documents[movement.key] = Document(number, movement, KeyState.DONE)

    def late_calls_arrive(self) -> None:
        """Calls that were cut off on the client's side are done now."""
        for movement in self.late:
            self._do(movement)
        self.late.clear()

    def move_by_hand(self, sku: str, delta: int) -> None:
        self.stock[sku] += delta
        self.changed.add(sku)

    def _outcome(self, movement: Movement) -> Outcome:
        document = self.documents.get(movement.key)
        if document is None:
            return Outcome(KeyState.ABSENT)
        if document.state is not KeyState.DONE:
            return Outcome(document.state, document.id)
        items = dict(document.movement.items)
        return Outcome(KeyState.DONE, document.id, items, {p: ((p, 1.0),) for p in items})

    async def duplicates(self) -> list[Duplicate]:
        return []

    async def apply(self, movements: Sequence[Movement], *, force: bool = True) -> dict[str, Outcome]:
        self.writes += 1
        fault = self._take_fault()
        if fault == "late":
            self.late.extend(movements)
            return {m.key: Outcome(KeyState.DOUBTFUL) for m in movements}
        for movement in movements:
            self._do(movement)
        if fault == "cut":
            return {m.key: Outcome(KeyState.DOUBTFUL) for m in movements}
        return {m.key: self._outcome(m) for m in movements}

    async def ask(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        self._take_fault()
        return {m.key: self._outcome(m) for m in movements}

    async def finish(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        return await self.apply(movements)

    async def void(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        self.writes += 1
        fault = self._take_fault()
        for m in movements:
            known = self.documents.get(m.key)
            if known is None:
                known = Document(len(self.documents) + 1, m, KeyState.CANCELLED)
            elif known.state is KeyState.OPEN:
                known = replace(known, state=KeyState.CANCELLED)
            self.documents[m.key] = known
        if fault:
            return {m.key: Outcome(KeyState.DOUBTFUL) for m in movements}
        return {m.key: self._outcome(m) for m in movements}

    async def products(self, skus: Sequence[str]) -> dict[str, int | ProductProblem]:
        return {s: self.product(s) if s in self.stock else ProductProblem.UNKNOWN for s in skus}

    async def skus_of(self, product_ids: Sequence[int]) -> dict[int, str]:
        return {p: self.sku(p) for p in product_ids if 0 < p <= len(self.stock)}

    async def availability(self, skus: Sequence[str]) -> dict[str, Availability | ProductProblem]:
        self._take_fault()
        return {
            s: Availability(s, float(self.stock[s]), float(self.stock[s]), 0.0, self.now())
            if s in self.stock
            else ProductProblem.UNKNOWN
            for s in skus
        }

    async def changed_since(self, cursor: str | None) -> Changes:
        changed, self.changed = frozenset(self.changed), set()
        return Changes(changed if cursor is not None else frozenset(), str(self.now()))

    async def check(self) -> list[Finding]:
        return []

    async def registrations(self) -> list[Registration]:
        return []

    async def register(self, url: str) -> RegistrationChange:
        raise Unavailable("nothing is registered here")

    async def unregister(self, registration_id: str) -> None: ...

    async def close(self) -> None: ...
