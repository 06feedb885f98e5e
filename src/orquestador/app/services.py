"""What the web asks of the house, answered by the flows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orquestador import __version__
from orquestador.app.build import Service
from orquestador.app.report import (
    channel_views,
    flow_health,
    pause_view,
    reconcile_views,
    status_report,
    store_away,
)
from orquestador.app.uninstall import Uninstaller
from orquestador.flows import golive, operator, pause
from orquestador.flows.duplicates import DuplicatesView
from orquestador.flows.intake import Intake
from orquestador.flows.movements import MovementDesk
from orquestador.flows.plans import PlanDesk
from orquestador.flows.rule_desk import RuleDesk
from orquestador.flows.stockview import StockView
from orquestador.i18n import text
from orquestador.model.errors import AuthRefused, PlaceRefused, StoreUnavailable, Unavailable
from orquestador.model.ledger import effect_key
from orquestador.model.notices import Notice
from orquestador.model.orders import LineState, ManualMovement, Owner
from orquestador.model.plans import Pushed
from orquestador.model.stock import Availability
from orquestador.model.work import MANUAL_CHANNEL, Kind, State, Work, work_id
from orquestador.ports import (
    Accepted,
    Channel,
    Clock,
    Duplicate,
    Journal,
    Listener,
    LogSink,
    ProductProblem,
)
from orquestador.settings import all_on_loopback, language
from orquestador.web.services import NotPossible
from orquestador.web.shapes import (
    BackupResult,
    ChannelView,
    FlowHealth,
    GoLivePreview,
    GoLiveRequest,
    GoLiveResult,
    MoveRequest,
    MoveResult,
    MoveState,
    OpenLine,
    OpenOrder,
    PauseView,
    ReconcileView,
    Registered,
    StatusReport,
)

_FAILURES = {
    "below_zero": MoveState.BELOW_ZERO,
    ProductProblem.UNKNOWN.value: MoveState.UNKNOWN_SKU,
}


STORE_ANSWERS_S = 1.0
"""A health check waits no longer for the store."""


class HouseServices:
    """Implements `web.services.Services`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._x = service.context
        self._intake = Intake(service.context)
        self._desk = MovementDesk(service.context)
        self._rules = RuleDesk(service.context)
        self._plans = PlanDesk(service.context)
        self._stock = StockView(service.context, service.settings.stock_cache_s)
        self._duplicates = DuplicatesView(service.context)
        self._look: asyncio.Future[StoreUnavailable | None] | None = None
        self._uninstaller = Uninstaller(
            service.context, service.settings.public_url, language(service.settings)
        )

    @property
    def channels(self) -> Mapping[str, Channel]:
        return self._x.channels

    @property
    def journal(self) -> Journal:
        return self._x.journal

    @property
    def logs(self) -> LogSink:
        return self._x.logs

    @property
    def clock(self) -> Clock:
        return self._x.clock

    @property
    def rules(self) -> RuleDesk:
        return self._rules

    @property
    def plans(self) -> PlanDesk:
        return self._plans

    async def accept(
        self, source: str, channel: str, notice: Notice, body: bytes, received_at: float, trace_id: str
    ) -> Accepted:
        return await self._intake.accept(source, channel, notice, body, received_at, trace_id)

    def hint_products(self, product_ids: Iterable[int]) -> None:
        self._service.hints.products(product_ids)

    def hint_skus(self, skus: Iterable[str]) -> None:
        self._service.hints.skus(skus)

    async def listen(self) -> Listener:
        return await self._x.broadcast.listen()

    async def stock(self, sku: str, channel: str | None = None) -> Availability | ProductProblem:
        return await self._stock.read(sku, channel)

    async def duplicates(self) -> tuple[float, Sequence[Duplicate]]:
        return await self._duplicates.read()

    async def move(self, request: MoveRequest) -> MoveResult:
        if not self._x.modes.any_live:
            raise self._not_possible("observing")
        if await pause.paused(self._x) and not await self._asked_before(request.key):
            # Refused, not stored: who asks now must not be surprised by a movement at `resume`.
            raise self._not_possible("paused")
        if refused := await self._no_warehouse(request.warehouse):
            return MoveResult(MoveState.UNKNOWN_WAREHOUSE, reason=refused)
        asked = await self._desk.ask(
            ManualMovement(
                key=request.key,
                sku=request.sku,
                direction=request.direction,
                quantity=request.quantity,
                reason=request.reason,
                request_hash=request.request_hash,
                allow_negative=request.allow_negative,
                reference=request.reference,
                warehouse=request.warehouse,
            )
        )
        movement = asked.work.movement
        key = effect_key(self._x.settings.prefix, MANUAL_CHANNEL, request.key, 1)
        if movement.request_hash != request.request_hash:
            return MoveResult(MoveState.KEY_REUSED, movement=key)
        if asked.work.state is not State.SETTLED:
            return MoveResult(MoveState.STORED, movement=key, duplicate=asked.duplicate)
        await self._x.stock_changed([request.sku])
        if movement.failure:
            state = _FAILURES.get(movement.failure, MoveState.REFUSED)
            return MoveResult(state, movement=key, reason=movement.failure, duplicate=asked.duplicate)
        return MoveResult(
            MoveState.APPLIED,
            movement=key,
            previous_stock=movement.previous_stock,
            new_stock=movement.new_stock,
            duplicate=asked.duplicate,
        )

    async def _no_warehouse(self, code: str | None) -> str | None:
        """Why this warehouse cannot be used, if it is known now; else the lane finds out."""
        if code is None or self._x.erp is None:
            return None
        try:
            await self._x.erp.place(code)
        except PlaceRefused as error:
            return error.detail
        except (Unavailable, AuthRefused):
            return None
        return None

    async def _asked_before(self, key: str) -> bool:
        return bool(await self._x.journal.get([work_id(Kind.MOVEMENT, MANUAL_CHANNEL, key)]))

    def _not_possible(self, code: str, **facts: object) -> NotPossible:
        lang = language(self._service.settings)
        said, do = f"not_possible.{code}", f"not_possible.{code}.do"
        return NotPossible(text(lang, said, **facts), text(lang, do, **facts))

    async def readiness(self) -> tuple[FlowHealth, ...]:
        # One small read, so that a monitor hears of a store that is away from us and not from a marketplace.
        lang = language(self._service.settings)
        # It is never cancelled: PyMongo answers that with an error of its locks (RuntimeError). One look at a
        # time, which ends by the driver's own time-outs.
        if self._look is None or self._look.done():
            self._look = asyncio.ensure_future(self._look_at_store())
        await asyncio.wait((self._look,), timeout=STORE_ANSWERS_S)
        problem = self._look.result() if self._look.done() else StoreUnavailable("no answer in time")
        return (store_away(self._x, problem, lang),) if problem else flow_health(self._service, lang)

    async def _look_at_store(self) -> StoreUnavailable | None:
        try:
            await self._x.journal.get_meta("health")
        except StoreUnavailable as error:
            return error
        return None

    async def status(self, lang: str | None = None) -> StatusReport:
        return await status_report(self._service, lang or language(self._service.settings), __version__)

    async def retry(self, work_id: str, by: str) -> Work | None:
        return await operator.retry(self._x, work_id)

    async def discard(self, work_id: str, note: str | None, by: str) -> Work | None:
        rows = await self._x.journal.get([work_id])
        if rows and rows[0].state is State.SETTLED:
            raise self._not_possible("settled", id=work_id)
        return await operator.discard(self._x, work_id, note)

    async def adopt_order(self, work_id: str, by: str) -> Work | None:
        rows = await self._x.journal.get([work_id])
        if not rows or rows[0].kind is not Kind.ORDER:
            return None
        work = rows[0]
        if work.order is None or not work.order.history:
            raise self._not_possible("not_history", id=work_id)
        return await golive.take_over(self._x, work.channel, work.ref)

    async def reconcile_views(self) -> tuple[ReconcileView, ...]:
        return await reconcile_views(self._service)

    async def reconcile(self, channel: str | None, by: str) -> tuple[ReconcileView, ...]:
        runs = self._service.runner.reconciles
        names = [name for name in runs.of if channel in (None, name)]
        if not names:
            raise self._not_possible("reconcile")
        for name in names:
            runs.start(name)
        return tuple(view for view in await self.reconcile_views() if view.channel in names)

    async def channel_views(self) -> tuple[ChannelView, ...]:
        return await channel_views(self._service)

    async def push(self, channel: str | None, sku: str | None, by: str) -> Pushed:
        names = [channel] if channel is not None else list(self._x.channels)
        if all(self._x.modes.of(name) is None for name in names):
            raise self._not_possible("observing")
        return await self._plans.push(channel, sku)

    async def go_live_preview(self, channel: str | None = None) -> GoLivePreview:
        orders: list[OpenOrder] = []
        to_change, wanted = 0, self._meant(channel)
        observing = [c for c in wanted if self._x.modes.of(c.id) is None]
        for one in observing:
            old = (await golive.open_orders(self._x, one))[0]
            orders += [_open_order(o) for o in await golive.described(one, old)]
            to_change += await golive.listings_to_change(self._x, one.id)
        shown = {c.id for c in observing or wanted}
        return GoLivePreview(
            mode=self.mode,
            already_live=not observing,
            channels=tuple(view for view in await self.channel_views() if view.id in shown),
            open_orders=tuple(orders),
            listings_to_change=to_change,
            findings=self._x.gates.findings(),
        )

    async def go_live(self, request: GoLiveRequest) -> GoLiveResult:
        before, since = 0, self._x.clock.now()
        wanted, meant = set(request.take_now), self._meant(request.channel)
        for channel in meant:
            if self._x.modes.of(channel.id) is not None:
                continue
            old = (await golive.open_orders(self._x, channel))[0]
            take = [o.order_id for o in old if f"order:{channel.id}:{o.order_id}" in wanted]
            before += len(old) - len(take)
            approved = request.approve_pushes or all_on_loopback(self._service.settings)
            await golive.go_live(self._x, channel, take, approve_pushes=approved)
        live = [self._x.modes.of(c.id) for c in meant]
        return GoLiveResult(
            orders_since_at=min((g.since for g in live if g), default=since),
            channels=tuple(c.id for c in meant),
            taken_now=len(wanted),
            taken_before=before,
        )

    def _meant(self, channel: str | None) -> list[Channel]:
        """This channel, or all of them. Raises NotPossible for one that is not there."""
        if channel is None:
            return list(self._x.channels.values())
        if channel not in self._x.channels:
            raise self._not_possible("unknown_channel", channel=channel, known=list(self._x.channels))
        return [self._x.channels[channel]]

    @property
    def mode(self) -> str:
        """A channel observes until its go-live, whatever MODE said at the start."""
        return self._x.mode

    @property
    def mode_note(self) -> str:
        lang, observing = language(self._service.settings), self._x.observing
        if observing and self._x.modes.any_live:
            return text(lang, "mode.note.some_observe", observing=observing)
        return text(lang, f"mode.note.{self.mode}")

    @property
    def paused(self) -> PauseView | None:
        return pause_view(self._x)

    async def pause(self, reason: str | None, by: str) -> PauseView:
        held = await pause.pause(self._x, reason, by)
        return PauseView(held.since, held.by, held.reason)

    async def resume(self, by: str) -> bool:
        return await pause.resume(self._x, by)

    async def backup(self, path: str, by: str) -> BackupResult:
        target = Path(path)
        if await asyncio.to_thread(target.exists):
            raise self._not_possible("file_exists", path=path)
        await self._x.journal.backup(path)
        return BackupResult(path=path, size_bytes=(await asyncio.to_thread(target.stat)).st_size)

    async def registered(self) -> tuple[Registered, ...]:
        return await self._uninstaller.registered()

    async def uninstall(self, ids: Sequence[str] | None, by: str) -> tuple[Registered, ...]:
        return await self._uninstaller.remove(ids)


def _open_order(old: golive.OldOrder) -> OpenOrder:
    """What is asked about: units per SKU and state, without what the marketplace ships or was cancelled."""
    units: dict[tuple[str, str], int] = {}
    for line in old.order.lines if old.order else ():
        if line.owner is not Owner.MARKETPLACE and line.state is not LineState.CANCELLED:
            key = line.sku, line.raw_state
            units[key] = units.get(key, 0) + line.quantity
    lines = tuple(OpenLine(sku, quantity, state) for (sku, state), quantity in units.items())
    return OpenOrder(
        work_id=f"order:{old.channel}:{old.order_id}",
        channel=old.channel,
        order_id=old.order_id,
        number=old.number,
        created_at=old.created_at,
        lines=lines,
    )
