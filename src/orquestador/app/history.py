"""A channel that has history keeps its id and its account, or nothing starts (docs/adr/0022).

Its orders, its ledger and the numbers it shows are all under that id: without it they would stand still in
silence; under another account they would be mixed with somebody else's.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from pydantic import TypeAdapter

from orquestador.model.errors import ChannelRefused
from orquestador.model.identity import AccountIdentity
from orquestador.ports import Journal, WorkQuery
from orquestador.settings import Settings, falabella_accounts

CHANNELS_SEEN = "channels"
"""Where the journal keeps every channel that was ever configured."""


def identity_name(channel: str) -> str:
    """Where the journal keeps whose account a channel is."""
    return f"identity:{channel}"


def identities(settings: Settings) -> dict[str, AccountIdentity | None]:
    """Per configured channel; None where there is no API access, so that nobody can say."""
    return {
        a.id: AccountIdentity.of(a.kind, a.business_unit, a.seller_id, a.user_id) if a.has_api else None
        for a in falabella_accounts(settings)
    }


async def check_channels(
    journal: Journal, settings: Settings, *, accepted: Collection[str] = ()
) -> frozenset[str]:
    """Every channel that was configured before. Remembers those of now, and whose they are.

    Raises ChannelRefused for one with history that is no longer configured, or is another account now; a
    person may say of the latter that it is the same (`accepted`). One without history may do either.
    """
    now = identities(settings)
    stored = await journal.get_meta(CHANNELS_SEEN)
    seen = frozenset(str(c) for c in stored) if isinstance(stored, list) else frozenset()
    for channel in sorted(seen - set(now)):
        if await _has_history(journal, channel):
            raise ChannelRefused("channel_gone", channel)
    for channel, identity in now.items():
        if identity is not None:
            await _check_account(journal, channel, identity, accepted=channel in accepted)
    if set(now) - seen:
        await journal.set_meta(CHANNELS_SEEN, sorted(seen | set(now)))
    return seen


async def _check_account(
    journal: Journal, channel: str, identity: AccountIdentity, *, accepted: bool
) -> None:
    found = await journal.get_meta(identity_name(channel))
    known = TypeAdapter(AccountIdentity).validate_python(found) if found is not None else None
    by = identity.differs_from(known) if known is not None else None
    if by is not None and not accepted and await _has_history(journal, channel):
        raise ChannelRefused("channel_changed", channel, by)
    wanted = identity if known is None or by is not None else identity.completed_by(known)
    if wanted != known:
        await journal.set_meta(identity_name(channel), asdict(wanted))


async def _has_history(journal: Journal, channel: str) -> bool:
    """Whether it ever had an order or an offer here."""
    rows, _ = await journal.find(WorkQuery(channel=channel, limit=1))
    return bool(rows)
