"""`orquestador orders ...`: orders, their lines and what was done for them in the ERP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orquestador.cli.options import AsJson, Channel, Limit, Sku, States
from orquestador.cli.screen import show_table, styled
from orquestador.cli.session import open_session
from orquestador.cli.shape import Row, local_time, print_json
from orquestador.cli.words import help_text
from orquestador.cli.work import find, show_page, show_row

if TYPE_CHECKING:
    from orquestador.cli.house import House

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Order = Annotated[str, typer.Argument(help=help_text("order"), metavar=help_text("order.metavar"))]


@app.command("list", help=help_text("orders.list"))
def list_orders(
    ctx: typer.Context,
    state: States = None,
    channel: Channel = None,
    sku: Sku = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def read(house: House) -> Row:
        return await find(house, "/orders", limit, states=state, channel=channel, sku=sku)

    show_page(session, ask(session, read), as_json=as_json)


@app.command("show", help=help_text("orders.show"))
def show_one(ctx: typer.Context, order: Order, channel: Channel = None, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask, segment

    session = open_session(ctx)

    async def read(house: House) -> Row:
        return await house.get(f"/orders/{segment(order)}", channel=channel)

    row = ask(session, read)
    if as_json:
        print_json(row)
        return
    show_row(session, row)
    if row["receipts"]:
        zone = session.settings.app_timezone
        show_table(
            [session.say(f"receipt.col.{name}") for name in ("when", "event", "trace")],
            [
                (
                    local_time(receipt["received_at"], zone),
                    receipt["event"],
                    receipt["trace_id"],
                )
                for receipt in row["receipts"]
            ],
        )


@app.command("adopt", help=help_text("orders.adopt"))
def adopt(ctx: typer.Context, order: Order, channel: Channel = None, as_json: AsJson = False) -> None:
    from orquestador.cli.house import ask, segment

    session = open_session(ctx)

    async def act(house: House) -> Row:
        query = f"?channel={segment(channel)}" if channel else ""
        return await house.post(f"/orders/{segment(order)}/adopt{query}")

    row = ask(session, act)
    if as_json:
        print_json(row)
    else:
        styled(session.say("orders.adopted", id=row["id"]), "green")
