"""What every ERP adapter must do with movements that only reserve: promised at once, done by the warehouse
(ADR 0017)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orquestador.model.errors import Unavailable
from orquestador.model.orders import OrderMode
from orquestador.ports import Erp, Movement, MovementState, Outcome
from tests.contract.erp.world import UNITS, A, B, C, World, apply_one, ask_one, moved_units, own, sale

KIT, BOX = own("KIT"), own("BOX")


async def promise(erp: Erp, *items: tuple[str, float]) -> Movement:
    return replace(await sale(erp, *items), mode=OrderMode.RESERVE)


async def lower_one(erp: Erp, movement: Movement, *units: float) -> Outcome:
    """To so many units of each of its products, in their order."""
    to = {product: left for (product, _), left in zip(movement.items, units, strict=True)}
    return (await erp.lower([movement], {movement.key: to}))[movement.key]


def held(outcome: Outcome) -> list[float]:
    return sorted(outcome.held.values())


class ErpReserveContract:
    """Each test starts with fresh products."""

    async def test_a_batch_is_promised_in_at_most_four_calls_and_nothing_leaves(
        self, erp: Erp, world: World
    ) -> None:
        batch = [await promise(erp, (A, 1), (B, 2)) for _ in range(20)]
        before = world.calls()
        outcomes = await erp.apply(batch)
        assert world.calls() - before <= 4
        for m in batch:
            found = outcomes[m.key]
            assert (found.state, dict(found.moved)) == (MovementState.RESERVED, {})
            assert dict(found.held) == dict(m.items)
            assert not found.waiting
            assert not found.short
        assert [await world.on_hand(sku) for sku in (A, B)] == [UNITS, UNITS]
        assert [await world.free(sku) for sku in (A, B)] == [UNITS - 20, UNITS - 40]
        assert await erp.ask(batch) == outcomes

    async def test_the_same_key_twice_promises_once(self, erp: Erp, world: World) -> None:
        movement = await promise(erp, (A, 3))
        first = await apply_one(erp, movement)
        again = await apply_one(erp, movement)
        assert (again.state, again.erp_id, held(again)) == (MovementState.RESERVED, first.erp_id, [3.0])
        assert await world.free(A) == UNITS - 3

    async def test_a_batch_of_both_modes(self, erp: Erp, world: World) -> None:
        kept, sent = await promise(erp, (A, 2)), await sale(erp, (B, 3))
        outcomes = await erp.apply([kept, sent])
        assert [outcomes[m.key].state for m in (kept, sent)] == [MovementState.RESERVED, MovementState.DONE]
        assert [await world.on_hand(sku) for sku in (A, B)] == [UNITS, UNITS - 3]
        assert await world.free(A) == UNITS - 2

    async def test_what_lacks_stock_waits_and_is_told(self, erp: Erp, world: World) -> None:
        await world.move(A, -997)
        movement = await promise(erp, (A, 5), (B, 1))
        found = await apply_one(erp, movement)
        product = movement.items[0][0]
        assert (found.state, dict(found.held)) == (MovementState.RESERVED, dict(movement.items))
        assert (dict(found.waiting), found.short) == ({product: 2.0}, frozenset({product}))
        assert await world.free(A) == 0.0
        nothing = await apply_one(erp, await promise(erp, (A, 4)))
        assert (held(nothing), list(nothing.waiting.values())) == ([4.0], [4.0])
        assert await world.free(A) == 0.0

    async def test_a_draft_left_behind_is_promised_not_sent(self, erp: Erp, world: World) -> None:
        movement = await promise(erp, (A, 4))
        await world.draft(movement.key, A, 4)
        assert (await ask_one(erp, movement)).state is MovementState.OPEN
        found = (await erp.finish([movement]))[movement.key]
        assert (found.state, held(found)) == (MovementState.RESERVED, [4.0])
        assert (await world.on_hand(A), await world.free(A)) == (UNITS, UNITS - 4)
        again = (await erp.finish([movement]))[movement.key]
        assert (again.state, held(again)) == (MovementState.RESERVED, [4.0])

    async def test_a_promise_that_is_voided_is_free_again(self, erp: Erp, world: World) -> None:
        absent, draft = await promise(erp, (A, 2)), await promise(erp, (A, 3))
        await world.draft(draft.key, A, 3)
        outcomes = await erp.void([absent, draft])
        assert {o.state for o in outcomes.values()} == {MovementState.CANCELLED}
        assert (await apply_one(erp, absent)).state is MovementState.CANCELLED
        assert await world.free(A) == UNITS

    # --- the warehouse

    async def test_what_the_warehouse_validates_is_done(self, erp: Erp, world: World) -> None:
        movement = await promise(erp, (A, 2))
        await apply_one(erp, movement)
        await world.by_hand(movement.key, "validate")
        found = await ask_one(erp, movement)
        assert (found.state, moved_units(found), held(found)) == (MovementState.DONE, [2.0], [])
        assert (await world.on_hand(A), await world.free(A)) == (UNITS - 2, UNITS - 2)

    async def test_what_is_partly_sent_stays_promised_in_the_backorder(self, erp: Erp, world: World) -> None:
        movement = await promise(erp, (A, 5))
        erp_id = (await apply_one(erp, movement)).erp_id
        assert erp_id is not None
        await world.ship(erp_id, A, 2)
        found = await ask_one(erp, movement, erp_id)
        assert (found.state, moved_units(found), held(found)) == (MovementState.RESERVED, [2.0], [3.0])
        assert (await world.on_hand(A), await world.free(A)) == (UNITS - 2, UNITS - 5)
        await world.by_hand(await world.backorder_of(erp_id), "validate")
        found = await ask_one(erp, movement, erp_id)
        assert (found.state, moved_units(found), held(found)) == (MovementState.DONE, [5.0], [])

    async def test_a_cancelled_backorder_leaves_what_was_sent(self, erp: Erp, world: World) -> None:
        movement = await promise(erp, (A, 5))
        erp_id = (await apply_one(erp, movement)).erp_id
        assert erp_id is not None
        await world.ship(erp_id, A, 2)
        await world.by_hand(await world.backorder_of(erp_id), "cancel")
        found = await ask_one(erp, movement, erp_id)
        assert (found.state, moved_units(found), held(found)) == (MovementState.DONE, [2.0], [])

    async def test_a_promise_cancelled_or_deleted_by_hand(self, erp: Erp, world: World) -> None:
        one, two = await promise(erp, (A, 2)), await promise(erp, (A, 3))
        outcomes = await erp.apply([one, two])
        await world.by_hand(one.key, "cancel")
        await world.by_hand(two.key, "delete")
        assert (await ask_one(erp, one, outcomes[one.key].erp_id)).state is MovementState.CANCELLED
        assert (await ask_one(erp, two, outcomes[two.key].erp_id)).state is MovementState.ABSENT
        assert await world.free(A) == UNITS

    # --- giving up

    async def test_a_part_is_given_up_by_absolute_demand(self, erp: Erp, world: World) -> None:
        movement = await promise(erp, (A, 5), (B, 2), (C, 1))
        await apply_one(erp, movement)
        for _ in range(2):
            found = await lower_one(erp, movement, 3, 0, 1)
            assert (found.state, held(found)) == (MovementState.RESERVED, [1.0, 3.0])
            assert [await world.free(sku) for sku in (A, B, C)] == [UNITS - 3, UNITS, UNITS - 1]
        # Nothing is ever raised.
        assert held(await lower_one(erp, movement, 5, 2, 1)) == [1.0, 3.0]
        await world.by_hand(movement.key, "validate")
        found = await ask_one(erp, movement)
        assert (found.state, moved_units(found)) == (MovementState.DONE, [1.0, 3.0])
        assert [await world.on_hand(sku) for sku in (A, B, C)] == [UNITS - 3, UNITS, UNITS - 1]

    async def test_all_of_it_is_given_up_by_cancelling(self, erp: Erp, world: World) -> None:
        batch = [await promise(erp, (A, 5)) for _ in range(3)]
        await erp.apply(batch)
        outcomes = await erp.lower(batch, {m.key: {} for m in batch})
        assert {o.state for o in outcomes.values()} == {MovementState.CANCELLED}
        assert await world.free(A) == UNITS

    async def test_what_was_sent_counts_against_what_is_to_stay(self, erp: Erp, world: World) -> None:
        movement = await promise(erp, (A, 5))
        erp_id = (await apply_one(erp, movement)).erp_id
        assert erp_id is not None
        await world.ship(erp_id, A, 2)
        known = replace(movement, erp_id=erp_id)
        found = await lower_one(erp, known, 3)
        assert (found.state, moved_units(found), held(found)) == (MovementState.RESERVED, [2.0], [1.0])
        found = await lower_one(erp, known, 1)
        assert (found.state, moved_units(found), held(found)) == (MovementState.DONE, [2.0], [])
        assert (await world.on_hand(A), await world.free(A)) == (UNITS - 2, UNITS - 2)

    async def test_what_is_done_or_gone_is_left_as_it_is(self, erp: Erp, world: World) -> None:
        done, gone, absent = [await promise(erp, (A, 5)) for _ in range(3)]
        await erp.apply([done, gone])
        await world.by_hand(done.key, "validate")
        await world.by_hand(gone.key, "cancel")
        batch = [done, gone, absent]
        outcomes = await erp.lower(batch, {m.key: {m.items[0][0]: 3} for m in batch})
        assert [outcomes[m.key].state for m in batch] == [
            MovementState.DONE,
            MovementState.CANCELLED,
            MovementState.ABSENT,
        ]
        assert moved_units(outcomes[done.key]) == [5.0]
        assert (await world.on_hand(A), await world.free(A)) == (UNITS - 5, UNITS - 5)

    async def test_a_short_promise_gives_up_what_waits_first(self, erp: Erp, world: World) -> None:
        await world.move(A, -997)
        movement = await promise(erp, (A, 5))
        await apply_one(erp, movement)
        found = await lower_one(erp, movement, 3)
        assert (held(found), dict(found.waiting)) == ([3.0], {})
        assert await world.free(A) == 0.0

    # --- kits

    async def test_a_kit_is_promised_by_its_components_and_counts_in_kits(
        self, erp: Erp, world: World
    ) -> None:
        await world.new_kit(KIT, {A: 2, B: 1})
        await world.move(A, -995)
        movement = await promise(erp, (KIT, 3), (C, 1))
        found = await apply_one(erp, movement)
        kit = movement.items[0][0]
        assert (found.state, dict(found.held)) == (MovementState.RESERVED, dict(movement.items))
        assert dict(found.waiting) == {kit: 1.0}
        assert [await world.free(sku) for sku in (A, B, C)] == [0.0, UNITS - 3, UNITS - 1]
        # A part of a kit cannot be given up alone: all that is open is, and the caller takes the rest anew.
        assert (await lower_one(erp, movement, 2, 1)).state is MovementState.CANCELLED
        assert [await world.free(sku) for sku in (A, B, C)] == [5.0, UNITS, UNITS]

    async def test_several_kits_in_one_promise(self, erp: Erp, world: World) -> None:
        await world.new_kit(KIT, {A: 2})
        await world.new_kit(BOX, {A: 1, B: 1})
        movement = await promise(erp, (KIT, 2), (BOX, 1))
        found = await apply_one(erp, movement)
        assert (dict(found.held), dict(found.waiting)) == (dict(movement.items), {})
        await world.by_hand(movement.key, "validate")
        found = await ask_one(erp, movement)
        assert (found.state, dict(found.moved)) == (MovementState.DONE, dict(movement.items))

    # --- the network

    @pytest.mark.simulated("a database that refuses transactions")
    async def test_an_erp_that_fails_all_the_time_promises_each_unit_once(
        self, erp: Erp, world: World
    ) -> None:
        batch = [await promise(erp, (A, 2)) for _ in range(6)]
        await erp.ask(batch)
        await world.fault("error_rate", 0.3)
        done: dict[str, Outcome] = {}
        for _ in range(200):
            todo = [m for m in batch if m.key not in done]
            try:
                asked = await erp.ask(todo)
                absent = [m for m in todo if asked[m.key].state is MovementState.ABSENT]
                opened = [m for m in todo if asked[m.key].state is MovementState.OPEN]
                asked |= await erp.apply(absent) if absent else {}
                asked |= await erp.finish(opened) if opened else {}
            except Unavailable:
                continue
            done |= {key: o for key, o in asked.items() if o.state is MovementState.RESERVED}
            if len(done) == len(batch):
                break
        await world.fault("error_rate", 0)
        assert [held(done[m.key]) for m in batch] == [[2.0]] * 6
        assert (await world.on_hand(A), await world.free(A)) == (UNITS, UNITS - 12)
