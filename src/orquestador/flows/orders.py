"""Flow 1, first half: a signal about an order becomes what the order is now (read, fold, save).

The ERP lane (erp_lane.py) then does what is missing in the ERP.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orquestador.flows.context import ORDERS_LANE, Context
from orquestador.flows.golive import refold
from orquestador.flows.hands import in_hand
from orquestador.flows.outlook import outlook
from orquestador.flows.rules import erp_skus
from orquestador.model.adoption import adopt
from orquestador.model.errors import AuthRefused, StoreUnavailable, Unavailable, UpstreamError
from orquestador.model.fold import affected_skus, awaited_until, fold
from orquestador.model.ledger import wants_effect
from orquestador.model.logs import LogStatus
from orquestador.model.notices import NoticeKind
from orquestador.model.orders import Order, SeenOrder
from orquestador.model.rules import mapped
from orquestador.model.work import ATTEMPTS_MAX, Kind, State, Work, backoff_s, work_id
from orquestador.ops.serving import serving
from orquestador.ports import Channel, Mark, Receipt, Save

READ_BATCH = 50
NOT_VISIBLE_MAX_S = 900.0
API_AWAY_S = 2.0
NO_API_S = 60.0


class OrderWorker:
    """Folds due orders in batches; every process may run one."""

    def __init__(self, context: Context) -> None:
        self._x = context
        self._owner = context.owner

    async def run_once(self) -> int:
        """Claim and fold one batch; returns how many rows were claimed."""
        async with in_hand(self._x, ORDERS_LANE) as self._owner:
            return await self._run()

    async def _run(self) -> int:
        x = self._x
        works = await x.journal.claim(Kind.ORDER, self._owner, x.settings.fold_batch, x.settings.lease_s)
        by_channel: dict[str, list[Work]] = {}
        for work in works:
            by_channel.setdefault(work.channel, []).append(work)
        for channel_id, group in by_channel.items():
            channel = x.channels.get(channel_id)
            if channel is None:
                await self._wait(group, "channel_not_configured", x.clock.now() + NO_API_S)
            else:
                await self._fold_group(channel, group)
        return len(works)

    async def _fold_group(self, channel: Channel, works: Sequence[Work]) -> None:
        x = self._x
        receipts = {work.id: await x.journal.receipts_for(work.id) for work in works}
        from_api = [work for work in works if self._is_from_api(work, receipts[work.id])]
        api_ids = {work.id for work in from_api}
        bodies = [work for work in works if work.id not in api_ids]
        await self._fold_all(
            channel, [(work, channel.simple_orders(receipts[work.id]), receipts[work.id]) for work in bodies]
        )
        for start in range(0, len(from_api), READ_BATCH):
            batch = from_api[start : start + READ_BATCH]
            if not channel.has_api:
                await self._wait(batch, "channel_api_not_configured", x.clock.now() + NO_API_S)
                continue
            links = [r.trace_id for work in batch for r in receipts[work.id][-1:]]
            try:
                seen, refused = await self._read(channel, batch, links)
            except (Unavailable, AuthRefused) as error:
                # The upstream as a whole: nobody's attempt, looked at again when it is back.
                x.count("orders_upstream_away")
                await self._wait(batch, f"channel_away:{error.detail}", x.clock.now() + API_AWAY_S)
                continue
            for work in batch:
                if work.id in refused:
                    await self._failed([work], refused[work.id])
            await self._fold_all(
                channel,
                [
                    (work, [seen[work.ref]] if work.ref in seen else [], receipts[work.id])
                    for work in batch
                    if work.id not in refused
                ],
            )

    async def _read(
        self, channel: Channel, works: Sequence[Work], links: Sequence[str]
    ) -> tuple[dict[str, SeenOrder], dict[str, str]]:
        """The orders by id, and why the channel refuses one, by work id. A list that is refused is asked for
        in halves: one order must not cost the others an attempt (P5)."""
        ids = [work.ref for work in works]
        try:
            with serving(order_ids=ids, links=links):
                return {o.order_id: o for o in await channel.read_orders(ids)}, {}
        except (Unavailable, AuthRefused):
            raise
        except UpstreamError as error:
            if len(works) == 1:
                return {}, {works[0].id: error.detail}
        seen: dict[str, SeenOrder] = {}
        refused: dict[str, str] = {}
        for half in (works[: len(works) // 2], works[len(works) // 2 :]):
            found, bad = await self._read(channel, half, links)
            seen |= found
            refused |= bad
        return seen, refused

    def _is_from_api(self, work: Work, receipts: Sequence[Receipt]) -> bool:
        source = self._x.settings.order_sources.get(work.channel, "auto")
        if source != "auto":
            return source == "api"
        order = work.order
        if order is not None and order.lines and not order.body_backed:
            return True
        if any(r.notice.kind is NoticeKind.ORDER and not r.notice.body_backed for r in receipts):
            return True
        is_body = any(r.notice.body_backed for r in receipts) or (order is not None and order.body_backed)
        return not is_body

    async def _fold_all(
        self, channel: Channel, seen: Sequence[tuple[Work, list[SeenOrder], list[Receipt]]]
    ) -> None:
        saves, observing = [], self._x.modes.of(channel.id) is None
        skus = await erp_skus(self._x, channel.id, _seller_skus(seen))
        for work, reads, receipts in seen:
            try:
                saves.append(await self._fold_one(channel, work, reads, receipts, skus))
            except StoreUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - an edge: one order that we cannot handle blocks no other (P5)
                self._x.count("fold_internal_errors")
                reason = f"internal_error:{type(error).__name__}"
                row = replace(work, state=State.DEAD, done=work.wanted, reason=reason)
                saves.append(Save(row, effect_due_at=self._lane_due(work)))
        await self._save(saves)
        if observing and self._x.modes.of(channel.id) is not None:
            await refold(self._x, [save.work for save in saves])

    async def _fold_one(
        self,
        channel: Channel,
        work: Work,
        reads: Sequence[SeenOrder],
        receipts: Sequence[Receipt],
        skus: Mapping[str, str],
    ) -> Save:
        x, now = self._x, self._x.clock.now()
        unreadable = next((r.notice for r in receipts if r.notice.kind is NoticeKind.UNREADABLE), None)
        if unreadable is not None:
            return Save(replace(work, state=State.DEAD, done=work.wanted, reason=unreadable.reason))
        before = work.order
        first_seen = receipts[0].received_at if receipts else work.created_at or now
        order = before or Order(channel=channel.id, order_id=work.ref, first_seen_at=first_seen)
        if receipts:
            order = replace(order, trace_id=receipts[-1].trace_id)
        if order.adopted_by:
            if reads or receipts:
                await self._pass_on(order)
            return self._settled(work, order, now)
        # A cancellation without lines means those that any of the reads names.
        listed = order.lines or any(o.lines for o in reads)
        visible = [o for o in reads if o.lines or (o.cancels_all and listed)]
        if not visible and not order.lines:
            if any(o.cancels_all for o in reads):
                return self._settled(work, order, now)  # first seen as cancelled: nothing to do
            return self._not_visible(work, order, now)
        folded = _fold_reads(order, visible)
        if folded is None:
            return self._again(work, order, now + 1.0)
        order = folded
        order = replace(order, awaits_until=awaited_until(order, channel.announcements(receipts), now))
        golive = x.modes.of(channel.id)
        if golive is not None:
            order = replace(order, history=golive.is_history(order))
        if (
            before is None
            or not before.lines
            or order.number != before.number
            or order.body_backed != before.body_backed
        ):
            named = await self._own_names(work, order)
            if named is None:
                return self._again(work, replace(order, lines=()), now + 1.0)
            order = named
        order = mapped(order, skus)
        return self._folded(work, before, order, now, live=golive is not None)

    def _folded(self, work: Work, before: Order | None, order: Order, now: float, *, live: bool) -> Save:
        look = outlook(order, live=live, now=now, tried=False)
        if look.state is State.DEAD:
            self._x.log(
                "order.dead",
                LogStatus.ERROR,
                response={"reason": look.reason},
                order_ids=[order.order_id],
                trace_id=order.trace_id,
            )
        row = replace(
            work,
            doc=order,
            done=work.wanted,
            state=look.state,
            reason=look.reason,
            due_at=look.due_at,
            attempts=0,
            failing_since=None,
        )
        marks = tuple(Mark(sku, "order", order.channel) for sku in sorted(affected_skus(before, order)))
        return Save(row, marks=marks, effect_due_at=look.effect_due_at)

    async def _own_names(self, work: Work, order: Order) -> Order | None:
        """Make sure that only one row takes stock for this order, whichever of its names it came under.

        Returns the order to go on with (possibly with an adopted ledger, or moved on to its API twin), or
        None: wait.
        """
        journal = self._x.journal
        names = [order.order_id] + ([order.number] if order.number else [])
        owners = await journal.claim_names(order.channel, names, work.id)
        for other_id in {o for o in owners.values() if o != work.id}:
            rows = await journal.get([other_id])
            twin = rows[0].order if rows else None
            if twin is None:
                return None
            if order.body_backed and not twin.body_backed:
                moved = replace(order, adopted_by=twin.order_id)
                await self._pass_on(moved)
                return moved
            if not order.body_backed and twin.body_backed:
                if twin.open_effect:
                    return None
                if twin.adopted_by != order.order_id:
                    given = replace(twin, adopted_by=order.order_id)
                    row = replace(
                        rows[0], doc=given, state=State.SETTLED, reason=f"adopted_by:{order.order_id}"
                    )
                    if not all(await journal.save([Save(row)])):
                        return None
                    twin = given
                order = adopt(order, twin)
                await journal.reassign_names(order.channel, other_id, work.id)
        return order

    async def _pass_on(self, order: Order) -> None:
        twin = work_id(Kind.ORDER, order.channel, order.adopted_by or "")
        await self._x.journal.touch([twin], "body of an adopted order")

    def _settled(self, work: Work, order: Order, now: float) -> Save:
        row = replace(
            work, doc=order, done=work.wanted, state=State.SETTLED, reason=None, due_at=now, attempts=0
        )
        return Save(replace(row, reason=f"adopted_by:{order.adopted_by}" if order.adopted_by else None))

    def _again(self, work: Work, order: Order, at: float) -> Save:
        """The order and its twin are being made one: look again. What was folded is not stored, and nothing
        is closed."""
        return Save(
            replace(work, doc=work.doc or order, state=State.WAITING, due_at=at, reason="adopting"),
            effect_due_at=self._lane_due(work),
        )

    def _not_visible(self, work: Work, order: Order, now: float) -> Save:
        since = work.failing_since or now
        if now >= since + NOT_VISIBLE_MAX_S:
            row = replace(
                work, doc=order, done=work.wanted, state=State.DEAD, reason="order_not_visible", due_at=now
            )
            return Save(row)
        attempts = work.attempts + 1
        at = now + min(60.0, backoff_s(attempts, self._x.rng.random()))
        row = replace(work, doc=order, state=State.WAITING, due_at=at, attempts=attempts, failing_since=since)
        return Save(replace(row, reason="order_not_visible"))

    async def _wait(self, works: Sequence[Work], reason: str, at: float) -> None:
        # A row that already says so is only given back: an outage must not rewrite every waiting row every
        # time.
        told = [w for w in works if w.reason == reason and w.state is State.WAITING]
        await self._x.journal.release(self._owner, [w.id for w in told], at)
        saves = [
            Save(
                replace(w, state=State.WAITING, due_at=at, reason=reason),
                effect_due_at=self._lane_due(w),
            )
            for w in works
            if w not in told
        ]
        await self._save(saves, at)

    async def _failed(self, works: Sequence[Work], detail: str) -> None:
        """An answer about these orders themselves: it costs an attempt."""
        saves = []
        for work in works:
            attempts, now = work.attempts + 1, self._x.clock.now()
            dead = attempts >= ATTEMPTS_MAX
            row = replace(
                work,
                attempts=attempts,
                state=State.DEAD if dead else State.WAITING,
                done=work.wanted if dead else work.done,
                due_at=now + backoff_s(attempts, self._x.rng.random()),
                reason=f"channel_refused:{detail}",
            )
            saves.append(Save(row, effect_due_at=self._lane_due(work)))
        await self._save(saves)

    async def _save(self, saves: Sequence[Save], again_at: float | None = None) -> None:
        """A row that the ERP lane changed meanwhile is simply looked at again."""
        stored = await self._x.save(saves)
        lost = [s.work.id for s, ok in zip(saves, stored, strict=True) if not ok]
        if lost:
            await self._x.journal.release(self._owner, lost, again_at)

    def _lane_due(self, work: Work) -> float | None:
        """A save that is not a fold leaves the ERP lane its part."""
        if work.order is None:
            return None
        return self._x.clock.now() if wants_effect(work.order) else work.order.look_at


def _seller_skus(seen: Iterable[tuple[Work, list[SeenOrder], list[Receipt]]]) -> list[str]:
    """Of every line that is known or read."""
    skus: set[str] = set()
    for work, reads, _ in seen:
        skus |= {line.seller_sku for line in (work.order.lines if work.order else ())}
        skus |= {line.sku for order in reads for line in order.lines}
    return sorted(skus)


def _fold_reads(order: Order, reads: Sequence[SeenOrder]) -> Order | None:
    """The order after these reads; None while a body-backed order with an open effect cannot become its API
    twin."""
    for seen in reads:
        if order.lines and order.body_backed and not seen.body_backed:
            if order.open_effect:
                return None
            order = adopt(fold(replace(order, lines=(), body_backed=False, adopted=()), seen), order)
        else:
            order = fold(order, seen)
    return order
