"""From observing to live: store the instant, keep what was sold before it as history (design §6.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from pydantic import TypeAdapter

from orquestador.flows.brakes import load_brakes
from orquestador.flows.context import ORDERS_LANE, Context, stock_lane
from orquestador.flows.pause import load_pause
from orquestador.model.fold import fold
from orquestador.model.golive import GoLive
from orquestador.model.orders import Order, SeenOrder
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import Channel, OrderHead, Save, WorkQuery

LOOK_BACK_S = 30 * 86_400.0
YOUNG_S = 3600.0
"""So long after go-live a process that starts looks for what others did before they heard of it."""
OBSERVING = "observing"
"""Why an order was not taken, or a number not sent, before its channel went live."""
PAGE = 500
READ_BATCH = 50


@dataclass(frozen=True, slots=True)
class OldOrder:
    """An open order older than go-live, for the question "already taken out in the ERP, or take out now?"."""

    channel: str
    order_id: str
    number: str | None
    created_at: float | None
    order: Order | None


def stored_name(channel: str) -> str:
    """Under which name the journal keeps a channel's go-live."""
    return f"golive:{channel}"


async def load_modes(context: Context) -> None:
    """Read which channels are live already, whether a person paused them, and what the brakes hold."""
    for channel in context.channels:
        if context.modes.of(channel) is not None:
            continue  # the instant of a go-live never changes
        stored = await context.journal.get_meta(stored_name(channel))
        if stored is not None:
            context.modes.set(channel, TypeAdapter(GoLive).validate_python(stored))
    await load_pause(context)
    await load_brakes(context)


async def follow_modes(context: Context) -> None:
    """Read the modes again. What was done about a channel by a process that had not yet heard of its go-live
    is done again: those orders were not taken, and those numbers not sent."""
    x = context
    await load_modes(x)
    for channel in x.channels:
        golive = x.modes.of(channel)
        if golive is None or channel in x.modes.followed:
            continue
        if x.clock.now() < golive.since + YOUNG_S:
            await _refold_observed(x, channel, golive)
            await _wake_listings(x, channel, only=OBSERVING)
        x.modes.followed.add(channel)


async def open_orders(context: Context, channel: Channel) -> tuple[list[OldOrder], list[OrderHead]]:
    """Orders that are open now, on the channel or in the journal; and everything the channel listed."""
    now, heads = context.clock.now(), []
    if channel.has_api:
        async for page in channel.orders_updated(now - LOOK_BACK_S):
            heads.extend(page)
    found = {
        h.order_id: OldOrder(channel.id, h.order_id, h.number, h.created_at, None) for h in heads if h.open
    }
    for work in await context.journal.open_orders_before(channel.id, now, PAGE):
        order = work.order
        if order is not None and not order.adopted_by:
            found[work.ref] = OldOrder(channel.id, work.ref, order.number, order.created_at, order)
    return list(found.values()), heads


async def described(channel: Channel, orders: Sequence[OldOrder]) -> list[OldOrder]:
    """The same orders with their lines, read from the channel where no fold has seen them yet."""
    unread = [o.order_id for o in orders if o.order is None or not o.order.lines]
    seen: dict[str, SeenOrder] = {}
    if channel.has_api:
        for start in range(0, len(unread), READ_BATCH):
            batch = await channel.read_orders(unread[start : start + READ_BATCH])
            seen |= {s.order_id: s for s in batch}
    return [
        replace(o, order=fold(Order(o.channel, o.order_id, o.created_at or 0.0), seen[o.order_id]))
        if o.order_id in seen
        else o
        for o in orders
    ]


async def listings_to_change(context: Context, channel: str) -> int:
    """Managed listings whose number, as last computed, is not what the channel is known to show."""
    count, after = 0, None
    while True:
        works, after = await context.journal.find(
            WorkQuery(kind=Kind.LISTING, channel=channel, limit=PAGE, after=after)
        )
        count += sum(work.differs for work in works)
        if after is None:
            return count


async def go_live(
    context: Context,
    channel: Channel,
    take_now: Sequence[str],
    *,
    list_orders: bool = True,
    approve_pushes: bool = True,
) -> GoLive:
    """Make a channel live from this instant on. Asking again changes nothing: the first instant stays.

    `take_now`: order ids that are older than go-live and still have to leave the ERP. `approve_pushes`: else
    the first push waits for a person (`flows.brakes`).
    """
    x, since = context, context.clock.now()
    heads = (await open_orders(x, channel))[1] if list_orders else []
    # Channels date orders in whole seconds: those of this very second that were listed already are old.
    known = tuple(h.order_id for h in heads if h.created_at is not None and h.created_at >= math.floor(since))
    wanted = GoLive(since=since, known=known, pushes_approved=approve_pushes)
    stored = await x.journal.set_meta_if_absent(stored_name(channel.id), asdict(wanted))
    golive = TypeAdapter(GoLive).validate_python(stored)
    # Before anything wakes a worker of this process; those of others hear of it by `follow_modes`.
    x.modes.set(channel.id, golive)
    for order_id in take_now:
        await take_over(x, channel.id, order_id)
    await _close_history(x, channel.id, golive)
    await _refold_observed(x, channel.id, golive)
    await _wake_listings(x, channel.id)
    x.modes.followed.add(channel.id)
    return golive


async def take_over(context: Context, channel: str, order_id: str) -> Work | None:
    """Take an order from before go-live out of the ERP from now on; None when the row was being changed:
    ask again."""
    x, now = context, context.clock.now()
    key = work_id(Kind.ORDER, channel, order_id)
    for _ in range(20):
        rows = await x.journal.get([key])
        work = (
            rows[0]
            if rows
            else Work(key, Kind.ORDER, channel, order_id, State.DUE, 1, 0, 0, now, created_at=now)
        )
        order = work.order or Order(channel=channel, order_id=order_id, first_seen_at=now)
        row = replace(work, doc=replace(order, take_anyway=True, history=False), state=State.DUE, due_at=now)
        if all(await x.journal.save([Save(replace(row, reason="adopted_by_person"))])):
            await x.journal.touch([key], "adopted")
            await x.queue.wake(ORDERS_LANE, [key])
            return await x.reload(row)
    return None


async def _close_history(context: Context, channel: str, golive: GoLive) -> None:
    """Orders observed so far that are older than go-live no longer count as units to take."""
    x = context
    while True:
        saves = []
        for work in await x.journal.open_orders_before(channel, golive.since, PAGE):
            order = work.order
            if order is not None and not order.history and golive.is_history(order):
                row = replace(
                    work, doc=replace(order, history=True), state=State.SETTLED, reason="before_go_live"
                )
                saves.append(Save(row))
        if not saves or not any(await x.journal.save(saves)):
            return


async def _refold_observed(context: Context, channel: str, golive: GoLive) -> None:
    """Orders that came in after go-live, and were folded as if nothing had to be taken."""
    x, after = context, None
    while True:
        query = WorkQuery(kind=Kind.ORDER, channel=channel, states=(State.SETTLED,), limit=PAGE, after=after)
        works, after = await x.journal.find(query)
        await refold(x, [w for w in works if w.reason == OBSERVING and w.updated_at >= golive.since])
        # The newest change comes first.
        if after is None or works[-1].updated_at < golive.since:
            return


async def refold(context: Context, works: Sequence[Work]) -> None:
    """Look again at orders that were folded as observed while their channel went live."""
    if works:
        await context.journal.touch([w.id for w in works], "go-live")
        await context.queue.wake(ORDERS_LANE, [w.id for w in works])


async def _wake_listings(context: Context, channel: str, only: str | None = None) -> None:
    """All of a channel, or those whose number is kept back for this reason."""
    after: str | None = None
    while True:
        works, after = await context.journal.find(
            WorkQuery(kind=Kind.LISTING, channel=channel, limit=PAGE, after=after)
        )
        woken = [w.id for w in works if only is None or w.listing.why == only]
        await context.journal.touch(woken, "go-live")
        if after is None:
            break
    await context.queue.wake(stock_lane(channel), ["go-live"])
