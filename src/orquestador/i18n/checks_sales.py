"""Findings about Odoo's sale orders: title, what it means, what to do."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {
    "odoo.sale": (
        "Odoo está listo para pedidos de venta (contacto fijo: {partner})",
        "Odoo is ready for sale orders (fixed contact: {partner})",
    ),
    "odoo.sale_module": (
        "Odoo no tiene el módulo de ventas",
        "Odoo lacks the sales module",
    ),
    "odoo.sale_module.means": (
        "FALABELLA_ORDER_MODE=sale_order no puede hacer pedidos de venta; lo vendido espera.",
        "FALABELLA_ORDER_MODE=sale_order cannot make sale orders; what was sold waits.",
    ),
    "odoo.sale_module.do": (
        "Instale «Ventas» en Odoo, o use FALABELLA_ORDER_MODE=deliver o reserve.",
        'Install "Sales" in Odoo, or use FALABELLA_ORDER_MODE=deliver or reserve.',
    ),
    "odoo.sale_rights": (
        "El usuario {user} de Odoo no puede hacer pedidos de venta",
        "The Odoo user {user} may not make sale orders",
    ),
    "odoo.sale_rights.means": (
        "Lo vendido espera hasta que pueda.",
        "What was sold waits until it may.",
    ),
    "odoo.sale_rights.do": (
        "Póngalo en el grupo «{group}».",
        'Put it into the group "{group}".',
    ),
    "odoo.sale_contacts": (
        "El usuario {user} de Odoo no puede crear contactos",
        "The Odoo user {user} may not create contacts",
    ),
    "odoo.sale_contacts.means": (
        "El pedido de un cliente nuevo quedaría retenido.",
        "The order of a new buyer would be held.",
    ),
    "odoo.sale_contacts.do": (
        "Póngalo en el grupo «{group}», o use un contacto para todos: FALABELLA_SALE_PARTNER.",
        'Put it into the group "{group}", or use one contact for all: FALABELLA_SALE_PARTNER.',
    ),
    "odoo.sale_partner": (
        "No hay un solo contacto en Odoo con la referencia {partner}",
        "There is not exactly one contact in Odoo with the reference {partner}",
    ),
    "odoo.sale_partner.means": (
        "Cada pedido de venta quedaría retenido.",
        "Every sale order would be held.",
    ),
    "odoo.sale_partner.do": (
        "Ponga esa referencia a un contacto, o corrija FALABELLA_SALE_PARTNER.",
        "Give one contact that reference, or correct FALABELLA_SALE_PARTNER.",
    ),
    "odoo.sale_shipping": (
        "No hay un solo producto de servicio a la venta con el SKU {sku}",
        "There is not exactly one service product for sale with the SKU {sku}",
    ),
    "odoo.sale_shipping.means": (
        "Un pedido cuyo envío paga el cliente quedaría retenido.",
        "An order whose shipping the buyer pays would be held.",
    ),
    "odoo.sale_shipping.do": (
        "Cree ese producto en Odoo, o corrija FALABELLA_SALE_SHIPPING_SKU.",
        "Create that product in Odoo, or correct FALABELLA_SALE_SHIPPING_SKU.",
    ),
    "odoo.sale_no_shipping": (
        "No hay producto para el envío que paga el cliente",
        "There is no product for the shipping that buyers pay",
    ),
    "odoo.sale_no_shipping.means": (
        "Un pedido con envío pagado quedará retenido; los demás siguen.",
        "An order with paid shipping will be held; the others go on.",
    ),
    "odoo.sale_no_shipping.do": (
        "Si cobra envíos: FALABELLA_SALE_SHIPPING_SKU.",
        "If you charge shipping: FALABELLA_SALE_SHIPPING_SKU.",
    ),
    "odoo.sale_rounding": (
        "Odoo suma el impuesto al precio y redondea línea por línea",
        "Odoo adds the tax to the price and rounds line by line",
    ),
    "odoo.sale_rounding.means": (
        "Con una sola unidad hay totales que ningún precio da (con 19 %, uno de cada seis): ese pedido queda "
        "retenido.",
        "With a single unit there are totals that no price gives (at 19 %, one in six): that order is held.",
    ),
    "odoo.sale_rounding.do": (
        "Ponga en ODOO_SALE_ROUNDING_SKU un producto de servicio para la diferencia de un peso; o, desde "
        "Odoo 18, redondee el impuesto «globalmente» con más decimales en «Product Price» que en la moneda.",
        "Name in ODOO_SALE_ROUNDING_SKU a service product for the difference of one peso; or, from Odoo 18 "
        'on, round taxes "globally", with more decimals of "Product Price" than of the currency.',
    ),
    "odoo.sale_rounding_product": (
        "No hay un solo producto de servicio a la venta con el SKU {sku}",
        "There is not exactly one service product for sale with the SKU {sku}",
    ),
    "odoo.sale_rounding_product.means": (
        "Un pedido cuyo total ningún precio da quedaría retenido.",
        "An order whose total no price gives would be held.",
    ),
    "odoo.sale_rounding_product.do": (
        "Cree ese producto en Odoo, o corrija ODOO_SALE_ROUNDING_SKU.",
        "Create that product in Odoo, or correct ODOO_SALE_ROUNDING_SKU.",
    ),
    "odoo.sale_mail": (
        "El usuario {user} de Odoo no tiene correo",
        "The Odoo user {user} has no e-mail address",
    ),
    "odoo.sale_mail.means": (
        "Odoo anota los cambios de un pedido a nombre de ese correo, y sin él los rechaza.",
        "Odoo notes an order's changes under that address, and refuses them without one.",
    ),
    "odoo.sale_mail.do": (
        "Póngale un correo en Odoo.",
        "Give it an e-mail address in Odoo.",
    ),
}
