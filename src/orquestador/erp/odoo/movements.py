"""Keyed movements: applied in few calls, believed when read back, settled by asking (design §6.6-6.10)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import unquote

from orquestador.erp.odoo.accelerator import Accelerator
from orquestador.erp.odoo.family import TOLERANCE, Picking, lower_demand, outcome, requested
from orquestador.erp.odoo.kits import Kits
from orquestador.erp.odoo.lots import that_left
from orquestador.erp.odoo.products import Products
from orquestador.erp.odoo.rpc import Transport
from orquestador.erp.odoo.run import Run
from orquestador.erp.odoo.setup import SetUp
from orquestador.model.errors import AuthRefused, Unavailable
from orquestador.model.orders import Direction, OrderMode
from orquestador.ops.serving import served, serving
from orquestador.ports import Movement, MovementState, Outcome

ROUNDS = 3
"""How often open members are pressed on: drafts, then what they left behind, then once more."""

Step = Callable[[list[Movement]], Awaitable[dict[str, Outcome]]]


class Movements:
    """Stateless: each call is a `Run` of its own. Batches are the caller's, at most 50."""

    def __init__(
        self, rpc: Transport, products: Products, kits: Kits, accelerator: Accelerator, *, sells: bool
    ) -> None:
        """`sells`: documents of an order may also be those of a sale order."""
        self._rpc, self._products, self._kits, self._accelerator = rpc, products, kits, accelerator
        self._sells = sells

    async def apply(self, setup: SetUp, movements: Sequence[Movement], *, force: bool) -> dict[str, Outcome]:
        to_reserve = [m for m in movements if m.mode.reserves]
        to_deliver = [m for m in movements if not m.mode.reserves]
        outcomes: dict[str, Outcome] = {}
        with self._logged_for(movements):
            tracked = await self._tracked(setup, to_deliver) if force else []
            plain = [m for m in to_deliver if m not in tracked]
            steps: tuple[tuple[list[Movement], Step], ...] = (
                (plain, lambda part: self._deliver(setup, part, force=force)),
                (tracked, lambda part: self._deliver(setup, part, force=force, careful=True)),
                (to_reserve, lambda part: self._reserve(setup, part)),
            )
            for some, step in steps:
                try:
                    outcomes |= await step(some) if some else {}
                except (Unavailable, AuthRefused) as error:
                    if not outcomes:
                        raise
                    outcomes |= {
                        m.key: Outcome(MovementState.DOUBTFUL, m.erp_id, reason=error.detail) for m in some
                    }
            return outcomes

    async def ask(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        with self._logged_for(movements):
            outcomes, _ = await self._look(setup, movements)
            return outcomes

    async def finish(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        with self._logged_for(movements):
            outcomes, run = await self._look(setup, movements)
            todo = [m for m in movements if _goes_on(m, outcomes[m.key])]
            run.ids = {m.key: run.ids[m.key] for m in todo}
            to_reserve = {m.key for m in todo if m.mode.reserves}
            try:
                if to_reserve:
                    drafts = [
                        m.picking_id for key in to_reserve for m in run.moves(key) if m.state == "draft"
                    ]
                    await run.reserve(list(dict.fromkeys(drafts)))
                    await run.read_families()
                    await self._send_what_is_there(run, todo)
                careful = {m.key for m in await self._tracked(setup, todo)} - to_reserve
                await self._press(run, leave=to_reserve, careful=careful)
            except (Unavailable, AuthRefused) as error:
                _doubt_the_rest(run, todo, error)
            return outcomes | {m.key: self._settled(run, m) for m in todo}

    async def lower(
        self, setup: SetUp, movements: Sequence[Movement], to: Mapping[str, Mapping[int, float]]
    ) -> dict[str, Outcome]:
        with self._logged_for(movements):
            outcomes, run = await self._look(setup, movements)
            opened = (MovementState.RESERVED, MovementState.OPEN)
            todo = [m for m in movements if outcomes[m.key].state in opened]
            run.ids = {m.key: run.ids[m.key] for m in todo}
            demands: dict[int, float] = {}
            to_cancel: list[str] = []
            for m in todo:
                lower = lower_demand(m, outcomes[m.key], run.moves(m.key), to[m.key])
                if lower is None:
                    to_cancel.append(m.key)
                else:
                    demands |= lower
            if not (demands or to_cancel):
                return outcomes
            try:
                if demands:
                    await run.lower(demands)
                await run.cancel(to_cancel)
                await run.read_families()
            except (Unavailable, AuthRefused) as error:
                _doubt_the_rest(run, todo, error)
            return outcomes | {m.key: self._settled(run, m) for m in todo}

    async def void(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        with self._logged_for(movements):
            outcomes, run = await self._look(setup, movements)
            todo = [
                m for m in movements if outcomes[m.key].state in (MovementState.ABSENT, MovementState.OPEN)
            ]
            absent = [m for m in todo if outcomes[m.key].state is MovementState.ABSENT]
            run.ids = {m.key: run.ids[m.key] for m in todo if m not in absent}
            try:
                await run.create(absent)
                await run.cancel([key for key in run.ids if key not in run.doubts])
                if run.ids:
                    await run.read_families()
            except (Unavailable, AuthRefused) as error:
                _doubt_the_rest(run, todo, error)
            # A document without moves shows its state only on itself.
            bare = [m for m in todo if m.key in run.ids and m.key not in run.doubts and not run.moves(m.key)]
            again = [m for m in run.exists if m.key not in run.doubts] + bare
            outcomes |= {m.key: self._settled(run, m) for m in todo if m not in again}
            if again:
                # Somebody was faster with the key, most likely our own late request: void what is there now.
                late = [m for m in again if m in run.exists]
                outcomes |= await self.void(setup, late) if late else {}
                outcomes |= await self._ask_or_doubt(setup, bare) if bare else {}
            return outcomes

    @contextmanager
    def _logged_for(self, movements: Sequence[Movement]) -> Iterator[None]:
        """Calls are logged for the orders in the keys and the SKUs we know, unless the flow said for whom."""
        around = served()
        orders = around.order_ids or [order for m in movements if (order := _order_of(m.key))]
        skus = around.skus or self._products.known_skus(p for m in movements for p, _ in m.items)
        with serving(order_ids=orders, skus=skus):
            yield

    # --- steps

    async def _deliver(
        self, setup: SetUp, movements: Sequence[Movement], *, force: bool, careful: bool = False
    ) -> dict[str, Outcome]:
        """`careful`: these are of products with lots."""
        outcomes: dict[str, Outcome] = {}
        if not force:
            outcomes = await self._unaffordable(setup, movements)
        outcomes |= await self._no_longer_there(setup, movements)
        todo = [m for m in movements if m.key not in outcomes]
        run = Run(self._rpc, setup, self._kits, self._products.name_of)
        try:
            run.lots = await that_left(self._rpc, self._products, setup, todo, sells=self._sells)
            if careful or not (force and await self._accelerator.apply(run, todo, OrderMode.DELIVER)):
                await run.create(todo)
                if careful:
                    await self._reserve_tracked(run, list(run.ids.values()))
                ready = [i for k, i in run.ids.items() if k not in run.problems and k not in run.doubts]
                if ready:
                    await run.validate(ready, split_short=force)
                    await run.read_families()
            if run.ids:
                await (self._press(run) if force else self._withdraw(run))
        except (Unavailable, AuthRefused) as error:
            _doubt_the_rest(run, todo, error)
        return outcomes | await self._all_settled(setup, run, todo)

    async def _reserve(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        run = Run(self._rpc, setup, self._kits, self._products.name_of)
        try:
            if not await self._accelerator.apply(run, movements, OrderMode.RESERVE):
                await run.create(movements)
                if run.ids:
                    await run.reserve(list(run.ids.values()))
                    await run.read_families()
            if run.ids:
                await self._send_what_is_there(run, movements)
        except (Unavailable, AuthRefused) as error:
            _doubt_the_rest(run, movements, error)
        return await self._all_settled(setup, run, movements)

    async def _send_what_is_there(self, run: Run, movements: Sequence[Movement]) -> None:
        """Do what is reserved, never what is not: a confirmed document without any would go below zero when
        it was a draft (odoo.md §5.3), so it is left to the warehouse; so is a kit that lacks a component."""
        ready: dict[int, None] = {}
        for m in movements:
            if m.mode is not OrderMode.BACKORDER or m.key in run.doubts or m.key in run.problems:
                continue
            # What was left behind by a document that is done is the warehouse's.
            opened = [o for o in run.moves(m.key) if o.is_open and o.picking_id == run.ids.get(m.key)]
            kits = any(o.product_id not in requested(m) for o in opened)
            short = any(o.backed < o.promised - TOLERANCE for o in opened)
            if any(o.backed > TOLERANCE for o in opened) and not (kits and short):
                ready[run.ids[m.key]] = None
        if ready:
            await run.validate(list(ready))
            await run.read_families()

    async def _all_settled(self, setup: SetUp, run: Run, movements: Sequence[Movement]) -> dict[str, Outcome]:
        outcomes = {m.key: self._settled(run, m) for m in movements}
        return outcomes | (await self._ask_or_doubt(setup, run.exists) if run.exists else {})

    async def _tracked(self, setup: SetUp, movements: Sequence[Movement]) -> list[Movement]:
        """Takes of products with lots: of these Odoo would send what it has and leave the rest, for which
        there is nothing to force."""
        out = [m for m in movements if m.direction is Direction.OUT]
        ids = sorted({product for m in out for product, _ in m.items})
        tracked = await self._products.tracked(setup, ids) if ids else frozenset()
        return [m for m in out if any(product in tracked for product, _ in m.items)]

    async def _reserve_tracked(self, run: Run, pickings: Sequence[int]) -> None:
        """Documents of tracked products are reserved before they are done, so that what lacks lots is known
        while nothing has left; that stays as it is, with its reason."""
        if not pickings:
            return
        await run.reserve(pickings)
        await run.read_families()
        for key in list(run.ids):
            if any(m.picking_id in pickings for m in run.moves(key)):
                run.stuck(key)

    async def _press(self, run: Run, leave: Collection[str] = (), careful: Collection[str] = ()) -> None:
        """Drive open members to their full quantity; what Odoo refuses stays open, with its reason."""
        for _ in range(ROUNDS):
            unfinished = [key for key in run.unfinished() if key not in leave]
            if not unfinished:
                return
            todo = [key for key in unfinished if key in careful]
            opened = [m.picking_id for key in todo for m in run.moves(key) if m.is_open]
            await self._reserve_tracked(run, list(dict.fromkeys(opened)))
            await run.force([key for key in unfinished if key not in run.problems])
            await run.read_families()

    async def _withdraw(self, run: Run) -> None:
        """Somebody took the stock between our look and our call: undo rather than go below zero."""
        # One short member makes Odoo ask about the whole list, so the others are still to be done.
        ready = [run.ids[k] for k in run.unfinished() if not any(m.is_short for m in run.moves(k))]
        if ready:
            await run.validate(ready, split_short=False)
            await run.read_families()
        short = run.unfinished()
        if short:
            await run.cancel(short)
            await run.read_families()
            run.withdrawn |= set(short)

    async def _unaffordable(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        out = [m for m in movements if m.direction is Direction.OUT]
        ids = sorted({product for m in out for product, _ in m.items})
        free = {p: q for p, (_, q) in (await self._products.quantities(setup, ids)).items()} if ids else {}
        refused: dict[str, Outcome] = {}
        for movement in out:
            wanted = requested(movement)
            lacking = [p for p, q in wanted.items() if free.get(p, 0.0) < q - TOLERANCE]
            if lacking:
                p = lacking[0]
                refused[movement.key] = Outcome(
                    MovementState.REFUSED,
                    short=frozenset(lacking),
                    reason=f"not enough stock: {wanted[p]:g} asked, {free.get(p, 0.0):g} free",
                )
            else:
                free |= {p: free[p] - q for p, q in wanted.items()}
        return refused

    async def _no_longer_there(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        """Give-backs of products that were archived or deleted since, merged into another one perhaps: put
        there, the units would be sold by nobody, so a person says where they belong."""
        back = [m for m in movements if m.direction is Direction.IN]
        ids = sorted({product for m in back for product, _ in m.items})
        kept = await self._products.kept(setup, ids) if ids else frozenset()
        lost = {m.key: [p for p, _ in m.items if p not in kept] for m in back}
        return {
            key: Outcome(
                MovementState.REFUSED,
                reason=f"product {self._products.name_of(gone[0])} is archived or deleted in Odoo",
            )
            for key, gone in lost.items()
            if gone
        }

    async def _look(self, setup: SetUp, movements: Sequence[Movement]) -> tuple[dict[str, Outcome], Run]:
        """Ask for each movement; the run holds the families found under their own key."""
        run = Run(self._rpc, setup, self._kits, self._products.name_of)
        if not movements:
            return {}, run
        pickings = await run.find(movements)
        chosen = {m.key: _choose(m, pickings) for m in movements}
        run.ids = {key: picking.id for key, (picking, _) in chosen.items() if picking is not None}
        run.parents = {p.id: p.parent for p in pickings.values() if p.parent is not None}
        await run.read_families()
        outcomes: dict[str, Outcome] = {}
        for m in movements:
            picking, foreign = chosen[m.key]
            foreign = foreign or _changed_type(m, picking, pickings)
            if picking is None:
                outcomes[m.key] = Outcome(MovementState.ABSENT)
                continue
            found = outcome(m, picking.id, run.moves(m.key), state=picking.state, known=run.recipes)
            if foreign:
                found = Outcome(
                    MovementState.FOREIGN, picking.id, found.moved, recipes=found.recipes, reason=foreign
                )
            outcomes[m.key] = found
        return outcomes, run

    async def _ask_or_doubt(self, setup: SetUp, movements: Sequence[Movement]) -> dict[str, Outcome]:
        try:
            return (await self._look(setup, movements))[0]
        except (Unavailable, AuthRefused) as error:
            return {m.key: Outcome(MovementState.DOUBTFUL, m.erp_id, reason=error.detail) for m in movements}

    def _settled(self, run: Run, movement: Movement) -> Outcome:
        key = movement.key
        erp_id = run.ids.get(key)
        if key in run.doubts or (erp_id is None and key not in run.problems):
            reason = run.doubts.get(key, "its state was not read back")
            return Outcome(MovementState.DOUBTFUL, erp_id or movement.erp_id, reason=reason)
        if erp_id is None:
            return Outcome(MovementState.REFUSED, reason=run.problems[key])
        found = outcome(
            movement,
            erp_id,
            run.moves(key),
            forced=run.forced.get(key, ()),
            problem=run.problems.get(key),
            known=run.recipes,
        )
        if found.state is MovementState.CANCELLED and key in run.withdrawn:
            short = frozenset(requested(movement))
            return Outcome(MovementState.REFUSED, erp_id, short=short, reason="not enough stock")
        return found


def _goes_on(movement: Movement, found: Outcome) -> bool:
    """Whether `finish` has something to do about it."""
    promised = found.state is MovementState.RESERVED and movement.mode is OrderMode.BACKORDER
    return promised or found.state is MovementState.OPEN


def _choose(movement: Movement, pickings: dict[int, Picking]) -> tuple[Picking | None, str | None]:
    """The picking of a movement, and why it is for a person, if it is (design §6.6)."""
    key = movement.key
    named = next((p for p in pickings.values() if p.name == key), None)
    by_id = pickings.get(movement.erp_id) if movement.erp_id is not None else None
    if by_id is not None and by_id is not named:
        if named is not None:
            return by_id, f"two documents: {by_id.name} is the one we made, another one has its key"
        if by_id.origin == key:
            return by_id, None  # renamed by a person; the id and the origin are still ours
        return by_id, f"document {by_id.id} is now {by_id.name}"
    if named is not None:
        return named, None
    roots = [p for p in pickings.values() if p.origin == key and p.parent not in pickings]
    if roots:
        first = min(roots, key=lambda p: p.id)
        return first, f"found as {first.name}, not under its key"
    return None, None


def _changed_type(movement: Movement, chosen: Picking | None, pickings: dict[int, Picking]) -> str | None:
    """Why a document of this movement is for a person: its units no longer go where they should, because
    somebody changed the operation type of it or of a backorder."""
    kind = "outgoing" if movement.direction is Direction.OUT else "incoming"
    ours = [p for p in pickings.values() if p is chosen or p.origin == movement.key]
    other = next((p for p in ours if p.kind != kind and p.state != "cancel"), None)
    return f"{other.name} is {other.kind} now, not {kind}" if chosen and other else None


def _doubt_the_rest(run: Run, movements: Sequence[Movement], error: Exception) -> None:
    """After the first change an outage proves nothing about the members; before it, it is the caller's."""
    if not run.touched:
        raise error
    run.doubts |= {m.key: str(error) for m in movements if m.key not in run.problems or m.key in run.ids}


def _order_of(key: str) -> str | None:
    """The order in a key `<prefix><channel>/<order>/<n>`; a manual movement has none."""
    parts = key.split("/")
    return unquote(parts[-2]) if len(parts) > 2 and not parts[-3].endswith("manual") else None
