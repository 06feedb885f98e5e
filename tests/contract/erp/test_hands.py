"""A person's hands in Odoo: what people do to documents and products of ours while an order is on its way,
and after. Each act ends in the ledger or with a person, and nothing is ever taken twice.

The real ERP lane, a journal and the adapter, on the sandbox of each version or on a real server.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orquestador.clock import ManualClock, SystemClock
from orquestador.erp.odoo import OdooErp
from orquestador.flows.context import Context, FlowSettings
from orquestador.flows.erp_lane import ErpLane
from orquestador.flows.golive import go_live
from orquestador.flows.operator import retry
from orquestador.flows.orders import OrderWorker
from orquestador.journal.sqlite import SqliteJournal
from orquestador.model.effects import KeyState
from orquestador.model.orders import LineState, Order, OrderMode
from orquestador.model.reservations import LOOK_MAX_S
from orquestador.model.stock import Availability
from orquestador.model.work import State, Work
from orquestador.ports import Movement, Outcome
from tests.contract.erp.odoo_world import OdooError, OdooWorld, settings_of
from tests.contract.erp.world import UNITS, A, new_key, own
from tests.fakes.channel import FakeChannel
from tests.fakes.context import flow_context

SOLD, SENT = 5, 2
OTHER = own("OTHER")
"""The product that remains of two."""


class CutOff(OdooErp):
    """The adapter, whose first delivery is cut off half way."""

    half: str = ""
    """How far it comes: "unknown" and "draft" (made, and not done), "half" (what was there has left)."""
    knows_id = True

    async def apply(self, movements: Sequence[Movement], *, force: bool = True) -> dict[str, Outcome]:
        if not self.half or not movements:
            return await super().apply(movements, force=force)
        (movement,) = movements
        make = self.world.half_done if self.half == "half" else self.world.draft
        document = await make(movement.key, A, SOLD)
        known = None if self.half == "unknown" else document
        self.half = ""
        return {movement.key: Outcome(KeyState.DOUBTFUL, known, reason="cut off")}

    world: OdooWorld


@dataclass
class Shop:
    """One order of `SOLD` units of A, on its way through the lane."""

    clock: ManualClock
    journal: SqliteJournal
    erp: CutOff
    channel: FakeChannel
    context: Context
    world: OdooWorld
    order_id: str
    products: list[int]
    """The one that was A, and what it became."""

    @property
    def row_id(self) -> str:
        return f"order:shop:{self.order_id}"

    async def signal(self) -> None:
        await self.journal.touch([self.row_id], "test")
        await OrderWorker(self.context).run_once()
        await self.lane()

    async def lane(self) -> None:
        lane = ErpLane(self.context, self.erp)
        for _ in range(10):
            self.clock.advance(0.1)
            if not await lane.run_once():
                return
        raise AssertionError("the lane does not come to rest")

    async def settle(self) -> None:
        """Time passes: doubts end, everything is asked again, the channel gives a hint."""
        for seconds in (1.0, 130.0, LOOK_MAX_S + 1, LOOK_MAX_S + 1):
            self.clock.advance(seconds)
            await self.lane()
        await self.signal()

    async def row(self) -> Work:
        (work,) = await self.journal.get([self.row_id])
        return work

    async def order(self) -> Order:
        order = (await self.row()).order
        assert order is not None
        return order

    async def left(self) -> float:
        """Units that are no longer there, of A and of what A became."""
        ids, place = self.products, self.world.stock_location
        rows = await self.world.rpc("product.product", "read", ids, ["qty_available"], location=place)
        return float(len(ids) * UNITS + self.adjusted - sum(r["qty_available"] for r in rows))

    adjusted: float = 0.0

    async def documents(self) -> int:
        """Deliveries and receipts of this order, backorders apart."""
        stem = f"{self.context.settings.prefix}shop/{self.order_id}/"
        domain = [["origin", "=like", f"{stem}%"], ["backorder_id", "=", False]]
        return int(await self.world.rpc("stock.picking", "search_count", domain))

    @property
    def key(self) -> str:
        return f"{self.context.settings.prefix}shop/{self.order_id}/1"

    async def adjust(self, delta: float) -> None:
        await self.world.move(A, delta)
        self.adjusted += delta


# --- what people do


async def picking(shop: Shop) -> int:
    """The document of this order that is open, else its newest."""
    found = await shop.world.rpc("stock.picking", "search_read", [["origin", "=", shop.key]], ["state"])
    opened = [p["id"] for p in found if p["state"] not in ("done", "cancel")]
    return int((opened or [p["id"] for p in found])[0])


async def validate(shop: Shop) -> None:
    await shop.world.rpc(
        "stock.picking", "button_validate", [await picking(shop)], skip_backorder=True, skip_sms=True
    )


async def send_a_part(shop: Shop) -> None:
    document = await picking(shop)
    # In a draft no quantity can be written: a person confirms it first.
    await shop.world.rpc("stock.picking", "action_confirm", [document])
    await shop.world.ship(document, A, SENT)


async def send_a_part_and_no_more(shop: Shop) -> None:
    await send_a_part(shop)
    await cancel(shop)


async def rename(shop: Shop) -> None:
    await shop.world.rpc(
        "stock.picking", "write", [await picking(shop)], {"name": own(f"BY-HAND-{new_key()}")}
    )


async def change_type(shop: Shop) -> None:
    """To an internal transfer: Odoo names it anew, and from 18 on moves it elsewhere."""
    await shop.world.rpc(
        "stock.picking", "write", [await picking(shop)], {"picking_type_id": await shop.world.internal_type()}
    )


async def cancel(shop: Shop) -> None:
    await shop.world.rpc("stock.picking", "action_cancel", [await picking(shop)])


async def delete(shop: Shop) -> None:
    await shop.world.rpc("stock.picking", "unlink", [await picking(shop)])


async def count_less(shop: Shop) -> None:
    """A person counts, and there are 2."""
    await shop.adjust(2 - await shop.world.on_hand(A))


async def receive(shop: Shop) -> None:
    await shop.adjust(100)


async def receive_and_validate(shop: Shop) -> None:
    await receive(shop)
    await shop.world.rpc("stock.picking", "action_assign", [await picking(shop)])
    await validate(shop)


async def count_3(shop: Shop) -> None:
    await shop.adjust(3 - await shop.world.on_hand(A))


async def archive(shop: Shop) -> None:
    await shop.world.archive(A)


async def merge(shop: Shop) -> None:
    """Two products become one: what is open points to the other, which has the SKU from now on."""
    old, new = await shop.world.product(A), await shop.world.new_product(OTHER, UNITS)
    shop.products.append(new)
    opened = [["product_id", "=", old], ["state", "=", "draft"], ["origin", "!=", False]]
    moves = await shop.world.rpc("stock.move", "search", [["picking_id.origin", "=", shop.key], *opened[:2]])
    await shop.world.rpc("stock.move", "write", moves, {"product_id": new})
    await shop.world.rpc("product.product", "write", [old], {"active": False, "default_code": own("OLD")})
    await shop.world.rpc("product.product", "write", [new], {"default_code": A})


MERGED = ("stock_move", "stock_move_line", "stock_quant")


async def merge_in_sql(shop: Shop) -> None:
    """The same past Odoo's own checks, as merge tools do it: what is done points to the other one too,
    and the stock of both is its."""
    rpc = shop.world.rpc
    old, new = await shop.world.product(A), await shop.world.new_product(OTHER, UNITS)
    shop.products.append(new)
    if shop.world.server.sandbox is not None:
        for table in MERGED:
            model = table.replace("_", ".")
            rows = await rpc(model, "search", [["product_id", "=", old]])
            await rpc(model, "write", rows, {"product_id": new})
    else:
        updates = [f"UPDATE {table} SET product_id = {new} WHERE product_id = {old}" for table in MERGED]
        # The quants too become one for each place, as Odoo does it by itself sooner or later.
        steps = ["env.flush_all()", *(f"env.cr.execute('{sql}')" for sql in updates)]
        code = "\n".join([*steps, "env.invalidate_all()", "env['stock.quant']._merge_quants()"])
        model = (await rpc("ir.model", "search", [["model", "=", "product.product"]]))[0]
        action = {"name": own("merge"), "model_id": model, "state": "code", "code": code}
        await rpc("ir.actions.server", "run", [await rpc("ir.actions.server", "create", action)])
    await rpc("product.product", "write", [old], {"active": False, "default_code": own("OLD")})
    await rpc("product.product", "write", [new], {"default_code": A})


ACTS = {
    act.__name__: act
    for act in (
        validate,
        send_a_part,
        send_a_part_and_no_more,
        rename,
        change_type,
        cancel,
        delete,
        count_less,
        count_3,
        receive,
        receive_and_validate,
        archive,
        merge,
        merge_in_sql,
    )
}
REFUSED = "Odoo refuses"

# --- what becomes of it: the reason why a person is asked, (taken, promised) in the ledger, units that left

PERSON, GONE, FOREIGN = "cancelled_in_erp", "deleted_in_erp", "foreign_document"
Row = tuple[str, str, str | None, tuple[int, int], int]

DELIVER: list[Row] = [
    # Cut off after the document was made; its id is not known.
    ("unknown", "validate", None, (5, 0), 5),
    ("unknown", "rename", FOREIGN, (0, 0), 0),
    ("unknown", "change_type", FOREIGN, (0, 0), 0),
    ("unknown", "cancel", PERSON, (0, 0), 0),
    ("unknown", "delete", None, (5, 0), 5),
    # The same, and the id is known.
    ("draft", "validate", None, (5, 0), 5),
    ("draft", "send_a_part", None, (5, 0), 5),
    ("draft", "send_a_part_and_no_more", PERSON, (2, 0), 2),
    ("draft", "rename", None, (5, 0), 5),
    ("draft", "change_type", FOREIGN, (0, 0), 0),
    ("draft", "cancel", PERSON, (0, 0), 0),
    ("draft", "delete", GONE, (0, 0), 0),
    ("draft", "count_less", None, (5, 0), 5),
    ("draft", "archive", None, (5, 0), 5),
    ("draft", "merge", None, (5, 0), 5),
    ("draft", "merge_in_sql", None, (5, 0), 5),
    # Three were there and have left, the rest waits in a backorder that we have not settled yet.
    ("half", "rename", None, (5, 0), 5),
    ("half", "cancel", PERSON, (3, 0), 3),
    ("half", "delete", PERSON, (3, 0), 3),
    ("half", "receive", None, (5, 0), 5),
    ("half", "archive", None, (5, 0), 5),
    ("half", "merge_in_sql", None, (5, 0), 5),
    # Done, and in the ledger.
    ("applied", "cancel", REFUSED, (5, 0), 5),
    ("applied", "delete", REFUSED, (5, 0), 5),
    ("applied", "change_type", REFUSED, (5, 0), 5),
    ("applied", "rename", None, (5, 0), 5),
    ("applied", "count_less", None, (5, 0), 5),
    ("applied", "archive", None, (5, 0), 5),
    ("applied", "merge", None, (5, 0), 5),
    ("applied", "merge_in_sql", None, (5, 0), 5),
]

RESERVE: list[Row] = [
    ("draft", "validate", None, (5, 0), 5),
    ("draft", "send_a_part", None, (5, 3), 2),
    ("draft", "send_a_part_and_no_more", PERSON, (2, 0), 2),
    ("draft", "rename", None, (5, 5), 0),
    ("draft", "change_type", FOREIGN, (0, 0), 0),
    ("draft", "cancel", PERSON, (0, 0), 0),
    ("draft", "delete", GONE, (0, 0), 0),
    ("draft", "merge", None, (5, 5), 0),
    # Promised, and in the ledger.
    ("applied", "validate", None, (5, 0), 5),
    ("applied", "send_a_part", None, (5, 3), 2),
    ("applied", "send_a_part_and_no_more", PERSON, (2, 0), 2),
    ("applied", "rename", None, (5, 5), 0),
    ("applied", "cancel", PERSON, (0, 0), 0),
    ("applied", "delete", GONE, (0, 0), 0),
    ("applied", "count_less", None, (5, 5), 0),
    ("applied", "archive", None, (5, 5), 0),
    ("applied", "merge_in_sql", None, (5, 5), 0),
]

# What lacks stock waits: three of five were there.
BACKORDER: list[Row] = [
    ("draft", "count_3", None, (5, 2), 3),
    ("short", "receive", None, (5, 2), 3),
    ("short", "receive_and_validate", None, (5, 0), 5),
    ("short", "rename", None, (5, 2), 3),
    ("short", "cancel", PERSON, (3, 0), 3),
    ("short", "delete", PERSON, (3, 0), 3),
    ("short", "archive", None, (5, 2), 3),
    ("short", "merge_in_sql", None, (5, 2), 3),
]

TABLE = [
    pytest.param(mode, *row, id=f"{mode}-{row[0]}-{row[1]}")
    for mode, rows in (
        (OrderMode.DELIVER, DELIVER),
        (OrderMode.RESERVE, RESERVE),
        (OrderMode.BACKORDER, BACKORDER),
    )
    for row in rows
]


@pytest.fixture
async def shop(world: OdooWorld, tmp_path: Path) -> AsyncIterator[Shop]:
    clock = ManualClock(1_000_000.0)
    journal = await SqliteJournal.open(tmp_path / "journal.sqlite3", clock)
    erp = CutOff(settings_of(world), SystemClock(), log=world.records.append)
    erp.world = world
    channel = FakeChannel(clock.now, {A: 10})
    context = flow_context(
        journal, clock, erp=erp, channels={"shop": channel}, settings=FlowSettings(prefix=own(""))
    )
    context.gates.report("erp", [])
    await go_live(context, channel, ())
    clock.advance(10.0)
    number = new_key().split("/")[1]
    yield Shop(clock, journal, erp, channel, context, world, number, [await world.product(A)])
    await erp.close()
    await journal.close()


async def sold(shop: Shop, mode: OrderMode, moment: str) -> None:
    """An order that has come so far."""
    shop.context.settings = replace(shop.context.settings, order_modes={"shop": mode})
    shop.erp.half = "" if moment in ("applied", "short") else moment
    if moment in ("half", "short"):
        await shop.adjust(3 - UNITS)
    shop.channel.sell(shop.order_id, [(A, SOLD)])
    await shop.signal()


async def ledger(shop: Shop) -> tuple[int, int]:
    (line,) = (await shop.order()).lines
    return line.taken, line.held


@pytest.mark.parametrize(("mode", "moment", "act", "reason", "in_ledger", "left"), TABLE)
async def test_what_a_person_does_ends_in_the_ledger_or_with_a_person(
    shop: Shop,
    mode: OrderMode,
    moment: str,
    act: str,
    reason: str | None,
    in_ledger: tuple[int, int],
    left: int,
) -> None:
    await sold(shop, mode, moment)
    if reason == REFUSED:
        with pytest.raises(OdooError):
            await ACTS[act](shop)
        reason = None
    else:
        await ACTS[act](shop)
    await shop.settle()
    row = await shop.row()
    assert (row.reason or "").split(":")[0] == (reason or "")
    assert row.state is (State.DEAD if reason else State.SETTLED)
    assert (await ledger(shop), await shop.left()) == (in_ledger, left)
    # Never a second take, however often somebody looks.
    documents = await shop.documents()
    await shop.settle()
    assert (await ledger(shop), await shop.left(), await shop.documents()) == (in_ledger, left, documents)
    # And when the channel cancels, it is as if nothing had been sold, or a person is asked.
    shop.channel.set_state(shop.order_id, "0", LineState.CANCELLED)
    await shop.signal()
    await shop.settle()
    row = await shop.row()
    if row.state is State.DEAD:
        assert await shop.left() == left
    else:
        assert (row.state, await ledger(shop)) == (State.SETTLED, (0, 0))
        assert await shop.left() == 0


async def order_more(shop: Shop, units: int) -> None:
    line = shop.channel.orders[shop.order_id]["0"]
    shop.channel.orders[shop.order_id]["0"] = replace(line, quantity=units)
    await shop.signal()


async def test_more_of_a_line_whose_sku_is_another_product_now(shop: Shop) -> None:
    await sold(shop, OrderMode.DELIVER, "applied")
    await merge(shop)
    await order_more(shop, SOLD + 2)
    await shop.settle()
    assert (await shop.row()).reason == f"product_changed:{A}"
    assert (await ledger(shop), await shop.left()) == ((SOLD, 0), SOLD)


async def test_a_line_that_took_nothing_takes_from_the_product_that_has_its_sku_now(shop: Shop) -> None:
    await sold(shop, OrderMode.DELIVER, "draft")
    await cancel(shop)
    await shop.settle()
    await merge(shop)
    await retry(shop.context, shop.row_id)
    await shop.settle()
    (line,) = (await shop.order()).lines
    assert ((await shop.row()).state, line.taken) == (State.SETTLED, SOLD)
    assert line.product_id == await shop.world.product(A)
    assert await shop.world.on_hand(A) == UNITS - SOLD


async def test_what_cannot_be_given_back_waits_until_its_product_is_there_again(shop: Shop) -> None:
    await sold(shop, OrderMode.DELIVER, "applied")
    product = await shop.world.product(A)
    await archive(shop)
    shop.channel.set_state(shop.order_id, "0", LineState.CANCELLED)
    await shop.signal()
    await shop.settle()
    row = await shop.row()
    assert row.state is State.DEAD
    assert row.reason is not None
    assert row.reason.startswith("refused_by_erp:product ")
    await shop.world.rpc("product.product", "write", [product], {"active": True})
    await shop.settle()
    assert ((await shop.row()).state, await ledger(shop)) == (State.SETTLED, (0, 0))
    assert await shop.left() == 0


async def test_after_products_were_merged_their_sku_shows_the_stock_of_both(shop: Shop) -> None:
    await sold(shop, OrderMode.DELIVER, "applied")
    await merge_in_sql(shop)
    found = (await shop.erp.availability([A]))[A]
    assert isinstance(found, Availability)
    assert found.available == 2 * UNITS - SOLD


async def test_what_a_merged_product_took_is_given_back_to_the_one_that_remains(shop: Shop) -> None:
    """Its units left under the other one's number by then, and that is what comes back."""
    await sold(shop, OrderMode.DELIVER, "half")
    await merge_in_sql(shop)
    await shop.settle()
    shop.channel.set_state(shop.order_id, "0", LineState.CANCELLED)
    await shop.signal()
    await shop.settle()
    assert ((await shop.row()).state, await ledger(shop)) == (State.SETTLED, (0, 0))
    assert await shop.left() == 0
