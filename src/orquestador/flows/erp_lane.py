"""Flow 1, second half: the one lane that writes to the ERP (design §6.5-6.12).

An intent is stored first, then done under its key, and believed only when read back. Whatever interrupts
that, the next look asks the ERP what the key contains.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from orquestador.flows.attendant import Attendant
from orquestador.flows.context import Context
from orquestador.flows.lane_rows import (
    ON_ITS_WAY,
    SILENCE,
    OpenRow,
    answer_of,
    found_in,
    row_after,
    units_by_sku,
    unless_signalled,
    weights_of,
)
from orquestador.flows.movements import MovementLane
from orquestador.flows.pause import Held, let_write, paused
from orquestador.flows.places import Lane, first_place, lanes
from orquestador.flows.sales import SaleDesk
from orquestador.model.effects import ASK_PERSON_EVERY_S, Act, KeyState, Verdict, judge
from orquestador.model.errors import AuthRefused, StoreUnavailable, Unavailable
from orquestador.model.ledger import (
    allocate,
    lacks_place,
    left_undone,
    lines_to_map,
    map_lines,
    placed,
    plan_effect,
    replace_effect,
    settle_effect,
)
from orquestador.model.logs import LogStatus
from orquestador.model.orders import OrderMode
from orquestador.model.places import Place
from orquestador.model.reservations import (
    book,
    to_attend,
)
from orquestador.model.work import Kind, State, Work
from orquestador.ops.serving import serving
from orquestador.ports import Erp, Mark, Movement, Outcome, ProductProblem, Save


class ErpLane:
    """One runner at a time for each warehouse of the whole installation (see `Ownership`); it drains the due
    effects of its channels in batches."""

    def __init__(self, context: Context, erp: Erp, lane: Lane | None = None) -> None:
        """`lane` None = the default one."""
        self._x, self._erp = context, erp
        self._lane = lanes(context)[0] if lane is None else lane
        self._first: Place | None = None
        self._manual = MovementLane(context, erp)
        self._sales = SaleDesk(context)
        self._attendant = Attendant(context, erp, self._sales)

    async def run_once(self) -> int:
        """One batch; returns how many rows were looked at. Raises Unavailable or AuthRefused when the ERP
        is away, StoreUnavailable when the journal is."""
        x = self._x
        if x.gates.lane_stopped(self._lane.warehouse):
            return 0
        if self._first is None:
            # Before anything else: a later setting must not say where former units were taken.
            self._first = await first_place(x, self._erp)
        works = await x.journal.effects_due(x.settings.erp_batch, self._lane.channels)
        if self._first is None:
            # Nobody can say yet where these were taken.
            works = [w for w in works if w.order is None or not lacks_place(w.order)]
        # Nearly always there is nothing: then nobody need ask whether it may be written.
        if not works or await paused(x):
            return 0
        try:
            await self._advance(works)
        except Held:
            return 0
        except (Unavailable, AuthRefused, StoreUnavailable):
            raise
        except Exception:  # noqa: BLE001 - an edge: counted and told in _poison
            # One row that we cannot handle must not block its batch (P5): each alone, then.
            for work in works:
                fresh = await x.reload(work)
                if fresh is not None and not await paused(x):
                    await self._alone(fresh)
        return len(works)

    async def _advance(self, works: Sequence[Work]) -> None:
        orders = [w.order for w in works if w.order is not None]
        with serving(
            order_ids=[o.order_id for o in orders],
            skus=[
                sku for o in orders for line in o.lines for sku in dict.fromkeys((line.sku, line.seller_sku))
            ],
            links=[o.trace_id for o in orders if o.trace_id],
        ):
            await self._do(works)

    async def _do(self, works: Sequence[Work]) -> None:
        now, open_rows, promised, fresh = self._x.clock.now(), [], [], []
        for work in map(self._placed, works):
            if work.kind is Kind.MOVEMENT:
                await self._manual.advance(work)
            elif work.order is not None and (effect := work.order.open_effect):
                open_rows.append(OpenRow(work, work.order, effect))
            elif work.order is not None and to_attend(work.order, now):
                promised.append(work)
            elif work.order is not None:
                fresh.append(work)
        if open_rows:
            await self._resume(open_rows)
        if promised:
            await self._attendant.attend(promised)
        if fresh:
            await self._start(fresh)

    def _placed(self, work: Work) -> Work:
        """What was taken before places were recorded was taken at the first one."""
        order = work.order
        if order is None or self._first is None or not lacks_place(order):
            return work
        return replace(work, doc=placed(order, self._first))

    async def _alone(self, work: Work) -> None:
        try:
            await self._advance([work])
        except Held:
            return
        except (Unavailable, AuthRefused, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - an edge: counted and told in _poison
            await self._poison(work, error)

    async def _poison(self, work: Work, error: Exception) -> None:
        """A bug of ours about one row: it goes to a person with the name of the error, and is asked again
        later."""
        x, fresh = self._x, await self._x.reload(work)
        x.count("lane_internal_errors")
        if fresh is not None:
            row = replace(fresh, state=State.DEAD, reason=f"internal_error:{type(error).__name__}")
            await x.save([Save(unless_signalled(row), effect_due_at=x.clock.now() + ASK_PERSON_EVERY_S)])

    async def _start(self, works: Sequence[Work]) -> None:
        """Write down the next effect of each order, then do them all in one batch."""
        x = self._x
        skus = sorted({sku for w in works if w.order for sku in lines_to_map(w.order)})
        place = await self._erp.place(self._lane.warehouse)
        found = await self._erp.products(skus, place) if skus else {}
        ids = {sku: p for sku, p in found.items() if isinstance(p, int)}
        problems = {sku: f"{found[sku]}:{sku}" for sku in found if sku not in ids}
        stockless = {sku for sku in found if found[sku] is ProductProblem.NOT_STOCKED}
        now, planned = x.clock.now(), []
        for work in works:
            before = work.order
            assert before is not None
            live = x.modes.of(work.channel) is not None
            mode = x.settings.order_modes.get(work.channel, OrderMode.DELIVER)
            # A sale order is to be worth what was paid, services too: of those a person is asked.
            order = map_lines(before, ids, problems, () if mode.sells else stockless)
            if live:
                order = plan_effect(order, prefix=x.settings.prefix, now=now, mode=mode, place=place)
            planned.append(row_after(work, order, live=live, now=now, effect_due_at=ON_ITS_WAY, mode=mode))
        stored = await x.journal.save(planned)
        begun = []
        for save, ok in zip(planned, stored, strict=True):
            after = save.work.order
            if ok and after is not None and (effect := after.open_effect):
                begun.append(OpenRow(replace(save.work, rev=save.work.rev + 1), after, effect))
        if begun:
            await self._send(begun, self._erp.apply)

    async def _resume(self, rows: Sequence[OpenRow]) -> None:
        """Ask what became of open effects, and go on from there."""
        answers = await self._erp.ask([row.movement for row in rows])
        todo: dict[Act, list[OpenRow]] = {Act.APPLY: [], Act.FINISH: [], Act.VOID: []}
        rest: list[OpenRow] = []
        for row in rows:
            verdict = self._judge(row, answers.get(row.effect.key, SILENCE))
            if verdict.act is Act.BOOK and row.effect.mode is OrderMode.BACKORDER and row.needed:
                # It may have been cut off after the promise, before what was there had left.
                verdict = replace(verdict, act=Act.FINISH)
            if verdict.act in todo:
                todo[verdict.act].append(replace(row, effect=verdict.effect))
            else:
                rest.append(row)
        await self._close(rest, answers)
        for act, call in (
            (Act.APPLY, self._erp.apply),
            (Act.FINISH, self._erp.finish),
            (Act.VOID, self._erp.void),
        ):
            group = await self._announced(todo[act]) if act is Act.VOID else todo[act]
            if group and act is Act.VOID:
                await let_write(self._x)
                await self._close(group, await call([row.movement for row in group]))
            elif group:
                await self._send(group, call)

    async def _send(
        self, rows: Sequence[OpenRow], call: Callable[[list[Movement]], Awaitable[dict[str, Outcome]]]
    ) -> None:
        """Have these done. What a sale order is to contain is asked for first; where the channel is away, the
        row waits for it."""
        found = await self._sales.prepare(rows)
        # Paused just now: the intents are stored, and the ERP is asked about them after `resume`.
        await let_write(self._x)
        outcomes = await call(found.movements) if found.movements else {}
        await self._close([r for r in rows if r.effect.key not in found.away], outcomes | found.refused)
        await self._x.save(self._sales.postponed([r for r in rows if r.effect.key in found.away], found.away))

    async def _announced(self, rows: Sequence[OpenRow]) -> list[OpenRow]:
        """Written down first: what is missing after this was our doing, nobody else's."""
        marked = []
        for row in rows:
            effect = replace(row.effect, lowering=True)
            order = replace_effect(row.order, effect)
            marked.append(OpenRow(replace(row.work, doc=order), order, effect))
        saves = [Save(row.work, effect_due_at=ON_ITS_WAY) for row in marked]
        stored = await self._x.journal.save(saves) if saves else []
        return [
            replace(row, work=replace(row.work, rev=row.work.rev + 1))
            for row, ok in zip(marked, stored, strict=True)
            if ok
        ]

    def _judge(self, row: OpenRow, outcome: Outcome) -> Verdict:
        return judge(
            row.effect,
            outcome.state,
            erp_id=outcome.erp_id,
            detail=outcome.reason,
            code=outcome.code,
            needed=row.needed,
            now=self._x.clock.now(),
        )

    async def _close(self, rows: Sequence[OpenRow], outcomes: dict[str, Outcome]) -> None:
        await self._x.stock_changed(item.sku for row in rows for item in row.effect.items)
        saves = [self._closing(row, outcomes.get(row.effect.key, SILENCE)) for row in rows]
        stored = await self._x.save(saves)
        for row, ok in zip(rows, stored, strict=True):
            if not ok:
                await self._close_again(row, outcomes.get(row.effect.key, SILENCE))
        for row in rows:
            self._tell(row, outcomes.get(row.effect.key, SILENCE))

    async def _close_again(self, row: OpenRow, outcome: Outcome) -> None:
        """A fold changed the row meanwhile: what the ERP answered still has to reach the ledger."""
        while True:
            work = await self._x.reload(row.work)
            work = self._placed(work) if work else None
            order = work.order if work else None
            effect = next((e for e in order.effects if e.n == row.effect.n), None) if order else None
            if work is None or order is None or effect is None or not effect.is_open:
                return
            if all(await self._x.save([self._closing(OpenRow(work, order, effect), outcome)])):
                return

    def _closing(self, row: OpenRow, outcome: Outcome) -> Save:
        x, now = self._x, self._x.clock.now()
        verdict = self._judge(row, outcome)
        order = replace_effect(row.order, verdict.effect)
        live = x.modes.of(row.work.channel) is not None
        if verdict.act in (Act.BOOK, Act.SETTLE, Act.HOLD) and row.effect.mode.reserves:
            voided = verdict.act is Act.SETTLE and outcome.state is not KeyState.DONE
            order = book(order, row.effect.n, found_in(outcome), now, ours=voided)
            marks = tuple(Mark(sku, "erp") for sku in sorted({i.sku for i in row.effect.items}))
            return row_after(row.work, order, live=live, now=now, effect_due_at=now, marks=marks)
        if verdict.act in (Act.SETTLE, Act.HOLD):
            items = row.effect.items
            recipes = {i.line_id: r for i in items if (r := outcome.recipes.get(i.product_id, ()))}
            units = allocate(row.effect, outcome.moved)
            order = settle_effect(
                order,
                row.effect.n,
                now=now,
                erp_id=outcome.erp_id,
                units=units,
                recipes=recipes,
                weights=weights_of(outcome),
                note="oversold" if outcome.short else verdict.reason,
            )
            hold = verdict.reason if verdict.act is Act.HOLD else None
            if not row.effect.lowering and left_undone(order, row.effect, units):
                hold = hold or "cancelled_in_erp"
            order = replace(order, hold=hold or order.hold)
            return row_after(
                row.work,
                order,
                live=live,
                now=now,
                effect_due_at=now,
                marks=tuple(Mark(sku, "erp") for sku in sorted({i.sku for i in items})),
            )
        if verdict.act is Act.FINISH and outcome.reason:
            # Finished as far as the ERP lets us (a lot to choose, say): trying again changes nothing.
            reason, due_at = f"unfinished_in_erp:{outcome.reason}", now + ASK_PERSON_EVERY_S
            verdict = replace(verdict, act=Act.PERSON, reason=reason, due_at=due_at)
        if verdict.act is Act.PERSON:
            dead = replace(row.work, doc=order, state=State.DEAD, reason=verdict.reason, due_at=now)
            return Save(unless_signalled(dead), effect_due_at=verdict.due_at)
        waiting = row_after(row.work, order, live=live, now=now, effect_due_at=verdict.due_at or now + 1.0)
        return replace(waiting, work=replace(waiting.work, reason=verdict.reason or waiting.work.reason))

    def _tell_short(self, row: OpenRow, outcome: Outcome) -> None:
        """More was sold than there is, and Odoo shows no negative number for it: told once, here."""
        short = sorted({i.sku for i in row.effect.items if i.product_id in outcome.short})
        if short and row.effect.mode is OrderMode.BACKORDER:
            self._x.count("oversold")
            self._x.log(
                "stock.oversold",
                LogStatus.ERROR,
                request={"key": row.effect.key},
                response={"skus": short, "waiting": sum(outcome.waiting.values())},
                order_ids=[row.order.order_id],
                skus=short,
                trace_id=row.order.trace_id,
            )

    def _tell(self, row: OpenRow, outcome: Outcome) -> None:
        self._tell_short(row, outcome)
        good = outcome.state in (KeyState.DONE, KeyState.CANCELLED, KeyState.RESERVED)
        self._x.count("effects_done" if good else "effects_open")
        skus = sorted({item.sku for item in row.effect.items})
        self._x.log(
            f"order.{'take' if row.effect.direction.value == 'out' else 'give_back'}",
            LogStatus.SUCCESS if good else LogStatus.PENDING,
            request={"key": row.effect.key, "units": units_by_sku(row.effect)},
            response=answer_of(outcome),
            order_ids=[row.order.order_id],
            skus=skus,
            trace_id=row.order.trace_id,
        )
