"""Reserved orders: what people did with our open documents, and what the channel no longer asks for
(ADR 0017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orquestador.flows.context import Context
from orquestador.flows.lane_rows import (
    ON_ITS_WAY,
    PROVEN,
    OpenRow,
    answer_of,
    found_in,
    row_after,
    units_by_sku,
    unless_signalled,
)
from orquestador.flows.pause import let_write
from orquestador.flows.sales import SaleDesk
from orquestador.model.effects import ASK_PERSON_EVERY_S, KeyState
from orquestador.model.ledger import replace_effect
from orquestador.model.logs import LogStatus
from orquestador.model.orders import Order
from orquestador.model.reservations import LOOK_MIN_S, book, lowered, targets
from orquestador.model.work import State, Work
from orquestador.ports import Erp, Mark, Outcome, Save


class Attendant:
    """The part of the ERP lane that asks about reserved documents until none is open."""

    def __init__(self, context: Context, erp: Erp, sales: SaleDesk) -> None:
        self._x, self._erp, self._sales = context, erp, sales

    async def attend(self, works: Sequence[Work]) -> None:
        """Look what people did with the documents that promise units to these orders, and give up what the
        channel no longer asks for (ADR 0017)."""
        x = self._x
        marked = []
        for work in works:
            assert work.order is not None
            order = lowered(work.order) if x.modes.of(work.channel) is not None else work.order
            if order is not work.order:
                # Written down first: what is missing after this was our doing, nobody else's.
                saved = Save(replace(work, doc=order), effect_due_at=ON_ITS_WAY)
                if not all(await x.journal.save([saved])):
                    continue
                work = replace(work, doc=order, rev=work.rev + 1)
            marked.append(work)
        asked = [(w, e) for w in marked if w.order for e in w.order.reserved if not e.lowering]
        given_up = [(w, e) for w in marked if w.order for e in w.order.reserved if e.lowering]
        answers: dict[str, Outcome] = {}
        if asked:
            answers |= await self._erp.ask([OpenRow(w, w.order, e).movement for w, e in asked if w.order])
        if given_up:
            kept = await self._sales.kept([OpenRow(w, w.order, e) for w, e in given_up if w.order])
            await let_write(x)
            answers |= await self._erp.lower(
                kept,
                {e.key: targets(e) for _, e in given_up},
            )
        booked = [(w, self._booked(w, w.order, answers)) for w in marked if w.order]
        await x.stock_changed(mark.sku for _, save in booked for mark in save.marks)
        stored = await x.save([save for _, save in booked])
        for (work, save), ok in zip(booked, stored, strict=True):
            if not ok:
                await self._book_again(work, answers)
            elif save.marks and work.order:
                self._tell_promises(work.order, answers)

    async def _book_again(self, work: Work, answers: dict[str, Outcome]) -> None:
        """A fold changed the row meanwhile: what was found about its promises still has to reach the
        ledger."""
        while (row := await self._x.reload(work)) is not None and row.order is not None:
            if all(await self._x.save([self._booked(row, row.order, answers)])):
                self._tell_promises(row.order, answers)
                return

    def _booked(self, work: Work, before: Order, answers: dict[str, Outcome]) -> Save:
        """Its marks are empty when nothing is new."""
        x, now, order, reason = self._x, self._x.clock.now(), before, None
        skus: set[str] = set()
        for effect in before.reserved:
            outcome = answers.get(effect.key)
            if outcome is None:
                continue
            skus |= {item.sku for item in effect.items}
            if outcome.state in PROVEN:
                order = book(order, effect.n, found_in(outcome), now)
            else:
                # Nothing is known, or a person has to say: the ledger stays, and it is asked again.
                doubtful = outcome.state is KeyState.DOUBTFUL
                again = now + (LOOK_MIN_S if doubtful else ASK_PERSON_EVERY_S)
                order = replace_effect(order, replace(effect, look_at=again))
                if not doubtful:
                    reason = _for_person(outcome)
        live = x.modes.of(work.channel) is not None
        if reason is not None:
            dead = replace(work, doc=order, state=State.DEAD, reason=reason, due_at=now)
            return Save(unless_signalled(dead), effect_due_at=order.look_at)
        if _ledger(order) == _ledger(before):
            skus = set()
        marks = tuple(Mark(sku, "erp") for sku in sorted(skus))
        waiting = any(e.lowering for e in order.reserved)
        at = order.look_at if waiting and order.look_at is not None else now
        return row_after(work, order, live=live, now=now, effect_due_at=at, marks=marks)

    def _tell_promises(self, order: Order, answers: dict[str, Outcome]) -> None:
        for effect in order.reserved:
            if (outcome := answers.get(effect.key)) is not None:
                self._x.log(
                    "order.reservation",
                    LogStatus.SUCCESS if outcome.state in PROVEN else LogStatus.PENDING,
                    request={"key": effect.key, "units": units_by_sku(effect)},
                    response=answer_of(outcome),
                    order_ids=[order.order_id],
                    skus=sorted({item.sku for item in effect.items}),
                    trace_id=order.trace_id,
                )


def _for_person(outcome: Outcome) -> str:
    kind = {KeyState.FOREIGN: "foreign_document", KeyState.REFUSED: "refused_by_erp"}
    return f"{kind.get(outcome.state, 'unfinished_in_erp')}:{outcome.reason or ''}"


def _ledger(order: Order) -> object:
    """What of an order is news when people did something with its documents."""
    return order.hold, [(e.n, e.state, e.note, e.items) for e in order.effects]
