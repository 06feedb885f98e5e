"""The commands, put together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from orquestador import __version__
from orquestador.cli.channels import app as channels_app
from orquestador.cli.doctor import doctor
from orquestador.cli.golive import go_live
from orquestador.cli.listings import listings
from orquestador.cli.logs import logs
from orquestador.cli.migrate import migrate_store
from orquestador.cli.odoo import app as odoo_app
from orquestador.cli.options import AsJson
from orquestador.cli.orders import app as orders_app
from orquestador.cli.pause import pause, resume
from orquestador.cli.plans import app as plans_app
from orquestador.cli.plans import plan, push
from orquestador.cli.reconcile import reconcile
from orquestador.cli.restore import restore
from orquestador.cli.rules import app as rules_app
from orquestador.cli.rules import freeze, unfreeze
from orquestador.cli.sandbox import app as sandbox_app
from orquestador.cli.serve import api, up, worker
from orquestador.cli.session import ENV_FILE, Group, Listed
from orquestador.cli.status import status
from orquestador.cli.upkeep import backup, uninstall
from orquestador.cli.webhooks import app as webhooks_app
from orquestador.cli.words import help_text
from orquestador.cli.work import app as work_app

app = typer.Typer(
    cls=Group,
    help=help_text("main"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(work_app, name="work", cls=Listed, help=help_text("work"))
app.add_typer(orders_app, name="orders", cls=Listed, help=help_text("orders"))
app.add_typer(channels_app, name="channels", cls=Listed, help=help_text("channels"))
app.add_typer(webhooks_app, name="webhooks", cls=Listed, help=help_text("webhooks"))
app.add_typer(rules_app, name="rules", cls=Listed, help=help_text("rules"))
app.add_typer(plans_app, name="plans", cls=Listed, help=help_text("plans"))
app.add_typer(odoo_app, name="odoo", cls=Listed, help=help_text("odoo"))
app.add_typer(sandbox_app, name="sandbox", cls=Listed, help=help_text("sandbox"))


@app.callback()
def options(
    ctx: typer.Context,
    env_file: Annotated[Path, typer.Option("--env-file", help=help_text("env_file"))] = ENV_FILE,
) -> None:
    ctx.obj = env_file


@app.command(help=help_text("demo"))
def demo(
    orders: Annotated[int, typer.Option("--orders", min=1, help=help_text("demo.orders"))] = 40,
    seed: Annotated[int, typer.Option("--seed", help=help_text("demo.seed"))] = 7,
    keep: Annotated[bool, typer.Option("--keep", help=help_text("demo.keep"))] = False,
    as_json: AsJson = False,
) -> None:
    from orquestador.demo.run import run

    raise typer.Exit(run(orders=orders, seed=seed, keep=keep, as_json=as_json))


@app.command(help=help_text("version"))
def version() -> None:
    sys.stdout.write(f"orquestador {__version__}\n")


app.command("up", help=help_text("up"))(up)
app.command("api", help=help_text("api"))(api)
app.command("worker", help=help_text("worker"))(worker)
app.command("doctor", help=help_text("doctor"))(doctor)
app.command("status", help=help_text("status"))(status)
app.command("go-live", help=help_text("go_live"))(go_live)
app.command("listings", help=help_text("listings"))(listings)
app.command("reconcile", help=help_text("reconcile"))(reconcile)
app.command("plan", help=help_text("plan"))(plan)
app.command("push", help=help_text("push"))(push)
app.command("pause", help=help_text("pause"))(pause)
app.command("resume", help=help_text("resume"))(resume)
app.command("freeze", help=help_text("freeze"))(freeze)
app.command("unfreeze", help=help_text("unfreeze"))(unfreeze)
app.command("logs", help=help_text("logs"))(logs)
app.command("backup", help=help_text("backup"))(backup)
app.command("restore", help=help_text("restore"))(restore)
app.command("migrate-store", help=help_text("migrate_store"))(migrate_store)
app.command("uninstall", help=help_text("uninstall"))(uninstall)
