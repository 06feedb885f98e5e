"""What `orquestador odoo ...` says."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "help.odoo": (
        "Lo que se prepara dentro de Odoo: su aviso de cambios de stock, y una llamada por lote.",
        "What is set up inside Odoo: its notice of stock changes, and one call for a batch.",
    ),
    "help.odoo.webhook": (
        "Muestra la regla recomendada que avisa los cambios de stock y cómo crearla a mano; con --install la "
        "crea. No toca nada más.",
        "Show the recommended rule that announces stock changes and how to make it by hand; with --install "
        "make it. Nothing else is touched.",
    ),
    "help.odoo.install": (
        "Crea la regla en Odoo, o la corrige si ya está (pide un usuario administrador).",
        "Create the rule in Odoo, or correct the one that is there (needs an administrator).",
    ),
    "help.odoo.show_secret": (
        "Muestra la dirección con su secreto, para copiarla.",
        "Show the address with its secret, to copy it.",
    ),
    "help.odoo.install_action": (
        "Deja en Odoo la acción de servidor que toma un lote de pedidos en una sola llamada, o la pone al "
        "día (pide un usuario administrador). Es opcional: los resultados son los mismos.",
        "Put the server action into Odoo that takes a batch of orders in one call, or put it right (needs an "
        "administrator). It is optional: the results are the same.",
    ),
    "help.odoo.print": (
        "Muestra su texto y sus campos, para leerla o crearla a mano; no toca nada.",
        "Show its text and its fields, to read it or to make it by hand; nothing is touched.",
    ),
    "help.odoo.remove": ("La quita de Odoo.", "Remove it from Odoo."),
    "odoo.action_title": (
        "Acción de servidor (Odoo 17, 18 y 19)",
        "The server action (Odoo 17, 18 and 19)",
    ),
    "odoo.action_text": ("Código", "Code"),
    "odoo.action_hand": (
        "A mano: Ajustes, Técnico, Acciones de servidor, Nuevo, con este nombre, modelo y código (tipo: "
        "ejecutar código), y Crear acción contextual, para que el usuario del servicio la encuentre.",
        "By hand: Settings, Technical, Server Actions, New, with this name, model and code (type: execute "
        "code), then Create Contextual Action, so that the service's user finds it.",
    ),
    "odoo.action.created": ("Acción creada en Odoo ({id})", "Action created in Odoo ({id})"),
    "odoo.action.updated": ("Acción puesta al día en Odoo ({id})", "Action put right in Odoo ({id})"),
    "odoo.action.unchanged": ("La acción ya estaba bien ({id})", "The action was fine already ({id})"),
    "odoo.action.removed": ("Acción quitada de Odoo ({id})", "Action removed from Odoo ({id})"),
    "odoo.action.none": ("No había ninguna acción nuestra en Odoo", "There was no action of ours in Odoo"),
    "odoo.action_admin": (
        "{user} no es administrador de Odoo y no puede crear acciones de servidor (Administración / Ajustes)",
        "{user} is no administrator of Odoo and may not make server actions (Administration / Settings)",
    ),
    "odoo.action_admin.do": (
        "Ejecútelo una vez con uno: ODOO_USERNAME=... ODOO_API_KEY=... orquestador odoo install-action. O "
        "pida que la cree a mano: orquestador odoo install-action --print muestra cómo.",
        "Run it once as one: ODOO_USERNAME=... ODOO_API_KEY=... orquestador odoo install-action. Or have it "
        "made by hand: orquestador odoo install-action --print shows how.",
    ),
    "odoo.action_version": (
        "Solo se probó en Odoo 17, 18 y 19",
        "It was tried on Odoo 17, 18 and 19 only",
    ),
    "odoo.action_version.do": (
        "No hace falta nada: los lotes van por las llamadas corrientes.",
        "Nothing is needed: batches go by the ordinary calls.",
    ),
    "odoo.action_doubt.do": (
        "No se sabe si alcanzó a hacerse. Repita la orden: nunca deja dos.",
        "It is not known whether it was done. Repeat the command: it never leaves two.",
    ),
    "odoo.rule_title": (
        "Regla recomendada (Odoo 17, 18 y 19)",
        "The recommended rule (Odoo 17, 18 and 19)",
    ),
    "odoo.hidden": (
        "El secreto está oculto; para copiar la dirección completa: --show-secret",
        "The secret is hidden; to copy the whole address: --show-secret",
    ),
    "odoo.promises": ("Qué promete y qué no", "What it promises and what not"),
    "odoo.promise.hint": (
        "Solo avisa que un producto pudo cambiar: sus números no se usan, el stock se vuelve a leer.",
        "It only says that a product may have changed: its numbers are not used, the stock is read again.",
    ),
    "odoo.promise.early": (
        "Odoo 17 y 18 avisan antes de guardar, y también si la operación se deshace; por eso se mira después "
        "de 2, 30 y 150 s (HINT_DELAYS_S). Odoo 19 avisa después de guardar.",
        "Odoo 17 and 18 call before they save, and also when the operation is undone; so we look after "
        "2, 30 and 150 s (HINT_DELAYS_S). Odoo 19 calls after it saved.",
    ),
    "odoo.promise.once": (
        "Odoo no repite ni firma: lo que se pierde lo encuentran el sondeo (ODOO_POLL_S) y la relectura "
        "completa.",
        "Odoo repeats nothing and signs nothing: what is lost is found by polling (ODOO_POLL_S) and by the "
        "full sweep.",
    ),
    "odoo.promise.cost": (
        "Son unos 3 avisos por línea entregada y 1 por reserva; Odoo espera cada uno, a lo más 1 s.",
        "About 3 calls for a delivered line and 1 for a reservation; Odoo waits for each, at most 1 s.",
    ),
    "odoo.promise.old": (
        "Odoo 16 y anteriores no tienen esta acción: allí queda el sondeo.",
        "Odoo 16 and older do not have this action: there polling remains.",
    ),
    "odoo.steps": (
        "A mano, con un administrador de Odoo",
        "By hand, as an administrator of Odoo",
    ),
    "odoo.step.module": (
        "Aplicaciones: quite el filtro «Aplicaciones», busque base_automation e instálelo.",
        "Apps: remove the filter “Apps”, look for base_automation and install it.",
    ),
    "odoo.step.developer": (
        "Ajustes, Herramientas de desarrollo: active el modo de desarrollador.",
        "Settings, Developer Tools: activate the developer mode.",
    ),
    "odoo.step.new": (
        "Ajustes, Técnico, Automatización, Reglas de automatización, Nuevo. Nombre: {name}. Modelo: Quants "
        "(stock.quant).",
        "Settings, Technical, Automation, Automation Rules, New. Name: {name}. Model: Quants (stock.quant).",
    ),
    "odoo.step.trigger": (
        "Disparador: al guardar (On save; on_create_or_write). Al actualizar: Cantidad (quantity) y Cantidad "
        "reservada (reserved_quantity).",
        "Trigger: On save (on_create_or_write). When updating: Quantity (quantity) and Reserved Quantity "
        "(reserved_quantity).",
    ),
    "odoo.step.domain": (
        "Aplicar en, editor de código: {domain}",
        "Apply on, code editor: {domain}",
    ),
    "odoo.step.action": (
        "Agregar una acción, Enviar notificación de webhook. URL: {url} Campos: Producto, Ubicación, "
        "Cantidad, Cantidad reservada, Última actualización. El producto (product_id) es imprescindible.",
        "Add an action, Send Webhook Notification. URL: {url} Fields: Product, Location, Quantity, Reserved "
        "Quantity, Last Updated on. The product (product_id) is what matters.",
    ),
    "odoo.step.check": (
        "Guarde, mueva una unidad y mire: orquestador logs; orquestador doctor.",
        "Save, move a unit and look: orquestador logs; orquestador doctor.",
    ),
    "odoo.change.created": ("Regla creada en Odoo ({id}): {url}", "Rule created in Odoo ({id}): {url}"),
    "odoo.change.updated": (
        "Regla corregida en Odoo (ahora {id}): {url}",
        "Rule corrected in Odoo (now {id}): {url}",
    ),
    "odoo.change.unchanged": (
        "La regla ya estaba bien ({id}): {url}",
        "The rule was fine already ({id}): {url}",
    ),
    "odoo.rule_version": (
        "Este Odoo no puede avisar: la acción existe desde la versión 17",
        "This Odoo cannot announce anything: the action exists since version 17",
    ),
    "odoo.rule_version.do": (
        "No hace falta nada: los cambios se encuentran por sondeo. Para verlos antes, baje ODOO_POLL_S a 10.",
        "Nothing is needed: changes are found by polling. To see them sooner, lower ODOO_POLL_S to 10.",
    ),
    "odoo.rule_admin": (
        "{user} no es administrador de Odoo y no puede crear reglas",
        "{user} is no administrator of Odoo and may not make rules",
    ),
    "odoo.rule_admin.do": (
        "Ejecútelo una vez con uno: ODOO_USERNAME=... ODOO_API_KEY=... orquestador odoo webhook "
        "--install. O pida que la cree a mano: orquestador odoo webhook muestra los pasos.",
        "Run it once as one: ODOO_USERNAME=... ODOO_API_KEY=... orquestador odoo webhook "
        "--install. Or have it made by hand: orquestador odoo webhook shows the steps.",
    ),
    "odoo.rule_module": (
        "Odoo no tiene instalado el módulo base_automation",
        "The module base_automation is not installed in Odoo",
    ),
    "odoo.rule_module.do": (
        "En Odoo, Aplicaciones: quite el filtro «Aplicaciones», busque base_automation, instálelo y repita.",
        "In Odoo, Apps: remove the filter “Apps”, look for base_automation, install it and repeat this.",
    ),
    "odoo.rule_doubt.do": (
        "No se sabe si alcanzó a crearse. Repita la orden: nunca deja dos.",
        "It is not known whether it was made. Repeat the command: it never leaves two.",
    ),
    "odoo.no_url.do": (
        "Ponga PUBLIC_URL en .env: la dirección en la que Odoo llega a este servicio.",
        "Set PUBLIC_URL in .env: the address at which Odoo reaches this service.",
    ),
    "odoo.no_secret": (
        "Falta un secreto utilizable en ODOO_WEBHOOK_SECRET",
        "There is no usable secret in ODOO_WEBHOOK_SECRET",
    ),
    "odoo.no_secret.do": (
        "Ponga ODOO_WEBHOOK_SECRET con un texto largo y aleatorio en .env y reinicie el servicio.",
        "Set ODOO_WEBHOOK_SECRET to a long random text in .env and restart the service.",
    ),
    "odoo.not_configured": ("Odoo no está configurado", "Odoo is not configured"),
    "odoo.not_configured.do": (
        "Complete ODOO_URL, ODOO_DB, ODOO_USERNAME y ODOO_API_KEY (o ODOO_PASSWORD) en .env.",
        "Fill in ODOO_URL, ODOO_DB, ODOO_USERNAME and ODOO_API_KEY (or ODOO_PASSWORD) in .env.",
    ),
}
