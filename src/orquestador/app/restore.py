"""`orquestador restore`: a copy made by `orquestador backup` becomes the journal of an installation that has
none."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from orquestador.app.build import JOURNAL_FILE
from orquestador.journal import mongo, sqlite
from orquestador.settings import Settings


@dataclass(frozen=True, slots=True)
class Restored:
    place: str
    work: int
    """Orders, listings and movements."""
    receipts: int


def place_of(settings: Settings) -> str:
    """The journal's file, or its database's name: an address may hold a password."""
    if settings.mongodb_uri is None:
        return str(settings.data_dir.absolute() / JOURNAL_FILE)
    return urlsplit(settings.mongodb_uri.get_secret_value()).path.strip("/") or "orquestador"


async def restore(settings: Settings, copy: Path) -> Restored:
    """Raises CopyRefused, before anything is written, for a file or a place that will not do; StoreLocked
    while a service has the data folder; StoreUnavailable; OSError for a file that cannot be read."""
    place = place_of(settings)
    if settings.mongodb_uri is None:
        counted = await asyncio.to_thread(sqlite.restore, copy, Path(place))
    else:
        counted = await mongo.restore(settings.mongodb_uri.get_secret_value(), copy)
    return Restored(place, counted["work"], counted["receipts"])
