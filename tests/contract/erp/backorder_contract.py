"""What every ERP adapter must do with movements of which only what is there is to leave (ADR 0020)."""

from __future__ import annotations

from dataclasses import replace

from orquestador.model.orders import OrderMode
from orquestador.ports import Erp, Movement, MovementState
from tests.contract.erp.world import UNITS, A, B, C, World, apply_one, ask_one, moved_units, own, sale

KIT = own("SHORTKIT")


async def partly(erp: Erp, *items: tuple[str, float]) -> Movement:
    return replace(await sale(erp, *items), mode=OrderMode.BACKORDER)


class ErpBackorderContract:
    """Each test starts with fresh products."""

    async def test_what_is_there_leaves_at_once(self, erp: Erp, world: World) -> None:
        batch = [await partly(erp, (A, 1), (B, 2)) for _ in range(3)]
        outcomes = await erp.apply(batch)
        assert {o.state for o in outcomes.values()} == {MovementState.DONE}
        assert [moved_units(o) for o in outcomes.values()] == [[1.0, 2.0]] * 3
        assert [await world.on_hand(sku) for sku in (A, B)] == [UNITS - 3, UNITS - 6]
        assert await erp.ask(batch) == outcomes
        assert await erp.apply(batch) == outcomes
        assert await world.on_hand(A) == UNITS - 3

    async def test_what_lacks_stock_stays_in_an_open_document(self, erp: Erp, world: World) -> None:
        await world.move(A, 3 - UNITS)
        movement = await partly(erp, (A, 5), (B, 1))
        found = await apply_one(erp, movement)
        a, b = (product for product, _ in movement.items)
        assert (found.state, dict(found.moved)) == (MovementState.RESERVED, {a: 3.0, b: 1.0})
        assert (dict(found.held), dict(found.waiting)) == ({a: 2.0}, {a: 2.0})
        assert found.short == frozenset({a})
        assert [await world.on_hand(sku) for sku in (A, B)] == [0.0, UNITS - 1]
        assert found.erp_id is not None
        # The warehouse fills it.
        await world.move(A, 10)
        backorder = await world.backorder_of(found.erp_id)
        await world.by_hand(backorder, "assign")
        await world.by_hand(backorder, "validate")
        done = await ask_one(erp, movement, found.erp_id)
        assert (done.state, dict(done.moved)) == (MovementState.DONE, {a: 5.0, b: 1.0})
        assert await world.on_hand(A) == 8.0

    async def test_nothing_there_never_goes_below_zero(self, erp: Erp, world: World) -> None:
        await world.move(A, -UNITS)
        batch = [await partly(erp, (A, 4)), await partly(erp, (B, 2), (A, 1)), await partly(erp, (C, 1))]
        outcomes = await erp.apply(batch)
        assert [outcomes[m.key].state for m in batch] == [
            MovementState.RESERVED,
            MovementState.RESERVED,
            MovementState.DONE,
        ]
        assert [moved_units(outcomes[m.key]) for m in batch] == [[], [2.0], [1.0]]
        assert [await world.on_hand(sku) for sku in (A, B, C)] == [0.0, UNITS - 2, UNITS - 1]
        again = await erp.finish([replace(m, erp_id=outcomes[m.key].erp_id) for m in batch[:2]])
        assert [dict(again[m.key].held) for m in batch[:2]] == [dict(outcomes[m.key].held) for m in batch[:2]]
        assert await world.on_hand(A) == 0.0

    async def test_what_was_cut_off_is_gone_on_with(self, erp: Erp, world: World) -> None:
        await world.move(A, 3 - UNITS)
        draft, promised = await partly(erp, (A, 2)), replace(await sale(erp, (A, 4)), mode=OrderMode.RESERVE)
        await world.draft(draft.key, A, 2)
        await apply_one(erp, promised)  # confirmed and reserved, when the call was cut off
        promised = replace(promised, mode=OrderMode.BACKORDER)
        assert (await ask_one(erp, promised)).state is MovementState.RESERVED
        for _ in range(2):
            outcomes = await erp.finish([promised, draft])
            assert moved_units(outcomes[promised.key]) == [3.0]
            assert list(outcomes[promised.key].waiting.values()) == [1.0]
            assert list(outcomes[draft.key].waiting.values()) == [2.0]
            assert await world.on_hand(A) == 0.0

    async def test_the_open_part_is_given_up(self, erp: Erp, world: World) -> None:
        await world.move(A, 3 - UNITS)
        movement = await partly(erp, (A, 5))
        found = await apply_one(erp, movement)
        known = replace(movement, erp_id=found.erp_id)
        product = movement.items[0][0]
        lowered = (await erp.lower([known], {known.key: {product: 4.0}}))[known.key]
        assert (lowered.state, dict(lowered.held)) == (MovementState.RESERVED, {product: 1.0})
        lowered = (await erp.lower([known], {known.key: {product: 2.0}}))[known.key]
        assert (lowered.state, dict(lowered.moved)) == (MovementState.DONE, {product: 3.0})
        await world.move(A, 7)
        assert (await world.on_hand(A), await world.free(A)) == (7.0, 7.0)

    async def test_a_kit_that_lacks_a_component_is_left_whole(self, erp: Erp, world: World) -> None:
        await world.new_kit(KIT, {A: 2, B: 1})
        await world.move(A, 3 - UNITS)
        whole, short = await partly(erp, (KIT, 1)), await partly(erp, (KIT, 1))
        assert (await apply_one(erp, whole)).state is MovementState.DONE
        found = await apply_one(erp, short)
        assert (found.state, dict(found.moved)) == (MovementState.RESERVED, {})
        assert list(found.waiting.values()) == [1.0]
        assert [await world.on_hand(sku) for sku in (A, B)] == [1.0, UNITS - 1]
