"""`orquestador logs`: what was received, asked and done, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from orquestador.cli.options import AsJson, Limit, Sku
from orquestador.cli.screen import show_table
from orquestador.cli.session import open_session
from orquestador.cli.shape import Row, local_time, print_json
from orquestador.cli.words import help_text

if TYPE_CHECKING:
    from orquestador.cli.house import House

OrderId = Annotated[str | None, typer.Option("--order", help=help_text("logs.order"))]
Service = Annotated[str | None, typer.Option("--service", help=help_text("logs.service"))]
Status = Annotated[
    Literal["success", "error", "pending"] | None, typer.Option("--status", help=help_text("logs.status"))
]


def logs(
    ctx: typer.Context,
    order: OrderId = None,
    sku: Sku = None,
    service: Service = None,
    status: Status = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def read(house: House) -> Row:
        return await house.get("/logs", orderId=order, sku=sku, service=service, status=status, limit=limit)

    page = ask(session, read)
    if as_json:
        print_json(page)
        return
    if not page["items"]:
        typer.echo(session.say("logs.none"))
        return
    zone = session.settings.app_timezone
    show_table(
        [
            session.say(f"logs.col.{name}")
            for name in ("when", "service", "action", "status", "ms", "order", "sku")
        ],
        [
            (
                local_time(entry["timestamp"], zone),
                entry["service"],
                entry["action"],
                entry["status"],
                round(entry["duration"]),
                entry["order_id"] or "",
                entry["product_sku"] or "",
            )
            for entry in page["items"]
        ],
        right=(4,),
    )
