"""The command line: its help, and what its commands say."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "yes": ("sí", "yes"),
    "no": ("no", "no"),
    # --- help ---
    "help.main": (
        "Mantiene al día pedidos de marketplaces y stock de Odoo, exactamente una vez en ambos sentidos.",
        "Keeps marketplace orders and Odoo stock in step, exactly once in both directions.",
    ),
    "help.up": (
        "Arranca el servicio en un solo proceso (webhooks, API y flujos).",
        "Start the service in one process (webhooks, API and flows).",
    ),
    "help.api": (
        "Arranca solo la puerta (webhooks y API); los flujos los corre `worker`. Necesita MongoDB.",
        "Start the door alone (webhooks and API); `worker` runs the flows. Needs MongoDB.",
    ),
    "help.api.workers": (
        "Cuántos procesos atienden la misma dirección.",
        "How many processes answer at the same address.",
    ),
    "help.worker.heartbeat": (
        "Archivo que se toca cada 5 s mientras corren todos los flujos: su edad dice si está sano.",
        "A file that is touched every 5 s while all flows run: its age tells whether the process is well.",
    ),
    "help.worker": (
        "Arranca solo los flujos; puede haber varios, en una o más máquinas. Necesita MongoDB.",
        "Start the flows alone; there may be several, on one machine or more. Needs MongoDB.",
    ),
    "help.demo": (
        "Muestra todo funcionando con simuladores locales; no toca nada real.",
        "Show everything at work with local simulators; nothing real is touched.",
    ),
    "help.demo.orders": ("Cuántos pedidos.", "How many orders."),
    "help.demo.seed": ("Semilla del escenario.", "Seed of the scenario."),
    "help.demo.keep": (
        "Queda andando al final y muestra las direcciones.",
        "Stay up at the end and print the addresses.",
    ),
    "help.doctor": (
        "Revisa configuración, sistemas externos y esta máquina, y dice qué hacer. No cambia nada.",
        "Check the configuration, the other systems and this machine, and say what to do. Changes nothing.",
    ),
    "help.status": (
        "La pantalla de las tres de la mañana; sale con 1 si hay que atender.",
        "The one screen at 3 a.m.; exit 1 when attention is needed.",
    ),
    "help.go_live": (
        "Pasa de observar a actuar, y pregunta por los pedidos que ya estaban abiertos.",
        "Go from observing to acting, and ask about the orders that were already open.",
    ),
    "help.pause": (
        "Freno de emergencia: no escribe en ningún otro sistema hasta `resume`.",
        "The emergency stop: writes to no other system until `resume`.",
    ),
    "help.pause.reason": ("Por qué, para quien lo lea después.", "Why, for whoever reads it later."),
    "help.resume": (
        "Levanta la pausa; lo que esperaba sigue solo.",
        "Lift the pause; what waited goes on by itself.",
    ),
    "help.logs": (
        "Lo recibido, lo consultado y lo hecho, lo último primero.",
        "What was received, asked and done, newest first.",
    ),
    "help.backup": (
        "Copia consistente de los datos, con el servicio andando o no.",
        "A consistent copy of the data, with the service running or not.",
    ),
    "help.restore": (
        "Pone una copia de `backup` donde todavía no hay datos; con el servicio detenido.",
        "Put a copy made by `backup` where there is no data yet; with the service stopped.",
    ),
    "help.restore.file": (
        "La copia, en esta máquina; se queda donde está.",
        "The copy, on this machine; it stays where it is.",
    ),
    "help.uninstall": (
        "Lista y quita lo que registramos en otros sistemas.",
        "List and remove what we registered on other systems.",
    ),
    "help.version": ("Muestra la versión.", "Print the version."),
    "help.work": (
        "Trabajo: qué espera, qué necesita a una persona, y decidirlo.",
        "Work: what waits, what needs a person, and the decision.",
    ),
    "help.work.list": (
        "Lista trabajo; sin --state, todo lo no resuelto.",
        "List work; without --state everything that is not settled.",
    ),
    "help.work.show": (
        "Muestra un trabajo, por qué está así y qué hacer.",
        "Show one piece of work, why it is so and what to do.",
    ),
    "help.work.retry": ("Lo intenta de nuevo ahora.", "Try it again now."),
    "help.work.discard": ("Lo da por resuelto por una persona.", "Count it as settled by a person."),
    "help.work.id": (
        "Como lo muestra `work list`, p. ej. order:falabella:123.",
        "As `work list` shows it, e.g. order:falabella:123.",
    ),
    "help.work.ids": ("Uno o varios; o elija con --state.", "One or several; or choose with --state."),
    "help.orders": (
        "Pedidos: líneas, lo descontado y sus documentos en Odoo.",
        "Orders: lines, what was taken out and their documents in Odoo.",
    ),
    "help.orders.list": ("Lista pedidos, lo último primero.", "List orders, newest change first."),
    "help.orders.show": ("Muestra un pedido por id o número.", "Show one order by id or number."),
    "help.orders.adopt": (
        "Descuenta ahora un pedido anterior al paso a live.",
        "Take out now an order from before go-live.",
    ),
    "help.order": ("Id o número del pedido.", "Id or number of the order."),
    "help.order.metavar": ("PEDIDO", "ORDER"),
    "help.listings": (
        "Publicaciones: qué muestra el canal, qué debería mostrar y por qué.",
        "Listings: what the channel shows, what it should show, and why.",
    ),
    "help.differs": (
        "Solo las que un envío cambiaría.",
        "Only those that a push would change.",
    ),
    "help.webhooks": ("Dónde nos avisan los marketplaces.", "Where the marketplaces notify us."),
    "help.webhooks.list": ("Lista los webhooks registrados allá.", "List the webhooks registered there."),
    "help.webhooks.register": (
        "Registra el nuestro en cada cuenta (usa PUBLIC_URL y su secreto); quita los que tenía con otro.",
        "Register ours in each account (uses PUBLIC_URL and its secret); remove those with another.",
    ),
    "help.webhooks.delete": (
        "Quita los nuestros, o los de estos id; nunca los de otro programa.",
        "Remove ours, or those of these ids; never those of another program.",
    ),
    "help.webhooks.ids": (
        "Los id que muestra `webhooks list`; sin ninguno, todos los nuestros.",
        "The ids that `webhooks list` shows; without any, all of ours.",
    ),
    "help.sandbox": (
        "Simuladores locales de Odoo y de Falabella Seller Center; nada es real.",
        "Local simulators of Odoo and Falabella Seller Center; nothing here is real.",
    ),
    "help.sandbox.odoo": (
        "Simula un Odoo: base `sandbox`, usuario y contraseña `admin`.",
        "Serve an Odoo: database `sandbox`, user and password `admin`.",
    ),
    "help.sandbox.falabella": (
        "Simula un Seller Center: usuario `ops@example.com`, clave `test-api-key-0000`.",
        "Serve a Seller Center: user `ops@example.com`, key `test-api-key-0000`.",
    ),
    "help.sandbox.host": ("Dirección en que escucha.", "Address to listen on."),
    "help.sandbox.port": (
        "Puerto en que escucha; con 0, uno libre.",
        "Port to listen on; 0 takes a free one.",
    ),
    "help.sandbox.seed": (
        "Cuántos productos SKU-00001.. además de PROD-001.",
        "Number of products SKU-00001.. beside PROD-001.",
    ),
    "help.sandbox.webhook": (
        "Dirección a la que se avisa cada evento.",
        "URL that is called on every event.",
    ),
    "help.sandbox.latency": (
        "none: lo más rápido posible; measured: tan lento como el real.",
        "none: as fast as possible; measured: as slow as the real one.",
    ),
    "help.sandbox.version": ("Serie de Odoo que imita.", "Odoo series to behave like."),
    "help.sandbox.clock": (
        "fast: el tiempo corre --fast-rate veces más rápido.",
        "fast: time runs --fast-rate times faster.",
    ),
    "help.sandbox.unit": (
        "País de la cuenta: FACL (Chile), FAPE (Perú) o FACO (Colombia), con su hora y su moneda.",
        "Country of the account: FACL (Chile), FAPE (Peru) or FACO (Colombia), with its time and currency.",
    ),
    "help.sandbox.user": ("Usuario que firma las llamadas.", "User that signs the calls."),
    "help.sandbox.key": ("Clave con que se firman.", "Key that they are signed with."),
    "help.sandbox.rate": (
        "Segundos del simulador por segundo real.",
        "Sandbox seconds per real second.",
    ),
    "help.env_file": ("Archivo de ajustes.", "File with the settings."),
    "help.json": (
        "Para programas: JSON con nombres snake_case.",
        "For programs: JSON with snake_case names.",
    ),
    "help.yes": ("No pregunta.", "Do not ask."),
    "help.channel": ("Solo este canal.", "Only this channel."),
    "help.sku": ("Solo este SKU.", "Only this SKU."),
    "help.limit": ("Cuántos a lo más.", "At most so many."),
    "help.kind": ("Solo de este tipo.", "Only of this kind."),
    "help.state": ("Solo en este estado; se puede repetir.", "Only in this state; may be repeated."),
    "help.lang": ("Idioma de la respuesta.", "Language of the answer."),
    "help.note": ("Por qué, para quien lo lea después.", "Why, for whoever reads it later."),
    "help.take": (
        "Pedido abierto cuyas unidades siguen en Odoo (id o número); se puede repetir.",
        "Open order whose units are still in Odoo (id or number); may be repeated.",
    ),
    "help.take_all": ("Descuenta ahora todos los pedidos abiertos.", "Take out all open orders now."),
    "help.backup.file": (
        "Archivo nuevo, en la máquina del servicio.",
        "A new file, on the service's machine.",
    ),
    "help.backup.metavar": ("ARCHIVO", "FILE"),
    "help.logs.order": ("Solo de este pedido.", "Only of this order."),
    "help.logs.service": ("falabella, odoo, orchestrator o api.", "falabella, odoo, orchestrator or api."),
    "help.logs.status": ("Solo con este resultado.", "Only with this result."),
    # --- every command ---
    "cli.invalid_setting": (
        "El ajuste {name} no sirve: {problem}. Ejemplo: {name}={example}",
        "The setting {name} cannot be used: {problem}. Example: {name}={example}",
    ),
    "serve.one_process": (
        "`{command}` es uno de varios procesos, y el archivo SQLite de {path} lo sirve uno solo.",
        "`{command}` is one of several processes, and the SQLite file in {path} is served by one alone.",
    ),
    "serve.one_process.do": (
        "Use `orquestador up`, o ponga MONGODB_URI (y REDIS_URL) para repartir el trabajo.",
        "Use `orquestador up`, or set MONGODB_URI (and REDIS_URL) to share the work.",
    ),
    "api.failed": ("Un proceso no pudo arrancar.", "A process could not start."),
    "api.failed.do": (
        "Su registro, más arriba, dice por qué; `orquestador doctor` también.",
        "Its log above says why; so does `orquestador doctor`.",
    ),
    "up.cannot_listen": ("No se puede escuchar en {host}:{port}.", "{host}:{port} cannot be listened on."),
    "up.cannot_listen.do": (
        "Otro programa usa ese puerto: deténgalo o cambie PORT en .env.",
        "Another program uses that port: stop it or change PORT in .env.",
    ),
    "cli.no_answer": (
        "El servicio en {url} no responde: {detail}",
        "The service at {url} does not answer: {detail}",
    ),
    "cli.not_ours": (
        "Lo que responde en {url} no es orquestador. Revise HOST y PORT en .env.",
        "What answers at {url} is not orquestador. Check HOST and PORT in .env.",
    ),
    # --- problems that the API answers with (`problem.<type>@<last part of the path>`) ---
    "problem.not-found": ("No existe.", "There is no such thing."),
    "problem.not-found.do": (
        "Vea los ids con `orquestador work list` u `orquestador orders list`.",
        "See the ids with `orquestador work list` or `orquestador orders list`.",
    ),
    "problem.unauthenticated": (
        "El servicio pide una clave de API válida.",
        "The service asks for a valid API key.",
    ),
    "problem.unauthenticated.do": (
        "Dé una clave de API_KEYS en la variable {variable}.",
        "Give a key of API_KEYS in the variable {variable}.",
    ),
    "problem.role-too-low": (
        "Esa clave no tiene permiso para esto.",
        "That key has no right to do this.",
    ),
    "problem.role-too-low.do": (
        "Dé una clave con rol admin en la variable {variable}.",
        "Give a key with the role admin in the variable {variable}.",
    ),
    "problem.too-many-requests": (
        "Demasiadas peticiones seguidas; esta no se atendió.",
        "Too many requests in a row; this one was not answered.",
    ),
    "problem.too-many-requests.do": (
        "Repita en {wait} s. API_RATE_LIMIT fija cuántas se permiten.",
        "Repeat it in {wait} s. API_RATE_LIMIT sets how many are allowed.",
    ),
    "problem.too-many-failures": (
        "Demasiadas claves equivocadas desde esta dirección.",
        "Too many wrong keys from this address.",
    ),
    "problem.too-many-failures.do": (
        "Dé una clave de API_KEYS en la variable {variable}; otra equivocada se mira recién en {wait} s.",
        "Give a key of API_KEYS in the variable {variable}; another wrong one is looked at only in {wait} s.",
    ),
    "problem.ambiguous-order": (
        "Varios pedidos tienen ese id o número.",
        "Several orders have that id or number.",
    ),
    "problem.ambiguous-order.do": ("Agregue --channel, o use su id.", "Add --channel, or use its id."),
    "problem.store-unavailable": (
        "El almacén no responde, o no puede guardar en este momento.",
        "The store does not answer, or cannot commit right now.",
    ),
    "problem.store-unavailable.do": (
        "Revise el disco (o MongoDB) y los registros del servicio; `orquestador doctor` dice dónde.",
        "Look at the disk (or MongoDB) and at the service's log; `orquestador doctor` names the place.",
    ),
    "problem.upstream-unavailable": (
        "El otro sistema no responde: {detail}",
        "The other system does not answer: {detail}",
    ),
    "problem.upstream-unavailable.do": (
        "Intente más tarde; `orquestador doctor` dice qué está caído.",
        "Try again later; `orquestador doctor` says what is down.",
    ),
    "problem.upstream-auth": (
        "El otro sistema rechaza nuestras credenciales: {detail}",
        "The other system refuses our credentials: {detail}",
    ),
    "problem.upstream-auth.do": (
        "`orquestador doctor` nombra el ajuste.",
        "`orquestador doctor` names the setting.",
    ),
    "problem.not-possible@adopt": (
        "No es un pedido de antes del paso a live: no hay nada que tomar.",
        "It is not an order from before go-live: there is nothing to take over.",
    ),
    "problem.not-possible@discard": ("Ya está resuelto.", "It is settled already."),
    "problem.not-possible@backup": (
        "Ese archivo ya existe; nombre uno nuevo.",
        "That file exists already; name a new one.",
    ),
    # --- work and orders ---
    "work.none": ("No hay nada que mostrar.", "There is nothing to show."),
    "work.which": ("¿Cuáles?", "Which ones?"),
    "work.which.do": (
        "Dé sus ids, o elija con --state dead (y --kind, --channel, --sku).",
        "Give their ids, or choose with --state dead (and --kind, --channel, --sku).",
    ),
    "work.retried": ("{id}: se intenta de nuevo", "{id}: is being tried again"),
    "work.discarded": ("{id}: resuelto por una persona", "{id}: settled by a person"),
    "work.more": (
        "Se muestran los primeros {n}; hay más (--limit).",
        "These are the first {n}; there are more (--limit).",
    ),
    "work.dead.do": (
        "Para decidir: orquestador work show ID, luego retry o discard.",
        "To decide: orquestador work show ID, then retry or discard.",
    ),
    "work.col.id": ("id", "id"),
    "work.col.state": ("estado", "state"),
    "work.col.why": ("por qué", "why"),
    "work.col.attempts": ("intentos", "attempts"),
    "work.col.changed": ("hace", "age"),
    "work.because": ("Porque: {why}.", "Because: {why}."),
    "work.times": (
        "Creado {created}, último cambio {changed}, próxima mirada {due}, intentos {attempts}.",
        "Created {created}, last change {changed}, next look {due}, attempts {attempts}.",
    ),
    "work.movement": ("{direction} {quantity} × {sku}: {reason}", "{direction} {quantity} × {sku}: {reason}"),
    "work.decide": (
        "Después: orquestador work retry {id}   o   orquestador work discard {id} --note «…»",
        "Then: orquestador work retry {id}   or   orquestador work discard {id} --note “…”",
    ),
    "orders.adopted": (
        "{id}: sus unidades se descuentan ahora de Odoo",
        "{id}: its units are being taken out of Odoo now",
    ),
    "order.col.sku": ("SKU", "SKU"),
    "order.col.quantity": ("pedido", "ordered"),
    "order.col.out": ("debe salir", "should be out"),
    "order.col.taken": ("descontado", "taken"),
    "order.held": ("{taken} ({held} reservado)", "{taken} ({held} reserved)"),
    "order.col.state": ("en el canal", "on the channel"),
    "order.col.owner": ("stock de", "stock of"),
    "order.col.problem": ("problema", "problem"),
    "order.col.key": ("documento de Odoo", "document in Odoo"),
    "order.col.direction": ("sentido", "direction"),
    "order.col.units": ("unidades", "units"),
    "order.col.effect": ("estado", "state"),
    "order.col.document": ("id", "id"),
    "order.col.note": ("nota", "note"),
    "owner.seller": ("vendedor", "seller"),
    "owner.marketplace": ("marketplace", "marketplace"),
    "owner.unknown": ("¿?", "?"),
    "direction.out": ("salida", "out"),
    "direction.in": ("devolución", "back"),
    "effect.intent": ("en curso", "under way"),
    "effect.reserved": ("reservado", "reserved"),
    "effect.applied": ("hecho", "done"),
    "effect.voided": ("anulado", "voided"),
    "listing.col.number": ("número", "number"),
    "listing.col.value": ("unidades", "units"),
    "listing.col.when": ("cuándo", "when"),
    "listing.col.channel": ("canal", "channel"),
    "listing.col.shows": ("muestra", "shows"),
    "listing.col.wanted": ("debería", "should show"),
    "listing.col.state": ("estado", "state"),
    "listing.col.why": ("por qué", "why"),
    "listing.col.age": ("hace", "age"),
    "listing.until": ("{why}, hasta las {at}", "{why}, until {at}"),
    "listing.none_differs": (
        "Ninguna publicación conocida cambiaría.",
        "No listing that is known would change.",
    ),
    "listing.wanted": ("debería mostrar", "should show"),
    "listing.sent": ("enviado", "sent"),
    "listing.confirmed": ("aceptado por el canal", "accepted by the channel"),
    "listing.live": ("leído en el canal", "read on the channel"),
    "receipt.col.when": ("recibido", "received"),
    "receipt.col.event": ("aviso", "notice"),
    "receipt.col.trace": ("traza", "trace"),
    "logs.none": ("No hay registros.", "There are no log entries."),
    "logs.col.when": ("cuándo", "when"),
    "logs.col.service": ("servicio", "service"),
    "logs.col.action": ("acción", "action"),
    "logs.col.status": ("resultado", "status"),
    "logs.col.ms": ("ms", "ms"),
    "logs.col.order": ("pedido", "order"),
    "logs.col.sku": ("SKU", "SKU"),
}
