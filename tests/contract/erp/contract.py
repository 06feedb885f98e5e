"""What every ERP adapter must do, whatever stands behind it (the `Erp` port; design §6.6-6.10, §7.3).

An adapter's own test module supplies `world`, an ERP with fresh products of 1,000 units each under the SKUs
A, B and C, and `erp`, the adapter that talks to it. A test that needs an ERP that misbehaves is marked
`simulated`, with the reason.
"""

from __future__ import annotations

import pytest

from orquestador.model.errors import Unavailable
from orquestador.model.orders import Direction
from orquestador.model.stock import Availability
from orquestador.ports import Erp, Movement, MovementState, ProductProblem
from tests.contract.erp.world import (
    UNITS,
    A,
    B,
    C,
    World,
    apply_one,
    ask_one,
    drive_until_done,
    moved_units,
    next_key,
    own,
    sale,
)

TWICE, SERVICE, OLD, NOPE = own("TWICE"), own("SERVICE"), own("OLD"), own("NOPE")
KIT, BOX, LOT = own("KIT"), own("BOX"), own("LOT")
FORMER, LATER = own("FORMER"), own("LATER")
MOVED, OLD_TWIN, PARTS = own("MOVED"), own("OLD-TWIN"), own("PARTS")
MISSING = [own(f"NONE-{i}") for i in range(490)]


class ErpContract:
    """Each test starts with fresh products."""

    # --- products and availability

    async def test_a_sku_is_a_product_or_there_is_a_reason(self, erp: Erp, world: World) -> None:
        await world.new_product(TWICE, 5)
        await world.new_product(TWICE, 5)
        await world.new_product(SERVICE, type="service")
        await world.new_product(OLD, 5)
        await world.archive(OLD)
        found = await erp.products([A, TWICE, SERVICE, OLD, NOPE])
        assert isinstance(found[A], int)
        assert (found[TWICE], found[SERVICE], found[OLD], found[NOPE]) == (
            ProductProblem.DUPLICATE,
            ProductProblem.NOT_STOCKED,
            ProductProblem.ARCHIVED,
            ProductProblem.UNKNOWN,
        )
        levels = await erp.availability([TWICE, OLD, NOPE])
        assert levels == {sku: found[sku] for sku in (TWICE, OLD, NOPE)}

    async def test_a_sku_that_an_archived_product_had_is_its_successors(self, erp: Erp, world: World) -> None:
        await world.new_product(MOVED, 5)
        await world.archive(MOVED)
        successor = await world.new_product(MOVED)
        assert await erp.products([MOVED]) == {MOVED: successor}
        level = (await erp.availability([MOVED]))[MOVED]
        assert isinstance(level, Availability)
        assert level.on_hand == 0

    async def test_skus_of_several_products_are_found(self, erp: Erp, world: World) -> None:
        before = {twin.sku for twin in await erp.duplicates()}
        first, second = await world.new_product(TWICE, 5), await world.new_product(TWICE)
        await world.new_product(OLD_TWIN)
        await world.archive(OLD_TWIN)
        await world.new_product(OLD_TWIN)
        await world.new_product(PARTS, sale_ok=False)
        await world.new_product(PARTS, sale_ok=False)
        found = {twin.sku: twin.products for twin in await erp.duplicates()}
        assert {sku: found[sku] for sku in found.keys() - before} == {TWICE: (first, second)}

    async def test_products_have_their_skus_back(self, erp: Erp) -> None:
        found = await erp.products([A, B])
        ids = [i for i in found.values() if isinstance(i, int)]
        assert set((await erp.skus_of([*ids, 999_999])).values()) == {A, B}

    async def test_reservations_of_people_are_not_available(self, erp: Erp, world: World) -> None:
        await world.reserve(A, 30)
        found = (await erp.availability([A, NOPE]))[A]
        assert isinstance(found, Availability)
        assert (found.available, found.on_hand, found.reserved) == (970.0, 1000.0, 30.0)

    async def test_availability_of_500_skus_costs_one_call(self, erp: Erp, world: World) -> None:
        await erp.products([B])
        before = world.calls()
        skus = [A, B, C, *MISSING]
        found = await erp.availability(skus)
        assert set(found) == set(skus)
        assert world.calls() - before == 1

    async def test_a_sku_that_changed_hands_is_noticed_at_once(self, erp: Erp, world: World) -> None:
        old = (await erp.products([A, B, C]))[A]
        await erp.availability([A, B, C])
        await world.new_product(B, 5)
        await world.archive(C)
        await world.recode(A, FORMER)
        new = await world.new_product(A, 7)
        found = await erp.products([A, B, C, FORMER])
        expected = {B: ProductProblem.DUPLICATE, C: ProductProblem.ARCHIVED}
        assert found == {A: new, FORMER: old, **expected}
        numbers = await erp.availability([A, B, C, FORMER])
        assert {s: n.on_hand if isinstance(n, Availability) else n for s, n in numbers.items()} == {
            A: 7,
            FORMER: UNITS,
            **expected,
        }

    async def test_a_change_is_told_under_the_sku_that_the_product_has_now(
        self, erp: Erp, world: World
    ) -> None:
        product = (await erp.products([A]))[A]
        assert isinstance(product, int)
        cursor = (await erp.changed_since(None)).cursor
        cursor = (await erp.changed_since(cursor)).cursor
        await world.recode(A, LATER)
        await world.move(LATER, -1)
        assert LATER in (await erp.changed_since(cursor)).skus
        assert await erp.skus_of([product]) == {product: LATER}

    # --- apply

    async def test_a_batch_of_50_takes_each_unit_once_in_few_calls(self, erp: Erp, world: World) -> None:
        batch = [await sale(erp, (A, 1), (B, 2)) for _ in range(50)]
        before = world.calls()
        outcomes = await erp.apply(batch)
        assert (world.calls() - before) / len(batch) <= 0.1
        assert {o.state for o in outcomes.values()} == {MovementState.DONE}
        for movement in batch:
            outcome = outcomes[movement.key]
            assert dict(outcome.moved) == dict(movement.items)
            assert dict(outcome.recipes) == {p: ((p, 1.0),) for p, _ in movement.items}
            assert outcome.erp_id is not None
            assert not outcome.short
        assert await world.on_hand(A) == UNITS - 50
        assert await world.on_hand(B) == UNITS - 100

    async def test_the_same_key_twice_takes_once(self, erp: Erp, world: World) -> None:
        movement = await sale(erp, (A, 3))
        first = await apply_one(erp, movement)
        again = await apply_one(erp, movement)
        assert (again.state, again.erp_id, dict(again.moved)) == (
            MovementState.DONE,
            first.erp_id,
            dict(first.moved),
        )
        assert await world.on_hand(A) == UNITS - 3

    async def test_known_keys_inside_a_batch_do_not_hold_back_the_others(
        self, erp: Erp, world: World
    ) -> None:
        old = [await sale(erp, (A, 1)) for _ in range(3)]
        await erp.apply(old)
        new = [await sale(erp, (A, 1)) for _ in range(5)]
        mixed = [new[0], old[0], new[1], old[1], new[2], new[3], old[2], new[4]]
        outcomes = await erp.apply(mixed)
        assert {o.state for o in outcomes.values()} == {MovementState.DONE}
        assert await world.on_hand(A) == UNITS - 8

    async def test_rows_of_one_product_add_up(self, erp: Erp, world: World) -> None:
        one = await sale(erp, (A, 2), (A, 3))
        outcome = await apply_one(erp, one)
        assert outcome.state is MovementState.DONE
        assert moved_units(outcome) == [5.0]
        assert await world.on_hand(A) == UNITS - 5

    async def test_short_lines_are_forced_to_the_full_quantity(self, erp: Erp, world: World) -> None:
        await world.move(A, -997)
        await world.move(B, -999)
        short = await sale(erp, (A, 10), (B, 4), (C, 1))
        plain = [await sale(erp, (C, 1)) for _ in range(3)]
        outcomes = await erp.apply([plain[0], short, *plain[1:]])
        assert {o.state for o in outcomes.values()} == {MovementState.DONE}
        outcome = outcomes[short.key]
        assert dict(outcome.moved) == dict(short.items)
        ids = await erp.products([A, B])
        assert outcome.short == set(ids.values())
        assert all(not outcomes[m.key].short for m in plain)
        assert [await world.on_hand(sku) for sku in (A, B, C)] == [-7.0, -3.0, UNITS - 4]
        assert dict((await ask_one(erp, short)).moved) == dict(short.items)

    async def test_nothing_in_stock_is_sold_in_full_too(self, erp: Erp, world: World) -> None:
        await world.move(A, -UNITS)
        outcome = await apply_one(erp, await sale(erp, (A, 2)))
        assert (outcome.state, moved_units(outcome)) == (MovementState.DONE, [2.0])
        assert await world.on_hand(A) == -2.0

    async def test_two_short_orders_of_one_product_both_get_all(self, erp: Erp, world: World) -> None:
        await world.move(A, -995)
        batch = [await sale(erp, (A, 4)) for _ in range(3)]
        outcomes = await erp.apply(batch)
        assert [(o.state, moved_units(o)) for o in outcomes.values()] == [(MovementState.DONE, [4.0])] * 3
        assert await world.on_hand(A) == 5 - 12

    async def test_without_force_it_is_refused_before_anything_moves(self, erp: Erp, world: World) -> None:
        await world.move(A, -995)
        first, second, third = [await sale(erp, (A, units)) for units in (3, 3, 2)]
        outcomes = await erp.apply([first, second, third], force=False)
        assert [outcomes[m.key].state for m in (first, second, third)] == [
            MovementState.DONE,
            MovementState.REFUSED,
            MovementState.DONE,
        ]
        assert await world.on_hand(A) == 0.0
        assert (await ask_one(erp, second)).state is MovementState.ABSENT

    async def test_a_definitive_refusal_is_found_by_halving(self, erp: Erp, world: World) -> None:
        await world.new_product(LOT, tracking="lot")
        bad = await sale(erp, (LOT, 1))
        batch = [await sale(erp, (A, 1)) for _ in range(12)]
        outcomes = await erp.apply([*batch[:5], bad, *batch[5:]])
        assert {outcomes[m.key].state for m in batch} == {MovementState.DONE}
        refused = outcomes[bad.key]
        assert refused.state is MovementState.REFUSED
        assert refused.erp_id is not None
        assert refused.reason
        assert not refused.moved
        assert await world.on_hand(A) == UNITS - 12
        assert (await ask_one(erp, bad)).state is MovementState.OPEN
        assert (await erp.void([bad]))[bad.key].state is MovementState.CANCELLED

    async def test_a_give_back_returns_the_units(self, erp: Erp, world: World) -> None:
        taken = await sale(erp, (A, 5))
        await apply_one(erp, taken)
        back = Movement(next_key(taken), Direction.IN, tuple((p, 2.0) for p, _ in taken.items))
        assert moved_units(await apply_one(erp, back)) == [2.0]
        assert (await apply_one(erp, back)).state is MovementState.DONE
        assert await world.on_hand(A) == UNITS - 3

    # --- kits

    async def test_a_kit_moves_its_components_and_counts_in_kits(self, erp: Erp, world: World) -> None:
        await world.new_kit(KIT, {A: 2, B: 1})
        movement = await sale(erp, (KIT, 3), (C, 1))
        outcome = await apply_one(erp, movement)
        assert outcome.state is MovementState.DONE
        assert dict(outcome.moved) == dict(movement.items)
        assert [await world.on_hand(sku) for sku in (A, B, C)] == [UNITS - 6, UNITS - 3, UNITS - 1]
        kit = movement.items[0][0]
        back = Movement(next_key(movement), Direction.IN, tuple((p, q * 3) for p, q in outcome.recipes[kit]))
        await apply_one(erp, back)
        assert [await world.on_hand(sku) for sku in (A, B)] == [UNITS, UNITS]

    async def test_a_kit_that_is_not_stocked_itself_is_a_product(self, erp: Erp, world: World) -> None:
        await world.new_kit(KIT, {A: 2}, type="consu", is_storable=False)
        movement = await sale(erp, (KIT, 3))
        outcome = await apply_one(erp, movement)
        assert (outcome.state, dict(outcome.moved)) == (MovementState.DONE, dict(movement.items))
        assert await world.on_hand(A) == UNITS - 6
        found = (await erp.availability([KIT]))[KIT]
        assert isinstance(found, Availability)
        assert found.available == (UNITS - 6) / 2

    async def test_a_short_kit_is_forced_by_its_components(self, erp: Erp, world: World) -> None:
        await world.new_kit(KIT, {A: 2, B: 1})
        await world.move(A, -995)
        movement = await sale(erp, (KIT, 4))
        outcome = await apply_one(erp, movement)
        assert (outcome.state, dict(outcome.moved)) == (MovementState.DONE, dict(movement.items))
        assert outcome.short == {movement.items[0][0]}
        assert [await world.on_hand(sku) for sku in (A, B)] == [-3.0, UNITS - 4]

    async def test_a_component_sold_on_its_own_beside_its_kit(self, erp: Erp, world: World) -> None:
        await world.new_kit(KIT, {A: 2, B: 1})
        movement = await sale(erp, (KIT, 2), (A, 3))
        outcome = await apply_one(erp, movement)
        assert (outcome.state, dict(outcome.moved)) == (MovementState.DONE, dict(movement.items))
        assert await world.on_hand(A) == UNITS - 7

    # --- ask, finish, void

    async def test_asking_for_what_is_not_there(self, erp: Erp) -> None:
        assert (await ask_one(erp, await sale(erp, (A, 1)))).state is MovementState.ABSENT

    async def test_asking_for_a_batch_costs_two_calls(self, erp: Erp, world: World) -> None:
        batch = [await sale(erp, (A, 1)) for _ in range(20)]
        done = await erp.apply(batch[:15])
        before = world.calls()
        asked = await erp.ask(batch)
        assert world.calls() - before <= 3
        assert {m.key: asked[m.key].state for m in batch[:15]} == {
            key: outcome.state for key, outcome in done.items()
        }
        assert {asked[m.key].state for m in batch[15:]} == {MovementState.ABSENT}

    async def test_a_draft_left_behind_is_finished(self, erp: Erp, world: World) -> None:
        movement = await sale(erp, (A, 4))
        erp_id = await world.draft(movement.key, A, 4)
        found = await ask_one(erp, movement)
        assert (found.state, found.erp_id) == (MovementState.OPEN, erp_id)
        assert await world.on_hand(A) == UNITS
        outcome = (await erp.finish([movement]))[movement.key]
        assert (outcome.state, moved_units(outcome)) == (MovementState.DONE, [4.0])
        assert await world.on_hand(A) == UNITS - 4
        assert (await erp.finish([movement]))[movement.key].state is MovementState.DONE
        assert await world.on_hand(A) == UNITS - 4

    async def test_a_kit_left_as_a_draft_is_finished_by_its_components(self, erp: Erp, world: World) -> None:
        await world.new_kit(KIT, {A: 2})
        await world.move(A, -997)
        movement = await sale(erp, (KIT, 4))
        await world.draft(movement.key, KIT, 4)
        outcome = (await erp.finish([movement]))[movement.key]
        assert (outcome.state, dict(outcome.moved)) == (MovementState.DONE, dict(movement.items))
        assert await world.on_hand(A) == -5.0

    async def test_a_half_done_family_is_open_and_says_what_moved(self, erp: Erp, world: World) -> None:
        await world.move(A, -997)
        movement = await sale(erp, (A, 5))
        await world.half_done(movement.key, A, 5)
        found = await ask_one(erp, movement)
        assert (found.state, moved_units(found)) == (MovementState.OPEN, [3.0])
        outcome = (await erp.finish([movement]))[movement.key]
        assert (outcome.state, moved_units(outcome)) == (MovementState.DONE, [5.0])
        assert outcome.short
        assert await world.on_hand(A) == -2.0

    async def test_what_was_found_counts_not_what_was_meant(self, erp: Erp, world: World) -> None:
        await world.move(A, -997)
        movement = await sale(erp, (A, 5))
        erp_id = await world.half_done(movement.key, A, 5)
        await world.by_hand(await world.backorder_of(erp_id), "cancel")
        found = await ask_one(erp, movement)
        assert (found.state, moved_units(found)) == (MovementState.DONE, [3.0])
        assert found.reason

    async def test_a_voided_key_can_never_take_stock(self, erp: Erp, world: World) -> None:
        movement = await sale(erp, (A, 2))
        assert (await erp.void([movement]))[movement.key].state is MovementState.CANCELLED
        late = await apply_one(erp, movement)
        assert (late.state, moved_units(late)) == (MovementState.CANCELLED, [])
        assert (await erp.void([movement]))[movement.key].state is MovementState.CANCELLED
        assert await world.free(A) == UNITS

    async def test_voiding_what_is_done_says_so(self, erp: Erp, world: World) -> None:
        movement = await sale(erp, (A, 2))
        await apply_one(erp, movement)
        outcome = (await erp.void([movement]))[movement.key]
        assert (outcome.state, moved_units(outcome)) == (MovementState.DONE, [2.0])
        assert await world.on_hand(A) == UNITS - 2

    async def test_voiding_a_mixed_batch(self, erp: Erp, world: World) -> None:
        absent, draft, done, half = [await sale(erp, (sku, 5)) for sku in (A, A, A, B)]
        await world.draft(draft.key, A, 5)
        await apply_one(erp, done)
        await world.move(B, -997)
        await world.half_done(half.key, B, 5)
        outcomes = await erp.void([absent, draft, done, half])
        assert [outcomes[m.key].state for m in (absent, draft, done, half)] == [
            MovementState.CANCELLED,
            MovementState.CANCELLED,
            MovementState.DONE,
            MovementState.DONE,
        ]
        assert moved_units(outcomes[half.key]) == [3.0]
        assert (await world.free(A), await world.free(B)) == (UNITS - 5, 0.0)

    # --- what people do

    async def test_a_document_deleted_by_a_person_is_absent(self, erp: Erp, world: World) -> None:
        movement = await sale(erp, (A, 2))
        erp_id = await world.draft(movement.key, A, 2)
        await world.by_hand(movement.key, "delete")
        assert (await ask_one(erp, movement, erp_id)).state is MovementState.ABSENT

    async def test_a_document_cancelled_by_a_person_is_cancelled(self, erp: Erp, world: World) -> None:
        movement = await sale(erp, (A, 2))
        erp_id = await world.draft(movement.key, A, 2)
        await world.by_hand(movement.key, "cancel")
        for known in (erp_id, None):
            assert (await ask_one(erp, movement, known)).state is MovementState.CANCELLED
        assert (await erp.finish([movement]))[movement.key].state is MovementState.CANCELLED

    async def test_a_document_renamed_by_a_person_is_still_ours_by_its_id(
        self, erp: Erp, world: World
    ) -> None:
        movement = await sale(erp, (A, 2))
        outcome = await apply_one(erp, movement)
        await world.by_hand(movement.key, "rename", f"{movement.key}-RENAMED")
        found = await ask_one(erp, movement, outcome.erp_id)
        assert (found.state, moved_units(found)) == (MovementState.DONE, [2.0])

    async def test_a_document_found_only_by_its_origin_is_for_a_person(self, erp: Erp, world: World) -> None:
        movement = await sale(erp, (A, 2))
        outcome = await apply_one(erp, movement)
        await world.by_hand(movement.key, "rename", f"{movement.key}-RENAMED")
        found = await ask_one(erp, movement)
        assert (found.state, found.erp_id) == (MovementState.FOREIGN, outcome.erp_id)
        assert (await erp.void([movement]))[movement.key].state is MovementState.FOREIGN

    async def test_a_document_done_by_a_person_counts(self, erp: Erp, world: World) -> None:
        movement = await sale(erp, (A, 2))
        await world.draft(movement.key, A, 2)
        await world.by_hand(movement.key, "validate")
        found = await ask_one(erp, movement)
        assert (found.state, moved_units(found)) == (MovementState.DONE, [2.0])

    # --- what the network does

    @pytest.mark.simulated("a database that refuses transactions")
    async def test_an_error_that_says_nothing_is_doubtful_and_not_repeated(
        self, erp: Erp, world: World
    ) -> None:
        batch = [await sale(erp, (A, 1)) for _ in range(4)]
        await erp.ask(batch)
        before = world.calls()
        await world.fault("error_rate", 1)
        outcomes = await erp.apply(batch)
        assert {o.state for o in outcomes.values()} == {MovementState.DOUBTFUL}
        assert world.calls() - before == 1
        with pytest.raises(Unavailable):
            await erp.ask(batch)
        await world.fault("error_rate", 0)
        assert {o.state for o in (await erp.ask(batch)).values()} == {MovementState.ABSENT}

    @pytest.mark.simulated("a database that refuses transactions")
    async def test_an_erp_that_fails_all_the_time_ends_with_each_unit_taken_once(
        self, erp: Erp, world: World
    ) -> None:
        batch = [await sale(erp, (A, 2)) for _ in range(6)]
        await erp.ask(batch)
        await world.fault("error_rate", 0.3)
        done = await drive_until_done(erp, batch)
        await world.fault("error_rate", 0)
        assert [moved_units(done[m.key]) for m in batch] == [[2.0]] * 6
        assert await world.on_hand(A) == UNITS - 12

    @pytest.mark.simulated("a question that Odoo asks in spite of `skip_backorder`")
    async def test_a_question_instead_of_an_answer_is_no_success(self, erp: Erp, world: World) -> None:
        await world.move(B, -998)
        batch = [await sale(erp, (A, 2)), await sale(erp, (B, 5))]
        await erp.ask(batch)
        await world.fault("wizard", 1)
        outcomes = await erp.apply(batch)
        assert [(o.state, moved_units(o)) for o in outcomes.values()] == [
            (MovementState.DONE, [2.0]),
            (MovementState.DONE, [5.0]),
        ]
        assert (await world.on_hand(A), await world.on_hand(B)) == (UNITS - 2, -3.0)

    @pytest.mark.simulated("a server that answers 503")
    async def test_an_outage_before_the_first_change_is_the_callers(self, erp: Erp, world: World) -> None:
        movement = await sale(erp, (A, 1))
        await world.fault("error_status", 503)
        with pytest.raises(Unavailable):
            await erp.availability([A])
        with pytest.raises(Unavailable):
            await erp.ask([movement])

    # --- changes

    async def test_sales_receipts_and_reservations_show_as_changes(self, erp: Erp, world: World) -> None:
        cursor = (await erp.changed_since(None)).cursor
        cursor = (await erp.changed_since(cursor)).cursor
        quiet = await erp.changed_since(cursor)
        assert quiet.skus == frozenset()
        await world.move(A, -1)
        await world.reserve(B, 2)
        found = await erp.changed_since(quiet.cursor)
        assert found.skus == {A, B}
        assert found.cursor >= quiet.cursor
        assert (await erp.changed_since(found.cursor)).skus == frozenset()

    async def test_a_component_that_moves_changes_its_kits(self, erp: Erp, world: World) -> None:
        await world.new_kit(KIT, {A: 2, B: 1})
        await world.new_kit(BOX, {KIT: 1})
        cursor = (await erp.changed_since(None)).cursor
        cursor = (await erp.changed_since(cursor)).cursor
        await world.move(A, -1)
        assert (await erp.changed_since(cursor)).skus == {A, KIT, BOX}

    async def test_a_healthy_erp_stops_nothing(self, erp: Erp) -> None:
        findings = await erp.check()
        assert findings
        assert not [f for f in findings if f.stops or f.level == "error"]
