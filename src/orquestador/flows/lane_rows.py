"""What the ERP lane keeps about a row while it works on it, and the row that it writes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orquestador.flows.outlook import FOR_THE_ERP, outlook
from orquestador.model.effects import KeyState
from orquestador.model.ledger import plan_effect, still_needed, totals
from orquestador.model.orders import Effect, Order, OrderMode
from orquestador.model.reservations import Found, must_lower
from orquestador.model.work import State, Work
from orquestador.ports import Mark, Movement, Outcome, Save

ON_ITS_WAY = 0.0
"""When an intent that is being sent is due: before all that waits, so that after a kill it is asked first."""
PROVEN = (KeyState.DONE, KeyState.CANCELLED, KeyState.RESERVED, KeyState.ABSENT)
"""Answers that say what a key contains."""
SILENCE = Outcome(KeyState.DOUBTFUL, reason="no_answer")


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A row with its open effect, as stored."""

    work: Work
    order: Order
    effect: Effect

    @property
    def needed(self) -> bool:
        return still_needed(self.order, self.effect)

    @property
    def movement(self) -> Movement:
        e = self.effect
        return Movement(
            key=e.key,
            direction=e.direction,
            items=totals(e),
            erp_id=e.erp_id,
            mode=e.mode,
            place=e.place,
        )


def row_after(
    work: Work,
    order: Order,
    *,
    live: bool,
    now: float,
    effect_due_at: float,
    marks: tuple[Mark, ...] = (),
    mode: OrderMode = OrderMode.DELIVER,
) -> Save:
    """The row after the lane looked: while an effect is open or missing, `effect_due_at` says when it looks
    again. `mode` is that of the next take; asked for after planning only, elsewhere it plans once more."""
    look = outlook(
        order, live=live, now=now, tried=order.open_effect is not None or not _plannable(order, mode)
    )
    row = replace(work, doc=order, state=look.state, reason=look.reason, due_at=look.due_at)
    due = look.effect_due_at
    if due is not None and look.reason == FOR_THE_ERP:
        due = effect_due_at
    return Save(unless_signalled(row), marks=marks, effect_due_at=due)


def _plannable(order: Order, mode: OrderMode) -> bool:
    """True when another effect can be made right away, so the lane goes on with this order."""
    return (
        plan_effect(order, prefix="", now=0.0, mode=mode) is not order
        or must_lower(order)
        or any(
            line.problem is None and line.product_id is None and line.should_be_out > line.taken
            for line in order.lines
        )
    )


def unless_signalled(row: Work) -> Work:
    """The lane must not postpone a signal that no fold has closed yet."""
    return replace(row, state=State.DUE) if row.wanted > row.done else row


def found_in(outcome: Outcome) -> Found:
    return Found(
        moved=outcome.moved,
        held=outcome.held,
        waiting=outcome.waiting,
        recipes=outcome.recipes,
        erp_id=outcome.erp_id,
        missing="deleted_in_erp" if outcome.state is KeyState.ABSENT else "cancelled_in_erp",
    )


def answer_of(outcome: Outcome) -> dict[str, object]:
    return {
        "state": outcome.state.value,
        "erpId": outcome.erp_id,
        "oversold": bool(outcome.short),
        "reason": outcome.reason,
    }


def weights_of(outcome: Outcome) -> dict[int, float]:
    """Per product of a give-back, how much of it came for each that was asked for."""
    return {p: dict(recipe)[p] for p, recipe in outcome.recipes.items() if p in dict(recipe)}


def units_by_sku(effect: Effect) -> dict[str, int]:
    units: dict[str, int] = {}
    for item in effect.items:
        units[item.sku] = units.get(item.sku, 0) + item.units
    return units
