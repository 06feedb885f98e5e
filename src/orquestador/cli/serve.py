"""`orquestador up`, `api` and `worker`: the commands that stay."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orquestador.cli.errors import WRONG_USAGE, CommandFailed
from orquestador.cli.session import Session, open_session
from orquestador.cli.words import help_text

Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help=help_text("api.workers"))]
Heartbeat = Annotated[
    Path | None,
    typer.Option("--heartbeat", help=help_text("worker.heartbeat"), metavar=help_text("backup.metavar")),
]


def up(ctx: typer.Context) -> None:
    from orquestador.app.serve import run, serve

    session = open_session(ctx)
    try:
        run(lambda: serve(session.settings, session.env_file))
    except SystemExit as ended:
        raise _cannot_listen(session) from ended


def api(ctx: typer.Context, workers: Workers = 1) -> None:
    from orquestador.app.serve import run, serve, serve_api
    from orquestador.ports import ProcessRole

    session = _session_of_many(ctx, "api")
    settings, env_file = session.settings, session.env_file
    try:
        if workers == 1:
            run(lambda: serve(settings, env_file, ProcessRole.API))
        elif not serve_api(settings, env_file, workers):
            raise CommandFailed(session.say("api.failed"), session.say("api.failed.do"))
    except SystemExit as ended:
        raise _cannot_listen(session) from ended


def worker(ctx: typer.Context, heartbeat: Heartbeat = None) -> None:
    from orquestador.app.serve import run, work

    session = _session_of_many(ctx, "worker")
    run(lambda: work(session.settings, session.env_file, heartbeat))


def _session_of_many(ctx: typer.Context, command: str) -> Session:
    """For a process that is one of several, which a single SQLite file cannot serve."""
    session = open_session(ctx)
    if session.settings.mongodb_uri is None:
        detail = session.say("serve.one_process", command=command, path=session.settings.data_dir.absolute())
        raise CommandFailed(detail, session.say("serve.one_process.do"), WRONG_USAGE)
    return session


def _cannot_listen(session: Session) -> CommandFailed:
    """Uvicorn ends the process when it cannot listen; its log has the system's own words."""
    host, port = session.settings.host, session.settings.port
    return CommandFailed(
        session.say("up.cannot_listen", host=host, port=port), session.say("up.cannot_listen.do")
    )
