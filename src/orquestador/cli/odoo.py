"""`orquestador odoo ...`: what is set up inside Odoo itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson
from orquestador.cli.screen import styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, print_json
from orquestador.cli.words import help_text
from orquestador.i18n import has
from orquestador.model.errors import Ambiguous, Rejected
from orquestador.ops.redact import MASK

if TYPE_CHECKING:
    from orquestador.ports import RegistrationChange

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Install = Annotated[bool, typer.Option("--install", help=help_text("odoo.install"))]
ShowSecret = Annotated[bool, typer.Option("--show-secret", help=help_text("odoo.show_secret"))]
PROMISES = ("hint", "early", "once", "cost", "old")
STEPS = ("module", "developer", "new", "trigger", "domain", "action", "check")
_SAMPLE_URL, _SAMPLE_SECRET = "https://YOUR-ADDRESS", "SECRET"


# One command in a group is a group all the same.
@app.callback()
def odoo() -> None:
    pass


@app.command("webhook", help=help_text("odoo.webhook"))
def webhook(
    ctx: typer.Context, install: Install = False, show_secret: ShowSecret = False, as_json: AsJson = False
) -> None:
    from orquestador.erp.odoo.rules import webhook_rule, webhook_url
    from orquestador.settings import webhook_secret

    session = open_session(ctx)
    settings = session.settings
    base, secret = _base(session), webhook_secret(settings, settings.odoo_webhook_secret)
    change = asyncio.run(_installed(session, _address(session, base, secret))) if install else None
    url = webhook_url(base or _SAMPLE_URL, secret or _SAMPLE_SECRET)
    shown = url if show_secret or not secret else url.replace(quote(secret, safe=""), MASK)
    rule = webhook_rule(shown, settings.prefix)
    if as_json:
        done = change and {"id": change.entry.id, "change": change.change}
        words = {
            "promises": [session.say(f"odoo.promise.{name}") for name in PROMISES],
            "steps": _steps(session, rule),
        }
        print_json({"rule": rule, "ready": bool(base and secret), "installed": done or None, **words})
    elif change is not None:
        styled(session.say(f"odoo.change.{change.change}", id=change.entry.id, url=shown), "green")
        typer.echo(session.say("odoo.promise.hint"))
    else:
        _show(session, rule, base=base, secret=secret, hidden=shown != url)


def _base(session: Session) -> str | None:
    """Where Odoo reaches us; this very machine when Odoo runs on it. None = nobody said."""
    from orquestador.ops.addresses import is_loopback_url

    settings = session.settings
    if settings.public_url:
        return settings.public_url
    here = settings.odoo_url is not None and is_loopback_url(settings.odoo_url)
    return f"http://127.0.0.1:{settings.port}" if here else None


def _address(session: Session, base: str | None, secret: str | None) -> str:
    """The address that the rule calls. Raises CommandFailed when it would not be a working one."""
    from orquestador.erp.odoo.rules import webhook_url

    if base is None:
        raise CommandFailed(session.say("webhooks.no_url"), session.say("odoo.no_url.do"), WRONG_USAGE)
    if secret is None:
        raise CommandFailed(session.say("odoo.no_secret"), session.say("odoo.no_secret.do"), WRONG_USAGE)
    return webhook_url(base, secret)


async def _installed(session: Session, url: str) -> RegistrationChange:
    from orquestador.cli.adapters import open_adapters

    async with open_adapters(session) as adapters:
        if adapters.erp is None:
            raise CommandFailed(session.say("odoo.not_configured"), session.say("odoo.not_configured.do"))
        try:
            return await adapters.erp.register(url)
        except Rejected as error:
            if not has(error.code):
                raise
            user = session.settings.odoo_username or ""
            remedy = session.say(f"{error.code}.do", user=user)
            raise CommandFailed(session.say(error.code, user=user), remedy, PROBLEM) from None
        except Ambiguous as error:
            raise CommandFailed(error.detail, session.say("odoo.rule_doubt.do"), PROBLEM) from None


def _steps(session: Session, rule: Row) -> list[str]:
    facts = {name: rule[name] for name in ("name", "domain", "url")}
    return [session.say(f"odoo.step.{name}", **facts) for name in STEPS]


def _show(session: Session, rule: Row, *, base: str | None, secret: str | None, hidden: bool) -> None:
    say = session.say
    styled(say("odoo.rule_title"), "bold")
    width = max(len(name) for name in rule)
    for name, value in rule.items():
        typer.echo(f"  {name:{width}}  {', '.join(value) if isinstance(value, list) else value}")
    notes = [
        say("webhooks.no_url") if base is None else "",
        say("odoo.no_secret") if secret is None else "",
        say("odoo.hidden") if hidden else "",
    ]
    for note in filter(None, notes):
        typer.echo(f"  → {note}")
    styled(f"\n{say('odoo.promises')}", "bold")
    for name in PROMISES:
        typer.echo(f"  - {say(f'odoo.promise.{name}')}")
    styled(f"\n{say('odoo.steps')}", "bold")
    for number, step in enumerate(_steps(session, rule), 1):
        typer.echo(f"  {number}. {step}")
