"""What a person does to work: retry it, or settle it."""

from __future__ import annotations

from dataclasses import replace

from orquestador.flows.context import ORDERS_LANE, Context, stock_lane
from orquestador.model.ledger import replace_effect, wants_effect
from orquestador.model.orders import EffectState, ManualMovement, Order
from orquestador.model.stock import Listing
from orquestador.model.work import Kind, State, Work
from orquestador.ports import Save

CAS_TRIES = 20


async def retry(context: Context, work_id: str) -> Work | None:
    """Look at it now with fresh attempts; a hold is lifted. None = there is no such row."""
    x = context
    for _ in range(CAS_TRIES):
        rows = await x.journal.get([work_id])
        if not rows:
            return None
        work, now = rows[0], x.clock.now()
        effect_due_at = None
        if work.order is not None:
            lines = tuple(replace(line, problem=None, stockless=False) for line in work.order.lines)
            order = replace(work.order, lines=lines, hold=None, discarded=None)
            for effect in order.reserved:
                order = replace_effect(order, replace(effect, look_at=now))
            work = replace(work, doc=order)
            effect_due_at = now if wants_effect(order) else order.look_at
        elif isinstance(work.doc, Listing):
            work = replace(work, doc=replace(work.doc, missing=False))
        elif isinstance(work.doc, ManualMovement):
            effect_due_at = now if work.state is not State.SETTLED else None
        row = replace(work, state=State.DUE, due_at=now, attempts=0, failing_since=None, reason=None)
        if all(await x.journal.save([Save(row, effect_due_at=effect_due_at)])):
            await x.journal.touch([work_id], "retry")
            await _wake(x, work)
            x.tell(row)
            return await x.reload(work)
    return None


async def discard(context: Context, work_id: str, note: str | None) -> Work | None:
    """Settled by a person: what was still missing counts as done by hand. None = there is no such row.

    A later signal that really changes something revives the row (design §5.6).
    """
    x = context
    for _ in range(CAS_TRIES):
        rows = await x.journal.get([work_id])
        if not rows:
            return None
        work = rows[0]
        reason = "settled_by_person" + (f":{note}" if note else "")
        doc = _settled_order(work.order, work.reason, x.clock.now()) if work.order else work.doc
        if isinstance(doc, Listing):
            doc = replace(doc, why=reason)
        row = replace(work, doc=doc, state=State.SETTLED, done=work.wanted, reason=reason, attempts=0)
        if all(await x.journal.save([Save(row)])):
            x.tell(row)
            return await x.reload(work)
    return None


def _settled_order(order: Order, problem: str | None, now: float) -> Order:
    effect = order.open_effect
    if effect is not None:
        note = "settled_by_person"
        order = replace_effect(order, replace(effect, state=EffectState.VOIDED, done_at=now, note=note))
    for effect in order.reserved:
        # Nobody asks for them any more: a person took care of what they hold.
        items = tuple(replace(item, held=0, waiting=0) for item in effect.items)
        closed = EffectState.APPLIED if any(item.done for item in items) else EffectState.VOIDED
        settled = replace(
            effect, items=items, state=closed, done_at=now, note="settled_by_person", look_at=None
        )
        order = replace_effect(order, settled)
    lines = tuple(
        replace(line, taken=line.should_be_out, held=0, waiting=0, problem=None) for line in order.lines
    )
    return replace(order, lines=lines, hold=None, discarded=problem)


async def _wake(context: Context, work: Work) -> None:
    match work.kind:
        case Kind.ORDER:
            await context.queue.wake(ORDERS_LANE, [work.id])
        case Kind.LISTING:
            await context.queue.wake(stock_lane(work.channel), [work.id])
        case Kind.MOVEMENT:
            pass
    await context.wake_erp([work])
