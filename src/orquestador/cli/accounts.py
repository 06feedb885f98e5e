"""For `doctor`: whether the next start will refuse a channel that is gone or another account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orquestador.app.history import CHANNELS_SEEN, differences, identities, identity_name, remembered
from orquestador.cli.mode import stored_facts
from orquestador.cli.session import Session
from orquestador.journal.sqlite import peek
from orquestador.model.errors import StoreUnavailable
from orquestador.settings import journal_file

if TYPE_CHECKING:
    from orquestador.ports import Finding


async def look_at_channels(session: Session) -> list[Finding]:
    """Nothing when all is as it was, or the store cannot be read, which is told elsewhere."""
    from orquestador.ports import Finding

    names = [CHANNELS_SEEN, *(identity_name(c) for c in identities(session.settings))]
    stored = await stored_facts(session, names)
    found = differences(session.settings, remembered(stored.get(CHANNELS_SEEN)), stored)
    if not found:
        return []
    history = await _with_history(session, [refused.channel for refused in found])
    return [Finding(r.code, "error", r.facts) for r in found if r.channel in history]


async def _with_history(session: Session, channels: list[str]) -> set[str]:
    settings = session.settings
    if settings.mongodb_uri is None:
        return peek.peek_history(journal_file(settings), channels)
    from orquestador.journal.mongo.peek import peek_history

    try:
        return await peek_history(settings.mongodb_uri.get_secret_value(), channels)
    except (StoreUnavailable, ValueError):
        return set()
