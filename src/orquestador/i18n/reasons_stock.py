"""Why a listing waits, is dead or was settled, and what to do. `{detail}` is what follows the colon."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # --- listings ---
    "reason.unmanaged": (
        "no está entre las publicaciones que se manejan",
        "is not among the listings that are managed",
    ),
    "reason.unmanaged.do": (
        "Inclúyala: orquestador rules set --channel CANAL --sku SKU --publish (o con PUBLISH en .env).",
        "Include it: orquestador rules set --channel CHANNEL --sku SKU --publish (or with PUBLISH in .env).",
    ),
    "reason.frozen": ("congelada por una persona", "frozen by a person"),
    "reason.frozen.do": (
        "Para seguir: orquestador unfreeze --channel CANAL [--sku SKU]",
        "To go on: orquestador unfreeze --channel CHANNEL [--sku SKU]",
    ),
    "reason.auto_buffer": (
        "cambió su reserva automática",
        "its automatic buffer changed",
    ),
    "reason.rule": ("cambió una regla", "a rule changed"),
    "reason.mapping": ("cambió qué producto es", "which product it is changed"),
    "reason.paused": ("en pausa: no se escribe nada", "paused: nothing is written"),
    "reason.paused.do": ("Para seguir: orquestador resume", "To go on: orquestador resume"),
    "reason.coalescing": (
        "junta cambios para gastar una sola llamada",
        "gathers changes to spend one call only",
    ),
    "reason.goes_along": (
        "sale con otro cambio, en la misma llamada",
        "goes along with another change, in the same call",
    ),
    "reason.in_push": (
        "enviado: se espera el resultado del canal",
        "sent: the channel's result is awaited",
    ),
    "reason.kept_for_urgent": (
        "quedan pocas llamadas: se guardan para lo que se agota",
        "few calls are left: they are kept for what sells out",
    ),
    "reason.budget": (
        "el canal limita las llamadas: espera la próxima",
        "the channel limits calls: waiting for the next one",
    ),
    "reason.erp_away": (
        "Odoo no responde: se bajó por lo ya vendido; el número exacto sale cuando vuelva",
        "Odoo does not answer: lowered by what was sold; the exact number follows when it is back",
    ),
    "reason.erp_did_not_answer_sku": (
        "Odoo no respondió por este SKU (desconocido, no cero)",
        "Odoo did not answer for this SKU (unknown, not zero)",
    ),
    "reason.sku_not_found_on_channel": (
        "el canal no conoce este SKU",
        "the channel does not know this SKU",
    ),
    "reason.sku_not_found_on_channel.do": (
        "Créelo en el canal; revive con la próxima lectura del catálogo.",
        "Create it on the channel; it revives with the next reading of the catalogue.",
    ),
    "reason.refused": ("el canal rechaza el número: {detail}", "the channel refuses the number: {detail}"),
    "reason.refused.do": (
        "Corrija la publicación en el canal y reintente.",
        "Fix the listing on the channel and retry.",
    ),
    "reason.rejected": ("el canal rechazó el envío: {detail}", "the channel rejected the push: {detail}"),
    "reason.ambiguous": (
        "no se sabe si el envío llegó: se busca allá",
        "it is not known whether the push arrived: it is being looked up there",
    ),
    "reason.rate_limited": (
        "el canal pidió ir más lento: {detail}",
        "the channel asked to slow down: {detail}",
    ),
    "reason.away": ("el canal no respondió: {detail}", "the channel did not answer: {detail}"),
    "reason.no_report": (
        "el canal no entrega el resultado del envío: {detail}",
        "the channel gives no result of the push: {detail}",
    ),
    "reason.unanswered": (
        "el canal no dijo en media hora qué fue del envío ({detail})",
        "the channel did not say for half an hour what became of the push ({detail})",
    ),
    "reason.no_end": ("el envío no terminó en 10 minutos", "the push did not end within 10 minutes"),
    "reason.never_arrived": ("el envío no llegó al canal", "the push never arrived at the channel"),
}
