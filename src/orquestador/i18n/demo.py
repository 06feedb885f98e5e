"""The demo: its phases, its table and what to try next."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "demo.title": (
        "Odoo y Falabella simulados en esta máquina; semilla {seed}. Nada aquí es real.",
        "Simulated Odoo and Falabella on this machine; seed {seed}. Nothing here is real.",
    ),
    "demo.on.sqlite": (
        "SQLite en una carpeta temporal.",
        "SQLite in a temporary folder.",
    ),
    "demo.on.mongodb": (
        "MongoDB {mongodb}, sin Redis; base {database}.",
        "MongoDB {mongodb}, no Redis; database {database}.",
    ),
    "demo.on.both": (
        "MongoDB {mongodb}, Redis {redis}; base {database}.",
        "MongoDB {mongodb}, Redis {redis}; database {database}.",
    ),
    "demo.redis_unused": (
        "{names}: no se usa. Sin MONGODB_URI la cola está dentro del proceso.",
        "{names}: not used. Without MONGODB_URI the queue is inside the process.",
    ),
    "demo.engine_away": (
        "No arrancó nada: {engine} ({where}) no se puede usar: {detail}. Corrija el entorno, o quite "
        "MONGODB_URI para una demo con SQLite.",
        "Nothing was started: {engine} ({where}) cannot be used: {detail}. Correct the environment, or unset "
        "MONGODB_URI for a demo on SQLite.",
    ),
    "demo.removed": ("Borrada: la base de datos {database}.", "Removed: the database {database}."),
    "demo.removed.keys": (
        "Borradas: la base de datos {database} y sus claves en Redis ({keys}).",
        "Removed: the database {database} and its keys in Redis ({keys}).",
    ),
    "demo.left": (
        "NO se pudo borrar {what} de {where}: {detail}. Bórrelo a mano.",
        "NOT removed: {what} from {where}: {detail}. Remove it by hand.",
    ),
    "demo.starting_sandboxes": ("Arrancan los dos simuladores", "Starting the two sandboxes"),
    "demo.starting_service": ("Arranca orquestador ({commands})", "Starting orquestador ({commands})"),
    "demo.ordering": (
        "Llegan pedidos ({n}): avisos repetidos y desordenados, stock de Falabella, un SKU desconocido",
        "Orders arrive ({n}): notices doubled and shuffled, Falabella's own stock, an unknown SKU",
    ),
    "demo.changing": (
        "Cancelaciones antes y después del despacho; en Odoo, una recepción y una venta a mano",
        "Cancellations before and after dispatch; in Odoo a receipt and a sale by hand",
    ),
    "demo.settling": (
        "Odoo y las publicaciones llegan a sus números",
        "Odoo and the listings reach their numbers",
    ),
    "demo.counts": (
        "avisos recibidos {acknowledged} · pedidos descontados {taken} · envíos confirmados {feeds} · "
        "para una persona {dead}",
        "webhooks acknowledged {acknowledged} · orders taken {taken} · feeds confirmed {feeds} · "
        "for a person {dead}",
    ),
    "demo.col.sku": ("SKU", "SKU"),
    "demo.col.expected": ("esperado", "expected"),
    "demo.col.erp": ("ERP", "ERP"),
    "demo.col.expected_listing": ("debe mostrar", "expected listing"),
    "demo.col.listing": ("muestra", "listing"),
    "demo.agree": (
        "Todo coincide: {orders} pedidos, {skus} SKU, {seconds} s.",
        "All agree: {orders} orders, {skus} SKUs, {seconds} s.",
    ),
    "demo.differ": (
        "{n} de {skus} SKU NO coinciden (✗). Repita: orquestador demo --orders {orders} --seed {seed} --keep",
        "{n} of {skus} SKUs do NOT agree (✗). Again: orquestador demo --orders {orders} --seed {seed} --keep",
    ),
    "demo.look.erp": (
        "{sku}: Odoo tiene {erp}, debe tener {expected}. Mire /logs/product/{sku} y /work?state=dead",
        "{sku}: Odoo has {erp}, must have {expected}. Look at /logs/product/{sku} and /work?state=dead",
    ),
    "demo.look.listing": (
        "{sku}: Falabella muestra {listing}, debe mostrar {expected}. Mire /listings?sku={sku}{why}",
        "{sku}: Falabella shows {listing}, must show {expected}. Look at /listings?sku={sku}{why}",
    ),
    "demo.nothing": ("nada", "nothing"),
    "demo.ended": (
        "La demo no puede seguir: {name} terminó (código {status}).",
        "The demo cannot go on: {name} ended (code {status}).",
    ),
    "demo.silent": (
        "La demo no puede seguir: {name} no contesta.",
        "The demo cannot go on: {name} does not answer.",
    ),
    "demo.last_lines": ("Últimas líneas de su registro:", "Last lines of its log:"),
    "demo.refused": (
        "La demo no puede seguir: {detail}",
        "The demo cannot go on: {detail}",
    ),
    "demo.interrupted": ("Interrumpida; no queda nada andando.", "Interrupted; nothing is left running."),
    "demo.keep": (
        "Sigue andando hasta Ctrl-C; después se borra todo.",
        "It stays up until Ctrl-C; then everything is removed.",
    ),
    "demo.keep.service": ("orquestador", "orquestador"),
    "demo.keep.docs": ("su API", "its API"),
    "demo.keep.odoo": ("estado de Odoo", "state of Odoo"),
    "demo.keep.falabella": ("estado de Falabella", "state of Falabella"),
    "demo.keep.database": ("su base de datos", "its database"),
    "demo.keep.logs": ("registros de los procesos", "logs of the processes"),
    "demo.try": ("Para probar:", "Things to try:"),
    "demo.try.order": ("un cliente compra en Falabella", "a customer orders on Falabella"),
    "demo.try.body": ("un pedido por el cuerpo simple", "an order by the simple body"),
    "demo.try.sale": ("una persona vende en Odoo", "a person sells in Odoo"),
    "demo.try.look": ("todo lo que pasó con un SKU", "everything that happened to a SKU"),
    "demo.try.status": ("cómo está todo", "how everything is"),
}
