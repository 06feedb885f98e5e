"""`orquestador migrate-store`: from the SQLite file to MongoDB."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson, Yes
from orquestador.cli.screen import confirm, console, is_terminal, show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import local_time, print_json
from orquestador.model.errors import MigrationRefused, StoreLocked

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from orquestador.app.migrate import Outcome, Plan


def migrate_store(ctx: typer.Context, yes: Yes = False, as_json: AsJson = False) -> None:
    from orquestador.app.migrate import Outcome, migrate

    session = open_session(ctx)

    def agree(plan: Plan) -> bool:
        if not as_json:
            _show_plan(session, plan)
        if yes or as_json or not is_terminal():
            return yes
        words = {"yes": session.say("yes"), "no": session.say("no")}
        return confirm(session.say("migrate.ask"), default=False, **words)

    with _watching(session, silent=as_json) as watch, _explained(session):
        result = asyncio.run(migrate(session.settings, watch, agree))
    if not isinstance(result, Outcome):
        raise CommandFailed(
            session.say("migrate.needs_yes"), session.say("migrate.needs_yes.do"), WRONG_USAGE
        )
    if as_json:
        print_json(asdict(result))
    else:
        _show(session, result)
    if result.state == "differs":
        say = session.say
        detail = say("migrate.differs", target=result.target, source=result.source)
        raise CommandFailed(detail, say("migrate.differs.do"), PROBLEM)


@contextmanager
def _explained(session: Session) -> Iterator[None]:
    """Refusals in the person's language."""
    say = session.say
    try:
        yield
    except StoreLocked as error:
        raise CommandFailed(say("migrate.locked", detail=error.detail), say("migrate.locked.do")) from error
    except MigrationRefused as error:
        code = WRONG_USAGE if error.code == "no_target" else PROBLEM
        facts = dict(error.facts)
        if error.code == "row_refused":
            facts["table"] = say(f"migrate.table.{facts['table']}")
        detail = say(f"migrate.{error.code}", **facts)
        raise CommandFailed(detail, say(f"migrate.{error.code}.do"), code) from error


def _show_plan(session: Session, plan: Plan) -> None:
    say = session.say
    typer.echo(say("migrate.plan", source=plan.source, target=plan.target))
    if plan.standing == "begun":
        typer.echo(say("migrate.resumes"))
    if plan.standing == "outdated":
        typer.echo(say("migrate.again"))
    if plan.logs_left:
        typer.echo(say("migrate.logs_left"))
    rows = [(say(f"migrate.table.{name}"), f"{n:,}") for name, n in plan.rows.items()]
    show_table([say("migrate.col.table"), say("migrate.col.rows")], rows, right=(1,))


def _show(session: Session, outcome: Outcome) -> None:
    say = session.say
    if outcome.state == "already_done":
        at = local_time(outcome.finished_at, session.settings.app_timezone)
        styled(say("migrate.already", at=at, target=outcome.target), "bold green")
        typer.echo(say("migrate.next"))
        return
    show_table(
        [say(f"migrate.col.{name}") for name in ("table", "source", "target", "checksum", "agree")],
        [
            (
                say(f"migrate.table.{table.name}"),
                f"{table.source_rows:,}",
                f"{table.target_rows:,}",
                table.source_checksum[:16] if table.agree else "≠",
                say("yes" if table.agree else "no"),
            )
            for table in outcome.tables
        ],
        right=(1, 2),
    )
    for table in outcome.tables:
        if not table.agree:
            name = say(f"migrate.table.{table.name}")
            styled(say("migrate.differing", table=name, ids=table.differing), "red")
    if outcome.state == "done":
        styled(say("migrate.done", target=outcome.target, seconds=f"{outcome.duration_s:.1f}"), "bold green")
        typer.echo(say("migrate.old_file", source=outcome.source))
        typer.echo(say("migrate.next"))


class _Silent:
    def step(self, step: str, table: str, total: int, done: int = 0) -> None: ...

    def advance(self, rows: int) -> None: ...


class _Lines(_Silent):
    """Where there is no terminal: a line for each step that has something to do."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def step(self, step: str, table: str, total: int, done: int = 0) -> None:
        if total or step == "index":
            typer.echo(_words(self._session, step, table))


class _Bars:
    def __init__(self, session: Session, progress: Progress) -> None:
        self._session, self._progress = session, progress
        self._bar: TaskID | None = None

    def step(self, step: str, table: str, total: int, done: int = 0) -> None:
        if self._bar is not None:
            self._progress.update(self._bar, total=1, completed=1)
        words = _words(self._session, step, table)
        self._bar = self._progress.add_task(words, total=total or None, completed=done)
        self._progress.start()  # after the question, which the bars would hide

    def advance(self, rows: int) -> None:
        assert self._bar is not None
        self._progress.advance(self._bar, rows)


@contextmanager
def _watching(session: Session, *, silent: bool) -> Iterator[_Silent | _Bars]:
    out = console()
    if silent or not out.is_terminal:
        with nullcontext():
            yield _Silent() if silent else _Lines(session)
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    progress = Progress(*columns, console=out)
    try:
        yield _Bars(session, progress)
    finally:
        progress.stop()


def _words(session: Session, step: str, table: str) -> str:
    return session.say(f"migrate.step.{step}", table=session.say(f"migrate.table.{table}") if table else "")
