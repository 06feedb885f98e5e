"""Findings about channels: title, what it means, what to do. `*` = an upstream without words of its own."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "*.unreachable": ("{upstream} no responde", "{upstream} does not answer"),
    "*.unreachable.means": (
        "Lo suyo espera sin gastar intentos y sigue solo cuando vuelva. Detalle: {detail}",
        "Its work waits without spending attempts and goes on by itself when it is back. Detail: {detail}",
    ),
    "*.unreachable.do": (
        "Revise la dirección en .env y que esta máquina llegue a ella.",
        "Check the address in .env and that this machine can reach it.",
    ),
    # --- Falabella ---
    "falabella.ok": ("Falabella responde ({host})", "Falabella answers ({host})"),
    "falabella.not_configured": (
        "Falabella: sin acceso a la API (falta {settings})",
        "Falabella: no API access ({settings} missing)",
    ),
    "falabella.not_configured.means": (
        "Los avisos simples funcionan; no se leen pedidos ni se publica stock.",
        "Simple notices work; no orders are read and no stock is published.",
    ),
    "falabella.not_configured.do": (
        "Ponga FALABELLA_USER_ID (correo de un usuario de Seller Center) y FALABELLA_API_KEY en .env.",
        "Set FALABELLA_USER_ID (e-mail of a Seller Center user) and FALABELLA_API_KEY in .env.",
    ),
    "falabella.placeholder": (
        "Falabella: quedan valores de ejemplo ({settings})",
        "Falabella: sample values are left ({settings})",
    ),
    "falabella.placeholder.means": (
        "Un valor de ejemplo nunca se envía; no hay acceso a la API.",
        "A sample value is never sent; there is no API access.",
    ),
    "falabella.placeholder.do": (
        "Ponga los valores reales en .env y reinicie.",
        "Put the real values into .env and restart.",
    ),
    "falabella.wrong_host": (
        "Falabella: {host} no es la dirección de la API",
        "Falabella: {host} is not the address of the API",
    ),
    "falabella.wrong_host.means": ("No se le envía nada.", "Nothing is sent to it."),
    "falabella.wrong_host.do": (
        "Ponga FALABELLA_API_URL={use} en .env y reinicie.",
        "Set FALABELLA_API_URL={use} in .env and restart.",
    ),
    "falabella.unreachable": ("Falabella no responde", "Falabella does not answer"),
    "falabella.unreachable.means": (
        "Sus pedidos y publicaciones esperan sin gastar intentos y siguen solos. Detalle: {detail}",
        "Its orders and listings wait without spending attempts and go on by themselves. Detail: {detail}",
    ),
    "falabella.unreachable.do": (
        "Si dura, revise FALABELLA_API_URL y la salida a internet de esta máquina.",
        "If it lasts, check FALABELLA_API_URL and this machine's way to the internet.",
    ),
    "falabella.rate_limited": ("Falabella pide ir más lento", "Falabella asks us to slow down"),
    "falabella.rate_limited.means": (
        "Bajamos el ritmo solos. {detail}",
        "We slow down by ourselves. {detail}",
    ),
    "falabella.rate_limited.do": (
        "Nada, salvo que otro programa use la misma cuenta.",
        "Nothing, unless another program uses the same account.",
    ),
    "falabella.credentials": ("Falabella rechaza las credenciales", "Falabella refuses the credentials"),
    "falabella.credentials.means": (
        "No se lee ni se publica nada. Detalle: {detail}",
        "Nothing is read or published. Detail: {detail}",
    ),
    "falabella.credentials.do": (
        "FALABELLA_USER_ID y FALABELLA_API_KEY deben ser del mismo usuario; vuelva a copiar la clave.",
        "FALABELLA_USER_ID and FALABELLA_API_KEY must be of the same user; copy the key again.",
    ),
    "falabella.clock": (
        "El reloj de esta máquina y el de Falabella no coinciden ({ahead_s} s)",
        "This machine's clock and Falabella's differ ({ahead_s} s)",
    ),
    "falabella.clock@error": (
        "Falabella rechaza la hora de esta máquina",
        "Falabella refuses this machine's time",
    ),
    "falabella.clock.means": (
        "Con más diferencia rechazará las firmas.",
        "With more of a difference it will refuse our signatures.",
    ),
    "falabella.clock@error.means": ("Detalle: {detail}", "Detail: {detail}"),
    "falabella.clock.do": (
        "Active la sincronización de hora: timedatectl set-ntp true.",
        "Turn time synchronisation on: timedatectl set-ntp true.",
    ),
    "falabella.clock@error.do": (
        "Active la sincronización de hora: timedatectl set-ntp true.",
        "Turn time synchronisation on: timedatectl set-ntp true.",
    ),
    "falabella.refused": ("Falabella rechaza nuestras consultas", "Falabella refuses our requests"),
    "falabella.refused.means": ("Detalle: {detail}", "Detail: {detail}"),
    "falabella.refused.do": (
        "Revise los permisos de ese usuario en Seller Center.",
        "Check that user's permissions in Seller Center.",
    ),
    "falabella.warehouse_unknown": (
        "Falabella no tiene la bodega {named}",
        "Falabella has no warehouse {named}",
    ),
    "falabella.warehouse_unknown.means": (
        "Todo número escrito ahí sería rechazado, así que el canal está detenido. Venden: {known}",
        "Every number written there would be refused, so the channel stands still. These sell: {known}",
    ),
    "falabella.warehouse_unknown.do": (
        "Corrija FALABELLA_FACILITY_ID o FALABELLA_SELLER_WAREHOUSE_ID.",
        "Correct FALABELLA_FACILITY_ID or FALABELLA_SELLER_WAREHOUSE_ID.",
    ),
    "falabella.warehouses_several": (
        "La cuenta tiene varias bodegas en Falabella y ninguna está elegida",
        "The account has several warehouses at Falabella and none is chosen",
    ),
    "falabella.warehouses_several.means": (
        "Se escribe la bodega por defecto y se lee la suma de todas: los números no calzan. Venden: {known}",
        "The default one is written and the sum of all is read: numbers do not match. These sell: {known}",
    ),
    "falabella.warehouses_several.do": (
        "Ponga en FALABELLA_FACILITY_ID el id de la bodega de este canal.",
        "Set FALABELLA_FACILITY_ID to the id of this channel's warehouse.",
    ),
    "falabella.webhook_missing": (
        "Falabella no tiene registrado nuestro webhook",
        "Falabella has no webhook of ours registered",
    ),
    "falabella.webhook_missing.means": (
        "Los pedidos se encuentran igual, por sondeo, con un minuto de demora.",
        "Orders are found all the same, by polling, a minute later.",
    ),
    "falabella.webhook_missing.do": (
        "Ponga PUBLIC_URL y ejecute `orquestador webhooks register`.",
        "Set PUBLIC_URL and run `orquestador webhooks register`.",
    ),
}
