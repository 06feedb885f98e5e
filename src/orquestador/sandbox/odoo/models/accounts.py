"""What prices depend on: taxes, the currency, the precision of prices."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from orquestador.sandbox.odoo.env import Env
from orquestador.sandbox.odoo.fields import Field
from orquestador.sandbox.odoo.orm import Model

DEFAULT_TAX = 1
"""15 % on top, as in the recorded databases; what a product without taxes of its own pays."""


class AccountTax(Model):
    """Percent taxes, on top of the price or included in it."""

    name = "account.tax"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "amount": Field("float"),
        "price_include": Field("boolean"),
        "type_tax_use": Field("selection", default="sale", selection=("sale", "purchase", "none")),
        "company_id": Field("many2one", "res.company", default=1),
    }


class ResCurrency(Model):
    """The currency of the company; `rounding` is its smallest amount."""

    name = "res.currency"
    fields: ClassVar[dict[str, Field]] = {
        "name": Field("char", required=True),
        "rounding": Field("float", default=0.01),
    }


class DecimalPrecision(Model):
    """How many decimals are kept of what."""

    name = "decimal.precision"
    fields: ClassVar[dict[str, Field]] = {"name": Field("char", required=True), "digits": Field("integer")}


def tax_of(env: Env, product: int) -> tuple[Decimal, bool]:
    """(rate, included) of the taxes of a product; they are all of one kind here."""
    taxes = [env.row("account.tax", tax) for tax in env.row("product.product", product)["taxes_id"]]
    rate = sum((Decimal(str(tax["amount"])) / 100 for tax in taxes), Decimal(0))
    return rate, any(tax["price_include"] for tax in taxes)


def price_digits(env: Env) -> int:
    """Decimals of a unit price."""
    for row_id in env["decimal.precision"].select([("name", "=", "Product Price")]):
        return int(env.row("decimal.precision", row_id)["digits"])
    return 2
