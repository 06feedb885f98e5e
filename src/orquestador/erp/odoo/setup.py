"""What one database is like: version, company, warehouse, places. Read once, before the first real call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orquestador.erp.odoo.rpc import Row, ref
from orquestador.model.errors import AuthRefused, PlaceRefused
from orquestador.model.places import Place

OLDEST, NEWEST = 15, 19
AT_CONFIRM = "at_confirm"
ONE_STEP = "ship_only"


class SetUpRefused(AuthRefused):
    """The Odoo database is set up in a way that is not safe; `orquestador doctor` says what to change."""

    def __init__(self, code: str, detail: str, facts: Mapping[str, object] | None = None) -> None:
        super().__init__(f"odoo: {detail}")
        self.code, self.facts = code, dict(facts or {})


class HouseRefused(SetUpRefused, PlaceRefused):
    """The same about one warehouse or location; what needs only others may go on."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a version spells what we use (odoo.md §5.1)."""

    major: int

    @property
    def done_field(self) -> str:
        """Units done on a move."""
        return "quantity" if self.major >= 17 else "quantity_done"

    @property
    def line_field(self) -> str:
        """Units done on the line of a move."""
        return "quantity" if self.major >= 17 else "qty_done"

    @property
    def reserved_field(self) -> str:
        """Units reserved on an open move; from 17 on the same as `done_field`."""
        return "quantity" if self.major >= 17 else "reserved_availability"

    @property
    def moves_field(self) -> str:
        """The moves of a picking, for `create`."""
        return "move_ids" if self.major >= 16 else "move_lines"

    @property
    def type_fields(self) -> list[str]:
        return ["type", "is_storable"] if self.major >= 18 else ["type"]

    @property
    def move_has_name(self) -> bool:
        return self.major <= 18

    def unit_size(self, factor: float) -> float:
        """Of a unit of measure, in units of its reference: up to 18 `factor` says it the other way round."""
        return factor if self.major >= 19 else 1.0 / factor

    def forced(self, quantity: float) -> Row:
        """What to write on a move so that it moves `quantity` whatever is in stock."""
        return {self.done_field: quantity} | ({"picked": True} if self.major >= 17 else {})

    def is_stocked(self, product: Row) -> bool:
        """Counted in stock itself (odoo.md §4.4), or a kit, whose components are (§5.4)."""
        if product.get("is_kits"):
            return True
        if self.major >= 18:
            return product.get("type") == "consu" and bool(product.get("is_storable"))
        return product.get("type") == "product"


@dataclass(frozen=True, slots=True)
class Warehouse:
    id: int
    code: str
    company_id: int
    stock_id: int
    out_type_id: int
    in_type_id: int
    delivery_steps: str

    @classmethod
    def of(cls, row: Row) -> Warehouse:
        ids = [ref(row.get(name)) for name in ("company_id", "lot_stock_id", "out_type_id", "in_type_id")]
        company, stock, out_type, in_type = ids
        if company is None or stock is None or out_type is None or in_type is None:
            raise HouseRefused(
                "odoo.warehouse", f"warehouse {row.get('code')} is incomplete", {"warehouse": row.get("code")}
            )
        return cls(
            id=int(row["id"]),
            code=str(row.get("code")),
            company_id=company,
            stock_id=stock,
            out_type_id=out_type,
            in_type_id=in_type,
            delivery_steps=str(row.get("delivery_steps")),
        )

    @property
    def place(self) -> Place:
        return Place(self.id, self.stock_id, self.code)


@dataclass(frozen=True, slots=True)
class SetUp:
    """A database as one of its warehouses sees it."""

    uid: int
    version: str
    dialect: Dialect
    warehouse: Warehouse
    other_warehouses: tuple[str, ...]
    customer_id: int
    knows_kits: bool
    """The `mrp` module is there, so a product says whether it is a kit."""
    reservation_method: str = AT_CONFIRM
    """When Odoo reserves for a delivery: at_confirm, manual or by_date."""
    roots: tuple[int, ...] = ()
    """The locations whose stock counts, with all below them; none = the stock location of the warehouse."""
    also: tuple[int, ...] = ()
    """Other companies that these locations belong to."""

    @property
    def product_fields(self) -> list[str]:
        kits = ["is_kits"] if self.knows_kits else []
        return ["default_code", "tracking", *self.dialect.type_fields, *kits]

    @property
    def company(self) -> dict[str, object]:
        """The context that every call carries: names are unique per company (odoo.md §6)."""
        return {"allowed_company_ids": [self.warehouse.company_id, *self.also]}

    @property
    def counted(self) -> list[int]:
        return list(self.roots) or [self.warehouse.stock_id]

    @property
    def scope(self) -> dict[str, object]:
        """Quantities of these places only: `location` works the same everywhere (odoo.md §4.2)."""
        counted = self.counted
        return {**self.company, "location": counted if len(counted) > 1 else counted[0]}
