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
Print = Annotated[bool, typer.Option("--print", help=help_text("odoo.print"))]
Remove = Annotated[bool, typer.Option("--remove", help=help_text("odoo.remove"))]
ShowSecret = Annotated[bool, typer.Option("--show-secret", help=help_text("odoo.show_secret"))]
PROMISES = ("hint", "early", "once", "cost", "old")
STEPS = ("module", "developer", "new", "trigger", "domain", "action", "check")
_SAMPLE_URL, _SAMPLE_SECRET = "https://YOUR-ADDRESS", "SECRET"


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


@app.command("install-action", help=help_text("odoo.install_action"))
def install_action(
    ctx: typer.Context, print_it: Print = False, remove: Remove = False, as_json: AsJson = False
) -> None:
    session = open_session(ctx)
    if print_it:
        _print_action(session, as_json=as_json)
        return
    done = asyncio.run(_action(session, remove=remove))
    if as_json:
        print_json({"actions": [{"id": number, "change": change} for number, change in done]})
        return
    for number, change in done:
        styled(session.say(f"odoo.action.{change}", id=number), "green")
    if not done:
        typer.echo(session.say("odoo.action.none"))


def _print_action(session: Session, *, as_json: bool) -> None:
    from orquestador.erp.odoo.accelerator import action_values

    values = action_values(session.settings.prefix)
    if as_json:
        print_json({"action": values})
        return
    styled(session.say("odoo.action_title"), "bold")
    fields = {name: value for name, value in values.items() if name != "code"}
    width = max(map(len, fields))
    for name, value in fields.items():
        typer.echo(f"  {name:{width}}  {value}")
    typer.echo(f"\n{session.say('odoo.action_hand')}")
    styled(f"\n{session.say('odoo.action_text')}", "bold")
    typer.echo(values["code"])


async def _action(session: Session, *, remove: bool) -> list[tuple[str, str]]:
    """What became of each action: (its id, created | updated | unchanged | removed)."""
    from orquestador.cli.adapters import open_adapters

    async with open_adapters(session) as adapters:
        if adapters.erp is None:
            raise CommandFailed(session.say("odoo.not_configured"), session.say("odoo.not_configured.do"))
        try:
            if remove:
                return [(entry.id, "removed") for entry in await adapters.erp.remove_action()]
            made = await adapters.erp.install_action()
        except Rejected as error:
            raise _refused(session, error) from None
        except Ambiguous as error:
            raise CommandFailed(error.detail, session.say("odoo.action_doubt.do"), PROBLEM) from None
        return [(made.entry.id, made.change)]


def _refused(session: Session, error: Rejected) -> Exception:
    """The words for a refusal that has some, else itself."""
    if not has(error.code):
        return error
    user = session.settings.odoo_username or ""
    return CommandFailed(
        session.say(error.code, user=user), session.say(f"{error.code}.do", user=user), PROBLEM
    )


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
            raise _refused(session, error) from None
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
