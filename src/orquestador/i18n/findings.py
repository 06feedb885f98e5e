"""Findings about settings, channels and the house: title, what it means, what to do."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # --- settings ---
    "placeholder": (
        "Valor de ejemplo en {setting}",
        "A sample value is left in {setting}",
    ),
    "placeholder.means": (
        "Los valores de ejemplo nunca se envían, así que esa conexión está detenida.",
        "Sample values are never sent, so this connection is stopped.",
    ),
    "placeholder.do": (
        "Ponga lo real en .env y reinicie.",
        "Put what is real into .env and restart.",
    ),
    "missing_setting": ("Falta {setting}", "{setting} is missing"),
    "missing_setting.means": (
        "Sin eso no se puede usar {needed_for}.",
        "Without it {needed_for} cannot be used.",
    ),
    "missing_setting.do": (
        "Agréguelo a .env (vea .env.example) y reinicie.",
        "Add it to .env (see .env.example) and restart.",
    ),
    "wrong_host": ("{value} no es la dirección de la API", "{value} is not the address of the API"),
    "wrong_host.means": (
        "Ese host venía en un ejemplo antiguo; la API no está ahí y no se le envía nada.",
        "That host came with an old sample; the API does not live there and nothing is sent to it.",
    ),
    "wrong_host.do": (
        "Ponga {setting}={right} en .env y reinicie.",
        "Set {setting}={right} in .env and restart.",
    ),
    "not_configured": ("{upstream} no está configurado", "{upstream} is not configured"),
    "not_configured.means": (
        "Los webhooks se reciben y se guardan, pero no se hace nada allá.",
        "Webhooks are received and kept, but nothing is done over there.",
    ),
    "not_configured.do": (
        "Complete la sección de {upstream} en .env (vea .env.example) y reinicie.",
        "Fill in the section of {upstream} in .env (see .env.example) and restart.",
    ),
    "mode": ("Modo: {mode}", "Mode: {mode}"),
    "mode.means": (
        "observe ve todo y no escribe nada; live actúa. Lo fija MODE, o `orquestador go-live`.",
        "observe sees everything and writes nothing; live acts. Set by MODE, or by `orquestador go-live`.",
    ),
    "mode_is_stored": (
        "MODE=observe no cambia nada: está en live desde el paso a live",
        "MODE=observe changes nothing: it is live since its go-live",
    ),
    "mode_is_stored.means": (
        "El paso a live queda guardado; el modo que vale es live.",
        "Going live is stored; the mode in force is live.",
    ),
    "mode_is_stored.do": (
        "Para que no escriba nada: orquestador pause. Si no, quite MODE de .env.",
        "To have nothing written: orquestador pause. Otherwise take MODE out of .env.",
    ),
    "mode.note.live": (
        "Actúa, desde el paso a live; MODE ya no lo cambia. Para detener toda escritura: orquestador pause",
        "It acts, since its go-live; MODE no longer changes that. To stop all writing: orquestador pause",
    ),
    "mode.note.observe": (
        "Solo observa, no escribe nada. Para actuar: orquestador go-live",
        "It only observes, nothing is written. To act: orquestador go-live",
    ),
    "paused": (
        "En pausa desde {since} ({by}): no se escribe nada. Motivo: {reason}",
        "Paused since {since} ({by}): nothing is written. Reason: {reason}",
    ),
    "paused.means": (
        "Los avisos se reciben y los pedidos se leen igual; lo pendiente sigue solo al reanudar.",
        "Notices are taken and orders are read all the same; what waits goes on by itself after resuming.",
    ),
    "paused.do": ("Cuando esté resuelto: orquestador resume", "When it is settled: orquestador resume"),
    "odoo_pace": (
        "Ritmo hacia Odoo: {profile} ({calls_per_s} llamadas por segundo, {in_flight} a la vez)",
        "Pace towards Odoo: {profile} ({calls_per_s} calls a second, {in_flight} at a time)",
    ),
    "odoo_pace.means": (
        "Los procesos que comparten Redis suman sus llamadas. Los cambios en Odoo se buscan cada {poll_s} s.",
        "Processes that share a Redis add their calls up. Changes in Odoo are looked for every {poll_s} s.",
    ),
    "odoo_pace.do": (
        "Nada. Para cambiarlo: ODOO_PACE (own u online), ODOO_CALLS_PER_S, ODOO_IN_FLIGHT.",
        "Nothing. To change it: ODOO_PACE (own or online), ODOO_CALLS_PER_S, ODOO_IN_FLIGHT.",
    ),
    "odoo_pace_free": (
        "Ritmo hacia Odoo: {profile} (sin límite por segundo, {in_flight} llamadas a la vez)",
        "Pace towards Odoo: {profile} (no limit a second, {in_flight} calls at a time)",
    ),
    "odoo_pace_free.means": (
        "Vale para cada proceso por separado. Los cambios en Odoo se buscan cada {poll_s} s.",
        "It holds for each process by itself. Changes in Odoo are looked for every {poll_s} s.",
    ),
    "odoo_pace_free.do": (
        "Nada. Para cambiarlo: ODOO_PACE (own u online), ODOO_CALLS_PER_S, ODOO_IN_FLIGHT.",
        "Nothing. To change it: ODOO_PACE (own or online), ODOO_CALLS_PER_S, ODOO_IN_FLIGHT.",
    ),
    "door_open": (
        "El webhook de {door} no pide prueba (solo desde esta máquina)",
        "The {door} webhook asks for no proof (from this machine only)",
    ),
    "door_open.means": (
        "Cualquier programa de esta máquina puede enviarlo; nadie de afuera.",
        "Any program on this machine may post it; nobody from outside may.",
    ),
    "door_open.do": (
        "Antes de exponerlo, ponga {setting} con un texto largo y aleatorio.",
        "Before you expose it, set {setting} to a long random text.",
    ),
    "door_closed": ("El webhook de {door} está cerrado", "The {door} webhook is closed"),
    "door_closed.means": (
        "Sin un secreto utilizable se rechazan todos sus avisos (401).",
        "Without a usable secret all of its notices are refused (401).",
    ),
    "door_closed.do": (
        "Ponga {setting} con un texto largo y aleatorio, y registre el webhook con él.",
        "Set {setting} to a long random text, and register the webhook with it.",
    ),
    "placeholder_proves": (
        "Se acepta el secreto de ejemplo de {setting}",
        "The sample secret of {setting} is accepted",
    ),
    "placeholder_proves.means": (
        "Sirve para probar en esta máquina; todo el mundo lo conoce.",
        "It serves to try things on this machine; everybody knows it.",
    ),
    "placeholder_proves.do": (
        "Antes de exponerlo, ponga {setting} con un texto largo y aleatorio.",
        "Before you expose it, set {setting} to a long random text.",
    ),
    "no_api_keys": ("No hay claves de API", "There are no API keys"),
    "no_api_keys.means": (
        "La API responde solo a esta máquina. En producción el servicio no arranca así.",
        "The API answers this machine only. In production the service does not start like this.",
    ),
    "no_api_keys.do": (
        "Si otra máquina la necesita: API_KEYS=nombre:operator:texto-largo-y-aleatorio.",
        "If another machine needs it: API_KEYS=name:operator:long-random-text.",
    ),
    "placeholder_api_key": (
        "La clave de API «{name}» todavía es la de ejemplo",
        "The API key “{name}” is still the sample",
    ),
    "placeholder_api_key.means": ("No abre nada.", "It opens nothing."),
    "placeholder_api_key.do": (
        "Cámbiela en API_KEYS por un texto largo y aleatorio.",
        "Replace it in API_KEYS by a long random text.",
    ),
    "weak_api_key": ("La clave de API «{name}» es corta", "The API key “{name}” is short"),
    "weak_api_key.means": ("Se puede adivinar probando.", "It can be guessed by trying."),
    "weak_api_key.do": ("Use al menos 16 caracteres aleatorios.", "Use at least 16 random characters."),
    "cors_any_origin": (
        "Cualquier sitio puede llamar a la API desde un navegador",
        "Any site may call the API from a browser",
    ),
    "cors_any_origin.means": ("CORS_ORIGINS es «*».", "CORS_ORIGINS is “*”."),
    "cors_any_origin.do": (
        "Nombre los sitios: CORS_ORIGINS=https://panel.example.com.",
        "Name the sites: CORS_ORIGINS=https://panel.example.com.",
    ),
    "redis_unused": ("{settings}: no se usa sin MongoDB", "{settings}: not used without MongoDB"),
    "redis_unused.means": (
        "Sin MONGODB_URI un solo proceso guarda todo en su archivo bajo DATA_DIR y no necesita Redis.",
        "Without MONGODB_URI one process keeps everything in its file below DATA_DIR and needs no Redis.",
    ),
    "redis_unused.do": (
        "Ponga MONGODB_URI, o quite {settings}.",
        "Set MONGODB_URI, or take {settings} out.",
    ),
    "no_redis": ("Sin Redis", "No Redis"),
    "no_redis.means": (
        "Cada proceso nota lo que hizo otro al cabo de un segundo.",
        "Each process notices within a second what another one did.",
    ),
    "no_redis.do": ("Ponga REDIS_URL para que sea al instante.", "Set REDIS_URL to make that instant."),
    "journal_away": ("El diario no puede guardar", "The journal cannot store anything"),
    "journal_away.means": (
        "{detail}. No se acepta ningún webhook: se responde 503 y el marketplace repite.",
        "{detail}. No webhook is taken: they are answered 503, and the marketplace repeats.",
    ),
    "journal_away.do": (
        "Revise el disco de DATA_DIR y el registro del servicio.",
        "Look at the disk of DATA_DIR and at the service's log.",
    ),
    "mongodb_ok": (
        "MongoDB {server} responde (base {database})",
        "MongoDB {server} answers (database {database})",
    ),
    "mongodb_away": ("MongoDB no se puede usar", "MongoDB cannot be used"),
    "mongodb_away.means": (
        "{detail}. Sin él no se acepta ningún webhook: se responde 503 y el marketplace repite.",
        "{detail}. Without it no webhook is taken: they are answered 503, and the marketplace repeats.",
    ),
    "mongodb_away.do": (
        "Revise MONGODB_URI y que mongod esté andando.",
        "Check MONGODB_URI, and that mongod runs.",
    ),
    "mongodb_standalone": (
        "MongoDB sin réplica: un solo servidor",
        "MongoDB without a replica: one server",
    ),
    "mongodb_standalone.means": (
        "Funciona igual; si se pierde su disco, se pierde lo que no esté respaldado.",
        "It works all the same; if its disk is lost, so is what was not backed up.",
    ),
    "mongodb_standalone.do": (
        "Respalde con `orquestador backup ARCHIVO`, o use un replica set.",
        "Back up with `orquestador backup FILE`, or use a replica set.",
    ),
    "redis_ok": ("Redis responde", "Redis answers"),
    "redis_away": ("Redis no se puede usar", "Redis cannot be used"),
    "redis_away.means": (
        "{detail}. Nada se pierde: todo va un segundo más lento.",
        "{detail}. Nothing is lost: everything is a second slower.",
    ),
    "redis_away.do": (
        "Revise REDIS_URL (o REDIS_HOST y REDIS_PORT) y que redis-server esté andando.",
        "Check REDIS_URL (or REDIS_HOST and REDIS_PORT), and that redis-server runs.",
    ),
    "no_worker": (
        "No hay ningún proceso que haga el trabajo",
        "There is no process that does the work",
    ),
    "no_worker.means": (
        "Los webhooks se guardan; nadie los procesa.",
        "Webhooks are kept; nobody works on them.",
    ),
    "no_worker.do": ("Arranque `orquestador worker`.", "Start `orquestador worker`."),
    "env_file_readable": (
        "Otros usuarios pueden leer {path} ({mode})",
        "Other users can read {path} ({mode})",
    ),
    "env_file_readable.means": ("Contiene contraseñas y claves.", "It contains passwords and keys."),
    "env_file_readable.do": ("chmod 600 {path}", "chmod 600 {path}"),
    "unknown_setting": ("{setting} no es un ajuste conocido", "{setting} is not a setting we know"),
    "unknown_setting.means": (
        "Se ignora. Parecido: {similar}",
        "It is ignored. Similar: {similar}",
    ),
    "unknown_setting.do": (
        "Corrija el nombre en .env o borre la línea.",
        "Correct the name in .env or delete the line.",
    ),
    # --- the house ---
    "channel_gone": (
        "El canal {channel} tiene historia y ya no está configurado",
        "The channel {channel} has history and is no longer configured",
    ),
    "channel_gone.means": (
        "Sin él, sus pedidos y publicaciones quedarían sin atender, así que nada arranca.",
        "Without it its orders and listings would not be looked after, so nothing starts.",
    ),
    "channel_gone.do": (
        "Devuelva la tabla [channels.{channel}] a orquestador.toml; un id no se cambia. Para dejar de usar "
        "esa cuenta, deje la tabla sin credenciales.",
        "Put the table [channels.{channel}] back into orquestador.toml; an id never changes. To stop using "
        "that account, leave the table without credentials.",
    ),
    "channel_changed": (
        "El canal {channel} tiene historia y ahora es otra cuenta (por su {by})",
        "The channel {channel} has history and is another account now (by its {by})",
    ),
    "channel_changed.means": (
        "Sus pedidos y los de la otra cuenta se mezclarían, así que nada arranca.",
        "Its orders and those of the other account would be mixed, so nothing starts.",
    ),
    "channel_changed.do": (
        "Devuelva la cuenta de antes y dé a la otra un id propio en orquestador.toml. Si es la misma: "
        "orquestador channels accept {channel}",
        "Put the former account back and give the other one an id of its own in orquestador.toml. If it is "
        "the same: orquestador channels accept {channel}",
    ),
    "not_checked_yet": ("{upstream} todavía no se revisa", "{upstream} has not been checked yet"),
    "not_checked_yet.means": (
        "Nada se escribe allá hasta que una revisión salga limpia.",
        "Nothing is written over there until a check comes out clean.",
    ),
    "not_checked_yet.do": (
        "Espere unos segundos; si sigue así, `orquestador doctor`.",
        "Wait a few seconds; if it stays like this, `orquestador doctor`.",
    ),
    "loop_failing": (
        "Un error propio se repite hace más de un minuto ({error})",
        "An error of our own has repeated for more than a minute ({error})",
    ),
    "loop_failing.means": (
        "Lo suyo espera sin gastar intentos y sigue solo cuando pase.",
        "Its work waits without spending attempts and goes on by itself when it is over.",
    ),
    "loop_failing.do": (
        "Mire el registro del servicio (loop_failed) y avise a quien lo desarrolla; reiniciar puede ayudar.",
        "Look at the service's log (loop_failed) and tell its developer; a restart may help.",
    ),
    "loop_away": (
        "El otro sistema falla hace más de 5 minutos ({error})",
        "The other system has failed for more than 5 minutes ({error})",
    ),
    "loop_away.means": (
        "Lo suyo espera sin gastar intentos y sigue solo cuando vuelva.",
        "Its work waits without spending attempts and goes on by itself when it is back.",
    ),
    "loop_away.do": (
        "orquestador doctor dice qué falla; el registro (upstream_away) trae el detalle.",
        "orquestador doctor says what fails; the log (upstream_away) has the detail.",
    ),
}
