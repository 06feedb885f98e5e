"""`orquestador channels ...`: the seller accounts, and whose they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from orquestador.cli.errors import WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson
from orquestador.cli.screen import show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, local_time, print_json
from orquestador.cli.words import help_text

if TYPE_CHECKING:
    from orquestador.cli.house import House

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Id = Annotated[str, typer.Argument(help=help_text("channels.id"), metavar="ID")]


@app.command("list", help=help_text("channels.list"))
def list_channels(ctx: typer.Context, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def read(house: House) -> Row:
        return await house.get("/channels")

    found = ask(session, read, create=True)
    if as_json:
        print_json(found)
    else:
        names = ("channel", "live", "listings", "budget", "warehouse", "problem")
        columns = [session.say(f"channels.col.{name}") for name in names]
        show_table(columns, [_row(session, item) for item in found["items"]], right=(2, 3))


def _row(session: Session, item: Row) -> tuple[object, ...]:
    since = item["orders_since_at"]
    left = item["budget_left"]
    return (
        item["id"],
        local_time(since, session.settings.app_timezone) if since else session.say("channels.observing"),
        item["listings"],
        "" if left is None else f"{int(left)}/{item['budget_size']}",
        item["warehouse"] or "",
        item["problem"] or "",
    )


@app.command("accept", help=help_text("channels.accept"))
def accept_channel(ctx: typer.Context, channel: Id, as_json: AsJson = False) -> None:
    from orquestador.settings import falabella_accounts

    session = open_session(ctx)
    known = [account.id for account in falabella_accounts(session.settings)]
    if channel not in known:
        said = session.say("webhooks.unknown_channel", channel=channel, known=known)
        raise CommandFailed(said, exit_code=WRONG_USAGE)
    asyncio.run(_accepted(session, channel))
    if as_json:
        print_json({"channel": channel, "accepted": True})
    else:
        styled(session.say("channels.accepted", channel=channel), "green")


async def _accepted(session: Session, channel: str) -> None:
    from orquestador.app.build import open_context

    async with open_context(session.settings, serving=False, accepted={channel}):
        return
