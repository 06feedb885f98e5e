"""What `orquestador reconcile` says, and why a number differs."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "help.reconcile": (
        "Compara ahora cada publicación con lo que su canal muestra; lo que difiere se repara. Termina con 1 "
        "si el canal rechaza algún número.",
        "Compare every listing with what its channel shows, now; what differs is repaired. Ends with 1 when "
        "the channel refuses a number.",
    ),
    "reconcile.phase.channel": ("leyendo el canal", "reading the channel"),
    "reconcile.phase.compare": ("comparando con Odoo", "comparing with Odoo"),
    "reconcile.phase.confirm": ("leyendo otra vez", "reading again"),
    "reconcile.line": (
        "{channel}: {listings} publicaciones comparadas en {seconds} s. Difieren: {differ}, se reparan: "
        "{repaired}, ya en curso: {under_way}, congeladas: {frozen}.",
        "{channel}: {listings} listings compared in {seconds} s. Differ: {differ}, being repaired: "
        "{repaired}, under way already: {under_way}, frozen: {frozen}.",
    ),
    "reconcile.never": ("{channel}: todavía no se comparó", "{channel}: not compared yet"),
    "reconcile.more": ("… y {n} más", "… and {n} more"),
    "reconcile.failed": ("No se pudo comparar: {detail}", "It could not be compared: {detail}"),
    "reconcile.failed.do": (
        "Nada se cambió. Vea `orquestador doctor` y pruebe otra vez.",
        "Nothing was changed. See `orquestador doctor` and try again.",
    ),
    "not_possible.reconcile": (
        "No hay con qué comparar: falta Odoo o el acceso a la API del canal.",
        "There is nothing to compare with: Odoo or the channel's API access is missing.",
    ),
    "not_possible.reconcile.do": ("Vea: orquestador doctor", "See: orquestador doctor"),
    "reconcile.col.shows": ("muestra", "shows"),
    "reconcile.col.should": ("debería", "should"),
    "reconcile.col.why": ("por qué", "why"),
    "reconcile.col.repaired": ("se repara", "repaired"),
    "drift.never_sent": ("nunca se envió", "never sent"),
    "drift.rejected": ("el canal lo rechaza: lo mira una persona", "the channel refuses it: for a person"),
    "drift.edited": ("lo cambiaron en el canal", "edited on the channel"),
    "drift.sold": ("se vendió entretanto", "sold meanwhile"),
    "drift.missed": ("cambió en Odoo y nadie avisó", "changed in Odoo and nothing told"),
    "status.reconciled": (
        "{channel}: comparado hace {age}: {listings} publicaciones, {differ} diferían, {repaired} reparadas",
        "{channel}: compared {age} ago: {listings} listings, {differ} differed, {repaired} repaired",
    ),
    "reason.reconcile": (
        "el canal mostraba otro número",
        "the channel showed another number",
    ),
    "reason.orders_first": (
        "primero se leen los pedidos más nuevos del canal",
        "the channel's newest orders are read first",
    ),
    "reason.live_moved": (
        "su número cambió solo: se espera el pedido que lo explique y se lee otra vez",
        "its number changed by itself: waiting for the order that explains it, then it is read again",
    ),
    "reason.live_unread": (
        "el canal no dice qué muestra; en un minuto se envía sin saberlo",
        "the channel does not say what it shows; within a minute it is sent without knowing",
    ),
    "reason.going_out": (
        "un pedido está saliendo de Odoo; el canal ya lo muestra",
        "an order is on its way out of Odoo; the channel shows it already",
    ),
    "reason.giving_back": (
        "un pedido cancelado vuelve a Odoo; el canal ya lo muestra",
        "a cancelled order is on its way back into Odoo; the channel shows it already",
    ),
}
