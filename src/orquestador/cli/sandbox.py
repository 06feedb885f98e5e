"""`orquestador sandbox ...`: local upstreams for a try-out, a test or a bench (design.md 9b)."""

from typing import Annotated, Literal

import typer

from orquestador.cli.words import help_text

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Host = Annotated[str, typer.Option(help=help_text("sandbox.host"))]
Port = Annotated[int, typer.Option(help=help_text("sandbox.port"))]
SeedCatalog = Annotated[int, typer.Option(min=0, help=help_text("sandbox.seed"))]
Webhook = Annotated[str | None, typer.Option(help=help_text("sandbox.webhook"))]
Latency = Annotated[
    Literal["none", "measured"],
    typer.Option(help=help_text("sandbox.latency")),
]


@app.command(help=help_text("sandbox.odoo"))
def odoo(
    port: Port = 8069,
    host: Host = "127.0.0.1",
    version: Annotated[Literal["17", "18", "19"], typer.Option(help=help_text("sandbox.version"))] = "18",
    seed_catalog: SeedCatalog = 100,
    webhook: Webhook = None,
    latency: Latency = "none",
) -> None:
    from orquestador.sandbox.odoo.server import serve

    serve(
        host=host,
        port=port,
        version=version,
        seed_catalog=seed_catalog,
        webhook=webhook,
        latency=latency,
    )


@app.command(help=help_text("sandbox.falabella"))
def falabella(
    port: Port = 8090,
    host: Host = "127.0.0.1",
    seed_catalog: SeedCatalog = 100,
    webhook: Webhook = None,
    latency: Latency = "none",
    clock: Annotated[Literal["real", "fast"], typer.Option(help=help_text("sandbox.clock"))] = "real",
    fast_rate: Annotated[float, typer.Option(min=1.0, help=help_text("sandbox.rate"))] = 60.0,
    business_unit: Annotated[
        Literal["FACL", "FAPE", "FACO"], typer.Option(help=help_text("sandbox.unit"), case_sensitive=False)
    ] = "FACL",
    user: Annotated[str, typer.Option(help=help_text("sandbox.user"))] = "ops@example.com",
    key: Annotated[str, typer.Option(help=help_text("sandbox.key"))] = "test-api-key-0000",
) -> None:
    from orquestador.sandbox.falabella.server import serve

    serve(
        host=host,
        port=port,
        seed_catalog=seed_catalog,
        webhook=webhook,
        latency=latency,
        clock=clock,
        fast_rate=fast_rate,
        business_unit=business_unit,
        user=user,
        key=key,
    )
