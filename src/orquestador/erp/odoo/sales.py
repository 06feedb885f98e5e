"""Keyed sale orders: made once, worth what was paid, confirmed once, settled by asking (ADR 0018)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import unquote

from orquestador.erp.odoo.config import OdooSettings
from orquestador.erp.odoo.family import TOLERANCE, lower_demand, outcome, requested
from orquestador.erp.odoo.kits import Kits
from orquestador.erp.odoo.partners import Partners
from orquestador.erp.odoo.products import Products
from orquestador.erp.odoo.rpc import Transport
from orquestador.erp.odoo.saledrafts import SaleDrafts
from orquestador.erp.odoo.salerun import DRAFT, Order, SaleRun
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import Ambiguous, AuthRefused, Unavailable
from orquestador.ops.serving import served, serving
from orquestador.ports import Movement, MovementState, Outcome

SOLD = (MovementState.DONE, MovementState.RESERVED)
ROUNDS = 3
"""How often open deliveries are pressed on."""


class Sales:
    """Same calls as `Movements`, for movements whose document is a sale order."""

    def __init__(self, rpc: Transport, products: Products, kits: Kits, settings: OdooSettings) -> None:
        self._rpc, self._products, self._kits = rpc, products, kits
        self._partners = Partners(rpc, settings)
        self._drafts = SaleDrafts(rpc, settings)

    async def ask(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        with self._logged_for(movements):
            return (await self._look(setup, movements))[0]

    async def apply(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        """An order that is there already is left as it is: only `finish` goes on with one."""
        return await self._go_on(setup, movements, MovementState.ABSENT)

    async def finish(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        return await self._go_on(setup, movements, MovementState.OPEN)

    async def lower(
        self, setup: SetUp, movements: Sequence[Movement], to: Mapping[str, Mapping[int, float]]
    ) -> dict[str, Outcome]:
        with self._logged_for(movements):
            outcomes, run = await self._look(setup, movements)
            opened = (MovementState.RESERVED, MovementState.OPEN)
            todo = [m for m in movements if outcomes[m.key].state in opened]
            _keep(run, todo)
            with _doubting(run, todo):
                await self._lower(run, todo, outcomes, to)
                await run.read_orders()
                await run.read_families()
            return outcomes | {m.key: self._settled(run, m) for m in todo}

    async def void(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        with self._logged_for(movements):
            outcomes, run = await self._look(setup, movements)
            absent = [m for m in movements if outcomes[m.key].state is MovementState.ABSENT]
            todo = [m for m in movements if outcomes[m.key].state is MovementState.OPEN] + absent
            _keep(run, todo)
            with _doubting(run, todo):
                if absent:
                    company = await self._partners.company(setup)
                    await run.open_orders(absent, {m.key: company for m in absent})
                    # Our own late request may have been there first, and gone on.
                    await run.read_orders()
                    await run.read_families()
                keys = [key for key in run.ids if key not in run.doubts]
                sent = [key for key in keys if any(move.moved for move in run.moves(key))]
                await run.cancel(sent)
                await run.cancel_orders([key for key in keys if key not in sent])
                await run.read_orders()
                await run.read_families()
            return outcomes | {m.key: self._settled(run, m) for m in todo}

    @contextmanager
    def _logged_for(self, movements: Sequence[Movement]) -> Iterator[None]:
        """Calls are logged for the orders in the keys and the SKUs we know, unless the flow said for whom."""
        around = served()
        orders = around.order_ids or [unquote(m.key.split("/")[-2]) for m in movements]
        skus = around.skus or self._products.known_skus(p for m in movements for p, _ in m.items)
        with serving(order_ids=orders, skus=skus):
            yield

    # --- steps

    async def _look(self, setup: SetUp, movements: Sequence[Movement]) -> tuple[dict[str, Outcome], SaleRun]:
        """Ask for each; the run holds the orders found under their own key."""
        run = SaleRun(self._rpc, setup, self._kits, self._products.name_of)
        if not movements:
            return {}, run
        run.orders = await run.find_orders(movements)
        chosen = {m.key: _choose(m, run.orders) for m in movements}
        run.ids = {key: order.id for key, (order, _) in chosen.items() if order is not None}
        await run.read_families()
        outcomes: dict[str, Outcome] = {}
        for m in movements:
            order, foreign = chosen[m.key]
            if order is None:
                outcomes[m.key] = Outcome(MovementState.ABSENT)
            elif foreign:
                found = self._settled(run, m)
                outcomes[m.key] = Outcome(
                    MovementState.FOREIGN, order.id, found.moved, recipes=found.recipes, reason=foreign
                )
            else:
                outcomes[m.key] = self._settled(run, m)
        return outcomes, run

    async def _go_on(
        self, setup: SetUp, movements: Sequence[Movement], start: MovementState
    ) -> dict[str, Outcome]:
        with self._logged_for(movements):
            outcomes, run = await self._look(setup, movements)
            todo = [m for m in movements if outcomes[m.key].state is start]
            _keep(run, todo)
            with _doubting(run, todo):
                if start is MovementState.ABSENT:
                    await self._open(run, todo)
                drafts = [m for m in todo if run.state(m.key) in DRAFT]
                await self._drafts.fill(run, drafts)
                await run.confirm(m.key for m in drafts if m.key not in run.held)
                await run.read_orders()
                await run.read_families()
                await self._deliver(run, todo)
            outcomes |= {m.key: self._settled(run, m) for m in todo}
            late = [m for m in todo if m.key in run.refused]
            if late:
                # Refused, maybe because somebody was faster with the key: what is there now decides.
                outcomes |= await self._again(setup, late, outcomes)
            return outcomes

    async def _again(
        self, setup: SetUp, late: Sequence[Movement], refused: Mapping[str, Outcome]
    ) -> dict[str, Outcome]:
        try:
            found = (await self._look(setup, late))[0]
        except (Unavailable, AuthRefused) as error:
            return {m.key: Outcome(MovementState.DOUBTFUL, m.erp_id, reason=error.detail) for m in late}
        return {k: refused[k] if o.state is MovementState.ABSENT else o for k, o in found.items()}

    async def _open(self, run: SaleRun, movements: Sequence[Movement]) -> None:
        ready = await self._drafts.possible(run, movements)
        if not ready:
            return
        try:
            found = await self._partners.resolve(run.setup, {m.key: m.sale for m in ready})
        except Ambiguous as error:
            run.doubts |= {m.key: error.detail for m in ready}
            return
        run.held |= found.problems
        await run.open_orders([m for m in ready if m.key in found.ids], found.ids)
        await run.read_orders()

    async def _deliver(self, run: SaleRun, movements: Sequence[Movement]) -> None:
        """What is to leave at once is forced to its full quantity; what is to be reserved, is."""
        reserve = {m.key for m in movements if m.mode.reserves}
        short = [k for k in reserve if any(move.is_short for move in run.moves(k)) and _well(run, k)]
        pickings = {move.picking_id: None for k in short for move in run.moves(k) if move.is_open}
        if pickings:
            await run.assign(list(pickings))
            await run.read_families()
        for _ in range(ROUNDS):
            unfinished = [key for key in run.unfinished() if key not in reserve]
            if not unfinished:
                return
            await run.force(unfinished)
            await run.read_families()

    async def _lower(
        self,
        run: SaleRun,
        movements: Sequence[Movement],
        outcomes: Mapping[str, Outcome],
        to: Mapping[str, Mapping[int, float]],
    ) -> None:
        whole: list[str] = []
        sent: list[str] = []
        partly: list[Movement] = []
        for m in movements:
            found = outcomes[m.key]
            if run.state(m.key) in DRAFT or lower_demand(m, found, run.moves(m.key), to[m.key]) is None:
                (sent if found.moved else whole).append(m.key)
            elif any(_total(found, p) > to[m.key].get(p, 0.0) + TOLERANCE for p in requested(m)):
                partly.append(m)
        await run.cancel_orders(whole)
        await run.cancel(sent)
        # The order's lines first: Odoo itself then lowers its deliveries, and the total follows.
        lines = await run.read_lines([m.key for m in partly] + sent)
        for m in partly:
            found = outcomes[m.key]
            wanted = {
                p: min(_total(found, p), to[m.key].get(p, 0.0))
                for p in requested(m)
                if _total(found, p) > to[m.key].get(p, 0.0) + TOLERANCE
            }
            await run.change_lines(m.key, self._drafts.lowered(lines[m.key], wanted, m.sale))
        for m in movements:
            if m.key in sent:
                left = {p: outcomes[m.key].moved.get(p, 0.0) for p in requested(m)}
                await run.change_lines(m.key, self._drafts.lowered(lines[m.key], left, m.sale))
        for m in partly + [m for m in movements if m.key in sent]:
            # A locked order keeps its lines; its stock is what counts.
            run.problems.pop(m.key, None)
        await run.read_families()
        demands: dict[int, float] = {}
        for m in partly:
            found = self._settled(run, m)
            demands |= lower_demand(m, found, run.moves(m.key), to[m.key]) or {}
        if demands:
            await run.lower(demands)

    def _settled(self, run: SaleRun, movement: Movement) -> Outcome:
        key = movement.key
        order = run.order(key)
        erp_id = run.ids.get(key, movement.erp_id)
        if key in run.doubts:
            return Outcome(MovementState.DOUBTFUL, erp_id, reason=run.doubts[key])
        if key in run.held:
            problem = run.held[key]
            return Outcome(MovementState.REFUSED, erp_id, code=problem.code, reason=problem.detail)
        if order is None:
            if key in run.problems:
                return Outcome(MovementState.REFUSED, erp_id, reason=run.problems[key])
            return Outcome(MovementState.DOUBTFUL, erp_id, reason="its state was not read back")
        if order.state in DRAFT:
            if key in run.problems:
                return Outcome(MovementState.REFUSED, order.id, reason=run.problems[key])
            return Outcome(MovementState.OPEN, order.id, reason=f"left {order.state} in Odoo")
        moves = run.moves(key)
        problem_there = run.problems.get(key) if any(m.is_open for m in moves) else None
        if problem_there and movement.mode.reserves and not any(m.state == "draft" for m in moves):
            problem_there = None  # confirmed by somebody else, say: what is promised is promised
        # A confirmed order without deliveries promises nothing: somebody deleted them.
        found = outcome(
            movement,
            order.id,
            moves,
            state="cancel",
            forced=run.forced.get(key, ()),
            problem=problem_there,
            known=run.recipes,
        )
        if movement.sale and found.state in SOLD and order.total != movement.sale.total:
            # Too late to hold it; the log tells, and the stock is what it is.
            return replace(found, reason=f"worth {order.total:f} in Odoo, {movement.sale.total:f} was paid")
        return found


def _total(found: Outcome, product: int) -> float:
    return found.moved.get(product, 0.0) + found.held.get(product, 0.0)


def _well(run: SaleRun, key: str) -> bool:
    return key not in run.doubts and key not in run.problems


def _keep(run: SaleRun, movements: Collection[Movement]) -> None:
    keys = {m.key for m in movements}
    run.ids = {key: order for key, order in run.ids.items() if key in keys}


@contextmanager
def _doubting(run: SaleRun, movements: Iterable[Movement]) -> Iterator[None]:
    """After the first change an outage proves nothing about the members; before it, it is the caller's."""
    try:
        yield
    except (Unavailable, AuthRefused) as error:
        if not run.touched:
            raise
        run.doubts |= {m.key: str(error) for m in movements if m.key not in run.held}


def _choose(movement: Movement, orders: Mapping[int, Order]) -> tuple[Order | None, str | None]:
    """The order of a movement, and why it is for a person, if it is."""
    named = next((o for o in orders.values() if o.name == movement.key), None)
    by_id = orders.get(movement.erp_id) if movement.erp_id is not None else None
    if by_id is not None and named is not None and by_id is not named:
        return by_id, f"two orders: {by_id.id} is the one we made, {named.id} has its key"
    return by_id or named, None
