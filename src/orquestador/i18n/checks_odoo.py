"""Findings about Odoo: title, what it means, what to do."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "odoo.ok": (
        "Odoo {version} responde (base {db}, bodega {warehouse})",
        "Odoo {version} answers (database {db}, warehouse {warehouse})",
    ),
    "odoo.short_stock": (
        "Lo vendido sin stock: ODOO_SHORT_STOCK={choice} (record: sale completo, en negativo; backorder: "
        "queda en una entrega pendiente)",
        "What is sold without stock: ODOO_SHORT_STOCK={choice} (record: leaves in full, below zero; "
        "backorder: stays in an open delivery)",
    ),
    "odoo.unreachable": ("Odoo no responde", "Odoo does not answer"),
    "odoo.unreachable.means": (
        "Los pedidos se guardan y esperan sin gastar intentos; siguen solos cuando vuelva. Detalle: {detail}",
        "Orders are kept and wait without spending attempts; they go on when it is back. Detail: {detail}",
    ),
    "odoo.unreachable.do": (
        "Revise ODOO_URL y que esta máquina llegue a {host}.",
        "Check ODOO_URL and that this machine can reach {host}.",
    ),
    "erp.unreachable": ("Odoo no responde", "Odoo does not answer"),
    "erp.unreachable.means": (
        "Los pedidos se guardan y esperan sin gastar intentos; siguen solos cuando vuelva. Detalle: {detail}",
        "Orders are kept and wait without spending attempts; they go on when it is back. Detail: {detail}",
    ),
    "erp.unreachable.do": (
        "Revise ODOO_URL y que esta máquina llegue a esa dirección.",
        "Check ODOO_URL and that this machine can reach that address.",
    ),
    "odoo.credentials": (
        "Odoo rechaza al usuario {user} en la base {db}",
        "Odoo refuses the user {user} in the database {db}",
    ),
    "odoo.credentials.means": (
        "No se lee ni se mueve stock. Detalle: {detail}",
        "No stock is read or moved. Detail: {detail}",
    ),
    "odoo.credentials.do": (
        "Revise ODOO_DB, ODOO_USERNAME y ODOO_API_KEY (o ODOO_PASSWORD) en .env. Una clave API caduca: cree "
        "otra.",
        "Check ODOO_DB, ODOO_USERNAME and ODOO_API_KEY (or ODOO_PASSWORD) in .env. An API key ends: make "
        "another.",
    ),
    "odoo.version@ok": ("Odoo {version}: versión probada", "Odoo {version}: a version we have tried"),
    "odoo.version@warning": (
        "Odoo {version}: versión no probada",
        "Odoo {version}: a version we have not tried",
    ),
    "odoo.version@warning.means": (
        "Las versiones probadas en servidores reales son 17, 18 y 19.",
        "The versions tried on real servers are 17, 18 and 19.",
    ),
    "odoo.version@warning.do": (
        "Pruebe primero con una copia de la base, en modo observe.",
        "Try it on a copy of the database first, in observe mode.",
    ),
    "odoo.version@error": ("Odoo {version} es demasiado antiguo", "Odoo {version} is too old"),
    "odoo.version@error.means": ("Se admite desde Odoo 15.", "Odoo 15 and later are supported."),
    "odoo.version@error.do": ("Actualice Odoo.", "Upgrade Odoo."),
    "odoo.api@ok": ("Odoo se llama por {api}", "Odoo is called over {api}"),
    "odoo.api@warning": (
        "Odoo se llama por {api}, que Odoo 22 ya no tendrá",
        "Odoo is called over {api}, which Odoo 22 will no longer have",
    ),
    "odoo.api@warning.means": (
        "Todo funciona. Con contraseña no se puede usar JSON-2, la interfaz nueva desde Odoo 19.",
        "Everything works. A password cannot use JSON-2, the new interface since Odoo 19.",
    ),
    "odoo.api@warning.do": (
        "En Odoo, Mi perfil, Seguridad: cree una clave API y póngala en ODOO_API_KEY.",
        "In Odoo, My Profile, Security: create an API key and put it into ODOO_API_KEY.",
    ),
    "odoo.key_owner": (
        "La clave API es de {owner}, y ODOO_USERNAME dice {user}",
        "The API key is {owner}'s, and ODOO_USERNAME says {user}",
    ),
    "odoo.key_owner.means": (
        "Odoo actúa con el nombre y los permisos de {owner}.",
        "Odoo acts in the name and with the rights of {owner}.",
    ),
    "odoo.key_owner.do": (
        "Ponga en ODOO_USERNAME el dueño de la clave, o en ODOO_API_KEY una clave de {user}.",
        "Put the key's owner into ODOO_USERNAME, or a key of {user} into ODOO_API_KEY.",
    ),
    "odoo.warehouse": (
        "No está claro qué bodega de Odoo vende (hay: {warehouses})",
        "It is not clear which Odoo warehouse sells (there are: {warehouses})",
    ),
    "odoo.warehouse.means": (
        "Con la bodega equivocada se publicarían números falsos. Detalle: {detail}",
        "With the wrong warehouse we would publish false numbers. Detail: {detail}",
    ),
    "odoo.warehouse.do": (
        "Ponga su código en ODOO_WAREHOUSE (por ejemplo ODOO_WAREHOUSE=WH) y reinicie.",
        "Put its code into ODOO_WAREHOUSE (for example ODOO_WAREHOUSE=WH) and restart.",
    ),
    "odoo.warehouse_absent": (
        "Odoo no muestra a {user} ninguna bodega {wanted} (muestra: {warehouses})",
        "Odoo shows no warehouse {wanted} to {user} (it shows: {warehouses})",
    ),
    "odoo.warehouse_absent.means": (
        "No existe, está archivada o es de una compañía cerrada a {user}. Lo que depende de ella espera.",
        "It does not exist, is archived, or is of a company closed to {user}. What depends on it waits.",
    ),
    "odoo.warehouse_absent.do": (
        "Corrija el código (ODOO_WAREHOUSE o el de la cuenta), o dé a {user} acceso a su compañía en Odoo.",
        "Correct the code (ODOO_WAREHOUSE or the account's), or give {user} access to its company in Odoo.",
    ),
    "odoo.company": (
        "{user} no tiene acceso a la compañía {company_id}, de la bodega {warehouse}",
        "{user} has no access to company {company_id}, which has the warehouse {warehouse}",
    ),
    "odoo.company.means": (
        "Los pedidos y publicaciones de esa bodega esperan; lo demás sigue. Detalle: {detail}",
        "That warehouse's orders and pushes wait; the rest goes on. Detail: {detail}",
    ),
    "odoo.company.do": (
        "En Odoo, Ajustes, Usuarios, {user}: agregue la compañía a las permitidas.",
        "In Odoo, Settings, Users, {user}: add the company to the allowed ones.",
    ),
    "odoo.location": (
        "La ubicación {location} no es una sola en Odoo (se encontraron {found})",
        "The location {location} is not exactly one in Odoo (found: {found})",
    ),
    "odoo.location.means": (
        "Sin saber qué lugares cuentan no se publica ningún número nuevo de esa cuenta.",
        "As long as it is not known which places count, that account's numbers are not published.",
    ),
    "odoo.location.do": (
        "Corrija FALABELLA_LOCATIONS: códigos de bodegas o nombres completos (Inventario, Ubicaciones).",
        "Correct FALABELLA_LOCATIONS: codes of warehouses or full names (Inventory, Locations).",
    ),
    "odoo.locations": (
        "Se publica el stock de {locations}; los pedidos salen de {warehouse}",
        "The stock of {locations} is published; orders are taken from {warehouse}",
    ),
    "odoo.locations@warning": (
        "Se publica el stock de {locations}, pero los pedidos salen de {warehouse}",
        "The stock of {locations} is published, but orders are taken from {warehouse}",
    ),
    "odoo.locations@warning.means": (
        "Ningún lugar publicado está en la bodega que vende: su stock puede quedar bajo cero.",
        "No published place is in the warehouse that sells: its stock may fall below zero.",
    ),
    "odoo.locations@warning.do": (
        "Agregue {warehouse} a FALABELLA_LOCATIONS, o elija otra bodega con FALABELLA_WAREHOUSE.",
        "Add {warehouse} to FALABELLA_LOCATIONS, or choose another one with FALABELLA_WAREHOUSE.",
    ),
    "odoo.delivery_steps": (
        "La bodega {warehouse} despacha en varios pasos",
        "The warehouse {warehouse} delivers in several steps",
    ),
    "odoo.delivery_steps.means": (
        "Con varios pasos el documento que creamos no es el que descuenta el stock.",
        "With several steps the document that we create is not the one that takes the stock.",
    ),
    "odoo.delivery_steps.do": (
        "En Odoo, Inventario, Bodegas: salida en 1 paso; o elija otra bodega con ODOO_WAREHOUSE.",
        "In Odoo, Inventory, Warehouses: outgoing in 1 step; or choose another one with ODOO_WAREHOUSE.",
    ),
    "odoo.customer_location": (
        "Odoo no tiene una ubicación de clientes",
        "Odoo has no customer location",
    ),
    "odoo.customer_location.means": (
        "Sin ella una venta no tiene adónde salir.",
        "Without it a sale has nowhere to go.",
    ),
    "odoo.customer_location.do": (
        "En Odoo, Inventario, Ubicaciones: cree o desarchive una de tipo «Ubicación de cliente».",
        "In Odoo, Inventory, Locations: create or unarchive one of the type “Customer Location”.",
    ),
    "odoo.clock": ("Hora de Odoo: a {skew_s} s de la nuestra", "Odoo's time: {skew_s} s from ours"),
    "odoo.clock@warning.means": (
        "Los cambios de stock se buscan por hora; con más diferencia se verían tarde.",
        "Stock changes are looked up by time; with more of a difference they would be seen late.",
    ),
    "odoo.clock@warning": (
        "El reloj de esta máquina y el de Odoo difieren {skew_s} s",
        "This machine's clock and Odoo's differ by {skew_s} s",
    ),
    "odoo.clock@warning.do": (
        "Active la sincronización de hora en ambas máquinas: timedatectl set-ntp true.",
        "Turn time synchronisation on at both machines: timedatectl set-ntp true.",
    ),
    "odoo.rights@ok": ("{user} tiene el grupo {group}", "{user} has the group {group}"),
    "odoo.rights@warning": (
        "No se pudo ver si {user} tiene el grupo {group}",
        "It could not be seen whether {user} has the group {group}",
    ),
    "odoo.rights@warning.do": (
        "Compruébelo en Odoo, Ajustes, Usuarios.",
        "Look it up in Odoo, Settings, Users.",
    ),
    "odoo.rights@error": ("A {user} le falta el grupo {group}", "{user} lacks the group {group}"),
    "odoo.rights@error.means": (
        "Sin él no puede descontar stock.",
        "Without it no stock can be taken out.",
    ),
    "odoo.rights@error.do": (
        "En Odoo, Ajustes, Usuarios: dele Inventario / Usuario.",
        "In Odoo, Settings, Users: give it Inventory / User.",
    ),
    "odoo.scope@ok": (
        "Solo se cuenta el stock de la bodega {warehouse}",
        "Only the stock of the warehouse {warehouse} is counted",
    ),
    "odoo.scope@error": (
        "Odoo cuenta también el stock de otras bodegas ({others})",
        "Odoo also counts the stock of other warehouses ({others})",
    ),
    "odoo.scope@error.means": (
        "Publicaríamos unidades que {warehouse} no tiene; por eso el flujo se detiene.",
        "We would publish units that {warehouse} does not have; therefore the flow stops.",
    ),
    "odoo.scope@error.do": (
        "Algún módulo de Odoo cambia cómo se cuenta el stock; consulte a quien lo administra.",
        "Some module in Odoo changes how stock is counted; ask whoever administers it.",
    ),
    "odoo.user_email@ok": (
        "{user} tiene una dirección de correo en Odoo",
        "{user} has an e-mail address in Odoo",
    ),
    "odoo.user_email@warning": (
        "{user} no tiene dirección de correo en Odoo",
        "{user} has no e-mail address in Odoo",
    ),
    "odoo.user_email@warning.means": (
        "Odoo no deja crear una entrega pendiente a quien no tiene una: cada pedido sin stock suficiente "
        "quedaría detenido hasta que lo mire una persona.",
        "Odoo refuses a backorder to whoever has none: every order that lacks stock would be held until a "
        "person looks at it.",
    ),
    "odoo.user_email@warning.do": (
        "En Odoo, Ajustes, Usuarios: escriba una dirección en la ficha de {user}; no hace falta que reciba "
        "correo.",
        "In Odoo, Settings, Users: put an address into the record of {user}; it need not receive mail.",
    ),
    "odoo.reservation@ok": (
        "Odoo reserva al confirmar en la bodega {warehouse}",
        "Odoo reserves on confirmation in the warehouse {warehouse}",
    ),
    "odoo.reservation@warning": (
        "Odoo no reserva al confirmar en la bodega {warehouse} (reservation_method: {method})",
        "Odoo does not reserve on confirmation in the warehouse {warehouse} (reservation_method: {method})",
    ),
    "odoo.reservation@warning.means": (
        "Publicamos lo libre, existencias menos reservas: una venta confirmada por una persona no se resta "
        "hasta que se reserve, y puede venderse dos veces. Los pedidos de los canales sí se restan.",
        "We publish what is free, on hand less reserved: a sale that a person confirmed is not taken off "
        "until it is reserved, and may be sold twice. The orders of the channels are taken off.",
    ),
    "odoo.reservation@warning.do": (
        "En Odoo, Inventario, Configuración, Tipos de operación, entregas de esa bodega: método de reserva "
        "«Al confirmar»; o deje un margen con STOCK_BUFFER.",
        "In Odoo, Inventory, Configuration, Operations Types, deliveries of that warehouse: reservation "
        "method “At Confirmation”; or keep a margin with STOCK_BUFFER.",
    ),
    "odoo.key_expires@ok": (
        "La clave API de Odoo «{name}» vale hasta {until} ({days} días)",
        "Odoo's API key “{name}” is good until {until} ({days} days)",
    ),
    "odoo.key_expires@warning": (
        "La clave API de Odoo «{name}» caduca el {until} (en {days} días)",
        "Odoo's API key “{name}” ends on {until} (in {days} days)",
    ),
    "odoo.key_expires@warning.means": (
        "Ese día Odoo rechaza todo lo nuestro: no se lee ni se mueve stock. Odoo no dice qué clave usa cada "
        "llamada; esta es la primera de ese usuario en caducar.",
        "On that day Odoo refuses everything of ours: no stock is read or moved. Odoo does not say which key "
        "a call was made with; this one of that user ends first.",
    ),
    "odoo.key_expires@warning.do": (
        "En Odoo, con ese usuario: Preferencias, Seguridad de la cuenta, Nueva clave API; póngala en "
        "ODOO_API_KEY, reinicie y revoque la antigua.",
        "In Odoo, as that user: Preferences, Account Security, New API Key; put it into ODOO_API_KEY, "
        "restart and revoke the old one.",
    ),
    "odoo.key_expired": (
        "La clave API de Odoo «{name}» caducó el {until}",
        "Odoo's API key “{name}” ended on {until}",
    ),
    "odoo.key_expired.means": (
        "Ese usuario no tiene otra vigente: Odoo rechaza, o rechazará al reiniciarse, todo lo nuestro.",
        "That user has no other one that lives: Odoo refuses everything of ours, or will when it restarts.",
    ),
    "odoo.key_expired.do": (
        "En Odoo, con ese usuario: Preferencias, Seguridad de la cuenta, Nueva clave API; póngala en "
        "ODOO_API_KEY y reinicie.",
        "In Odoo, as that user: Preferences, Account Security, New API Key; put it into ODOO_API_KEY and "
        "restart.",
    ),
    "odoo.key_unseen": (
        "No se pudo ver cuándo caduca la clave API de {user}",
        "It could not be seen when the API key of {user} ends",
    ),
    "odoo.key_unseen.means": (
        "Las claves de un usuario duran a lo más 90 días, salvo que un administrador lo cambie.",
        "A user's keys last for 90 days at most, unless an administrator changes that.",
    ),
    "odoo.key_unseen.do": (
        "Mírelo en Odoo, con ese usuario: Preferencias, Seguridad de la cuenta.",
        "Look it up in Odoo, as that user: Preferences, Account Security.",
    ),
    "odoo.units": (
        "{count} productos no se cuentan en {unit}: {skus}. Una unidad de su publicación es una de esas "
        "medidas",
        "{count} products are not counted in {unit}: {skus}. One unit of their listing is one of those "
        "measures",
    ),
    "odoo.kit_units@warning": (
        "{count} kits se venden en otra unidad que la de su lista de materiales: {skus}",
        "{count} kits are sold in another unit than their bill of materials counts in: {skus}",
    ),
    "odoo.kit_units@warning.means": (
        "Odoo muestra de ellos un stock equivocado (83 docenas como 83 unidades) y al vender redondea hacia "
        "arriba lo que toma. Se publica lo que de verdad alcanza.",
        "Odoo shows a wrong stock for them (83 dozens as 83 units), and rounds up what it takes when one is "
        "sold. What is published is what there really is.",
    ),
    "odoo.kit_units@warning.do": (
        "Ponga en la lista de materiales la unidad en que se vende el kit.",
        "Give the bill of materials the unit that the kit is sold in.",
    ),
    "odoo.duplicates@ok": (
        "Ningún SKU en venta se repite en Odoo",
        "No SKU for sale is there twice in Odoo",
    ),
    "odoo.duplicates@warning": (
        "{n} SKU en venta están en varios productos de Odoo: {first}",
        "{n} SKUs for sale are on several products in Odoo: {first}",
    ),
    "odoo.duplicates@warning.means": (
        "Nadie puede saber cuál se vende: sus publicaciones quedan congeladas y sus pedidos esperan a una "
        "persona.",
        "Nobody can tell which one is sold: their listings are frozen and their orders wait for a person.",
    ),
    "odoo.duplicates@warning.do": (
        "Deje la referencia interna en uno solo de cada uno. La lista completa: GET /odoo/duplicates.",
        "Leave the internal reference on one of each only. The whole list: GET /odoo/duplicates.",
    ),
    "odoo.webhook_rule@ok": (
        "Aviso de cambios de stock de Odoo: bien",
        "Notices of stock changes from Odoo: fine",
    ),
    "odoo.webhook_rule@warning": (
        "No se ve en Odoo una regla que avise los cambios de stock",
        "No rule that announces stock changes can be seen in Odoo",
    ),
    "odoo.webhook_rule@warning.means": (
        "Los cambios se encuentran igual, por sondeo, medio minuto después.",
        "Changes are found all the same, by polling, half a minute later.",
    ),
    "odoo.webhook_rule@warning.do": (
        "Opcional: `orquestador odoo webhook --install`; sin --install muestra cómo crearla a mano.",
        "Optional: `orquestador odoo webhook --install`; without --install it shows how to make it by hand.",
    ),
    "odoo.accelerator_ready": (
        "Un lote de pedidos es una sola llamada a Odoo: acción de servidor {id}, con nuestro texto",
        "A batch of orders is one call to Odoo: server action {id}, with our text",
    ),
    "odoo.accelerator_missing": (
        "Lotes en llamadas corrientes a Odoo (opcional: `orquestador odoo install-action`)",
        "Batches in ordinary calls to Odoo (optional: `orquestador odoo install-action`)",
    ),
    "odoo.accelerator_other": (
        "La acción de servidor {id} de Odoo no tiene nuestro texto: no se usa",
        "Odoo's server action {id} does not have our text: it is not used",
    ),
    "odoo.accelerator_other.means": (
        "Es de otra versión o alguien la cambió. Los pedidos siguen por las llamadas corrientes.",
        "It is of another version, or somebody changed it. Orders go on by the ordinary calls.",
    ),
    "odoo.accelerator_other.do": (
        "`orquestador odoo install-action` la deja al día (con un administrador); con --remove la quita.",
        "`orquestador odoo install-action` puts it right (as an administrator); with --remove it goes.",
    ),
    "odoo.accelerator_unseen": (
        "No se pudo ver la acción de servidor de Odoo: no se usa ({detail})",
        "Odoo's server action could not be seen: it is not used ({detail})",
    ),
    "odoo.accelerator_unseen.means": (
        "Los pedidos siguen por las llamadas corrientes.",
        "Orders go on by the ordinary calls.",
    ),
    "odoo.accelerator_unseen.do": (
        "El usuario necesita Inventario / Usuario. Para no buscarla más: ODOO_ACCELERATOR=off.",
        "The user needs Inventory / User. To have it looked for no more: ODOO_ACCELERATOR=off.",
    ),
}
