"""`orquestador backup` and `orquestador uninstall`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson, Yes
from orquestador.cli.screen import confirm, is_terminal, show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, print_json
from orquestador.cli.words import help_text

if TYPE_CHECKING:
    from orquestador.cli.house import House

Target = Annotated[Path, typer.Argument(help=help_text("backup.file"), metavar=help_text("backup.metavar"))]


def backup(ctx: typer.Context, file: Target, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask

    session, path = open_session(ctx), file.absolute()
    if not path.parent.is_dir():
        raise CommandFailed(session.say("backup.no_folder", path=path.parent), exit_code=WRONG_USAGE)

    async def act(house: House) -> Row:
        return await house.post("/backup", {"path": str(path)})

    result = ask(session, act)
    if as_json:
        print_json(result)
    else:
        styled(
            session.say("backup.done", path=result["path"], kb=(result["size_bytes"] + 1023) // 1024), "green"
        )


def uninstall(ctx: typer.Context, yes: Yes = False, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def act(house: House) -> tuple[list[Row], bool]:
        items: list[Row] = (await house.get("/uninstall"))["items"]
        ours = [item for item in items if item["id"]]
        if not ours or not (yes or (not as_json and _agreed(session, items))):
            return items, not ours
        removed = (await house.post("/uninstall"))["items"]
        return [*(item for item in items if not item["id"]), *removed], True

    items, complete = ask(session, act, create=True)
    if as_json:
        print_json({"items": items})
    else:
        _show(session, items)
    if not complete:
        raise CommandFailed(session.say("uninstall.needs_yes"), exit_code=WRONG_USAGE)
    if any(item["problem"] for item in items):
        raise typer.Exit(PROBLEM)


def _agreed(session: Session, items: list[Row]) -> bool:
    if not is_terminal():
        return False
    _show(session, items)
    question = session.say("uninstall.ask")
    return confirm(question, default=False, yes=session.say("yes"), no=session.say("no"))


def _show(session: Session, items: list[Row]) -> None:
    say = session.say
    if not items:
        typer.echo(say("uninstall.nothing", path=session.settings.data_dir.absolute()))
        return
    show_table(
        [say(f"uninstall.col.{name}") for name in ("system", "id", "what", "state")],
        [
            (
                item["system"],
                item["id"],
                item["description"],
                item["problem"] or say("uninstall.removed" if item["removed"] else "uninstall.there"),
            )
            for item in items
        ],
    )
    typer.echo(say("uninstall.rest", path=session.settings.data_dir.absolute()))
