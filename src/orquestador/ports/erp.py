"""The ERP: where the stock truth lives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orquestador.model.effects import KeyState
from orquestador.model.orders import Direction, OrderMode
from orquestador.model.places import Area, Place, Scope
from orquestador.model.sales import Sale
from orquestador.model.stock import ARCHIVED, Availability
from orquestador.ports.findings import Finding, Registration, RegistrationChange

MovementState = KeyState
"""The same words, where the adapter speaks of a movement."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Units to move under a key. `items` are (product id, quantity); several rows of one product add up."""

    key: str
    direction: Direction
    items: tuple[tuple[int, float], ...]
    erp_id: int | None = None
    mode: OrderMode = OrderMode.DELIVER
    """`reserve` (outwards only): confirmed and reserved, and left to the warehouse. `sale_*`: the document is
    a sale order, and its delivery is done or left (ADR 0018)."""
    place: Place | None = None
    """Where the units leave or come back; None = the default warehouse as it is configured now."""
    sale: Sale | None = None
    """What a sale order is to contain; needed to make or finish one, not to ask or void."""


@dataclass(frozen=True, slots=True)
class Outcome:
    state: KeyState
    erp_id: int | None = None
    moved: Mapping[int, float] = field(default_factory=dict)
    """Per *requested* product id, how many units of it are proven moved (a kit counts in kits)."""
    recipes: Mapping[int, tuple[tuple[int, float], ...]] = field(default_factory=dict)
    """Per requested product id and unit, the (product id, quantity) moves recorded."""
    short: frozenset[int] = frozenset()
    """Products that had to be forced, or wait, for lack of stock: the oversold alert."""
    reason: str | None = None
    code: str | None = None
    """Of REFUSED: a reason that has words of its own for people."""
    held: Mapping[int, float] = field(default_factory=dict)
    """Per requested product id, units that open documents promise to us (RESERVED)."""
    waiting: Mapping[int, float] = field(default_factory=dict)
    """Those of `held` without stock behind them."""


class ProductProblem(StrEnum):
    UNKNOWN = "unknown_sku"
    DUPLICATE = "duplicate_sku"
    ARCHIVED = ARCHIVED
    """A product has it that is no longer sold: nothing of it can be promised."""
    NOT_STOCKED = "not_stocked"
    """A consumable or a service: no movement, no listing."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A SKU that several products have: frozen, because nobody can say which one is sold."""

    sku: str
    products: tuple[int, ...]
    """Their ids, in order."""


@dataclass(frozen=True, slots=True)
class Changes:
    skus: frozenset[str]
    cursor: str


DEFAULT = Scope()
"""The default warehouse and its stock location."""


class Erp(Protocol):
    """Where the stock truth lives. Methods raise Unavailable or AuthRefused for the whole call; per
    movement there is an Outcome. Reads may be retried by the caller, `apply` never blindly.

    Where a warehouse or a scope is named that the ERP does not have, or that is set up in a way that is not
    safe, they raise PlaceRefused; a movement at such a recorded place is DOUBTFUL, and the others go on.
    """

    async def check(self) -> list[Finding]:
        """Version, rights, warehouses, locations: what could give wrong numbers is an error that stops the
        flow (`erp`), or with several warehouses the part of one (`erp:<code>`), or the pushes of one scope
        (`scope:<scope>`)."""
        ...

    async def place(self, warehouse: str | None) -> Place:
        """Where units of this warehouse (None = the default one) are taken: what a ledger freezes."""
        ...

    async def areas(self, scopes: Sequence[Scope]) -> list[Area]:
        """What each of them is, in their order."""
        ...

    async def products(
        self, skus: Sequence[str], place: Place | None = None
    ) -> dict[str, int | ProductProblem]:
        """The product id of each SKU in the company of that place, or why there is none that we may use;
        asked now, never remembered: a ledger is about to freeze it."""
        ...

    async def skus_of(self, product_ids: Sequence[int]) -> dict[int, str]:
        """For hints: may be as old as PRODUCT_CACHE_S, which costs speed and nothing else."""
        ...

    async def availability(
        self, skus: Sequence[str], scope: Scope = DEFAULT
    ) -> dict[str, Availability | ProductProblem]:
        """What can still be promised within this scope, one call per 500 SKUs. A SKU missing from the ERP's
        answer is missing here: unknown, never 0."""
        ...

    async def duplicates(self) -> list[Duplicate]:
        """Every SKU of the products for sale that another product has too, by SKU; all of them are read, in
        pages, so this is for people and not for a loop."""
        ...

    async def apply(self, movements: Sequence[Movement], *, force: bool = True) -> dict[str, Outcome]:
        """Create and validate these new movements in as few calls as possible; short stock is forced to the
        full quantity, or, with force=False, REFUSED before anything moves. Outcomes by key: DONE, REFUSED,
        DOUBTFUL, or (the key exists) whatever `ask` would say. What is to reserve is confirmed and left open:
        RESERVED, short or not."""
        ...

    async def ask(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        """What the ERP contains for each: by id, else by name in the company, else by origin."""
        ...

    async def finish(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        """Bring movements that `ask` found OPEN (`erp_id` set) to their full quantity and done (what is to
        reserve: to RESERVED)."""
        ...

    async def lower(
        self, movements: Sequence[Movement], to: Mapping[str, Mapping[int, float]]
    ) -> dict[str, Outcome]:
        """Give up what reserved documents promise beyond `to`: per key, the units per requested product id
        that they are to contain in all, those already done included. Absolute, so it may be repeated; what
        is done stays done, and nothing is ever raised. Where a part cannot be given up alone (of kits),
        everything open is: the caller then takes the rest anew. Outcomes as of `ask`."""
        ...

    async def void(self, movements: Sequence[Movement]) -> dict[str, Outcome]:
        """Occupy each key with a cancelled document, so that a late request hits the unique index:
        CANCELLED, or DONE when it had happened after all."""
        ...

    async def changed_since(self, cursor: str | None) -> Changes:
        """SKUs whose stock or reservations moved since the cursor (with an overlap); None = only give a
        cursor."""
        ...

    async def registrations(self) -> list[Registration]:
        """The webhook rules that we created there."""
        ...

    async def register(self, url: str) -> RegistrationChange:
        """Have `url` called when stock changes: one rule of ours, however often this is asked. Rejected, with
        a code that has words, when the ERP or our rights there do not allow it."""
        ...

    async def unregister(self, registration_id: str) -> None: ...

    async def close(self) -> None: ...
