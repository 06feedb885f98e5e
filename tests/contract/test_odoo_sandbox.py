"""The Odoo adapter on the sandbox of each version, over each API that it has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from orquestador.circuit import Circuit, CircuitState
from orquestador.clock import ManualClock, SystemClock
from orquestador.erp.odoo import OdooErp, OdooSettings
from orquestador.erp.odoo.rules import OUR_PATH, PAYLOAD, RULE_NAME, RuleRefused
from orquestador.http_base import CallRecord
from orquestador.model.errors import AuthRefused
from orquestador.model.logs import LogStatus
from orquestador.ports import MovementState
from orquestador.sandbox.odoo.core import Options
from orquestador.sandbox.odoo.server import Running, running
from tests.contract.erp_contract import ErpContract
from tests.contract.erp_reserve_contract import ErpReserveContract
from tests.contract.erp_world import (
    UNITS,
    A,
    B,
    World,
    apply_one,
    ask_one,
    drive_until_done,
    moved_units,
    sale,
)
from tests.unit.sandbox_odoo.receiver import receiving


class SandboxWorld(World):
    """The sandbox through its control doors and, as another client, through its API."""

    def __init__(self, sandbox: Running, http: httpx2.AsyncClient, api: str) -> None:
        self._sandbox, self._http, self.api = sandbox, http, api
        self.version = sandbox.core.options.version

    async def rpc(self, model: str, method: str, *args: object, **context: object) -> Any:
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "params": {
                "service": "object",
                "method": "execute_kw",
                "args": ["sandbox", 2, "admin", model, method, list(args), {"context": context}],
            },
        }
        answer = (await self._http.post("/jsonrpc", json=body)).json()
        assert "error" not in answer, answer["error"]["data"]["name"]
        return answer.get("result")

    async def control(self, path: str, **body: object) -> Any:
        answer = await self._http.post(f"/_sandbox/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def _stock(self, sku: str) -> dict[str, float]:
        state = (await self._http.get("/_sandbox/state")).json()
        row: dict[str, float] = state["stock"][sku]
        return row

    async def on_hand(self, sku: str) -> float:
        return (await self._stock(sku))["on_hand"]

    async def free(self, sku: str) -> float:
        return (await self._stock(sku))["free"]

    async def move(self, sku: str, delta: float) -> None:
        await self.control("move", sku=sku, delta=delta)

    async def product(self, sku: str) -> int:
        found = await self.rpc("product.product", "search", [["default_code", "=", sku]])
        return int(found[0])

    async def reserve(self, sku: str, units: float) -> None:
        picking = await self._create("PERSON/1", sku, units)
        await self.rpc("stock.picking", "action_confirm", [picking])

    async def by_hand(self, name: str, action: str, new_name: str = "") -> None:
        await self.control("picking", name=name, action=action, new_name=new_name)

    async def _create(self, name: str, sku: str, units: float) -> int:
        warehouse = (await self.rpc("stock.warehouse", "search_read", [], ["out_type_id", "lot_stock_id"]))[0]
        customer = (await self.rpc("stock.location", "search", [["usage", "=", "customer"]]))[0]
        places = {"location_id": warehouse["lot_stock_id"][0], "location_dest_id": customer}
        line: dict[str, object] = {
            "product_id": await self.product(sku),
            "product_uom_qty": units,
            **places,
        }
        if self.version <= 18:
            line["name"] = "x"
        values = {"name": name, "origin": name, "picking_type_id": warehouse["out_type_id"][0], **places}
        return int(await self.rpc("stock.picking", "create", {**values, "move_ids": [[0, 0, line]]}))

    async def draft(self, key: str, sku: str, units: float) -> int:
        return await self._create(key, sku, units)

    async def half_done(self, key: str, sku: str, units: float) -> int:
        picking = await self._create(key, sku, units)
        await self.rpc("stock.picking", "button_validate", [picking], skip_backorder=True)
        return picking

    async def ship(self, erp_id: int, sku: str, units: float) -> None:
        wanted = [["picking_id", "=", erp_id], ["product_id", "=", await self.product(sku)]]
        moves = await self.rpc("stock.move", "search", wanted)
        await self.rpc("stock.move", "write", moves, {"quantity": units, "picked": True})
        await self.rpc("stock.picking", "button_validate", [erp_id], skip_backorder=True)

    async def backorder_of(self, erp_id: int) -> str:
        found = await self.rpc("stock.picking", "search_read", [["backorder_id", "=", erp_id]], ["name"])
        return str(found[0]["name"])

    async def new_product(self, sku: str, units: float = 0, **values: str | bool) -> int:
        kind = {"type": "product"} if self.version <= 17 else {"type": "consu", "is_storable": True}
        vals: dict[str, object] = {"name": sku, "default_code": sku, **kind, **values}
        if vals["type"] == "service" or self.version <= 17:
            vals.pop("is_storable", None)
        product = int(await self.rpc("product.product", "create", vals))
        if units:
            await self.move(sku, units)
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

    async def fault(self, name: str, value: object) -> None:
        await self.control("faults", **{name: value})

    def calls(self) -> int:
        return sum(self._sandbox.core.calls.values())

    @property
    def url(self) -> str:
        return self._sandbox.url


APIS = [(17, "JSON-RPC"), (18, "JSON-RPC"), (19, "JSON-RPC"), (19, "JSON-2")]


@pytest.fixture(scope="module", params=APIS, ids=lambda api: f"{api[0]}-{api[1]}")
def api(request: pytest.FixtureRequest) -> tuple[int, str]:
    """The version of the server, and what it is called over."""
    version, name = request.param
    return int(version), str(name)


@pytest.fixture(scope="module")
def sandbox(api: tuple[int, str]) -> Iterator[Running]:
    with running(Options(version=api[0], seed_catalog=5)) as found:
        yield found


@pytest.fixture
async def world(sandbox: Running, api: tuple[int, str]) -> AsyncIterator[SandboxWorld]:
    async with httpx2.AsyncClient(base_url=sandbox.url, trust_env=False, verify=False) as http:
        fresh = SandboxWorld(sandbox, http, api[1])
        await fresh.control("reset")
        yield fresh


@pytest.fixture
def records() -> list[CallRecord]:
    return []


@pytest.fixture
async def erp(world: SandboxWorld, records: list[CallRecord]) -> AsyncIterator[OdooErp]:
    adapter = OdooErp(settings(world), SystemClock(), log=records.append)
    yield adapter
    await adapter.close()


def settings(world: SandboxWorld, **changes: Any) -> OdooSettings:
    values: dict[str, Any] = {
        "url": world.url,
        "db": "sandbox",
        "username": "admin",
        "secret": "admin",
        # Up to 18 a key makes no difference.
        "is_key": world.version <= 18 or world.api == "JSON-2",
        **changes,
    }
    return OdooSettings(**values)


class TestOdooErp(ErpContract, ErpReserveContract):
    """The contract, on 17, 18 and 19, and on 19 over JSON-2."""


class TestCutOffCalls:
    """The client gives up, the server goes on and commits (odoo.md §7)."""

    @pytest.fixture
    async def erp(self, world: SandboxWorld) -> AsyncIterator[OdooErp]:
        clock = SystemClock()
        circuit = Circuit(clock, first_probe_s=0.01)
        adapter = OdooErp(settings(world, write_timeout_s=0.4), clock, circuit=circuit)
        yield adapter
        await adapter.close()

    async def test_a_cut_off_create_is_found_and_finished(self, erp: OdooErp, world: SandboxWorld) -> None:
        batch = [await sale(erp, (A, 2)) for _ in range(3)]
        await world.fault("commit_then_timeout", 1)
        assert {o.state for o in (await erp.apply(batch)).values()} == {MovementState.DOUBTFUL}
        await erp.circuit.wait_closed()
        assert {o.state for o in (await erp.ask(batch)).values()} == {MovementState.OPEN}
        assert {o.state for o in (await erp.finish(batch)).values()} == {MovementState.DONE}
        assert await world.on_hand(A) == UNITS - 6

    async def test_a_cut_off_validation_was_done_after_all(self, erp: OdooErp, world: SandboxWorld) -> None:
        movement = await sale(erp, (A, 2))
        await world.draft(movement.key, A, 2)
        await world.fault("commit_then_timeout", 1)
        assert (await erp.finish([movement]))[movement.key].state is MovementState.DOUBTFUL
        await erp.circuit.wait_closed()
        found = await ask_one(erp, movement)
        assert (found.state, moved_units(found)) == (MovementState.DONE, [2.0])
        assert await world.on_hand(A) == UNITS - 2

    async def test_cut_offs_all_the_way_take_each_unit_once(self, erp: OdooErp, world: SandboxWorld) -> None:
        await world.move(B, -997)
        batch = [await sale(erp, (A, 1), (B, 2)) for _ in range(3)]
        await erp.ask(batch)
        await world.fault("commit_then_timeout", 4)
        done: dict[str, object] = {}
        while len(done) < len(batch):
            await erp.circuit.wait_closed()
            done |= await drive_until_done(erp, batch, rounds=1)
        assert (await world.on_hand(A), await world.on_hand(B)) == (UNITS - 3, -3.0)


class TestOdooOnly:
    """What only Odoo has."""

    async def test_a_list_of_three_costs_three_calls_and_names_its_orders(
        self, erp: OdooErp, world: SandboxWorld, records: list[CallRecord]
    ) -> None:
        batch = [await sale(erp, (A, 1), key=f"TEST-falabella/ORD%2F{i}/1") for i in range(3)]
        before = world.calls()
        records.clear()
        await erp.apply(batch)
        assert world.calls() - before == 3
        assert [r.action for r in records] == [
            "stock.picking.create",
            "stock.picking.button_validate",
            "stock.move.search_read",
        ]
        assert {r.order_ids for r in records} == {("ORD/0", "ORD/1", "ORD/2")}
        assert {r.skus for r in records} == {(A,)}

    async def test_a_backorder_costs_five_more(self, erp: OdooErp, world: SandboxWorld) -> None:
        await world.move(A, -997)
        movement = await sale(erp, (A, 5))
        await erp.ask([movement])
        before = world.calls()
        await apply_one(erp, movement)
        assert world.calls() - before <= 7

    async def test_a_product_is_remembered_for_hints_up_to_its_age(self, world: SandboxWorld) -> None:
        clock = ManualClock()
        adapter = OdooErp(settings(world, product_cache_s=60.0), clock)
        product = int((await adapter.products([A]))[A])
        before = world.calls()
        assert await adapter.skus_of([product]) == {product: A}
        assert world.calls() == before
        await world.recode(A, "SKU-NEW")
        clock.advance(59)
        assert await adapter.skus_of([product]) == {product: A}
        clock.advance(1)
        assert await adapter.skus_of([product]) == {product: "SKU-NEW"}
        await world.recode("SKU-NEW", A)
        # Whoever asks by SKU refreshes what is remembered.
        await adapter.availability([A])
        assert await adapter.skus_of([product]) == {product: A}
        await adapter.close()

    async def test_a_product_is_not_remembered_when_that_is_off(self, world: SandboxWorld) -> None:
        adapter = OdooErp(settings(world, product_cache_s=0.0), ManualClock())
        product = int((await adapter.products([A]))[A])
        await world.recode(A, "SKU-NEW")
        assert await adapter.skus_of([product]) == {product: "SKU-NEW"}
        await adapter.close()

    async def test_a_business_error_is_logged_without_its_trace(
        self, erp: OdooErp, world: SandboxWorld, records: list[CallRecord]
    ) -> None:
        await world.new_product("LOT", tracking="lot")
        await apply_one(erp, await sale(erp, ("LOT", 1)))
        failed = [r for r in records if r.status is LogStatus.ERROR]
        assert [r.action for r in failed] == ["stock.picking.button_validate"]
        assert "Traceback" not in str(failed[0].response)
        assert "debug" not in str(failed[0].response)

    async def test_wrong_credentials_stop_the_flow(self, world: SandboxWorld) -> None:
        adapter = OdooErp(settings(world, secret="wrong"), SystemClock())
        with pytest.raises(AuthRefused):
            await adapter.products([A])
        assert [(f.code, f.stops) for f in await adapter.check()] == [("odoo.credentials", "erp")]
        await adapter.close()

    async def test_the_api_that_fits_is_found(self, erp: OdooErp, world: SandboxWorld) -> None:
        found = {f.code: f for f in await erp.check()}["odoo.api"]
        old = (world.version, world.api) == (19, "JSON-RPC")
        assert (found.facts["api"], found.level) == (world.api, "warning" if old else "ok")

    async def test_a_key_of_somebody_else_is_told(self, world: SandboxWorld) -> None:
        adapter = OdooErp(settings(world, username="other@example.com"), SystemClock())
        findings = {f.code: f for f in await adapter.check()}
        await adapter.close()
        if world.api == "JSON-2":
            assert findings["odoo.key_owner"].facts == {"user": "other@example.com", "owner": "admin"}
        else:
            assert list(findings) == ["odoo.credentials"]

    async def test_a_database_that_is_not_there_stops_the_flow(self, world: SandboxWorld) -> None:
        adapter = OdooErp(settings(world, db="other"), SystemClock())
        assert [(f.code, f.stops) for f in await adapter.check()] == [("odoo.unreachable", "erp")]
        await adapter.close()

    async def test_the_key_is_in_no_log(
        self, erp: OdooErp, world: SandboxWorld, records: list[CallRecord]
    ) -> None:
        adapter = OdooErp(settings(world, secret="s3cr3t-k3y"), SystemClock(), log=records.append)
        with pytest.raises(AuthRefused):
            await adapter.products([A])
        await adapter.close()
        assert records
        assert "s3cr3t" not in str(records)

    async def test_a_dead_server_stops_the_flow(self, world: SandboxWorld, erp: OdooErp) -> None:
        await world.fault("error_status", 502)
        assert [(f.code, f.stops) for f in await erp.check()] == [("odoo.unreachable", "erp")]
        assert erp.circuit.state is CircuitState.OPEN

    async def test_two_warehouses_need_a_choice_and_the_scope_is_checked(self, world: SandboxWorld) -> None:
        await world.fault("second_warehouse", True)
        undecided = OdooErp(settings(world), SystemClock())
        assert [(f.code, f.stops) for f in await undecided.check()] == [("odoo.warehouse", "erp")]
        with pytest.raises(AuthRefused):
            await undecided.availability([A])
        await undecided.close()
        chosen = OdooErp(settings(world, warehouse="WH"), SystemClock())
        findings = {f.code: f for f in await chosen.check()}
        assert findings["odoo.scope"].level == "ok"
        assert findings["odoo.scope"].facts["total"] == UNITS + 250
        assert findings["odoo.scope"].facts["scoped"] == UNITS
        assert moved_units(await apply_one(chosen, await sale(chosen, (A, 1)))) == [1.0]
        await chosen.close()

    async def test_a_scope_that_is_ignored_stops_the_flow(self, world: SandboxWorld) -> None:
        await world.fault("second_warehouse", True)
        await world.fault("drop_free_qty", True)  # every quantity reads 0, so both are equal
        adapter = OdooErp(settings(world, warehouse="WH"), SystemClock())
        findings = {f.code: f for f in await adapter.check()}
        assert (findings["odoo.scope"].level, findings["odoo.scope"].stops) == ("error", "erp")
        assert "odoo.ok" not in findings
        await adapter.close()

    async def test_several_delivery_steps_stop_the_flow(self, erp: OdooErp, world: SandboxWorld) -> None:
        await world.rpc("stock.warehouse", "write", [1], {"delivery_steps": "pick_ship"})
        assert [(f.code, f.stops) for f in await erp.check()] == [("odoo.delivery_steps", "erp")]

    async def test_a_user_without_the_inventory_group_stops_the_flow(
        self, erp: OdooErp, world: SandboxWorld
    ) -> None:
        groups = "groups_id" if world.version <= 18 else "group_ids"
        await world.rpc("res.users", "write", [2], {groups: [[6, 0, []]]})
        findings = {f.code: f for f in await erp.check()}
        assert (findings["odoo.rights"].level, findings["odoo.rights"].stops) == ("error", "erp")

    async def test_our_webhook_rules_are_listed_and_removed(self, erp: OdooErp, world: SandboxWorld) -> None:
        await world.control("webhook", url="http://127.0.0.1:9/odoo/webhook/stock-change/s3cr3t-value")
        assert {f.code: f.level for f in await erp.check()}["odoo.webhook_rule"] == "ok"
        assert await erp.registrations() == []  # not by our name: not ours to remove
        rule = (await world.rpc("base.automation", "search", []))[0]
        await world.rpc("base.automation", "write", [rule], {"name": "Orquestador stock"})
        ours = await erp.registrations()
        assert [(r.id, r.events) for r in ours] == [(str(rule), ("Orquestador stock",))]
        assert "s3cr3t" not in ours[0].url
        await erp.unregister(ours[0].id)
        assert await erp.registrations() == []
        assert {f.code: f.level for f in await erp.check()}["odoo.webhook_rule"] == "warning"

    async def test_the_recommended_rule_is_made_once_and_calls_us(
        self, erp: OdooErp, world: SandboxWorld, records: list[CallRecord]
    ) -> None:
        with receiving() as receiver:
            url = f"{receiver.url.rstrip('/')}{OUR_PATH}/s3cr3t-value"
            made = await erp.register(url)
            again = await erp.register(url)
            assert (made.change, again.change) == ("created", "unchanged")
            assert made.entry == again.entry
            assert await erp.registrations() == [made.entry]
            assert {f.code: f.level for f in await erp.check()}["odoo.webhook_rule"] == "ok"
            await world.move(A, -3)
            assert {body["product_id"] for body in receiver.bodies} == {await world.product(A)}
            assert set(receiver.bodies[-1]) >= set(PAYLOAD)
            assert len(receiver.bodies) == 3
        assert "s3cr3t" not in str(made.entry)
        assert "s3cr3t" not in str(records)
        await erp.unregister(made.entry.id)
        assert await erp.registrations() == []
        assert await world.rpc("base.automation", "search", [["active", "in", [True, False]]]) == []
        assert await world.rpc("ir.actions.server", "search", []) == []

    @pytest.mark.parametrize("spoiled", ["active", "url", "trigger", "twice"])
    async def test_a_rule_that_is_not_as_it_should_be_is_made_anew(
        self, erp: OdooErp, world: SandboxWorld, spoiled: str
    ) -> None:
        made = (await erp.register("http://127.0.0.1:9/x/s3cr3t")).entry
        rule, wanted = int(made.id), "http://127.0.0.1:9/x/s3cr3t"
        match spoiled:
            case "active":
                await world.rpc("base.automation", "write", [rule], {"active": False})
            case "url":
                wanted = "http://127.0.0.1:9/x/another"
            case "trigger":
                await world.rpc("base.automation", "write", [rule], {"trigger": "on_create"})
            case "twice":
                other = (await world.rpc("base.automation", "read", [rule], ["model_id"]))[0]["model_id"][0]
                await world.rpc("base.automation", "create", {"name": RULE_NAME, "model_id": other})
        assert (await erp.register(wanted)).change == "updated"
        assert len(await erp.registrations()) == 1
        assert (await erp.register(wanted)).change == "unchanged"

    async def test_another_installations_rule_is_not_ours(self, erp: OdooErp, world: SandboxWorld) -> None:
        second = OdooErp(settings(world, prefix="shop2-"), SystemClock())
        ours, theirs = (
            await erp.register("http://127.0.0.1:9/a"),
            await second.register("http://127.0.0.1:9/b"),
        )
        assert (ours.change, theirs.change) == ("created", "created")
        assert [await erp.registrations(), await second.registrations()] == [[ours.entry], [theirs.entry]]
        await second.close()

    async def test_a_rule_needs_an_administrator(self, erp: OdooErp, world: SandboxWorld) -> None:
        groups = "groups_id" if world.version <= 18 else "group_ids"
        inventory = await world.rpc("res.groups", "search", [["name", "=", "Inventory / User"]])
        await world.rpc("res.users", "write", [2], {groups: [[6, 0, inventory]]})
        with pytest.raises(RuleRefused) as refused:
            await erp.register("http://127.0.0.1:9/x")
        assert refused.value.code == "odoo.rule_admin"
        assert await erp.registrations() == []

    async def test_a_rule_needs_the_automation_module(self, erp: OdooErp, world: SandboxWorld) -> None:
        model = await world.rpc("ir.model", "search", [["model", "=", "base.automation"]])
        await world.rpc("ir.model", "unlink", model)
        with pytest.raises(RuleRefused) as refused:
            await erp.register("http://127.0.0.1:9/x")
        assert refused.value.code == "odoo.rule_module"

    async def test_reserving_later_than_on_confirmation_is_a_warning(
        self, erp: OdooErp, world: SandboxWorld
    ) -> None:
        assert {f.code: f.level for f in await erp.check()}["odoo.reservation"] == "ok"
        deliveries = (await world.rpc("stock.warehouse", "read", [1], ["out_type_id"]))[0]["out_type_id"][0]
        await world.rpc("stock.picking.type", "write", [deliveries], {"reservation_method": "manual"})
        found = {f.code: f for f in await erp.check()}["odoo.reservation"]
        assert (found.level, found.stops, found.facts["method"]) == ("warning", None, "manual")

    @pytest.mark.parametrize(
        ("ends_in_days", "expected"),
        [
            ([], None),
            ([None], None),
            ([20], ("odoo.key_expires", "ok", 20)),
            ([None, 20], ("odoo.key_expires", "ok", 20)),
            ([40, 13], ("odoo.key_expires", "warning", 13)),
            ([-1, 20], ("odoo.key_expires", "ok", 20)),
            ([-3, -2], ("odoo.key_expired", "error", -2)),
        ],
    )
    async def test_a_key_that_ends_is_told_in_time(
        self,
        world: SandboxWorld,
        ends_in_days: list[int | None],
        expected: tuple[str, str, int] | None,
    ) -> None:
        if world.version < 18:
            expected = None  # keys of 17 never end
        clock = SystemClock()
        for number, days in enumerate(ends_in_days):
            values: dict[str, object] = {"name": f"key {number}", "user_id": 2}
            if world.version >= 18 and days is not None:
                end = datetime.fromtimestamp(clock.now() + days * 86_400 + 3600, UTC)
                values["expiration_date"] = end.strftime("%Y-%m-%d %H:%M:%S")
            await world.rpc("res.users.apikeys", "create", values)
        for is_key in (True, False):
            adapter = OdooErp(settings(world, is_key=is_key), clock)
            found = [f for f in await adapter.check() if f.code.startswith("odoo.key")]
            await adapter.close()
            wanted = [expected] if expected and is_key else []
            assert [(f.code, f.level, f.facts["days"]) for f in found] == wanted
            assert [f.stops for f in found] == [None] * len(wanted)

    async def test_without_force_a_question_undoes_the_movement(
        self, erp: OdooErp, world: SandboxWorld
    ) -> None:
        # What Odoo asks when somebody was faster than our look at the stock.
        movement, other = await sale(erp, (A, 5)), await sale(erp, (B, 1))
        await erp.ask([movement])
        await world.fault("wizard", 2)
        outcomes = await erp.apply([movement, other], force=False)
        assert {o.state for o in outcomes.values()} == {MovementState.REFUSED}
        assert (await world.free(A), await world.free(B)) == (UNITS, UNITS)
