"""Plans and brakes: commands, what they say, and why a listing is held."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # --- commands ---
    "help.plan": (
        "Lo que un envío cambiaría, antes de enviarlo: lo que muestra cada publicación y lo que debería.",
        "What a push would change, before it is sent: what each listing shows and what it should.",
    ),
    "help.push": (
        "Mira ahora las publicaciones y envía lo que difiere. Reglas, congelados, pausa y frenos valen "
        "igual. Termina con 1 si un freno retiene algo.",
        "Look at listings now and send what differs. Rules, freezes, a pause and the brakes hold as ever. "
        "Ends with 1 when a brake holds something.",
    ),
    "help.push.dry_run": (
        "Leer Odoo y el canal, calcular, y no enviar nada.",
        "Read Odoo and the channel, compute, and send nothing.",
    ),
    "help.plans": (
        "Los planes que un freno retiene hasta que una persona decide.",
        "The plans that a brake holds until a person decides.",
    ),
    "help.plans.id": (
        "Cuál; no hace falta si hay uno solo.",
        "Which one; not needed where there is only one.",
    ),
    "help.plans.list": ("Los planes retenidos.", "The plans that are held."),
    "help.plans.show": (
        "Un plan con sus cambios, primero los más peligrosos.",
        "One plan with its changes, the most dangerous first.",
    ),
    "help.plans.approve": (
        "Enviar lo que retiene: vale 30 minutos para esas publicaciones y en ese sentido.",
        "Send what it holds: counts for 30 minutes, for these listings and in this direction.",
    ),
    "help.plans.reject": (
        "No enviarlo: el canal sigue mostrando lo de antes hasta que Odoo tenga los números correctos.",
        "Do not send it: the channel keeps what it shows until Odoo has the right numbers.",
    ),
    # --- the diff ---
    "plan.nothing": (
        "Nada cambiaría: cada publicación muestra lo que debería.",
        "Nothing would change: every listing shows what it should.",
    ),
    "plan.col.channel": ("canal", "channel"),
    "plan.col.shows": ("muestra", "shows"),
    "plan.col.wanted": ("debería", "should"),
    "plan.col.move": ("cambio", "change"),
    "plan.col.why": ("por qué espera", "why it waits"),
    "move.zero": ("a cero", "to zero"),
    "move.jump": ("salta", "jumps"),
    "move.rise": ("sube", "rises"),
    "move.fall": ("baja", "falls"),
    "move.same": ("igual", "same"),
    # --- push ---
    "push.done": ("Publicaciones que se miran ahora: {n}.", "Listings that are looked at now: {n}."),
    "push.held": (
        "De ellas, esperan una decisión sobre un plan: {n}.",
        "Of them, wait for a decision about a plan: {n}.",
    ),
    "push.not_running": (
        "El servicio no está corriendo: se hará cuando arranque.",
        "The service is not running: it will be done when it starts.",
    ),
    "push.dry": (
        "Prueba: {looked} publicaciones miradas, {differ} cambiarían. No se envió nada.",
        "Dry run: {looked} listings looked at, {differ} would change. Nothing was sent.",
    ),
    "push.unknown": (
        "{n} sin respuesta de Odoo: quedan como están.",
        "{n} without an answer of Odoo: they stay as they are.",
    ),
    "push.unread": (
        "De {n} el canal no dijo qué muestra: vale lo último que se supo.",
        "Of {n} the channel did not say what it shows: the last that was known counts.",
    ),
    "push.would_hold": (
        "El freno retendría {n} hasta que una persona decida.",
        "The brake would hold {n} of them until a person decides.",
    ),
    # --- plans ---
    "plans.none": ("Ningún plan espera una decisión.", "No plan waits for a decision."),
    "plans.line": ("Plan {id} · {channel}", "Plan {id} · {channel}"),
    "plans.kind.zero": (
        "{n} publicaciones quedarían en cero en {window} sin pedidos que lo expliquen; el freno actúa desde "
        "{limit} (de {size}).",
        "{n} listings would go to zero within {window} without orders that explain it; the brake acts from "
        "{limit} on (of {size}).",
    ),
    "plans.kind.jump": (
        "{n} publicaciones saltarían a tres veces lo que muestran, o más, en {window}; el freno actúa desde "
        "{limit} (de {size}).",
        "{n} listings would jump to three times what they show, or more, within {window}; the brake acts "
        "from {limit} on (of {size}).",
    ),
    "plans.kind.first_push": (
        "Es el primer envío a este canal: espera un sí.",
        "It is the first push to this channel: it waits for a yes.",
    ),
    "plans.window.hour": ("una hora", "an hour"),
    "plans.window.day": ("un día", "a day"),
    "plans.holds": ("Retiene {n} ({parts}).", "Holds {n} ({parts})."),
    "plans.empty": (
        "Ya no retiene nada; aprobarlo libera el canal.",
        "It holds nothing any more; approving it frees the channel.",
    ),
    "plans.n.zero": ("a cero: {n}", "to zero: {n}"),
    "plans.n.jump": ("saltan: {n}", "jump: {n}"),
    "plans.n.rise": ("suben: {n}", "rise: {n}"),
    "plans.n.fall": ("bajan: {n}", "fall: {n}"),
    "plans.n.same": ("iguales: {n}", "the same: {n}"),
    "plans.since": ("Espera una decisión desde {at}.", "It has been waiting for a decision since {at}."),
    "plans.was_rejected": (
        "Rechazado por {by} el {at}: sigue retenido hasta que los números sean otros.",
        "Rejected by {by} at {at}: it stays held until the numbers are others.",
    ),
    "plans.look": ("Mírelos: orquestador plans list", "Look at them: orquestador plans list"),
    "plans.do": (
        "Para decidir: orquestador plans show ID, después plans approve ID o plans reject ID",
        "To decide: orquestador plans show ID, then plans approve ID or plans reject ID",
    ),
    "plans.which": (
        "Hay varios planes; diga cuál: {ids}",
        "There are several plans; say which one: {ids}",
    ),
    "plans.confirm": ("¿Enviar estos {n} números?", "Send these {n} numbers?"),
    "plans.needs_yes": (
        "Sin terminal no se puede preguntar: no se aprobó nada.",
        "Without a terminal nobody can be asked: nothing was approved.",
    ),
    "plans.needs_yes.do": ("Agregue --yes.", "Add --yes."),
    "plans.approved": (
        "{channel}: aprobado, {n} publicaciones se calculan otra vez y se envían.",
        "{channel}: approved, {n} listings are computed again and sent.",
    ),
    "plans.rejected": (
        "{channel}: rechazado, {n} publicaciones quedan como están.",
        "{channel}: rejected, {n} listings stay as they are.",
    ),
    "plans.not_now": ("No se aprobó nada.", "Nothing was approved."),
    "problem.no-plan": (
        "No hay tal plan: ya se decidió, o sus números volvieron a ser correctos.",
        "There is no such plan: it was decided, or its numbers became right.",
    ),
    "problem.no-plan.do": ("Vea: orquestador plans list", "See: orquestador plans list"),
    "problem.plan-changed": (
        "El plan cambió mientras lo miraba: no se aprobó nada.",
        "The plan changed while you looked at it: nothing was approved.",
    ),
    "problem.plan-changed.do": (
        "Mírelo otra vez: orquestador plans approve",
        "Look at it again: orquestador plans approve",
    ),
    # --- why a listing waits ---
    "reason.brake": ("retenida por un freno", "held by a brake"),
    "reason.brake.do": (
        "Mire el plan: orquestador plans show. Después: plans approve o plans reject",
        "Look at the plan: orquestador plans show. Then: plans approve or plans reject",
    ),
    "reason.first_push": ("espera un sí al primer envío", "waits for a yes to the first push"),
    "reason.first_push.do": (
        "Mire el plan: orquestador plans show. Después: orquestador plans approve",
        "Look at the plan: orquestador plans show. Then: orquestador plans approve",
    ),
    "reason.plan": ("una persona pidió mirarla ahora", "a person asked to look at it now"),
    # --- status, readiness, doctor ---
    "brake_zero": (
        "Freno: {listings} publicaciones de {channel} quedarían en cero sin pedidos que lo expliquen",
        "Brake: {listings} listings of {channel} would go to zero without orders that explain it",
    ),
    "brake_zero.means": (
        "No se sube ningún número ni se pone otro en cero; lo que baja por pedidos sigue saliendo.",
        "No number is raised and no other is zeroed; what falls because of orders goes on being sent.",
    ),
    "brake_zero.do": (
        "Mire si Odoo dice la verdad: orquestador plans show. Después: plans approve o plans reject",
        "See whether Odoo tells the truth: orquestador plans show. Then: plans approve or plans reject",
    ),
    "brake_jump": (
        "Freno: {listings} publicaciones de {channel} saltarían a tres veces lo que muestran, o más",
        "Brake: {listings} listings of {channel} would jump to three times what they show, or more",
    ),
    "brake_jump.means": (
        "No se sube ningún número ni se pone otro en cero; lo que baja por pedidos sigue saliendo.",
        "No number is raised and no other is zeroed; what falls because of orders goes on being sent.",
    ),
    "brake_jump.do": (
        "Mire si Odoo dice la verdad: orquestador plans show. Después: plans approve o plans reject",
        "See whether Odoo tells the truth: orquestador plans show. Then: plans approve or plans reject",
    ),
    "first_push": (
        "El primer envío a {channel} espera un sí",
        "The first push to {channel} waits for a yes",
    ),
    "first_push.means": (
        "Los pedidos ya se procesan; ningún número sale antes de que una persona vea el plan.",
        "Orders are handled already; no number is sent before a person has seen the plan.",
    ),
    "first_push.do": (
        "Mírelo: orquestador plans show. Después: orquestador plans approve",
        "Look at it: orquestador plans show. Then: orquestador plans approve",
    ),
    "plan_rejected": (
        "{by} rechazó el plan de {channel}: sus números quedan retenidos",
        "{by} rejected the plan of {channel}: its numbers stay held",
    ),
    "plan_rejected.means": (
        "Se libera solo cuando los números de Odoo ya no sean peligrosos.",
        "It frees itself once the numbers of Odoo are no longer dangerous.",
    ),
    "plan_rejected.do": (
        "Corrija los números en Odoo; o apruebe: orquestador plans approve",
        "Correct the numbers in Odoo; or approve: orquestador plans approve",
    ),
}
