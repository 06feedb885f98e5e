"""Two warehouses of two companies in one Odoo: each sale leaves its own, and each number counts its own."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import pytest

from orquestador.erp.odoo import OdooErp
from orquestador.model.effects import KeyState
from orquestador.model.errors import PlaceRefused
from orquestador.model.orders import Direction, OrderMode
from orquestador.model.places import Place, Scope
from orquestador.model.stock import Availability
from orquestador.ports import Movement, ProductProblem
from tests.contract.erp.odoo_world import OdooWorld, adapter_of
from tests.contract.erp.second import SecondHouse, second_house
from tests.contract.erp.world import RUN, UNITS, A, own


@pytest.fixture
async def other(world: OdooWorld) -> SecondHouse:
    """A second company with its warehouse, and units of A in it."""
    house = await second_house(world)
    await house.put(A, 40)
    return house


@pytest.fixture
async def first(world: OdooWorld) -> str:
    return str((await world.rpc("stock.warehouse", "read", [world._places["id"]], ["code"]))[0]["code"])


@pytest.fixture
async def both(world: OdooWorld, other: SecondHouse, first: str) -> AsyncIterator[OdooErp]:
    """An adapter for the first warehouse, that a channel of the second one uses too."""
    adapter = adapter_of(world, warehouse=first, scopes=(Scope(other.code),))
    yield adapter
    await adapter.close()


def fresh(key: str) -> str:
    """A key that nobody has used: on a real server two APIs meet in one database."""
    return own(f"{secrets.token_hex(3)}/{key}")


def free(answer: Availability | ProductProblem) -> float:
    assert isinstance(answer, Availability), answer
    return answer.available


async def take(erp: OdooErp, key: str, place: Place, units: float, **more: object) -> Movement:
    product = (await erp.products([A], place))[A]
    assert isinstance(product, int)
    return Movement(key, Direction.OUT, ((product, units),), place=place, **more)  # type: ignore[arg-type]


class TestTwoWarehouses:
    async def test_each_scope_counts_its_own(self, both: OdooErp, other: SecondHouse, first: str) -> None:
        assert free((await both.availability([A], Scope(other.code)))[A]) == 40
        assert free((await both.availability([A]))[A]) == UNITS
        assert free((await both.availability([A], Scope(first, (first, other.code))))[A]) == UNITS + 40

    async def test_places_are_apart_unless_one_is_in_the_other(
        self, both: OdooErp, other: SecondHouse, first: str
    ) -> None:
        shelf = await other.shelf()
        here, there, one, union = await both.areas(
            [Scope(first), Scope(other.code), Scope(other.code, (shelf,)), Scope(first, (first, other.code))]
        )
        assert not here.overlaps(there)
        assert there.overlaps(one) and one.overlaps(there)
        assert union.overlaps(here) and union.overlaps(one)

    async def test_a_shelf_counts_alone(self, both: OdooErp, other: SecondHouse) -> None:
        shelf = await other.shelf(A, 7)
        assert free((await both.availability([A], Scope(other.code, (shelf,))))[A]) == 7
        assert free((await both.availability([A], Scope(other.code)))[A]) == 47

    async def test_one_batch_takes_from_both(
        self, both: OdooErp, other: SecondHouse, first: str, world: OdooWorld
    ) -> None:
        here, there = await both.place(first), await both.place(other.code)
        moves = [await take(both, fresh("p/1/1"), here, 3), await take(both, fresh("p/2/1"), there, 4)]
        outcomes = await both.apply(moves)
        assert [outcomes[m.key].state for m in moves] == [KeyState.DONE, KeyState.DONE]
        assert free((await both.availability([A]))[A]) == UNITS - 3
        assert free((await both.availability([A], Scope(other.code)))[A]) == 36
        made = await world.rpc("stock.picking", "search_read", [["name", "=", moves[1].key]], ["company_id"])
        assert [row["company_id"][0] for row in made] == [other.company]
        again = await both.apply(moves)
        assert [again[m.key].state for m in moves] == [KeyState.DONE, KeyState.DONE]
        assert free((await both.availability([A], Scope(other.code)))[A]) == 36

    async def test_the_key_is_one_company_s(self, both: OdooErp, other: SecondHouse, first: str) -> None:
        here, there = await both.place(first), await both.place(other.code)
        one = await take(both, fresh("p/3/1"), here, 1)
        assert (await both.apply([one]))[one.key].state is KeyState.DONE
        twin = await take(both, one.key, there, 1)
        assert (await both.ask([twin]))[one.key].state is KeyState.ABSENT
        assert (await both.ask([one]))[one.key].state is KeyState.DONE

    async def test_a_give_back_goes_to_the_recorded_place(self, both: OdooErp, other: SecondHouse) -> None:
        there = await both.place(other.code)
        taken = await take(both, fresh("p/4/1"), there, 5)
        await both.apply([taken])
        back = Movement(fresh("p/4/2"), Direction.IN, taken.items, place=there)
        assert (await both.apply([back]))[back.key].state is KeyState.DONE
        assert free((await both.availability([A], Scope(other.code)))[A]) == 40

    async def test_a_reservation_holds_its_own_stock(self, both: OdooErp, other: SecondHouse) -> None:
        there = await both.place(other.code)
        held = await take(both, fresh("p/5/1"), there, 6, mode=OrderMode.RESERVE)
        assert (await both.apply([held]))[held.key].state is KeyState.RESERVED
        assert free((await both.availability([A], Scope(other.code)))[A]) == 34
        assert free((await both.availability([A]))[A]) == UNITS
        lowered = await both.lower([held], {held.key: {held.items[0][0]: 0.0}})
        assert lowered[held.key].state is KeyState.CANCELLED

    async def test_changes_in_both_are_seen(self, both: OdooErp, other: SecondHouse) -> None:
        cursor = (await both.changed_since(None)).cursor
        cursor = (await both.changed_since(cursor)).cursor
        await other.put(A, 12)
        assert A in (await both.changed_since(cursor)).skus

    async def test_products_of_the_other_company_are_not_ours(
        self, both: OdooErp, other: SecondHouse, first: str, world: OdooWorld
    ) -> None:
        sku = own("THEIRS")
        await world.new_product(sku)
        await world.rpc("product.product", "write", [await world.product(sku)], {"company_id": other.company})
        here, there = await both.place(first), await both.place(other.code)
        assert (await both.products([sku], here))[sku] is ProductProblem.UNKNOWN
        assert isinstance((await both.products([sku], there))[sku], int)
        mixed = await both.availability([sku], Scope(first, (first, other.code)))
        assert mixed[sku] is ProductProblem.UNKNOWN

    async def test_twins_are_found_in_every_company(
        self, both: OdooErp, other: SecondHouse, world: OdooWorld
    ) -> None:
        theirs, everybody_s, apart = own("TWIN"), own("MIXED"), own("APART")
        made: dict[str, list[int]] = {}
        for sku, companies in {
            theirs: (other.company, other.company),
            everybody_s: (False, other.company),
            apart: (world.company, other.company),
        }.items():
            made[sku] = [await world.new_product(sku) for _ in companies]
            for product, company in zip(made[sku], companies, strict=True):
                await world.rpc("product.product", "write", [product], {"company_id": company})
        found = {twin.sku: twin.products for twin in await both.duplicates() if twin.sku in made}
        # One product in each company is no twin: no warehouse sees both.
        assert found == {sku: tuple(made[sku]) for sku in (theirs, everybody_s)}

    async def test_the_check_speaks_of_each(self, both: OdooErp, other: SecondHouse, first: str) -> None:
        findings = await both.check()
        assert not [f for f in findings if f.level == "error"]
        assert [f.facts["warehouse"] for f in findings if f.code == "odoo.ok"] == [first, other.code]


class TestOneIsNotWell:
    async def test_it_stops_its_own_part_alone(self, both: OdooErp, other: SecondHouse, first: str) -> None:
        there = await both.place(other.code)
        await other.delivery_steps("pick_ship")
        findings = await both.check()
        assert [(f.code, f.stops) for f in findings if f.level == "error"] == [
            ("odoo.delivery_steps", f"erp:{other.code}")
        ]
        with pytest.raises(PlaceRefused):
            await both.place(other.code)
        with pytest.raises(PlaceRefused):
            await both.availability([A], Scope(other.code))
        moves = [
            await take(both, fresh("q/1/1"), await both.place(first), 1),
            await take(both, fresh("q/2/1"), there, 1),
        ]
        outcomes = await both.apply(moves)
        assert [outcomes[m.key].state for m in moves] == [KeyState.DONE, KeyState.DOUBTFUL]
        # What was taken there before is asked for, and goes back.
        assert (await both.ask([moves[1]]))[moves[1].key].state is KeyState.ABSENT
        await other.delivery_steps("ship_only")

    async def test_a_warehouse_that_is_not_there(self, world: OdooWorld, first: str) -> None:
        adapter = adapter_of(world, warehouse=first, scopes=(Scope(first), Scope("ZZZ")))
        found = [f for f in await adapter.check() if f.level == "error"]
        assert [(f.code, f.stops) for f in found] == [("odoo.warehouse_absent", "erp:ZZZ")]
        assert free((await adapter.availability([A]))[A]) == UNITS
        cursor = (await adapter.changed_since(None)).cursor
        await adapter.changed_since(cursor)
        await adapter.close()

    async def test_a_location_that_is_not_there(self, world: OdooWorld, first: str) -> None:
        scope = Scope(first, (f"{first}/Stock/Nowhere {RUN}",))
        adapter = adapter_of(world, warehouse=first, scopes=(scope,))
        found = [f for f in await adapter.check() if f.level == "error"]
        assert [(f.code, f.stops) for f in found] == [("odoo.location", f"scope:{scope}")]
        with pytest.raises(PlaceRefused):
            await adapter.availability([A], scope)
        assert free((await adapter.availability([A]))[A]) == UNITS
        await adapter.close()

    async def test_a_company_that_the_user_may_not_enter(
        self, both: OdooErp, other: SecondHouse, first: str
    ) -> None:
        await other.shut_out()
        try:
            found = [f for f in await both.check() if f.level == "error"]
            assert [(f.code, f.stops) for f in found] == [("odoo.warehouse_absent", f"erp:{other.code}")]
            assert free((await both.availability([A]))[A]) == UNITS
        finally:
            await other.let_in()
