"""What the house says about itself, for each way in which it can be unwell."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from orquestador.app.build import Service, assemble, open_context
from orquestador.app.report import OVERDUE_S, channel_views, flow_health, status_report
from orquestador.app.services import HouseServices
from orquestador.flows import pause
from orquestador.model.golive import GoLive
from orquestador.model.orders import Direction, Line, LineState, Order, Owner
from orquestador.model.places import Scope
from orquestador.model.stock import Listing
from orquestador.model.work import Kind, State, Work, work_id
from orquestador.ports import Finding, Process, ProcessRole, Save, Standstill
from orquestador.queue.local import LocalQueue
from orquestador.web.services import NotPossible
from orquestador.web.shapes import MoveRequest, StatusReport
from tests.unit.cli.support import Shop

CREDENTIALS = {
    "ODOO_URL": "http://127.0.0.1:1",
    "ODOO_DB": "db",
    "ODOO_USERNAME": "u",
    "ODOO_PASSWORD": "p",
    "FALABELLA_API_URL": "http://127.0.0.1:1",
    "FALABELLA_USER_ID": "ops@example.com",
    "FALABELLA_API_KEY": "key",
}


@pytest.fixture
async def service(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    """Everything configured, nothing running: the gates say what the checks would have found."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    settings = shop.settings()
    async with open_context(settings, serving=True) as context:
        context.gates.report("erp", ())
        context.gates.report("falabella", ())
        context.modes.set("falabella", GoLive(since=context.clock.now()))
        yield assemble(settings, context)


async def told(service: Service, lang: str = "en") -> StatusReport:
    return await status_report(service, lang, "1.0")


def stop(service: Service, gate: str, code: str, level: str = "error") -> None:
    facts = {"detail": "no route", "upstream": gate}
    service.context.gates.report(gate, [Finding(code, level, facts, stops=gate)])


async def put(service: Service, kind: Kind, state: State, *, due_s: float = 0.0) -> None:
    now = service.context.clock.now()
    doc = Listing("falabella", "A", "A") if kind is Kind.LISTING else None
    done = 1 if state in (State.DEAD, State.SETTLED) else 0
    key = work_id(kind, "falabella", "A")
    row = Work(key, kind, "falabella", "A", state, 1, done, 0, now + due_s, created_at=now, doc=doc)
    assert await service.context.journal.save([Save(row)]) == [True]


def ready(service: Service, lang: str = "en") -> dict[str, bool]:
    return {health.flow: health.ready for health in flow_health(service, lang)}


FLOWS = ("intake", "erp", "orders:falabella", "stock:falabella")


@pytest.mark.parametrize(
    ("gates", "standing"),
    [
        ((), ()),
        (("erp",), ("erp", "stock:falabella")),
        (("falabella",), ("orders:falabella", "stock:falabella")),
        (("erp", "falabella"), ("erp", "orders:falabella", "stock:falabella")),
    ],
)
async def test_a_stopped_upstream_stops_its_flows_and_never_the_intake(
    service: Service, gates: Sequence[str], standing: Sequence[str]
) -> None:
    for gate in gates:
        stop(service, gate, f"{gate}.unreachable")
    assert ready(service) == {flow: flow not in standing for flow in FLOWS}
    for health in flow_health(service, "es"):
        assert health.ready is not bool(health.reason and health.remedy)


async def test_a_broken_warehouse_stops_its_own_flows_and_is_named(service: Service) -> None:
    x = service.context
    x.settings = replace(x.settings, warehouse="WH", scopes={"falabella": Scope("W2", ("W2/Stock/A",))})
    facts = {"warehouse": "W2", "delivery_steps": "pick_ship"}
    broken = Finding("odoo.delivery_steps", "error", facts, stops="erp:W2")
    x.gates.report("erp", [broken])
    assert ready(service) == {
        "intake": True,
        "erp": True,
        "erp:W2": False,
        "orders:falabella": True,
        "stock:falabella": False,
    }
    report = await told(service)
    assert report.attention and "W2" in report.sentence
    x.gates.report("erp", [replace(broken, stops="erp:WH")])
    assert [flow for flow, well in ready(service).items() if not well] == ["erp"]
    x.gates.report("erp", [replace(broken, stops="scope:W2[W2/Stock/A]")])
    assert [flow for flow, well in ready(service).items() if not well] == ["stock:falabella"]
    (view,) = await channel_views(service)
    assert (view.warehouse, view.locations) == ("W2", ("W2/Stock/A",))


async def test_what_a_person_can_repair_is_told_before_what_follows_from_it(service: Service) -> None:
    stop(service, "erp", "not_configured", "warning")
    placeholder = Finding("placeholder", "error", {"setting": "ODOO_URL"}, stops="erp")
    service.context.gates.report("settings", [placeholder])
    assert "ODOO_URL" in (flow_health(service, "en")[1].reason or "")


async def test_all_well(service: Service) -> None:
    report = await told(service)
    assert (report.attention, report.next_step, report.mode) == (False, None, "live")
    assert report.sentence == "All is well: nothing is pending."
    assert (await told(service, "es")).sentence == "Todo en orden: nada pendiente."
    falabella = next(u for u in report.upstreams if u.name == "falabella")
    assert (falabella.ok, falabella.budget_left, falabella.budget_size, falabella.per_day) == (
        True,
        49.0,
        49,
        770,
    )


async def test_dead_work_needs_attention(service: Service) -> None:
    await put(service, Kind.ORDER, State.DEAD)
    report = await told(service)
    assert (report.attention, report.dead) == (True, 1)
    assert "--state dead" in (report.next_step or "")


async def test_a_flow_that_an_error_stops_needs_attention(service: Service) -> None:
    stop(service, "erp", "odoo.credentials")
    report = await told(service)
    assert report.attention
    assert "Odoo refuses" in report.sentence
    assert "ODOO_USERNAME" in (report.next_step or "")
    assert not next(u for u in report.upstreams if u.name == "odoo").ok


async def test_a_flow_that_is_only_not_configured_does_not(service: Service) -> None:
    stop(service, "falabella", "not_configured", "warning")
    assert not (await told(service)).attention


async def test_overdue_work_needs_attention_only_while_it_could_be_done(service: Service) -> None:
    await put(service, Kind.LISTING, State.DUE, due_s=-OVERDUE_S - 60)
    report = await told(service)
    assert report.attention
    assert "6 min" in report.sentence
    stop(service, "falabella", "falabella.rate_limited", "warning")
    assert not (await told(service)).attention


async def test_fresh_work_is_no_reason_to_get_up(service: Service) -> None:
    await put(service, Kind.ORDER, State.DUE)
    report = await told(service)
    assert (report.attention, report.due) == (False, 1)
    assert "1 to do" in report.sentence


async def test_an_open_circuit_is_told(service: Service) -> None:
    channel = service.context.channels["falabella"]
    channel.circuit.failed("timed out")  # type: ignore[attr-defined]
    upstream = next(u for u in (await told(service)).upstreams if u.name == "falabella")
    assert (upstream.ok, upstream.problem) == (False, "Falabella does not answer")


def seen(service: Service, *processes: Process) -> None:
    service.context.processes = processes


async def test_a_door_without_anybody_who_works_needs_attention(service: Service) -> None:
    door = Process(service.context.owner, ProcessRole.API, "1", 0.0)
    seen(service, door)
    assert ready(service) == {flow: flow == "intake" for flow in FLOWS}
    report = await told(service)
    assert report.attention
    assert report.next_step == "Start `orquestador worker`."
    assert [p.role for p in report.processes] == ["api"]
    seen(service, door, Process("other", ProcessRole.WORKER, "1", 0.0, silent_s=3.0))
    assert all(ready(service).values())
    seen(service, door, Process("other", ProcessRole.WORKER, "1", 0.0, silent_s=60.0))
    assert not ready(service)["erp"]


async def test_a_loop_that_stands_still_in_another_process_is_told(service: Service) -> None:
    standing = Standstill("push:falabella", "KeyError", service.context.clock.now() - 120, away=False)
    seen(service, Process("other", ProcessRole.WORKER, "1", 0.0, (standing,)))
    assert [flow for flow, well in ready(service).items() if not well] == ["stock:falabella"]
    report = await told(service)
    assert report.attention
    assert "stock to falabella" in report.sentence
    assert "KeyError" in report.sentence


async def test_a_redis_that_is_away_is_told_and_wakes_nobody_up(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalQueue, "problem", "Redis at h:1 does not answer in time")
    report = await told(service)
    assert not report.attention
    assert "Redis at h:1 does not answer in time" in report.sentence
    assert "REDIS_URL" in (report.next_step or "")
    assert "redis_away" in {f.code for f in report.findings}


async def test_observing_is_told_with_the_next_step(shop: Shop, service: Service) -> None:
    service.context.modes._live.clear()
    report = await told(service)
    assert (report.mode, report.attention) == ("observe", False)
    assert "go-live" in (report.next_step or "")


async def test_channels_with_their_listings_and_calls(service: Service) -> None:
    await put(service, Kind.LISTING, State.DUE)
    (view,) = await channel_views(service)
    assert (view.id, view.has_api, view.listings, view.pushes_approved) == ("falabella", True, 1, True)
    assert (view.budget_left, view.used_today, view.problem) == (49.0, 0, None)


async def test_who_acts_and_who_only_observes_is_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.folder)
    table = '[channels.pe]\nuser_id = "pe@example.com"\napi_key = "k"\n'
    (shop.folder / "orquestador.toml").write_text(f"[channels.falabella]\n{table}")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    async with open_context(shop.settings(), serving=True) as context:
        service = assemble(shop.settings(), context)
        for gate in ("erp", "falabella", "pe"):
            context.gates.report(gate, ())
        assert "it only observes" in (await told(service)).sentence
        context.modes.set("pe", GoLive(since=context.clock.now()))
        report = await told(service)
        assert (report.attention, report.mode) == (False, "observe")
        assert report.sentence == (
            "All is well; falabella only observes: nothing is written there. Live: pe."
        )
        assert (report.next_step or "").endswith("orquestador go-live --channel falabella")
        assert HouseServices(service).mode_note.startswith("falabella only observes")
        context.modes.set("falabella", GoLive(since=context.clock.now()))
        assert "observe" not in (await told(service)).sentence


async def test_without_api_access_simple_bodies_still_run(shop: Shop) -> None:
    settings = shop.settings()
    async with open_context(settings, serving=True) as context:
        service = assemble(settings, context)
        assert ready(service) == {
            "intake": True,
            "erp": False,
            "orders:falabella": True,
            "stock:falabella": False,
        }
        report = await told(service)
        assert not report.attention
        assert "not configured" in report.sentence


async def test_a_pause_stops_what_writes_and_is_told_first(service: Service) -> None:
    await put(service, Kind.ORDER, State.DEAD)
    await pause.pause(service.context, "a wrong number", "maria")
    assert ready(service) == {
        "intake": True,
        "erp": False,
        "orders:falabella": True,
        "stock:falabella": False,
    }
    assert "a wrong number" in (flow_health(service, "en")[1].reason or "")
    report = await told(service)
    assert (report.attention, report.mode) == (True, "live")
    assert report.sentence.startswith("Paused for 0 s (maria)")
    assert "orquestador resume" in (report.next_step or "")
    assert report.paused and report.paused.reason == "a wrong number"
    assert "En pausa" in (await told(service, "es")).sentence
    await pause.resume(service.context, "maria")
    assert (await told(service)).paused is None
    assert all(ready(service).values())


async def test_a_manual_movement_while_paused_is_refused_and_not_stored(service: Service) -> None:
    await pause.pause(service.context, None, "maria")
    with pytest.raises(NotPossible) as refused:
        await HouseServices(service).move(MoveRequest("k1", "A", Direction.OUT, 1, "count"))
    assert "paused" in refused.value.detail
    assert "orquestador resume" in refused.value.remedy
    assert await service.context.journal.get(["movement:manual:k1"]) == []


@pytest.mark.parametrize(
    ("loop", "standing"),
    [
        ("push:falabella", {"stock:falabella"}),
        ("jobs:falabella", {"stock:falabella"}),
        ("poll:falabella", {"orders:falabella"}),
        ("poll:erp", {"stock:falabella"}),
        ("sweep:erp", {"stock:falabella"}),
        ("erp", {"erp"}),
        ("orders", {"orders:falabella"}),
        ("upkeep", set()),
    ],
)
async def test_a_loop_that_keeps_failing_is_told_and_its_flow_is_not_ready(
    service: Service, loop: str, standing: set[str]
) -> None:
    now = service.context.clock.now()
    service.context.failures.failed(loop, ZeroDivisionError(), now - 61.0, away=False)
    assert {flow for flow, well in ready(service).items() if not well} == standing
    report = await told(service)
    assert report.attention
    assert "ZeroDivisionError" in report.sentence
    assert "loop_failed" in (report.next_step or "")
    service.context.failures.worked(loop, now)
    assert not (await told(service)).attention


async def test_an_upstream_that_is_away_for_a_loop_is_told_after_five_minutes(service: Service) -> None:
    now = service.context.clock.now()
    service.context.failures.failed("push:falabella", ValueError(), now - 250.0, away=True)
    assert ready(service)["stock:falabella"]
    service.context.failures.failed("poll:falabella", ValueError(), now - 301.0, away=True)
    assert not ready(service)["orders:falabella"]
    assert "orquestador doctor" in ((await told(service)).next_step or "")


async def test_work_that_a_failing_loop_puts_off_gets_no_younger(service: Service) -> None:
    now = service.context.clock.now()
    await put(service, Kind.LISTING, State.DUE, due_s=1.0)
    service.context.failures.failed("push:falabella", ValueError(), now - 40.0, away=False)
    assert (await told(service)).oldest_due_at == pytest.approx(now - 40.0)


async def test_go_live_asks_about_units_per_sku_that_could_leave_the_erp(service: Service) -> None:
    x = service.context
    committed, cancelled = LineState.COMMITTED, LineState.CANCELLED
    lines = (
        Line("1", "A", 1, committed, committed, "pending", Owner.SELLER),
        Line("2", "A", 1, committed, committed, "pending", Owner.SELLER),
        Line("3", "B", 1, committed, committed, "pending", Owner.MARKETPLACE),
        Line("4", "C", 1, cancelled, committed, "canceled", Owner.SELLER),
    )
    x.channels["falabella"].has_api = False
    x.modes._live.clear()
    now = x.clock.now()
    order = Order("falabella", "7", first_seen_at=now - 60.0, as_of=now, lines=lines)
    key = work_id(Kind.ORDER, "falabella", "7")
    row = Work(key, Kind.ORDER, "falabella", "7", State.SETTLED, 1, 1, 0, now, created_at=now, doc=order)
    assert await x.journal.save([Save(row)]) == [True]
    (asked,) = (await HouseServices(service).go_live_preview()).open_orders
    assert [(line.sku, line.quantity) for line in asked.lines] == [("A", 2)]


async def test_the_api_refuses_in_the_language_of_the_service(service: Service) -> None:
    spanish = replace(service, settings=service.settings.model_copy(update={"app_lang": "es"}))
    await put(service, Kind.ORDER, State.SETTLED)
    house = HouseServices(spanish)
    asked: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: house.discard("order:falabella:A", None, "maria"),
        lambda: house.adopt_order("order:falabella:A", "maria"),
        lambda: house.backup(str(service.settings.data_dir), "maria"),
    )
    for ask in asked:
        with pytest.raises(NotPossible) as refused:
            await ask()
        words = f"{refused.value.detail} {refused.value.remedy}"
        assert "not_possible" not in words
        assert any(word in words for word in ("resuelto", "no es un pedido", "ya existe"))
