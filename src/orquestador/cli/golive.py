"""`orquestador go-live`: from observing to acting, with a decision about each order that was open before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson, Channel, Yes
from orquestador.cli.screen import confirm, is_terminal, show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, local_time, print_json
from orquestador.cli.words import help_text

if TYPE_CHECKING:
    from orquestador.cli.house import House

Take = Annotated[list[str] | None, typer.Option("--take", help=help_text("take"), metavar="ID")]
TakeAll = Annotated[bool, typer.Option("--take-all", help=help_text("take_all"))]


def go_live(
    ctx: typer.Context,
    yes: Yes = False,
    take: Take = None,
    take_all: TakeAll = False,
    channel: Channel = None,
    as_json: AsJson = False,
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def act(house: House) -> tuple[Row, Row | None]:
        preview = await house.get("/go-live", channel=channel)
        if preview["already_live"]:
            return preview, None
        named = _named(session, preview["open_orders"], take or [], take_all=take_all)
        if yes:
            return preview, await _decided(house, named, channel)
        if not is_terminal() or as_json:
            return preview | {"would_take_now": named}, None
        chosen = _asked(session, preview, named)
        return preview, None if chosen is None else await _decided(house, chosen, channel)

    _tell(session, *ask(session, act, create=True), as_json=as_json)


async def _decided(house: House, take_now: Sequence[str], channel: str | None) -> Row:
    asked = {"takeNow": list(take_now), "approvePushes": True}
    return await house.post("/go-live", asked if channel is None else {**asked, "channel": channel})


def _named(session: Session, orders: Sequence[Row], wanted: Sequence[str], *, take_all: bool) -> list[str]:
    """Work ids of the orders to take out now. Raises CommandFailed for a name that is no open order."""
    if take_all:
        return [order["work_id"] for order in orders]
    by_name: dict[str, str] = {}
    for order in orders:
        for name in (order["number"], order["order_id"], order["work_id"]):
            if name:
                by_name[name] = order["work_id"]
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        raise CommandFailed(session.say("golive.unknown", ids=unknown), exit_code=WRONG_USAGE)
    return list(dict.fromkeys(by_name[name] for name in wanted))


def _lines(session: Session, order: Row) -> str:
    units = ", ".join(f"{line['quantity']} × {line['sku']}" for line in order["lines"])
    return units or session.say("golive.nothing_ours")


def _show(session: Session, preview: Row, take_now: Sequence[str]) -> None:
    say, zone = session.say, session.settings.app_timezone
    typer.echo(say("golive.channels", channels=[c["id"] for c in preview["channels"]]))
    if preview["listings_to_change"]:
        typer.echo(say("golive.numbers", n=preview["listings_to_change"]))
    if not preview["open_orders"]:
        typer.echo(say("golive.no_orders"))
        return
    typer.echo(say("golive.orders", n=len(preview["open_orders"])))
    show_table(
        [say(f"golive.col.{name}") for name in ("order", "number", "created", "lines", "what")],
        [
            (
                order["order_id"],
                order["number"] or "",
                local_time(order["created_at"], zone),
                _lines(session, order),
                say("golive.now" if order["work_id"] in take_now else "golive.already"),
            )
            for order in preview["open_orders"]
        ],
    )


def _asked(session: Session, preview: Row, named: Sequence[str]) -> list[str] | None:
    """Ask a person about each order that was not named, then whether to go on; None = no."""
    say = session.say
    _show(session, preview, named)
    yes, no, chosen = say("yes"), say("no"), list(named)
    for order in preview["open_orders"]:
        if order["work_id"] not in named:
            question = say(
                "golive.ask", order=order["number"] or order["order_id"], lines=_lines(session, order)
            )
            if not confirm(question, default=True, yes=yes, no=no):
                chosen.append(order["work_id"])
    question = say("golive.confirm", n=len(chosen))
    return chosen if confirm(question, default=False, yes=yes, no=no) else None


def _tell(session: Session, preview: Row, result: Row | None, *, as_json: bool) -> None:
    say = session.say
    if result is not None:
        if as_json:
            print_json({"live": True, "changed": True} | result)
        else:
            at = local_time(result["orders_since_at"], session.settings.app_timezone)
            styled(
                say("golive.done", at=at, now=result["taken_now"], before=result["taken_before"]),
                "bold green",
            )
        return
    if preview["already_live"]:
        if as_json:
            print_json({"live": True, "changed": False, "channels": [c["id"] for c in preview["channels"]]})
        else:
            typer.echo(say("golive.already_live"))
        return
    if "would_take_now" not in preview:
        typer.echo(say("golive.not_now"))
        raise typer.Exit(PROBLEM)
    if as_json:
        print_json({"live": False, "changed": False} | preview)
    else:
        _show(session, preview, preview["would_take_now"])
    raise CommandFailed(say("golive.needs_yes"), say("golive.needs_yes.do"), WRONG_USAGE)
