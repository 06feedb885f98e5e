"""`orquestador reconcile`: every listing against its channel, now."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import typer

from orquestador.cli.errors import PROBLEM, CommandFailed
from orquestador.cli.options import AsJson, Channel
from orquestador.cli.screen import console, show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, epoch, print_json

if TYPE_CHECKING:
    from orquestador.cli.house import House

LOOK_S = 0.25
PHASES = ("channel", "compare", "confirm")
SHOWN = 20
BAR_FROM = 70
"""Columns."""


def reconcile(ctx: typer.Context, channel: Channel = None, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def act(house: House) -> list[Row]:
        started = (await house.post("/reconcile", {"channel": channel} if channel else {}))["items"]
        names = {item["channel"] for item in started}
        return await _followed(house, session, names, quiet=as_json)

    items = ask(session, act)
    if as_json:
        print_json({"items": items})
    else:
        for item in items:
            _show(session, item)
    problem = next((item["problem"] for item in items if item["problem"]), None)
    if problem:
        raise CommandFailed(
            session.say("reconcile.failed", detail=problem), session.say("reconcile.failed.do")
        )
    if any(item["last"] and item["last"]["drift"].get("rejected") for item in items):
        raise typer.Exit(PROBLEM)


async def _followed(house: House, session: Session, names: set[str], *, quiet: bool) -> list[Row]:
    """The items once none of these channels runs any more, with a bar meanwhile."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    screen = console()
    # A narrow screen has room for what it does and how far it is, and for no bar.
    bar = (BarColumn(),) if screen.width >= BAR_FROM else ()
    columns = (TextColumn("{task.description}"), *bar, MofNCompleteColumn())
    with Progress(*columns, console=screen, transient=True, disable=quiet or not sys.stdout.isatty()) as bars:
        tasks = {name: bars.add_task(name, total=None) for name in sorted(names)}
        while True:
            items: list[Row] = [
                item for item in (await house.get("/reconcile"))["items"] if item["channel"] in names
            ]
            for item in items:
                if item["phase"] in PHASES:
                    does = session.say(f"reconcile.phase.{item['phase']}")
                    bars.update(
                        tasks[item["channel"]],
                        description=f"{item['channel']}: {does}",
                        completed=item["done"],
                        total=item["total"] or None,
                    )
            if not any(item["running"] for item in items):
                return items
            await asyncio.sleep(LOOK_S)


def _show(session: Session, item: Row) -> None:
    say, last = session.say, item["last"]
    if last is None:
        typer.echo(say("reconcile.never", channel=item["channel"]))
        return
    differ = sum(last["drift"].values())
    seconds = round(epoch(last["finished_at"]) - epoch(last["started_at"]), 1)
    line = say(
        "reconcile.line",
        channel=item["channel"],
        listings=last["listings"],
        differ=differ,
        repaired=last["repaired"],
        under_way=last["under_way"],
        frozen=last["frozen"],
        seconds=seconds,
    )
    styled(line, "yellow" if differ else "green")
    if not last["items"]:
        return
    show_table(
        ["SKU", *(say(f"reconcile.col.{name}") for name in ("shows", "should", "why", "repaired"))],
        [
            (
                row["sku"],
                row["shows"],
                row["should"],
                say(f"drift.{row['drift']}"),
                say("yes" if row["repaired"] else "no"),
            )
            for row in last["items"][:SHOWN]
        ],
        right=(1, 2),
    )
    if differ > SHOWN:
        typer.echo(say("reconcile.more", n=differ - SHOWN))
