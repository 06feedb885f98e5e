"""What the house says about itself: flows, channels, and the one screen at 3 a.m. No upstream is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orquestador.app.build import Service
from orquestador.circuit import Circuit, CircuitState
from orquestador.flows.brakes import braked
from orquestador.flows.context import Context
from orquestador.flows.places import lanes
from orquestador.flows.presence import workers
from orquestador.i18n import advice, age, text
from orquestador.model.brakes import Brake
from orquestador.model.errors import StoreUnavailable
from orquestador.model.work import Kind, State
from orquestador.ports import Channel, Finding, Standstill, WorkCounts
from orquestador.settings import language
from orquestador.web.render import instant
from orquestador.web.shapes import (
    ChannelView,
    FlowHealth,
    PauseView,
    ProcessView,
    ReconcileView,
    StatusReport,
    UpstreamStatus,
    WorkCount,
)

OVERDUE_S = 300.0
"""Work that is due this long while every upstream answers is overdue."""


# --- the emergency stop ---


def pause_view(context: Context) -> PauseView | None:
    held = context.modes.paused
    return None if held is None else PauseView(held.since, held.by, held.reason)


# --- flows ---


def _stop(context: Context, gate: str) -> Finding | None:
    """Why this gate is shut; what a person can repair before what only follows from it."""
    gates = context.gates
    channel = context.channels.get(gate)
    shut = gates.stopped(gate) if channel is None or channel.has_api else None
    if shut is None and channel is not None and not channel.has_api:
        shut = Finding("not_configured", "warning", {"upstream": gate}, stops=gate)
    if shut is None:
        return None
    return next((f for f in gates.findings() if f.stops == gate and f.level == "error"), shut)


def _health(flow: str, stop: Finding | None, lang: str) -> FlowHealth:
    if stop is None:
        return FlowHealth(flow, ready=True)
    words = advice(lang, stop.code, stop.level, stop.facts)
    return FlowHealth(flow, ready=False, reason=words.title, remedy=words.do or None)


def _flow_stops(context: Context) -> dict[str, Finding | None]:
    """Every flow and what stops it. Intake never stops; without API access simple bodies are still folded.
    A pause stops what writes, and nothing else."""
    held = _held(context)
    erp = held or _stop(context, "erp")
    stops: dict[str, Finding | None] = {"intake": None}
    for lane in lanes(context):
        stops[lane.name] = erp or context.gates.lane_stopped(lane.warehouse)
    for channel in context.channels.values():
        own = _stop(context, channel.id)
        stops[f"orders:{channel.id}"] = own if channel.has_api else None
        numbers = erp or context.gates.pushes_stopped(context.settings.scope_of(channel.id))
        # A brake needs a person; that the channel or the ERP is away is told of their own flows.
        brake = braked(channel.id, context.modes.brakes.get(channel.id))
        stops[f"stock:{channel.id}"] = held or brake or own or numbers
    for standing in _standing(context):
        code = "loop_away" if standing.away else "loop_failing"
        for flow in _flows_of(standing.loop, context):
            if stops.get(flow) is None:
                stops[flow] = Finding(code, "error", {"loop": standing.loop, "error": standing.error})
    if context.processes and not workers(context) and held is None:
        stops |= {flow: Finding("no_worker", "error") for flow in stops if flow != "intake"}
    return stops


def _standing(context: Context) -> list[Standstill]:
    """The loops that stand still in this process, and in the others as they told last; the longest first."""
    own = [
        Standstill(loop, series.error, series.since, series.away)
        for loop, series in context.failures.lasting(context.clock.now()).items()
    ]
    others = [s for p in context.processes if p.owner != context.owner for s in p.standing]
    return sorted([*own, *others], key=lambda standing: standing.since)


def _flows_of(loop: str, context: Context) -> tuple[str, ...]:
    """The flows that stand still while this loop of the runner fails; the others serve the house."""
    kind, _, of = loop.partition(":")
    match kind, of:
        case "erp", _:
            return (loop,)
        case "orders", "":
            return tuple(f"orders:{channel}" for channel in context.channels)
        case (("poll" | "sweep"), "erp"):
            return tuple(f"stock:{channel}" for channel in context.channels)
        case "poll", _:
            return (f"orders:{of}",)
        case (("push" | "jobs" | "catalogue" | "reconcile"), _):
            return (f"stock:{of}",)
    return ()


def _held(context: Context) -> Finding | None:
    """The emergency stop as what it is for the flows that write."""
    held = context.modes.paused
    if held is None:
        return None
    facts = {"since": instant(held.since), "by": held.by, "reason": held.reason or "—"}
    return Finding("paused", "error", facts)


def flow_health(service: Service, lang: str) -> tuple[FlowHealth, ...]:
    """Whether each flow may run, from what is known already."""
    return tuple(_health(flow, stop, lang) for flow, stop in _flow_stops(service.context).items())


def store_away(context: Context, error: StoreUnavailable, lang: str) -> FlowHealth:
    """The intake while the journal does not answer; nothing else is known then."""
    code = "journal_away" if context.alone else "mongodb_away"
    return _health("intake", Finding(code, "error", {"detail": error.detail}), lang)


def flow_name(flow: str, lang: str) -> str:
    """`stock:falabella` in words."""
    kind, _, channel = flow.partition(":")
    if kind == "erp" and channel:
        return text(lang, "flow.warehouse", warehouse=channel)
    return text(lang, f"flow.{kind}", channel=channel)


def _queue(context: Context) -> tuple[Finding, ...]:
    problem = context.queue.problem
    return () if problem is None else (Finding("redis_away", "warning", {"detail": problem}),)


# --- upstreams and channels ---


@dataclass(frozen=True, slots=True)
class _Calls:
    """What is left of a channel's scarce calls."""

    left: float | None = None
    size: int | None = None
    used_today: int | None = None
    per_day: int | None = None
    next_at: float | None = None


async def _calls(context: Context, channel: Channel) -> _Calls:
    if not channel.has_api:
        return _Calls()
    spec, now = channel.budget, context.clock.now()
    budget = (await context.journal.budget(channel.id, spec)).refill(spec, now)
    next_at = None if budget.tokens >= 1.0 else now + (1.0 - budget.tokens) * budget.interval_s
    return _Calls(budget.tokens, spec.usable, budget.used_today(), spec.per_day, next_at)


def _circuit(adapter: object) -> Circuit | None:
    circuit = getattr(adapter, "circuit", None)
    return circuit if isinstance(circuit, Circuit) else None


def _trouble(context: Context, gate: str, adapter: object, lang: str) -> str | None:
    """Why this upstream is not fine now, in words."""
    circuit = _circuit(adapter)
    if circuit is not None and circuit.state is not CircuitState.CLOSED:
        detail = circuit.last_error or ""
        return advice(lang, f"{gate}.unreachable", "error", {"detail": detail}).title
    stop = _stop(context, gate)
    return None if stop is None else advice(lang, stop.code, stop.level, stop.facts).title


def _last_good(adapter: object) -> float | None:
    circuit = _circuit(adapter)
    return circuit.last_ok_at if circuit is not None else None


async def _upstreams(context: Context, lang: str) -> tuple[UpstreamStatus, ...]:
    trouble = _trouble(context, "erp", context.erp, lang)
    found = [UpstreamStatus("odoo", trouble is None, _last_good(context.erp), trouble)]
    for channel in context.channels.values():
        trouble, calls = _trouble(context, channel.id, channel, lang), await _calls(context, channel)
        found.append(
            UpstreamStatus(
                name=channel.id,
                ok=trouble is None,
                last_good_at=_last_good(channel),
                problem=trouble,
                budget_left=calls.left,
                budget_size=calls.size,
                used_today=calls.used_today,
                per_day=calls.per_day,
                next_call_at=calls.next_at,
            )
        )
    return tuple(found)


async def channel_views(service: Service) -> tuple[ChannelView, ...]:
    """Each seller account: whether it is live, its calls, its listings, and what is wrong with it."""
    x, lang = service.context, language(service.settings)
    counts, views = await x.journal.counts(), []
    for channel in x.channels.values():
        calls, golive = await _calls(x, channel), x.modes.of(channel.id)
        scope = x.settings.scope_of(channel.id)
        views.append(
            ChannelView(
                id=channel.id,
                kind=channel.kind,
                has_api=channel.has_api,
                orders_since_at=golive.since if golive else None,
                pushes_approved=golive is not None
                and (golive.pushes_approved or x.modes.brakes.get(channel.id, Brake()).opened_at is not None),
                listings=sum(
                    n
                    for (kind, own, _), n in counts.rows.items()
                    if kind is Kind.LISTING and own == channel.id
                ),
                budget_left=calls.left,
                budget_size=calls.size,
                used_today=calls.used_today,
                per_day=calls.per_day,
                last_good_at=_last_good(channel),
                problem=_trouble(x, channel.id, channel, lang),
                warehouse=scope.warehouse,
                locations=scope.locations,
            )
        )
    return tuple(views)


async def reconcile_views(service: Service, *, items: bool = True) -> tuple[ReconcileView, ...]:
    """How far each comparison is in this process, and what the last one found in any."""
    runs, views = service.runner.reconciles, []
    for name, run in runs.of.items():
        last, progress = await run.last(), run.progress
        if last is not None and not items:
            last = replace(last, items=())
        running = runs.running(name)
        problem = runs.problems.get(name)
        views.append(
            ReconcileView(name, running, progress.phase, progress.done, progress.total, problem, last)
        )
    return tuple(views)


# --- the one screen ---


@dataclass(frozen=True, slots=True)
class _Verdict:
    attention: bool
    sentence: str
    next_step: str | None = None


def _sum(counts: WorkCounts, state: State) -> int:
    return sum(n for (_, _, s), n in counts.rows.items() if s is state)


def _overdue(counts: WorkCounts, stops: Mapping[str, Finding | None], now: float) -> float:
    """Seconds that the oldest work waits although everything that it needs may run."""
    stock_runs = all(stop is None for flow, stop in stops.items() if flow.startswith("stock:"))
    erp_runs = all(stop is None for flow, stop in stops.items() if flow.partition(":")[0] == "erp")
    able = {
        Kind.ORDER: erp_runs,
        Kind.MOVEMENT: erp_runs,
        Kind.LISTING: erp_runs and stock_runs,
    }
    return max((now - at for kind, at in counts.oldest_due_at.items() if able[kind]), default=0.0)


def _oldest(context: Context, counts: WorkCounts) -> float | None:
    """Since when the oldest work is due. A failing loop puts its work off again and again, which makes it no
    younger."""
    oldest = min(counts.oldest_due_at.values(), default=None)
    if oldest is None:
        return None
    erp = (lane.name for lane in lanes(context))
    loops = ("orders", *erp, *(f"push:{channel}" for channel in context.channels))
    return min([oldest, *(series.since for loop in loops if (series := context.failures.of(loop)))])


def _verdict(context: Context, counts: WorkCounts, lang: str) -> _Verdict:
    """The worst thing first; one sentence, one step."""
    if (held := context.modes.paused) is not None:
        waited = age(lang, context.clock.now() - held.since)
        facts = {"age": waited, "by": held.by, "reason": held.reason or "—"}
        return _Verdict(True, text(lang, "status.paused", **facts), text(lang, "paused.do"))
    stops = _flow_stops(context)
    for flow, stop in stops.items():
        if stop is not None and stop.level == "error":
            words = advice(lang, stop.code, stop.level, stop.facts)
            sentence = text(lang, "status.stopped", flow=flow_name(flow, lang), title=words.title)
            return _Verdict(True, sentence, words.do)
    now = context.clock.now()
    if failing := _standing(context):
        facts = {
            "loop": failing[0].loop,
            "error": failing[0].error,
            "age": age(lang, now - failing[0].since),
        }
        return _Verdict(True, text(lang, "status.failing", **facts), text(lang, "loop_failing.do"))
    if dead := _sum(counts, State.DEAD):
        return _Verdict(True, text(lang, "status.dead", n=dead), text(lang, "status.dead.do"))
    waits = _overdue(counts, stops, now)
    if waits > OVERDUE_S:
        sentence = text(lang, "status.overdue", age=age(lang, waits))
        return _Verdict(True, sentence, text(lang, "status.overdue.do"))
    for flow, stop in stops.items():
        if stop is None:
            continue
        words = advice(lang, stop.code, stop.level, stop.facts)
        code = "status.starting" if stop.code == "not_checked_yet" else "status.idle_flow"
        return _Verdict(False, text(lang, code, flow=flow_name(flow, lang), title=words.title), words.do)
    if context.observing and context.modes.any_live:
        return _some_observe(context, lang)
    if context.mode == "observe":
        return _Verdict(False, text(lang, "status.observing"), text(lang, "status.observing.do"))
    for finding in _queue(context):
        words = advice(lang, finding.code, finding.level, finding.facts)
        return _Verdict(False, f"{words.title}. {words.means}", words.do)
    due, waiting = _sum(counts, State.DUE), _sum(counts, State.WAITING)
    if due or waiting:
        return _Verdict(False, text(lang, "status.working", due=due, waiting=waiting))
    return _Verdict(False, text(lang, "status.well"))


def _some_observe(context: Context, lang: str) -> _Verdict:
    live = [c for c in context.channels if c not in context.observing]
    sentence = text(lang, "status.some_observe", observing=context.observing, live=live)
    return _Verdict(False, sentence, text(lang, "status.some_observe.do", channel=context.observing[0]))


async def status_report(service: Service, lang: str, version: str) -> StatusReport:
    """The one screen: from the journal, the gates and the newest contacts."""
    x = service.context
    counts = await x.journal.counts()
    verdict = _verdict(x, counts, lang)
    return StatusReport(
        attention=verdict.attention,
        sentence=verdict.sentence,
        next_step=verdict.next_step or None,
        version=version,
        mode=x.mode,
        now=x.clock.now(),
        started_at=service.started_at,
        due=_sum(counts, State.DUE),
        waiting=_sum(counts, State.WAITING),
        dead=_sum(counts, State.DEAD),
        oldest_due_at=_oldest(x, counts),
        open_effects=counts.open_effects,
        open_jobs=counts.open_jobs,
        receipts=counts.receipts,
        last_receipt_at=counts.last_receipt_at,
        flows=flow_health(service, lang),
        upstreams=await _upstreams(x, lang),
        work=tuple(
            WorkCount(kind.value, channel, state.value, n)
            for (kind, channel, state), n in sorted(counts.rows.items())
        ),
        findings=(*x.gates.findings(), *_queue(x)),
        paused=pause_view(x),
        processes=tuple(
            ProcessView(p.owner, p.role.value, p.version, p.started_at, p.silent_s) for p in x.processes
        ),
        reconciled=await reconcile_views(service, items=False),
    )
