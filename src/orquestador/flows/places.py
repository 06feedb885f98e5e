"""Which ERP lane does what, and which places each channel's numbers come from (docs/adr/0019)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter

from orquestador.flows.context import Context
from orquestador.model.errors import PlaceRefused
from orquestador.model.orders import Units
from orquestador.model.places import Place, Scope
from orquestador.model.work import MANUAL_CHANNEL
from orquestador.ports import Erp

FIRST_PLACE = "erp:first_place"
"""Where the journal keeps the one place that there was before ledgers recorded theirs."""


def houses_of(channel: str) -> str:
    """Where the journal keeps the warehouses that a channel has taken from."""
    return f"warehouses:{channel}"


@dataclass(frozen=True, slots=True)
class Lane:
    """The part of the ERP's writes of one warehouse: one runner at a time in the whole installation."""

    name: str
    """`erp` for the default warehouse, else `erp:<code>`: its loop, its lease, its place in the queue."""
    warehouse: str | None
    channels: tuple[str, ...] | None
    """Whose orders it takes; None = all, where there is one warehouse."""


def lanes(context: Context) -> tuple[Lane, ...]:
    """One for each warehouse in use. What belongs to no configured channel is the default one's."""
    settings = context.settings
    if len(settings.warehouses) == 1:
        return (Lane(settings.lane_of(settings.warehouse), settings.warehouse, None),)
    found = []
    for code in settings.warehouses:
        own = [c for c in context.channels if settings.scope_of(c).warehouse == code]
        if code == settings.warehouse:
            own.append(MANUAL_CHANNEL)
        found.append(Lane(settings.lane_of(code), code, tuple(own)))
    return tuple(found)


async def first_place(context: Context, erp: Erp) -> Place | None:
    """The place of what was taken before places were recorded: the default one of the first start since.
    None while it is not stored and the default warehouse is not well."""
    stored = await context.journal.get_meta(FIRST_PLACE)
    if stored is None:
        try:
            here = await erp.place(context.settings.warehouse)
        except PlaceRefused:
            return None
        stored = await context.journal.set_meta_if_absent(FIRST_PLACE, asdict(here))
    return TypeAdapter(Place).validate_python(stored)


class Overlaps:
    """How many unproven units of all channels may still leave the places that one channel publishes.

    Units of a channel whose places overlap these, or cannot be told, count; so do those of the channel
    itself. The warehouses that a channel took from before its setting changed are among its places.
    """

    def __init__(self, context: Context, erp: Erp, channel: str) -> None:
        self._x, self._erp, self._channel = context, erp, channel
        self._houses: dict[str, tuple[str | None, ...]] = {}

    async def unproven(self, units: Mapping[str, Units]) -> dict[str, int]:
        """Per SKU."""
        settings = self._x.settings
        if len(settings.warehouses) == 1:
            return {sku: of.unproven for sku, of in units.items()}
        others = sorted({c for of in units.values() for c in of.unproven_of if c != self._channel})
        apart = {c for c in others if await self._apart(c)}
        return {
            sku: sum(n for channel, n in of.unproven_of.items() if channel not in apart)
            for sku, of in units.items()
        }

    async def _apart(self, other: str) -> bool:
        """True only when no unit of that channel can leave a place that ours publishes."""
        if other not in self._x.channels:
            return False
        mine = self._x.settings.scope_of(self._channel)
        sources = [Scope(code) for code in await self._taken_from(other)]
        try:
            published, *left = await self._erp.areas([mine, *sources])
        except PlaceRefused:
            return False
        return not any(published.overlaps(area) for area in left)

    async def _taken_from(self, channel: str) -> tuple[str | None, ...]:
        if channel not in self._houses:
            self._houses[channel] = await remember_houses(self._x, channel)
        return self._houses[channel]


async def remember_houses(
    context: Context, channel: str, *, sold_before: bool = False
) -> tuple[str | None, ...]:
    """Every warehouse that a channel was ever configured with, the one of now included. `sold_before`: it has
    history, which was the default one's as long as nothing is remembered."""
    settings, stored = context.settings, await context.journal.get_meta(houses_of(channel))
    known: list[str | None] = [settings.warehouse] if sold_before else []
    if isinstance(stored, list):
        known = [None if code is None else str(code) for code in stored]
    now = settings.scope_of(channel).warehouse
    if now not in known:
        known.append(now)
    if known != stored:
        await context.journal.set_meta(houses_of(channel), known)
    return tuple(known)
