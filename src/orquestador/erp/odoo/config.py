"""What must be known to talk to one Odoo database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orquestador.model.places import Scope
from orquestador.model.sales import Sale


@dataclass(frozen=True, slots=True)
class SaleSettings:
    """How sale orders are written (ADR 0018)."""

    partner: str | None = None
    """The `ref` of one contact that buys everything; None = each buyer is a contact of its own."""
    shipping_sku: str | None = None
    """The service product of the shipping line."""


@dataclass(frozen=True, slots=True)
class OdooSettings:
    """`secret` is the password or an API key of `username`; `warehouse` is a code, None = the only one. What
    names none is about it.

    A write may wait out Odoo's own retries, hence the long time-out (odoo.md §7).
    """

    url: str
    db: str
    username: str
    secret: str = field(repr=False)
    is_key: bool = False
    """An API key, which both APIs take; JSON-2 (19 and later) takes no password."""
    warehouse: str | None = None
    scopes: tuple[Scope, ...] = ()
    """What the channels sell from and publish; none = the default warehouse alone."""
    prefix: str = ""
    """Tells two installations on one Odoo apart."""
    accelerator: bool = True
    """Use the server action when it is installed, unchanged (docs/adr/0021)."""
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 15.0
    write_timeout_s: float = 60.0
    product_cache_s: float = 300.0
    """How long a product's SKU is remembered for hints; 0 = not at all (docs/adr/0013)."""
    calls_per_s: float | None = None
    """Calls begin at least 1 / this many seconds apart; None = as fast as they are answered."""
    in_flight: int = 2
    """Calls under way at a time; each occupies one of Odoo's workers (odoo.md §9)."""
    sale_rounding_sku: str | None = None
    """The service product of the line that makes up for a difference of the smallest amount (ADR 0018)."""
    sales: SaleSettings | None = None
    """Of the channels that `sales_of` does not name; None = none of them makes sale orders."""
    sales_of: Mapping[str, SaleSettings] = field(default_factory=dict)
    """Per channel id. Where nobody makes sale orders, nothing of it is checked."""

    def terms_of(self, sale: Sale | None) -> SaleSettings:
        """How this order is written."""
        own = self.sales_of.get(sale.channel) if sale is not None else None
        return own or self.sales or SaleSettings()

    @property
    def terms(self) -> tuple[SaleSettings, ...]:
        """Each once."""
        default = (self.sales,) if self.sales is not None else ()
        return tuple(dict.fromkeys((*default, *self.sales_of.values())))

    @property
    def warehouses(self) -> tuple[str | None, ...]:
        """Those in use, the default one first."""
        return tuple(dict.fromkeys((self.warehouse, *(scope.warehouse for scope in self.scopes))))
