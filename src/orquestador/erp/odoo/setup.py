"""What one database is like: version, company, warehouse, places. Read once, before the first real call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from orquestador.erp.odoo.client import Client
from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.rpc import Row, ref, rows
from orquestador.model.errors import AuthRefused

OLDEST, NEWEST = 15, 19
AT_CONFIRM = "at_confirm"


class SetUpRefused(AuthRefused):
    """The Odoo database is set up in a way that is not safe; `orquestador doctor` says what to change."""

    def __init__(self, code: str, detail: str, facts: Mapping[str, object] | None = None) -> None:
        super().__init__(f"odoo: {detail}")
        self.code, self.facts = code, dict(facts or {})


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a version spells what we use (odoo.md §5.1)."""

    major: int

    @property
    def done_field(self) -> str:
        """Units done on a move."""
        return "quantity" if self.major >= 17 else "quantity_done"

    @property
    def reserved_field(self) -> str:
        """Units reserved on an open move; from 17 on the same as `done_field`."""
        return "quantity" if self.major >= 17 else "reserved_availability"

    @property
    def type_fields(self) -> list[str]:
        return ["type", "is_storable"] if self.major >= 18 else ["type"]

    @property
    def move_has_name(self) -> bool:
        return self.major <= 18

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
            raise SetUpRefused(
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


@dataclass(frozen=True, slots=True)
class SetUp:
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

    @property
    def product_fields(self) -> list[str]:
        return ["default_code", *self.dialect.type_fields, *(["is_kits"] if self.knows_kits else [])]

    @property
    def company(self) -> dict[str, object]:
        """The context that every call carries: names are unique per company (odoo.md §6)."""
        return {"allowed_company_ids": [self.warehouse.company_id]}

    @property
    def scope(self) -> dict[str, object]:
        """Quantities of this warehouse only: `location` works the same everywhere (odoo.md §4.2)."""
        return {**self.company, "location": self.warehouse.stock_id}


class SetUpReader:
    """Reads the set-up once; `forget` after a refusal, so that what a person repaired is seen."""

    def __init__(self, settings: OdooSettings, rpc: Client) -> None:
        self._settings, self._rpc = settings, rpc
        self._lock = asyncio.Lock()
        self._known: SetUp | None = None

    async def get(self) -> SetUp:
        """Raises Unavailable, AuthRefused, or SetUpRefused (an AuthRefused) with the finding's code."""
        async with self._lock:
            if self._known is None:
                self._known = await self._read()
            return self._known

    def forget(self) -> None:
        self._known = None

    async def _read(self) -> SetUp:
        version = await self._rpc.version()
        if version.major < OLDEST:
            raise SetUpRefused(
                "odoo.version", f"version {version.text} is too old", {"version": version.text}
            )
        uid = await self._rpc.uid()
        chosen, others = await self._warehouse()
        if chosen.delivery_steps != "ship_only":
            # With more steps the outgoing picking is not the one that takes from stock (odoo.md, end).
            raise SetUpRefused(
                "odoo.delivery_steps",
                f"warehouse {chosen.code} delivers in several steps",
                {"warehouse": chosen.code, "delivery_steps": chosen.delivery_steps},
            )
        customer, reservation = await self._deliveries(chosen)
        fields = await self._rpc.call(
            "product.product", "fields_get", kwargs={"allfields": ["is_kits"], "attributes": ["type"]}
        )
        kits = isinstance(fields, dict) and "is_kits" in fields
        return SetUp(uid, version.text, Dialect(version.major), chosen, others, customer, kits, reservation)

    async def _warehouse(self) -> tuple[Warehouse, tuple[str, ...]]:
        fields = ["code", "company_id", "lot_stock_id", "out_type_id", "in_type_id", "delivery_steps"]
        found = rows(
            await self._rpc.call(
                "stock.warehouse", "search_read", kwargs={"domain": [], "fields": fields, "order": "id"}
            )
        )
        codes = tuple(str(row.get("code")) for row in found)
        wanted = self._settings.warehouse
        matching = [row for row in found if wanted is None or row.get("code") == wanted]
        if len(matching) != 1:
            problem = f"{len(matching)} warehouses {wanted or ''}".strip() + ", exactly one is needed"
            raise SetUpRefused("odoo.warehouse", problem, {"wanted": wanted, "warehouses": codes})
        chosen = Warehouse.of(matching[0])
        return chosen, tuple(code for code in codes if code != chosen.code)

    async def _deliveries(self, warehouse: Warehouse) -> tuple[int, str]:
        """Where they go, and when Odoo reserves for them."""
        types = rows(
            await self._rpc.call(
                "stock.picking.type",
                "read",
                [warehouse.out_type_id],
                {"fields": ["code", "default_location_dest_id", "reservation_method"]},
            )
        )
        if not types or types[0].get("code") != "outgoing":
            raise SetUpRefused(
                "odoo.warehouse",
                f"warehouse {warehouse.code} has no delivery operation",
                {"warehouse": warehouse.code},
            )
        # The default is empty in 17 (odoo.md §5.2): then any customer place that our company may use.
        places = rows(
            await self._rpc.call(
                "stock.location",
                "search_read",
                kwargs={
                    "domain": [
                        ["usage", "=", "customer"],
                        ["company_id", "in", [False, warehouse.company_id]],
                    ],
                    "fields": ["usage"],
                    "order": "id",
                },
            )
        )
        ids = [int(row["id"]) for row in places]
        default = ref(types[0].get("default_location_dest_id"))
        if not ids:
            raise SetUpRefused("odoo.customer_location", "there is no customer location")
        customer = default if default is not None and default in ids else ids[0]
        return customer, str(types[0].get("reservation_method") or AT_CONFIRM)
