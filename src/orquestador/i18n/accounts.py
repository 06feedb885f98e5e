"""Several accounts: `channels`, and what go-live says of one of them."""

from __future__ import annotations

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
