"""Where an order stands after a fold or an effect: its state, the reason, and when somebody looks again."""

from __future__ import annotations

from dataclasses import dataclass

from orquestador.model.effects import ASK_PERSON_EVERY_S
from orquestador.model.fold import ANNOUNCED_MAX_S
from orquestador.model.ledger import may_have_effects, wants_effect
from orquestador.model.orders import UNKNOWN_OWNER_HOLD_S, Order, Owner
from orquestador.model.work import State

LOOK_AGAIN_S = 300.0
FOR_THE_ERP = "erp"
"""Why an order waits while the ERP lane has something to do for it."""


@dataclass(frozen=True, slots=True)
class Outlook:
    state: State
    reason: str | None
    due_at: float
    """When the fold looks again without a signal."""
    effect_due_at: float | None
    """When the ERP lane looks."""


def outlook(order: Order, *, live: bool, now: float, tried: bool) -> Outlook:
    """`tried`: the ERP lane has just mapped the lines, so what is still missing needs a person."""
    later, look_at = now + LOOK_AGAIN_S, order.look_at
    if order.adopted_by:
        return Outlook(State.SETTLED, f"adopted_by:{order.adopted_by}", now, None)
    if order.history and not order.open_effect:
        return Outlook(State.SETTLED, "before_go_live", now, None)
    if not live and not order.open_effect:
        return Outlook(State.SETTLED, "observing", now, look_at)
    if order.open_effect:
        return Outlook(State.WAITING, FOR_THE_ERP, later, now)
    if wants_effect(order) and not tried:
        return Outlook(State.WAITING, FOR_THE_ERP, later, now)
    if order.problem and order.problem != order.discarded:
        # Asked again every few minutes: a SKU that a person creates in the ERP heals the order by itself.
        again = now + ASK_PERSON_EVERY_S if may_have_effects(order) and wants_effect(order) else None
        return Outlook(
            State.DEAD, order.problem, now, look_at if again is None else min(again, look_at or again)
        )
    if order.awaits_until and now < order.awaits_until:
        # Sooner at first: a marketplace is usually seconds behind its own webhooks.
        age = now - (order.awaits_until - ANNOUNCED_MAX_S)
        return Outlook(State.WAITING, "announced_not_visible", now + min(60.0, max(2.0, age)), look_at)
    if any(line.owner is Owner.UNKNOWN for line in order.lines):
        since = order.first_seen_at
        if now < since + UNKNOWN_OWNER_HOLD_S:
            return Outlook(
                State.WAITING, "unknown_stock_owner", min(later, since + UNKNOWN_OWNER_HOLD_S), look_at
            )
        if order.discarded != "unknown_stock_owner":
            return Outlook(State.DEAD, "unknown_stock_owner", now, look_at)
    return Outlook(State.SETTLED, None, now, look_at)
