"""`orquestador plan`, `push` and `plans ...`: what a push would change, and what a brake holds of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson, Channel, Limit, Sku, Yes
from orquestador.cli.screen import confirm, is_terminal, show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, local_time, print_json
from orquestador.cli.words import help_text
from orquestador.i18n import reason

if TYPE_CHECKING:
    from orquestador.cli.house import House

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

SHOWN = 20
MOVES = ("zero", "jump", "rise", "fall", "same")
"""The most dangerous first."""
DryRun = Annotated[bool, typer.Option("--dry-run", help=help_text("push.dry_run"))]
Id = Annotated[str | None, typer.Argument(help=help_text("plans.id"), metavar="[ID]", show_default=False)]


def plan(
    ctx: typer.Context, channel: Channel = None, sku: Sku = None, limit: Limit = 50, as_json: AsJson = False
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def read(house: House) -> Row:
        items: list[Row] = []
        cursor: str | None = None
        while True:
            page = await house.get(
                "/plans/preview", channel=channel, sku=sku, limit=limit - len(items), cursor=cursor
            )
            items += page["items"]
            cursor = page["next_cursor"]
            # A page may be short, or empty, without being the last.
            if cursor is None or len(items) >= limit:
                return {"items": items, "next_cursor": cursor}

    page = ask(session, read)
    if as_json:
        print_json(page)
    elif not page["items"]:
        typer.echo(session.say("plan.nothing"))
    else:
        _show_changes(session, page["items"])
        if page["next_cursor"]:
            typer.echo(session.say("work.more", n=len(page["items"])))


def push(
    ctx: typer.Context,
    dry_run: DryRun = False,
    channel: Channel = None,
    sku: Sku = None,
    as_json: AsJson = False,
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def act(house: House) -> tuple[bool, Row]:
        body = {"channel": channel, "sku": sku, "dryRun": dry_run}
        return house.running, await house.post("/push", body)

    running, done = ask(session, act)
    if as_json:
        print_json(done | {"running": running})
    elif dry_run:
        _show_rehearsal(session, done)
    else:
        typer.echo(session.say("push.done", n=done["due"]))
        if done["held"]:
            styled(session.say("push.held", n=done["held"]), "yellow")
            typer.echo(f"→ {session.say('plans.look')}")
        if not running:
            typer.echo(session.say("push.not_running"))
    if done["held"]:
        raise typer.Exit(PROBLEM)


@app.command("list", help=help_text("plans.list"))
def list_plans(ctx: typer.Context, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def read(house: House) -> Row:
        return await house.get("/plans")

    found = ask(session, read)
    if as_json:
        print_json(found)
    elif not found["items"]:
        typer.echo(session.say("plans.none"))
    else:
        for item in found["items"]:
            _tell_plan(session, item)
        typer.echo(f"→ {session.say('plans.do')}")


@app.command("show", help=help_text("plans.show"))
def show_plan(ctx: typer.Context, plan_id: Id = None, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def read(house: House) -> Row:
        return await _one(session, house, plan_id)

    found = ask(session, read)
    if as_json:
        print_json(found)
    else:
        _show_plan(session, found)


@app.command("approve", help=help_text("plans.approve"))
def approve(ctx: typer.Context, plan_id: Id = None, yes: Yes = False, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def act(house: House) -> tuple[Row, bool]:
        found = await _one(session, house, plan_id)
        body: dict[str, object] = {}
        if not yes:
            if as_json or not is_terminal():
                raise CommandFailed(
                    session.say("plans.needs_yes"), session.say("plans.needs_yes.do"), WRONG_USAGE
                )
            _show_plan(session, found)
            question = session.say("plans.confirm", n=found["listings"])
            if not confirm(question, default=False, yes=session.say("yes"), no=session.say("no")):
                return found, False
            # Only what was looked at: a plan that grew meanwhile asks again.
            body["digest"] = found["digest"]
        return await house.post(f"/plans/{found['id']}/approve", body), True

    done, said_yes = ask(session, act)
    if as_json:
        print_json(done)
    elif said_yes:
        styled(session.say("plans.approved", channel=done["channel"], n=done["listings"]), "bold green")
    else:
        typer.echo(session.say("plans.not_now"))
    if not said_yes:
        raise typer.Exit(PROBLEM)


@app.command("reject", help=help_text("plans.reject"))
def reject(ctx: typer.Context, plan_id: Id = None, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def act(house: House) -> Row:
        found = await _one(session, house, plan_id)
        return await house.post(f"/plans/{found['id']}/reject")

    done = ask(session, act)
    if as_json:
        print_json(done)
    else:
        typer.echo(session.say("plans.rejected", channel=done["channel"], n=done["listings"]))


async def _one(session: Session, house: House, plan_id: str | None) -> Row:
    """The plan with this id, or the only one there is. Raises CommandFailed."""
    if plan_id is None:
        items = (await house.get("/plans"))["items"]
        if not items:
            raise CommandFailed(session.say("plans.none"))
        if len(items) > 1:
            ids = [f"{item['id']} ({item['channel']})" for item in items]
            raise CommandFailed(session.say("plans.which", ids=ids), None, WRONG_USAGE)
        plan_id = items[0]["id"]
    from orquestador.cli.house import segment

    return await house.get(f"/plans/{segment(str(plan_id))}")


def _tell_plan(session: Session, item: Row) -> None:
    say, zone = session.say, session.settings.app_timezone
    styled(say("plans.line", id=item["id"], channel=item["channel"]), "bold")
    facts: dict[str, object] = {
        "n": item["count"],
        "limit": item["limit"],
        "window": say(f"plans.window.{item['window']}"),
        "size": item["size"],
    }
    kind = item["kind"]
    typer.echo(f"  {say(f'plans.kind.{kind}', **facts)}")
    changes = item["changes"]
    parts = [say(f"plans.n.{move}", n=changes[move]) for move in MOVES if changes.get(move)]
    held = say("plans.holds", n=item["listings"], parts=parts) if parts else say("plans.empty")
    typer.echo(f"  {held}")
    since = local_time(item["tripped_at"], zone)
    if item["state"] == "rejected":
        facts = {"at": local_time(item["rejected_at"], zone), "by": item["rejected_by"]}
        typer.echo(f"  {say('plans.was_rejected', **facts)}")
    else:
        typer.echo(f"  {say('plans.since', at=since)}")


def _show_plan(session: Session, found: Row) -> None:
    _tell_plan(session, found)
    if found["items"]:
        _show_changes(session, found["items"][:SHOWN], None)
    if found["listings"] > SHOWN:
        typer.echo(session.say("reconcile.more", n=found["listings"] - SHOWN))


def _show_changes(session: Session, items: list[Row], why: str | None = "why") -> None:
    """`why` is the field that says why each waits; None where it is the same for all."""
    say = session.say
    several = len({item["channel"] for item in items}) > 1
    names = (*(["channel"] if several else []), "shows", "wanted", "move", *(["why"] if why else []))
    show_table(
        ["SKU", *(say(f"plan.col.{name}") for name in names)],
        [
            (
                item["seller_sku"] or item["sku"],
                *([item["channel"]] if several else []),
                "?" if item["shows"] is None else item["shows"],
                item["wanted"],
                say(f"move.{item['move']}"),
                *([reason(session.lang, item[why], "listing").title] if why else []),
            )
            for item in items
        ],
        right=(2, 3) if several else (1, 2),
    )


def _show_rehearsal(session: Session, done: Row) -> None:
    say = session.say
    if done["items"]:
        _show_changes(session, done["items"][:SHOWN], "held")
        if done["differ"] > SHOWN:
            typer.echo(say("reconcile.more", n=done["differ"] - SHOWN))
    typer.echo(say("push.dry", looked=done["looked"], differ=done["differ"]))
    for name in ("unknown", "unread"):
        if done[name]:
            typer.echo(say(f"push.{name}", n=done[name]))
    if done["held"]:
        styled(say("push.would_hold", n=done["held"]), "yellow")
