"""The awkward products, on the sandbox of each version or on a real server: other units of measure, kits of
all kinds, lots and serial numbers, and bills that change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orquestador.erp.odoo import OdooErp
from orquestador.model.orders import Direction, OrderMode
from orquestador.model.recipes import recipe_after
from orquestador.model.stock import Availability
from orquestador.ports import Erp, Movement, MovementState, Outcome
from tests.contract.erp.goods import Goods
from tests.contract.erp.odoo_world import OdooWorld
from tests.contract.erp.world import (
    UNITS,
    A,
    B,
    C,
    apply_one,
    ask_one,
    moved_units,
    next_key,
    own,
    sale,
)

DOZEN, CLOTH, SINGLE, PACK = own("DOZEN"), own("CLOTH"), own("SINGLE"), own("PACK")
KIT, BOX, OTHER, TRACKED = own("KIT"), own("BOX"), own("OTHER"), own("TRACKED")
BAG, WORK = own("BAG"), own("WORK")
PAST = "2020-01-01 00:00:00"


@pytest.fixture
def goods(world: OdooWorld) -> Goods:
    return Goods(world)


async def available(erp: Erp, sku: str) -> float:
    found = (await erp.availability([sku]))[sku]
    assert isinstance(found, Availability)
    return found.available


async def taken(erp: Erp, *items: tuple[str, float]) -> tuple[Movement, Outcome]:
    """A sale that is done in full."""
    movement = await sale(erp, *items)
    outcome = await apply_one(erp, movement)
    assert (outcome.state, dict(outcome.moved)) == (MovementState.DONE, dict(movement.items)), outcome.reason
    return movement, outcome


def back(movement: Movement, outcome: Outcome, units: float, of: int = 0) -> Movement:
    """Give back so many units of one of the things sold, by what was recorded."""
    product = movement.items[of][0]
    items = tuple((part, each * units) for part, each in outcome.recipes[product])
    return Movement(next_key(movement), Direction.IN, items)


class TestUnits:
    """A listing sells in the product's own unit of measure."""

    async def test_a_dozen_is_sold_by_the_dozen(self, erp: OdooErp, world: OdooWorld, goods: Goods) -> None:
        await goods.product(DOZEN, 2.5, "dozen")
        assert await available(erp, DOZEN) == 2.5
        movement, outcome = await taken(erp, (DOZEN, 2))
        assert dict(outcome.recipes) == {movement.items[0][0]: ((movement.items[0][0], 1.0),)}
        assert await world.on_hand(DOZEN) == pytest.approx(0.5)
        assert (await apply_one(erp, back(movement, outcome, 1))).state is MovementState.DONE
        assert await world.on_hand(DOZEN) == pytest.approx(1.5)

    async def test_what_a_person_moved_in_another_unit_counts_in_the_products(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        movement = await sale(erp, (A, 24))
        document = await world.draft(movement.key, A, 24)
        moves = await world.rpc("stock.move", "search", [["picking_id", "=", document]])
        two_dozen = {"product_uom": await goods.unit("dozen"), "product_uom_qty": 2}
        await world.rpc("stock.move", "write", moves, two_dozen)
        found = await ask_one(erp, movement, document)
        assert found.state is MovementState.OPEN
        outcome = (await erp.finish([movement]))[movement.key]
        assert (outcome.state, moved_units(outcome)) == (MovementState.DONE, [24.0])
        assert await world.on_hand(A) == UNITS - 24

    async def test_a_reserved_move_in_another_unit_is_promised_in_the_products(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        movement = replace(await sale(erp, (A, 24)), mode=OrderMode.RESERVE)
        document = await world.draft(movement.key, A, 24)
        moves = await world.rpc("stock.move", "search", [["picking_id", "=", document]])
        two_dozen = {"product_uom": await goods.unit("dozen"), "product_uom_qty": 2}
        await world.rpc("stock.move", "write", moves, two_dozen)
        found = (await erp.finish([movement]))[movement.key]
        assert (found.state, list(found.held.values()), dict(found.waiting)) == (
            MovementState.RESERVED,
            [24.0],
            {},
        )
        lowered = (await erp.lower([movement], {movement.key: {movement.items[0][0]: 12.0}}))[movement.key]
        assert (lowered.state, list(lowered.held.values())) == (MovementState.RESERVED, [12.0])
        assert await world.free(A) == UNITS - 12


class TestKits:
    """Kits move their components, in whatever units their bill says it."""

    async def test_single_units_of_a_product_kept_in_dozens_are_sold_as_a_kit(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        await goods.product(DOZEN, 1.5, "dozen")
        await goods.kit(SINGLE, [(DOZEN, 1)])
        assert await available(erp, SINGLE) == 18
        movement, outcome = await taken(erp, (SINGLE, 5))
        # Odoo counts the dozens in hundredths: five units are 0.42 of them.
        assert await world.on_hand(DOZEN) == pytest.approx(1.08)
        assert not outcome.short
        assert (await ask_one(erp, movement)).moved == outcome.moved
        await apply_one(erp, back(movement, outcome, 5))
        assert await world.on_hand(DOZEN) == pytest.approx(1.5)

    async def test_a_bill_in_dozens_takes_dozens(self, erp: OdooErp, world: OdooWorld, goods: Goods) -> None:
        await goods.kit(KIT, [(A, 1, "dozen"), (B, 2)])
        assert await available(erp, KIT) == 83
        movement, outcome = await taken(erp, (KIT, 2), (C, 1))
        assert [await world.on_hand(sku) for sku in (A, B)] == [UNITS - 24, UNITS - 4]
        await apply_one(erp, back(movement, outcome, 2))
        assert [await world.on_hand(sku) for sku in (A, B)] == [UNITS, UNITS]

    async def test_grams_of_what_is_kept_in_kilograms(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        await goods.product(CLOTH, 2.75, "kg")
        await goods.kit(PACK, [(CLOTH, 250, "g")])
        assert await available(erp, PACK) == 11
        movement, outcome = await taken(erp, (PACK, 3))
        assert await world.on_hand(CLOTH) == pytest.approx(2.0)
        await apply_one(erp, back(movement, outcome, 1))
        assert await world.on_hand(CLOTH) == pytest.approx(2.25)

    async def test_a_short_kit_in_another_unit_is_forced_in_full(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        await goods.product(DOZEN, 1.0, "dozen")
        await goods.kit(SINGLE, [(DOZEN, 1)])
        movement = await sale(erp, (SINGLE, 20))
        outcome = await apply_one(erp, movement)
        assert (outcome.state, dict(outcome.moved)) == (MovementState.DONE, dict(movement.items))
        assert outcome.short == {movement.items[0][0]}
        assert await world.on_hand(DOZEN) == pytest.approx(-0.67)

    @pytest.mark.parametrize("parts", [(1, 1, 1), (2, 1), (3,), (1, 2)])
    async def test_what_three_of_a_kit_took_comes_back_to_the_last_hundredth(
        self, erp: OdooErp, world: OdooWorld, goods: Goods, parts: tuple[int, ...]
    ) -> None:
        """One bill makes three kits of ten units: a kit is 3.33 of them, and three are ten."""
        await goods.kit(KIT, [(A, 10)], makes=3)
        assert await available(erp, KIT) == 300
        movement, outcome = await taken(erp, (KIT, 3))
        assert await world.on_hand(A) == UNITS - 10
        kit = movement.items[0][0]
        recipe, left, last = outcome.recipes[kit], 3, movement
        for units in parts:
            items = tuple((part, each * units) for part, each in recipe)
            last = Movement(next_key(last), Direction.IN, items)
            given = await apply_one(erp, last)
            assert (given.state, dict(given.moved)) == (MovementState.DONE, dict(items)), given.reason
            assert (await ask_one(erp, last)).moved == given.moved
            returned = {part: need * dict(given.recipes[part])[part] for part, need in items}
            recipe = recipe_after(recipe, left, returned, units)
            left -= units
        assert await world.on_hand(A) == pytest.approx(UNITS)

    async def test_kits_of_one_order_that_share_components_are_told_apart(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        await goods.kit(KIT, [(A, 3), (B, 1)], makes=2)
        await goods.kit(BOX, [(KIT, 2), (A, 1)])
        await goods.kit(OTHER, [(A, 5), (C, 2)])
        movement, outcome = await taken(erp, (BOX, 2), (KIT, 4), (OTHER, 1), (A, 1))
        assert await world.on_hand(A) == UNITS - (2 * 4 + 4 * 1.5 + 5 + 1)
        parts = [await world.product(sku) for sku in (A, B, C)]
        box, kit, other, alone = (outcome.recipes[product] for product, _ in movement.items)
        assert dict(box) == pytest.approx({parts[0]: 4.0, parts[1]: 1.0})
        assert dict(kit) == pytest.approx({parts[0]: 1.5, parts[1]: 0.5})
        assert dict(other) == pytest.approx({parts[0]: 5.0, parts[2]: 2.0})
        assert dict(alone) == {parts[0]: 1.0}
        again = await ask_one(erp, movement)
        assert (again.moved, again.recipes) == (outcome.moved, outcome.recipes)

    async def test_consumables_and_services_in_a_kit_are_no_limit(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        loose = {"is_storable": False} if world.version >= 18 else {}
        await goods.product(BAG, 0, "unit", type="consu", **loose)
        await goods.product(WORK, type="service")
        await goods.kit(KIT, [(A, 2), (BAG, 1), (WORK, 1)])
        assert await available(erp, KIT) == UNITS / 2
        movement, outcome = await taken(erp, (KIT, 3))
        assert await world.on_hand(A) == UNITS - 6
        assert (await apply_one(erp, back(movement, outcome, 3))).state is MovementState.DONE
        assert await world.on_hand(A) == UNITS

    @pytest.mark.parametrize(("unit", "makes_in", "there"), [("unit", "dozen", 922), ("dozen", "unit", 83)])
    async def test_a_bill_in_another_unit_than_its_kit_publishes_no_more_than_there_is(
        self, erp: OdooErp, goods: Goods, unit: str, makes_in: str, there: int
    ) -> None:
        """Odoo takes what the bill makes for a number of kits: 83 dozens for 83, 1000 units for 1000 dozens.
        And one of a kit whose bill makes a dozen takes 0.09 bills, rounded up."""
        await goods.kit(KIT, [(A, 12 if makes_in == "dozen" else 1)], makes_in=makes_in, unit=unit)
        assert await available(erp, KIT) == there


class TestBillsThatChange:
    """The cursor sees a bill that was made or changed, so that its kits follow their components at once."""

    async def test_a_kit_made_just_now_follows_its_components(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        cursor = (await erp.changed_since(None)).cursor
        await world.move(A, -1)
        cursor = (await erp.changed_since(cursor)).cursor
        await goods.kit(KIT, [(A, 2)])
        assert (await erp.changed_since(cursor)).skus == {KIT}
        assert (await erp.changed_since(cursor)).skus == frozenset()
        await world.move(A, -1)
        assert (await erp.changed_since(cursor)).skus == {A, KIT}

    async def test_a_component_added_taken_out_or_counted_anew_changes_the_kit(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        bill = await goods.kit(KIT, [(A, 2)])
        await goods.kit(BOX, [(KIT, 2)])
        cursor = (await erp.changed_since(None)).cursor
        await world.move(C, -1)
        cursor = (await erp.changed_since(cursor)).cursor
        assert (await erp.changed_since(cursor)).skus == frozenset()
        await world.rpc("mrp.bom", "write", [bill], {"bom_line_ids": [[0, 0, await goods.line(B, 1)]]})
        assert (await erp.changed_since(cursor)).skus == {KIT, BOX}
        await world.move(B, -1)
        assert (await erp.changed_since(cursor)).skus == {B, KIT, BOX}
        lines = await world.rpc("mrp.bom", "read", [bill], ["bom_line_ids"])
        first = lines[0]["bom_line_ids"][0]
        await world.rpc("mrp.bom.line", "write", [first], {"product_qty": 7})
        assert (await erp.changed_since(cursor)).skus == {KIT, BOX}
        await world.rpc("mrp.bom.line", "unlink", [first])
        await world.rpc("mrp.bom", "write", [bill], {"code": "changed"})
        assert (await erp.changed_since(cursor)).skus == {KIT, BOX}

    async def test_a_bill_that_is_no_kit_any_more_changes_what_was_one(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        bill = await goods.kit(KIT, [(A, 2)])
        cursor = (await erp.changed_since(None)).cursor
        await world.move(C, -1)
        cursor = (await erp.changed_since(cursor)).cursor
        await world.rpc("mrp.bom", "write", [bill], {"active": False})
        assert (await erp.changed_since(cursor)).skus == {KIT}


class TestLots:
    """Odoo chooses lots and serial numbers; what has none is for a person, and never half done."""

    async def test_lots_are_chosen_and_come_back_as_they_were(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        lots = await goods.lots(TRACKED, {"L1": 3, "L2": 4})
        movement, outcome = await taken(erp, (TRACKED, 5), (A, 1))
        gone = await goods.on_hand_of(lots)
        assert gone == {"L1": 0, "L2": 2}
        first = back(movement, outcome, 2)
        assert (await apply_one(erp, first)).state is MovementState.DONE
        second = Movement(next_key(first), Direction.IN, ((movement.items[0][0], 3.0),))
        assert (await apply_one(erp, second)).state is MovementState.DONE
        assert await goods.on_hand_of(lots) == {"L1": 3, "L2": 4}

    async def test_serial_numbers_are_chosen_one_by_one(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        lots = await goods.lots(TRACKED, {"S1": 1, "S2": 1, "S3": 1}, "serial")
        movement, outcome = await taken(erp, (TRACKED, 2))
        assert sorted((await goods.on_hand_of(lots)).values()) == [0, 0, 1]
        assert (await apply_one(erp, back(movement, outcome, 2))).state is MovementState.DONE
        assert await goods.on_hand_of(lots) == dict.fromkeys(lots, 1)

    async def test_a_kit_with_a_tracked_component(self, erp: OdooErp, world: OdooWorld, goods: Goods) -> None:
        lots = await goods.lots(TRACKED, {"S1": 1, "S2": 1}, "serial")
        await goods.kit(KIT, [(TRACKED, 1), (A, 2)])
        assert await available(erp, KIT) == 2
        movement, outcome = await taken(erp, (KIT, 2))
        assert await available(erp, KIT) == 0
        assert (await apply_one(erp, back(movement, outcome, 2))).state is MovementState.DONE
        assert await goods.on_hand_of(lots) == {"S1": 1, "S2": 1}
        assert await world.on_hand(A) == UNITS

    @pytest.mark.parametrize("as_kit", [False, True])
    async def test_too_few_lots_are_for_a_person_and_nothing_has_left(
        self, erp: OdooErp, world: OdooWorld, goods: Goods, as_kit: bool
    ) -> None:
        lots = await goods.lots(TRACKED, {"L1": 2})
        if as_kit:
            await goods.kit(KIT, [(TRACKED, 1), (A, 1)])
        plain = await sale(erp, (A, 1))
        movement = await sale(erp, (KIT if as_kit else TRACKED, 5), (B, 1))
        outcomes = await erp.apply([plain, movement])
        assert outcomes[plain.key].state is MovementState.DONE
        refused = outcomes[movement.key]
        assert refused.state is MovementState.REFUSED
        assert refused.erp_id is not None
        assert "2 of 5" in (refused.reason or "")
        assert await goods.on_hand_of(lots) == {"L1": 2}
        assert [await world.on_hand(sku) for sku in (A, B)] == [UNITS - 1, UNITS]
        assert await goods.reserved(TRACKED) <= 2
        # Asked again and again it stays as it is, and ends by itself when the lots are there.
        assert (await ask_one(erp, movement)).state is MovementState.OPEN
        again = (await erp.finish([movement]))[movement.key]
        assert (again.state, dict(again.moved)) == (MovementState.REFUSED, {})
        lots["L2"] = await goods.lot(await world.product(TRACKED), "L2", 10)
        done = (await erp.finish([movement]))[movement.key]
        assert (done.state, dict(done.moved)) == (MovementState.DONE, dict(movement.items)), done.reason
        assert await goods.on_hand_of(lots) == {"L1": 0, "L2": 7}
        assert await world.on_hand(B) == UNITS - 1
        assert await goods.reserved(TRACKED) == 0

    async def test_a_draft_with_too_few_lots_is_not_half_done(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        lots = await goods.lots(TRACKED, {"L1": 2})
        movement = await sale(erp, (TRACKED, 5))
        await world.draft(movement.key, TRACKED, 5)
        found = (await erp.finish([movement]))[movement.key]
        assert (found.state, dict(found.moved)) == (MovementState.REFUSED, {})
        assert await goods.on_hand_of(lots) == {"L1": 2}
        assert (await erp.void([movement]))[movement.key].state is MovementState.CANCELLED
        assert await world.free(TRACKED) == 2

    @pytest.mark.simulated("a database with expiry dates (the module `product_expiry`)")
    async def test_a_lot_that_has_expired_is_not_chosen(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        lots = await goods.lots(TRACKED, {"L1": 3, "L2": 4})
        await world.rpc("stock.lot", "write", [lots["L1"]], {"expiration_date": PAST})
        await taken(erp, (TRACKED, 2))
        assert await goods.on_hand_of(lots) == {"L1": 3, "L2": 2}
        refused = await apply_one(erp, await sale(erp, (TRACKED, 3)))
        assert (refused.state, dict(refused.moved)) == (MovementState.REFUSED, {})
        assert "2 of 3" in (refused.reason or "")

    @pytest.mark.simulated("a database with expiry dates (the module `product_expiry`)")
    async def test_a_lot_that_expires_after_it_was_reserved_holds_back_its_own_order_alone(
        self, erp: OdooErp, world: OdooWorld, goods: Goods
    ) -> None:
        lots = await goods.lots(TRACKED, {"L1": 1, "L2": 5})
        old, new = await sale(erp, (TRACKED, 1)), await sale(erp, (TRACKED, 2))
        for movement, units in ((old, 1), (new, 2)):
            document = await world.draft(movement.key, TRACKED, units)
            await world.rpc("stock.picking", "action_confirm", [document])
        await world.rpc("stock.lot", "write", [lots["L1"]], {"expiration_date": PAST})
        outcomes = await erp.finish([old, new])
        assert outcomes[new.key].state is MovementState.DONE
        refused = outcomes[old.key]
        assert (refused.state, dict(refused.moved)) == (MovementState.REFUSED, {})
        assert "expired" in (refused.reason or "")
        assert await goods.on_hand_of(lots) == {"L1": 1, "L2": 3}


class TestDoctor:
    """Nobody is to be surprised by the unit that a listing sells in."""

    async def test_it_lists_what_is_not_sold_by_the_unit(self, erp: OdooErp, goods: Goods) -> None:
        await goods.product(DOZEN, 2.5, "dozen")
        found = {f.code: f for f in await erp.check()}["odoo.units"]
        assert (found.level, found.stops) == ("ok", None)
        assert f"{DOZEN} (Dozen" in str(found.facts["skus"])

    async def test_it_warns_of_kits_whose_bill_counts_in_another_unit(
        self, erp: OdooErp, goods: Goods
    ) -> None:
        await goods.kit(KIT, [(A, 12)], makes_in="dozen")
        await goods.kit(BOX, [(A, 1)])
        found = {f.code: f for f in await erp.check()}["odoo.kit_units"]
        assert (found.level, found.stops) == ("warning", None)
        assert KIT in str(found.facts["skus"])
        assert BOX not in str(found.facts["skus"])
