"""Status, readiness and their one sentence."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "status.paused": (
        "En pausa hace {age} ({by}): no se escribe en Odoo ni en los canales. Motivo: {reason}.",
        "Paused for {age} ({by}): nothing is written to Odoo or the channels. Reason: {reason}.",
    ),
    "status.stopped": ("Detenido: {flow}. {title}.", "Stopped: {flow}. {title}."),
    "status.failing": (
        "Un error propio detiene «{loop}» hace {age} ({error}).",
        "An error of our own has stopped “{loop}” for {age} ({error}).",
    ),
    "status.dead": (
        "{n} trabajo(s) necesitan a una persona.",
        "{n} piece(s) of work need a person.",
    ),
    "status.dead.do": (
        "Mírelos: orquestador work list --state dead",
        "Look at them: orquestador work list --state dead",
    ),
    "status.overdue": (
        "Hay trabajo atrasado: el más antiguo espera hace {age}.",
        "Work is overdue: the oldest has been waiting for {age}.",
    ),
    "status.overdue.do": (
        "Vea los registros del servicio y `orquestador doctor`.",
        "See the service's log and `orquestador doctor`.",
    ),
    "status.starting": (
        "Arrancando: todavía se revisa {flow}.",
        "Starting: {flow} is still being checked.",
    ),
    "status.idle_flow": (
        "Funciona sin {flow}: {title}.",
        "It runs without {flow}: {title}.",
    ),
    "status.observing": (
        "Todo en orden; solo observa: no escribe en ningún lado.",
        "All is well; it only observes: it writes to neither side.",
    ),
    "status.observing.do": (
        "Cuando los números convenzan: orquestador go-live",
        "When the numbers convince you: orquestador go-live",
    ),
    "status.working": (
        "Todo en orden: {due} por hacer, {waiting} esperando.",
        "All is well: {due} to do, {waiting} waiting.",
    ),
    "status.well": ("Todo en orden: nada pendiente.", "All is well: nothing is pending."),
    "status.not_running": (
        "El servicio no está corriendo; esto dice lo guardado: {sentence}",
        "The service is not running; this is what is stored: {sentence}",
    ),
    "status.not_running.do": ("Arránquelo: orquestador up", "Start it: orquestador up"),
    "status.no_store": (
        "El servicio no está corriendo y todavía no hay datos en {path}.",
        "The service is not running and there is no data in {path} yet.",
    ),
    # --- flows ---
    "flow.intake": ("recepción de webhooks", "webhook intake"),
    "flow.erp": ("movimientos en Odoo", "movements in Odoo"),
    "flow.warehouse": (
        "movimientos en la bodega {warehouse} de Odoo",
        "movements in Odoo's warehouse {warehouse}",
    ),
    "flow.orders": ("pedidos de {channel}", "orders of {channel}"),
    "flow.stock": ("stock hacia {channel}", "stock to {channel}"),
    # --- words of the screen ---
    "state.settled": ("resuelto", "settled"),
    "state.due": ("por hacer", "due"),
    "state.waiting": ("esperando", "waiting"),
    "state.dead": ("necesita persona", "needs a person"),
    "kind.order": ("pedidos", "orders"),
    "kind.listing": ("publicaciones", "listings"),
    "kind.movement": ("movimientos", "movements"),
    "kind.all": ("total", "total"),
    "status.col.kind": ("qué", "what"),
    "status.col.channel": ("canal", "channel"),
    "status.col.due": ("por hacer", "due"),
    "status.col.waiting": ("esperando", "waiting"),
    "status.col.dead": ("con persona", "dead"),
    "status.oldest": ("El más antiguo espera hace {age}.", "The oldest has been waiting for {age}."),
    "status.col.upstream": ("sistema", "upstream"),
    "status.col.contact": ("último contacto", "last good contact"),
    "status.col.budget": ("llamadas", "calls left"),
    "status.col.process": ("proceso", "process"),
    "status.col.role": ("hace", "does"),
    "status.col.started": ("arrancó", "started"),
    "status.col.heard": ("última señal", "last heard"),
    "role.all": ("todo", "everything"),
    "role.api": ("puerta (webhooks y API)", "door (webhooks and API)"),
    "role.worker": ("flujos", "flows"),
    "status.col.today": ("hoy", "today"),
    "status.col.state": ("estado", "state"),
    "status.col.flow": ("flujo", "flow"),
    "status.ok": ("bien", "fine"),
    "status.not_asked": ("sin preguntar", "not asked"),
    "status.ago": ("hace {age}", "{age} ago"),
    "status.never": ("—", "—"),
    "status.next": ("Siguiente paso: {step}", "Next step: {step}"),
    "status.open": (
        "Efectos abiertos: {effects}. Envíos abiertos: {jobs}. Avisos: {receipts}, el último {last}.",
        "Open effects: {effects}. Open pushes: {jobs}. Notices: {receipts}, the last one {last}.",
    ),
    "status.mode_paused": ("{mode}, en pausa", "{mode}, paused"),
    "status.head": ("orquestador {version}, modo {mode}", "orquestador {version}, mode {mode}"),
}
