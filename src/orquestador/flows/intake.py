"""A proven webhook becomes a durable receipt, then wakes whoever acts on it."""

from __future__ import annotations

from orquestador.flows.context import ORDERS_LANE, Context, jobs_lane, stock_lane
from orquestador.model.notices import Notice, NoticeKind
from orquestador.ports import Accepted, NewReceipt


class Intake:
    """The door's other side: commit first, wake after; the queue holds nothing that the journal lacks."""

    def __init__(self, context: Context) -> None:
        self._x = context

    async def accept(
        self, source: str, channel: str, notice: Notice, body: bytes, received_at: float, trace_id: str
    ) -> Accepted:
        """Raises StoreUnavailable when it could not be committed; then nothing was acknowledged."""
        x, now = self._x, self._x.clock.now()
        x.pressure.arrived(now)
        accepted = await x.journal.accept(
            NewReceipt(
                id=x.new_id(),
                channel=channel,
                source=source,
                body=body,
                received_at=received_at,
                notice=notice,
                trace_id=trace_id,
                duration_ms=max(0.0, (now - received_at) * 1000.0),
            )
        )
        x.count(f"receipts_{notice.kind}")
        match notice.kind:
            case NoticeKind.ORDER:
                await x.queue.wake(ORDERS_LANE, notice.refs)
            case NoticeKind.STOCK:
                await x.queue.wake(stock_lane(channel), notice.refs)
            case NoticeKind.FEED:
                await x.queue.wake(jobs_lane(channel), notice.refs)
            case NoticeKind.PRODUCT | NoticeKind.IGNORED | NoticeKind.UNREADABLE:
                pass
        return accepted
