"""What the channel shows just before a batch is built: who already shows the right number is never pushed
(P3, design §7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orquestador.flows.context import Context
from orquestador.model.errors import UpstreamError
from orquestador.model.ledger import may_have_effects
from orquestador.model.logs import LogStatus
from orquestador.model.orders import Direction
from orquestador.model.stock import LIVE_MOVED, URGENT, Listing, Shown, WriteMeans, urgency
from orquestador.model.work import Kind, State, Work
from orquestador.ports import Channel, Save, WorkQuery

ERP_AWAY_AGAIN_S = 5.0
READ_AGAIN_S = 5.0
BLIND_AFTER_S = 60.0
"""A channel that does not say what it shows holds pushes back so long, and no longer (P5)."""
MOVED_AGAIN_S = 20.0
"""A number that moved by itself: so long we wait for the order that explains it."""
UNDER_WAY_AGAIN_S = 2.0
GOING_OUT_MAX_S = 10.0
"""Units that are on their way out of the ERP may be counted twice; a fall that they explain waits so long."""
HOLD_MAX_S = 120.0
"""However often a look is put off, a number that differs is sent after this."""
ASKED_MAX = 50
"""SKUs a batch whose cancelled orders are looked up."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A listing whose number should change."""

    work: Work
    wanted: int
    written: int
    closes: int | None = None
    """The version that a confirmation closes; None = the one that was claimed."""
    before: Shown | None = None
    """The newest that was known of its number before this look."""
    reserved: int = 0
    """Units that the channel holds back for its own orders."""
    unproven: int = 0
    """Units of all channels, not yet proven out of the ERP, that there were when it was decided."""


@dataclass(frozen=True, slots=True)
class _Hold:
    """Why a number that differs is not sent yet, and when to look again."""

    why: str
    again_s: float
    most_s: float = HOLD_MAX_S


class LiveCheck:
    """Looks at the candidates of one channel."""

    def __init__(self, context: Context, channel: Channel) -> None:
        self._x, self._channel = context, channel
        self._blind_since: float | None = None
        self._held: dict[str, float] = {}

    async def look(self, candidates: Sequence[Candidate]) -> tuple[list[Candidate], list[Save]]:
        """Which of them have to be sent now, and the rows of those that have not."""
        if not candidates:
            return [], []
        asked_at = self._x.clock.now()
        try:
            numbers = await self._channel.live([c.work.ref for c in candidates])
        except UpstreamError as error:
            return self._blind(candidates, error)
        if self._blind_since is not None:
            self._blind_since = None
            self._x.log("stock.live_read", LogStatus.SUCCESS, response={"channel": self._channel.id})
        send, saves, asked = [], [], 0
        for candidate in candidates:
            number = numbers.get(candidate.work.ref)
            if number is None:
                send.append(candidate)
                continue
            moved = _moved(candidate)
            candidate = self._seen(candidate, number, asked_at)
            work, listing = candidate.work, candidate.work.listing
            if listing.shows(candidate.wanted, work.own_seq) and not listing.doubtful(asked_at):
                if candidate.closes is not None:
                    # The ERP is away: right for now, and looked at again when it is back.
                    saves.append(self._put_off(candidate, "erp_away", ERP_AWAY_AGAIN_S))
                    continue
                saves.append(self._settled(candidate, replace(listing, why=listing.settled_why)))
                continue
            hold: _Hold | None = None
            if moved is not None and asked_at < moved.at + MOVED_AGAIN_S:
                # The first of the two reads stays, so that the second is not put off for ever.
                candidate = replace(candidate, work=replace(work, doc=replace(listing, live=moved)))
                hold = _Hold(LIVE_MOVED, moved.at + MOVED_AGAIN_S - asked_at)
            elif self._may_be_explained(candidate) and asked < ASKED_MAX:
                asked += 1
                hold = await self._explained(candidate, number - candidate.wanted)
            if hold is None or asked_at >= self._held.setdefault(work.id, asked_at) + hold.most_s:
                self._held.pop(work.id, None)
                send.append(candidate)
            else:
                saves.append(self._put_off(candidate, hold.why, hold.again_s))
        return send, saves

    def _seen(self, candidate: Candidate, number: int, at: float) -> Candidate:
        """The candidate with what was just read, as a number that buyers see."""
        work = candidate.work
        if self._channel.live_means is WriteMeans.GROSS:
            number = max(0, number - candidate.reserved)
        listing = replace(work.listing, live=Shown(number, at, work.own_seq))
        if listing.confirmed is not None and listing.confirmed.at >= at:
            # Read in the same instant as the report: the read is the newer of the two.
            listing = replace(listing, confirmed=None)
        return replace(candidate, work=replace(work, doc=listing, urgency=urgency(listing, candidate.wanted)))

    def _may_be_explained(self, candidate: Candidate) -> bool:
        live, before = candidate.work.listing.live, candidate.before
        changed = before is None or before.own_seq != candidate.work.own_seq
        held = candidate.work.id in self._held
        return live is not None and candidate.wanted < live.quantity and (changed or held)

    async def _explained(self, candidate: Candidate, fall: int) -> _Hold | None:
        """Own orders that are under way in the ERP, when so large a fall may be theirs."""
        coming_back, going_out = await self._under_way(candidate.work.ref)
        if coming_back >= fall:
            return _Hold("giving_back", UNDER_WAY_AGAIN_S)
        if going_out >= fall and candidate.closes is None:
            return _Hold("going_out", UNDER_WAY_AGAIN_S, GOING_OUT_MAX_S)
        return None

    async def _under_way(self, ref: str) -> tuple[int, int]:
        """Of this offer: units of cancelled orders that the ERP is about to get back, and units of orders
        that it may have let go already though nobody has its answer yet. The channel shows both already."""
        query = WorkQuery(kind=Kind.ORDER, channel=self._channel.id, sku=ref, limit=20)
        works, _ = await self._x.journal.find(query)
        coming_back = going_out = 0
        for work in works:
            order = work.order
            if order is None or work.state is State.DEAD or not may_have_effects(order):
                continue
            lines = {line.line_id: line for line in order.lines if line.seller_sku == ref}
            coming_back += sum(max(0, line.taken - line.should_be_out) for line in lines.values())
            effect = order.open_effect
            if effect is not None and effect.direction is Direction.OUT:
                going_out += sum(item.units for item in effect.items if item.line_id in lines)
        return coming_back, going_out

    def _blind(
        self, candidates: Sequence[Candidate], error: UpstreamError
    ) -> tuple[list[Candidate], list[Save]]:
        """The numbers cannot be read. What is almost sold out goes at once, the rest after a while."""
        x, now = self._x, self._x.clock.now()
        x.count("live_reads_failed")
        if self._blind_since is None:
            self._blind_since = now
            response = {"channel": self._channel.id, "error": error.detail}
            x.log("stock.live_read", LogStatus.ERROR, response=response)
        if now >= self._blind_since + BLIND_AFTER_S:
            x.count("pushed_unread", len(candidates))
            return list(candidates), []
        send = [c for c in candidates if c.work.urgency >= URGENT]
        gone = {c.work.id for c in send}
        rest = [self._put_off(c, "live_unread", READ_AGAIN_S) for c in candidates if c.work.id not in gone]
        return send, rest

    def _settled(self, candidate: Candidate, listing: Listing) -> Save:
        work = candidate.work
        self._held.pop(work.id, None)
        return settled(work, listing, self._x.clock.now())

    def _put_off(self, candidate: Candidate, why: str, again_s: float) -> Save:
        work = candidate.work
        at = self._x.clock.now() + again_s
        doc = replace(work.listing, why=why)
        return Save(replace(work, doc=doc, state=State.WAITING, due_at=at, reason=why))


def settled(work: Work, listing: Listing, now: float) -> Save:
    """The row with nothing left to do."""
    row = replace(
        work, doc=listing, state=State.SETTLED, done=work.wanted, reason=None, due_at=now, attempts=0
    )
    return Save(row)


def _moved(candidate: Candidate) -> Shown | None:
    """The read that found its number changed by itself: a sale or a cancellation whose order is not listed
    yet, or somebody's hand."""
    before, listing = candidate.before, candidate.work.listing
    if before is None or before.own_seq != candidate.work.own_seq or listing.why != LIVE_MOVED:
        return None
    return before
