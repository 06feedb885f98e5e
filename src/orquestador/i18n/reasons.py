"""Why an order waits, is dead or was settled, and what to do. `{detail}` is what follows the colon."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    # --- signals: what made a row due ---
    "reason.poll": ("el sondeo vio un cambio", "polling saw a change"),
    "reason.reread": (
        "se relee cada seis horas mientras pueda anularse",
        "read again every six hours while it could still be cancelled",
    ),
    "reason.retry": ("una persona pidió reintentar", "a person asked to retry"),
    "reason.order": ("cambió un pedido de este SKU", "an order of this SKU changed"),
    "reason.manual": ("hubo un movimiento manual", "there was a manual movement"),
    "reason.hint": ("Odoo avisó un cambio", "Odoo announced a change"),
    "reason.sweep": (
        "la relectura completa encontró otro stock en Odoo",
        "the full sweep found another stock in Odoo",
    ),
    "reason.resume": ("se reanudó", "it was resumed"),
    "reason.go-live": ("se pasó a live", "it went live"),
    "reason.adopted": ("una persona tomó este pedido antiguo", "a person took over this old order"),
    "reason.adopted_by_person": (
        "una persona tomó este pedido antiguo",
        "a person took over this old order",
    ),
    "reason.body of an adopted order": (
        "llegó un aviso con su otro identificador",
        "a notice came under its other id",
    ),
    # --- orders ---
    "reason.erp": ("es el turno de Odoo", "it is Odoo's turn"),
    "reason.erp@listing": ("cambió el stock en Odoo", "the stock in Odoo changed"),
    "reason.before_go_live": (
        "se vendió antes del paso a live: solo se registra",
        "sold before go-live: recorded only",
    ),
    "reason.before_go_live.do": (
        "Si sus unidades siguen en Odoo: orquestador orders adopt PEDIDO",
        "If its units are still in Odoo: orquestador orders adopt ORDER",
    ),
    "reason.observing": ("modo observe: no se escribe nada", "observe mode: nothing is written"),
    "reason.observing.do": ("Para actuar: orquestador go-live", "To act: orquestador go-live"),
    "reason.adopted_by": (
        "es el mismo pedido que {detail}; todo sigue allí",
        "the same order as {detail}; everything goes on there",
    ),
    "reason.adopting": (
        "se une a su pedido gemelo",
        "is being joined with its twin order",
    ),
    "reason.order_not_visible": (
        "el canal todavía no muestra este pedido",
        "the channel does not show this order yet",
    ),
    "reason.order_not_visible.do": (
        "Búsquelo en el canal; si existe, reintente; si no, descarte.",
        "Look for it on the channel; if it exists, retry; if not, discard.",
    ),
    "reason.announced_not_visible": (
        "el aviso anunció un estado que el canal todavía no muestra",
        "the notice announced a state that the channel does not show yet",
    ),
    "reason.sale_total": (
        "el total del marketplace y el de Odoo difieren: {detail}",
        "the marketplace's total and Odoo's differ: {detail}",
    ),
    "reason.sale_total.do": (
        "El pedido de venta quedó en borrador. Use impuestos incluidos en el precio o redondeo «global», o "
        "ponga ODOO_SALE_ROUNDING_SKU; o corrija y confirme el borrador en Odoo.",
        'The sale order was left a draft. Use taxes that are included in the price, or rounding "globally", '
        "or set ODOO_SALE_ROUNDING_SKU; or correct and confirm the draft in Odoo.",
    ),
    "reason.sale_edited": (
        "una persona cambió el borrador, y no es lo que se vendió",
        "a person changed the draft, and it is not what was sold",
    ),
    "reason.sale_edited.do": (
        "Corríjalo y confírmelo en Odoo, o borre sus líneas y reintente.",
        "Correct and confirm it in Odoo, or delete its lines and retry.",
    ),
    "reason.sale_currency": (
        "el pedido está en otra moneda que Odoo: {detail}",
        "the order is in another currency than Odoo: {detail}",
    ),
    "reason.sale_currency.do": (
        "Revise la moneda de la compañía o de la tarifa del contacto en Odoo, y reintente.",
        "Check the currency of the company or of the contact's price list in Odoo, and retry.",
    ),
    "reason.sale_no_price": (
        "el marketplace no dice cuánto se pagó por {detail}",
        "the marketplace does not say what was paid for {detail}",
    ),
    "reason.sale_no_price.do": (
        "Haga el pedido de venta a mano en Odoo y descarte.",
        "Make the sale order by hand in Odoo and discard.",
    ),
    "reason.sale_no_customer": (
        "el pedido no trae ni RUT ni correo del cliente",
        "the order has neither the buyer's tax number nor an e-mail",
    ),
    "reason.sale_no_customer.do": (
        "Ponga FALABELLA_SALE_PARTNER: un contacto para todos los pedidos.",
        "Set FALABELLA_SALE_PARTNER: one contact for all orders.",
    ),
    "reason.sale_partner_refused": (
        "Odoo no acepta crear el contacto del cliente",
        "Odoo refuses to create the buyer's contact",
    ),
    "reason.sale_partner_refused.do": (
        "Dé al usuario «Creación de contactos», o cree el contacto en Odoo con ese RUT o correo; luego "
        "reintente.",
        'Give the user "Contact Creation", or create the contact in Odoo with that tax number or e-mail; '
        "then retry.",
    ),
    "reason.sale_bad_partner": (
        "FALABELLA_SALE_PARTNER no es la referencia de un solo contacto: {detail}",
        "FALABELLA_SALE_PARTNER is not the reference of exactly one contact: {detail}",
    ),
    "reason.sale_bad_partner.do": (
        "Ponga esa referencia a un contacto en Odoo; se reintenta solo.",
        "Give one contact in Odoo that reference; it is tried again by itself.",
    ),
    "reason.sale_no_shipping_product": (
        "el cliente pagó envío y no hay producto para esa línea",
        "the buyer paid for shipping and there is no product for that line",
    ),
    "reason.sale_no_shipping_product.do": (
        "Cree un producto de servicio en Odoo y ponga su SKU en FALABELLA_SALE_SHIPPING_SKU.",
        "Create a service product in Odoo and put its SKU into FALABELLA_SALE_SHIPPING_SKU.",
    ),
    "reason.sale_bad_shipping_product": (
        "FALABELLA_SALE_SHIPPING_SKU no es un solo producto de servicio que se venda: {detail}",
        "FALABELLA_SALE_SHIPPING_SKU is not exactly one service product for sale: {detail}",
    ),
    "reason.sale_bad_shipping_product.do": (
        "Corrija el producto en Odoo; se reintenta solo.",
        "Correct the product in Odoo; it is tried again by itself.",
    ),
    "reason.sale_needs_api": (
        "un pedido de venta necesita el pedido de la API del marketplace",
        "a sale order needs the order of the marketplace's API",
    ),
    "reason.sale_needs_api.do": (
        "Configure la API, o use FALABELLA_ORDER_MODE=deliver o reserve.",
        "Set the API up, or use FALABELLA_ORDER_MODE=deliver or reserve.",
    ),
    "reason.sale_unreadable": (
        "el marketplace no muestra los precios de este pedido: {detail}",
        "the marketplace does not show this order's prices: {detail}",
    ),
    "reason.sale_unreadable.do": (
        "Se reintenta solo; si el pedido no existe allá, descarte.",
        "It is tried again by itself; if the order does not exist there, discard.",
    ),
    "reason.channel_away": ("el canal no responde: {detail}", "the channel does not answer: {detail}"),
    "reason.channel_away.do": (
        "Sigue solo cuando vuelva; si dura, orquestador doctor.",
        "It goes on by itself when it is back; if it lasts, orquestador doctor.",
    ),
    "reason.channel_refused": (
        "el canal rechaza la consulta de este pedido: {detail}",
        "the channel refuses to show this order: {detail}",
    ),
    "reason.channel_refused.do": (
        "Mírelo en el canal y reintente, o descarte.",
        "Look at it on the channel and retry, or discard.",
    ),
    "reason.channel_not_configured": (
        "su canal no está configurado",
        "its channel is not configured",
    ),
    "reason.channel_not_configured.do": (
        "Devuelva la configuración del canal a .env y reinicie.",
        "Put the channel's configuration back into .env and restart.",
    ),
    "reason.channel_api_not_configured": (
        "el canal no tiene credenciales de API para leer el pedido",
        "the channel has no API credentials to read the order with",
    ),
    "reason.channel_api_not_configured.do": (
        "Ponga las credenciales en .env (orquestador doctor las nombra).",
        "Put the credentials into .env (orquestador doctor names them).",
    ),
    "reason.internal_error": ("un error nuestro: {detail}", "an error of ours: {detail}"),
    "reason.internal_error.do": (
        "Reintente; si se repite, avísenos con el registro de ese momento.",
        "Retry; if it repeats, report it with the log of that moment.",
    ),
    "reason.unknown_stock_owner": (
        "el canal no dice de quién es el stock (bodega propia o del marketplace)",
        "the channel does not say whose stock it is (yours or the marketplace's)",
    ),
    "reason.unknown_stock_owner.do": (
        "Mire en el canal quién despacha; ajuste el stock a mano si es usted, y descarte.",
        "See on the channel who ships; move the stock by hand if it is you, and discard.",
    ),
    "reason.unknown_state": (
        "el canal usa un estado que no conocemos: {detail}",
        "the channel uses a state we do not know: {detail}",
    ),
    "reason.unknown_state.do": (
        "Nada se movió; ajuste a mano si hace falta, descarte y avísenos del estado.",
        "Nothing was moved; adjust by hand if needed, discard, and tell us the state.",
    ),
    "reason.unknown status": (
        "el aviso trae un estado que no conocemos:{detail}",
        "the notice carries a status we do not know:{detail}",
    ),
    "reason.unknown status.do": (
        "Corrija a quien lo envía y pida que lo repita, o descarte.",
        "Correct whoever sends it and have it sent again, or discard.",
    ),
    "reason.give_back_unclear": (
        "hay que devolver {detail} y no se sabe qué se había descontado",
        "{detail} must be given back and it is not known what had been taken",
    ),
    "reason.give_back_unclear.do": (
        "Devuélvalo a mano en Odoo y descarte.",
        "Give it back by hand in Odoo and discard.",
    ),
    "reason.unknown_sku": ("Odoo no tiene el SKU {detail}", "Odoo does not have the SKU {detail}"),
    "reason.unknown_sku@listing": ("Odoo no tiene este SKU", "Odoo does not have this SKU"),
    "reason.unknown_sku@movement": ("Odoo no tiene este SKU", "Odoo does not have this SKU"),
    "reason.unknown_sku.do": (
        "Póngalo como referencia interna de un producto en Odoo; sigue solo en unos minutos.",
        "Make it the internal reference of a product in Odoo; it goes on by itself in a few minutes.",
    ),
    "reason.duplicate_sku": (
        "dos productos de Odoo tienen el SKU {detail}",
        "two products in Odoo have the SKU {detail}",
    ),
    "reason.duplicate_sku@listing": (
        "dos productos de Odoo tienen este SKU: la publicación queda congelada",
        "two products in Odoo have this SKU: the listing is frozen",
    ),
    "reason.duplicate_sku.do": (
        "Deje la referencia interna en uno solo y reintente.",
        "Leave the internal reference on one of them only and retry.",
    ),
    "reason.duplicate_sku@listing.do": (
        "Deje la referencia interna en uno solo (GET /odoo/duplicates los nombra); sigue solo con la próxima "
        "relectura (ODOO_SWEEP_S), o reintente.",
        "Leave the internal reference on one of them only (GET /odoo/duplicates names them); it goes on by "
        "itself with the next sweep (ODOO_SWEEP_S), or retry.",
    ),
    "reason.archived_sku": (
        "el producto con el SKU {detail} está archivado en Odoo",
        "the product with the SKU {detail} is archived in Odoo",
    ),
    "reason.archived_sku@listing": (
        "el producto está archivado en Odoo: la publicación muestra 0",
        "the product is archived in Odoo: the listing shows 0",
    ),
    "reason.archived_sku@movement": (
        "el producto está archivado en Odoo",
        "the product is archived in Odoo",
    ),
    "reason.archived_sku.do": (
        "Desarchívelo en Odoo, o dé el SKU al producto que lo reemplaza; sigue solo en unos minutos.",
        "Unarchive it in Odoo, or give the SKU to the product that replaces it; it goes on in a few minutes.",
    ),
    "reason.archived_sku@listing.do": (
        "Saque la publicación del canal; o desarchive el producto en Odoo: sigue solo con la próxima "
        "relectura (ODOO_SWEEP_S).",
        "Take the offer off the channel; or unarchive the product in Odoo: it goes on by itself with the "
        "next sweep (ODOO_SWEEP_S).",
    ),
    "reason.warehouse_refused": (
        "esa bodega no se puede usar en Odoo",
        "that warehouse cannot be used in Odoo",
    ),
    "reason.warehouse_refused.do": (
        "Corrija la bodega en Odoo (orquestador doctor dice qué) o pida el movimiento en otra.",
        "Correct the warehouse in Odoo (orquestador doctor says what), or ask for it in another one.",
    ),
    "reason.product_changed": (
        "parte del pedido salió de un producto de Odoo y el SKU {detail} ahora es de otro",
        "a part of the order left one product of Odoo, and the SKU {detail} is another one's now",
    ),
    "reason.product_changed.do": (
        "Saque lo que falta a mano en Odoo y descarte; o devuelva el SKU al producto de antes: sigue solo.",
        "Take out what is missing by hand in Odoo and discard; or give the SKU back to the former product: "
        "it goes on by itself.",
    ),
    "reason.not_stocked": (
        "{detail} no lleva stock en Odoo (consumible o servicio)",
        "{detail} keeps no stock in Odoo (a consumable or a service)",
    ),
    "reason.not_stocked@listing": (
        "no lleva stock en Odoo (consumible o servicio): no se publica",
        "keeps no stock in Odoo (a consumable or a service): not published",
    ),
    "reason.not_stocked.do": (
        "Marque «Rastrear inventario» en el producto y reintente, o descarte.",
        "Tick “Track Inventory” on the product and retry, or discard.",
    ),
    # --- effects ---
    "reason.doubtful": (
        "no se sabe si Odoo alcanzó a hacerlo: se le pregunta, no se repite",
        "it is not known whether Odoo did it: it is being asked, not repeated",
    ),
    "reason.no_answer": ("Odoo no respondió por este documento", "Odoo did not answer for this document"),
    "reason.oversold": (
        "se vendió más de lo que había: el stock quedó negativo",
        "more was sold than there was: the stock went negative",
    ),
    "reason.waits_for_stock": (
        "falta stock: espera reservado en Odoo",
        "stock is missing: it waits, reserved, in Odoo",
    ),
    "reason.cancelled_in_erp": (
        "alguien canceló su documento en Odoo",
        "somebody cancelled its document in Odoo",
    ),
    "reason.cancelled_in_erp.do": (
        "Reintentar lo descuenta de nuevo; descartar lo deja como está.",
        "Retry takes it out again; discard leaves it as it is.",
    ),
    "reason.deleted_in_erp": (
        "alguien borró su documento en Odoo",
        "somebody deleted its document in Odoo",
    ),
    "reason.deleted_in_erp.do": (
        "Reintentar lo descuenta de nuevo; descartar lo deja como está.",
        "Retry takes it out again; discard leaves it as it is.",
    ),
    "reason.foreign_document": (
        "en Odoo está con otro nombre: {detail}",
        "in Odoo it is under another name: {detail}",
    ),
    "reason.foreign_document.do": (
        "Devuélvale su nombre al documento en Odoo (sigue solo), o descarte.",
        "Give the document its name back in Odoo (it goes on by itself), or discard.",
    ),
    "reason.refused_by_erp": ("Odoo lo rechaza: {detail}", "Odoo refuses it: {detail}"),
    "reason.refused_by_erp.do": (
        "Corrija en Odoo lo que dice; se vuelve a intentar solo en unos minutos.",
        "Fix in Odoo what it says; it is tried again by itself in a few minutes.",
    ),
    "reason.below_zero": ("dejaría el stock bajo cero", "it would take the stock below zero"),
    "reason.settled_by_person": ("lo resolvió una persona: {detail}", "settled by a person: {detail}"),
}
