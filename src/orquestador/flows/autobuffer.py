"""Automatic buffers: the sales speed of a SKU times the exposure window of its channel.

The speed comes from the journal's own orders, of all channels: those of the last day are read once, then only
what changed. Nothing is read while no rule asks for it.
"""

from __future__ import annotations

from collections.abc import Collection

from orquestador.flows.context import Context
from orquestador.model.autobuffer import FORGOTTEN_S, AutoBuffer, auto_buffer
from orquestador.model.orders import Order
from orquestador.model.stock import JobState
from orquestador.model.work import Kind
from orquestador.ports import WorkQuery

PAGE = 200
PAGES_MAX = 500
READ_EVERY_S = 5.0
OVERLAP_S = 30.0
"""An order may be stored by a process whose clock, or whose commit, is a little behind."""
WINDOW_FRESH_S = 60.0
RECENT_JOBS = 10
CONFIRM_UNKNOWN_S = 120.0
"""Until pushes of a channel were seen to end: as long as a feed may take (falabella.md §3)."""


async def buffers(x: Context, channel: str, skus: Collection[str]) -> dict[str, AutoBuffer]:
    """For each of these SKUs on this channel, as of now."""
    sales = x.sales
    sales.wanted = True
    await read_sales(x)
    window_s, now = await _window_s(x, channel), x.clock.now()
    return {sku: auto_buffer(sales.speed(sku, now), window_s) for sku in skus}


def sold(order: Order) -> dict[str, int]:
    """Units of an order that left the seller's stock, by the ERP's SKU."""
    units: dict[str, int] = {}
    for line in () if order.adopted_by else order.lines:
        if line.should_be_out:
            units[line.sku] = units.get(line.sku, 0) + line.should_be_out
    return units


async def read_sales(x: Context) -> None:
    """Bring what is known of recent sales up to now."""
    sales, now = x.sales, x.clock.now()
    if sales.read_until is not None and now < sales.read_at + READ_EVERY_S:
        return
    since = now - FORGOTTEN_S if sales.read_until is None else sales.read_until - OVERLAP_S
    newest, after = since, None
    for _ in range(PAGES_MAX):
        rows, after = await x.journal.find(WorkQuery(kind=Kind.ORDER, limit=PAGE, after=after))
        for work in rows:
            newest = max(newest, work.updated_at)
            if work.order is not None and work.updated_at >= since:
                at = work.order.created_at or work.order.first_seen_at
                sales.note(work.id, min(at, now), sold(work.order))
        if after is None or rows[-1].updated_at < since:
            break
    sales.forget(now)
    sales.read_until, sales.read_at = newest, now


async def _window_s(x: Context, channel_id: str) -> float:
    """Seconds until a number that has to be sent next can be confirmed: the wait for a call after this one,
    and the longest of the pushes that ended lately."""
    known, now = x.sales.windows.get(channel_id), x.clock.now()
    if known is not None and now < known[1] + WINDOW_FRESH_S:
        return known[0]
    channel = x.channels[channel_id]
    budget = await x.journal.budget(channel_id, channel.budget)
    jobs = await x.journal.recent_jobs(channel_id, RECENT_JOBS)
    took = [
        job.done_at - job.sent_at
        for job in jobs
        if job.state is JobState.DONE and job.done_at is not None and job.sent_at is not None
    ]
    wait_s = max(0.0, 2.0 - budget.tokens) * budget.interval_s
    window_s = wait_s + max(took, default=CONFIRM_UNKNOWN_S)
    x.sales.windows[channel_id] = (window_s, now)
    return window_s
