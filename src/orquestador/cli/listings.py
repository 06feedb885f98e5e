"""`orquestador listings`: what each offer shows, what it should show, and why it does not yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orquestador.cli.options import AsJson, Channel, Limit, Sku, States
from orquestador.cli.screen import show_table
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, local_time, print_json, seconds_since
from orquestador.cli.words import help_text
from orquestador.cli.work import find, why
from orquestador.i18n import age, reason

if TYPE_CHECKING:
    from orquestador.cli.house import House

Differs = Annotated[bool, typer.Option("--differs", help=help_text("differs"))]


def listings(
    ctx: typer.Context,
    differs: Differs = False,
    sku: Sku = None,
    state: States = None,
    channel: Channel = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def read(house: House) -> Row:
        only = "true" if differs else None
        items: list[Row] = []
        cursor: str | None = None
        while True:
            page = await find(
                house,
                "/listings",
                limit - len(items),
                states=state,
                channel=channel,
                sku=sku,
                differs=only,
                cursor=cursor,
            )
            items += page["items"]
            cursor = page["next_cursor"]
            # A page of those that differ may be short, or empty, without being the last.
            if cursor is None or len(items) >= limit:
                return {"items": items, "next_cursor": cursor}

    page = ask(session, read)
    if as_json:
        print_json(page)
    else:
        _show(session, page, differs=differs)


def _show(session: Session, page: Row, *, differs: bool) -> None:
    say = session.say
    if not page["items"]:
        typer.echo(say("listing.none_differs" if differs else "work.none"))
        return
    columns = ("channel", "shows", "wanted", "state", "why", "age")
    show_table(
        ["SKU", *(say(f"listing.col.{name}") for name in columns)],
        [_row(session, row) for row in page["items"]],
        right=(2, 3, 6),
    )
    if page["next_cursor"]:
        typer.echo(say("work.more", n=len(page["items"])))


def _row(session: Session, row: Row) -> tuple[object, ...]:
    listing = row["listing"]
    shows, wanted = listing["shows"], listing["wanted"]
    passed = seconds_since(shows["at"]) if shows else None
    return (
        listing["sku"],
        row["channel"],
        "" if shows is None else shows["quantity"],
        "" if wanted is None else wanted,
        session.say(f"state.{row['state']}"),
        _why(session, row),
        "" if passed is None else age(session.lang, passed),
    )


def _why(session: Session, row: Row) -> str:
    """Why its number is not newer; where it waits, until when too."""
    waits = row["listing"].get("waits") or {}
    title = reason(session.lang, waits.get("why") or why(row), "listing").title
    until = waits.get("until")
    if row["state"] != "waiting" or until is None or (seconds_since(until) or 0.0) >= 0.0:
        return title
    return session.say("listing.until", why=title, at=local_time(until, session.settings.app_timezone)[11:])
