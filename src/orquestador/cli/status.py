"""`orquestador status`: the one screen at 3 a.m."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from orquestador.cli.errors import PROBLEM, CommandFailed
from orquestador.cli.options import AsJson, Lang
from orquestador.cli.screen import show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, epoch, print_json, seconds_since
from orquestador.i18n import advice, age
from orquestador.model.errors import ChannelRefused


def status(ctx: typer.Context, as_json: AsJson = False, lang: Lang = None) -> None:
    session = open_session(ctx, lang)
    report = _read(session)
    if as_json:
        print_json(report)
    else:
        _show(session, report)
    if report["attention"]:
        raise typer.Exit(PROBLEM)


def _read(session: Session) -> Row:
    """The service's report; without a service that of the store, which always asks for attention."""
    from orquestador.cli.house import House, ask

    async def read(house: House) -> Row:
        return {"running": house.running} | await house.get("/status", lang=session.lang)

    try:
        report = ask(session, read)
    except CommandFailed as error:
        return {"running": False, "attention": True, "sentence": error.detail, "next_step": error.remedy}
    except ChannelRefused as error:
        words = advice(session.lang, error.code, "error", error.facts)
        return {"running": False, "attention": True, "sentence": words.title, "next_step": words.do}
    if not report["running"] and not report["processes"]:
        report["attention"] = True
        report["sentence"] = session.say("status.not_running", sentence=report["sentence"])
        report["next_step"] = session.say("status.not_running.do")
    return report


def _show(session: Session, report: Row) -> None:
    styled(report["sentence"], "bold red" if report["attention"] else "bold green")
    if "now" in report:
        _show_work(session, report)
        _show_upstreams(session, report)
        _show_processes(session, report)
    if report["next_step"]:
        styled(session.say("status.next", step=report["next_step"]), "bold")


def _show_work(session: Session, report: Row) -> None:
    say, now = session.say, epoch(report["now"])
    show_table(
        [say(f"status.col.{name}") for name in ("kind", "channel", "due", "waiting", "dead")],
        [*_work_rows(session, report["work"]), (say("kind.all"), "", *(report[s] for s in _OPEN))],
        right=(2, 3, 4),
    )
    waits = seconds_since(report["oldest_due_at"], now)
    if waits is not None and waits > 0:
        typer.echo(say("status.oldest", age=age(session.lang, waits)))
    typer.echo(
        say(
            "status.open",
            effects=report["open_effects"],
            jobs=report["open_jobs"],
            receipts=report["receipts"],
            last=_ago(session, report["last_receipt_at"], now),
        )
    )


_OPEN = ("due", "waiting", "dead")


def _work_rows(session: Session, counts: Iterable[Row]) -> list[tuple[object, ...]]:
    tally: dict[tuple[str, str], dict[str, int]] = {}
    for count in counts:
        tally.setdefault((count["kind"], count["channel"]), {})[count["state"]] = count["count"]
    return [
        (session.say(f"kind.{kind}"), channel, *(states.get(s, 0) for s in _OPEN))
        for (kind, channel), states in tally.items()
        if any(states.get(s) for s in _OPEN)
    ]


def _show_upstreams(session: Session, report: Row) -> None:
    say, now = session.say, epoch(report["now"])
    show_table(
        [say(f"status.col.{name}") for name in ("upstream", "state", "contact", "budget", "today")],
        [
            (
                upstream["name"],
                _state(session, report, upstream),
                _ago(session, upstream["last_good_at"], now),
                _of(upstream["budget_left"], upstream["budget_size"]),
                _of(upstream["used_today"], upstream["per_day"]),
            )
            for upstream in report["upstreams"]
        ],
        right=(3, 4),
    )
    for item in report["reconciled"]:
        if last := item["last"]:
            typer.echo(
                say(
                    "status.reconciled",
                    channel=item["channel"],
                    age=age(session.lang, seconds_since(last["finished_at"], now) or 0.0),
                    listings=last["listings"],
                    differ=sum(last["drift"].values()),
                    repaired=last["repaired"],
                )
            )
    mode = say("status.mode_paused", mode=report["mode"]) if report["paused"] else report["mode"]
    typer.echo(say("status.head", version=report["version"], mode=mode))


def _show_processes(session: Session, report: Row) -> None:
    """Who shares the work, where more than one process can."""
    say, now, processes = session.say, epoch(report["now"]), report["processes"]
    if [process["role"] for process in processes] in ([], ["all"]):
        return
    show_table(
        [say(f"status.col.{name}") for name in ("process", "role", "started", "heard")],
        [
            (
                process["owner"],
                say(f"role.{process['role']}"),
                _ago(session, process["started_at"], now),
                say("status.ago", age=age(session.lang, process["silent_s"])),
            )
            for process in processes
        ],
    )


def _state(session: Session, report: Row, upstream: Row) -> str:
    if not upstream["ok"]:
        return str(upstream["problem"])
    return session.say("status.ok" if report["running"] else "status.not_asked")


def _ago(session: Session, instant: str | None, now: float) -> str:
    passed = seconds_since(instant, now)
    return (
        session.say("status.never")
        if passed is None
        else session.say("status.ago", age=age(session.lang, passed))
    )


def _of(left: float | None, size: int | None) -> str:
    return "" if left is None else f"{int(left)}/{size}"
