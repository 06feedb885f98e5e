"""The mode in force, for `doctor`: going live and pausing are stored, so the settings alone do not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2

from orquestador.cli.house import CONNECT_S, KNOCK_S, journal_file
from orquestador.cli.session import Session
from orquestador.flows.golive import stored_name
from orquestador.flows.pause import PAUSED
from orquestador.journal.sqlite.peek import peek_meta
from orquestador.settings import falabella_accounts, mode

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
        return mode_of_store(session)


def mode_of_store(session: Session) -> list[Finding]:
    """As the next start will find it."""
    path, accounts = journal_file(session.settings), falabella_accounts(session.settings)
    names = [stored_name(account.id) for account in accounts]
    stored = peek_meta(path, [*names, PAUSED]) if path.exists() else {}
    in_force = "live" if all(name in stored for name in names) else mode(session.settings)
    return _findings(session, in_force, stored.get(PAUSED), since="since")


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
