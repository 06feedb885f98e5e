"""From SQLite to MongoDB: what `migrate-store` says, and who meets a database that is not finished."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "help.migrate_store": (
        "Copia el almacén de SQLite a MongoDB (MONGODB_URI), lo verifica y no cambia el archivo. "
        "Con el servicio detenido.",
        "Copy the store from SQLite to MongoDB (MONGODB_URI), verify it, and leave the file as it "
        "is. With the service stopped.",
    ),
    "migrate.plan": ("De {source} a MongoDB en {target}.", "From {source} to MongoDB at {target}."),
    "migrate.resumes": (
        "Una copia de este archivo quedó a medias ahí: sigue donde iba.",
        "A copy of this file was begun there: it goes on where it was.",
    ),
    "migrate.again": (
        "La copia que quedó a medias ahí ya no vale (el archivo se usó después, o la verificación "
        "falló): empieza de nuevo.",
        "The copy that was begun there is no longer good (the file was used since, or the check "
        "failed): it begins again.",
    ),
    "migrate.logs_left": (
        "El registro de llamadas es de otra versión y no se copia.",
        "The call log is of another version and is not copied.",
    ),
    "migrate.ask": ("¿Copiar ahora?", "Copy it now?"),
    "migrate.needs_yes": ("No se copió nada.", "Nothing was copied."),
    "migrate.needs_yes.do": ("Repita con --yes.", "Repeat with --yes."),
    "migrate.step.copy": ("Copia: {table}", "Copy: {table}"),
    "migrate.step.index": ("Índices", "Indexes"),
    "migrate.step.check": ("Verificación: {table}", "Check: {table}"),
    "migrate.table.receipts": ("avisos", "notices"),
    "migrate.table.work": ("pedidos y publicaciones", "orders and listings"),
    "migrate.table.names": ("nombres de pedidos", "names of orders"),
    "migrate.table.jobs": ("envíos", "pushes"),
    "migrate.table.budgets": ("presupuestos", "budgets"),
    "migrate.table.rules": ("reglas", "rules"),
    "migrate.table.meta": ("datos sueltos", "small facts"),
    "migrate.table.counters": ("contadores", "counters"),
    "migrate.table.logs": ("registro de llamadas", "call log"),
    "migrate.col.table": ("qué", "what"),
    "migrate.col.rows": ("filas", "rows"),
    "migrate.col.source": ("SQLite", "SQLite"),
    "migrate.col.target": ("MongoDB", "MongoDB"),
    "migrate.col.checksum": ("suma (SHA-256)", "checksum (SHA-256)"),
    "migrate.col.agree": ("igual", "equal"),
    "migrate.done": (
        "Todo está en {target}, leído de nuevo por ambos lados e igual ({seconds} s).",
        "All of it is in {target}, read again on both sides and equal ({seconds} s).",
    ),
    "migrate.next": (
        "Ahora: `orquestador up` con MONGODB_URI puesto. Desde entonces no lo arranque más sin él.",
        "Next: `orquestador up` with MONGODB_URI set. From then on, do not start it without.",
    ),
    "migrate.old_file": (
        "{source} quedó como estaba: guárdelo o bórrelo usted.",
        "{source} is as it was: keep it or delete it yourself.",
    ),
    "migrate.already": (
        "Ya está hecho: se terminó y se verificó el {at}; está en {target}.",
        "It is done already: it ended and was verified at {at}; it is in {target}.",
    ),
    "migrate.differs": (
        "Los dos lados no son iguales. Ningún servicio abre {target} así, y {source} está como estaba.",
        "The two sides are not equal. No service opens {target} like this, and {source} is as it was.",
    ),
    "migrate.differs.do": (
        "Vea que nadie más escriba en esa base y repita: empieza de nuevo.",
        "See that nobody else writes to that database and repeat: it begins again.",
    ),
    "migrate.differing": ("{table}: {ids}", "{table}: {ids}"),
    # --- refusals ---
    "migrate.no_target": (
        "MONGODB_URI no está puesto: no se sabe adónde copiar.",
        "MONGODB_URI is not set: there is nowhere to copy to.",
    ),
    "migrate.no_target.do": (
        "Póngalo en .env, p. ej. MONGODB_URI=mongodb://localhost:27017/orquestador",
        "Set it in .env, e.g. MONGODB_URI=mongodb://localhost:27017/orquestador",
    ),
    "migrate.no_source": ("No hay ningún almacén que copiar: {path}.", "There is no store to copy: {path}."),
    "migrate.no_source.do": (
        "¿Es DATA_DIR la carpeta correcta? Sin almacén, `orquestador up` empieza directo en MongoDB.",
        "Is DATA_DIR the right folder? Without a store, `orquestador up` begins in MongoDB directly.",
    ),
    "migrate.locked": (
        "El almacén está en uso; mientras alguien lo usa no se copia. ({detail})",
        "The store is in use; while somebody uses it, it is not copied. ({detail})",
    ),
    "migrate.locked.do": (
        "Detenga el servicio (Ctrl+C, o systemctl stop orquestador) y repita.",
        "Stop the service (Ctrl+C, or systemctl stop orquestador) and repeat.",
    ),
    "migrate.not_empty": (
        "La base {database} ya se usó (hay algo en: {held}). No se tocó.",
        "The database {database} has been used already (there is something in: {held}). It was left alone.",
    ),
    "migrate.not_empty.do": (
        "Ponga en MONGODB_URI otra base, o borre esa si no la necesita: mongosh URI --eval "
        "'db.dropDatabase()'",
        "Name another database in MONGODB_URI, or drop that one if you do not need it: mongosh URI "
        "--eval 'db.dropDatabase()'",
    ),
    "migrate.target_served": (
        "Un servicio trabaja sobre la base {database}, o murió ahí hace poco.",
        "A service works on the database {database}, or died there lately.",
    ),
    "migrate.target_served.do": (
        "Deténgalo y ponga en MONGODB_URI una base nueva.",
        "Stop it and name a new database in MONGODB_URI.",
    ),
    "migrate.other_journal": (
        "La base {database} tiene el almacén de otra instalación, copiado de {origin}. No se tocó.",
        "The database {database} holds the store of another installation, copied from {origin}. It "
        "was left alone.",
    ),
    "migrate.other_journal.do": (
        "Ponga en MONGODB_URI otra base.",
        "Name another database in MONGODB_URI.",
    ),
    "migrate.other_migration": (
        "La base {database} tiene una copia a medias de {origin}. No se tocó.",
        "The database {database} holds an unfinished copy of {origin}. It was left alone.",
    ),
    "migrate.other_migration.do": (
        "Termínela allá, o ponga en MONGODB_URI otra base.",
        "Finish that one there, or name another database in MONGODB_URI.",
    ),
    "migrate.used_since": (
        "La copia a {target} se terminó el {at}, pero {path} se siguió usando después: eso no está "
        "en MongoDB.",
        "The copy to {target} was finished at {at}, but {path} went on being used: that part is "
        "not in MongoDB.",
    ),
    "migrate.used_since.do": (
        "Decida cuál vale. MongoDB: aparte el archivo; lo que falte del marketplace lo encuentra el sondeo. "
        "El archivo: borre esa base y repita.",
        "Decide which one counts. MongoDB: put the file aside; what is missing from the "
        "marketplace is found by polling. "
        "The file: drop that database and repeat.",
    ),
    "migrate.ended_meanwhile": (
        "Otra copia a la misma base terminó en este momento.",
        "Another copy to the same database has ended just now.",
    ),
    "migrate.ended_meanwhile.do": ("Repita para ver cómo quedó.", "Repeat to see how it stands."),
    "migrate.row_refused": (
        "MongoDB no puede guardar {id} ({table}): {detail}. El archivo está como estaba.",
        "MongoDB cannot store {id} ({table}): {detail}. The file is as it was.",
    ),
    "migrate.row_refused.do": (
        "Lo copiado queda y no se abre; siga con SQLite y reporte este id.",
        "What was copied stays and is not opened; go on with SQLite and report this id.",
    ),
    "migrate.source_changed": (
        "Algo escribió en {path} durante la copia, así que no vale.",
        "Something wrote to {path} during the copy, so it does not count.",
    ),
    "migrate.source_changed.do": (
        "Vea que nada lo use y repita: empieza de nuevo.",
        "See that nothing uses it and repeat: it begins again.",
    ),
    "store.unfinished": (
        "La base {database} tiene una copia sin terminar de {origin}; así no se trabaja sobre ella.",
        "The database {database} holds an unfinished copy of {origin}; nobody may work on it like this.",
    ),
    "store.unfinished.do": (
        "Termínela con `orquestador migrate-store` (sigue donde iba), o quite MONGODB_URI y siga con SQLite, "
        "o borre esa base.",
        "Finish it with `orquestador migrate-store` (it goes on where it was), or unset "
        "MONGODB_URI and go on with SQLite, "
        "or drop that database.",
    ),
}
