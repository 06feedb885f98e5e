"""An ERP in memory that keeps the promises of the `Erp` port, and breaks where a test tells it to.

It knows what makes the real one hard: a key is unique, a call may be cut off before, while or after it is
done, and a cut-off call may be done later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orquestador.model.effects import KeyState
from orquestador.model.errors import Unavailable
from orquestador.model.orders import Direction, OrderMode
from orquestador.model.places import Area, Place, Scope
from orquestador.model.stock import Availability
from orquestador.ports import (
    DEFAULT,
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
    open: dict[int, float] = field(default_factory=dict)
    """Per product, the demand that is promised and not done."""
    done: dict[int, float] = field(default_factory=dict)


@dataclass
class FakeErp:
    """`stock` is what is on hand per SKU; `fault` says what goes wrong with the next write: "", "away",
    "cut", "late". A document that only reserves promises what is free, and waits for the rest."""

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
        if movement.mode.reserves:
            number = len(self.documents) + 1
            free = {product: self.free(self.sku(product)) for product, _ in movement.items}
            self.documents[movement.key] = Document(
                number, movement, KeyState.RESERVED, open=dict(movement.items)
            )
            if movement.mode is OrderMode.BACKORDER:
                self._send({movement.key: free})
            self.changed.update(self.sku(product) for product, _ in movement.items)
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

    # --- what the warehouse does with a document that only reserves

    def ship(self, key: str, units: int | None = None) -> None:
        """All of it, or so many units of each product; the rest stays promised."""
        document = self.documents[key]
        for product, demand in document.open.items():
            part = demand if units is None else min(units, demand)
            self.stock[self.sku(product)] -= int(part)
            document.open[product] -= part
            document.done[product] = document.done.get(product, 0) + part
            self.changed.add(self.sku(product))
        self._end(key)

    def cancel_by_hand(self, key: str) -> None:
        document = self.documents[key]
        self.changed.update(self.sku(product) for product in document.open)
        document.open.clear()
        self._end(key)

    def delete_by_hand(self, key: str) -> None:
        self.cancel_by_hand(key)
        del self.documents[key]

    def _send(self, there: Mapping[str, Mapping[int, float]]) -> None:
        """What is there leaves, the rest stays promised."""
        for key, free in there.items():
            document = self.documents[key]
            for product, demand in document.open.items():
                part = max(0.0, min(demand, free[product]))
                self.stock[self.sku(product)] -= int(part)
                document.open[product] -= part
                document.done[product] = document.done.get(product, 0) + part
            self._end(key)

    def _end(self, key: str) -> None:
        document = self.documents[key]
        if not any(document.open.values()):
            state = KeyState.DONE if any(document.done.values()) else KeyState.CANCELLED
            self.documents[key] = replace(document, state=state)

    def _waiting(self, number: int, product: int) -> float:
        """Demand of a document without stock behind it: the older ones come first."""
        older = sum(d.open.get(product, 0) for d in self.documents.values() if d.id < number)
        mine = next(d.open.get(product, 0) for d in self.documents.values() if d.id == number)
        return max(0.0, mine - max(0.0, self.stock[self.sku(product)] - older))

    def free(self, sku: str) -> float:
        promised = sum(d.open.get(self.product(sku), 0) for d in self.documents.values())
        return self.stock[sku] - min(promised, max(0, self.stock[sku]))

    def _outcome(self, movement: Movement) -> Outcome:
        document = self.documents.get(movement.key)
        if document is None:
            return Outcome(KeyState.ABSENT)
        if document.movement.mode.reserves:
            waiting = {p: q for p in document.open if (q := self._waiting(document.id, p))}
            return Outcome(
                document.state,
                document.id,
                {p: q for p, q in document.done.items() if q},
                {p: ((p, 1.0),) for p, q in document.done.items() if q},
                frozenset(waiting),
                held={p: q for p, q in document.open.items() if q},
                waiting=waiting,
            )
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
            assert movement.sale is not None or not movement.mode.sells, "a sale without its content"
            self._do(movement)
        if fault == "cut":
            return {m.key: Outcome(KeyState.DOUBTFUL) for m in movements}
        return {m.key: self._outcome(m) for m in movements}

    async def ask(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        self._take_fault()
        return {m.key: self._outcome(m) for m in movements}

    async def finish(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        return await self.apply(movements)

    async def lower(
        self, movements: Sequence[Movement], to: Mapping[str, Mapping[int, float]]
    ) -> dict[str, Outcome]:
        self.writes += 1
        fault = self._take_fault()
        if fault != "late":  # it never comes: the caller has to ask again
            for key, wanted in to.items():
                document = self.documents.get(key)
                if document is not None and document.open:
                    for product, demand in document.open.items():
                        left = max(0.0, wanted.get(product, 0.0) - document.done.get(product, 0.0))
                        document.open[product] = min(demand, left)
                        self.changed.add(self.sku(product))
                    self._end(key)
        if fault:
            return {m.key: Outcome(KeyState.DOUBTFUL) for m in movements}
        return {m.key: self._outcome(m) for m in movements}

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

    async def place(self, warehouse: str | None) -> Place:
        return Place(1, 8, warehouse or "WH")

    async def areas(self, scopes: Sequence[Scope]) -> list[Area]:
        return [Area(("1/8/",)) for _ in scopes]

    async def products(
        self, skus: Sequence[str], place: Place | None = None
    ) -> dict[str, int | ProductProblem]:
        return {s: self.product(s) if s in self.stock else ProductProblem.UNKNOWN for s in skus}

    async def skus_of(self, product_ids: Sequence[int]) -> dict[int, str]:
        return {p: self.sku(p) for p in product_ids if 0 < p <= len(self.stock)}

    async def availability(
        self, skus: Sequence[str], scope: Scope = DEFAULT
    ) -> dict[str, Availability | ProductProblem]:
        self._take_fault()
        return {
            s: Availability(s, self.free(s), float(self.stock[s]), self.stock[s] - self.free(s), self.now())
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
