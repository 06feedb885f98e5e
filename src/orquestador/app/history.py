"""A channel that has history keeps its id and its account, or nothing starts (docs/adr/0023).

Its orders, its ledger and the numbers it shows are all under that id: without it they would stand still in
silence; under another account they would be mixed with somebody else's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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


def remembered(stored: object) -> frozenset[str]:
    """Every channel that was ever configured, as the journal keeps them."""
    return frozenset(str(c) for c in stored) if isinstance(stored, list) else frozenset()


def differences(
    settings: Settings, seen: Collection[str], known: Mapping[str, object]
) -> list[ChannelRefused]:
    """What would be refused, were there any history of it. `known`: identities as stored, by their name."""
    now = identities(settings)
    found = [ChannelRefused("channel_gone", channel) for channel in sorted(set(seen) - set(now))]
    for channel, identity in now.items():
        before = _identity(known.get(identity_name(channel)))
        by = identity.differs_from(before) if identity and before else None
        if by is not None:
            found.append(ChannelRefused("channel_changed", channel, by))
    return found


async def check_channels(
    journal: Journal, settings: Settings, *, accepted: Collection[str] = ()
) -> frozenset[str]:
    """Every channel that was configured before. Remembers those of now, and whose they are.

    Raises ChannelRefused for one with history that is no longer configured, or is another account now; a
    person may say of the latter that it is the same (`accepted`). One without history may do either.
    """
    now = identities(settings)
    seen = remembered(await journal.get_meta(CHANNELS_SEEN))
    known = {identity_name(c): await journal.get_meta(identity_name(c)) for c in now}
    other = set()
    for refused in differences(settings, seen, known):
        own_word = refused.code == "channel_changed" and refused.channel in accepted
        if not own_word and await _has_history(journal, refused.channel):
            raise refused
        other.add(refused.channel)
    for channel, identity in now.items():
        before = _identity(known[identity_name(channel)])
        if identity is not None:
            wanted = identity.completed_by(before) if before and channel not in other else identity
            if wanted != before:
                await journal.set_meta(identity_name(channel), asdict(wanted))
    if set(now) - seen:
        await journal.set_meta(CHANNELS_SEEN, sorted(seen | set(now)))
    return seen


def _identity(stored: object) -> AccountIdentity | None:
    return None if stored is None else TypeAdapter(AccountIdentity).validate_python(stored)


async def _has_history(journal: Journal, channel: str) -> bool:
    """Whether it ever had an order or an offer here."""
    rows, _ = await journal.find(WorkQuery(channel=channel, limit=1))
    return bool(rows)
