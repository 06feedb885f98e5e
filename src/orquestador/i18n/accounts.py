"""Several accounts: `channels`, and how what is said of the default account is said of another one."""

from __future__ import annotations

import re
from collections.abc import Mapping

DEFAULT = "falabella"
_SETTING = re.compile(r"FALABELLA_([A-Z_]+)")
_SYSTEMS = (DEFAULT, "odoo", "erp")


def account_of(code: str, facts: Mapping[str, object]) -> str | None:
    """The further account that this finding is about; None = the default one, or no account."""
    upstream, _, rest = code.partition(".")
    setting = str(facts.get("setting", "")).split(".")
    found: object = None
    if setting[0] == "channels" and len(setting) > 1:
        found = setting[1]
    elif upstream == DEFAULT:
        found = facts.get("channel")
    elif code == "not_configured":
        found = facts.get("upstream")
    elif rest == "unreachable":
        found = upstream
    return None if found is None or found in _SYSTEMS else str(found)


def said_of(channel: str, words: str) -> str:
    """The texts name the settings of the default account: those of another one are in its table."""
    words = _SETTING.sub(lambda name: f"channels.{channel}.{name[1].lower()}", words)
    for place in (".env (vea .env.example)", ".env (see .env.example)", ".env"):
        words = words.replace(place, "orquestador.toml")
    return words


TEXTS = {
    "help.channels": ("Las cuentas de marketplace.", "The marketplace accounts."),
    "help.channels.list": (
        "Cada cuenta: si está en vivo, sus publicaciones, sus llamadas y sus problemas.",
        "Each account: whether it is live, its listings, its calls and its problems.",
    ),
    "help.channels.accept": (
        "Confirma que un canal sigue siendo la misma cuenta, aunque su usuario o vendedor sea otro.",
        "Confirm that a channel is still the same account, although its user or seller is another.",
    ),
    "help.channels.id": ("El id del canal.", "The channel's id."),
    "not_possible.unknown_channel": (
        "No hay un canal {channel}. Los que hay: {known}",
        "There is no channel {channel}. Those there are: {known}",
    ),
    "not_possible.unknown_channel.do": ("Vea: orquestador channels list", "See: orquestador channels list"),
    "status.some_observe": (
        "Todo en orden; {observing} solo observa: allá no se escribe. En live: {live}.",
        "All is well; {observing} only observes: nothing is written there. Live: {live}.",
    ),
    "status.some_observe.do": (
        "Cuando sus números convenzan: orquestador go-live --channel {channel}",
        "When its numbers convince you: orquestador go-live --channel {channel}",
    ),
    "mode.note.some_observe": (
        "{observing} solo observa; los demás canales actúan. Vea: orquestador channels list",
        "{observing} only observes; the other channels act. See: orquestador channels list",
    ),
    "channels.accepted": (
        "{channel}: es la misma cuenta. Ya puede arrancar.",
        "{channel}: it is the same account. You can start now.",
    ),
    "channels.observing": ("observando", "observing"),
    "channels.col.channel": ("canal", "channel"),
    "channels.col.live": ("en vivo desde", "live since"),
    "channels.col.listings": ("publicaciones", "listings"),
    "channels.col.budget": ("llamadas", "calls"),
    "channels.col.warehouse": ("bodega", "warehouse"),
    "channels.col.problem": ("problema", "problem"),
}
