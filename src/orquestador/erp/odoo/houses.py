"""Reads the set-up of a database once: its version, and each warehouse and scope when it is first needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from orquestador.erp.odoo.client import Client
from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.rpc import Row, ref, rows
from orquestador.erp.odoo.setup import (
    AT_CONFIRM,
    OLDEST,
    ONE_STEP,
    Dialect,
    HouseRefused,
    SetUp,
    SetUpRefused,
    Warehouse,
)
from orquestador.model.errors import AuthRefused
from orquestador.model.places import Area, Place, Scope, distinct

WAREHOUSE_FIELDS = ["code", "company_id", "lot_stock_id", "out_type_id", "in_type_id", "delivery_steps"]
HOLDS_STOCK = ("internal", "view")
"""Usages of locations that may be published."""


@dataclass(frozen=True, slots=True)
class _Database:
    uid: int
    version: str
    dialect: Dialect
    knows_kits: bool
    houses: tuple[Row, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(str(row.get("code")) for row in self.houses)


@dataclass(frozen=True, slots=True)
class _Locations:
    """What a scope is: its roots, their companies, and the path of each."""

    roots: tuple[int, ...]
    companies: tuple[int, ...]
    area: Area


class SetUpReader:
    """Remembers what it read; `forget` after a refusal, so that what a person repaired is seen.

    Each method raises Unavailable, AuthRefused or SetUpRefused (an AuthRefused) with the finding's code; what
    concerns one warehouse alone is HouseRefused.
    """

    def __init__(
        self, settings: OdooSettings, rpc: Client, prepare: Callable[[int], Awaitable[None]]
    ) -> None:
        """`prepare`: what else is to be looked at whenever the database is, given its major version."""
        self._settings, self._rpc, self._prepare = settings, rpc, prepare
        self._lock = asyncio.Lock()
        self._database: _Database | None = None
        self._known: dict[int, SetUp] = {}
        self._locations: dict[Scope, _Locations] = {}

    def forget(self) -> None:
        self._database = None
        self._known, self._locations = {}, {}

    async def get(self, code: str | None = None) -> SetUp:
        """The warehouse with this code; None = the default one. Orders may be taken from it."""
        async with self._lock:
            return await self._named(code or self._settings.warehouse)

    async def at(self, place: Place | None, *, taking: bool = False) -> SetUp:
        """A recorded place, or the default one. Only `taking` needs a warehouse that delivers in one step."""
        if place is None:
            return await self.get()
        async with self._lock:
            row = next((r for r in (await self._read()).houses if r["id"] == place.warehouse), None)
            if row is None:
                raise self._absent(place.name or str(place.warehouse), await self._read())
            found = await self._of(row)
            if taking:
                _one_step(found.warehouse)
            return replace(found, warehouse=replace(found.warehouse, stock_id=place.location))

    async def within(self, scope: Scope) -> SetUp:
        """The warehouse of a scope, counting what is in its locations."""
        async with self._lock:
            return await self._within(scope)

    async def anywhere(self) -> SetUp:
        """For what concerns no warehouse: the first one that is well."""
        async with self._lock:
            return (await self._well())[0]

    async def everywhere(self) -> SetUp:
        """The same, reading in every place and company that is in use and well."""
        async with self._lock:
            house, *others = await self._well()
            roots, companies = [], []
            for one in (house, *others):
                roots += one.counted
                companies += [one.warehouse.company_id, *one.also]
            also = [c for c in dict.fromkeys(companies) if c != house.warehouse.company_id]
            return replace(house, roots=tuple(dict.fromkeys(roots)), also=tuple(also))

    async def each_company(self) -> list[SetUp]:
        """For what each company sees for itself: a warehouse that is in use and well, of each one."""
        async with self._lock:
            first: dict[int, SetUp] = {}
            for house in await self._well():
                first.setdefault(house.warehouse.company_id, replace(house, roots=(), also=()))
            return list(first.values())

    async def areas(self, scopes: Sequence[Scope]) -> list[Area]:
        async with self._lock:
            return [(await self._look_up(scope)).area for scope in scopes]

    # --- with the lock

    async def _well(self) -> list[SetUp]:
        """Each warehouse and scope in use that is well; when none is, why the default one is not."""
        scopes = distinct([*map(Scope, self._settings.warehouses), *self._settings.scopes])
        found, refused = [], None
        for scope in scopes:
            try:
                found.append(await self._within(scope))
            except HouseRefused as error:
                refused = refused or error
        if not found:
            assert refused is not None
            raise refused
        return found

    async def _within(self, scope: Scope) -> SetUp:
        house = await self._named(scope.warehouse or self._settings.warehouse)
        if not scope.locations:
            return house
        at = await self._look_up(scope)
        also = tuple(c for c in at.companies if c != house.warehouse.company_id)
        return replace(house, roots=at.roots, also=also)

    async def _named(self, code: str | None) -> SetUp:
        found = await self._of(await self._row(code))
        _one_step(found.warehouse)
        return found

    async def _row(self, code: str | None) -> Row:
        database = await self._read()
        matching = [row for row in database.houses if code is None or row.get("code") == code]
        if code is not None and not matching:
            raise self._absent(code, database)
        if len(matching) != 1:
            problem = f"{len(matching)} warehouses {code or ''}".strip() + ", exactly one is needed"
            raise HouseRefused("odoo.warehouse", problem, {"wanted": code, "warehouses": database.codes})
        return matching[0]

    def _absent(self, wanted: str, database: _Database) -> HouseRefused:
        facts = {"wanted": wanted, "warehouses": database.codes, "user": self._settings.username}
        return HouseRefused("odoo.warehouse_absent", f"no warehouse {wanted} is shown to us", facts)

    async def _read(self) -> _Database:
        if self._database is not None:
            return self._database
        version = await self._rpc.version()
        if version.major < OLDEST:
            raise SetUpRefused(
                "odoo.version", f"version {version.text} is too old", {"version": version.text}
            )
        uid = await self._rpc.uid()
        # Without a company in the context: those of all companies that the user may see.
        houses = rows(
            await self._rpc.call(
                "stock.warehouse",
                "search_read",
                kwargs={"domain": [], "fields": WAREHOUSE_FIELDS, "order": "id"},
            )
        )
        fields = await self._rpc.call(
            "product.product", "fields_get", kwargs={"allfields": ["is_kits"], "attributes": ["type"]}
        )
        kits = isinstance(fields, dict) and "is_kits" in fields
        await self._prepare(version.major)
        self._database = _Database(uid, version.text, Dialect(version.major), kits, tuple(houses))
        return self._database

    async def _of(self, row: Row) -> SetUp:
        house = int(row["id"])
        if house not in self._known:
            database = await self._read()
            chosen = Warehouse.of(row)
            customer, reservation = await self._deliveries(chosen)
            self._known[house] = SetUp(
                uid=database.uid,
                version=database.version,
                dialect=database.dialect,
                warehouse=chosen,
                other_warehouses=tuple(code for code in database.codes if code != chosen.code),
                customer_id=customer,
                knows_kits=database.knows_kits,
                reservation_method=reservation,
            )
        return self._known[house]

    async def _deliveries(self, warehouse: Warehouse) -> tuple[int, str]:
        """Where they go, and when Odoo reserves for them."""
        context: dict[str, object] = {"allowed_company_ids": [warehouse.company_id]}
        read: dict[str, object] = {"fields": ["code", "default_location_dest_id", "reservation_method"]}
        model, ids = "stock.picking.type", [warehouse.out_type_id]
        try:
            types = rows(await self._rpc.call(model, "read", ids, read, context))
        except AuthRefused as error:
            # Whoever may read it without the company lacks the company, and nothing else.
            await self._rpc.call(model, "read", ids, read)
            facts = {
                "warehouse": warehouse.code,
                "company_id": warehouse.company_id,
                "user": self._settings.username,
            }
            raise HouseRefused("odoo.company", error.detail, facts) from error
        if not types or types[0].get("code") != "outgoing":
            raise HouseRefused(
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
                context=context,
            )
        )
        found = [int(row["id"]) for row in places]
        default = ref(types[0].get("default_location_dest_id"))
        if not found:
            raise HouseRefused("odoo.customer_location", "there is no customer location")
        customer = default if default is not None and default in found else found[0]
        return customer, str(types[0].get("reservation_method") or AT_CONFIRM)

    async def _look_up(self, scope: Scope) -> _Locations:
        """The locations of a scope: a code is the stock location of that warehouse."""
        if scope in self._locations:
            return self._locations[scope]
        if scope.locations:
            database = await self._read()
            # A code that two companies have names none of their warehouses.
            own = [row for row in database.houses if database.codes.count(str(row.get("code"))) == 1]
            stocks = {str(row.get("code")): ref(row.get("lot_stock_id")) for row in own}
        else:
            # How it delivers does not matter here: its places are where they are.
            house = await self._row(scope.warehouse or self._settings.warehouse)
            stocks = {str(house.get("code")): ref(house.get("lot_stock_id"))}
        wanted = scope.locations or tuple(stocks)
        ids = [place for code in wanted if (place := stocks.get(code)) is not None]
        names = [name for name in wanted if stocks.get(name) is None]
        domain: list[object] = [["id", "in", ids]]
        if names:
            domain = ["|", *domain, ["complete_name", "in", names]]
        found = rows(
            await self._rpc.call(
                "stock.location",
                "search_read",
                kwargs={
                    "domain": domain,
                    "fields": ["complete_name", "usage", "company_id", "parent_path"],
                    "order": "id",
                },
            )
        )
        chosen: list[Row] = []
        for name in wanted:
            match = [
                row
                for row in found
                if row["id"] == stocks.get(name)
                or (name in names and row["complete_name"] == name and row["usage"] in HOLDS_STOCK)
            ]
            if len(match) != 1:
                raise HouseRefused(
                    "odoo.location",
                    f"{len(match)} locations {name}, exactly one is needed",
                    {"location": name, "found": len(match), "user": self._settings.username},
                )
            chosen += match
        self._locations[scope] = _Locations(
            roots=tuple(int(row["id"]) for row in chosen),
            companies=tuple(dict.fromkeys(c for row in chosen if (c := ref(row["company_id"])) is not None)),
            area=Area(tuple(str(row["parent_path"]) for row in chosen)),
        )
        return self._locations[scope]


def _one_step(warehouse: Warehouse) -> None:
    if warehouse.delivery_steps != ONE_STEP:
        # With more steps the outgoing picking is not the one that takes from stock (odoo.md, end).
        raise HouseRefused(
            "odoo.delivery_steps",
            f"warehouse {warehouse.code} delivers in several steps",
            {"warehouse": warehouse.code, "delivery_steps": warehouse.delivery_steps},
        )
