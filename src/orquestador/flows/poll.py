"""What heals missed webhooks (P9): each channel's orders by update time, its catalogue, and the ERP's own
changes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from orquestador.flows.context import ORDERS_LANE, Context, stock_lane
from orquestador.flows.rules import rules_of
from orquestador.model.rules import Effective
from orquestador.model.stock import Listing, Shown
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import CatalogueRow, Channel, Erp, Mark

BEFORE_PUSH_FRESH_S = 5.0
BEFORE_PUSH_OVERLAP_S = 60.0
FOLD_WAIT_S = 10.0
"""So long a push waits for the orders that its sweep found; a fold that stands still must not stop it."""
REMEMBERED_HEADS = 50_000
NEVER = 0.0


class OrdersPoll:
    """The orders of one channel. Only orders whose listed facts changed are touched."""

    def __init__(self, context: Context, channel: Channel) -> None:
        self._x, self._channel = context, channel
        self._heads: OrderedDict[str, str] = OrderedDict()
        self._swept_at = self._began_at = NEVER
        self._unread: dict[str, tuple[int, float]] = {}
        """Orders touched before a push: the version that the fold has to reach, and when that was."""
        self._lock = asyncio.Lock()

    async def run_once(self) -> int:
        """One sweep from the stored cursor with its overlap, once a day with a wide one; returns how many
        orders were touched."""
        x = self._x
        async with self._lock:
            name, began = f"cursor:orders:{self._channel.id}:wide", x.clock.now()
            stored = await x.journal.get_meta(name)
            last = float(stored) if isinstance(stored, int | float) else None
            if last is not None and began < last + x.settings.orders_wide_every_s:
                return await self._sweep(x.settings.orders_overlap_s)
            # A channel that is new here has no past that could have been missed.
            wide = last is not None
            touched = await self._sweep(
                x.settings.orders_wide_overlap_s if wide else x.settings.orders_overlap_s
            )
            await x.journal.set_meta(name, began)
            return touched

    async def before_push(self, read_at: float = NEVER) -> None:
        """A short sweep, unless one just ended: the channel's newest orders count in the numbers about to
        be sent.

        `read_at`: when the channel's numbers were read; a sale that they show is in a sweep that began later.
        """
        async with self._lock:
            stale = self._x.clock.now() >= self._swept_at + BEFORE_PUSH_FRESH_S
            if stale or self._began_at <= read_at:
                await self._sweep(BEFORE_PUSH_OVERLAP_S)

    async def all_folded(self) -> bool:
        """Whether the flows have looked at every order that the last sweeps found, or have been given time
        enough for it."""
        now = self._x.clock.now()
        self._unread = {i: u for i, u in self._unread.items() if now < u[1] + FOLD_WAIT_S}
        if self._unread:
            for work in await self._x.journal.get(list(self._unread)):
                if work.done >= self._unread[work.id][0]:
                    del self._unread[work.id]
        return not self._unread

    async def _sweep(self, overlap_s: float) -> int:
        x, channel = self._x, self._channel
        name = f"cursor:orders:{channel.id}"
        began = x.clock.now()
        stored = await x.journal.get_meta(name)
        since = float(stored) if isinstance(stored, int | float) else began
        touched = 0
        async for page in channel.orders_updated(since - overlap_s):
            changed = [h for h in page if self._heads.get(h.order_id) != h.fingerprint]
            ids = [work_id(Kind.ORDER, channel.id, h.order_id) for h in changed]
            if ids:
                await x.journal.touch(ids, "poll")
                touched_at = x.clock.now()
                self._unread |= {w.id: (w.wanted, touched_at) for w in await x.journal.get(ids)}
                await x.queue.wake(ORDERS_LANE, ids)
            for head in changed:
                self._remember(head.order_id, head.fingerprint)
            touched += len(ids)
        # Our clock at the start of the sweep: body dates carry no offset (falabella.md 2.1).
        await x.journal.set_meta(name, began)
        self._swept_at, self._began_at = x.clock.now(), began
        return touched

    def _remember(self, order_id: str, fingerprint: str) -> None:
        self._heads[order_id] = fingerprint
        self._heads.move_to_end(order_id)
        while len(self._heads) > REMEMBERED_HEADS:
            self._heads.popitem(last=False)


class CataloguePoll:
    """Which SKUs the channel lists, and the number it shows for each."""

    def __init__(self, context: Context, channel: Channel) -> None:
        self._x, self._channel = context, channel

    async def run_once(self) -> int:
        """Read the whole catalogue; returns how many listings are new."""
        created, asked_at = 0, self._x.clock.now()
        async for page in self._channel.catalogue():
            created += await self._x.journal.upsert_listings(await self._rows(page, asked_at))
            await self._x.queue.wake(stock_lane(self._channel.id), [r.sku for r in page])
            asked_at = self._x.clock.now()
        return created

    async def _rows(self, page: Sequence[CatalogueRow], asked_at: float) -> list[Work]:
        listed = [Listing(channel=self._channel.id, ref=row.ref, sku=row.sku) for row in page]
        rules = await rules_of(self._x, self._channel.id, listed)
        return [self._row(row, rules[row.ref], asked_at) for row in page]

    def _row(self, row: CatalogueRow, rule: Effective, asked_at: float) -> Work:
        now = self._x.clock.now()
        listing = Listing(
            channel=self._channel.id, ref=row.ref, sku=rule.erp_sku or row.sku, managed=rule.publish
        )
        if listing.sku != row.sku:
            listing = replace(listing, seller_sku=row.sku)
        if row.quantity is not None:
            listing = replace(listing, live=Shown(row.quantity, asked_at, 0))
        return Work(
            id=work_id(Kind.LISTING, self._channel.id, row.ref),
            kind=Kind.LISTING,
            channel=self._channel.id,
            ref=row.ref,
            state=State.DUE,
            wanted=1,
            done=0,
            rev=0,
            due_at=now,
            created_at=now,
            doc=listing,
        )


class ErpPoll:
    """The ERP's own changes by cursor: the promise behind its webhook, which is only speed (design §7.2)."""

    def __init__(self, context: Context, erp: Erp) -> None:
        self._x, self._erp = context, erp

    async def run_once(self) -> int:
        """Mark every SKU that moved since the cursor; returns how many."""
        x, name = self._x, "cursor:erp"
        stored = await x.journal.get_meta(name)
        changes = await self._erp.changed_since(stored if isinstance(stored, str) else None)
        await x.stock_changed(changes.skus)
        marks = [Mark(sku, "erp") for sku in sorted(changes.skus)]
        if marks:
            await x.journal.mark(marks)
            await x.wake_stock(marks)
        await x.journal.set_meta(name, changes.cursor)
        return len(marks)
