"""Where in the ERP: the warehouse that a channel sells from, and the places whose stock it publishes.

Pure values. What is configured is a `Scope`, by names; what a ledger freezes is a `Place`, by the ERP's ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where units were taken and where they go back to: ids, so that a renamed warehouse stays the same."""

    warehouse: int
    location: int
    name: str = ""
    """The warehouse's code at that time, for people."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a channel is configured to sell from, and the places whose stock it shows.

    `warehouse` is a code (None = the only one there is). `locations` are codes of warehouses or full names of
    locations such as `WH/Stock/Shelf 1`; empty = the stock location of the warehouse.
    """

    warehouse: str | None = None
    locations: tuple[str, ...] = ()

    def __str__(self) -> str:
        house = self.warehouse or "*"
        return f"{house}[{','.join(self.locations)}]" if self.locations else house

    @property
    def taken_from(self) -> Scope:
        """The places that units of its orders leave: the warehouse's own, whatever is published."""
        return Scope(self.warehouse)


@dataclass(frozen=True, slots=True)
class Area:
    """What a scope is in the ERP: the path of ids of each of its roots, such as `1/7/8/`."""

    paths: tuple[str, ...]

    def overlaps(self, other: Area) -> bool:
        """Whether a unit could be in both: one root is the other or below it."""
        return any(a.startswith(b) or b.startswith(a) for a in self.paths for b in other.paths)


def distinct(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """Each once, in order."""
    return tuple(dict.fromkeys(scopes))
