"""Manual stock movements: asked for through the API, done once under `<prefix>manual/<key>/1` by the ERP
lane."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orquestador.flows.context import ERP_LANE, Context
from orquestador.flows.pause import let_write
from orquestador.model.effects import Act, KeyState, Verdict, judge
from orquestador.model.errors import PlaceRefused
from orquestador.model.ledger import allocate, effect_key, totals
from orquestador.model.logs import LogStatus
from orquestador.model.orders import Direction, Effect, EffectItem, EffectState, ManualMovement
from orquestador.model.places import Scope
from orquestador.model.stock import Availability
from orquestador.model.work import MANUAL_CHANNEL, Kind, State, Work, work_id
from orquestador.ports import Erp, Mark, Movement, Outcome, ProductProblem, Save


@dataclass(frozen=True, slots=True)
class Asked:
    """The stored movement, and whether the same request had been stored before."""

    work: Work
    duplicate: bool


class MovementDesk:
    """Stores movements and waits for the lane."""

    def __init__(self, context: Context) -> None:
        self._x = context

    async def ask(self, movement: ManualMovement) -> Asked:
        """Store it (or find the one with the same key) and wait a few seconds for its end."""
        x, key_id = self._x, work_id(Kind.MOVEMENT, MANUAL_CHANNEL, movement.key)
        now = x.clock.now()
        row = Work(
            id=key_id,
            kind=Kind.MOVEMENT,
            channel=MANUAL_CHANNEL,
            ref=movement.key,
            state=State.WAITING,
            wanted=1,
            done=1,
            rev=0,
            due_at=now + 300.0,
            created_at=now,
            doc=movement,
        )
        created = (await x.journal.save([Save(row, effect_due_at=now)]))[0]
        await x.queue.wake(ERP_LANE, [key_id])
        if created:
            x.tell(row)
        deadline = now + x.settings.manual_wait_s
        while True:
            work = await x.reload(row)
            assert work is not None
            if work.state is not State.WAITING or x.clock.now() >= deadline:
                return Asked(work, duplicate=not created)
            if not created and work.movement.request_hash != movement.request_hash:
                return Asked(work, duplicate=True)
            await x.queue.wait(_ended_lane(key_id), 1, min(0.5, deadline - x.clock.now()))


class MovementLane:
    """The lane's part: one movement at a time, they are few."""

    def __init__(self, context: Context, erp: Erp) -> None:
        self._x, self._erp = context, erp

    async def advance(self, work: Work) -> None:
        """Bring a movement one step further; raises Unavailable when the ERP is away, Held while paused."""
        movement = work.movement
        if movement.effect is None:
            await self._begin(work, movement)
            return
        outcome = (await self._erp.ask([_movement(movement.effect)]))[movement.effect.key]
        verdict = self._judge(movement.effect, outcome)
        if verdict.act is Act.APPLY:
            outcome = await self._apply(movement, movement.effect)
        elif verdict.act is Act.FINISH:
            await let_write(self._x)
            outcome = (await self._erp.finish([_movement(verdict.effect)]))[movement.effect.key]
        await self._close(work, movement, outcome)

    async def _begin(self, work: Work, movement: ManualMovement) -> None:
        x, now = self._x, self._x.clock.now()
        try:
            place = await self._erp.place(_house(x, movement).warehouse)
        except PlaceRefused:
            if movement.warehouse is None:
                raise
            await self._store(work, replace(movement, failure="warehouse_refused"), State.SETTLED, None)
            return
        found = await self._erp.products([movement.sku], place)
        product = found.get(movement.sku, ProductProblem.UNKNOWN)
        if isinstance(product, ProductProblem):
            await self._store(work, replace(movement, failure=product.value), State.SETTLED, None)
            return
        item = EffectItem(
            movement.sku, movement.sku, movement.quantity, product, ((product, float(movement.quantity)),)
        )
        effect = Effect(
            n=1,
            key=effect_key(x.settings.prefix, MANUAL_CHANNEL, movement.key, 1),
            direction=movement.direction,
            items=(item,),
            made_at=now,
            place=place,
        )
        stored = await self._store(work, replace(movement, effect=effect), State.WAITING, now)
        if stored is not None:
            await self._close(stored, stored.movement, await self._apply(movement, effect))

    async def _apply(self, movement: ManualMovement, effect: Effect) -> Outcome:
        await let_write(self._x)
        force = movement.direction is Direction.IN or movement.allow_negative
        return (await self._erp.apply([_movement(effect)], force=force))[effect.key]

    async def _close(self, work: Work, movement: ManualMovement, outcome: Outcome) -> None:
        x, now = self._x, self._x.clock.now()
        assert movement.effect is not None
        await x.stock_changed([movement.sku])
        verdict = self._judge(movement.effect, outcome)
        if verdict.act is Act.WAIT:
            await self._store(work, replace(movement, effect=verdict.effect), State.WAITING, verdict.due_at)
            return
        units = allocate(verdict.effect, outcome.moved)[movement.sku] if verdict.act is Act.SETTLE else 0
        closed = replace(
            verdict.effect,
            state=EffectState.APPLIED if units else EffectState.VOIDED,
            done_at=now,
            note=verdict.reason,
        )
        after = replace(movement, effect=closed)
        if units:
            known = (await self._erp.availability([movement.sku], _house(x, movement))).get(movement.sku)
            if isinstance(known, Availability):
                sign = 1 if movement.direction is Direction.OUT else -1
                after = replace(after, new_stock=known.on_hand, previous_stock=known.on_hand + sign * units)
        elif outcome.state is KeyState.REFUSED and outcome.short:
            after = replace(after, failure="below_zero")
        else:
            after = replace(after, failure=verdict.reason or outcome.state.value)
        await self._store(work, after, State.SETTLED, None)
        x.log(
            f"stock.{'reduce' if movement.direction is Direction.OUT else 'increase'}",
            LogStatus.SUCCESS if units else LogStatus.ERROR,
            request={"key": closed.key, "sku": movement.sku, "quantity": movement.quantity},
            response={"newStock": after.new_stock, "failure": after.failure},
            skus=[movement.sku],
        )

    def _judge(self, effect: Effect, outcome: Outcome) -> Verdict:
        return judge(
            effect,
            outcome.state,
            erp_id=outcome.erp_id,
            detail=outcome.reason,
            needed=True,
            now=self._x.clock.now(),
        )

    async def _store(
        self, work: Work, movement: ManualMovement, state: State, effect_due_at: float | None
    ) -> Work | None:
        marks = (Mark(movement.sku, "manual"),) if state is State.SETTLED else ()
        row = replace(work, doc=movement, state=state, reason=movement.failure)
        ok = (await self._x.save([Save(row, marks=marks, effect_due_at=effect_due_at)]))[0]
        if ok and state is State.SETTLED:
            await self._x.queue.wake(_ended_lane(work.id), [work.id])
        return replace(row, rev=row.rev + 1) if ok else None


def _ended_lane(work_id: str) -> str:
    return f"moved:{work_id}"


def _movement(effect: Effect) -> Movement:
    return Movement(
        key=effect.key,
        direction=effect.direction,
        items=totals(effect),
        erp_id=effect.erp_id,
        place=effect.place,
    )


def _house(context: Context, movement: ManualMovement) -> Scope:
    """Where it is made, and where its stock is counted."""
    return Scope(movement.warehouse or context.settings.warehouse)
