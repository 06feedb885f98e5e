"""Commands that decide something: go-live, uninstall, backup, restore, webhooks; `doctor`'s last line."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "doctor.well": ("Todo bien.", "All is well."),
    "doctor.warnings": (
        "Sin errores; {warnings} aviso(s) para mirar.",
        "No errors; {warnings} warning(s) to look at.",
    ),
    "doctor.errors": (
        "{errors} error(es) y {warnings} aviso(s): siga las flechas, de arriba abajo.",
        "{errors} error(s) and {warnings} warning(s): follow the arrows, from the top.",
    ),
    # --- go-live ---
    "golive.channels": ("Pasarán a live: {channels}.", "These will go live: {channels}."),
    "golive.no_orders": ("No hay pedidos abiertos de antes.", "There are no open orders from before."),
    "golive.orders": (
        "{n} pedido(s) ya estaban abiertos. ¿Sus unidades ya salieron de Odoo?",
        "{n} order(s) were already open. Are their units out of Odoo already?",
    ),
    "golive.col.order": ("pedido", "order"),
    "golive.col.number": ("número", "number"),
    "golive.col.created": ("creado", "created"),
    "golive.col.lines": ("líneas", "lines"),
    "golive.col.what": ("qué se hará", "what will be done"),
    "golive.already": ("nada: ya descontado", "nothing: already taken out"),
    "golive.now": ("descontar ahora", "take out now"),
    "golive.nothing_ours": ("nada que salga de Odoo", "nothing that leaves Odoo"),
    "golive.ask": (
        "Pedido {order} ({lines}): ¿ya está descontado en Odoo?",
        "Order {order} ({lines}): already taken out in Odoo?",
    ),
    "golive.numbers": (
        "{n} publicación(es) recibirían otro número; para verlas antes: orquestador plan",
        "{n} listing(s) would get another number; to see them before: orquestador plan",
    ),
    "golive.confirm": (
        "Desde ahora se descuenta en Odoo y se publica stock; {n} pedido(s) antiguos salen ahora. ¿Seguir?",
        "From now on stock is taken out in Odoo and published; {n} old order(s) are taken out now. Go on?",
    ),
    "golive.done": (
        "Live desde {at}. Pedidos antiguos: {now} se descuentan ahora, {before} ya estaban descontados.",
        "Live since {at}. Old orders: {now} are taken out now, {before} were taken out before.",
    ),
    "golive.already_live": ("Ya está en live; no cambia nada.", "It is live already; nothing changes."),
    "golive.not_now": ("No se cambió nada.", "Nothing was changed."),
    "golive.needs_yes": ("No se cambió nada: falta --yes.", "Nothing was changed: --yes is missing."),
    "golive.needs_yes.do": (
        "orquestador go-live --yes [--take PEDIDO …|--take-all]",
        "orquestador go-live --yes [--take ORDER …|--take-all]",
    ),
    "golive.unknown": ("No son pedidos abiertos: {ids}.", "These are no open orders: {ids}."),
    # --- pause ---
    "pause.done": (
        "En pausa: no se escribe nada en Odoo ni en los canales. Para seguir: orquestador resume",
        "Paused: nothing is written to Odoo or the channels. To go on: orquestador resume",
    ),
    "pause.not_running": (
        "El servicio no está corriendo; seguirá en pausa cuando arranque.",
        "The service is not running; it will be paused when it starts.",
    ),
    "resume.done": (
        "Reanudado: lo que esperaba sigue ahora.",
        "Resumed: what waited goes on now.",
    ),
    "resume.not_paused": ("No estaba en pausa.", "It was not paused."),
    # --- what contradicts the present state (the API's 409) ---
    "not_possible.observing": (
        "Esta instalación solo observa: no escribe en Odoo ni en los canales.",
        "This installation only observes: it writes neither to the ERP nor to a marketplace.",
    ),
    "not_possible.observing.do": ("Para actuar: orquestador go-live", "To act: orquestador go-live"),
    "not_possible.paused": (
        "Está en pausa: no se escribe nada. No se guardó el movimiento.",
        "It is paused: nothing is written. The movement was not stored.",
    ),
    "not_possible.paused.do": (
        "Repítalo después de: orquestador resume",
        "Repeat it after: orquestador resume",
    ),
    "not_possible.settled": ("{id} ya está resuelto.", "{id} is settled already."),
    "not_possible.settled.do": ("No hay nada que hacer.", "There is nothing to do."),
    "not_possible.not_history": (
        "{id} no es un pedido de antes del paso a live.",
        "{id} is not an order from before go-live.",
    ),
    "not_possible.not_history.do": ("Vea: orquestador orders list", "See: orquestador orders list"),
    "not_possible.file_exists": ("{path} ya existe.", "{path} exists already."),
    "not_possible.file_exists.do": (
        "Nombre un archivo que todavía no exista.",
        "Name a file that does not exist yet.",
    ),
    # --- backup, uninstall ---
    "backup.done": ("Copiado en {path} ({kb} KB).", "Copied to {path} ({kb} KB)."),
    "backup.no_folder": ("La carpeta {path} no existe.", "The folder {path} does not exist."),
    "restore.done": (
        "Restaurado en {place}: {work} pedidos y publicaciones, {receipts} avisos.",
        "Restored into {place}: {work} orders and listings, {receipts} notices.",
    ),
    "restore.next": (
        "Inicie el servicio: lo ocurrido desde la copia lo encuentra preguntando a los canales y a Odoo.",
        "Start the service: what happened since the copy it finds by asking the channels and Odoo.",
    ),
    "restore.no_file": ("El archivo {path} no existe.", "The file {path} does not exist."),
    "restore.unreadable": ("{path} no se puede leer: {detail}", "{path} cannot be read: {detail}"),
    "restore.not_a_copy": (
        "{path} no es una copia hecha por `orquestador backup` para {engine}; no se cambió nada.",
        "{path} is no copy made by `orquestador backup` for {engine}; nothing was changed.",
    ),
    "restore.not_a_copy.do": (
        "La copia de un archivo SQLite se restaura sin MONGODB_URI, la de MongoDB con él.",
        "A copy of an SQLite file is restored without MONGODB_URI, one of MongoDB with it.",
    ),
    "restore.damaged": (
        "{path} está dañado o incompleto; no se cambió nada.",
        "{path} is damaged or incomplete; nothing was changed.",
    ),
    "restore.damaged.do": ("Use otra copia.", "Use another copy."),
    "restore.newer": (
        "{path} fue escrito por una versión más nueva de orquestador; no se cambió nada.",
        "{path} was written by a newer orquestador; nothing was changed.",
    ),
    "restore.newer.do": ("Instale esa versión y repita.", "Install that version and repeat."),
    "restore.not_empty": (
        "En {place} ya hay datos; no se cambió nada.",
        "There is data in {place} already; nothing was changed.",
    ),
    "restore.not_empty.do": (
        "Detenga el servicio y aparte esos datos, o nombre otro lugar (DATA_DIR, o la base en MONGODB_URI).",
        "Stop the service and move that data away, or name another place (DATA_DIR, or the database in "
        "MONGODB_URI).",
    ),
    "uninstall.nothing": (
        "No queda nada nuestro en otros sistemas. Para terminar, borre {path}.",
        "Nothing of ours is left on other systems. To finish, delete {path}.",
    ),
    "uninstall.rest": (
        "Los documentos de stock en Odoo son historia y se quedan. Los datos propios están en {path}.",
        "The stock documents in Odoo are history and stay. Our own data is in {path}.",
    ),
    "uninstall.whose": (
        "{n} webhook(s): no se sabe si son nuestros",
        "{n} webhook(s): it is not known whether they are ours",
    ),
    "uninstall.whose.do": (
        "ponga PUBLIC_URL en .env, la dirección con que se registraron",
        "set PUBLIC_URL in .env to the address that they were registered with",
    ),
    "uninstall.ask": ("¿Quitar todo esto?", "Remove all of this?"),
    "uninstall.needs_yes": ("No se quitó nada: falta --yes.", "Nothing was removed: --yes is missing."),
    "uninstall.col.system": ("sistema", "system"),
    "uninstall.col.id": ("id", "id"),
    "uninstall.col.what": ("qué", "what"),
    "uninstall.col.state": ("estado", "state"),
    "uninstall.removed": ("quitado", "removed"),
    "uninstall.there": ("sigue allí", "still there"),
    # --- webhooks ---
    "webhooks.none": ("No hay webhooks registrados.", "No webhooks are registered."),
    "webhooks.none_ours": ("No hay webhooks nuestros.", "There are no webhooks of ours."),
    "webhooks.registered": ("{channel} avisará a {url}", "{channel} will notify {url}"),
    "webhooks.deleted": ("{channel} ya no avisa a {url}", "{channel} no longer notifies {url}"),
    "webhooks.ask": (
        "¿Quitar {n} registro(s)? Sin avisos, los pedidos se encuentran por sondeo, un minuto después.",
        "Remove {n} registration(s)? Without notices, orders are found by polling, a minute later.",
    ),
    "webhooks.needs_yes": (
        "No se quitó nada: repita con --yes.",
        "Nothing was removed: repeat with --yes.",
    ),
    "webhooks.unknown": ("No hay un webhook con id {id}.", "There is no webhook with id {id}."),
    "webhooks.foreign": ("El webhook {id} no es nuestro.", "The webhook {id} is not ours."),
    "webhooks.foreign.do": (
        "Lo registró otro programa; quien lo usa puede quitarlo en Seller Center. Si era nuestro, ponga en "
        "PUBLIC_URL la dirección de entonces.",
        "Another program registered it; whoever uses it can remove it in Seller Center. If it was ours, set "
        "PUBLIC_URL to the address of that time.",
    ),
    "webhooks.several": (
        "Hay un webhook {id} en varias cuentas ({channels}).",
        "There is a webhook {id} in several accounts ({channels}).",
    ),
    "webhooks.several.do": ("Diga cuál con --channel.", "Say which one with --channel."),
    "webhooks.no_api": ("{channel} no tiene acceso a su API.", "{channel} has no API access."),
    "webhooks.no_url": ("Falta PUBLIC_URL.", "PUBLIC_URL is missing."),
    "webhooks.no_url.do": (
        "Ponga en .env la dirección con que nos alcanzan: PUBLIC_URL=https://orquestador.example.com",
        "Put the address under which we are reached into .env: PUBLIC_URL=https://orquestador.example.com",
    ),
    "webhooks.no_secret": (
        "{setting} falta o es el de ejemplo.",
        "{setting} is missing or is the sample.",
    ),
    "webhooks.no_secret.do": (
        "Ponga un texto largo y aleatorio: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
        "Set a long random text: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
    ),
    "webhooks.no_channel": ("Ningún canal tiene acceso a su API.", "No channel has API access."),
    "webhooks.no_channel.do": (
        "orquestador doctor dice qué falta.",
        "orquestador doctor says what is missing.",
    ),
    "webhooks.unknown_channel": (
        "No hay un canal {channel}. Los que hay: {known}",
        "There is no channel {channel}. Those there are: {known}",
    ),
    "webhooks.col.channel": ("canal", "channel"),
    "webhooks.col.id": ("id", "id"),
    "webhooks.col.url": ("dirección", "address"),
    "webhooks.col.events": ("eventos", "events"),
    "webhooks.col.ours": ("nuestro", "ours"),
}
