"""`orquestador rules ...`, `freeze` and `unfreeze`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orquestador.cli.errors import PROBLEM, WRONG_USAGE, CommandFailed
from orquestador.cli.options import AsJson, Limit
from orquestador.cli.screen import show_table, styled
from orquestador.cli.session import Session, open_session
from orquestador.cli.shape import Row, local_time, print_json
from orquestador.cli.words import help_text
from orquestador.model import rules_csv

if TYPE_CHECKING:
    from orquestador.cli.house import House

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

CONFLICTS_SHOWN = 30
FIELDS = ("publish", "erp_sku", "buffer", "cap", "share", "fixed", "allow_oversell")
Channel = Annotated[str | None, typer.Option("--channel", help=help_text("rules.channel"))]
OneChannel = Annotated[str, typer.Option("--channel", help=help_text("rules.channel"))]
Sku = Annotated[str | None, typer.Option("--sku", help=help_text("rules.sku"))]
Units = Annotated[str | None, typer.Option("--cap", metavar="N|none", help=help_text("rules.cap"))]
Fixed = Annotated[str | None, typer.Option("--fixed", metavar="N|none", help=help_text("rules.fixed"))]
Buffer = Annotated[str | None, typer.Option("--buffer", metavar="N|auto", help=help_text("rules.buffer"))]
Share = Annotated[str | None, typer.Option("--share", help=help_text("rules.share"))]
Oversell = Annotated[
    bool | None, typer.Option("--allow-oversell/--no-allow-oversell", help=help_text("rules.oversell"))
]
Publish = Annotated[bool | None, typer.Option("--publish/--no-publish", help=help_text("rules.publish"))]
ErpSku = Annotated[str | None, typer.Option("--erp-sku", help=help_text("rules.erp_sku"))]
Fields = Annotated[
    list[str] | None, typer.Option("--field", metavar="|".join(FIELDS), help=help_text("rules.field"))
]
Frozen = Annotated[bool, typer.Option("--frozen", help=help_text("rules.frozen"))]
File = Annotated[Path, typer.Argument(help=help_text("rules.file"))]
Out = Annotated[Path | None, typer.Argument(help=help_text("rules.out"))]
DryRun = Annotated[bool, typer.Option("--dry-run", help=help_text("rules.dry_run"))]
Skip = Annotated[bool, typer.Option("--skip-conflicts", help=help_text("rules.skip_conflicts"))]
FreezeChannel = Annotated[str | None, typer.Option("--channel", help=help_text("freeze.channel"))]
FreezeSku = Annotated[str | None, typer.Option("--sku", help=help_text("freeze.sku"))]
Reason = Annotated[str | None, typer.Option("--reason", help=help_text("pause.reason"))]


@app.command("list", help=help_text("rules.list"))
def list_rules(
    ctx: typer.Context,
    channel: Channel = None,
    sku: Sku = None,
    frozen: Frozen = False,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)

    async def read(house: House) -> Row:
        only = "true" if frozen else None
        return await house.get("/rules", channel=channel, sku=sku, frozen=only, limit=limit)

    page = ask(session, read)
    if as_json:
        print_json(page)
    elif not page["items"]:
        typer.echo(session.say("rules.none"))
    else:
        _show_rules(session, page["items"])
        if page["next_cursor"]:
            typer.echo(session.say("work.more", n=len(page["items"])))


@app.command("set", help=help_text("rules.set"))
def set_rule(
    ctx: typer.Context,
    channel: Channel = None,
    sku: Sku = None,
    buffer: Buffer = None,
    cap: Units = None,
    share: Share = None,
    fixed: Fixed = None,
    allow_oversell: Oversell = None,
    publish: Publish = None,
    erp_sku: ErpSku = None,
    as_json: AsJson = False,
) -> None:
    session = open_session(ctx)
    given: dict[str, object] = {
        "publish": publish,
        "erpSku": erp_sku,
        "buffer": _units(session, "--buffer", buffer, "auto"),
        "cap": _units(session, "--cap", cap),
        "share": _share(session, share),
        "fixed": _units(session, "--fixed", fixed),
        "allowOversell": allow_oversell,
    }
    said = {name: value for name, value in given.items() if value is not None}
    if not said:
        raise CommandFailed(session.say("rules.which"), session.say("rules.which.do"), WRONG_USAGE)
    _put(session, {"channel": channel, "sku": sku, **said}, as_json=as_json)


@app.command("clear", help=help_text("rules.clear"))
def clear_rule(
    ctx: typer.Context,
    channel: OneChannel,
    sku: Sku = None,
    fields: Fields = None,
    as_json: AsJson = False,
) -> None:
    from orquestador.cli.house import ask
    from orquestador.web.render import camel

    session = open_session(ctx)
    if fields:
        if unknown := [name for name in fields if name not in FIELDS]:
            raise typer.BadParameter(f"{unknown[0]}: {', '.join(FIELDS)}", param_hint="--field")
        nothing: dict[str, object] = {camel(name): None for name in fields}
        _put(session, {"channel": channel, "sku": sku, **nothing}, as_json=as_json)
        return

    async def act(house: House) -> Row:
        return await house.delete("/rules", channel=channel, sku=sku)

    _tell(session, ask(session, act), as_json=as_json)


def _put(session: Session, body: Mapping[str, object], *, as_json: bool) -> None:
    from orquestador.cli.house import ask

    async def act(house: House) -> Row:
        return await house.put("/rules", body)

    _tell(session, ask(session, act), as_json=as_json)


@app.command("import", help=help_text("rules.import"))
def import_rules(
    ctx: typer.Context, file: File, dry_run: DryRun = False, skip: Skip = False, as_json: AsJson = False
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CommandFailed(session.say("rules.no_file", path=file), str(error), WRONG_USAGE) from None

    async def act(house: House) -> Row:
        flags = {"dryRun": str(dry_run).lower(), "skipConflicts": str(skip).lower()}
        return await house.post_text("/rules/import", content, **flags)

    report = ask(session, act)
    if as_json:
        print_json(report)
    else:
        _show_report(session, report, skipped=skip)
    if report["conflicts"]:
        raise typer.Exit(PROBLEM)


@app.command("export", help=help_text("rules.export"))
def export_rules(ctx: typer.Context, file: Out = None, channel: Channel = None) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)
    if file is not None and file.exists():
        raise CommandFailed(session.say("rules.file_exists", path=file), None, WRONG_USAGE)

    async def read(house: House) -> bytes:
        return await house.get_text("/rules/export", channel=channel)

    table = ask(session, read)
    if file is None:
        typer.echo(table, nl=False)
    else:
        # The mark tells Excel that it is UTF-8; we read it with or without.
        file.write_bytes(b"\xef\xbb\xbf" + table)
        typer.echo(session.say("rules.exported", path=file))


def freeze(
    ctx: typer.Context,
    channel: FreezeChannel = None,
    sku: FreezeSku = None,
    reason: Reason = None,
    as_json: AsJson = False,
) -> None:
    _freeze(ctx, channel, sku, {"frozen": True} | ({"reason": reason} if reason else {}), as_json=as_json)


def unfreeze(
    ctx: typer.Context, channel: FreezeChannel = None, sku: FreezeSku = None, as_json: AsJson = False
) -> None:
    _freeze(ctx, channel, sku, {"frozen": False}, as_json=as_json)


def _freeze(
    ctx: typer.Context,
    channel: str | None,
    sku: str | None,
    body: Mapping[str, object],
    *,
    as_json: bool,
) -> None:
    from orquestador.cli.house import ask

    session = open_session(ctx)
    if channel is None and sku is None:
        raise CommandFailed(session.say("freeze.which"), session.say("freeze.which.do"), WRONG_USAGE)

    async def act(house: House) -> Row:
        return await house.post("/freeze", {"channel": channel, "sku": sku, **body})

    done = ask(session, act)
    if as_json:
        print_json(done)
        return
    if not done["items"]:
        typer.echo(session.say("unfrozen.none"))
    for rule in done["items"]:
        place = {"channel": rule["channel"], "sku": rule["sku"] or ""}
        if body["frozen"]:
            styled(session.say("frozen.done", **place), "bold yellow")
        else:
            styled(session.say("unfrozen.done", **place), "green")


# --- reading options ---


def _units(session: Session, option: str, text: str | None, word: str = "none") -> object:
    """A number, or the word that may stand in its place."""
    if text is None or text.lower() == word:
        return text and word
    if not text.isascii() or not text.isdigit():
        raise CommandFailed(
            session.say("rules.units.bad", option=option), session.say("rules.units.bad.do"), WRONG_USAGE
        )
    return int(text)


def _share(session: Session, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return rules_csv.share(text)
    except ValueError:
        raise CommandFailed(
            session.say("rules.share.bad"), session.say("rules.share.bad.do"), WRONG_USAGE
        ) from None


# --- showing ---


def _tell(session: Session, rule: Row, *, as_json: bool) -> None:
    if as_json:
        print_json(rule)
        return
    facts = {"channel": rule["channel"], "sku": rule["sku"] or rules_csv.WIDE}
    styled(session.say("rules.done", **facts, said=_said(session, rule)), "green")


def _said(session: Session, rule: Row) -> str:
    parts = []
    for name in FIELDS:
        value = rule[name]
        if value is not None:
            shown = session.say("yes" if value else "no") if isinstance(value, bool) else value
            parts.append(f"{name}={shown}")
    if frozen := rule["freeze"]:
        parts.append("freeze" + (f" ({frozen['reason']})" if frozen["reason"] else ""))
    return " ".join(parts) or session.say("rules.nothing")


def _show_rules(session: Session, rules: Sequence[Row]) -> None:
    say, zone = session.say, session.settings.app_timezone
    show_table(
        [say("rules.col.channel"), "SKU", *(say(f"rules.col.{name}") for name in ("rule", "changed", "by"))],
        [
            (
                rule["channel"],
                rule["sku"] or rules_csv.WIDE,
                _said(session, rule),
                local_time(rule["changed_at"], zone),
                rule["changed_by"],
            )
            for rule in rules
        ],
    )


def _show_report(session: Session, report: Row, *, skipped: bool) -> None:
    say, conflicts = session.say, report["conflicts"]
    if conflicts:
        show_table(
            [say(f"rules.col.{name}") for name in ("row", "column", "problem", "do")],
            [
                (
                    c["row"],
                    c["column"],
                    say(f"conflict.{c['code']}", value=c["value"]),
                    say(f"conflict.{c['code']}.do"),
                )
                for c in conflicts[:CONFLICTS_SHOWN]
            ],
            right=(0,),
        )
        if len(conflicts) > CONFLICTS_SHOWN:
            typer.echo(say("rules.more_conflicts", n=len(conflicts) - CONFLICTS_SHOWN))
    facts = {name: report[name] for name in ("rows", "changed", "unchanged")}
    typer.echo(say("rules.report", **facts, conflicts=len(conflicts)))
    if report["dry_run"]:
        typer.echo(say("rules.dry"))
    elif conflicts and not skipped:
        styled(say("rules.not_applied"), "bold red")
    else:
        styled(say("rules.applied", n=report["applied"]), "green")
