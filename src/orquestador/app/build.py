"""Builds the service from its settings, and takes it down again."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from orquestador import __version__
from orquestador.app.history import check_channels
from orquestador.app.host import died_here, owner_name
from orquestador.app.limits import counted_together, open_counters
from orquestador.app.stores import open_stores
from orquestador.channels.falabella.channel import FalabellaChannel
from orquestador.channels.falabella.config import FalabellaConfig, OrderSource
from orquestador.clock import FollowedClock, SystemClock
from orquestador.erp.odoo.adapter import OdooErp
from orquestador.erp.odoo.config import OdooSettings, SaleSettings
from orquestador.flows.context import Context, FlowSettings
from orquestador.flows.golive import go_live, load_modes
from orquestador.flows.hints import Hints
from orquestador.flows.places import remember_houses
from orquestador.flows.runner import Runner
from orquestador.http_base import CallLogger, CallRecord, TimeOuts
from orquestador.model.brakes import Limits
from orquestador.model.errors import UpstreamError
from orquestador.model.logs import LogEntry
from orquestador.ops.ratelimit import Counters
from orquestador.ports import Channel, Clock, Erp, Finding, LogSink, Process, ProcessRole
from orquestador.settings import (
    FalabellaAccount,
    OdooAccount,
    Settings,
    callback,
    default_warehouse,
    falabella_accounts,
    mode,
    odoo_account,
    odoo_pace,
    own_doors,
    scopes,
)


def new_id() -> str:
    """32 hex digits that grow with time: rows of one moment are neighbours in every index, so that a commit
    touches few pages."""
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that one process runs on."""

    settings: Settings
    context: Context
    hints: Hints
    runner: Runner
    started_at: float


async def build_clock(settings: Settings, stack: AsyncExitStack) -> Clock:
    """The machine's clock, or one that follows CLOCK_URL (a sandbox)."""
    if settings.clock_url is None:
        return SystemClock()
    clock = FollowedClock(settings.clock_url)
    await clock.start()
    stack.push_async_callback(clock.close)
    return clock


def call_logger(logs: LogSink) -> CallLogger:
    """Turns the record of an upstream call into a log entry."""

    def log(call: CallRecord) -> None:
        logs.write(
            LogEntry(
                id=new_id(),
                service=call.service,
                action=call.action,
                status=call.status,
                timestamp=call.at,
                request=call.request,
                response=call.response,
                duration_ms=call.duration_ms,
                order_ids=call.order_ids,
                skus=call.skus,
                trace_id=call.trace_id,
                links=call.links,
            )
        )

    return log


def build_channel(
    account: FalabellaAccount, settings: Settings, clock: Clock, logs: LogSink
) -> FalabellaChannel:
    times = account.timeouts
    return FalabellaChannel(
        FalabellaConfig(
            id=account.id,
            api_url=account.url,
            user_id=account.user_id or "",
            api_key=account.api_key or "",
            seller_id=account.seller_id or "",
            business_unit=account.business_unit,
            facility_id=account.facility_id or "",
            seller_warehouse_id=account.seller_warehouse_id or "",
            order_source=OrderSource(account.order_source),
            write_means=account.write_means,
            live_means=account.live_means,
            read_timeouts=TimeOuts(read_s=times.read_s, connect_s=times.connect_s),
            write_timeouts=TimeOuts(read_s=times.write_s, connect_s=times.connect_s),
            feed_first_poll_s=settings.feed_first_poll_s,
            own_doors=own_doors(settings),
            callback=callback(settings, account) or "",
        ),
        clock,
        call_logger(logs),
    )


async def open_erp(settings: Settings, clock: Clock, logs: LogSink, stack: AsyncExitStack) -> OdooErp | None:
    """The ERP, when there is one; the stack closes it. Its calls a second are those of all processes together
    where these can count together."""
    account = odoo_account(settings)
    if account is None:
        return None
    counters = None
    if odoo_pace(settings).calls_per_s is not None and counted_together(settings):
        counters = await stack.enter_async_context(open_counters(settings, clock))
    erp = _build_erp(account, settings, clock, logs, counters)
    stack.push_async_callback(erp.close)
    return erp


def _build_erp(
    account: OdooAccount, settings: Settings, clock: Clock, logs: LogSink, counters: Counters | None
) -> OdooErp:
    pace = odoo_pace(settings)
    return OdooErp(
        OdooSettings(
            url=account.url,
            db=account.db,
            username=account.username,
            secret=account.secret,
            is_key=account.is_key,
            warehouse=account.warehouse,
            scopes=tuple(dict.fromkeys(scopes(settings).values())),
            prefix=settings.prefix,
            accelerator=settings.odoo_accelerator == "auto",
            connect_timeout_s=account.timeouts.connect_s,
            read_timeout_s=account.timeouts.read_s,
            write_timeout_s=account.timeouts.write_s,
            product_cache_s=settings.product_cache_s,
            calls_per_s=pace.calls_per_s,
            in_flight=pace.in_flight,
            sale_rounding_sku=settings.odoo_sale_rounding_sku,
            sales_of=_sales(settings),
        ),
        clock,
        log=call_logger(logs),
        counters=counters,
    )


def _sales(settings: Settings) -> dict[str, SaleSettings]:
    """How sale orders are written, for the accounts that make them."""
    return {
        account.id: SaleSettings(account.sale_partner, account.sale_shipping_sku)
        for account in falabella_accounts(settings)
        if account.order_mode.sells
    }


def flow_settings(settings: Settings) -> FlowSettings:
    day, pace, accounts = 86_400.0, odoo_pace(settings), falabella_accounts(settings)
    return FlowSettings(
        prefix=settings.prefix,
        order_sources={account.id: account.order_source for account in accounts},
        order_modes={account.id: account.order_mode for account in accounts},
        warehouse=default_warehouse(settings),
        scopes=scopes(settings),
        one_buyer=frozenset(account.id for account in accounts if account.sale_partner is not None),
        rules={account.id: account.rule for account in accounts},
        publish={account.id: account.publish for account in accounts},
        brakes=Limits(
            settings.brake_listings, settings.brake_hour_percent / 100, settings.brake_day_percent / 100
        ),
        erp_batch=settings.odoo_batch,
        feed_first_poll_s=settings.feed_first_poll_s,
        feed_poll_s=settings.feed_poll_s,
        orders_poll_s=settings.orders_poll_s,
        erp_poll_s=pace.poll_s,
        erp_check_s=pace.check_s,
        erp_sweep_s=settings.odoo_sweep_s,
        catalogue_poll_s=settings.catalogue_poll_s,
        reconcile_s=settings.reconcile_s,
        hint_delays_s=settings.hint_delays_s,
        receipt_ttl_s=settings.receipt_ttl_days * day,
        log_ttl_s=settings.log_ttl_days * day,
        order_close_s=settings.order_close_days * day,
    )


@asynccontextmanager
async def open_context(
    settings: Settings, *, serving: bool, accepted: Collection[str] = ()
) -> AsyncIterator[Context]:
    """The ports and their state. Raises what `open_stores` and `check_channels` raise."""
    async with AsyncExitStack() as stack:
        clock = await build_clock(settings, stack)
        stores = await open_stores(settings, clock, stack, serving=serving)
        seen = await check_channels(stores.journal, settings, accepted=accepted)
        channels: dict[str, Channel] = {}
        for account in falabella_accounts(settings):
            channel = build_channel(account, settings, clock, stores.logs)
            stack.push_async_callback(channel.close)
            channels[channel.id] = channel
        erp: Erp | None = await open_erp(settings, clock, stores.logs, stack)
        context = Context(
            journal=stores.journal,
            queue=stores.volatile.queue,
            cache=stores.volatile.cache,
            broadcast=stores.volatile.broadcast,
            erp=erp,
            channels=channels,
            clock=clock,
            logs=stores.logs,
            settings=flow_settings(settings),
            owner=owner_name(),
            died=died_here,
            new_id=new_id,
            alone=stores.alone,
        )
        if erp is None:
            finding = Finding("not_configured", "warning", {"upstream": "odoo"}, stops="erp")
            context.gates.report("erp", [finding])
        await load_modes(context)
        for id_ in channels:
            await remember_houses(context, id_, sold_before=id_ in seen)
        yield context


@asynccontextmanager
async def open_service(settings: Settings, role: ProcessRole = ProcessRole.ALL) -> AsyncIterator[Service]:
    """The running service without its web server: flows started, and stopped at the end."""
    async with open_context(settings, serving=True) as context:
        if mode(settings) == "live":
            await _live_from_the_start(context)
        service = assemble(settings, context, role)
        service.runner.start()
        try:
            yield service
        finally:
            await service.runner.stop()


def assemble(settings: Settings, context: Context, role: ProcessRole = ProcessRole.ALL) -> Service:
    """The service over a context, with nothing started yet."""
    hints, now = Hints(context, context.erp), context.clock.now()
    runner = Runner(context, hints, Process(context.owner, role, __version__, now))
    return Service(settings, context, hints, runner, now)


async def _live_from_the_start(context: Context) -> None:
    """MODE=live: the first start is the go-live instant of every channel that has none yet."""
    for channel in context.channels.values():
        if context.modes.of(channel.id) is None:
            try:
                await go_live(context, channel, ())
            except UpstreamError:
                # Its orders cannot be listed now; the instant itself needs nobody's answer.
                await go_live(context, channel, (), list_orders=False)
