"""Flow 1, second half: the one lane that writes to the ERP (design §6.5-6.12).

An intent is stored first, then done under its key, and believed only when read back. Whatever interrupts
that, the next look asks the ERP what the key contains.
"""

from __future__ import annotations

from collections.abc import Sequence
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
)
from orquestador.flows.movements import MovementLane
from orquestador.flows.pause import Held, let_write, paused
from orquestador.model.effects import ASK_PERSON_EVERY_S, Act, KeyState, Verdict, judge
from orquestador.model.errors import AuthRefused, StoreUnavailable, Unavailable
from orquestador.model.ledger import (
    allocate,
    lines_to_map,
    map_lines,
    plan_effect,
    replace_effect,
    settle_effect,
)
from orquestador.model.logs import LogStatus
from orquestador.model.orders import OrderMode
from orquestador.model.reservations import (
    book,
    to_attend,
)
from orquestador.model.work import Kind, State, Work
from orquestador.ops.serving import serving
from orquestador.ports import Erp, Mark, Outcome, Save


class ErpLane:
    """One runner at a time for the whole installation (see `Ownership`); it drains due effects in batches."""

    def __init__(self, context: Context, erp: Erp) -> None:
        self._x, self._erp = context, erp
        self._manual = MovementLane(context, erp)
        self._attendant = Attendant(context, erp)

    async def run_once(self) -> int:
        """One batch; returns how many rows were looked at. Raises Unavailable or AuthRefused when the ERP
        is away, StoreUnavailable when the journal is."""
        x = self._x
        if x.gates.stopped("erp"):
            return 0
        works = await x.journal.effects_due(x.settings.erp_batch)
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
        for work in works:
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
        found = await self._erp.products(skus) if skus else {}
        ids = {sku: p for sku, p in found.items() if isinstance(p, int)}
        problems = {sku: f"{found[sku]}:{sku}" for sku in found if sku not in ids}
        now, planned = x.clock.now(), []
        for work in works:
            before = work.order
            assert before is not None
            order = map_lines(before, ids, problems)
            live = x.modes.of(work.channel) is not None
            if live:
                mode = x.settings.order_modes.get(work.channel, OrderMode.DELIVER)
                order = plan_effect(order, prefix=x.settings.prefix, now=now, mode=mode)
            planned.append(row_after(work, order, live=live, now=now, effect_due_at=ON_ITS_WAY))
        stored = await x.journal.save(planned)
        begun = []
        for save, ok in zip(planned, stored, strict=True):
            after = save.work.order
            if ok and after is not None and (effect := after.open_effect):
                begun.append(OpenRow(replace(save.work, rev=save.work.rev + 1), after, effect))
        if begun:
            # Paused just now: the intents are stored, and the ERP is asked about them after `resume`.
            await let_write(x)
            await self._close(begun, await self._erp.apply([row.movement for row in begun]))

    async def _resume(self, rows: Sequence[OpenRow]) -> None:
        """Ask what became of open effects, and go on from there."""
        answers = await self._erp.ask([row.movement for row in rows])
        todo: dict[Act, list[OpenRow]] = {Act.APPLY: [], Act.FINISH: [], Act.VOID: []}
        rest: list[OpenRow] = []
        for row in rows:
            verdict = self._judge(row, answers.get(row.effect.key, SILENCE))
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
            group = todo[act]
            if group:
                await let_write(self._x)
                await self._close(group, await call([row.movement for row in group]))

    def _judge(self, row: OpenRow, outcome: Outcome) -> Verdict:
        return judge(
            row.effect,
            outcome.state,
            erp_id=outcome.erp_id,
            detail=outcome.reason,
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
        if verdict.act in (Act.BOOK, Act.SETTLE, Act.HOLD) and row.effect.mode is OrderMode.RESERVE:
            voided = verdict.act is Act.SETTLE and outcome.state is not KeyState.DONE
            order = book(order, row.effect.n, found_in(outcome), now, ours=voided)
            marks = tuple(Mark(sku, "erp") for sku in sorted({i.sku for i in row.effect.items}))
            return row_after(row.work, order, live=live, now=now, effect_due_at=now, marks=marks)
        if verdict.act in (Act.SETTLE, Act.HOLD):
            items = row.effect.items
            recipes = {i.line_id: r for i in items if (r := outcome.recipes.get(i.product_id, ()))}
            order = settle_effect(
                order,
                row.effect.n,
                now=now,
                erp_id=outcome.erp_id,
                units=allocate(row.effect, outcome.moved),
                recipes=recipes,
                note="oversold" if outcome.short else verdict.reason,
            )
            if verdict.act is Act.HOLD:
                order = replace(order, hold=verdict.reason)
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

    def _tell(self, row: OpenRow, outcome: Outcome) -> None:
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
