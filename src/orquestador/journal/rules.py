"""What every store decides in the same way, with nothing of its own: pure functions over the model."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote, unquote

from orquestador.model.notices import NoticeKind
from orquestador.model.orders import EffectState, Order
from orquestador.model.rules import StoredRule
from orquestador.model.stock import FROZEN, LIVE_MOVED, Listing
from orquestador.model.work import Kind, State, Work, work_id


def work_ids(kind: NoticeKind, channel: str, refs: tuple[str, ...], receipt_id: str) -> tuple[str, ...]:
    """The rows that a notice speaks of, known to us or not."""
    if kind is NoticeKind.ORDER:
        return tuple([work_id(Kind.ORDER, channel, ref) for ref in refs])
    if kind is NoticeKind.STOCK:
        return tuple([work_id(Kind.LISTING, channel, ref) for ref in refs])
    if kind is NoticeKind.UNREADABLE:
        return (work_id(Kind.ORDER, channel, f"receipt:{receipt_id}"),)
    return ()


def to_create(work: Work, now: float) -> Work:
    """The row as `upsert_listings` inserts it: new, due, nothing done yet."""
    return replace(work, rev=0, wanted=max(1, work.wanted), done=0, state=State.DUE, due_at=now)


def refreshed(work: Work, seen: Listing) -> Listing:
    """The listing with what the channel was just read to show.

    While a signal about the row is pending, its number may be older than the signal: then it is not believed.
    Nor is a number that was asked for before the newest that is known.
    """
    listing, newest = work.listing, work.listing.newest
    late = newest is not None and seen.live is not None and seen.live.at < newest.at
    if seen.live is not None and not late and work.state is State.SETTLED and work.wanted == work.done:
        live = replace(seen.live, own_seq=work.own_seq)
        if newest is not None and (newest.own_seq, newest.quantity) == (work.own_seq, listing.wanted):
            moved = live.quantity != newest.quantity and listing.why != FROZEN
            listing = replace(listing, why=LIVE_MOVED if moved else listing.why)
        listing = replace(listing, live=live)
    return replace(listing, sku=seen.sku, seller_sku=seen.seller_sku, managed=seen.managed, missing=False)


def is_news(before: Listing, after: Listing) -> bool:
    """True when a catalogue read is a reason to look again: another product behind the same offer, an offer
    that is back or newly published, another number than we knew."""
    old, new = before.newest, after.newest
    return (
        after.sku != before.sku
        or before.missing
        or (after.managed and not before.managed)
        or (old and old.quantity) != (new and new.quantity)
    )


def in_job(work: Work, job_id: str | None) -> Work:
    """The row with its listing claimed by a job, or by none."""
    return replace(work, doc=replace(work.listing, job_id=job_id))


def smaller(order: Order) -> Order:
    """The order without its story: the keys, the ledger and what a later read is folded into stay."""
    return replace(
        order,
        effects=tuple(
            e if e.state is EffectState.RESERVED else replace(e, items=(), note=None) for e in order.effects
        ),
        lines=tuple(replace(line, problem=None, stockless=False) for line in order.lines),
        trace_id=None,
    )


def rule_cursor(rule: StoredRule) -> str:
    """Where the next page of rules begins: behind this one."""
    return f"{quote(rule.channel, safe='')}/{quote(rule.ref, safe='')}"


def after_rule(cursor: str) -> tuple[str, str]:
    """(channel, ref) of a cursor. ValueError for one that is not ours."""
    channel, slash, ref = cursor.partition("/")
    if not slash:
        raise ValueError("not a cursor of rules")
    return unquote(channel), unquote(ref)
