"""The test's own hand on an Odoo, real or simulated: plain JSON-RPC, past every line of the adapter.

Whatever it makes carries `RUN` in its name. On a real server it works in warehouses of its own, which
`close_down` empties and archives together with the rest; nothing of the database's own is changed.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from orquestador.circuit import Circuit
from orquestador.clock import SystemClock
from orquestador.erp.odoo import OdooErp, OdooSettings
from orquestador.http_base import CallRecord
from orquestador.ports import Clock
from orquestador.sandbox.odoo.server import Running
from tests.contract.erp.world import RUN, UNITS, A, B, C, World, own

TIMEOUT_S = 120.0
WAREHOUSE, SECOND_WAREHOUSE = f"{RUN[1:5]}1", f"{RUN[1:5]}2"
"""On a real server; a code has at most five letters."""
SECOND_UNITS = 250.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where an Odoo is, and who we are there; `sandbox` is None for a real one."""

    url: str
    db: str
    user: str
    secret: str = field(repr=False)
    api: str = "JSON-RPC"
    """What the adapter shall call it over; we ourselves always take JSON-RPC."""
    sandbox: Running | None = None
    warehouse: str | None = None
    """Code of the warehouse to work in; None = the only one."""
    groups: tuple[str, ...] = ()
    """Of the adapter's user, when it is another one than ours."""
    lesser: tuple[str, str] | None = field(default=None, repr=False)
    """User and password of that one."""


class OdooError(AssertionError):
    """A fault that the test's own hand met."""


class Hand:
    """Calls to one database."""

    def __init__(self, server: Server, http: httpx2.AsyncClient, uid: int, version: int) -> None:
        self.server, self._http, self._uid, self.version = server, http, uid, version

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, server: Server) -> AsyncIterator[Hand]:
        """Log in; a sandbox starts anew."""
        async with httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
            if server.sandbox is not None:
                assert (await http.post(f"{server.url}/_sandbox/reset")).status_code == 200
            info = await _post(http, server.url, "common", "version", [])
            uid = await _post(
                http, server.url, "common", "authenticate", [server.db, server.user, server.secret, {}]
            )
            assert isinstance(uid, int) and uid, "ODOO_CONTRACT_USER or ODOO_CONTRACT_PASSWORD is refused"
            yield cls(server, http, uid, int(info["server_version_info"][0]))

    async def rpc(self, model: str, method: str, *args: object, **context: object) -> Any:
        __tracebackhide__ = True  # a failure shows what a function holds: here, the secret
        s = self.server
        full = [s.db, self._uid, s.secret, model, method, list(args), {"context": context}]
        return await _post(self._http, s.url, "object", "execute_kw", full)

    # --- warehouses

    async def new_warehouse(self, code: str) -> int:
        values = {"name": own(code), "code": code}
        return int(await self.rpc("stock.warehouse", "create", values))

    async def warehouse(self, code: str | None) -> dict[str, Any]:
        domain = [["code", "=", code]] if code else []
        fields = ["lot_stock_id", "out_type_id", "in_type_id", "company_id"]
        found = await self.rpc("stock.warehouse", "search_read", domain, fields)
        row: dict[str, Any] = found[0]
        return {"id": row["id"], **{name: row[name][0] for name in fields}}

    async def set_quantity(self, product: int, place: int, units: float) -> None:
        """A person counts: from now on there are `units` of it."""
        await self.set_quantities([(product, place)], units)

    async def set_quantities(self, where: Sequence[tuple[int, int]], units: float) -> None:
        """The same for several (product, place) at once."""
        counts = [
            {"product_id": product, "location_id": place, "inventory_quantity": units}
            for product, place in where
        ]
        quants = await self.rpc("stock.quant", "create", counts, inventory_mode=True)
        await self.rpc("stock.quant", "action_apply_inventory", quants)

    # --- people

    async def user_in(self, *groups: str, email: str = "tests@example.com") -> tuple[str, str]:
        """A new employee in these groups alone."""
        field_name = "groups_id" if self.version <= 18 else "group_ids"
        in_them = [await self._group(group) for group in ("base.group_user", *groups)]
        login, password = own(f"employee-{secrets.token_hex(4)}"), secrets.token_urlsafe()
        user = {"name": login, "login": login, "password": password, "email": email}
        await self.rpc("res.users", "create", {**user, field_name: [[6, 0, in_them]]})
        return login, password

    async def _group(self, name: str) -> int:
        module, _, short = name.partition(".")
        domain = [["module", "=", module], ["name", "=", short]]
        return int((await self.rpc("ir.model.data", "search_read", domain, ["res_id"]))[0]["res_id"])

    async def close_down(self) -> None:
        """Cancel, empty and archive everything of this run."""
        ours = [["name", "=like", f"{RUN}%"]]
        houses = await self.rpc("stock.warehouse", "search", ours)
        kinds = await self.rpc("stock.picking.type", "search", [["warehouse_id", "in", houses]])
        pickings = await self.rpc(
            "stock.picking",
            "search",
            [["picking_type_id", "in", kinds], ["state", "not in", ["done", "cancel"]]],
        )
        if pickings:
            await self.rpc("stock.picking", "action_cancel", pickings)
        products = await self.rpc(
            "product.product", "search", [["default_code", "=like", f"{RUN}%"]], active_test=False
        )
        quants = await self.rpc(
            "stock.quant",
            "search_read",
            [["product_id", "in", products], ["location_id.usage", "=", "internal"], ["quantity", "!=", 0]],
            ["product_id", "location_id", "lot_id"],
        )
        await self.rpc("product.product", "write", products, {"active": True})
        if quants:
            # Each as it is: of a product with lots there are several in one place.
            ids = [q["id"] for q in quants]
            none = {"inventory_quantity_auto_apply": 0}
            await self.rpc("stock.quant", "write", ids, none, inventory_mode=True)
        boms = await self.rpc("mrp.bom", "search", [["product_tmpl_id.product_variant_ids", "in", products]])
        with contextlib.suppress(OdooError):  # those of kits that were sold stay, with archived products
            await self.rpc("mrp.bom", "unlink", boms)
        await self.rpc("product.product", "write", products, {"active": False})
        await self.rpc("stock.warehouse", "write", houses, {"active": False})
        companies = await self.rpc("res.company", "search", ours)
        if companies and self.version >= 17:  # archived where that is possible: a company is never deleted
            await self.rpc("res.company", "write", companies, {"active": False})
        # Before their contacts: Odoo archives none of an active user.
        users = await self.rpc("res.users", "search", [["login", "=like", f"{RUN}%"]])
        await self.rpc("res.users", "write", users, {"active": False})
        partners = await self.rpc(
            "res.partner", "search", ["|", ["name", "=like", f"{RUN}%"], ["email", "=ilike", f"{RUN}%"]]
        )
        await self.rpc("res.partner", "write", partners, {"active": False})
        actions = await self.rpc("ir.actions.server", "search", [["name", "like", RUN]])
        if actions:
            await self.rpc("ir.actions.server", "unlink", actions)


class OdooWorld(World):
    """One test's world: new products under the SKUs of this run."""

    def __init__(self, hand: Hand, places: dict[str, Any], customer: int) -> None:
        self._hand, self._places, self._customer = hand, places, customer
        self.server, self.version, self.rpc = hand.server, hand.version, hand.rpc
        self.records: list[CallRecord] = []
        """What adapters log here: the calls that they made."""
        self.settings: dict[str, Any] = {}
        """What adapters are told here beyond the usual."""

    @classmethod
    async def fresh(cls, hand: Hand) -> OdooWorld:
        """Products of former tests are archived, so that a SKU of ours is one product again."""
        old = await hand.rpc("product.product", "search", [["default_code", "=like", f"{RUN}%"]])
        if old:
            await hand.rpc("product.product", "write", old, {"active": False})
        customers = await hand.rpc("stock.location", "search", [["usage", "=", "customer"]])
        world = cls(hand, await hand.warehouse(hand.server.warehouse), customers[0])
        products = await hand.rpc("product.product", "create", [world.product_values(s) for s in (A, B, C)])
        await hand.set_quantities([(one, world._places["lot_stock_id"]) for one in products], UNITS)
        return world

    # --- stock

    async def product(self, sku: str) -> int:
        found = await self.rpc("product.product", "search", [["default_code", "=", sku]])
        return int(found[0])

    async def _quantity(self, sku: str, name: str) -> float:
        place = self._places["lot_stock_id"]
        found = await self.rpc("product.product", "read", [await self.product(sku)], [name], location=place)
        return float(found[0][name])

    async def on_hand(self, sku: str) -> float:
        return await self._quantity(sku, "qty_available")

    async def free(self, sku: str) -> float:
        return await self._quantity(sku, "free_qty")

    async def move(self, sku: str, delta: float) -> None:
        units = await self.on_hand(sku) + delta
        await self._hand.set_quantity(await self.product(sku), self._places["lot_stock_id"], units)

    async def reserve(self, sku: str, units: float) -> None:
        await self.rpc("stock.picking", "action_confirm", [await self._create("", sku, units)])

    async def everywhere(self, sku: str) -> float:
        """On hand in all warehouses."""
        found = await self.rpc("product.product", "read", [await self.product(sku)], ["qty_available"])
        return float(found[0]["qty_available"])

    async def elsewhere(self, sku: str) -> None:
        """There are `SECOND_UNITS` in another warehouse too."""
        if self.server.sandbox is not None:
            await self.fault("second_warehouse", True)
        else:
            if not await self.rpc("stock.warehouse", "search", [["code", "=", SECOND_WAREHOUSE]]):
                await self._hand.new_warehouse(SECOND_WAREHOUSE)
            place = (await self._hand.warehouse(SECOND_WAREHOUSE))["lot_stock_id"]
            await self._hand.set_quantity(await self.product(sku), place, SECOND_UNITS)

    @property
    def stock_location(self) -> int:
        return int(self._places["lot_stock_id"])

    @property
    def company(self) -> int:
        """Whose warehouse ours is."""
        return int(self._places["company_id"])

    async def internal_type(self) -> int:
        """The operation type of transfers inside our warehouse."""
        house = await self.rpc("stock.warehouse", "read", [self._places["id"]], ["int_type_id"])
        return int(house[0]["int_type_id"][0])

    async def delivery_steps(self, steps: str) -> None:
        """A person changes how our warehouse delivers."""
        await self.rpc("stock.warehouse", "write", [self._places["id"]], {"delivery_steps": steps})

    async def reserving(self, method: str) -> None:
        """A person changes when our warehouse's deliveries reserve."""
        await self.rpc(
            "stock.picking.type", "write", [self._places["out_type_id"]], {"reservation_method": method}
        )

    # --- documents

    async def by_hand(self, name: str, action: str, new_name: str = "") -> None:
        found = await self.rpc("stock.picking", "search", [["name", "=", name]])
        assert len(found) == 1, f"{len(found)} documents {name}"
        if action == "validate":
            await self.rpc("stock.picking", "button_validate", found, skip_backorder=True, skip_sms=True)
        elif action == "rename":
            await self.rpc("stock.picking", "write", found, {"name": new_name})
        else:
            methods = {"cancel": "action_cancel", "delete": "unlink", "assign": "action_assign"}
            await self.rpc("stock.picking", methods[action], found)

    async def _create(self, name: str, sku: str, units: float) -> int:
        places = {"location_id": self._places["lot_stock_id"], "location_dest_id": self._customer}
        line: dict[str, object] = {
            "product_id": await self.product(sku),
            "product_uom_qty": units,
            **places,
        }
        if self.version <= 18:
            line["name"] = own("line")
        values = {"origin": name or own("PERSON"), "picking_type_id": self._places["out_type_id"], **places}
        named = {"name": name} if name else {}
        values = {**values, **named, "move_ids": [[0, 0, line]]}
        return int(await self.rpc("stock.picking", "create", values))

    async def draft(self, key: str, sku: str, units: float) -> int:
        return await self._create(key, sku, units)

    async def half_done(self, key: str, sku: str, units: float) -> int:
        picking = await self._create(key, sku, units)
        await self.rpc("stock.picking", "button_validate", [picking], skip_backorder=True, skip_sms=True)
        return picking

    async def ship(self, erp_id: int, sku: str, units: float) -> None:
        wanted = [["picking_id", "=", erp_id], ["product_id", "=", await self.product(sku)]]
        moves = await self.rpc("stock.move", "search", wanted)
        await self.rpc("stock.move", "write", moves, {"quantity": units, "picked": True})
        await self.rpc("stock.picking", "button_validate", [erp_id], skip_backorder=True, skip_sms=True)

    async def backorder_of(self, erp_id: int) -> str:
        found = await self.rpc("stock.picking", "search_read", [["backorder_id", "=", erp_id]], ["name"])
        return str(found[0]["name"])

    # --- products

    def product_values(self, sku: str, **values: str | bool) -> dict[str, object]:
        """A stocked product, unless `values` say otherwise."""
        kind = {"type": "product"} if self.version <= 17 else {"type": "consu", "is_storable": True}
        vals: dict[str, object] = {"name": sku, "default_code": sku, **kind, **values}
        if vals["type"] == "service" or self.version <= 17:
            vals.pop("is_storable", None)
        return vals

    async def new_product(self, sku: str, units: float = 0, **values: str | bool) -> int:
        product = int(await self.rpc("product.product", "create", self.product_values(sku, **values)))
        if units:
            await self._hand.set_quantity(product, self._places["lot_stock_id"], units)
        return product

    async def new_kit(self, sku: str, components: dict[str, float], **values: str | bool) -> int:
        product = await self.new_product(sku, 0, **values)
        template = (await self.rpc("product.product", "read", [product], ["product_tmpl_id"]))[0]
        lines = [
            [0, 0, {"product_id": await self.product(code), "product_qty": units}]
            for code, units in components.items()
        ]
        bom = {"product_tmpl_id": template["product_tmpl_id"][0], "type": "phantom", "bom_line_ids": lines}
        await self.rpc("mrp.bom", "create", bom)
        return product

    async def archive(self, sku: str) -> None:
        await self.rpc("product.product", "write", [await self.product(sku)], {"active": False})

    async def recode(self, sku: str, new_sku: str) -> None:
        await self.rpc("product.product", "write", [await self.product(sku)], {"default_code": new_sku})

    # --- people

    async def user_in(self, *groups: str, email: str = "tests@example.com") -> dict[str, Any]:
        """An employee in these groups alone, as the adapter's settings; the last act of a test."""
        login, password = await self._hand.user_in(*groups, email=email)
        return {"username": login, "secret": password, "is_key": False}

    async def user(self) -> int:
        """The id of the adapter's user."""
        login, _ = self.server.lesser or (self.server.user, "")
        return int((await self.rpc("res.users", "search", [["login", "=", login]]))[0])

    def administrator(self) -> dict[str, Any]:
        """Ourselves, as the adapter's settings."""
        return {"username": self.server.user, "secret": self.server.secret}

    # --- rules that call webhooks

    async def rule(self, name: str, url: str) -> int:
        """A person makes a rule that calls `url` when stock is made known; its number."""
        model = (await self.rpc("ir.model", "search", [["model", "=", "stock.quant"]]))[0]
        action = {"name": name, "model_id": model, "state": "webhook", "webhook_url": url}
        action["usage"] = "base_automation"
        values = {"name": name, "model_id": model, "trigger": "on_create_or_write"}
        return int(
            await self.rpc("base.automation", "create", {**values, "action_server_ids": [[0, 0, action]]})
        )

    async def rules(self, part: str) -> list[int]:
        """Of people and of adapters, switched off ones too, by a part of their name."""
        found = await self.rpc("base.automation", "search", [["name", "like", part]], active_test=False)
        return [int(rule) for rule in found]

    async def drop_rules(self) -> None:
        """Those of this run."""
        if self.server.sandbox is None and (mine := await self.rules(RUN)):
            await self.rpc("base.automation", "unlink", mine)

    # --- the adapter and the network

    def calls(self) -> int:
        return sum("." in record.action for record in self.records)

    async def control(self, path: str, **body: object) -> Any:
        assert self.server.sandbox is not None, (
            "only a sandbox misbehaves to order: mark the test `simulated`"
        )
        async with httpx2.AsyncClient(base_url=self.server.url, trust_env=False) as http:
            answer = await http.post(f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def cut_off(self) -> None:
        """The next write is done but not answered; a real server does that to whoever is impatient."""
        if self.server.sandbox is not None:
            await self.fault("commit_then_timeout", 1)

    async def fault(self, name: str, value: object) -> None:
        await self.control("faults", **{name: value})


def adapter_of(
    world: OdooWorld, clock: Clock | None = None, circuit: Circuit | None = None, **changes: Any
) -> OdooErp:
    """An adapter with these settings changed; its calls are counted by `world`."""
    settings = settings_of(world, **changes)
    return OdooErp(settings, clock or SystemClock(), log=world.records.append, circuit=circuit)


def settings_of(world: OdooWorld, **changes: Any) -> OdooSettings:
    server = world.server
    simulated = server.sandbox is not None
    username, secret = server.lesser or (server.user, server.secret)
    values: dict[str, Any] = {
        "url": server.url,
        "db": server.db,
        "username": username,
        "secret": secret,
        # Up to 18 a key makes no difference.
        "is_key": server.api == "JSON-2" or (simulated and world.version <= 18),
        "warehouse": server.warehouse,
        **world.settings,
        **changes,
    }
    return OdooSettings(**values)


async def _post(http: httpx2.AsyncClient, url: str, service: str, method: str, args: list[object]) -> Any:
    __tracebackhide__ = True
    body = {
        "jsonrpc": "2.0",
        "method": "call",
        "params": {"service": service, "method": method, "args": args},
    }
    answer = (await http.post(f"{url}/jsonrpc", json=body)).json()
    if "error" in answer:
        data = answer["error"]["data"]
        raise OdooError(f"{method} {args[3:5]}: {data['name']}: {data['message']}")
    return answer.get("result")
