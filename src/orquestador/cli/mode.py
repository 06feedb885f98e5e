"""The mode in force, for `doctor`: going live and pausing are stored, so the settings alone do not tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import httpx2

from orquestador.cli.house import CONNECT_S, KNOCK_S
from orquestador.cli.session import Session
from orquestador.flows.brakes import as_stored, braked
from orquestador.flows.brakes import stored_name as brake_name
from orquestador.flows.golive import stored_name
from orquestador.flows.pause import PAUSED
from orquestador.journal.sqlite.peek import peek_meta
from orquestador.model.errors import StoreUnavailable
from orquestador.settings import falabella_accounts, journal_file, mode

if TYPE_CHECKING:
    from orquestador.ports import Finding


async def mode_of_service(session: Session, url: str) -> list[Finding]:
    """As the running service says; its first page asks for no key."""
    timeout = httpx2.Timeout(KNOCK_S, connect=CONNECT_S)
    try:
        async with httpx2.AsyncClient(base_url=url, timeout=timeout, trust_env=False) as client:
            said = (await client.get("/")).json()
        return _findings(session, str(said["mode"]), said["paused"], since="sinceAt")
    except (httpx2.TransportError, ValueError, KeyError, TypeError):
        return await mode_of_store(session)


async def mode_of_store(session: Session) -> list[Finding]:
    """As the next start will find it."""
    names = [stored_name(account.id) for account in falabella_accounts(session.settings)]
    stored = await stored_facts(session, [*names, PAUSED])
    in_force = "live" if all(name in stored for name in names) else mode(session.settings)
    return _findings(session, in_force, stored.get(PAUSED), since="since")


async def stored_facts(session: Session, names: Sequence[str]) -> Mapping[str, object]:
    """What the store has of these small facts; nothing when it cannot be read, which is told elsewhere."""
    settings = session.settings
    if settings.mongodb_uri is None:
        path = journal_file(settings)
        return peek_meta(path, names) if path.exists() else {}
    from orquestador.journal.mongo.peek import peek

    try:
        return (await peek(settings.mongodb_uri.get_secret_value(), names)).meta
    except (StoreUnavailable, ValueError):
        return {}


def _findings(session: Session, in_force: str, held: object, *, since: str) -> list[Finding]:
    from orquestador.ports import Finding
    from orquestador.web.render import instant

    chosen = session.settings.mode
    by = "setting" if chosen == in_force else "default" if in_force == mode(session.settings) else "go-live"
    found = [Finding("mode", "ok", {"mode": in_force, "chosen_by": by})]
    if in_force == "live" and chosen == "observe":
        found.append(Finding("mode_is_stored", "warning"))
    if isinstance(held, dict):
        at = held.get(since)
        facts = {
            "since": instant(at) if isinstance(at, float) else at,
            "by": held.get("by"),
            "reason": held.get("reason") or "—",
        }
        found.append(Finding("paused", "warning", facts))
    return found


async def brakes_of_store(session: Session) -> list[Finding]:
    """Brakes that hold, as they are stored; a service that runs has nothing newer."""
    channels = {brake_name(account.id): account.id for account in falabella_accounts(session.settings)}
    stored = await stored_facts(session, list(channels))
    found = (braked(channel, as_stored(stored.get(name))) for name, channel in channels.items())
    return [finding for finding in found if finding is not None]
