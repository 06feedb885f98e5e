"""`orquestador sandbox ...`: local upstreams for a try-out, a test or a bench (design.md 9b)."""

from typing import Annotated, Literal

import typer

app = typer.Typer(
    no_args_is_help=True, help="Local simulators of Odoo and Falabella Seller Center. Nothing here is real."
)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")]
SeedCatalog = Annotated[int, typer.Option(min=0, help="Number of products SKU-00001.. beside PROD-001.")]
Webhook = Annotated[str | None, typer.Option(help="URL that is called on every event.")]
Latency = Annotated[
    Literal["none", "measured"],
    typer.Option(help="none: as fast as possible; measured: as slow as the real one."),
]


@app.command()
def odoo(
    port: Port = 8069,
    host: Host = "127.0.0.1",
    version: Annotated[Literal["17", "18", "19"], typer.Option(help="Odoo series to behave like.")] = "18",
    seed_catalog: SeedCatalog = 100,
    webhook: Webhook = None,
    latency: Latency = "none",
) -> None:
    """Serve an Odoo: database `sandbox`, user and password `admin`."""
    from orquestador.sandbox.odoo.server import serve

    serve(
        host=host,
        port=port,
        version=version,
        seed_catalog=seed_catalog,
        webhook=webhook,
        latency=latency,
    )


@app.command()
def falabella(
    port: Port = 8090,
    host: Host = "127.0.0.1",
    seed_catalog: SeedCatalog = 100,
    webhook: Webhook = None,
    latency: Latency = "none",
    clock: Annotated[
        Literal["real", "fast"], typer.Option(help="fast: time runs --fast-rate times faster.")
    ] = "real",
    fast_rate: Annotated[float, typer.Option(min=1.0, help="Sandbox seconds per real second.")] = 60.0,
) -> None:
    """Serve a Seller Center: user `ops@example.com`, key `test-api-key-0000`."""
    from orquestador.sandbox.falabella.server import serve

    serve(
        host=host,
        port=port,
        seed_catalog=seed_catalog,
        webhook=webhook,
        latency=latency,
        clock=clock,
        fast_rate=fast_rate,
    )
