"""All listings, one page after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator

from orquestador.model.work import Work
from orquestador.ports import Journal

PAGE = 500


async def all_listings(
    journal: Journal, channel: str | None = None, after: str = ""
) -> AsyncIterator[list[Work]]:
    """Pages, none empty, of one channel or of all, by work id and behind `after`: none that changes meanwhile
    is missed."""
    while works := await journal.listings(channel, PAGE, after):
        yield works
        if len(works) < PAGE:
            return
        after = works[-1].id
