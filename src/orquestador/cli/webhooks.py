"""`orquestador webhooks ...`: where the marketplaces call us, as they have it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson, Channel, Yes
from orquestador.cli.screen import confirm, is_terminal, show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, print_json
from orquestador.cli.words import help_text

if TYPE_CHECKING:
    from orquestador.channels.falabella.channel import FalabellaChannel
    from orquestador.cli.adapters import Adapters
    from orquestador.ports import Registration
    from orquestador.settings import FalabellaAccount

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
Ids = Annotated[list[str] | None, typer.Argument(help=help_text("webhooks.ids"), metavar="[ID]...")]


@app.command("list", help=help_text("webhooks.list"))
def list_webhooks(ctx: typer.Context, channel: Channel = None, as_json: AsJson = False) -> None:
    session = open_session(ctx)
    items = asyncio.run(_listed(session, channel))
    if as_json:
        print_json({"items": items})
    elif not items:
        typer.echo(session.say("webhooks.none"))
    else:
        _show(session, items)


@app.command("register", help=help_text("webhooks.register"))
def register_webhooks(ctx: typer.Context, channel: Channel = None, as_json: AsJson = False) -> None:
    session = open_session(ctx)
    items = asyncio.run(_registered(session, channel))
    if as_json:
        print_json({"items": items})
    else:
        for item in items:
            styled(session.say("webhooks.registered", channel=item["channel"], url=item["url"]), "green")


@app.command("delete", help=help_text("webhooks.delete"))
def delete_webhooks(
    ctx: typer.Context, ids: Ids = None, channel: Channel = None, yes: Yes = False, as_json: AsJson = False
) -> None:
    session = open_session(ctx)
    items = _chosen(session, asyncio.run(_listed(session, channel)), ids or [])
    if not items:
        if as_json:
            print_json({"items": []})
        else:
            typer.echo(session.say("webhooks.none_ours"))
        return
    if not yes and (as_json or not _agreed(session, items)):
        raise CommandFailed(session.say("webhooks.needs_yes"), exit_code=WRONG_USAGE)
    asyncio.run(_deleted(session, items))
    if as_json:
        print_json({"items": items})
    else:
        for item in items:
            styled(session.say("webhooks.deleted", channel=item["channel"], url=item["url"]), "green")


def _chosen(session: Session, items: Sequence[Row], ids: Sequence[str]) -> list[Row]:
    """Our entries, or those of these ids. Raises CommandFailed for an id that is not there or not ours."""
    if not ids:
        return [item for item in items if item["ours"]]
    for wanted in ids:
        found = [item for item in items if item["id"] == wanted]
        if not found:
            raise CommandFailed(session.say("webhooks.unknown", id=wanted), exit_code=WRONG_USAGE)
        if not all(item["ours"] for item in found):
            said = session.say("webhooks.foreign", id=wanted)
            raise CommandFailed(said, session.say("webhooks.foreign.do"), WRONG_USAGE)
        if len(found) > 1:
            said = session.say("webhooks.several", id=wanted, channels=[item["channel"] for item in found])
            raise CommandFailed(said, session.say("webhooks.several.do"), WRONG_USAGE)
    return [item for item in items if item["id"] in ids]


def _agreed(session: Session, items: Sequence[Row]) -> bool:
    if not is_terminal():
        return False
    _show(session, items)
    question = session.say("webhooks.ask", n=len(items))
    return confirm(question, default=False, yes=session.say("yes"), no=session.say("no"))


def _show(session: Session, items: Sequence[Row]) -> None:
    show_table(
        [session.say(f"webhooks.col.{name}") for name in ("channel", "id", "url", "events", "ours")],
        [
            (i["channel"], i["id"], i["url"], ", ".join(i["events"]), session.say("yes") if i["ours"] else "")
            for i in items
        ],
    )


async def _listed(session: Session, wanted: str | None) -> list[Row]:
    from orquestador.cli.adapters import open_adapters

    items: list[Row] = []
    async with open_adapters(session) as adapters:
        for channel in _with_api(session, adapters, wanted):
            items += [_row(channel.id, entry) for entry in await channel.registrations()]
    return items


async def _registered(session: Session, wanted: str | None) -> list[Row]:
    from orquestador.cli.adapters import open_adapters
    from orquestador.settings import callback, falabella_accounts

    settings = session.settings
    if not settings.public_url:
        raise CommandFailed(session.say("webhooks.no_url"), session.say("webhooks.no_url.do"), WRONG_USAGE)
    accounts = {account.id: account for account in falabella_accounts(settings)}
    async with open_adapters(session) as adapters:
        channels = _with_api(session, adapters, wanted)
        # All are looked at before the first is registered.
        urls = {
            c.id: callback(settings, accounts[c.id]) for c in channels if _secret(session, accounts[c.id])
        }
        items = [_row(c.id, await c.register(urls[c.id] or "")) for c in channels]
    if not items:
        raise CommandFailed(
            session.say("webhooks.no_channel"), session.say("webhooks.no_channel.do"), PROBLEM
        )
    return items


async def _deleted(session: Session, items: Sequence[Row]) -> None:
    from orquestador.cli.adapters import open_adapters

    async with open_adapters(session) as adapters:
        channels = {channel.id: channel for channel in adapters.channels}
        for item in items:
            await channels[item["channel"]].unregister(item["id"])


def _with_api(session: Session, adapters: Adapters, wanted: str | None) -> list[FalabellaChannel]:
    """The accounts to ask. Raises CommandFailed for one that is not there, or asked for without access."""
    if wanted is None:
        return [channel for channel in adapters.channels if channel.has_api]
    for channel in adapters.channels:
        if channel.id == wanted and channel.has_api:
            return [channel]
        if channel.id == wanted:
            said = session.say("webhooks.no_api", channel=wanted)
            raise CommandFailed(said, session.say("webhooks.no_channel.do"))
    known = [channel.id for channel in adapters.channels]
    raise CommandFailed(
        session.say("webhooks.unknown_channel", channel=wanted, known=known), exit_code=WRONG_USAGE
    )


def _secret(session: Session, account: FalabellaAccount) -> str:
    """What will prove its webhooks. Raises CommandFailed for none, and for the sample, which everybody knows
    (a marketplace on this machine may have it)."""
    from orquestador.ops.addresses import is_loopback_url
    from orquestador.settings import is_placeholder

    secret = account.webhook_secret
    if not secret or (is_placeholder(secret) and not is_loopback_url(account.url)):
        said = session.say("webhooks.no_secret", setting=account.setting("webhook_secret"))
        raise CommandFailed(said, session.say("webhooks.no_secret.do"), WRONG_USAGE)
    return secret


def _row(channel: str, entry: Registration) -> Row:
    return {
        "channel": channel,
        "id": entry.id,
        "url": masked(entry.url),
        "events": list(entry.events),
        "ours": entry.ours,
    }


def masked(url: str) -> str:
    """The address without what may be a secret: the last part of the path, and any query."""
    head, slash, _ = url.split("?", 1)[0].rpartition("/")
    return f"{head}{slash}***"
