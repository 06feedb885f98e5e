"""`orquestador restore`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from orquestador.cli.errors import WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson
from orquestador.cli.screen import styled
from orquestador.cli.session import open_session
from orquestador.cli.shape import print_json
from orquestador.cli.words import help_text

Source = Annotated[Path, typer.Argument(help=help_text("restore.file"), metavar=help_text("backup.metavar"))]


def restore(ctx: typer.Context, file: Source, as_json: AsJson = False) -> None:
    from orquestador.app.restore import place_of
    from orquestador.app.restore import restore as put_back
    from orquestador.journal.errors import CopyRefused

    session, path = open_session(ctx), file.absolute()
    if not path.is_file():
        raise CommandFailed(session.say("restore.no_file", path=path), exit_code=WRONG_USAGE)
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        said = session.say("restore.unreadable", path=path, detail=error.strerror)
        raise CommandFailed(said, exit_code=WRONG_USAGE) from error
    try:
        restored = asyncio.run(put_back(session.settings, path))
    except CopyRefused as error:
        code = f"restore.{error.problem.value}"
        engine = "SQLite" if session.settings.mongodb_uri is None else "MongoDB"
        detail = session.say(code, path=path, place=place_of(session.settings), engine=engine)
        raise CommandFailed(detail, session.say(f"{code}.do")) from error
    if as_json:
        print_json({"place": restored.place, "work": restored.work, "receipts": restored.receipts})
        return
    counts = {"work": restored.work, "receipts": restored.receipts}
    styled(session.say("restore.done", place=restored.place, **counts), "green")
    typer.echo(session.say("restore.next"))
