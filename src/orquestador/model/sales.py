"""What a sold order is worth, and for whom: the content of a sale order in the ERP (ADR 0018). Pure values.

Nothing of this is stored: it is read from the channel when the ERP lane needs it (P7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from orquestador.model.orders import Effect

NO_PRICE = "sale_no_price"
"""The channel does not say what was paid for a line."""
NO_CUSTOMER = "sale_no_customer"
"""The order names nobody: neither a tax number nor an e-mail address."""
NO_SHIPPING_PRODUCT = "sale_no_shipping_product"
"""Shipping was charged, and no product is configured for it."""
BAD_SHIPPING_PRODUCT = "sale_bad_shipping_product"
"""The product for shipping is not there, or not exactly one service."""
BAD_PARTNER = "sale_bad_partner"
"""The configured contact is not there, or not exactly one."""
PARTNER_REFUSED = "sale_partner_refused"
"""The ERP refuses to create the contact; its words may hold the buyer's data, so they are not repeated."""
TOTAL_DIFFERS = "sale_total"
CURRENCY_DIFFERS = "sale_currency"
EDITED = "sale_edited"
"""A person changed the draft, and it is not what was sold."""
NEEDS_API = "sale_needs_api"
"""Only the channel's own order says who bought, at which price."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Who bought. Personal data: no part of it is shown when this is printed."""

    name: str = field(default="", repr=False)
    vat: str = field(default="", repr=False)
    """Tax number as the channel writes it (RUT, RUC, NIT...)."""
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    street: str = field(default="", repr=False)
    street2: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    zip: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SoldLine:
    """What was paid, tax included, in the currency of the order."""

    line_id: str
    price: Decimal | None
    """Per unit, after discounts and vouchers; None when the channel does not say."""
    shipping: Decimal = Decimal(0)
    """For the whole line."""


@dataclass(frozen=True, slots=True)
class SoldOrder:
    """An order as a channel bills it."""

    order_id: str
    number: str | None
    currency: str
    lines: tuple[SoldLine, ...]
    customer: Customer | None = field(default=None, repr=False)
    """None when it was not asked for."""


@dataclass(frozen=True, slots=True)
class SaleLine:
    product_id: int
    units: int
    price: Decimal
    """Per unit, tax included."""


@dataclass(frozen=True, slots=True)
class Sale:
    """The content of one sale order; its lines have each (product, price) once."""

    reference: str
    """What people know the order by."""
    currency: str
    lines: tuple[SaleLine, ...]
    shipping: Decimal
    customer: Customer | None = field(default=None, repr=False)
    channel: str = ""
    """Whose terms count: who buys, and which product shipping is."""

    @property
    def total(self) -> Decimal:
        return sum((line.units * line.price for line in self.lines), self.shipping)


class SaleProblem(Exception):
    """A sale that cannot be written down: `code` has words for people, `detail` is free of personal data."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code, self.detail = code, detail
        super().__init__(f"{code}:{detail}" if detail else code)


def sale_of(
    effect: Effect, sold: SoldOrder, channel: str = "", *, units: Mapping[str, int] | None = None
) -> Sale:
    """The content of an effect that takes, for an order of this channel; `units` per line id in place of what
    it takes.

    SaleProblem(NO_PRICE) when the channel does not say what a line costs.
    """
    paid = {line.line_id: line for line in sold.lines}
    sums: dict[tuple[int, Decimal], int] = {}
    shipping = Decimal(0)
    for item in effect.items:
        count = item.units if units is None else units.get(item.line_id, 0)
        line = paid.get(item.line_id)
        if line is None or line.price is None:
            raise SaleProblem(NO_PRICE, item.sku)
        if count:
            key = (item.product_id, line.price)
            sums[key] = sums.get(key, 0) + count
            shipping += line.shipping
    lines = tuple(SaleLine(product, count, price) for (product, price), count in sums.items())
    reference = sold.number or sold.order_id
    return Sale(reference, sold.currency, lines, shipping, sold.customer, channel)
