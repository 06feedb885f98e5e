"""`orquestador pause` and `resume`: the emergency stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orquestador.cli.options import AsJson
from orquestador.cli.screen import styled
from orquestador.cli.session import open_session
from orquestador.cli.shape import Row, print_json
from orquestador.cli.words import help_text

if TYPE_CHECKING:
    from orquestador.cli.house import House

Reason = Annotated[str | None, typer.Option("--reason", help=help_text("pause.reason"))]


def pause(ctx: typer.Context, reason: Reason = None, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def act(house: House) -> Row:
        body = {"paused": True} | ({"reason": reason} if reason else {})
        return {"running": house.running} | await house.post("/pause", body)

    result = ask(session, act)
    if as_json:
        print_json(result)
        return
    styled(session.say("pause.done"), "bold yellow")
    if not result["running"]:
        typer.echo(session.say("pause.not_running"))


def resume(ctx: typer.Context, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def act(house: House) -> Row:
        return {"running": house.running} | await house.post("/pause", {"paused": False})

    result = ask(session, act)
    if as_json:
        print_json(result)
    elif result["changed"]:
        styled(session.say("resume.done"), "green")
    else:
        typer.echo(session.say("resume.not_paused"))
