"""The ERP as the contract's tests see it from outside, and what they do over and over."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from orquestador.model.errors import Unavailable
from orquestador.model.orders import Direction
from orquestador.ports import Erp, Movement, MovementState, Outcome, ProductProblem

RUN = f"T{secrets.token_hex(3).upper()}-"
"""What every record of this run begins with: nothing else in the ERP is ours to touch."""


def own(name: str) -> str:
    """A SKU, document or login of this run."""
    return f"{RUN}{name}"


A, B, C = own("A"), own("B"), own("C")
UNITS = 1000.0


class World(Protocol):
    """The ERP as a person and the network see it."""

    async def on_hand(self, sku: str) -> float: ...

    async def free(self, sku: str) -> float: ...

    async def move(self, sku: str, delta: float) -> None:
        """A person sells (negative) or receives units."""
        ...

    async def reserve(self, sku: str, units: float) -> None:
        """A person confirms a delivery without sending it."""
        ...

    async def by_hand(self, name: str, action: str, new_name: str = "") -> None:
        """A person does cancel, delete, rename, assign or validate to a document."""
        ...

    async def draft(self, key: str, sku: str, units: float) -> int:
        """A document of ours that was created but not done."""
        ...

    async def half_done(self, key: str, sku: str, units: float) -> int:
        """A document of ours of which only what was in stock has left; the rest waits in a backorder."""
        ...

    async def ship(self, erp_id: int, sku: str, units: float) -> None:
        """The warehouse sends so many units of this document; the rest stays behind in a backorder."""
        ...

    async def backorder_of(self, erp_id: int) -> str: ...

    async def new_product(self, sku: str, units: float = 0, **values: str | bool) -> int: ...

    async def new_kit(self, sku: str, components: dict[str, float], **values: str | bool) -> int: ...

    async def archive(self, sku: str) -> None: ...

    async def recode(self, sku: str, new_sku: str) -> None:
        """A person gives the product another internal reference."""
        ...

    async def fault(self, name: str, value: object) -> None:
        """From now on the ERP misbehaves; only in tests that are marked `simulated`."""
        ...

    def calls(self) -> int:
        """Calls of the adapter so far."""
        ...


_numbers = itertools.count(1)


def new_key(order: str = "") -> str:
    """Of an order that was never seen before, whose id begins so."""
    return own(f"falabella/{order}{next(_numbers)}/1")


def next_key(movement: Movement) -> str:
    """Of the next movement of the same order."""
    order, _, n = movement.key.rpartition("/")
    return f"{order}/{int(n) + 1}"


async def sale(erp: Erp, *items: tuple[str, float], key: str | None = None) -> Movement:
    """A movement out of units of SKUs, under a key of its own."""
    ids = await erp.products([sku for sku, _ in items])
    products = [(ids[sku], units) for sku, units in items]
    assert not any(isinstance(product, ProductProblem) for product, _ in products)
    return Movement(
        key or new_key(),
        Direction.OUT,
        tuple((int(product), float(units)) for product, units in products),
    )


async def apply_one(erp: Erp, movement: Movement, *, force: bool = True) -> Outcome:
    return (await erp.apply([movement], force=force))[movement.key]


async def ask_one(erp: Erp, movement: Movement, erp_id: int | None = None) -> Outcome:
    known = replace(movement, erp_id=erp_id)
    return (await erp.ask([known]))[movement.key]


async def ask_until(erp: Erp, batch: Sequence[Movement], state: MovementState) -> dict[str, Outcome]:
    """Ask until all are in `state`: what was cut off may still be under way over there."""
    outcomes = await erp.ask(batch)
    for _ in range(500):
        if {o.state for o in outcomes.values()} == {state}:
            return outcomes
        outcomes = await erp.ask(batch)
    raise AssertionError(f"not {state}: {outcomes}")


def moved_units(outcome: Outcome) -> list[float]:
    return sorted(outcome.moved.values())


async def drive_until_done(erp: Erp, batch: Sequence[Movement], rounds: int = 200) -> dict[str, Outcome]:
    """What the ERP lane does with doubt, without its patience: ask, then create, finish or look again."""
    done: dict[str, Outcome] = {}
    for _ in range(rounds):
        todo = [m for m in batch if m.key not in done]
        if not todo:
            break
        try:
            asked = await erp.ask(todo)
            absent = [m for m in todo if asked[m.key].state is MovementState.ABSENT]
            opened = [m for m in todo if asked[m.key].state is MovementState.OPEN]
            asked |= await erp.apply(absent) if absent else {}
            asked |= await erp.finish(opened) if opened else {}
        except Unavailable:
            continue
        done |= {key: o for key, o in asked.items() if o.state is MovementState.DONE}
    return done
