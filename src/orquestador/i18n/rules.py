"""Rules: their commands, and what is said of a row that cannot be taken."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "help.rules": (
        "Reglas de un canal o de un SKU: reserva, tope, parte, fijo, publicar, mapeo.",
        "Rules of a channel or a SKU: buffer, cap, share, fixed, publish, mapping.",
    ),
    "help.rules.list": ("Las reglas que hay.", "The rules that there are."),
    "help.rules.set": (
        "Cambia una regla; lo que no se nombra queda como está. Sin --sku vale para todo el canal.",
        "Change one rule; what is not named stays. Without --sku it is for the whole channel.",
    ),
    "help.rules.clear": (
        "Borra una regla, o solo los campos que se nombran.",
        "Clear one rule, or only the fields that are named.",
    ),
    "help.rules.import": (
        "Trae reglas de un CSV: todas o ninguna, y dice qué fila no sirve y por qué.",
        "Bring rules from a CSV: all or none, saying which row cannot be taken and why.",
    ),
    "help.rules.export": ("Todas las reglas como CSV.", "All rules as CSV."),
    "help.rules.channel": (
        "El canal; se puede omitir si hay uno solo.",
        "The channel; may be omitted where there is only one.",
    ),
    "help.rules.sku": ("El SKU del vendedor en el canal.", "The seller's SKU on the channel."),
    "help.rules.buffer": (
        "Unidades que no se muestran; auto: lo que se vendería hasta que se vea el próximo número.",
        "Units that are held back; auto: what would be sold until the next number can show.",
    ),
    "help.rules.cap": (
        "No mostrar más que esto; none: el tope del canal no vale aquí.",
        "Never show more; none: the channel's cap does not count here.",
    ),
    "help.rules.share": ("Parte de lo que queda: 0.5 o 50%.", "Share of what is left: 0.5 or 50%."),
    "help.rules.fixed": (
        "Mostrar siempre este número mientras alcance el stock; none: no vale aquí.",
        "Always show this number as long as there is so much; none: it does not count here.",
    ),
    "help.rules.oversell": (
        "Mostrar el número fijo aunque no haya stock.",
        "Show the fixed number even without stock.",
    ),
    "help.rules.publish": (
        "Manejar esta publicación, o no tocarla.",
        "Manage this listing, or leave it alone.",
    ),
    "help.rules.erp_sku": (
        "La referencia interna del producto en Odoo, si es otra.",
        "The product's internal reference in Odoo, where it is another one.",
    ),
    "help.rules.field": ("Solo este campo; se puede repetir.", "Only this field; may be repeated."),
    "help.rules.frozen": ("Solo las congeladas.", "Only those that are frozen."),
    "help.rules.file": ("Archivo CSV.", "CSV file."),
    "help.rules.out": ("Archivo nuevo; sin él, a la salida.", "A new file; without it, to the output."),
    "help.rules.dry_run": ("Solo dice qué haría.", "Only say what it would do."),
    "help.rules.skip_conflicts": (
        "Toma las filas sin conflicto.",
        "Take the rows without a conflict.",
    ),
    "help.freeze": (
        "No enviar más números de un canal o SKU; los pedidos siguen.",
        "Send no more numbers of a channel or SKU; orders go on.",
    ),
    "help.unfreeze": ("Enviarlos de nuevo.", "Send them again."),
    "help.freeze.channel": ("Este canal.", "This channel."),
    "help.freeze.sku": (
        "Este SKU (del vendedor o de Odoo); sin --channel, en todos los canales.",
        "This SKU (the seller's or Odoo's); without --channel, on every channel.",
    ),
    "rules.none": ("No hay reglas.", "There are no rules."),
    "rules.done": ("{channel} {sku}: {said}", "{channel} {sku}: {said}"),
    "rules.nothing": ("ninguna regla", "no rule"),
    "rules.which": ("¿Qué cambia?", "What is to change?"),
    "rules.which.do": ("Nombre un campo, por ejemplo --cap 5.", "Name a field, for example --cap 5."),
    "rules.share.bad": ("--share: no es una parte", "--share: it is no share"),
    "rules.share.bad.do": ("Por ejemplo 0.5 o 50%.", "For example 0.5 or 50%."),
    "rules.units.bad": ("{option}: no es un número entero", "{option}: it is no whole number"),
    "rules.units.bad.do": ("Por ejemplo 5, o none.", "For example 5, or none."),
    "rules.no_file": ("No se puede leer {path}.", "{path} cannot be read."),
    "rules.exported": ("Escrito: {path}", "Written: {path}"),
    "rules.file_exists": ("{path} ya existe.", "{path} exists already."),
    "rules.col.channel": ("canal", "channel"),
    "rules.col.rule": ("regla", "rule"),
    "rules.col.changed": ("cambió", "changed"),
    "rules.col.by": ("quién", "by"),
    "rules.col.row": ("fila", "row"),
    "rules.col.column": ("columna", "column"),
    "rules.col.problem": ("problema", "problem"),
    "rules.col.do": ("qué hacer", "what to do"),
    "rules.more_conflicts": ("… y {n} más (--json los da todos).", "… and {n} more (--json gives all)."),
    "rules.report": (
        "{rows} filas: {changed} cambian algo, {unchanged} nada, {conflicts} conflictos.",
        "{rows} rows: {changed} change something, {unchanged} nothing, {conflicts} conflicts.",
    ),
    "rules.applied": ("Aplicadas: {n}.", "Applied: {n}."),
    "rules.not_applied": (
        "No se aplicó ninguna: corrija las filas, o use --skip-conflicts.",
        "None was applied: correct the rows, or use --skip-conflicts.",
    ),
    "rules.dry": ("Era una prueba: no cambió nada.", "A dry run: nothing was changed."),
    "frozen.done": ("{channel} {sku}: congelado", "{channel} {sku}: frozen"),
    "unfrozen.done": ("{channel} {sku}: descongelado", "{channel} {sku}: unfrozen"),
    "unfrozen.none": ("No había nada congelado ahí.", "Nothing was frozen there."),
    "freeze.which": ("¿Qué canal o SKU?", "Which channel or SKU?"),
    "freeze.which.do": (
        "Agregue --channel o --sku; para detener todo: orquestador pause",
        "Add --channel or --sku; to stop everything: orquestador pause",
    ),
    "listing.rule": (
        "Ese número lo da la regla {field}={value} ({level}).",
        "That number comes from the rule {field}={value} ({level}).",
    ),
    "listing.auto_buffer": (
        "La reserva automática {level} retiene {value}: se venden {speed} por hora, y el próximo número "
        "tarda hasta {window} s en verse.",
        "The automatic buffer {level} holds {value} back: {speed} are sold an hour, and the next number "
        "takes up to {window} s to show.",
    ),
    "level.sku": ("del SKU", "of the SKU"),
    "level.channel": ("del canal", "of the channel"),
    "level.default": ("de los ajustes", "of the settings"),
    # --- conflicts of a row ---
    "conflict.missing": ("está vacía", "is empty"),
    "conflict.missing.do": ("Complétela; * es todo el canal.", "Fill it in; * is the whole channel."),
    "conflict.not_a_sku": ("no es un SKU", "is no SKU"),
    "conflict.not_a_sku.do": (
        "1 a 200 caracteres, sin caracteres de control.",
        "1 to 200 characters, no control characters.",
    ),
    "conflict.not_a_flag": ("«{value}» no es sí ni no", "“{value}” is neither yes nor no"),
    "conflict.not_a_flag.do": ("Escriba yes o no.", "Write yes or no."),
    "conflict.not_units": (
        "«{value}» no es un número entero de unidades",
        "“{value}” is no whole number of units",
    ),
    "conflict.not_units.do": (
        "0 a 1000000; tope y fijo admiten none, buffer admite auto.",
        "0 to 1000000; cap and fixed may be none, buffer may be auto.",
    ),
    "conflict.not_a_share": ("«{value}» no es una parte", "“{value}” is no share"),
    "conflict.not_a_share.do": ("0 a 1, o 0% a 100%.", "0 to 1, or 0% to 100%."),
    "conflict.not_a_freeze": ("«{value}» no se entiende", "“{value}” is not understood"),
    "conflict.not_a_freeze.do": ("Escriba yes, «yes: motivo» o no.", "Write yes, “yes: reason” or no."),
    "conflict.unknown_column": ("la columna «{value}» no existe", "there is no column “{value}”"),
    "conflict.unknown_column.do": (
        "Las columnas están en docs/rules.md; bórrela si sobra.",
        "docs/rules.md has the columns; remove it if it is not needed.",
    ),
    "conflict.column_twice": ("la columna está dos veces", "the column is there twice"),
    "conflict.column_twice.do": ("Deje una.", "Keep one."),
    "conflict.column_missing": ("falta la columna", "the column is missing"),
    "conflict.column_missing.do": (
        "La primera línea nombra las columnas; seller_sku es obligatoria.",
        "The first line names the columns; seller_sku is needed.",
    ),
    "conflict.too_many_cells": ("tiene más celdas que la cabecera", "has more cells than the header"),
    "conflict.too_many_cells.do": (
        'Ponga entre comillas lo que tenga el separador, por ejemplo "0,5".',
        'Quote what contains the separator, for example "0,5".',
    ),
    "conflict.not_csv": ("no es CSV: {value}", "is no CSV: {value}"),
    "conflict.not_csv.do": ("Guárdelo de nuevo como CSV UTF-8.", "Save it again as CSV UTF-8."),
    "conflict.duplicate_row": ("«{value}» está en más de una fila", "“{value}” is in more than one row"),
    "conflict.duplicate_row.do": ("Deje una sola fila.", "Keep one row."),
    "conflict.mapping_of_channel": (
        "un canal entero no es un producto",
        "a whole channel is no product",
    ),
    "conflict.mapping_of_channel.do": ("Deje la celda vacía.", "Leave the cell empty."),
    "conflict.unknown_channel": ("no hay un canal «{value}»", "there is no channel “{value}”"),
    "conflict.unknown_channel.do": (
        "Los canales están en `orquestador status`.",
        "`orquestador status` shows the channels.",
    ),
    "conflict.unknown_listing": (
        "el canal no publica «{value}»",
        "the channel does not list “{value}”",
    ),
    "conflict.unknown_listing.do": (
        "Revise el SKU (¿Excel le quitó ceros?), o espere a la próxima lectura del catálogo.",
        "Check the SKU (did Excel drop zeros?), or wait for the next read of the catalogue.",
    ),
    "conflict.unknown_erp_sku": (
        "ningún producto de Odoo tiene «{value}»",
        "no product of Odoo has “{value}”",
    ),
    "conflict.unknown_erp_sku.do": (
        "Corrija la celda o la referencia interna en Odoo.",
        "Correct the cell, or the internal reference in Odoo.",
    ),
    "conflict.unusable_erp_sku": (
        "con «{value}» no se puede vender: está repetido, archivado o sin inventario",
        "“{value}” cannot be sold from: doubled, archived, or without inventory",
    ),
    "conflict.unusable_erp_sku.do": ("Corrija el producto en Odoo.", "Correct the product in Odoo."),
    "conflict.contradictory": ("no puede ir junto con {value}", "cannot go with {value}"),
    "conflict.contradictory.do": ("Vacíe una de las dos.", "Empty one of the two."),
    "conflict.changed_meanwhile": (
        "alguien cambió esa regla mientras tanto",
        "somebody changed that rule meanwhile",
    ),
    "conflict.changed_meanwhile.do": ("Impórtelo de nuevo.", "Import it again."),
}
