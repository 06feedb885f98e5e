"""The Odoo adapter over each API, on the sandbox of each version or on a real server (conftest.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import unquote

import pytest

from orquestador.circuit import Circuit, CircuitState
from orquestador.clock import ManualClock, SystemClock
from orquestador.erp.odoo import OdooErp
from orquestador.http_base import CallRecord
from orquestador.model.errors import AuthRefused
from orquestador.model.logs import LogStatus
from orquestador.model.stock import Availability
from orquestador.ports import MovementState
from tests.contract.erp.backorder_contract import ErpBackorderContract
from tests.contract.erp.contract import LATER, LOT, ErpContract
from tests.contract.erp.odoo_world import SECOND_UNITS, OdooWorld, adapter_of
from tests.contract.erp.reserve_contract import ErpReserveContract
from tests.contract.erp.sale_contract import ErpSaleContract
from tests.contract.erp.world import (
    UNITS,
    A,
    B,
    apply_one,
    ask_until,
    drive_until_done,
    moved_units,
    new_key,
    sale,
)


class TestOdooErp(ErpContract, ErpReserveContract, ErpBackorderContract):
    """The contract."""


@pytest.mark.sells
class TestOdooSales(ErpSaleContract):
    """Sale orders."""


class TestCutOffCalls:
    """The client gives up, the server goes on and commits (odoo.md §7)."""

    @pytest.fixture
    async def hasty(self, world: OdooWorld) -> AsyncIterator[OdooErp]:
        """Gives up on a write long before a real server has done it, or when the sandbox says nothing."""
        clock = SystemClock()
        patience_s = 0.02 if world.server.sandbox is None else 0.4
        adapter = adapter_of(world, clock, Circuit(clock, first_probe_s=0.01), write_timeout_s=patience_s)
        yield adapter
        await adapter.close()

    async def test_a_cut_off_create_is_found_and_finished(
        self, erp: OdooErp, hasty: OdooErp, world: OdooWorld
    ) -> None:
        batch = [await sale(hasty, (A, 2)) for _ in range(3)]
        await world.cut_off()
        assert {o.state for o in (await hasty.apply(batch)).values()} == {MovementState.DOUBTFUL}
        await ask_until(erp, batch, MovementState.OPEN)
        assert {o.state for o in (await erp.finish(batch)).values()} == {MovementState.DONE}
        assert await world.on_hand(A) == UNITS - 6

    async def test_a_cut_off_validation_was_done_after_all(
        self, erp: OdooErp, hasty: OdooErp, world: OdooWorld
    ) -> None:
        movement = await sale(hasty, (A, 2))
        await world.draft(movement.key, A, 2)
        await world.cut_off()
        assert (await hasty.finish([movement]))[movement.key].state is MovementState.DOUBTFUL
        found = (await ask_until(erp, [movement], MovementState.DONE))[movement.key]
        assert moved_units(found) == [2.0]
        assert await world.on_hand(A) == UNITS - 2

    @pytest.mark.simulated("a server that commits and never answers, a given number of times")
    async def test_cut_offs_all_the_way_take_each_unit_once(self, hasty: OdooErp, world: OdooWorld) -> None:
        await world.move(B, -997)
        batch = [await sale(hasty, (A, 1), (B, 2)) for _ in range(3)]
        await hasty.ask(batch)
        await world.fault("commit_then_timeout", 4)
        done: dict[str, object] = {}
        while len(done) < len(batch):
            await hasty.circuit.wait_closed()
            done |= await drive_until_done(hasty, batch, rounds=1)
        assert (await world.on_hand(A), await world.on_hand(B)) == (UNITS - 3, -3.0)


class TestOdooOnly:
    """What only Odoo has."""

    async def test_a_list_of_three_costs_three_calls_and_names_its_orders(
        self, erp: OdooErp, world: OdooWorld, records: list[CallRecord]
    ) -> None:
        batch = [await sale(erp, (A, 1), key=new_key("ORD%2F")) for _ in range(3)]
        records.clear()
        await erp.apply(batch)
        assert [r.action for r in records] == [
            "stock.picking.create",
            "stock.picking.button_validate",
            "stock.move.search_read",
        ]
        assert {r.order_ids for r in records} == {tuple(unquote(m.key.split("/")[-2]) for m in batch)}
        assert {r.skus for r in records} == {(A,)}

    async def test_a_backorder_costs_five_more(self, erp: OdooErp, world: OdooWorld) -> None:
        await world.move(A, -997)
        movement = await sale(erp, (A, 5))
        await erp.ask([movement])
        before = world.calls()
        await apply_one(erp, movement)
        assert world.calls() - before <= 7

    async def test_a_product_is_remembered_for_hints_up_to_its_age(self, world: OdooWorld) -> None:
        clock = ManualClock()
        adapter = adapter_of(world, clock, product_cache_s=60.0)
        product = int((await adapter.products([A]))[A])
        before = world.calls()
        assert await adapter.skus_of([product]) == {product: A}
        assert world.calls() == before
        await world.recode(A, LATER)
        clock.advance(59)
        assert await adapter.skus_of([product]) == {product: A}
        clock.advance(1)
        assert await adapter.skus_of([product]) == {product: LATER}
        await world.recode(LATER, A)
        # Whoever asks by SKU refreshes what is remembered.
        await adapter.availability([A])
        assert await adapter.skus_of([product]) == {product: A}
        await adapter.close()

    async def test_a_product_is_not_remembered_when_that_is_off(self, world: OdooWorld) -> None:
        adapter = adapter_of(world, ManualClock(), product_cache_s=0.0)
        product = int((await adapter.products([A]))[A])
        await world.recode(A, LATER)
        assert await adapter.skus_of([product]) == {product: LATER}
        await adapter.close()

    async def test_a_business_error_is_logged_without_its_trace(
        self, erp: OdooErp, world: OdooWorld, records: list[CallRecord]
    ) -> None:
        product = await world.new_product(LOT)
        movement = await sale(erp, (LOT, 1))
        # A person has it tracked from now on, and Odoo refuses what has no lot.
        await world.rpc("product.product", "write", [product], {"tracking": "lot"})
        await apply_one(erp, movement)
        failed = [r for r in records if r.status is LogStatus.ERROR]
        assert [r.action for r in failed] == ["stock.picking.button_validate"]
        assert "Traceback" not in str(failed[0].response)
        assert "debug" not in str(failed[0].response)

    async def test_wrong_credentials_stop_the_flow(self, world: OdooWorld) -> None:
        adapter = adapter_of(world, secret="wrong")
        with pytest.raises(AuthRefused):
            await adapter.products([A])
        assert [(f.code, f.stops) for f in await adapter.check()] == [("odoo.credentials", "erp")]
        await adapter.close()

    async def test_the_api_that_fits_is_found(self, erp: OdooErp, world: OdooWorld) -> None:
        found = {f.code: f for f in await erp.check()}["odoo.api"]
        old = (world.version, world.server.api) == (19, "JSON-RPC")
        assert (found.facts["api"], found.level) == (world.server.api, "warning" if old else "ok")

    async def test_a_database_that_is_not_there_stops_the_flow(self, world: OdooWorld) -> None:
        adapter = adapter_of(world, db="other")
        assert [(f.code, f.stops) for f in await adapter.check()] == [("odoo.unreachable", "erp")]
        await adapter.close()

    async def test_the_key_is_in_no_log(self, world: OdooWorld, records: list[CallRecord]) -> None:
        adapter = adapter_of(world, secret="s3cr3t-k3y")
        with pytest.raises(AuthRefused):
            await adapter.products([A])
        await adapter.close()
        assert records
        assert "s3cr3t" not in str(records)

    @pytest.mark.simulated("a server that answers 502")
    async def test_a_dead_server_stops_the_flow(self, world: OdooWorld, erp: OdooErp) -> None:
        await world.fault("error_status", 502)
        assert [(f.code, f.stops) for f in await erp.check()] == [("odoo.unreachable", "erp")]
        assert erp.circuit.state is CircuitState.OPEN

    async def test_two_warehouses_need_a_choice_and_the_scope_is_checked(self, world: OdooWorld) -> None:
        await world.elsewhere(A)
        undecided = adapter_of(world, warehouse=None)
        assert [(f.code, f.stops) for f in await undecided.check()] == [("odoo.warehouse", "erp")]
        with pytest.raises(AuthRefused):
            await undecided.availability([A])
        await undecided.close()
        chosen = adapter_of(world, warehouse=world.server.warehouse or "WH")
        findings = {f.code: f for f in await chosen.check()}
        assert findings["odoo.scope"].level == "ok"
        facts = findings["odoo.scope"].facts
        assert facts["scoped"] != facts["total"]  # of some product that the other warehouse has
        found = (await chosen.availability([A]))[A]
        assert isinstance(found, Availability)
        assert (found.on_hand, await world.everywhere(A)) == (UNITS, UNITS + SECOND_UNITS)
        assert moved_units(await apply_one(chosen, await sale(chosen, (A, 1)))) == [1.0]
        await chosen.close()

    @pytest.mark.simulated("quantities that are the same everywhere")
    async def test_a_scope_that_is_ignored_stops_the_flow(self, world: OdooWorld) -> None:
        await world.fault("second_warehouse", True)
        await world.fault("drop_free_qty", True)  # every quantity reads 0, so both are equal
        adapter = adapter_of(world, warehouse=world.server.warehouse or "WH")
        findings = {f.code: f for f in await adapter.check()}
        assert (findings["odoo.scope"].level, findings["odoo.scope"].stops) == ("error", "erp")
        assert "odoo.ok" not in findings
        await adapter.close()

    async def test_several_delivery_steps_stop_the_flow(self, erp: OdooErp, world: OdooWorld) -> None:
        await world.delivery_steps("pick_ship")
        try:
            assert [(f.code, f.stops) for f in await erp.check()] == [("odoo.delivery_steps", "erp")]
        finally:
            await world.delivery_steps("ship_only")

    async def test_a_user_without_the_inventory_group_stops_the_flow(self, world: OdooWorld) -> None:
        await world.elsewhere(A)  # so that quantities are compared, which such a user may not read
        adapter = adapter_of(world, warehouse=world.server.warehouse or "WH", **await world.user_in())
        findings = {f.code: f for f in await adapter.check()}
        assert (findings["odoo.rights"].level, findings["odoo.rights"].stops) == ("error", "erp")
        assert "odoo.ok" not in findings
        with pytest.raises(AuthRefused):
            await adapter.availability([A])
        await adapter.close()

    @pytest.mark.simulated("a question that Odoo asks although stock suffices")
    async def test_without_force_a_question_undoes_the_movement(self, erp: OdooErp, world: OdooWorld) -> None:
        # What Odoo asks when somebody was faster than our look at the stock.
        movement, other = await sale(erp, (A, 5)), await sale(erp, (B, 1))
        await erp.ask([movement])
        await world.fault("wizard", 2)
        outcomes = await erp.apply([movement, other], force=False)
        assert {o.state for o in outcomes.values()} == {MovementState.REFUSED}
        assert (await world.free(A), await world.free(B)) == (UNITS, UNITS)
