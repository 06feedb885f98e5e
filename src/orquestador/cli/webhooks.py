"""`orquestador webhooks ...`: where the marketplaces call us."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson
from orquestador.cli.screen import show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, print_json
from orquestador.cli.words import help_text

if TYPE_CHECKING:
    from orquestador.ports import Registration

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("list", help=help_text("webhooks.list"))
def list_webhooks(ctx: typer.Context, as_json: AsJson = False) -> None:
    session = open_session(ctx)
    items = asyncio.run(_listed(session))
    if as_json:
        print_json({"items": items})
    elif not items:
        typer.echo(session.say("webhooks.none"))
    else:
        show_table(
            [session.say(f"webhooks.col.{name}") for name in ("channel", "id", "url", "events", "ours")],
            [
                (
                    i["channel"],
                    i["id"],
                    i["url"],
                    ", ".join(i["events"]),
                    session.say("yes") if i["ours"] else "",
                )
                for i in items
            ],
        )


@app.command("register", help=help_text("webhooks.register"))
def register_webhooks(ctx: typer.Context, as_json: AsJson = False) -> None:
    session = open_session(ctx)
    items = asyncio.run(_registered(session))
    if as_json:
        print_json({"items": items})
    else:
        for item in items:
            styled(session.say("webhooks.registered", channel=item["channel"], url=item["url"]), "green")


async def _listed(session: Session) -> list[Row]:
    from orquestador.cli.adapters import open_adapters

    items: list[Row] = []
    async with open_adapters(session) as adapters:
        for channel in adapters.channels:
            if channel.has_api:
                items += [_row(session, channel.id, entry) for entry in await channel.registrations()]
    return items


async def _registered(session: Session) -> list[Row]:
    from orquestador.cli.adapters import open_adapters
    from orquestador.settings import falabella_accounts

    settings = session.settings
    if not settings.public_url:
        raise CommandFailed(session.say("webhooks.no_url"), session.say("webhooks.no_url.do"), WRONG_USAGE)
    secrets = {account.id: account.webhook_secret for account in falabella_accounts(settings)}
    items: list[Row] = []
    async with open_adapters(session) as adapters:
        for channel in adapters.channels:
            secret = secrets[channel.id]
            if not channel.has_api:
                continue
            if not secret:
                raise CommandFailed(
                    session.say("webhooks.no_secret"), session.say("webhooks.no_secret.do"), WRONG_USAGE
                )
            entry = await channel.register(f"{settings.public_url}/falabella/webhook/order/{secret}")
            items.append(_row(session, channel.id, entry))
    if not items:
        raise CommandFailed(
            session.say("webhooks.no_channel"), session.say("webhooks.no_channel.do"), PROBLEM
        )
    return items


def _row(session: Session, channel: str, entry: Registration) -> Row:
    own = session.settings.public_url
    return {
        "channel": channel,
        "id": entry.id,
        "url": masked(entry.url),
        "events": list(entry.events),
        "ours": bool(own and entry.url.startswith(own)),
    }


def masked(url: str) -> str:
    """The address without what may be a secret: the last part of the path, and any query."""
    head, slash, _ = url.split("?", 1)[0].rpartition("/")
    return f"{head}{slash}***"
