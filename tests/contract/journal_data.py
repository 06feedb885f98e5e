"""What the journal contract stores: receipts, orders and listings, as the flows make them."""

from __future__ import annotations

from dataclasses import replace

from orquestador.model.fold import fold
from orquestador.model.notices import Notice, NoticeKind
from orquestador.model.orders import Direction, Effect, LineState, Order, Owner, SeenLine, SeenOrder
from orquestador.model.stock import Job, JobRecord, Listing
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import Clock, Journal, NewReceipt, Save

CHANNEL = "falabella"


def receipt(
    id: str,
    *refs: str,
    kind: NoticeKind = NoticeKind.ORDER,
    dedupe: str | None = None,
    channel: str = CHANNEL,
    source: str = "falabella.order",
    body: bytes = b"{}",
    at: float = 1_750_000_000.0,
    event: str = "onOrderCreated",
    reason: str | None = None,
) -> NewReceipt:
    notice = Notice(kind, refs, event=event, dedupe=id if dedupe is None else dedupe, reason=reason)
    return NewReceipt(id, channel, source, body, at, notice, trace_id=f"trace-{id}", duration_ms=1.5)


def order_id(ref: str, channel: str = CHANNEL) -> str:
    return work_id(Kind.ORDER, channel, ref)


def listing_id(ref: str, channel: str = CHANNEL) -> str:
    return work_id(Kind.LISTING, channel, ref)


def seen(
    ref: str,
    *lines: tuple[str, int],
    at: float,
    state: LineState = LineState.COMMITTED,
    owner: Owner = Owner.SELLER,
    reserved: bool = False,
    channel: str = CHANNEL,
    number: str | None = None,
) -> Order:
    """An order first seen and read at `at`, with (SKU, quantity) lines in one state."""
    shown = tuple(
        SeenLine(f"{ref}-{n}", sku, quantity, state, state.value, owner, reserved)
        for n, (sku, quantity) in enumerate(lines)
    )
    empty = Order(channel, ref, first_seen_at=at)
    return fold(empty, SeenOrder(channel, ref, at, shown, number=number, created_at=at))


def with_effect(order: Order, *, open: bool = True) -> Order:
    effect = Effect(1, f"ORQ/{order.channel}/{order.order_id}/1", Direction.OUT, (), order.first_seen_at)
    return replace(order, effects=(effect,)) if open else order


def order_row(order: Order, state: State = State.SETTLED, wanted: int = 1, done: int = 1) -> Work:
    """A row that does not exist yet."""
    return Work(
        id=order_id(order.order_id, order.channel),
        kind=Kind.ORDER,
        channel=order.channel,
        ref=order.order_id,
        state=state,
        wanted=wanted,
        done=done,
        rev=0,
        due_at=order.first_seen_at,
        doc=order,
    )


def listing_row(sku: str, *, channel: str = CHANNEL, managed: bool = True) -> Work:
    """A row that does not exist yet; ref and SKU are the same."""
    return Work(
        id=listing_id(sku, channel),
        kind=Kind.LISTING,
        channel=channel,
        ref=sku,
        state=State.DUE,
        wanted=1,
        done=0,
        rev=0,
        due_at=0.0,
        doc=Listing(channel, sku, sku, managed=managed),
    )


def job_of(id: str, *works: Work, at: float) -> Job:
    records = tuple(
        JobRecord(w.id, w.ref, w.listing.sku, 5, 5, version=w.wanted, own_seq=w.own_seq) for w in works
    )
    return Job(id, CHANNEL, records, computed_at=at, sent_at=at)


async def the_row(journal: Journal, id: str) -> Work:
    (work,) = await journal.get([id])
    return work


async def settle(journal: Journal, clock: Clock, *ids: str) -> None:
    """Close rows at the version they have."""
    works = await journal.get(ids)
    saves = [
        Save(replace(w, state=State.SETTLED, done=w.wanted, due_at=clock.now(), attempts=0)) for w in works
    ]
    assert await journal.save(saves) == [True] * len(ids)


async def claimed_ids(
    journal: Journal, kind: Kind = Kind.ORDER, owner: str = "w1", limit: int = 100, lease_s: float = 30.0
) -> list[str]:
    return [w.id for w in await journal.claim(kind, owner, limit, lease_s)]
