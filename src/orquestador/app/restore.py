"""`orquestador restore`: a copy made by `orquestador backup` becomes the journal of an installation that has
none."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from orquestador.journal import sqlite
from orquestador.model.errors import InvalidSetting
from orquestador.settings import Settings, database_name, journal_file


@dataclass(frozen=True, slots=True)
class Restored:
    place: str
    work: int
    """Orders, listings and movements."""
    receipts: int


def place_of(settings: Settings) -> str:
    """The journal's file, or its database's name: an address may hold a password."""
    return database_name(settings) or str(journal_file(settings).absolute())


async def restore(settings: Settings, copy: Path) -> Restored:
    """Raises CopyRefused, before anything is written, for a file or a place that will not do; StoreLocked
    while a service has the data folder; InvalidSetting; StoreUnavailable; OSError for a file that cannot be
    read."""
    place = place_of(settings)
    if settings.mongodb_uri is None:
        counted = await asyncio.to_thread(sqlite.restore, copy, Path(place))
    else:
        from orquestador.journal import mongo  # here, because a driver takes its time to import

        try:
            counted = await mongo.restore(settings.mongodb_uri.get_secret_value(), copy)
        except ValueError as error:
            raise InvalidSetting("MONGODB_URI", str(error), "mongodb://localhost:27017/orquestador") from None
    return Restored(place, counted["work"], counted["receipts"])
