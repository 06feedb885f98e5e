"""The same contract with the accelerator installed: the same results in fewer calls (docs/adr/0021)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from orquestador.erp.odoo import OdooErp
from orquestador.http_base import CallRecord
from orquestador.model.orders import Direction, OrderMode
from orquestador.ports import Movement, MovementState
from tests.contract.erp.contract import LOT, ErpContract
from tests.contract.erp.odoo_world import OdooWorld, adapter_of
from tests.contract.erp.reserve_contract import ErpReserveContract
from tests.contract.erp.test_odoo import TestCutOffCalls as CutOffCalls
from tests.contract.erp.world import (
    RUN,
    UNITS,
    A,
    B,
    ask_until,
    moved_units,
    next_key,
    sale,
)

RUN_ACTION = "ir.actions.server.run"
NAME = f"Orquestador accelerator [{RUN}]"


@pytest.fixture
async def world(world: OdooWorld) -> OdooWorld:
    """With the action in place, under a name of this run."""
    world.settings = {"prefix": RUN}
    adapter = adapter_of(world, **world.administrator())
    await adapter.install_action()
    await adapter.close()
    world.records.clear()
    return world


@pytest.fixture
async def owner(world: OdooWorld) -> AsyncIterator[OdooErp]:
    """An adapter of who may make and remove actions."""
    adapter = adapter_of(world, **world.administrator())
    yield adapter
    await adapter.close()


@pytest.fixture
async def erp(world: OdooWorld) -> AsyncIterator[OdooErp]:
    """One that has been checked, as a service is when it starts: it knows that the action is there."""
    adapter = adapter_of(world)
    assert "odoo.accelerator_ready" in [f.code for f in await adapter.check()]
    world.records.clear()
    yield adapter
    await adapter.close()


class TestOdooErp(ErpContract, ErpReserveContract):
    """The contract."""


class TestCutOffCalls(CutOffCalls):
    """The client gives up, the server goes on and commits: here, all of it at once."""

    async def test_a_cut_off_create_is_found_and_finished(
        self, erp: OdooErp, hasty: OdooErp, world: OdooWorld
    ) -> None:
        batch = [await sale(hasty, (A, 2)) for _ in range(3)]
        await world.cut_off()
        outcomes = await hasty.apply(batch)
        assert {o.state for o in outcomes.values()} <= {MovementState.DOUBTFUL, MovementState.DONE}
        await ask_until(erp, batch, MovementState.DONE)
        assert await world.on_hand(A) == UNITS - 6


class TestOneCall:
    """That it is the action that does it, and what happens without."""

    async def test_a_batch_is_one_call(self, erp: OdooErp, records: list[CallRecord]) -> None:
        batch = [await sale(erp, (A, 1), (B, 2)) for _ in range(20)]
        records.clear()
        outcomes = await erp.apply(batch)
        assert [r.action for r in records] == [RUN_ACTION]
        assert {o.state for o in outcomes.values()} == {MovementState.DONE}

    async def test_short_ones_and_one_that_is_refused_are_in_the_same_call(
        self, erp: OdooErp, world: OdooWorld, records: list[CallRecord]
    ) -> None:
        product = await world.new_product(LOT)
        await world.move(A, -997)
        plain, short, bad = (
            await sale(erp, (B, 1)),
            await sale(erp, (A, 5), (B, 2)),
            await sale(erp, (LOT, 1)),
        )
        # A person has it tracked from now on, and Odoo refuses what has no lot.
        await world.rpc("product.product", "write", [product], {"tracking": "lot"})
        records.clear()
        outcomes = await erp.apply([plain, bad, short])
        assert [r.action for r in records] == [RUN_ACTION]
        assert [outcomes[m.key].state for m in (plain, bad, short)] == [
            MovementState.DONE,
            MovementState.REFUSED,
            MovementState.DONE,
        ]
        assert outcomes[short.key].short == {short.items[0][0]}
        assert outcomes[bad.key].reason
        assert (await erp.ask([bad]))[bad.key].state is MovementState.OPEN
        assert (await world.on_hand(A), await world.on_hand(B)) == (-2.0, UNITS - 3)

    async def test_a_give_back_and_a_reservation_are_one_call_each(
        self, erp: OdooErp, world: OdooWorld, records: list[CallRecord]
    ) -> None:
        taken = await sale(erp, (A, 5))
        await erp.apply([taken])
        back = Movement(next_key(taken), Direction.IN, tuple((p, 2.0) for p, _ in taken.items))
        held = Movement(next_key(back), Direction.OUT, taken.items, mode=OrderMode.RESERVE)
        records.clear()
        assert moved_units((await erp.apply([back]))[back.key]) == [2.0]
        assert (await erp.apply([held]))[held.key].state is MovementState.RESERVED
        # Before a give-back it is asked whether its products are still there.
        changes = [r.action for r in records if not r.action.startswith("product.")]
        assert changes == [RUN_ACTION] * 2
        assert (await world.on_hand(A), await world.free(A)) == (UNITS - 3, UNITS - 8)

    async def test_it_can_be_left_unused(self, world: OdooWorld, records: list[CallRecord]) -> None:
        adapter = adapter_of(world, accelerator=False)
        movement = await sale(adapter, (A, 1))
        await adapter.apply([movement])
        assert not [f for f in await adapter.check() if f.code.startswith("odoo.accelerator")]
        await adapter.close()
        assert RUN_ACTION not in [r.action for r in records]
        assert "stock.picking.create" in [r.action for r in records]

    @pytest.mark.parametrize(
        ("code", "found"),
        [
            ("action = {'orquestador': 1, 'code': 'something else'}", "odoo.accelerator_other"),
            ("raise UserError('not now')", "odoo.accelerator_other"),
            ("unheard_of()", "odoo.accelerator_other"),
            ("", "odoo.accelerator_other"),
            (None, "odoo.accelerator_missing"),
        ],
    )
    async def test_another_text_is_not_used_and_told(
        self, world: OdooWorld, owner: OdooErp, records: list[CallRecord], code: str | None, found: str
    ) -> None:
        actions = await world.rpc("ir.actions.server", "search", [["name", "=", NAME]])
        if code is None:
            await world.rpc("ir.actions.server", "unlink", actions)
        else:
            await world.rpc("ir.actions.server", "write", actions, {"code": code})
        adapter = adapter_of(world)
        findings = [f for f in await adapter.check() if f.code.startswith("odoo.accelerator")]
        assert [(f.code, f.level, f.stops) for f in findings] == [
            (found, "ok" if code is None else "warning", None)
        ]
        movement = await sale(adapter, (A, 1))
        assert (await adapter.apply([movement]))[movement.key].state is MovementState.DONE
        assert "stock.picking.create" in [r.action for r in records]
        assert (await owner.install_action()).change == ("created" if code is None else "updated")
        assert [f.code for f in await adapter.check() if "accelerator" in f.code] == [
            "odoo.accelerator_ready"
        ]
        await adapter.close()
        assert await world.on_hand(A) == UNITS - 1

    async def test_one_that_is_removed_meanwhile_is_done_without(
        self, erp: OdooErp, world: OdooWorld, records: list[CallRecord]
    ) -> None:
        await erp.apply([await sale(erp, (A, 1))])
        await world.rpc(
            "ir.actions.server",
            "unlink",
            await world.rpc("ir.actions.server", "search", [["name", "=", NAME]]),
        )
        movement = await sale(erp, (A, 1))
        assert (await erp.apply([movement]))[movement.key].state is MovementState.DONE
        assert await world.on_hand(A) == UNITS - 2

    async def test_one_that_answers_something_else_is_doubted_and_asked(
        self, erp: OdooErp, world: OdooWorld
    ) -> None:
        await erp.apply([await sale(erp, (A, 1))])
        actions = await world.rpc("ir.actions.server", "search", [["name", "=", NAME]])
        await world.rpc("ir.actions.server", "write", actions, {"code": "action = {'made': 1}"})
        movement = await sale(erp, (A, 1))
        assert (await erp.apply([movement]))[movement.key].state is MovementState.DOUBTFUL
        assert (await erp.ask([movement]))[movement.key].state is MovementState.ABSENT
        assert (await erp.apply([movement]))[movement.key].state is MovementState.DONE
        assert await world.on_hand(A) == UNITS - 2

    async def test_it_is_made_once_and_removed(self, owner: OdooErp, world: OdooWorld) -> None:
        assert (await owner.install_action()).change == "unchanged"
        assert [r.kind for r in await owner.registrations()] == ["action"]
        assert len(await owner.remove_action()) == 1
        assert await owner.registrations() == []
        made = await owner.install_action()
        assert made.change == "created"
        await owner.unregister(made.entry.id)
        assert await owner.registrations() == []
